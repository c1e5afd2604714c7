"""Pods taken away, and pods that do not go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, owned_by, pod, snapshot, status
from tools.diagnose.findings import Finding, Known
from tools.diagnose.rules.scheduling import eviction, lost_nodes, preemption
from tools.diagnose.rules.workloads import terminating
from tools.json import Json

RUNS = status({"running": {"startedAt": ago(30)}}, ready=True)
LOW = (
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container app was using "
    "3Gi, request is 1Gi, has larger consumption of memory. "
)


def evicted(name: str, message: str, *, ago_s: float = 60, **changes: Any) -> Json:
    condition = {"type": "Ready", "status": "False", "lastTransitionTime": ago(ago_s)}
    told = {"reason": "Evicted", "message": message, "conditions": [condition]}
    return pod(name=name, phase="Failed", status=told, **changes)


def found(*pods: Json, **kinds: Any) -> list[Finding]:
    taken = snapshot(*pods, **kinds)
    rules = (eviction.RULE, preemption.RULE, lost_nodes.RULE, terminating.RULE)
    return [finding for rule in rules for finding in rule.find(taken, Known())]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (LOW, "its node was short of memory (50Mi left, the threshold is 100Mi), and container app was using 3Gi"),
        ('Container app exceeded its local ephemeral storage limit "20Mi". ', "than its limit of 20Mi"),
        ("The node had condition: [DiskPressure]. ", "its node had DiskPressure"),
    ],
)
def test_a_bare_pod_is_gone_for_good(message: str, said: str) -> None:
    [finding] = found(evicted("alone", message, owner=[]))

    assert (finding.cause, finding.severity) == ("Evicted", "error")
    assert said in finding.summary


def test_again_and_again_counts_and_once_does_not() -> None:
    now = pod(RUNS, name="shop-abc-3")
    first, second = evicted("shop-abc-1", LOW, ago_s=90), evicted("shop-abc-2", LOW)

    assert [each.severity for each in found(now, first)] == ["info"]
    assert [each.severity for each in found(now, first, second)] == ["error"]
    long_ago = found(now, evicted("shop-abc-1", LOW, ago_s=3000), evicted("shop-abc-2", LOW, ago_s=2000))
    assert [each.severity for each in long_ago] == ["info"]


def test_what_outgrew_its_own_limit_will_again() -> None:
    full = 'Usage of EmptyDir volume "work" exceeds the limit "8Mi". '

    [finding] = found(pod(RUNS, name="shop-abc-2"), evicted("shop-abc-1", full))

    assert finding.severity == "warning"
    assert finding.summary == (
        "a pod of Deployment shop was evicted: its emptyDir volume work holds more than its sizeLimit of 8Mi; "
        "a new one runs"
    )


def node(name: str, ready: str, **pressures: str) -> Json:
    conditions = [{"type": "Ready", "status": ready, "message": "Kubelet stopped posting node status."}]
    conditions += [{"type": kind, "status": value, "message": ""} for kind, value in pressures.items()]
    return {"metadata": {"name": name}, "spec": {}, "status": {"conditions": conditions}}


def test_a_lost_node_has_its_pods() -> None:
    on_it = pod(RUNS, spec={"nodeName": "one"})

    [finding] = found(on_it, Node=[node("one", "Unknown"), node("two", "Unknown")])
    assert (finding.cause, finding.object.kind, finding.object.name) == ("NodeNotReady", "Node", "one")
    assert finding.affected == ("shop-abc-1",)
    assert "does not answer (Kubelet stopped posting node status)" in finding.summary


def test_pressure_is_a_warning_and_a_healthy_node_nothing() -> None:
    on_it = pod(RUNS, spec={"nodeName": "one"})

    [finding] = found(on_it, Node=[node("one", "True", DiskPressure="True")])
    assert finding.severity == "warning"
    assert "short of disk space (DiskPressure)" in finding.summary
    assert found(on_it, Node=[node("one", "True", DiskPressure="False")]) == []


@pytest.mark.parametrize(
    ("past_s", "finalizers", "count"),
    [(20, ["a/b"], 0), (60, ["a/b"], 1), (60, [], 0), (300, [], 1)],
)
def test_a_pod_may_take_its_time_to_go(past_s: float, finalizers: list[str], count: int) -> None:
    going = pod(
        RUNS, metadata={"deletionTimestamp": ago(past_s), "finalizers": finalizers}, spec={"nodeName": "one"}
    )

    assert len(found(going)) == count


def test_a_pod_on_a_lost_node_is_the_node_s_finding() -> None:
    going = pod(
        RUNS,
        metadata={"deletionTimestamp": ago(900)},
        spec={"nodeName": "one"},
        owner=owned_by("apps/v1", "StatefulSet", "db"),
    )

    assert [each.cause for each in found(going, Node=[node("one", "Unknown")])] == ["NodeNotReady"]
