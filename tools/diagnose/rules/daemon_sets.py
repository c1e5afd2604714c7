"""DaemonSets that run nowhere.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tools.cluster.resources import ObjectRef
from tools.diagnose.findings import Evidence, Finding
from tools.diagnose.lesson import Lesson
from tools.diagnose.naming import said
from tools.diagnose.node_labels import takes
from tools.diagnose.rules.obstacles import Obstacle, Waiting
from tools.diagnose.rules.placement import obstacles
from tools.diagnose.workloads import settled

if TYPE_CHECKING:
    from tools.cluster.client import Json
    from tools.diagnose.findings import Known
    from tools.diagnose.snapshot import Snapshot

_DOC = "https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/"

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        cause="DaemonSetNotScheduled",
        means="A DaemonSet runs on no node at all.",
        why="No node matches its nodeSelector or affinity, or each has a taint that it does not tolerate.",
        mend="Correct the nodeSelector, or tolerate the taint.",
        example="DaemonSet agent runs on no node: none of 3 has disk=ssd",
        source=_DOC + "#running-pods-on-select-nodes",
    ),
)

_OF_THE_CLUSTER = "node.kubernetes.io/"
"""Taints that tell of a node's state: the pods of DaemonSets tolerate them."""


def daemon_sets(snapshot: Snapshot, known: Known) -> list[Finding]:
    """DaemonSets without a single node to run on."""
    return [
        _finding(item, snapshot)
        for item in snapshot.of("DaemonSet")
        if _runs_nowhere(item)
        and snapshot.of("Node")
        and settled(item, snapshot)
        and not known.explains("DaemonSet", item["metadata"]["name"])
    ]


def _runs_nowhere(item: Json) -> bool:
    status = item.get("status") or {}
    return (
        not item["metadata"].get("deletionTimestamp")
        and status.get("observedGeneration") == item["metadata"].get("generation")
        and status.get("desiredNumberScheduled") == 0
        and not status.get("currentNumberScheduled")
    )


def _finding(item: Json, snapshot: Snapshot) -> Finding:
    ref = ObjectRef("apps/v1", "DaemonSet", snapshot.namespace, item["metadata"]["name"])
    obstacle = _obstacle(item, ref, snapshot)
    because = obstacle.said if obstacle and obstacle.said else "every node is left out"
    return Finding(
        cause="DaemonSetNotScheduled",
        object=ref,
        container=None,
        affected=(),
        summary=f"{said(ref)} runs on no node: {because}",
        why="A DaemonSet runs on the nodes that match its nodeSelector and affinity and whose taints it tolerates.",
        evidence=(
            Evidence("status", said(ref), "desiredNumberScheduled: 0"),
            *(Evidence("spec", said(ref), each) for each in (obstacle.spec if obstacle else ())),
        ),
        remedies=obstacle.remedies if obstacle else (),
        severity="warning",
    )


def _obstacle(item: Json, ref: ObjectRef, snapshot: Snapshot) -> Obstacle | None:
    """No node has the labels; or those that have them have taints that keep its pods off."""
    pod = {"spec": ((item["spec"].get("template") or {}).get("spec")) or {}}
    fitting = [node for node in snapshot.of("Node") if takes(node, pod)]
    if not fitting:
        waiting = Waiting(pod, ref, "node affinity", snapshot)
    else:
        nodes = tuple(_without_states(node) for node in fitting)
        waiting = Waiting(
            pod, ref, "untolerated taint", replace(snapshot, objects={**snapshot.objects, "Node": nodes})
        )
    return next(iter(obstacles(waiting)), None)


def _without_states(node: Json) -> Json:
    spec = node.get("spec") or {}
    kept = [each for each in spec.get("taints") or () if not str(each.get("key")).startswith(_OF_THE_CLUSTER)]
    return {**node, "spec": {**spec, "taints": kept}}
