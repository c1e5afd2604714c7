"""What blocks a rollout, from pods and workloads as the API server writes them, and for how long it must stand."""

from typing import Any

import pytest

from tests.tools.kubernetes.test_rollout import (
    NEW,
    OLD,
    deployment,
    pod,
    waiting,
    workload,
)
from tools.cluster.client import Cluster
from tools.frame import ToolContext
from tools.json import Json
from tools.kubernetes.rollouts.blocks import (
    CONFIGURATION_S,
    MOUNT_S,
    NO_ROOM_S,
    PULL_FOR_GOOD_S,
    PULL_S,
    QUOTA_S,
    REFUSED_S,
    UNPLACED_S,
    UNSURE_PROBE_S,
    Block,
    allowed_s,
    blocks,
    certain_probe,
    fits_somewhere,
)
from tools.kubernetes.rollouts.state import Seen
from tools.kubernetes.rollouts.wait import Standing, blocked_by

QUOTA = 'pods "web-1" is forbidden: exceeded quota: team, requested: cpu=1, used: cpu=1, limited: cpu=1'
REFUSED = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": QUOTA}
LACKING = "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No victims."
TAINTED = "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: }."


def waits(reason: str, message: str = "") -> Json:
    state = waiting(reason)
    state["state"]["waiting"]["message"] = message
    return pod(**state)


def unplaced(message: str) -> Json:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    container = {"name": "app", "resources": {"requests": {"cpu": "4"}}}
    metadata = {"name": "web-1", "namespace": "shop", "uid": "p1", "labels": {"pod-template-hash": NEW}}
    status = {"phase": "Pending", "conditions": [condition]}
    return {"kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}, "status": status}


def unready(probe: Json, *, started: bool = True, **container: Any) -> Json:
    made = pod(ready=False, started=started)
    made["metadata"] |= {"namespace": "shop", "uid": "p1"}
    which = "readinessProbe" if started else "startupProbe"
    made["spec"] = {"containers": [{"name": "app", which: probe, **container}]}
    return made


def found(live: Json, *pods: Json) -> list[Block]:
    return list(blocks(Seen(live, pods, NEW)))


@pytest.mark.parametrize(
    ("seen", "sort", "after_s"),
    [
        (waits("ErrImagePull", "rpc error: registry/web:9: not found"), "pull", PULL_FOR_GOOD_S),
        (waits("ImagePullBackOff", "Back-off pulling image: dial tcp: i/o timeout"), "pull", PULL_S),
        (waits("CreateContainerConfigError", 'secret "db" not found'), "configuration", CONFIGURATION_S),
        (unplaced(TAINTED), "unplaced", UNPLACED_S),
        (unready({"periodSeconds": 10, "failureThreshold": 3, "initialDelaySeconds": 5}), "probe", 35),
        (unready({"periodSeconds": 1, "failureThreshold": 1}, started=False), "probe", 20),
    ],
)
def test_what_blocks_a_pod_must_stand_for_its_time(seen: Json, sort: str, after_s: float) -> None:
    (block,) = found(deployment(1), seen)
    assert (block.sort, block.after_s) == (sort, after_s)


@pytest.mark.parametrize("seen", [pod(), pod(ready=False)])
def test_what_is_on_its_way_blocks_nothing(seen: Json) -> None:
    assert found(deployment(1), {"spec": {"containers": [{"name": "app"}]}, **seen}) == []


def test_a_refusal_is_told_as_the_api_server_says_it() -> None:
    (block,) = found(deployment(2, conditions=[REFUSED]))
    assert (block.sort, block.after_s) == ("refused", REFUSED_S)
    assert "exceeded quota: team" in block.why


def test_a_quota_may_have_room_when_the_old_pods_are_gone() -> None:
    bound = REFUSED | {"message": "maximum memory usage per Container is 64Mi, but limit is 1Gi"}
    for pods, condition, after_s in (
        ([], REFUSED, REFUSED_S),
        ([pod(OLD)], REFUSED, QUOTA_S),
        ([pod(OLD, going=True)], REFUSED, QUOTA_S),
        ([pod(OLD)], bound, REFUSED_S),
    ):
        (block,) = found(deployment(1, conditions=[condition]), *pods)
        assert block.after_s == after_s
    assert found(deployment(1, conditions=[REFUSED]), pod()) == []


def test_a_paused_or_hand_driven_rollout_goes_on_only_by_hand() -> None:
    paused, by_hand = deployment(1), workload("DaemonSet", None, desiredNumberScheduled=1)
    paused["spec"]["paused"] = True
    by_hand["spec"]["updateStrategy"] = {"type": "OnDelete"}
    assert [block.sort for block in found(paused)] == ["held"]
    assert [block.sort for block in found(by_hand)] == ["held", "uncreated"]
    assert found(paused, pod()) == []


def test_the_end_of_the_scheduler_s_sentence_is_left_out() -> None:
    (block,) = found(deployment(1), unplaced(LACKING))
    assert block.why == "no node takes pod web-1: 0/1 nodes are available: 1 Insufficient cpu"


@pytest.mark.parametrize(
    ("said", "port", "certain"),
    [
        ("Readiness probe failed: HTTP probe failed with statuscode: 404", 8080, True),
        ("Readiness probe failed: HTTP probe failed with statuscode: 503", 8080, False),
        ("Readiness probe failed: dial tcp 10.0.0.1:9090: connect: connection refused", 9090, True),
        ("Readiness probe failed: dial tcp 10.0.0.1:8080: connect: connection refused", 8080, False),
        ("Readiness probe failed: dial tcp 10.0.0.1:8080: connect: connection refused", "http", False),
        ('strconv.Atoi: parsing "htpp": invalid syntax', "htpp", True),
    ],
)
def test_a_probe_that_asks_what_is_not_there_is_certain(said: str, port: int | str, certain: bool) -> None:
    container = {"name": "app", "ports": [{"containerPort": 8080, "name": "http"}]}
    assert certain_probe(said, {"httpGet": {"port": port}}, container) is certain


def test_a_refused_connection_says_nothing_where_no_port_is_declared() -> None:
    assert not certain_probe("connection refused", {"tcpSocket": {"port": 9090}}, {"name": "app"})
    assert allowed_s({}) == 30


def test_what_an_empty_node_would_have_may_become_free() -> None:
    nodes = [{"status": {"allocatable": {"cpu": size}}} for size in ("2", "8")]
    assert fits_somewhere(unplaced(LACKING), LACKING, nodes)
    assert not fits_somewhere(unplaced(LACKING), LACKING, nodes[:1])


# --- what has stood, and what speaks against it ----------------------------------------------------------


class Played:
    """A cluster that has these events and nodes."""

    def __init__(self, *events: Json, nodes: tuple[Json, ...] = ()) -> None:
        self.lists = {"events": list(events), "nodes": list(nodes)}

    def list(self, word: str, namespace: str | None, *, field_selector: str = "") -> list[Json]:
        assert (word == "events") == ("uid=" in field_selector)
        return self.lists[word]


def event(reason: str, message: str = "", container: str = "app") -> Json:
    about = {"fieldPath": f"spec.containers{{{container}}}"}
    said = {"reason": reason, "message": message, "lastTimestamp": "2026-01-01T00:00:00Z"}
    return {"metadata": {}, "involvedObject": about, **said}


def blocked_after(played: Played, seen: Json, *, live: Json | None = None, until_s: int = 400) -> tuple[int, str]:
    """After how many seconds a wait that sees this all the time ends, and what it says; "" where it does not."""
    now, standing = [0.0], Standing()
    context = ToolContext(_as_cluster(played), monotonic=lambda: now[0])
    for second in range(until_s):
        now[0] = float(second)
        pods = (seen,) if seen else ()
        if why := blocked_by(context, Seen(live or deployment(1), pods, NEW), standing):
            return second, why
    return until_s, ""


def _as_cluster(played: Played) -> Cluster:
    return played  # type: ignore[return-value]


ASKED = "Readiness probe failed"
NODE = {"status": {"allocatable": {"cpu": "8"}}}


def test_a_request_that_no_node_has_blocks_sooner_than_one_that_finds_no_room() -> None:
    assert blocked_after(Played(), unplaced(LACKING))[0] == UNPLACED_S
    assert blocked_after(Played(nodes=(NODE,)), unplaced(LACKING))[0] == NO_ROOM_S
    assert blocked_after(Played(nodes=(NODE,)), unplaced(TAINTED))[0] == UNPLACED_S


def test_a_node_that_joins_is_waited_for() -> None:
    assert blocked_after(Played(event("TriggeredScaleUp")), unplaced(LACKING)) == (400, "")


def test_an_application_that_may_be_starting_is_given_twice_the_time() -> None:
    slow, wrong = (event("Unhealthy", f"{ASKED}: HTTP probe failed with statuscode: {code}") for code in (503, 404))
    probe = {"httpGet": {"port": 8080}, "periodSeconds": 1}
    assert blocked_after(Played(wrong), unready(probe)) == (
        20,
        f"container app of pod web-{NEW} does not pass its readiness probe: {ASKED}: HTTP probe failed with "
        "statuscode: 404",
    )
    assert blocked_after(Played(slow), unready(probe))[0] == UNSURE_PROBE_S
    assert blocked_after(Played(slow), unready({**probe, "periodSeconds": 30}))[0] == 180
    assert blocked_after(Played(), unready(probe)) == (400, "")


def test_what_befalls_another_probe_or_container_says_nothing_of_this_one() -> None:
    wrong = "failed: HTTP probe failed with statuscode: 404"
    others = event("Unhealthy", f"Liveness probe {wrong}"), event("Unhealthy", f"Readiness probe {wrong}", "proxy")
    assert blocked_after(Played(*others), unready({"httpGet": {"port": 8080}})) == (400, "")


@pytest.mark.parametrize(
    ("events", "second"),
    [
        ([event("FailedMount", 'MountVolume.SetUp failed for volume "db" : secret "db" not found')], MOUNT_S),
        ([event("FailedMount", "MountVolume.SetUp failed: references non-existent secret key: password")], MOUNT_S),
        ([event("FailedMount", "Unable to attach or mount volumes: timed out")], 400),
        ([event("Pulling", "Pulling image"), event("FailedMount", 'secret "db" not found')], 400),
        ([], 400),
    ],
)
def test_a_volume_of_what_is_not_there_blocks(events: list[Json], second: float) -> None:
    seen = waits("ContainerCreating")
    seen["metadata"] |= {"namespace": "shop", "uid": "p1"}
    assert blocked_after(Played(*events), seen)[0] == second


def test_pods_that_are_not_created_block_where_the_last_event_says_so() -> None:
    stateful = workload("StatefulSet", 1)
    refused, made = (
        event("FailedCreate", QUOTA),
        event("SuccessfulCreate") | {"lastTimestamp": "2026-01-01T00:00:01Z"},
    )
    second, why = blocked_after(Played(refused), {}, live=stateful)
    assert (second, "exceeded quota: team" in why) == (REFUSED_S, True)
    assert blocked_after(Played(refused, made), {}, live=stateful) == (400, "")


def test_a_block_that_was_gone_begins_anew_and_one_that_moves_to_another_pod_goes_on() -> None:
    standing = Standing()
    first, second = Block("pull", "of pod a", 5, "app"), Block("pull", "of pod b", 5, "app")
    assert standing.seen_for([first], 1.0) == [(first, 0.0)]
    assert standing.seen_for([second], 4.0) == [(second, 3.0)]
    assert standing.seen_for([], 5.0) == []
    assert standing.seen_for([first], 6.0) == [(first, 0.0)]
