"""Faults of placing, creating, mounting and disrupting, made together on a real cluster: each found, no others."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient, ApiException, CoreV1Api, V1Namespace, V1ObjectMeta
from kubernetes.utils import create_from_dict

from tests.tools.diagnose.diagnose_faults import deployment, statefulset
from tests.tools.diagnose.event_lag import once_told, skip_if_late
from tests.tools.diagnose.real_cluster import ON_A_CLUSTER, administrator, diagnosed
from tests.tools.diagnose.typed_remedies import not_working
from tools.cluster.client import HttpCluster
from tools.diagnose.diagnose import diagnose
from tools.json import Json

pytestmark = ON_A_CLUSTER

Seen = dict[tuple[str, str, str], Json]

WAIT_S = 65
EVERY_S = 2
_MOUNT: Json = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
_ID = uuid.uuid4().hex[:6]
_NO_PROVISIONER, _STATIC, _PRIORITY = f"diag-noprov-{_ID}", f"diag-static-{_ID}", f"diag-high-{_ID}"

_NO_PRIORITY = _PRIORITY.replace("high", "hihg")


@dataclass(frozen=True)
class Fault:
    """What is made, and what must be said of it."""

    cause: str
    kind: str
    name: str
    detail: str
    manifests: tuple[Json, ...] = ()
    tool: str | None = None
    place: str = "main"
    arguments: Json = field(default_factory=dict)


def _requests(**amounts: str) -> Json:
    return {"resources": {"requests": amounts}}


def _claim(name: str, **spec: Any) -> Json:
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": asked}


def _claimed(name: str, **spec: Any) -> tuple[Json, ...]:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]
    return _claim(name, **spec), deployment(f"uses-{name}", _MOUNT, volumes=volumes)


def _mounts(name: str, **volume: Any) -> tuple[Json, ...]:
    return (deployment(name, _MOUNT, volumes=[{"name": "data", **volume}]),)


def _affinity(which: str, labels: dict[str, str]) -> Json:
    term = {"labelSelector": {"matchLabels": labels}, "topologyKey": "kubernetes.io/hostname"}
    return {which: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _host_port(port: int) -> Json:
    return {"ports": [{"containerPort": 8080, "hostPort": port}]}


_ARM: Json = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}]}
            ]
        }
    }
}
_SPREAD: Json = {
    "maxSkew": 1,
    "topologyKey": "zone",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": {"app": "spread"}},
}
_SIDECAR: Json = {
    "name": "proxy",
    "image": "busybox:1",
    "command": ["sleep", "3600"],
    "restartPolicy": "Always",
    **_requests(cpu="1500m"),
}
_CONFIG: Json = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "shop-config"},
    "data": {"app.yaml": "x"},
}
_EATER = {
    "command": ["sh", "-c", "dd if=/dev/zero of=/f bs=1M count=60; sleep 9999"],
    "resources": {"limits": {"ephemeral-storage": "20Mi"}},
}
_HELD: Json = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "held", "finalizers": ["example.com/hold"]},
    "spec": {
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "app", "image": "busybox:1", "command": ["sleep", "9999"]}],
    },
}
_FULL_DIR: Json = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "fills"},
    "spec": {
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "app",
                "image": "busybox:1",
                "command": ["sh", "-c", "dd if=/dev/zero of=/data/f bs=1M count=60; sleep 9999"],
                **_MOUNT,
            }
        ],
        "volumes": [{"name": "data", "emptyDir": {"sizeLimit": "10Mi"}}],
    },
}


def _limits(**amounts: str) -> Json:
    return {"resources": {"limits": amounts}}


FAULTS: tuple[Fault, ...] = (
    Fault(
        "Pending",
        "Deployment",
        "device",
        "is Pending: ResourceClaim gpu does not exist",
        (deployment("device", {}, resourceClaims=[{"name": "gpu", "resourceClaimName": "gpu"}]),),
    ),
    Fault(
        "Pending",
        "Deployment",
        "template",
        "is Pending: ResourceClaimTemplate gpus does not exist",
        (deployment("template", {}, resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "gpus"}]),),
    ),
    Fault(
        "Pending",
        "Deployment",
        "promised",
        "(it asks for cpu 2; the node that comes nearest, desk, has cpu 1",
    ),
    Fault(
        "Pending",
        "Deployment",
        "cpu",
        "it asks for cpu 100, the largest node has 2",
        (deployment("cpu", _requests(cpu="100")),),
        "set_resources",
    ),
    Fault(
        "Pending",
        "Deployment",
        "memory",
        "it asks for memory 999Gi",
        (deployment("memory", _requests(memory="999Gi")),),
        "set_resources",
    ),
    Fault(
        "Pending",
        "Deployment",
        "scratch",
        "it asks for ephemeral-storage 900Ti",
        (deployment("scratch", _requests(**{"ephemeral-storage": "900Ti"})),),
    ),
    Fault(
        "Pending",
        "Deployment",
        "gpu",
        "it asks for nvidia.com/gpu 1, no node has any",
        (deployment("gpu", _limits(**{"nvidia.com/gpu": "1"})),),
    ),
    Fault(
        "Pending",
        "Deployment",
        "selector",
        "no node has the label kubernetes.io/oss; the nearest there is: kubernetes.io/os=linux",
        (deployment("selector", {}, nodeSelector={"kubernetes.io/oss": "linux"}),),
        "set_node_selector",
        arguments={"node_selector": {"kubernetes.io/os": "linux"}},
    ),
    Fault(
        "Pending",
        "Deployment",
        "affinity",
        "its node affinity asks for kubernetes.io/arch=arm64; the nodes have kubernetes.io/arch=amd64",
        (deployment("affinity", {}, affinity=_ARM),),
    ),
    Fault(
        "Pending",
        "Deployment",
        "apart",
        "its anti-affinity takes one pod a node: 2 replicas of its own cannot share 1 node",
        (deployment("apart", {}, replicas=2, affinity=_affinity("podAntiAffinity", {"app": "apart"})),),
        "scale",
        arguments={"replicas": 1},
    ),
    Fault(
        "Pending",
        "Deployment",
        "near",
        "its affinity wants a node with pods labelled app=nobody, and there is none",
        (deployment("near", {}, affinity=_affinity("podAffinity", {"app": "nobody"})),),
    ),
    Fault(
        "Pending",
        "Deployment",
        "spread",
        "its topology spread asks for maxSkew 1 over zone; no node has the label zone",
        (deployment("spread", {}, topologySpreadConstraints=[_SPREAD]),),
    ),
    Fault(
        "Pending",
        "Deployment",
        "gated",
        "the scheduling gate example.com/quota is still there",
        (deployment("gated", {}, schedulingGates=[{"name": "example.com/quota"}]),),
    ),
    Fault(
        "Pending",
        "Deployment",
        "ported",
        "it asks for host port 18191/TCP, which is taken",
        (deployment("ported", _host_port(18191), replicas=2),),
        "scale",
    ),
    Fault(
        "Pending",
        "Deployment",
        "nowhere",
        "spec.nodeName is no-such-node, and there is no such node",
        (deployment("nowhere", {}, nodeName="no-such-node"),),
    ),
    Fault(
        "Pending",
        "Deployment",
        "claimless",
        'persistentvolumeclaim "misclas" not found (the nearest there is: misclass)',
        _mounts("claimless", persistentVolumeClaim={"claimName": "misclas"}),
    ),
    Fault(
        "Pending",
        "PersistentVolumeClaim",
        "misclass",
        "its storage class standart does not exist; the nearest there is: standard",
        _claimed("misclass", storageClassName="standart"),
        "set_claim_class",
        arguments={"storage_class": "standard"},
    ),
    Fault(
        "Pending",
        "PersistentVolumeClaim",
        "classless",
        "it needs a PersistentVolume without a class",
        _claimed("classless", storageClassName=""),
        "set_claim_class",
    ),
    Fault(
        "Pending",
        "PersistentVolumeClaim",
        "unmade",
        "no volume comes from nobody.example.com/disk, the external provisioner",
        _claimed("unmade", storageClassName=_NO_PROVISIONER),
    ),
    Fault(
        "Pending",
        "PersistentVolumeClaim",
        "shared",
        "it asks for ReadWriteMany; the free volumes",
        _claimed("shared", storageClassName=_STATIC, accessModes=["ReadWriteMany"]),
    ),
    Fault(
        "Pending",
        "PersistentVolumeClaim",
        "large",
        "it asks for 10Gi; the largest free volume",
        _claimed("large", storageClassName=_STATIC, resources={"requests": {"storage": "10Gi"}}),
    ),
    Fault(
        "FailedMount",
        "Deployment",
        "config",
        "ConfigMap shop-confg does not exist; the nearest there is: shop-config",
        _mounts("config", configMap={"name": "shop-confg"}),
        "set_reference",
    ),
    Fault(
        "FailedMount",
        "Deployment",
        "key",
        "ConfigMap shop-config has no key app.yml; the nearest there is: app.yaml",
        _mounts("key", configMap={"name": "shop-config", "items": [{"key": "app.yml", "path": "a"}]}),
        "set_reference",
    ),
    Fault(
        "FailedMount",
        "Deployment",
        "secret",
        "Secret shop-config does not exist; there is a ConfigMap of that name",
        _mounts("secret", secret={"secretName": "shop-config"}),
    ),
    Fault(
        "FailedMount",
        "Deployment",
        "projected",
        "ConfigMap absent-part does not exist",
        _mounts("projected", projected={"sources": [{"configMap": {"name": "absent-part"}}]}),
    ),
    Fault(
        "FailedMount",
        "Deployment",
        "hostpath",
        "hostPath /no/such/dir is not a directory on node desk",
        _mounts("hostpath", hostPath={"path": "/no/such/dir", "type": "Directory"}),
    ),
    Fault(
        "FailedMount",
        "Deployment",
        "driver",
        "node desk has no CSI driver no.such.driver",
        _mounts("driver", csi={"driver": "no.such.driver"}),
    ),
    Fault(
        "FailedMount",
        "Deployment",
        "nfs",
        "NFS share nfs.invalid:/x",
        _mounts("nfs", nfs={"server": "nfs.invalid", "path": "/x"}),
    ),
    Fault(
        "FailedCreate",
        "Deployment",
        "priority",
        f"PriorityClass {_NO_PRIORITY} does not exist; the nearest there is: {_PRIORITY}",
        (deployment("priority", {}, priorityClassName=_NO_PRIORITY),),
    ),
    Fault(
        "FailedCreate",
        "Deployment",
        "runtime",
        "RuntimeClass gvisor does not exist",
        (deployment("runtime", {}, runtimeClassName="gvisor"),),
    ),
    Fault(
        "FailedCreate",
        "StatefulSet",
        "account",
        "ServiceAccount default2 does not exist; the nearest there is: default",
        (statefulset("account", {}),),
    ),
    Fault(
        "Evicted",
        "Deployment",
        "eater",
        "its containers use more ephemeral storage than their limits of 20Mi together",
        (deployment("eater", _EATER),),
    ),
    Fault(
        "Evicted", "Pod", "fills", "its emptyDir volume data holds more than its sizeLimit of 10Mi", (_FULL_DIR,)
    ),
    Fault("TerminatingStuck", "Pod", "held", "the finalizer example.com/hold keeps it", (_HELD,)),
    Fault(
        "Preempted",
        "Deployment",
        "low",
        "was preempted by Pod high-",
        (deployment("low", _host_port(18192)),),
    ),
    Fault(
        "QuotaExceeded",
        "ResourceQuota",
        "team",
        "so 2 of 3 pods of Deployment quota cannot be created: limits.memory has 100Mi used of 150Mi",
        (deployment("quota", _limits(memory="100Mi", cpu="100m"), replicas=3),),
        "scale",
        "second",
    ),
    Fault(
        "QuotaExceeded",
        "Deployment",
        "unnamed",
        "container app of Deployment unnamed must name limits.memory",
        (deployment("unnamed", _limits(cpu="100m")),),
        "set_resources",
        "second",
    ),
    Fault(
        "LimitRangeViolated",
        "Deployment",
        "bounded",
        "container app of Deployment bounded breaks LimitRange bounds: the minimum cpu for each Container is 50m, "
        "and its request is 10m",
        (deployment("bounded", _limits(memory="10Mi", cpu="10m")),),
        "set_resources",
        "second",
        {"cpu_request": "50m", "cpu_limit": "50m"},
    ),
    Fault(
        "PodSecurityViolated",
        "Deployment",
        "rooted",
        "host namespaces",
        (deployment("rooted", _limits(memory="10Mi", cpu="100m"), hostPID=True),),
        place="second",
    ),
    Fault(
        "WebhookUnavailable",
        "Service",
        "nohook",
        "Service nohook selects pods with app=nobody, and there are none",
        (deployment("hooked", {}),),
        place="third",
    ),
)
_ASIDE: tuple[Json, ...] = (
    _CONFIG,
    _claim("waits-for-nobody"),
    *_mounts("optional", configMap={"name": "absent", "optional": True}),
    deployment("healthy", _requests(cpu="10m")),
)
_QUOTA: Json = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "team"},
    "spec": {"hard": {"limits.memory": "150Mi"}},
}
_BOUNDS: Json = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "bounds"},
    "spec": {"limits": [{"type": "Container", "min": {"cpu": "50m"}}]},
}
_HOOK_SERVICE: Json = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "nohook"},
    "spec": {"selector": {"app": "nobody"}, "ports": [{"port": 443}]},
}


def _hook(namespace: str) -> Json:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"diag-hook-{_ID}"},
        "webhooks": [
            {
                "name": "check.policy.example.com",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "timeoutSeconds": 2,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "clientConfig": {"service": {"namespace": namespace, "name": "nohook", "path": "/v"}},
                "rules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
                ],
            }
        ],
    }


def _cluster_scoped(third: str) -> tuple[tuple[str, Json], ...]:
    """Each with the path that deletes it."""
    storage = "storage.k8s.io/v1"
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": _STATIC},
        "spec": {
            "capacity": {"storage": "2Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": _STATIC,
            "hostPath": {"path": "/tmp/diag-static"},
        },
    }
    classes = [
        {
            "apiVersion": storage,
            "kind": "StorageClass",
            "metadata": {"name": name},
            "provisioner": provisioner,
            "volumeBindingMode": "Immediate",
        }
        for name, provisioner in (
            (_NO_PROVISIONER, "nobody.example.com/disk"),
            (_STATIC, "kubernetes.io/no-provisioner"),
        )
    ]
    priority = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": _PRIORITY},
        "value": 1000,
    }
    return (
        ("/api/v1/persistentvolumes", volume),
        *((f"/apis/{storage}/storageclasses", each) for each in classes),
        ("/apis/scheduling.k8s.io/v1/priorityclasses", priority),
        ("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", _hook(third)),
    )


def _delete(api: ApiClient, path: str, name: str) -> None:
    with suppress(ApiException):
        api.call_api(*api.param_serialize("DELETE", f"{path}/{name}", auth_settings=["BearerToken"]))


@contextmanager
def _places(api: ApiClient) -> Iterator[dict[str, str]]:
    """The namespaces and what is cluster-scoped; all of it deleted afterwards."""
    core = CoreV1Api(api)
    places = {place: f"diag-{place}-{_ID}" for place in ("main", "second", "third")}
    with ExitStack() as stack:
        for path, item in _cluster_scoped(places["third"]):
            create_from_dict(api, item)
            stack.callback(_delete, api, path, item["metadata"]["name"])
        for place, name in places.items():
            labels = {"pod-security.kubernetes.io/enforce": "baseline"} if place == "second" else {}
            core.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=name, labels=labels)))
            stack.callback(_delete, api, "/api/v1/namespaces", name)
        stack.callback(_release, core, places["main"])
        yield places


def _release(core: CoreV1Api, namespace: str) -> None:
    with suppress(ApiException):
        core.patch_namespaced_pod("held", namespace, {"metadata": {"finalizers": None}})


@pytest.fixture(scope="module")
def places() -> Iterator[dict[str, str]]:
    """The namespaces, with all faults made."""
    api = administrator()
    with _places(api) as places:
        for place, manifests in (("main", _ASIDE), ("second", (_QUOTA, _BOUNDS)), ("third", (_HOOK_SERVICE,))):
            for item in manifests:
                create_from_dict(api, item, namespace=places[place])
        for fault in FAULTS:
            for item in fault.manifests:
                if fault.name == "account":
                    item["spec"]["template"]["spec"]["serviceAccountName"] = "default2"
                create_from_dict(api, item, namespace=places[fault.place])
        _disrupt(api, places["main"])
        yield places


@pytest.fixture(scope="module")
def cluster() -> HttpCluster:
    return diagnosed()


@pytest.fixture(scope="module")
def seen(cluster: HttpCluster, places: dict[str, str]) -> dict[str, Seen]:
    """What the diagnoses said at the last, when all was found or the time was over."""
    return _watched(cluster, places)


def _disrupt(api: ApiClient, namespace: str) -> None:
    """What needs others to run first; what is promised needs one, or else it would itself fill the node."""
    core = CoreV1Api(api)
    wanted = {"held", "low-", "healthy-"}
    until = time.monotonic() + 30
    while (ready := _running(api, namespace, wanted)) != wanted and time.monotonic() < until:
        time.sleep(0.5)
    core.delete_namespaced_pod("held", namespace)
    create_from_dict(api, deployment("high", _host_port(18192), priorityClassName=_PRIORITY), namespace=namespace)
    if "healthy-" in ready:
        fills = deployment("promised", _requests(cpu="500m"), initContainers=[_SIDECAR])
        create_from_dict(api, fills, namespace=namespace)


def _running(api: ApiClient, namespace: str, wanted: set[str]) -> set[str]:
    pods = api.sanitize_for_serialization(CoreV1Api(api).list_namespaced_pod(namespace))["items"]
    running = [pod["metadata"]["name"] for pod in pods if pod["status"].get("phase") == "Running"]
    return {one for one in wanted for name in running if name.startswith(one)}


def _watched(cluster: HttpCluster, places: dict[str, str]) -> dict[str, Seen]:
    def look() -> dict[str, Seen]:
        return {
            place: {
                (each["cause"], each["object"]["kind"], each["object"]["name"]): each
                for each in diagnose(cluster, namespace=name)["findings"]
            }
            for place, name in places.items()
        }

    def told(found: dict[str, Seen]) -> bool:
        return all(
            one.detail in found[one.place].get((one.cause, one.kind, one.name), {"summary": ""})["summary"]
            for one in FAULTS
        )

    return once_told(cluster, look, told, WAIT_S)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.cause}-{fault.name}")
def test_each_fault_is_found_with_its_detail(fault: Fault, seen: dict[str, Seen], cluster: HttpCluster) -> None:
    found = seen[fault.place].get((fault.cause, fault.kind, fault.name))
    if found is None or fault.detail not in found["summary"]:
        skip_if_late(cluster)

    assert found is not None, sorted(seen[fault.place])
    assert fault.detail in found["summary"]
    if fault.tool:
        [remedy] = [each for each in found["remedies"] if each["tool"]][:1]
        assert remedy["tool"] == fault.tool
        assert fault.arguments.items() <= remedy["arguments"].items()


def test_nothing_else_is_found(seen: dict[str, Seen]) -> None:
    for place, found in seen.items():
        assert set(found) <= {(one.cause, one.kind, one.name) for one in FAULTS if one.place == place}


def test_the_remedies_can_be_typed(seen: dict[str, Seen], tmp_path: Path) -> None:
    assert not_working((each for found in seen.values() for each in found.values()), tmp_path) == []
