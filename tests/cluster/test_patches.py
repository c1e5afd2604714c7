"""What a patch, its inverse and a read do, judged by the API server itself: ports, devices, and kinds of others."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator

import pytest

from tests.cluster.conftest import KUBECONFIG, kubectl
from tools.changes.build import patch_change
from tools.changes.kubernetes import KubernetesDriver
from tools.changes.plan import Change
from tools.changes.strategic import difference
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.cluster.errors import NotFound
from tools.cluster.resources import ObjectRef
from tools.json import Json

pytestmark = pytest.mark.cluster

GROUP = f"serving-{secrets.token_hex(3)}.desk.test"
API = f"{GROUP}/v1"


@pytest.fixture(scope="module")
def cluster() -> HttpCluster:
    return connect(Where(KUBECONFIG))


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """A namespace, and a kind `Service` of another group, as Knative has one."""
    name = f"desk-patch-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "Service", "plural": "services", "singular": "service"},
        "versions": [version],
    }
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    made = {**crd, "metadata": {"name": f"services.{GROUP}"}, "spec": spec}
    kubectl("create", "-f", "-", stdin=json.dumps(made))
    kubectl("wait", "--for=condition=Established", f"crd/services.{GROUP}", "--timeout=30s")
    yield name
    kubectl("delete", "namespace", name, "--wait=false")
    kubectl("delete", "crd", f"services.{GROUP}", "--wait=false")


def deployment(cluster: HttpCluster, namespace: str, name: str, container: Json, **spec: object) -> Json:
    body: Json = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "app", "image": "busybox:1", **container}], **spec},
            },
        },
    }
    target = ObjectRef("apps/v1", "Deployment", namespace, name)
    cluster.create(target, body)
    return at_rest(cluster, target)


def at_rest(cluster: HttpCluster, target: ObjectRef) -> Json:
    """A Deployment that its controller has written the last of: no change of its own is in between any more."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        live = cluster.read(target)
        status = live.get("status") or {}
        reasons = {each.get("reason") for each in status.get("conditions") or ()}
        if (
            status.get("observedGeneration") == live["metadata"]["generation"]
            and "NewReplicaSetAvailable" in reasons
        ):
            time.sleep(0.5)
            if cluster.read(target)["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]:
                return live
        time.sleep(0.1)
    raise TimeoutError(f"{target} does not come to rest")


def app_of(live: Json) -> Json:
    app: Json = live["spec"]["template"]["spec"]["containers"][0]
    return app


def sent(cluster: HttpCluster, change: Change) -> Json:
    """The object behind the change, which the driver takes for in effect."""
    driver = KubernetesDriver(cluster)
    assert driver.observe(change, {}) is None
    driver.send(change, change.body, "")
    assert driver.observe(change, {}) is not None
    return cluster.read(change.target)


def made_and_put_back(cluster: HttpCluster, live: Json, container: Json) -> tuple[Json, Json]:
    """The container after a patch to `container`, and after that patch's undo."""
    wanted = {**app_of(live), **container}
    template = {"template": {"spec": {"containers": [wanted]}}}
    before = {"template": {"spec": {"containers": [app_of(live)]}}}
    change = patch_change("deployments", live, {"spec": difference(before, template)})
    after = sent(cluster, change)
    back = sent(cluster, patch_change("deployments", at_rest(cluster, change.target), change.undo))
    return app_of(after), app_of(back)


def test_a_port_of_two_protocols_loses_one_and_gets_it_back(cluster: HttpCluster, namespace: str) -> None:
    tcp, udp = ({"containerPort": 53, "protocol": protocol} for protocol in ("TCP", "UDP"))
    live = deployment(cluster, namespace, "dns", {"ports": [tcp, udp]})
    after, back = made_and_put_back(cluster, live, {"ports": [tcp]})
    assert (after["ports"], back["ports"]) == ([tcp], [tcp, udp])


def test_the_devices_of_volumes_are_joined_by_their_path(cluster: HttpCluster, namespace: str) -> None:
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in ("a", "b")]
    live = deployment(
        cluster, namespace, "disks", {"volumeDevices": [{"name": "a", "devicePath": "/dev/x"}]}, volumes=volumes
    )
    after, back = made_and_put_back(cluster, live, {"volumeDevices": [{"name": "b", "devicePath": "/dev/x"}]})
    assert [app["volumeDevices"] for app in (after, back)] == [
        [{"name": name, "devicePath": "/dev/x"}] for name in ("b", "a")
    ]


def test_a_kind_of_another_group_is_patched_and_is_not_taken_for_kubernetes_own(
    cluster: HttpCluster, namespace: str
) -> None:
    core, other = (ObjectRef(api, "Service", namespace, "web") for api in ("v1", API))
    metadata = {"name": "web", "namespace": namespace}
    ports = {"ports": [{"port": 80}]}
    cluster.create(core, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": ports})
    with pytest.raises(NotFound):
        cluster.read(other)
    body = {"apiVersion": API, "kind": "Service", "metadata": metadata, "spec": {"list": [1, 2], "keep": "yes"}}
    _once_served(cluster, other, body)
    live = cluster.read(other)
    change = patch_change("services", live, {"spec": {"list": [3]}})
    assert sent(cluster, change)["spec"] == {"list": [3], "keep": "yes"}
    back = sent(cluster, patch_change("services", cluster.read(other), change.undo))
    assert back["spec"] == {"list": [1, 2], "keep": "yes"}
    assert cluster.read(core)["spec"]["ports"][0]["port"] == 80


def _once_served(cluster: HttpCluster, target: ObjectRef, body: Json) -> None:
    """Create it, as soon as the API server takes the new kind."""
    until = time.monotonic() + 20
    while True:
        try:
            cluster.create(target, body)
        except NotFound:
            assert time.monotonic() < until, "the new kind is not served"
            time.sleep(0.2)
        else:
            return
