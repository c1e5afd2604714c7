"""TerminatingStuck: a pod that is deleted and does not go.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/ and
https://kubernetes.io/docs/tasks/run-application/force-delete-stateful-set-pod/
"""

from __future__ import annotations

from datetime import timedelta

from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.naming import about_pod, event_said, said, typed
from tools.diagnose.facts.owners import controller, owner_of
from tools.diagnose.facts.remedies import described, without_finalizers
from tools.diagnose.rules.scheduling.lost_nodes import is_lost
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot, grouped
from tools.plaintext import one_line

TERMINATING_STUCK = Cause(
    "TerminatingStuck",
    topic="debugging",
    means="A pod is being deleted and still there: its grace period is over, or so long that a workload waits.",
    why=(
        "A finalizer keeps an object until its controller has done its part and removes it; and a pod on a "
        "node goes only when the kubelet says that its containers have ended and its volumes are unmounted."
    ),
    mend="See whether the controller of the finalizer runs. Take one off by hand only if it is gone for good.",
    example="Pod checkout-0 is being deleted since 12 minutes: the finalizer example.com/hold keeps it",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/",
    called=r"\bterminating\b",
)

FINALIZED_WITHIN = timedelta(seconds=30)
ENDED_WITHIN = timedelta(minutes=2)
"""How long after its grace period a pod may still be there: volumes are unmounted, its network taken down."""

_ENDS = ("FailedKillPod", "FailedUnmount", "FailedUnMount", "ExceededGracePeriod")


def terminating(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Pods long past their grace period, those on lost nodes left out: there the node is the cause."""
    stuck = (pod for pod in snapshot.of("Pod") if _is_stuck(pod, snapshot))
    groups = grouped(stuck, lambda pod: (owner_of(pod, snapshot), _finalizers(pod)))
    return [
        _finding(owner, finalizers, sorted(pods, key=lambda pod: str(pod["metadata"]["name"])), snapshot)
        for (owner, finalizers), pods in groups.items()
    ]


def _is_stuck(pod: Json, snapshot: Snapshot) -> bool:
    """`deletionTimestamp` is when the grace period ends."""
    due = parse_time(pod["metadata"].get("deletionTimestamp"))
    node = snapshot.named("Node", str(pod["spec"].get("nodeName") or ""))
    if due is None or (node is not None and is_lost(node)):
        return False
    return snapshot.taken_at - due > (FINALIZED_WITHIN if _finalizers(pod) else ENDED_WITHIN)


def _finalizers(pod: Json) -> tuple[str, ...]:
    return tuple(sorted(str(each) for each in pod["metadata"].get("finalizers") or ()))


def _finding(owner: ObjectRef, finalizers: tuple[str, ...], pods: list[Json], snapshot: Snapshot) -> Finding:
    pod = pods[0]
    name = str(pod["metadata"]["name"])
    named = one_line(", ".join(finalizers), 160)
    node = one_line(str(pod["spec"].get("nodeName") or ""), 120)
    lost = node and snapshot.of("Node") and snapshot.named("Node", node) is None
    if finalizers:
        because = f"the finalizer {named} keeps it" if len(finalizers) == 1 else f"finalizers keep it: {named}"
    elif lost:
        because = f"its node {node} does not exist any more"
    else:
        because = f"node {node} has not said that it ended" if node else "the API server still holds it"
    direct = controller(pod)
    holds_place = direct is not None and direct["kind"] == "StatefulSet"
    more = f" and {len(pods) - 1} more" if len(pods) > 1 else ""
    of_owner = "" if owner.kind == "Pod" else f" of {said(owner)}"
    holds = "; until then no pod of that name can be made" if holds_place else ""
    return Finding(
        cause=TERMINATING_STUCK,
        object=owner,
        affected=tuple(each["metadata"]["name"] for each in pods),
        detail=f"Pod {name}{more}{of_owner} is being deleted but does not go: {because}{holds}",
        why=_why(finalizers),
        evidence=tuple(_evidence(pod, finalizers, snapshot)),
        remedies=tuple(_remedies(pod, finalizers, snapshot)),
        severity="error" if holds_place else "warning",
    )


def _why(finalizers: tuple[str, ...]) -> str:
    if finalizers:
        return (
            "A finalizer is a controller's mark on an object: it is only removed from the cluster when that "
            "controller has cleaned up and taken its mark away. If the controller is gone, nobody does."
        )
    return (
        "A pod on a node goes only when that node's kubelet says that its containers have ended and its volumes "
        "are unmounted; a process in uninterruptible sleep, a volume or a lost node can hold it."
    )


def _evidence(pod: Json, finalizers: tuple[str, ...], snapshot: Snapshot) -> list[Evidence]:
    due = pod["metadata"].get("deletionTimestamp")
    evidence = [about_pod("status", pod, f"its grace period ended at {due}")]
    if finalizers:
        evidence.append(about_pod("spec", pod, f"metadata.finalizers: {', '.join(finalizers)}"))
    events = snapshot.events_of("Pod", pod["metadata"]["name"])
    told = [each for each in events if each.get("reason") in _ENDS]
    return evidence + [about_pod("event", pod, event_said(each)) for each in told[:1]]


def _remedies(pod: Json, finalizers: tuple[str, ...], snapshot: Snapshot) -> list[Remedy]:
    where = f"{pod['metadata']['name']} -n {snapshot.namespace}"
    if finalizers:
        ref = ObjectRef("v1", "Pod", snapshot.namespace, pod["metadata"]["name"])
        look = described(ref, "See the pod, and whether the finalizer's controller runs")
        return [look, without_finalizers(typed(ref))]
    return [
        Remedy("See the pod and its node", f"kubectl get pod {where} -o wide", "read"),
        Remedy(
            "Only if its node is gone for good: delete it by force",
            f"kubectl delete pod {where} --grace-period=0 --force",
            "delete",
        ),
    ]


RULE = Rule(causes=(TERMINATING_STUCK,), find=terminating)
