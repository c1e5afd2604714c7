"""Every condition type of the API's documentation: a status that states trouble is told, a healthy one is not.

The types are the constants of k8s.io/api: core/v1/types.go, apps/v1/types.go, batch/v1/types.go,
autoscaling/v2/types.go, policy/v1/types.go; https://kubernetes.io/docs/reference/kubernetes-api/ shows them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, pod, snapshot, status
from tools.diagnose.diagnose import findings_of
from tools.diagnose.findings import Finding
from tools.diagnose.reading import decoding
from tools.diagnose.reading.snapshot import Kind, Snapshot
from tools.diagnose.rules.workloads.conditions import SIGNS
from tools.json import Json

RUNS = status({"running": {"startedAt": ago(300)}}, ready=True)
TROUBLE: dict[Kind, dict[str, tuple[str, str]]] = {
    "Pod": {
        "PodScheduled": ("False", "Unschedulable"),
        "PodReadyToStartContainers": ("False", ""),
        "Initialized": ("False", "ContainersNotInitialized"),
        "ContainersReady": ("False", "ContainersNotReady"),
        "Ready": ("False", "ReadinessGatesNotReady"),
        "DisruptionTarget": ("True", "DeletionByTaintManager"),
        "PodResizePending": ("True", "Infeasible"),
        "PodResizeInProgress": ("True", "Error"),
        "AllContainersRestarting": ("True", ""),
    },
    "Deployment": {
        "Available": ("False", "MinimumReplicasUnavailable"),
        "Progressing": ("False", "ProgressDeadlineExceeded"),
        "ReplicaFailure": ("True", "FailedCreate"),
    },
    "ReplicaSet": {"ReplicaFailure": ("True", "FailedCreate")},
    "Job": {
        "Suspended": ("True", "JobSuspended"),
        "Failed": ("True", "BackoffLimitExceeded"),
        "FailureTarget": ("True", "PodFailurePolicy"),
    },
    "HorizontalPodAutoscaler": {
        "AbleToScale": ("False", "FailedUpdateScale"),
        "ScalingActive": ("False", "AmbiguousSelector"),
        "ScalingLimited": ("True", "TooManyReplicas"),
    },
    "PodDisruptionBudget": {"DisruptionAllowed": ("False", "SyncFailed")},
    "PersistentVolumeClaim": {
        "Resizing": ("True", ""),
        "FileSystemResizePending": ("True", ""),
        "ControllerResizeError": ("True", ""),
        "NodeResizeError": ("True", ""),
        "ModifyVolumeError": ("True", ""),
        "ModifyingVolume": ("True", ""),
    },
    "Service": {"LoadBalancerPortsError": ("True", "")},
    "Node": {
        "Ready": ("False", "KubeletNotReady"),
        "MemoryPressure": ("True", "KubeletHasInsufficientMemory"),
        "DiskPressure": ("True", "KubeletHasDiskPressure"),
        "PIDPressure": ("True", "KubeletHasInsufficientPID"),
        "NetworkUnavailable": ("True", "NoRouteCreated"),
        "KernelDeadlock": ("True", "DockerHung"),
        "StorageReady": ("False", "VolumeStuck"),
    },
}
"""By kind and type: the status and reason that state trouble."""
NEUTRAL = {("Job", "Complete"), ("Job", "SuccessCriteriaMet")}
"""Types that state none, whatever they say."""
EVERY = [(kind, name) for kind, types in TROUBLE.items() for name in types]
LONG = 3600.0


def condition(name: str, value: str, reason: str = "", *, since: float = LONG) -> Json:
    moment = ago(since)
    told = {"type": name, "status": value, "message": "the controller's own words", "lastTransitionTime": moment}
    return told | ({"reason": reason} if reason else {})


SPECS: dict[Kind, Json] = {
    "Deployment": {"replicas": 1, "progressDeadlineSeconds": 600},
    "HorizontalPodAutoscaler": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3},
    "PodDisruptionBudget": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    "Job": {"suspend": True},
    "Service": {"clusterIP": "10.0.0.1"},
    "PersistentVolumeClaim": {"accessModes": ["ReadWriteOnce"]},
}
STATES: dict[Kind, Json] = {
    "PodDisruptionBudget": {"expectedPods": 2, "currentHealthy": 2, "desiredHealthy": 1, "disruptionsAllowed": 1},
    "PersistentVolumeClaim": {"phase": "Bound"},
}


def taken(kind: Kind, *conditions: Json, name: str = "thing") -> Snapshot:
    """A namespace that is well but for the conditions of one object."""
    told = list(conditions)
    if kind == "Pod":
        return snapshot(pod(RUNS, owner=[], name=name, status={"conditions": told}, spec={"nodeName": "one"}))
    item = {
        "metadata": {"name": name, "namespace": "shop-dev", "creationTimestamp": ago(LONG)},
        "spec": SPECS.get(kind, {}),
        "status": {**STATES.get(kind, {}), "conditions": told},
    }
    if kind == "Node":
        item["metadata"]["name"] = "one"
    alone = pod(RUNS, owner=[], name="web", spec={"nodeName": "one"})
    kinds: dict[str, Any] = {"ReplicaSet": [], kind: [item]}
    return snapshot(alone, **kinds)


def told_of(kind: Kind, *conditions: Json) -> list[Finding]:
    return findings_of(taken(kind, *conditions))


def opposite(value: str) -> str:
    return "False" if value == "True" else "True"


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_trouble_is_told(kind: Kind, name: str) -> None:
    value, reason = TROUBLE[kind][name]

    [finding] = told_of(kind, condition(name, value, reason))

    assert (finding.object.kind, finding.object.name) == (kind, "one" if kind == "Node" else "thing")
    assert finding.evidence and finding.remedies


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_healthy_status_is_not(kind: Kind, name: str) -> None:
    assert told_of(kind, condition(name, opposite(TROUBLE[kind][name][0]), "AsItShouldBe")) == []


@pytest.mark.parametrize(("kind", "name"), sorted(NEUTRAL))
@pytest.mark.parametrize("value", ["True", "False"])
def test_what_states_no_trouble_is_not(kind: Kind, name: str, value: str) -> None:
    assert told_of(kind, condition(name, value)) == []


def test_every_type_that_is_judged_is_tried_here() -> None:
    assert {kind: set(types) for kind, types in SIGNS.items()} == {
        kind: {each for each in types if each in SIGNS[kind]} for kind, types in TROUBLE.items()
    }


YOUNG: list[tuple[Kind, str, str]] = [
    ("Pod", "PodScheduled", "Unschedulable"),
    ("Pod", "Ready", "ContainersNotReady"),
    ("Deployment", "Available", "MinimumReplicasUnavailable"),
    ("HorizontalPodAutoscaler", "ScalingActive", "FailedGetResourceMetric"),
    ("HorizontalPodAutoscaler", "ScalingLimited", "TooManyReplicas"),
    ("PodDisruptionBudget", "DisruptionAllowed", "InsufficientPods"),
    ("PersistentVolumeClaim", "Resizing", ""),
    ("PersistentVolumeClaim", "FileSystemResizePending", ""),
]


@pytest.mark.parametrize(("kind", "name", "reason"), YOUNG)
def test_what_passes_while_all_is_well_is_not_told_at_once(kind: Kind, name: str, reason: str) -> None:
    assert told_of(kind, condition(name, TROUBLE[kind][name][0], reason, since=5)) == []


@pytest.mark.parametrize("reason", ["TooFewReplicas", "ScaleUpLimit", "ScaleDownLimit"])
def test_the_minimum_and_the_pace_of_an_autoscaler_are_no_trouble(reason: str) -> None:
    assert told_of("HorizontalPodAutoscaler", condition("ScalingLimited", "True", reason)) == []


def test_one_finding_an_object_the_worst_first() -> None:
    [finding] = told_of(
        "PersistentVolumeClaim", condition("Resizing", "True"), condition("NodeResizeError", "True", "Failed")
    )

    assert finding.severity == "error"
    assert finding.summary == (
        "PersistentVolumeClaim thing: NodeResizeError is True (Failed): the controller's own words"
    )
    assert len(finding.evidence) == 2


def test_words_of_a_controller_are_one_line_and_cut() -> None:
    words = condition("ControllerResizeError", "True") | {"message": "no\n\x1b[31m" + "x" * 5000}

    [finding] = told_of("PersistentVolumeClaim", words)

    assert "\n" not in finding.summary and "\x1b" not in finding.summary and len(finding.summary) < 400


def test_a_well_pod_keeps_what_its_conditions_say_more() -> None:
    [bare] = taken("Pod", condition("PodResizePending", "True", "Infeasible")).of("Pod")

    [kept], _ = decoding.pods(json.dumps({"items": [bare]}).encode())

    assert kept["status"]["conditions"][0]["message"] == "the controller's own words"
