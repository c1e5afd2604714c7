"""The pods: what runs, as whom, with how much, and how the kubelet sees that it is well. Pure.

Sources: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (restricted),
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from __future__ import annotations

import hashlib
import json

from tools.apimachinery import quantity
from tools.json import Json
from tools.manifests.accounts import pod_labels, selector
from tools.manifests.specification import TMP, Specification, Variable

UID = 10001
"""Above 10000, where no user of a node is."""
TMP_SIZE = "100Mi"
STORAGE_REQUEST, STORAGE_LIMIT = "64Mi", "256Mi"
"""Of a container's log and the files it writes beside its volumes; scratch volumes are added to the limit."""
STOPS_AFTER_S = 5
_HOSTNAME = "kubernetes.io/hostname"
_FIELDS = (("POD_NAME", "metadata.name"), ("POD_NAMESPACE", "metadata.namespace"))


def template(wanted: Specification) -> Json:
    """The template of a workload's pods."""
    metadata: Json = {"labels": pod_labels(wanted)}
    if wanted.config:
        digest = hashlib.sha256(json.dumps(wanted.config).encode()).hexdigest()[:32]
        metadata["annotations"] = {"desk.dev/config-sha256": digest}
    return {"metadata": metadata, "spec": _spec(wanted)}


def _spec(wanted: Specification) -> Json:
    spec: Json = {
        "serviceAccountName": wanted.app,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": _pod_security(wanted),
        "containers": [container(wanted)],
        "volumes": _volumes(wanted),
    }
    if wanted.type in ("job", "cronjob"):
        return {"restartPolicy": "Never", **spec}
    if wanted.type in ("deployment", "statefulset"):
        spec |= _spread(wanted)
    return spec


def _pod_security(wanted: Specification) -> Json:
    security: Json = {"runAsNonRoot": True}
    if wanted.platform != "openshift":
        security |= {"runAsUser": UID, "runAsGroup": UID, "fsGroup": UID}
        security["fsGroupChangePolicy"] = "OnRootMismatch"
    if any(port.number < 1024 for port in wanted.ports):
        security["sysctls"] = [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
    return security | {"seccompProfile": {"type": "RuntimeDefault"}}


def container(wanted: Specification) -> Json:
    """The one container."""
    made: Json = {"name": wanted.app, "image": wanted.image, "imagePullPolicy": "Always"}
    if wanted.command:
        made["command"] = list(wanted.command)
    if wanted.ports:
        made["ports"] = [
            {"name": port.name, "containerPort": port.number, "protocol": "TCP"} for port in wanted.ports
        ]
    made["env"] = [_field(name, path) for name, path in _FIELDS] + [_variable(each) for each in wanted.env]
    if wanted.env_from:
        made["envFrom"] = [{"secretRef": {"name": name}} for name in wanted.env_from]
    made["resources"] = _resources(wanted)
    if wanted.ports:
        made |= _probes(wanted)
    made["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    return made | {"volumeMounts": _mounts(wanted)}


def _field(name: str, path: str) -> Json:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _variable(variable: Variable) -> Json:
    if variable.secret:
        reference = {"name": variable.secret, "key": variable.key}
        return {"name": variable.name, "valueFrom": {"secretKeyRef": reference}}
    return {"name": variable.name, "value": variable.value}


def _resources(wanted: Specification) -> Json:
    scratch = [] if wanted.type == "statefulset" else [volume.size for volume in wanted.volumes]
    limit = quantity.memory(int(sum(quantity.parse(size) for size in (STORAGE_LIMIT, TMP_SIZE, *scratch))))
    cpu, memory = wanted.cpu, wanted.memory
    return {
        "requests": {"cpu": cpu.request, "memory": memory.request, "ephemeral-storage": STORAGE_REQUEST},
        "limits": {"cpu": cpu.limit, "memory": memory.limit, "ephemeral-storage": limit},
    }


def _probes(wanted: Specification) -> Json:
    """Different paths: what waits for another service is not ready, and must not be killed for it."""
    port = wanted.http.name
    return {
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": port},
            "initialDelaySeconds": 15, "periodSeconds": 10, "timeoutSeconds": 5,
        },
        "readinessProbe": {
            "httpGet": {"path": "/readyz", "port": port}, "initialDelaySeconds": 5, "periodSeconds": 5,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": STOPS_AFTER_S}}},
    }  # fmt: skip


def _mounts(wanted: Specification) -> list[Json]:
    mounts: list[Json] = [{"name": "tmp", "mountPath": TMP}]
    if wanted.config:
        mounts.append({"name": "config", "mountPath": wanted.config_path, "readOnly": True})
    return mounts + [{"name": volume.name, "mountPath": volume.path} for volume in wanted.volumes]


def _volumes(wanted: Specification) -> list[Json]:
    """A StatefulSet's own volumes are its claims'."""
    volumes: list[Json] = [{"name": "tmp", "emptyDir": {"sizeLimit": TMP_SIZE}}]
    if wanted.config:
        volumes.append({"name": "config", "configMap": {"name": config_name(wanted)}})
    if wanted.type != "statefulset":
        volumes += [{"name": volume.name, "emptyDir": {"sizeLimit": volume.size}} for volume in wanted.volumes]
    return volumes


def config_name(wanted: Specification) -> str:
    """The ConfigMap's name."""
    return f"{wanted.app}-config"


def _spread(wanted: Specification) -> Json:
    """The spread is what counts; the affinity says the same to judges that read nothing else."""
    labelled = {"matchLabels": selector(wanted)}
    constraint: Json = {
        "maxSkew": 1, "topologyKey": _HOSTNAME, "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": "Honor", "labelSelector": labelled,
    }  # fmt: skip
    if wanted.type == "deployment":
        constraint["matchLabelKeys"] = ["pod-template-hash"]
    term = {"weight": 100, "podAffinityTerm": {"topologyKey": _HOSTNAME, "labelSelector": labelled}}
    return {
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}},
        "topologySpreadConstraints": [constraint],
    }
