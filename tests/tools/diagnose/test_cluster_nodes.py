"""A node of a real cluster whose kubelet is gone. It never was: what it would have said is written for it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import CoreV1Api

from tests.tools.diagnose.real_cluster import ON_A_CLUSTER, administrator, diagnosed, new_namespace
from tests.tools.diagnose.typed_remedies import not_working
from tools.diagnose.diagnose import diagnose
from tools.json import Json

pytestmark = ON_A_CLUSTER

WITHIN_S = 120
"""The controller waits 40 seconds for a word of the kubelet, and looks every five."""
EVERY_S = 3
OF_A_ROLE = {"key": "node-role.kubernetes.io/lost", "effect": "NoSchedule"}
"""Nobody else's pods come here, and no DaemonSet is said to leave it out."""


@pytest.fixture
def node() -> Iterator[str]:
    core, name = CoreV1Api(administrator()), f"lost-{uuid.uuid4().hex[:8]}"
    body: Any = {"metadata": {"name": name}, "spec": {"taints": [OF_A_ROLE]}}
    core.create_node(body)
    try:
        core.patch_node_status(name, {"status": {"conditions": [_condition("Ready")]}})
        yield name
    finally:
        core.delete_node(name)


@pytest.fixture
def namespace(node: str) -> Iterator[str]:
    """With one pod, which ran there."""
    api = administrator()
    core = CoreV1Api(api)
    with new_namespace(api, "lost") as name:
        core.create_namespaced_pod(name, _pod(node))
        core.patch_namespaced_pod_status("app", name, {"status": _running()})
        yield name
        core.delete_namespaced_pod("app", name, grace_period_seconds=0)  # there is no kubelet to end it


def _pod(node: str) -> Any:
    containers = [{"name": "app", "image": "busybox:1"}]
    spec = {"nodeName": node, "tolerations": [{"operator": "Exists"}], "containers": containers}
    return {"metadata": {"name": "app"}, "spec": spec}


def _running() -> Json:
    conditions = [_condition(kind) for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")]
    state = {"running": {"startedAt": _now()}}
    app = {"name": "app", "ready": True, "restartCount": 0, "image": "busybox:1", "imageID": "x", "state": state}
    return {"phase": "Running", "startTime": _now(), "conditions": conditions, "containerStatuses": [app]}


def _condition(kind: str) -> Json:
    return {"type": kind, "status": "True", "lastTransitionTime": _now()}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_lost_node_is_the_cause(node: str, namespace: str, tmp_path: Path) -> None:
    cluster, until = diagnosed(), time.monotonic() + WITHIN_S
    while not (findings := diagnose(cluster, namespace=namespace)["findings"]) and time.monotonic() < until:
        time.sleep(EVERY_S)
    (finding,) = findings
    assert (finding["cause"], finding["object"]["name"], finding["affected"]) == ("NodeNotReady", node, ["app"])
    assert finding["summary"] == (
        f"node {node} does not answer (Kubelet stopped posting node status), and one pod of this namespace is on it"
    )
    assert not_working(findings, tmp_path) == []
