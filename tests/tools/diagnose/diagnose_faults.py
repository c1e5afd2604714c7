"""Workloads that are broken on purpose, each with the cause and the detail a diagnosis must name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.json import Json

SLEEP = ["sleep", "9999"]
HOG = "exec tail /dev/zero"


@dataclass(frozen=True)
class Fault:
    """A broken workload: `name` starts with the heading under which it is recorded."""

    name: str
    cause: str
    detail: str
    manifest: Json
    kind: str = "Deployment"


def deployment(name: str, container: Json, *, replicas: int = 1, **pod: Any) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, container, **pod),
        },
    }


def template(name: str, container: Json, **pod: Any) -> Json:
    app = {"name": "app", "image": "busybox:1", "command": SLEEP, **container}
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [app], **pod},
    }


def statefulset(name: str, container: Json) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name},
        "spec": {
            "serviceName": name,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, container),
        },
    }


def job(name: str, script: str) -> Json:
    pod = template(name, {"command": ["sh", "-c", script]}, restartPolicy="Never")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": pod},
    }


def bare_pod(name: str, container: Json) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": template(name, container)["spec"],
    }


def _script(name: str, script: str, **container: Any) -> Json:
    return deployment(name, {"command": ["sh", "-c", script], **container})


def _from_key(kind: str, name: str, key: str) -> Json:
    return {"env": [{"name": "SETTING", "valueFrom": {kind: {"name": name, "key": key}}}]}


_SMALL = {"limits": {"memory": "16Mi"}}
_HOG = {"command": ["sh", "-c", f"echo filling; sleep 2; {HOG}"], "resources": _SMALL}
_PROBE = {"httpGet": {"port": 8080, "path": "/healthz"}, "periodSeconds": 2, "failureThreshold": 1}
_MIGRATE = {
    "name": "migrate",
    "image": "busybox:1",
    "command": ["sh", "-c", "echo fatal: old schema; exit 2"],
}
_MOUNT = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}


def _claim(name: str) -> list[Json]:
    return [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]


FAULTS = (
    Fault("oom-checkout", "OOMKilled", "its memory limit is 16Mi", deployment("oom-checkout", _HOG, replicas=2)),
    Fault("oom-bare", "OOMKilled", "its memory limit is 16Mi", bare_pod("oom-bare", _HOG), "Pod"),
    Fault(
        "crash-error",
        "CrashLoopBackOff",
        'exit code 1 (an application error); its log says "ERROR: cannot reach db:5432"',
        _script("crash-error", "echo starting; echo 'ERROR: cannot reach db:5432' >&2; exit 1"),
    ),
    Fault(
        "crash-slow",
        "CrashLoopBackOff",
        "exit code 3",
        _script("crash-slow", "sleep 6; echo lost the queue; exit 3"),
    ),
    Fault("crash-clean", "CrashLoopBackOff", "exit code 0 (a clean exit", _script("crash-clean", "echo done")),
    Fault(
        "crash-notfound",
        "CrashLoopBackOff",
        "127 (the command was not found)",
        _script("crash-notfound", "sevre"),
    ),
    Fault(
        "crash-start",
        "CrashLoopBackOff",
        'cannot start: exec: "/server": stat /server: no such file or directory',
        deployment("crash-start", {"command": ["/server"]}),
    ),
    Fault(
        "crash-segv",
        "CrashLoopBackOff",
        "139 (SIGSEGV, a segmentation fault)",
        _script("crash-segv", "sh -c 'kill -SEGV $$$$'; exit $?"),
    ),
    Fault(
        "crash-probe",
        "LivenessProbeFailed",
        "killed by its liveness probe, which asks GET :8080/healthz, and nothing listens on port 8080",
        _script("crash-probe", "trap '' TERM; while true; do sleep 1; done", livenessProbe=_PROBE),
    ),
    Fault(
        "crash-init",
        "CrashLoopBackOff",
        "init container migrate of Deployment crash-init ends with exit code 2",
        deployment("crash-init", {}, initContainers=[_MIGRATE]),
    ),
    Fault(
        "crash-set",
        "CrashLoopBackOff",
        "exit code 1",
        statefulset("crash-set", {"command": ["sh", "-c", "echo boom; exit 1"]}),
        "StatefulSet",
    ),
    Fault(
        "crash-job", "BackoffLimitExceeded", "exit code 4", job("crash-job", "echo no input file; exit 4"), "Job"
    ),
    Fault(
        "image-tag",
        "ImagePullBackOff",
        "busybox:1.99: the registry docker.io has no such image or tag (not found)",
        deployment("image-tag", {"image": "busybox:1.99"}),
    ),
    Fault(
        "image-host",
        "ImagePullBackOff",
        "the host registry.absent.example cannot be resolved (no such host)",
        deployment("image-host", {"image": "registry.absent.example/team/web:1"}),
    ),
    Fault(
        "image-private",
        "ImagePullBackOff",
        "the registry 127.0.0.1:15001 does not authorise the pull (401 or 403)",
        deployment("image-private", {"image": "127.0.0.1:15001/team/web:1", "imagePullPolicy": "Always"}),
    ),
    Fault(
        "image-name",
        "ImagePullBackOff",
        "not a valid image name",
        deployment("image-name", {"image": "Busy Box::1"}),
    ),
    Fault(
        "image-never",
        "ImagePullBackOff",
        "the pull policy is Never",
        deployment("image-never", {"image": "busybox:absent", "imagePullPolicy": "Never"}),
    ),
    Fault(
        "pending-cpu",
        "Pending",
        "it asks for cpu 100, the largest node has 2",
        deployment("pending-cpu", {"resources": {"requests": {"cpu": "100"}}}),
    ),
    Fault(
        "pending-label",
        "Pending",
        "it asks for nodes labelled disktype=ssd",
        deployment("pending-label", {}, nodeSelector={"disktype": "ssd"}),
    ),
    Fault(
        "pending-claim",
        "Pending",
        'persistentvolumeclaim "absent" not found',
        deployment("pending-claim", _MOUNT, volumes=_claim("absent")),
    ),
    Fault(
        "pending-data",
        "Pending",
        "PersistentVolumeClaim pending-data is not bound, and Deployment pending-unbound waits for it",
        deployment("pending-unbound", _MOUNT, volumes=_claim("pending-data")),
        kind="PersistentVolumeClaim",
    ),
    Fault(
        "pending-mount",
        "FailedMount",
        "ConfigMap absent does not exist",
        deployment("pending-mount", _MOUNT, volumes=[{"name": "data", "configMap": {"name": "absent"}}]),
    ),
    Fault(
        "config-map",
        "CreateContainerConfigError",
        "ConfigMap config-prezent does not exist; the nearest there is: config-present",
        deployment("config-map", {"envFrom": [{"configMapRef": {"name": "config-prezent"}}]}),
    ),
    Fault(
        "config-key",
        "CreateContainerConfigError",
        "ConfigMap config-present has no key HOSTS; the nearest there is: HOST",
        deployment("config-key", _from_key("configMapKeyRef", "config-present", "HOSTS")),
    ),
    Fault(
        "config-secret",
        "CreateContainerConfigError",
        "Secret db-login does not exist",
        deployment("config-secret", _from_key("secretKeyRef", "db-login", "password")),
    ),
    Fault(
        "config-root",
        "CreateContainerConfigError",
        "must not run as root (runAsNonRoot), and its image busybox:1 runs as root",
        deployment("config-root", {"securityContext": {"runAsNonRoot": True}}),
    ),
)

HEALTHY: tuple[Json, ...] = (
    deployment("healthy-web", {}),
    job("healthy-job", "true"),
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "config-present"},
        "data": {"HOST": "db"},
    },
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "pending-data"},
        "spec": {
            "storageClassName": "absent",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    },
)
"""What must not be a finding, and what the faults need beside them."""

MANIFESTS: tuple[Json, ...] = (*HEALTHY, *(fault.manifest for fault in FAULTS))
