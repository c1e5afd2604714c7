"""What the sandbox is filled with: applications and how they behave, namespaces, one node."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]

NODE = "sandbox"
DEFAULT_NAMESPACE = "shop-dev"
ENVIRONMENTS: Mapping[str, str] = {"shop-dev": "dev", "shop-staging": "staging", "shop-prod": "prod"}


@dataclass(frozen=True)
class App:
    """What a kubelet would find out about an application by running it.

    `tags` are those in the registry, any when empty. Below `needs_memory` as its limit the application is
    OOM-killed. With an `exit_code` other than 0 it ends by itself, whatever its manifest says.
    """

    tags: frozenset[str] = frozenset()
    needs_memory: str = "0"
    exit_code: int = 0
    log: tuple[str, ...] = ("listening on :8080",)


APPS: Mapping[str, App] = {
    "ghcr.io/shop/checkout": App(
        needs_memory="48Mi",
        log=("checkout 1.4.2 starting", "loading the price list into memory"),
    ),
    "ghcr.io/shop/payments": App(
        exit_code=1,
        log=(
            "payments 3.2.0 starting",
            "ERROR cannot connect to postgres at postgres.shop-data.svc.cluster.local:5432: no such host",
            "giving up: the ledger is not reachable, exiting with status 1",
        ),
    ),
    "ghcr.io/shop/catalog": App(tags=frozenset({"2.3.0"}), log=("catalog 2.3.0 starting", "listening on :8080")),
    "ghcr.io/shop/search": App(needs_memory="96Mi", log=("search 0.9.1 starting", "index loaded: 48210 items")),
    "ghcr.io/shop/cart": App(log=("cart 1.1.0 starting", "currency is EUR", "listening on :8080")),
    "ghcr.io/shop/web": App(needs_memory="32Mi", log=("web 5.0.3 starting", "GET /healthz 200 0.4ms")),
}
"""The applications by image repository. The catalog tag that exists is 2.3.0; any other image just runs."""


def app_of(image: str) -> App:
    """The behaviour of an image; one that APPS does not list pulls and runs."""
    return APPS.get(repository_and_tag(image)[0], App())


def repository_and_tag(image: str) -> tuple[str, str]:
    """Splits `host:port/name:tag`; without a tag it is `latest`."""
    name, _, tag = image.rpartition(":")
    return (name, tag) if name and "/" not in tag else (image, "latest")


DEPLOYMENT_DEFAULTS: Object = {
    "replicas": 1,
    "revisionHistoryLimit": 10,
    "progressDeadlineSeconds": 600,
    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
}


@dataclass(frozen=True)
class Workload:
    """A Deployment of one container `app`."""

    namespace: str
    name: str
    tag: str
    limits: Mapping[str, str] = field(default_factory=dict)
    requests: Mapping[str, str] = field(default_factory=dict)
    config_map: str = ""
    replicas: int = 1

    def manifest(self) -> Object:
        """The Deployment, as a client would post it."""
        labels = {"app": self.name}
        metadata = {"name": self.name, "namespace": self.namespace, "labels": labels}
        template = {"metadata": {"labels": labels}, "spec": self._pod_spec()}
        spec = DEPLOYMENT_DEFAULTS | {
            "replicas": self.replicas,
            "selector": {"matchLabels": labels},
            "template": template,
        }
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}

    def _pod_spec(self) -> Object:
        container: Object = {
            "name": "app",
            "image": f"ghcr.io/shop/{self.name}:{self.tag}",
            "imagePullPolicy": "IfNotPresent",
            "ports": [{"containerPort": 8080, "protocol": "TCP"}],
            "resources": {"requests": dict(self.requests), "limits": dict(self.limits)},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
        }
        if self.config_map:
            container["envFrom"] = [{"configMapRef": {"name": self.config_map}}]
        return {
            "containers": [container],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "schedulerName": "default-scheduler",
            "securityContext": {},
        }


_SMALL = {"cpu": "50m", "memory": "64Mi"}

WORKLOADS: tuple[Workload, ...] = (
    Workload("shop-dev", "checkout", "1.4.2", {"memory": "16Mi"}, {"cpu": "50m", "memory": "16Mi"}),
    Workload("shop-dev", "payments", "3.2.0", {"memory": "128Mi"}, _SMALL),
    Workload("shop-dev", "catalog", "2.3.1", {"memory": "128Mi"}, _SMALL),
    Workload("shop-dev", "search", "0.9.1", {"memory": "64Gi"}, {"cpu": "100m", "memory": "64Gi"}),
    Workload("shop-dev", "cart", "1.1.0", {"memory": "128Mi"}, _SMALL, config_map="cart-config"),
    Workload("shop-dev", "web", "5.0.3", {"memory": "128Mi"}, _SMALL, config_map="web-config", replicas=2),
    Workload("shop-staging", "checkout", "1.4.2", {"memory": "16Mi"}, {"cpu": "50m", "memory": "16Mi"}),
    Workload("shop-prod", "checkout", "1.4.2", {"memory": "16Mi"}, {"cpu": "50m", "memory": "16Mi"}),
)


def surroundings(now: str) -> Iterator[Object]:
    """What is there before the workloads: namespaces, configuration, the node. `now` is RFC 3339."""
    for name in ("kube-system", "default"):
        yield _namespace(name, {})
    for name, environment in ENVIRONMENTS.items():
        yield _namespace(name, {"environment": environment, "team": "shop"})
    yield _of_namespace("ConfigMap", "web-config", data={"LOG_LEVEL": "info", "PAGE_SIZE": "24"})
    password = base64.b64encode(b"not-a-real-password").decode()
    yield _of_namespace("Secret", "payments-database", type="Opaque", data={"PGPASSWORD": password})
    yield _node(now)


def _namespace(name: str, labels: Mapping[str, str]) -> Object:
    metadata = {"name": name, "labels": {**labels, "kubernetes.io/metadata.name": name}}
    body = {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, **body}


def _of_namespace(kind: str, name: str, **body: Any) -> Object:
    metadata = {"name": name, "namespace": DEFAULT_NAMESPACE}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **body}


NODE_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


def _node(now: str) -> Object:
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    fields = ("type", "status", "reason", "message")
    amounts = {"cpu": "4", "ephemeral-storage": "100Gi", "pods": "110"}
    labels = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    status = {
        "capacity": amounts | {"memory": "8Gi"},
        "allocatable": amounts | {"memory": "7936Mi"},
        "conditions": [dict(zip(fields, row, strict=True)) | times for row in NODE_CONDITIONS],
        "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "Hostname", "address": NODE}],
        "nodeInfo": {
            "kubeletVersion": "v1.34.0",
            "containerRuntimeVersion": "containerd://1.7.28",
            "operatingSystem": "linux",
            "architecture": "amd64",
            "osImage": "Debian GNU/Linux 12 (bookworm)",
            "kernelVersion": "6.1.0",
        },
    }
    metadata = {"name": NODE, "labels": labels}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {}, "status": status}
