"""Rollouts, Jobs, CronJobs, autoscalers and budgets that are wrong, all at once on a real cluster."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes.client import AppsV1Api, CoreV1Api, V1ConfigMap, V1Namespace, V1ObjectMeta
from kubernetes.utils import create_from_dict

from tests.tools.diagnose.event_lag import once_told
from tests.tools.diagnose.real_cluster import ON_A_CLUSTER, administrator, diagnosed, new_namespace
from tests.tools.diagnose.rollout_faults import CHANGES, DRAINS, FOUND, MANIFESTS, SERVED, changed
from tests.tools.diagnose.typed_remedies import not_working
from tools.cluster.client import HttpCluster
from tools.diagnose.diagnose import diagnose
from tools.json import Json

Found = dict[tuple[str, str, str], Json]

pytestmark = ON_A_CLUSTER

READY_WITHIN_S = 60
WITHIN_S = 200
"""A CronJob that runs every minute misses its second run two minutes on, and autoscalers measure after one."""
NOT_MODIFIED = {
    "status": {"conditions": [{"type": "ModifyVolumeError", "status": "True", "message": "the class is not known"}]}
}
"""What an external resizer would write."""


@pytest.fixture(scope="module")
def cluster() -> HttpCluster:
    return diagnosed()


@pytest.fixture(scope="module")
def draining() -> Iterator[str]:
    api = administrator()
    with new_namespace(api, "diag") as name:
        create_from_dict(api, DRAINS, namespace=name)
        yield name


@pytest.fixture(scope="module")
def namespace(cluster: HttpCluster, draining: str) -> Iterator[str]:
    api = administrator()
    with new_namespace(api, "diag") as name:
        for manifest in MANIFESTS:
            create_from_dict(api, manifest, namespace=name)
        wait_until_they_serve(cluster, name)
        change(AppsV1Api(api), name)
        AppsV1Api(api).patch_namespaced_deployment(
            "recreated", draining, changed(env=[{"name": "A", "value": "b"}])
        )
        CoreV1Api(api).patch_namespaced_persistent_volume_claim_status("grown", name, NOT_MODIFIED)
        yield name


@pytest.fixture(scope="module")
def going() -> Iterator[str]:
    """A namespace that is deleted, and held by the finalizer of a controller that is not there."""
    core, name = CoreV1Api(administrator()), f"diag-{uuid.uuid4().hex[:8]}"
    core.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=name)))
    held = V1ObjectMeta(name="lease", finalizers=["example.com/release"])
    core.create_namespaced_config_map(name, V1ConfigMap(metadata=held))
    core.delete_namespace(name)
    yield name
    core.patch_namespaced_config_map("lease", name, {"metadata": {"finalizers": None}})


def wait_until_they_serve(cluster: HttpCluster, namespace: str) -> None:
    """What is changed then serves, but for the StatefulSet that never does."""
    awaited = {name for _, name in CHANGES} - {"stuck"}
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        items = [*cluster.list("deployments", namespace), *cluster.list("statefulsets", namespace)]
        if awaited <= {item["metadata"]["name"] for item in items if serves(item)}:
            return
        time.sleep(1)


def serves(item: Json) -> bool:
    return int(item["status"].get("availableReplicas") or 0) >= int(item["spec"]["replicas"])


def change(apps: AppsV1Api, namespace: str) -> None:
    for (kind, name), patch in CHANGES.items():
        if kind == "deployments":
            apps.patch_namespaced_deployment(name, namespace, patch)
        else:
            apps.patch_namespaced_stateful_set(name, namespace, patch)


@pytest.fixture(scope="module")
def found(cluster: HttpCluster, namespace: str, going: str) -> Found:
    """What was said when all of it was, or when the time was over, and the kubelet's events had come."""

    def look() -> Found:
        findings = diagnose(cluster, namespace=namespace)["findings"]
        return {(each["object"]["kind"], each["object"]["name"], each["cause"]): each for each in findings}

    return once_told(cluster, look, lambda now: all(is_told(key, now) for key in FOUND), WITHIN_S)


def is_told(key: tuple[str, str, str], found: Found) -> bool:
    return key in found and FOUND[key][1] in found[key]["summary"]


@pytest.mark.parametrize("key", FOUND, ids="-".join)
def test_each_fault_is_named(key: tuple[str, str, str], found: Found) -> None:
    severity, detail = FOUND[key]

    assert detail in found[key]["summary"]
    assert found[key]["severity"] == severity
    assert found[key]["remedies"]


def test_nothing_else_is_found(found: Found) -> None:
    assert found.keys() - FOUND.keys() == set()


@pytest.mark.parametrize("key", [key for key, (_, detail) in FOUND.items() if detail == SERVED], ids="-".join)
def test_what_serves_can_be_gone_back_to(key: tuple[str, str, str], found: Found, namespace: str) -> None:
    remedy = found[key]["remedies"][-1]

    assert remedy["tool"] == "rollback_rollout"
    assert remedy["arguments"] == {"namespace": namespace, "kind": "Deployment", "name": key[1], "to_revision": 1}


def test_a_namespace_that_does_not_go_is_told_with_what_holds_it(
    found: Found, going: str, cluster: HttpCluster
) -> None:
    [finding] = diagnose(cluster, namespace=going)["findings"]

    assert found
    assert (finding["cause"], finding["severity"]) == ("NamespaceTerminating", "error")
    assert finding["summary"].endswith("finalizer example.com/release holds configmaps/lease")


def test_a_pod_that_takes_its_time_to_end_is_told_with_whom_it_holds(
    found: Found, draining: str, cluster: HttpCluster
) -> None:
    [finding] = diagnose(cluster, namespace=draining)["findings"]

    assert found
    assert (finding["cause"], finding["severity"], finding["so_far"]) == ("TerminatingStuck", "warning", True)
    assert (
        "Deployment recreated has too few pods: its strategy Recreate waits for pod recreated-"
        in finding["summary"]
    )


def test_the_remedies_can_be_typed(found: Found, tmp_path: Path) -> None:
    assert not_working(found.values(), tmp_path) == []
