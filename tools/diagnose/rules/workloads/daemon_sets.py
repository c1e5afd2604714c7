"""DaemonSets that run nowhere, or not on every node they could.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations
"""

from __future__ import annotations

from msgspec.structs import replace

from tools.diagnose.facts.naming import said
from tools.diagnose.facts.node_labels import takes
from tools.diagnose.facts.present import anything
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.facts.taints import untolerated_of
from tools.diagnose.rules.scheduling.obstacles import Obstacle, Waiting
from tools.diagnose.rules.scheduling.placement import obstacles
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Rule, Snapshot

_DOC = "https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/"

DAEMON_SET_NOT_SCHEDULED = Cause(
    "DaemonSetNotScheduled",
    topic="deploying-apps",
    means="A DaemonSet runs on no node at all; or, which is only worth knowing, taints keep it off some.",
    why="No node matches its nodeSelector or affinity, or it does not tolerate a taint.",
    mend="Correct the nodeSelector, or tolerate the taint.",
    example="DaemonSet agent runs on no node: none of 3 has disk=ssd",
    source=_DOC + "#running-pods-on-select-nodes",
    called=r"\bdaemon ?sets?\b",
)

_OF_THE_CLUSTER = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
"""Taints that tell of a node's state: the pods of DaemonSets tolerate them."""
_OF_ROLES = "node-role.kubernetes.io/"
"""Taints of nodes that are not for everybody's pods: to keep off them is the rule."""


def daemon_sets(snapshot: Snapshot, known: Known) -> list[Finding]:
    """DaemonSets without a single node to run on, and those that a taint keeps off some nodes."""
    found = (
        _daemon_set(item, snapshot)
        for item in snapshot.of("DaemonSet")
        if snapshot.of("Node") and _is_seen(item) and not known.explains("DaemonSet", item["metadata"]["name"])
    )
    return [finding for finding in found if finding is not None]


def _is_seen(item: Json) -> bool:
    """Whether its controller has seen it as it is now."""
    status, meta = status_of(item), item["metadata"]
    return not meta.get("deletionTimestamp") and status.get("observedGeneration") == meta.get("generation")


def _daemon_set(item: Json, snapshot: Snapshot) -> Finding | None:
    ref = ObjectRef("apps/v1", "DaemonSet", snapshot.namespace, item["metadata"]["name"])
    status = status_of(item)
    if status.get("desiredNumberScheduled"):
        return _left_out(item, ref, snapshot)
    return None if status.get("currentNumberScheduled") else _nowhere(item, ref, snapshot)


def _left_out(item: Json, ref: ObjectRef, snapshot: Snapshot) -> Finding | None:
    pod = _pod_of(item)
    nodes = [_without(node, (*_OF_THE_CLUSTER, _OF_ROLES)) for node in snapshot.of("Node") if takes(node, pod)]
    closed = tuple(node for node in nodes if untolerated_of(node, pod))
    waiting = Waiting(pod, ref, "untolerated taint", _with_nodes(closed, snapshot))
    obstacle = next(iter(obstacles(waiting)), None) if closed else None
    if obstacle is None:
        return None
    return Finding(
        cause=DAEMON_SET_NOT_SCHEDULED,
        object=ref,
        detail=f"{said(ref)} leaves out {len(closed)} of {len(nodes)} nodes: {obstacle.said}",
        why="A DaemonSet runs on the nodes whose taints it tolerates; often that is meant so.",
        evidence=(
            Evidence("status", said(ref), f"desiredNumberScheduled: {item['status']['desiredNumberScheduled']}"),
            *(Evidence("spec", said(ref), each) for each in obstacle.spec),
        ),
        remedies=obstacle.remedies,
        severity="info",
    )


def _nowhere(item: Json, ref: ObjectRef, snapshot: Snapshot) -> Finding:
    obstacle = _obstacle(item, ref, snapshot)
    because = obstacle.said if obstacle and obstacle.said else "every node is left out"
    return Finding(
        cause=DAEMON_SET_NOT_SCHEDULED,
        object=ref,
        detail=f"{said(ref)} runs on no node: {because}",
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
    pod = _pod_of(item)
    fitting = [node for node in snapshot.of("Node") if takes(node, pod)]
    if not fitting:
        waiting = Waiting(pod, ref, "node affinity", snapshot)
    else:
        nodes = tuple(_without(node, _OF_THE_CLUSTER) for node in fitting)
        waiting = Waiting(pod, ref, "untolerated taint", _with_nodes(nodes, snapshot))
    return next(iter(obstacles(waiting)), None)


def _pod_of(item: Json) -> Json:
    return {"spec": ((item["spec"].get("template") or {}).get("spec")) or {}}


def _with_nodes(nodes: tuple[Json, ...], snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, objects={**snapshot.objects, "Node": nodes})


def _without(node: Json, prefixes: tuple[str, ...]) -> Json:
    """A node without the taints whose keys begin so."""
    spec = node.get("spec") or {}
    kept = [each for each in spec.get("taints") or () if not str(each.get("key")).startswith(prefixes)]
    return {**node, "spec": {**spec, "taints": kept}}


RULE = Rule(causes=(DAEMON_SET_NOT_SCHEDULED,), find=daemon_sets, reads={"Node": anything})
