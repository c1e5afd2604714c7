"""The rules take time linear in what they are given: twice the objects are twice the lines of Python that run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import event, owned_by, pod, replicaset, snapshot, status, terminated
from tests.tools.diagnose.test_rule_jobs import FAILED, ended, job
from tests.tools.diagnose.test_rule_pending import node, unplaced
from tools.diagnose.diagnose import findings_of
from tools.diagnose.reading.snapshot import Snapshot
from tools.json import Json

FEW = 64
"""More than the names that are compared letter by letter with one that does not exist."""
AT_MOST_TIMES = 2.4
"""Of quadratic time there would be four times as many lines."""
WAITING = {"waiting": {"reason": "CrashLoopBackOff"}}
NO_IMAGE = {"waiting": {"reason": "ImagePullBackOff", "message": 'image "shop:2": not found'}}


def _unplaced(count: int) -> Snapshot:
    """As many pods that each want more than one of as many nodes has, some of them closed."""
    sentence = f"0/{count} nodes are available: {count} Insufficient cpu, 1 node(s) had untolerated taint(s)."
    asks = {"containers": [{"name": "app", "resources": {"requests": {"cpu": "2"}}}]}
    closed = [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}]
    placed = [{"metadata": {"name": f"p{at}"}, "spec": {**asks, "nodeName": f"n{at}"}} for at in range(count)]
    return snapshot(
        *(unplaced(sentence, name=f"w{at}", owner=[], spec=asks) for at in range(count)),
        Node=[node(f"n{at}", taints=closed if at % 4 == 0 else []) for at in range(count)],
        PlacedPod=placed,
    )


def _failed_jobs(count: int) -> Snapshot:
    pods = [ended(f"load{at}") for at in range(count)]
    jobs = [job(f"load{at}", FAILED) for at in range(count)]
    return snapshot(*pods, Job=jobs, logs={(f"load{at}-x", "app"): "ERROR: no table\n" for at in range(count)})


def _deployments(count: int, state: Json, **more: Any) -> Snapshot:
    """As many Deployments with a pod and a Service each, all in one state."""
    names = [f"app{at}" for at in range(count)]
    one = status(state, terminated(1), restarts=3)
    spec = {
        "selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}}, "spec": {}},
    }
    return snapshot(
        *(_of_deployment(name, one) for name in names),
        Deployment=[{"metadata": {"name": name, "generation": 1}, "spec": spec, "status": {}} for name in names],
        ReplicaSet=[replicaset(f"{name}-abc", 1, name) for name in names],
        Service=[_service(name) for name in names],
        Event=[event(f"{name}-abc-1", "BackOff", "Back-off restarting failed container") for name in names],
        **more,
    )


def _of_deployment(name: str, one: Json) -> Json:
    labels = {"app": name, "pod-template-hash": "abc"}
    return pod(
        one,
        name=f"{name}-abc-1",
        owner=owned_by("apps/v1", "ReplicaSet", f"{name}-abc"),
        metadata={"labels": labels},
    )


def _service(name: str) -> Json:
    return {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": [{"port": 80}]}}


def _crashing(count: int) -> Snapshot:
    says = "dial tcp: lookup db on 10.96.0.10:53: no such host\n"
    return _deployments(count, WAITING, logs={(f"app{at}-abc-1", "app"): says for at in range(count)})


def _without_image(count: int) -> Snapshot:
    return _deployments(count, NO_IMAGE)


def _lines_run(given: Snapshot) -> int:
    """How many lines of Python the rules run, each turn of a loop counted."""
    count, before = 0, sys.gettrace()

    def counted(_frame: FrameType, what: str, _of: object) -> Any:
        nonlocal count
        count += what == "line"
        return counted

    sys.settrace(counted)
    try:
        findings_of(given)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("scene", [_unplaced, _failed_jobs, _crashing, _without_image])
def test_twice_as_much_takes_twice_as_long(scene: Callable[[int], Snapshot]) -> None:
    assert len(findings_of(scene(FEW))) >= FEW  # what is imported once is

    few, many = (_lines_run(scene(count)) for count in (FEW, 2 * FEW))

    assert many < AT_MOST_TIMES * few
