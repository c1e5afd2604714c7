"""Rollouts that stand still, DaemonSets that run nowhere, and the healthy twins."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, owned_by, pod, snapshot, status
from tools.diagnose.diagnose import findings_of
from tools.json import Json


def made(name: str, spec: Json, status: Json) -> Json:
    meta = {"name": name, "namespace": "shop-dev", "generation": 1, "creationTimestamp": ago(600)}
    return {"metadata": meta, "spec": spec, "status": {"observedGeneration": 1, **status}}


def causes(**kinds: list[Json]) -> list[tuple[str, str, str]]:
    found = findings_of(snapshot(logs=None, **kinds))
    return [(one.cause, one.object.name, one.severity) for one in found]


def paused(updated: int) -> Json:
    return made("web", {"paused": True, "replicas": 1, "template": {}}, {"updatedReplicas": updated})


def late(**template: Any) -> Json:
    condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "m"}
    spec = {"progressDeadlineSeconds": 9, "replicas": 2, "template": {"spec": template}}
    return made("web", spec, {"availableReplicas": 1, "conditions": [condition]})


def nowhere(*, generation: int = 1, scheduled: int = 0, **template: Any) -> Json:
    item = made("agent", {"template": {"spec": template}}, {"desiredNumberScheduled": scheduled})
    item["metadata"]["generation"] = generation
    return item


def node(name: str, *taints: Json, **labels: str) -> Json:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": list(taints)}, "status": {}}


@pytest.mark.parametrize(
    ("kind", "item", "expected"),
    [
        ("Deployment", paused(0), [("RolloutPaused", "web", "warning")]),
        ("Deployment", paused(1), []),
        ("Deployment", late(), [("ProgressDeadlineExceeded", "web", "error")]),
    ],
)
def test_found_or_not(kind: str, item: Json, expected: list[tuple[str, str, str]]) -> None:
    assert causes(**{kind: [item]}) == expected


def test_the_readiness_gate_that_is_waited_for_is_named() -> None:
    waits = {"conditions": [{"type": "Ready", "status": "False", "reason": "ReadinessGatesNotReady"}]}
    runs = status({"running": {"startedAt": ago(300)}}, ready=True)
    gated = pod(runs, status=waits, owner=owned_by("apps/v1", "ReplicaSet", "web-abc"))
    gates = late(readinessGates=[{"conditionType": "example.com/lb"}])

    [finding] = findings_of(snapshot(gated, Deployment=[gates], ReplicaSet=[]))
    assert finding.summary == (
        "Deployment web made no progress for 9 s: 1 of 2 pods are available; "
        "their readiness gate example.com/lb is not met"
    )


DEDICATED = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
SICK = {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("item", "nodes", "said"),
    [
        (nowhere(nodeSelector={"disk": "ssd"}), [node("one")], "no node has the label disk"),
        (
            nowhere(nodeSelector={"disk": "sdd"}),
            [node("one", disk="ssd")],
            "it asks for nodes labelled disk=sdd; the nodes have disk=ssd",
        ),
        (
            nowhere(),
            [node("one", DEDICATED), node("two", DEDICATED, SICK)],
            "it does not tolerate the taint dedicated=db:NoSchedule on one, two",
        ),
        (
            nowhere(nodeSelector={"disk": "ssd"}),
            [node("one", DEDICATED, disk="ssd"), node("two")],
            "it does not tolerate the taint dedicated=db:NoSchedule on one",
        ),
        (nowhere(), [node("one", SICK)], "every node is left out"),
    ],
)
def test_why_a_daemonset_runs_nowhere(item: Json, nodes: list[Json], said: str) -> None:
    [finding] = findings_of(snapshot(DaemonSet=[item], Node=nodes))

    assert finding.cause == "DaemonSetNotScheduled"
    assert finding.summary.startswith("DaemonSet agent runs on no node: ")
    assert said in finding.summary
    assert finding.remedies or said == "every node is left out"


def test_a_daemonset_that_taints_keep_off_some_nodes_is_worth_knowing() -> None:
    nodes = [node("one"), node("two", DEDICATED), node("three", {"key": "node-role.kubernetes.io/control-plane"})]
    [finding] = findings_of(snapshot(DaemonSet=[nowhere(scheduled=1)], Node=nodes))

    assert (finding.cause, finding.severity) == ("DaemonSetNotScheduled", "info")
    assert finding.summary == (
        "DaemonSet agent leaves out 1 of 3 nodes: it does not tolerate the taint dedicated=db:NoSchedule on two"
    )
    tolerates = nowhere(scheduled=3, tolerations=[{"operator": "Exists"}])
    assert findings_of(snapshot(DaemonSet=[tolerates], Node=nodes)) == []


@pytest.mark.parametrize("item", [nowhere(generation=2), nowhere(scheduled=1)])
def test_a_daemonset_that_is_not_seen_yet_or_runs(item: Json) -> None:
    assert findings_of(snapshot(DaemonSet=[item], Node=[node("one")])) == []
