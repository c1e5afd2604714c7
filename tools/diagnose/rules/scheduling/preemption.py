"""Preempted: the scheduler ended a pod for one of higher priority, and the replacement finds no place.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
"""

from __future__ import annotations

import re

from tools.diagnose.facts.naming import event_said, said
from tools.diagnose.facts.owners import current_pods, owner_of
from tools.diagnose.facts.statuses import conditions_of
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot, once
from tools.plaintext import one_line

PREEMPTED = Cause(
    "Preempted",
    topic="scaling",
    means="The scheduler ended the pod to make room for one of higher priority, and it finds no other place.",
    why="When a pod of higher priority fits nowhere, the scheduler ends pods of lower priority on one node.",
    mend="Add room, ask for less, or give the workload a PriorityClass that says how much it matters.",
    example=(
        "a pod of Deployment report was preempted by Pod checkout-7d4b9-x2x (priority 1000) on node one, and "
        "its replacement finds no place"
    ),
    source="https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/",
    called=r"\bpreempt\w*",
)

_BY = re.compile(r"Preempted by (?:a )?pod (\S+) on node (\S+)|Preempted by (\S+) on node (\S+)")


def preempted(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Workloads whose preempted pods have no place now."""
    found: list[Finding] = []
    for owner, pods in _without_node(snapshot).items():
        if event := preemption_of(owner, pods, snapshot):
            found.append(_finding(owner, pods, event, snapshot))
    return found


def preemption_of(owner: ObjectRef, pods: list[str], snapshot: Snapshot) -> Json | None:
    """The event that says that a pod of this owner was ended for another; None when none was."""
    for event in _events(snapshot):
        name = str((event.get("involvedObject") or {}).get("name"))
        if name in pods or _may_own(owner, name):
            return event
    return None


@once
def _events(snapshot: Snapshot) -> list[Json]:
    found = [each for each in snapshot.of("Event") if each.get("reason") == "Preempted"]
    return sorted(found, key=lambda each: str((each.get("involvedObject") or {}).get("name")))


def _without_node(snapshot: Snapshot) -> dict[ObjectRef, list[str]]:
    groups: dict[ObjectRef, list[str]] = {}
    for pod in current_pods(snapshot):
        conditions = conditions_of(pod)
        refused = any(each.get("type") == "PodScheduled" and each.get("status") == "False" for each in conditions)
        if refused and not pod["spec"].get("schedulingGates"):
            groups.setdefault(owner_of(pod, snapshot), []).append(pod["metadata"]["name"])
    return groups


def _may_own(owner: ObjectRef, pod: str) -> bool:
    """By the name that its controller gave the pod: it is gone by now."""
    stem, _, suffix = pod.rpartition("-")
    if owner.kind == "Deployment":
        return stem.rpartition("-")[0] == owner.name
    return owner.kind in ("ReplicaSet", "StatefulSet", "DaemonSet", "Job") and stem == owner.name and bool(suffix)


def _finding(owner: ObjectRef, pods: list[str], event: Json, snapshot: Snapshot) -> Finding:
    victim = one_line(str((event.get("involvedObject") or {}).get("name")), 120)
    match = _BY.search(str(event.get("message")))
    by, node = (match[1] or match[3], match[2] or match[4]) if match else ("another pod", "its node")
    who = _winner(by, snapshot)
    return Finding(
        cause=PREEMPTED,
        object=owner,
        affected=tuple(pods),
        detail=(
            f"Pod {victim} of {said(owner)} was preempted by {who} on node {one_line(node, 120)}, and its "
            "replacement finds no place"
        ),
        why=(
            "Where a pod of higher priority fits on no node, the scheduler ends pods of lower priority to make "
            "room. What it ended waits until there is room elsewhere."
        ),
        evidence=(
            Evidence("event", f"Pod {victim}", one_line(event_said(event))),
            *(_unscheduled(name, snapshot) for name in pods[:1]),
        ),
        remedies=(
            Remedy(
                "See the priorities of the pods",
                f"kubectl get pods -n {snapshot.namespace} -o "
                "custom-columns=NAME:.metadata.name,PRIORITY:.spec.priority,NODE:.spec.nodeName",
                "read",
            ),
            Remedy("See what the nodes have and what is promised already", "kubectl describe nodes", "read"),
        ),
    )


def _winner(by: str, snapshot: Snapshot) -> str:
    """The pod by its name: newer schedulers give its UID only."""
    for pod in snapshot.of("Pod"):
        if pod["metadata"].get("uid") == by:
            return f"Pod {pod['metadata']['name']} of {said(owner_of(pod, snapshot))}"
    return f"a pod of higher priority ({one_line(by, 120)})"


def _unscheduled(name: str, snapshot: Snapshot) -> Evidence:
    pod = snapshot.named("Pod", name) or {}
    conditions = conditions_of(pod)
    told = next((str(each.get("message")) for each in conditions if each.get("type") == "PodScheduled"), "")
    return Evidence("status", f"Pod {name}", one_line(f"PodScheduled is False: {told}"))


RULE = Rule(causes=(PREEMPTED,), find=preempted)
