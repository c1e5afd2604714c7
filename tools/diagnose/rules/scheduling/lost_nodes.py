"""NodeNotReady: the node of pods does not answer, or is short of something.

Source: https://kubernetes.io/docs/concepts/architecture/nodes/#node-status
"""

from __future__ import annotations

from tools.diagnose.facts.owners import owner_of
from tools.diagnose.facts.present import pods_of_lost_nodes
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot
from tools.plaintext import one_line

NODE_NOT_READY = Cause(
    "NodeNotReady",
    topic="scaling",
    means="The node that pods run on does not answer any more, or says that it is short of something.",
    why=(
        "A kubelet reports every few seconds. When it does not, the node is marked NotReady and its pods not "
        "ready; after five minutes they are replaced elsewhere, those of StatefulSets only when they are "
        "deleted."
    ),
    mend="Have the node repaired, or deleted if it is gone for good: then its pods are replaced.",
    example="node one does not answer (Kubelet stopped posting node status), and 3 pods are on it",
    source="https://kubernetes.io/docs/concepts/architecture/nodes/#node-status",
    called=r"\bnode (is )?(lost|gone|not ready)\b",
)

_PRESSURES = {"MemoryPressure": "memory", "DiskPressure": "disk space", "PIDPressure": "process numbers"}


def lost_nodes(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """The nodes on which pods of the namespace are, and which are not well."""
    on_node: dict[str, list[Json]] = {}
    for pod in snapshot.of("Pod"):
        if status_of(pod).get("phase") not in ("Succeeded", "Failed"):
            on_node.setdefault(str(pod["spec"].get("nodeName") or ""), []).append(pod)
    found = []
    for node in snapshot.of("Node"):
        if pods := on_node.get(str(node["metadata"]["name"])):
            found += _of_node(node, sorted(pods, key=lambda pod: str(pod["metadata"]["name"])), snapshot)
    return found


def is_lost(node: Json) -> bool:
    """Whether its kubelet does not report, or says that it is not ready."""
    return any(each.get("type") == "Ready" and each.get("status") != "True" for each in conditions_of(node))


def _of_node(node: Json, pods: list[Json], snapshot: Snapshot) -> list[Finding]:
    name = str(node["metadata"]["name"])
    if is_lost(node):
        ready = next(each for each in conditions_of(node) if each.get("type") == "Ready")
        told = one_line(str(ready.get("message") or ready.get("reason")), 160)
        silent = ready.get("status") == "Unknown"
        count = (
            "one pod of this namespace is on it"
            if len(pods) == 1
            else f"{len(pods)} pods of this namespace are on it"
        )
        return [
            _finding(
                node,
                pods,
                f"node {name} {'does not answer' if silent else 'is not ready'} ({told.rstrip('.')}), and {count}",
                snapshot,
            )
        ]
    short = [
        kind
        for each in conditions_of(node)
        if (kind := each.get("type")) in _PRESSURES and each["status"] == "True"
    ]
    if not short:
        return []
    what = " and ".join(f"{_PRESSURES[kind]} ({kind})" for kind in short)
    summary = f"node {name} is short of {what}: it takes no new pods, and evicts some of those it has"
    return [_finding(node, pods, summary, snapshot)]


def _finding(node: Json, pods: list[Json], summary: str, snapshot: Snapshot) -> Finding:
    name = str(node["metadata"]["name"])
    lost = is_lost(node)
    return Finding(
        cause=NODE_NOT_READY,
        object=ObjectRef("v1", "Node", None, name),
        affected=tuple(pod["metadata"]["name"] for pod in pods) if lost else (),
        detail=summary,
        why=(
            "A node whose kubelet does not report is marked NotReady, and Services no longer lead to its pods. "
            "After five minutes they are deleted and replaced on other nodes; those of a StatefulSet only when "
            "the node comes back or is deleted."
            if lost
            else "The kubelet evicts pods from a node that runs short of memory, disk space or process numbers."
        ),
        evidence=tuple(
            Evidence(
                "status",
                f"Node {name}",
                one_line(f"{each.get('type')} is {each.get('status')}: {each.get('message')}"),
            )
            for each in conditions_of(node)
            if (each.get("status") != "True") == (each.get("type") == "Ready")
        ),
        remedies=(Remedy("See the node's conditions and events", f"kubectl describe node {name}", "read"),),
        severity="error" if lost else "warning",
        concerns=tuple(dict.fromkeys(owner_of(pod, snapshot) for pod in pods)) if lost else (),
    )


RULE = Rule(causes=(NODE_NOT_READY,), find=lost_nodes, reads={"Node": pods_of_lost_nodes})
