"""What a report says of a namespace that is young: what is so far, what is starting, and until when."""

from __future__ import annotations

from typing import Any

from tests.tools.diagnose.diagnose_objects import ago, pod, snapshot, status
from tools.diagnose.diagnose import judge
from tools.diagnose.render import render
from tools.json import Json

RUNNING = {"running": {"startedAt": ago(5)}}
MISSING = {"waiting": {"reason": "CreateContainerConfigError", "message": 'configmap "shop" not found'}}


def deployment(seconds: float, *, ready: int, **spec: Any) -> Json:
    return {
        "metadata": {"name": "shop", "creationTimestamp": ago(seconds)},
        "spec": {"replicas": 1, **spec},
        "status": {"availableReplicas": ready, "updatedReplicas": 1},
    }


def young(state: Json, seconds: float, *, ready: bool = False, **changes: Any) -> Json:
    return pod(status(state, ready=ready), metadata={"creationTimestamp": ago(seconds)}, **changes)


def test_what_names_a_missing_object_is_so_far_while_it_may_be_applied_with_it() -> None:
    report = judge(snapshot(young(MISSING, 2, phase="Pending"), Deployment=[deployment(2, ready=0)]))

    [found] = report["findings"]
    assert (found["severity"], found["so_far"], found["settles_at"]) == ("warning", True, ago(-1))
    assert (report["settled"], report["settles_at"], report["starting"]) == (False, ago(-1), [])
    assert "WARNING (so far) CreateContainerConfigError: " in render(report)


def test_after_that_it_is_an_error() -> None:
    report = judge(snapshot(young(MISSING, 3, phase="Pending"), Deployment=[deployment(3, ready=0)]))

    [found] = report["findings"]
    assert (found["severity"], found["so_far"], found["settles_at"]) == ("error", False, None)
    assert (report["settled"], report["settles_at"]) == (True, None)


def test_pods_that_are_not_ready_are_starting() -> None:
    report = judge(snapshot(young(RUNNING, 7), Deployment=[deployment(8, ready=0)]))

    assert report["findings"] == []
    assert report["starting"] == ["Deployment shop has 0 of 1 pods ready"]
    assert report["settles_at"] == ago(5 - 600)
    assert render(report) == (
        "shop-dev: starting (1 pod checked)\n"
        f"not settled: Deployment shop has 0 of 1 pods ready; judged by {ago(5 - 600)} at the latest"
    )


def test_a_workload_whose_pods_are_not_made_yet_is_starting() -> None:
    report = judge(snapshot(Deployment=[deployment(1, ready=0, progressDeadlineSeconds=60)]))

    assert (report["starting"], report["settles_at"]) == (["Deployment shop has 0 of 1 pods ready"], ago(-59))


def test_what_only_just_runs_is_starting() -> None:
    report = judge(snapshot(young(RUNNING, 7, ready=True), Deployment=[deployment(8, ready=1)]))

    assert (report["starting"], report["settles_at"]) == (
        ["Deployment shop has 1 pod that only just started"],
        ago(-5),
    )


def test_what_runs_for_a_while_is_settled() -> None:
    running = {"running": {"startedAt": ago(10)}}
    report = judge(snapshot(young(running, 12, ready=True), Deployment=[deployment(12, ready=1)]))

    assert (report["settled"], report["settles_at"], report["starting"]) == (True, None, [])
    assert render(report) == "shop-dev: nothing wrong (1 pod checked)"


def test_what_has_no_pods_on_purpose_is_settled() -> None:
    assert judge(snapshot(Deployment=[deployment(1, ready=0, paused=True)]))["settled"]
    assert judge(snapshot(Deployment=[deployment(1, ready=0, replicas=0)]))["settled"]


def test_a_workload_that_never_came_is_not_starting_for_ever() -> None:
    assert judge(snapshot(Deployment=[deployment(601, ready=0)]))["settled"]
