"""What decides: the rules on objects that differ in one thing."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from tests.tools.diagnose.diagnose_objects import (
    ago,
    event,
    job,
    owned_by,
    pod,
    replicaset,
    snapshot,
    status,
    terminated,
)
from tools.apimachinery.quantity import MIB
from tools.diagnose.diagnose import judge
from tools.diagnose.facts.image_pulls import Trouble
from tools.diagnose.reading.snapshot import Snapshot
from tools.diagnose.rules.containers.memory import next_limit_bytes
from tools.diagnose.rules.images import image
from tools.json import Json

OOM = terminated(137, "OOMKilled")
CRASH = terminated(1)
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}


def running(for_s: float) -> Json:
    return {"running": {"startedAt": ago(for_s)}}


def findings(taken: Snapshot) -> list[Json]:
    found: list[Json] = judge(taken)["findings"]
    return found


def causes(*pods: Json, **kinds: Any) -> list[str]:
    return [found["cause"] for found in findings(snapshot(*pods, **kinds))]


@pytest.mark.parametrize(
    "now",
    [
        status({"terminated": OOM}),
        status({"terminated": OOM}, OOM, restarts=1),
        status(running(5), OOM, restarts=1, ready=True),
        status(running(5), OOM, restarts=1),
        status(BACK_OFF, OOM, restarts=2),
        status({"terminated": terminated(137)}, OOM, restarts=2),
        status({"waiting": {"reason": "ContainerCreating"}}, OOM, restarts=2),
    ],
)
def test_a_crash_loop_has_one_cause_at_every_instant(now: Json) -> None:
    assert causes(pod(now, limit="16Mi")) == ["OOMKilled"]


@pytest.mark.parametrize(
    "now",
    [
        status(running(3600), ready=True),
        status(running(3600), terminated(1, ended_s_ago=3601), restarts=7, ready=True),
        status(running(7200), terminated(1, ended_s_ago=7201), restarts=1),
        status({"waiting": {"reason": "ContainerCreating"}}),
        status(running(60), terminated(255, "Unknown"), restarts=1, ready=True),
    ],
)
def test_what_runs_or_starts_is_no_finding(now: Json) -> None:
    assert causes(pod(now)) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"metadata": {"deletionTimestamp": ago(5)}}, []),
        ({"phase": "Failed", "status": {"reason": "Evicted"}}, ["Evicted"]),
        ({"phase": "Succeeded"}, []),
        ({}, ["CrashLoopBackOff"]),
    ],
)
def test_only_pods_that_count(changes: Json, found: list[str]) -> None:
    assert causes(pod(status(BACK_OFF, CRASH, restarts=3), **changes)) == found


def test_only_the_newest_replicaset_counts() -> None:
    old = pod(status(BACK_OFF, CRASH, restarts=3))
    newer = [replicaset("shop-abc", 1), replicaset("shop-def", 2)]
    rolled_back = [replicaset("shop-abc", 3), replicaset("shop-def", 2)]

    assert causes(old, ReplicaSet=newer) == []
    assert causes(old, ReplicaSet=rolled_back) == ["CrashLoopBackOff"]


def test_without_replicasets_the_deployment_is_known_by_the_hash() -> None:
    taken = snapshot(pod(status(BACK_OFF, CRASH, restarts=3)), ReplicaSet=[])

    [found] = findings(taken)
    assert found["object"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "namespace": "shop-dev",
        "name": "shop",
    }


def test_pods_of_one_owner_with_one_cause_are_one_finding() -> None:
    crashing = [pod(status(BACK_OFF, CRASH, restarts=3), name=f"shop-abc-{each}") for each in (2, 1)]
    killed = pod(status(BACK_OFF, OOM, restarts=3), name="shop-abc-3")

    found = {each["cause"]: each["affected"] for each in findings(snapshot(*crashing, killed))}
    assert found == {"CrashLoopBackOff": ["shop-abc-1", "shop-abc-2"], "OOMKilled": ["shop-abc-3"]}


def test_jobs() -> None:
    def failed(name: str) -> Json:
        owner = owned_by("batch/v1", "Job", name)
        ended = status({"terminated": terminated(4)})
        return pod(ended, name=f"{name}-1", owner=owner, phase="Failed", restart_policy="Never")

    jobs = [
        job("alone"),
        job("mended", complete=True),
        job("night-1", created=ago(7200), cronjob="night"),
        job("night-2", created=ago(3600), cronjob="night"),
    ]
    found = findings(snapshot(*(failed(each["metadata"]["name"]) for each in jobs), Job=jobs))

    assert [(each["object"]["kind"], each["object"]["name"], each["affected"]) for each in found] == [
        ("CronJob", "night", ["night-2-1"]),
        ("Job", "alone", ["alone-1"]),
    ]


def test_exit_0_is_an_end_too_early_only_where_the_pod_must_run_on() -> None:
    done = status({"terminated": terminated(0, "Completed")})

    assert causes(pod(done)) == ["CrashLoopBackOff"]
    assert causes(pod(done, restart_policy="OnFailure")) == []


def test_init_containers_and_sidecars() -> None:
    def with_init(now: Json, **spec: str) -> Json:
        first = {"name": "first", "image": "shop:1", **spec}
        waits = status({"waiting": {"reason": "PodInitializing"}})
        return pod(
            waits, phase="Pending", spec={"initContainers": [first]}, status={"initContainerStatuses": [now]}
        )

    done = status({"terminated": terminated(0, "Completed")}, name="first")
    failed = status(BACK_OFF, terminated(2), restarts=2, name="first")

    assert causes(with_init(done)) == []
    assert causes(with_init(failed)) == ["CrashLoopBackOff"]
    assert causes(with_init(done, restartPolicy="Always")) == ["CrashLoopBackOff"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0 (a clean exit"),
        (1, "exit code 1 (an application error)"),
        (126, "126 (the command is not executable)"),
        (127, "127 (the command was not found)"),
        (134, "134 (ended by SIGABRT)"),
        (137, "137 (SIGKILL, not for want of memory)"),
        (139, "139 (SIGSEGV, a segmentation fault)"),
        (143, "143 (SIGTERM"),
    ],
)
def test_exit_codes_are_named(code: int, words: str) -> None:
    [found] = findings(snapshot(pod(status(BACK_OFF, terminated(code), restarts=2))))

    assert words in found["summary"]


def test_a_log_that_was_not_read_is_not_called_empty() -> None:
    crashed = pod(status(BACK_OFF, CRASH, restarts=2))

    [unread] = findings(snapshot(crashed))
    [empty] = findings(snapshot(crashed, logs={("shop-abc-1", "app"): ""}))
    assert "log" not in unread["summary"]
    assert empty["summary"].endswith("; its log is empty")


def test_a_probe_that_kills_is_named_whatever_the_exit_code() -> None:
    killing = event("shop-abc-1", "Killing", "Container app failed startup probe, will be restarted")
    other = event("shop-abc-1", "Killing", "Container web failed liveness probe", container="web")

    for code in (0, 137, 143):
        crashed = pod(status(BACK_OFF, terminated(code), restarts=2))
        [found] = findings(snapshot(crashed, Event=[other, killing]))
        assert found["cause"] == "StartupProbeFailed"
        assert "is killed by its startup probe" in found["summary"]


def test_a_log_cannot_break_out() -> None:
    hostile = "\x1b[31mERROR\x1b[0m \x1b]0;title\x07no\u202e such\x00 file " + "x" * 5000
    taken = snapshot(pod(status(BACK_OFF, CRASH, restarts=2)), logs={("shop-abc-1", "app"): hostile})

    [found] = findings(taken)
    assert 'its log says "ERROR no such file xxx' in found["summary"]
    assert len(found["summary"]) < 400
    assert found["summary"].isprintable()


@pytest.mark.parametrize(
    ("limit", "wanted"), [(16, 128), (128, 256), (256, 512), (100, 256), (412, 512), (1000, 2048)]
)
def test_next_limit(limit: int, wanted: int) -> None:
    assert next_limit_bytes(limit * MIB) == wanted * MIB


def test_the_remedy_is_the_tools_arguments() -> None:
    [found] = findings(snapshot(pod(status(BACK_OFF, OOM, restarts=2), limit="16Mi")))

    assert found["remedies"] == [
        {
            "title": "Raise the memory limit from 16Mi to 128Mi",
            "command": "kubectl set resources deployment/shop -n shop-dev -c app --limits=memory=128Mi",
            "tool": "set_resources",
            "arguments": {
                "namespace": "shop-dev",
                "kind": "Deployment",
                "name": "shop",
                "container": "app",
                "memory_limit": "128Mi",
            },
            "risk": "change",
        }
    ]


@pytest.mark.parametrize(("most", "wanted"), [("1Gi", "128Mi"), ("64Mi", "64Mi"), ("16Mi", None), ("8Mi", None)])
def test_the_remedy_keeps_within_the_limit_range(most: str, wanted: str | None) -> None:
    bounds = {
        "metadata": {"name": "bounds"},
        "spec": {
            "limits": [{"type": "Pod", "max": {"memory": "2Gi"}}, {"type": "Container", "max": {"memory": most}}]
        },
    }
    [found] = findings(snapshot(pod(status(BACK_OFF, OOM, restarts=2), limit="16Mi"), LimitRange=[bounds]))

    [remedy] = found["remedies"]
    assert (remedy["arguments"] or {}).get("memory_limit") == wanted
    assert (remedy["tool"] is None) == (wanted is None)


@pytest.mark.parametrize(
    "killed",
    [
        pod(status(BACK_OFF, OOM, restarts=2)),
        pod(status(BACK_OFF, OOM, restarts=2), limit="16Mi", owner=[]),
        pod(status(BACK_OFF, OOM, restarts=2), limit="16Mi", owner=owned_by("batch/v1", "Job", "once")),
    ],
    ids=["no limit", "bare pod", "job"],
)
def test_no_tool_where_no_tool_can_help(killed: Json) -> None:
    [found] = findings(snapshot(killed))

    assert found["cause"] == "OOMKilled"
    assert [remedy["tool"] for remedy in found["remedies"]] == [None]
    assert "set resources" not in found["remedies"][0]["command"]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("lookup reg.example on 10.0.0.1:53: no such host", "the host reg.example cannot be resolved"),
        ("unexpected status code 401 Unauthorized", "does not authorise"),
        ("pull access denied, repository does not exist or may require authorization", "does not authorise"),
        ("manifest unknown", "has no such image or tag"),
        ("429 Too Many Requests - toomanyrequests", "limits the rate"),
        ("tls: failed to verify certificate: x509: signed by unknown authority", "is not trusted"),
        ("dial tcp 10.0.0.1:443: connect: connection refused", "does not answer"),
        ("no match for platform in manifest", "not built for the node's architecture"),
        ("the moon is in the wrong house", "the moon is in the wrong house"),
    ],
)
def test_what_the_registry_says_is_boiled_down(message: str, words: str) -> None:
    waiting = {"waiting": {"reason": "ErrImagePull", "message": f'failed to pull "reg.example/t:401": {message}'}}
    pulling = pod(
        status(waiting), phase="Pending", spec={"containers": [{"name": "app", "image": "reg.example/t:401"}]}
    )

    [found] = findings(snapshot(pulling))
    assert words in found["summary"]


def test_older_kubelets_say_it_in_the_event_only() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "shop:1"'}}
    failed = event("shop-abc-1", "Failed", 'Failed to pull image "shop:1": shop:1: not found')

    [found] = findings(snapshot(pod(status(waiting), phase="Pending"), Event=[failed]))
    assert "no such image or tag" in found["summary"]
    assert found["evidence"][0]["source"] == "event"


def test_every_trouble_with_an_image_is_explained() -> None:
    assert set(image._WHY) == set(get_args(Trouble))
    assert {*image._SAID, "other"} == set(get_args(Trouble))


def test_a_node_with_room_leaves_the_request_alone() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient memory. preemption: not helpful.",
    }
    asks = {"containers": [{"name": "app", "resources": {"requests": {"memory": "1Gi"}}}]}
    waiting = pod(phase="Pending", spec=asks, status={"conditions": [condition], "containerStatuses": []})
    node = {"metadata": {"name": "one"}, "status": {"allocatable": {"memory": "2Gi", "cpu": "2"}}}

    [found] = findings(snapshot(waiting, Node=[node]))
    [blind] = findings(snapshot(waiting))
    assert found["summary"].endswith(
        "(it asks for memory 1Gi, the largest node has 2Gi, too much of it promised to other pods already)"
    )
    assert blind["summary"].endswith("(it asks for memory 1Gi)")
    assert [remedy["command"] for remedy in found["remedies"]] == ["kubectl describe nodes"]


def test_a_volume_of_what_is_not_there_counts_at_once() -> None:
    failed = event("shop-abc-1", "FailedMount", 'MountVolume.SetUp failed for volume "v" : secret "tls" not found')
    creating = status({"waiting": {"reason": "ContainerCreating"}})
    young = pod(creating, phase="Pending", metadata={"creationTimestamp": ago(3)})

    [found] = findings(snapshot(young, Event=[failed]))
    assert (found["cause"], found["severity"]) == ("FailedMount", "error")
    assert found["remedies"][0]["command"].startswith("kubectl create secret generic tls -n shop-dev")
