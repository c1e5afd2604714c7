"""Rollouts, Jobs, CronJobs, autoscalers and budgets that are wrong, all at once on a real cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.client import AppsV1Api
from kubernetes.utils import create_from_dict

from tests.tools.diagnose.real_cluster import ON_A_CLUSTER, administrator, diagnosed, new_namespace
from tests.tools.diagnose.rollout_faults import CHANGES, FOUND, MANIFESTS, SERVED
from tools.cluster.client import HttpCluster
from tools.diagnose.diagnose import diagnose

Json = dict[str, Any]
Found = dict[tuple[str, str, str], Json]

pytestmark = ON_A_CLUSTER

READY_WITHIN_S = 60
WITHIN_S = 200
"""A CronJob that runs every minute misses its second run two minutes on, and autoscalers measure after one."""
EVERY_S = 3


@pytest.fixture(scope="module")
def cluster() -> HttpCluster:
    return diagnosed()


@pytest.fixture(scope="module")
def namespace(cluster: HttpCluster) -> Iterator[str]:
    api = administrator()
    with new_namespace(api, "diag") as name:
        for manifest in MANIFESTS:
            create_from_dict(api, manifest, namespace=name)
        wait_until_they_serve(cluster, name)
        change(AppsV1Api(api), name)
        yield name


def wait_until_they_serve(cluster: HttpCluster, namespace: str) -> None:
    """What is changed then serves, but for the StatefulSet that never does."""
    changed = {name for _, name in CHANGES} - {"stuck"}
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        items = [*cluster.list("deployments", namespace), *cluster.list("statefulsets", namespace)]
        if changed <= {item["metadata"]["name"] for item in items if serves(item)}:
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
def found(cluster: HttpCluster, namespace: str) -> Found:
    """What was said when all of it was, or when the time was over."""
    until = time.monotonic() + WITHIN_S
    while True:
        report = diagnose(cluster, namespace=namespace)
        now = {(each["object"]["kind"], each["object"]["name"], each["cause"]): each for each in report["findings"]}
        if all(is_told(key, now) for key in FOUND) or time.monotonic() > until:
            return now
        time.sleep(EVERY_S)


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
