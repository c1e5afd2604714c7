"""How far a rollout is, judged from statuses as the API server writes them; and the wait for its end."""

import logging
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from agent.sandbox import Sandbox
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.cluster.errors import NotFound, Unreachable
from tools.cluster.resources import ObjectRef
from tools.errors import ArgumentsError
from tools.frame import (
    Result,
    Stopped,
    Tool,
    ToolContext,
)
from tools.json import Json
from tools.kubernetes.rollouts.blocks import CONFIGURATION_S, PULL_FOR_GOOD_S, UNPLACED_S
from tools.kubernetes.rollouts.state import Seen, judge, see
from tools.kubernetes.rollouts.wait import wait_for_rollout
from tools.risk import Risk

HASH = "pod-template-hash"
NEW, OLD = "7d9f8b6c5d", "6c4b9f7d8c"


def workload(kind: str, wanted: int | None, **status: Any) -> Json:
    spec: Json = {"selector": {"matchLabels": {"app": "web"}}} | ({} if wanted is None else {"replicas": wanted})
    metadata = {"name": "web", "namespace": "shop", "uid": "u1", "generation": 2}
    observed = {"observedGeneration": 2, **status}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec, "status": observed}


def deployment(wanted: int = 2, **status: Any) -> Json:
    return workload("Deployment", wanted, **status)


def pod(of: str = NEW, *, label: str = HASH, phase: str = "Running", going: bool = False, **container: Any) -> Json:
    metadata: Json = {"name": f"web-{of}", "labels": {"app": "web", label: of}}
    if going:
        metadata["deletionTimestamp"] = "2025-06-01T12:00:00Z"
    state = {
        "name": "app",
        "ready": True,
        "restartCount": 0,
        "state": {"running": {}},
        "lastState": {},
        **container,
    }
    return {"kind": "Pod", "metadata": metadata, "status": {"phase": phase, "containerStatuses": [state]}}


def init_pod(**state: Any) -> Json:
    made = pod()
    made["status"]["initContainerStatuses"] = [{"name": "migrate", "restartCount": 0, **state}]
    return made


def waiting(reason: str) -> Json:
    return {"state": {"waiting": {"reason": reason}}, "ready": False}


def ended(code: int, reason: str = "Error") -> Json:
    return {"terminated": {"exitCode": code, "reason": reason}}


AS_WANTED = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
HALF = {"replicas": 3, "updatedReplicas": 1, "readyReplicas": 2, "availableReplicas": 2, "unavailableReplicas": 1}
NOT_READY = {"replicas": 2, "updatedReplicas": 2, "unavailableReplicas": 2}
TOO_SLOW = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
MOVING = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
BOTH_NEW = [pod(), pod()]

JUDGED: list[tuple[str, Json, list[Json], str, str]] = [
    ("complete", deployment(**AS_WANTED), BOTH_NEW, "complete", "2 of 2 available"),
    ("half way", deployment(**HALF), [pod(), pod(OLD), pod(OLD)], "progressing", "1 of 2 updated, 2 available"),
    ("new pods not available", deployment(**NOT_READY), BOTH_NEW, "progressing", "2 of 2 updated, 0 available"),
    ("an old pod still runs", deployment(**AS_WANTED), [*BOTH_NEW, pod(OLD)], "progressing", "2 of 2 updated"),
    ("an old pod is going", deployment(**AS_WANTED), [*BOTH_NEW, pod(OLD, going=True)], "complete", "2 of 2"),
    (
        "an evicted pod is left over",
        deployment(**AS_WANTED),
        [*BOTH_NEW, pod(OLD, phase="Failed")],
        "complete",
        "2 of",
    ),
    (
        "a new pod was evicted",
        deployment(**AS_WANTED),
        [*BOTH_NEW, pod(phase="Failed", state=ended(137))],
        "complete",
        "2 of 2 available",
    ),
    (
        "a new pod is going, stopped",
        deployment(**AS_WANTED),
        [*BOTH_NEW, pod(going=True, state=ended(143))],
        "complete",
        "2 of 2 available",
    ),
    (
        "not seen yet",
        deployment(**AS_WANTED, observedGeneration=1),
        BOTH_NEW,
        "progressing",
        "has not seen the change",
    ),
    (
        "not seen yet, and crashed before",
        deployment(observedGeneration=1),
        [pod(**waiting("CrashLoopBackOff"))],
        "progressing",
        "the controller has not seen the change yet",
    ),
    ("no status at all", {**deployment(), "status": {}}, [], "progressing", "has not seen the change"),
    ("nothing is wanted", deployment(0), [], "complete", "0 of 0 available"),
    ("scaled down, pods left", deployment(0), [pod()], "progressing", "0 of 0 updated, 0 available"),
    ("the deadline is exceeded", deployment(**NOT_READY, conditions=[TOO_SLOW]), BOTH_NEW, "failed", "deadline"),
    ("another condition", deployment(**AS_WANTED, conditions=[MOVING]), BOTH_NEW, "complete", "2 of 2"),
    (
        "crash loop",
        deployment(**NOT_READY),
        [pod(**waiting("CrashLoopBackOff"))],
        "failed",
        f"container app of pod web-{NEW} is in CrashLoopBackOff",
    ),
    (
        "crash loop of the old pods only",
        deployment(**HALF),
        [pod(), pod(OLD, **waiting("CrashLoopBackOff"))],
        "progressing",
        "1 of 2 updated",
    ),
    ("image", deployment(**NOT_READY), [pod(**waiting("ErrImagePull"))], "progressing", "0 available"),
    ("no image", deployment(**NOT_READY), [pod(**waiting("InvalidImageName"))], "failed", "is in InvalidImageName"),
    ("starting", deployment(**NOT_READY), [pod(**waiting("ContainerCreating"))], "progressing", "0 available"),
    (
        "crashed",
        deployment(**NOT_READY),
        [pod(state=ended(1))],
        "failed",
        "app of pod .* ended: Error, exit code 1",
    ),
    (
        "killed for memory, runs again",
        deployment(**AS_WANTED),
        [pod(), pod(lastState=ended(137, "OOMKilled"), restartCount=1)],
        "failed",
        "OOMKilled, exit code 137",
    ),
    (
        "ended well once",
        deployment(**AS_WANTED),
        [pod(), pod(lastState=ended(0, "Completed"))],
        "complete",
        "2 of 2",
    ),
    ("an init container is done", deployment(**AS_WANTED), [pod(), init_pod(state=ended(0))], "complete", "2 of 2"),
    (
        "an init container fails",
        deployment(**NOT_READY),
        [init_pod(state=ended(2))],
        "failed",
        "container migrate of pod .* exit code 2",
    ),
    (
        "pods without status",
        deployment(**NOT_READY),
        [{"metadata": {"name": "p", "labels": {HASH: NEW}}}],
        "progressing",
        "0 available",
    ),
]


@pytest.mark.parametrize(("live", "pods", "state", "why"), [pytest.param(*case, id=name) for name, *case in JUDGED])
def test_a_deployments_rollout_is_judged(live: Json, pods: list[Json], state: str, why: str) -> None:
    progress = judge(live, pods, NEW)
    assert progress.state == state
    assert re.search(why, progress.why), progress.why


def of_revision(revision: str, **container: Any) -> Json:
    return pod(revision, label="controller-revision-hash", **container)


STATEFUL = {"replicas": 2, "updateRevision": NEW, "currentRevision": OLD}


@pytest.mark.parametrize(
    ("live", "pods", "state"),
    [
        (
            workload("StatefulSet", 2, **STATEFUL, updatedReplicas=2, availableReplicas=2),
            [of_revision(NEW)] * 2,
            "complete",
        ),
        (
            workload("StatefulSet", 2, **STATEFUL, updatedReplicas=1, availableReplicas=2),
            [of_revision(NEW), of_revision(OLD)],
            "progressing",
        ),
        (
            workload("StatefulSet", 2, **STATEFUL, updatedReplicas=1, availableReplicas=1),
            [of_revision(OLD), of_revision(NEW, **waiting("CrashLoopBackOff"))],
            "failed",
        ),
        (workload("StatefulSet", None, updatedReplicas=1, availableReplicas=1), [of_revision(NEW)], "complete"),
        (
            workload("DaemonSet", None, desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=3),
            [of_revision(NEW)] * 3,
            "complete",
        ),
        (
            workload("DaemonSet", None, desiredNumberScheduled=3, updatedNumberScheduled=1, numberAvailable=3),
            [of_revision(NEW), of_revision(OLD), of_revision(OLD)],
            "progressing",
        ),
        (
            workload("DaemonSet", None, desiredNumberScheduled=3, updatedNumberScheduled=3, numberAvailable=2),
            [of_revision(NEW)] * 3,
            "progressing",
        ),
        (
            workload("DaemonSet", None, desiredNumberScheduled=1, updatedNumberScheduled=1),
            [of_revision(NEW, **waiting("CrashLoopBackOff"))],
            "failed",
        ),
        (workload("DaemonSet", None), [], "complete"),
    ],
)
def test_the_other_workloads_are_judged_by_their_own_counts(live: Json, pods: list[Json], state: str) -> None:
    assert judge(live, pods, NEW).state == state


def test_pods_below_the_partition_are_not_waited_for() -> None:
    live = workload("StatefulSet", 3, **STATEFUL, updatedReplicas=1, availableReplicas=3)
    pods = [of_revision(NEW), of_revision(OLD), of_revision(OLD)]
    assert judge(live, pods, NEW).state == "progressing"
    live["spec"]["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    assert judge(live, pods, NEW).state == "complete"


def test_only_restarts_since_the_wait_began_break_a_rollout() -> None:
    pods = [pod(restartCount=2, lastState=ended(1)), pod(OLD, restartCount=40)]
    settled = {(f"web-{NEW}", "app"): 2}
    assert judge(deployment(1, updatedReplicas=1, availableReplicas=1), pods[:1], NEW, settled).state == "complete"
    again = [pod(restartCount=3, lastState=ended(0, "Completed"))]
    progress = judge(deployment(**AS_WANTED), again, NEW, settled)
    assert (progress.state, progress.why) == (
        "failed",
        f"container app of pod web-{NEW} ended: Completed, exit code 0",
    )


def test_what_is_well_when_the_wait_begins_is_settled() -> None:
    seen = Seen(deployment(), (pod(restartCount=4), pod(OLD, ready=False, restartCount=9)), NEW)
    assert seen.settled() == {(f"web-{NEW}", "app"): 4}


# --- the wait --------------------------------------------------------------------------------------------

WAIT = Tool(wait_for_rollout, Risk.READ)


@pytest.fixture(scope="module")
def cluster() -> Iterator[HttpCluster]:
    with Sandbox() as sandbox:
        yield connect(Where(document=sandbox.kubeconfig()))


class PlayedClock:
    """Time that passes only by sleeping; what is said meanwhile is kept."""

    def __init__(self) -> None:
        self.now = 100.0
        self.said: list[str] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def context(self, cluster: HttpCluster) -> ToolContext:
        return ToolContext(cluster, self.sleep, lambda: self.now, self.said.append)


def waited(cluster: HttpCluster, clock: PlayedClock, name: str, **given: Any) -> Result:
    outcome = WAIT(clock.context(cluster), {"namespace": "shop-dev", "name": name, **given})
    assert isinstance(outcome, Result)
    return outcome


def test_only_what_the_workload_selects_is_listed(cluster: HttpCluster, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "tools.cluster.client"):
        assert waited(cluster, PlayedClock(), "web", stable_s=2).ok
    asked = Counter(record.getMessage() for record in caplog.records)
    there = "GET /api{}/namespaces/shop-dev/{}"
    selected = "?labelSelector=app%3Dweb&limit=500"
    assert asked == {
        there.format("s/apps/v1", "deployments/web"): 3,
        there.format("s/apps/v1", f"replicasets{selected}"): 3,
        there.format("/v1", f"pods{selected}"): 3,
    }


def test_a_healthy_workload_must_stay_so(cluster: HttpCluster) -> None:
    clock = PlayedClock()
    outcome = waited(cluster, clock, "web", stable_s=7)
    assert outcome == Result("Deployment web in shop-dev is rolled out and healthy: 2 of 2 available.")
    assert clock.now == 107.0
    assert clock.said == ["Deployment web: 2 of 2 available"] * 7


def test_a_healthy_workload_is_done_at_once_if_it_need_not_stay_so(cluster: HttpCluster) -> None:
    clock = PlayedClock()
    assert waited(cluster, clock, "web", stable_s=0).ok
    assert clock.now == 100.0


def test_without_pods_nothing_is_watched() -> None:
    with Sandbox() as sandbox:
        own = connect(Where(document=sandbox.kubeconfig()))
        own.patch(ObjectRef("apps/v1", "Deployment", "shop-dev", "web"), {"spec": {"replicas": 0}})
        given = {"namespace": "shop-dev", "name": "web", "timeout_s": 20, "stable_s": 600}
        outcome = WAIT(ToolContext(own), given)
    assert isinstance(outcome, Result)
    assert outcome.ok


@pytest.mark.parametrize("name", ["checkout", "payments"])
def test_a_crash_ends_the_wait_at_once(cluster: HttpCluster, name: str) -> None:
    clock = PlayedClock()
    outcome = waited(cluster, clock, name)
    assert not outcome.ok
    assert outcome.text.startswith(
        f"The rollout of Deployment {name} in shop-dev failed: container app of pod {name}-"
    )
    assert outcome.text.endswith("Diagnose it to learn why.")
    assert clock.now == 100.0


@pytest.mark.parametrize(
    ("name", "why", "after_s"),
    [
        ("catalog", "is in (ImagePullBackOff|ErrImagePull): .*not found", PULL_FOR_GOOD_S),
        ("cart", 'is in CreateContainerConfigError: configmap "cart-config" not found', CONFIGURATION_S),
        ("search", "no node takes pod search-.*: 0/1 nodes are available: 1 Insufficient memory", UNPLACED_S),
    ],
)
def test_what_does_not_pass_by_itself_ends_the_wait_after_some_seconds(
    cluster: HttpCluster, name: str, why: str, after_s: float
) -> None:
    clock = PlayedClock()
    outcome = waited(cluster, clock, name)
    assert not outcome.ok
    assert re.search(rf"^The rollout of Deployment {name} in shop-dev is blocked: .*{why}", outcome.text), (
        outcome.text
    )
    assert clock.now == 100.0 + after_s


def test_what_has_not_stood_long_enough_ends_with_the_time(cluster: HttpCluster) -> None:
    clock = PlayedClock()
    outcome = waited(cluster, clock, "search", timeout_s=10)
    assert not outcome.ok
    assert "search in shop-dev is not complete after 10 s: 1 of 1 updated, 0 available" in outcome.text
    assert clock.now == 110.0


def test_what_nobody_could_see_at_the_end_is_neither_good_nor_bad_news() -> None:
    with Sandbox() as sandbox:
        gone = connect(Where(document=sandbox.kubeconfig()))
    clock = PlayedClock()
    with pytest.raises(Unreachable):
        waited(gone, clock, "web", timeout_s=1)
    assert clock.said[0].startswith("Deployment web: the cluster does not answer: get deployments/web: no answer")


def test_whoever_stops_the_session_stops_the_wait(cluster: HttpCluster) -> None:
    def stop(_seconds: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        WAIT(ToolContext(cluster, stop), {"namespace": "shop-dev", "name": "search"})


def test_a_workload_that_is_not_there_is_told(cluster: HttpCluster) -> None:
    with pytest.raises(NotFound, match="get statefulsets/web"):
        waited(cluster, PlayedClock(), "web", kind="StatefulSet")


@pytest.mark.parametrize("given", [{"timeout_s": 0}, {"timeout_s": 1801}, {"stable_s": -1}, {"kind": "Pod"}])
def test_the_wait_is_bounded(given: Json) -> None:
    with pytest.raises(ArgumentsError, match=next(iter(given))):
        WAIT.check({"namespace": "shop-dev", "name": "web", **given})


def test_a_change_that_was_just_made_is_not_complete(cluster: HttpCluster) -> None:
    target = ObjectRef("apps/v1", "Deployment", "shop-prod", "checkout")
    cluster.patch(target, {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}})
    seen = see(ToolContext(cluster), "Deployment", "checkout", "shop-prod")
    progress = judge(seen.workload, seen.pods, seen.newest)
    assert (progress.state, progress.why) == ("progressing", "the controller has not seen the change yet")
