"""TerminatingStuck: a workload that has too few pods, and waits for one that is being deleted.

A Deployment of strategy Recreate, a StatefulSet, a DaemonSet and a Job whose podReplacementPolicy is Failed make a
new pod only when the one before is gone.
Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination and
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#recreate-deployment
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

import msgspec

from tools.diagnose import timing
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.naming import about_pod, event_said, said
from tools.diagnose.facts.owners import current_pods_of, owner_of
from tools.diagnose.facts.rollback import is_ready
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.report import moment
from tools.diagnose.rules.workloads.terminating import ENDED_WITHIN, TERMINATING_STUCK
from tools.diagnose.terms import Evidence, Finding, Json, Kind, Known, ObjectRef, Remedy, Rule, Snapshot

TOLD_AFTER = timedelta(seconds=35)
"""The grace period that pods have by default, and the moment in which a pod goes after it."""
_DEFAULT_GRACE_S = 30


class Draining(msgspec.Struct, frozen=True):
    """A pod that is being deleted: since when, and when it is killed at the latest."""

    pod: Json
    since: datetime
    due: datetime


def held_by_draining(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Workloads that wait for a pod that takes its time to end, by the oldest of these."""
    groups: dict[ObjectRef, list[Draining]] = {}
    for pod in snapshot.of("Pod"):
        if (draining := _draining(pod)) is not None:
            groups.setdefault(owner_of(pod, snapshot), []).append(draining)
    return [
        _finding(owner, sorted(group, key=lambda each: each.since), snapshot)
        for owner, group in groups.items()
        if not known.tells_of(owner) and _waits(owner, group, snapshot)
    ]


def _draining(pod: Json) -> Draining | None:
    meta = pod["metadata"]
    due = parse_time(meta.get("deletionTimestamp"))
    if due is None or status_of(pod).get("phase") not in ("Running", "Pending"):
        return None
    grace = meta.get("deletionGracePeriodSeconds")
    return Draining(pod, due - timedelta(seconds=_DEFAULT_GRACE_S if grace is None else int(grace)), due)


def _waits(owner: ObjectRef, group: list[Draining], snapshot: Snapshot) -> bool:
    """Whether it makes no new pod before these are gone, has too few that are ready, and that lasts."""
    item = snapshot.named(cast("Kind", owner.kind), owner.name)
    if item is None or not any(snapshot.taken_at - each.since > TOLD_AFTER for each in group):
        return False
    ready = sum(map(is_ready, current_pods_of(owner, snapshot)))
    spec, status = item.get("spec") or {}, status_of(item)
    replicas = 1 if spec.get("replicas") is None else int(spec["replicas"])
    match owner.kind:
        case "Deployment":
            return (spec.get("strategy") or {}).get("type") == "Recreate" and ready < replicas
        case "StatefulSet":
            return ready < replicas
        case "DaemonSet":
            return ready < int(status.get("desiredNumberScheduled") or 0)
        case "Job":
            return spec.get("podReplacementPolicy") == "Failed" and not status.get("active")
        case _:
            return False


def _finding(owner: ObjectRef, group: list[Draining], snapshot: Snapshot) -> Finding:
    first = group[0]
    pod, name = first.pod, str(first.pod["metadata"]["name"])
    latest = max(each.due for each in group)
    recreate = "its strategy Recreate" if owner.kind == "Deployment" else "it"
    more = f" and {len(group) - 1} more" if len(group) > 1 else ""
    finding = Finding(
        cause=TERMINATING_STUCK,
        object=owner,
        affected=tuple(str(each.pod["metadata"]["name"]) for each in group),
        detail=(
            f"{said(owner)} has too few pods: {recreate} waits for pod {name}{more}, Terminating since "
            f"{moment(first.since)}{_hook(pod)}; it is killed at {moment(latest)} at the latest"
        ),
        why=(
            "A pod that is deleted is asked to end (its preStop hook, then SIGTERM), and has its grace period for "
            "it; only then is it killed. Until it is gone, no pod takes its place here."
        ),
        evidence=tuple(_evidence(first, snapshot)),
        remedies=(
            Remedy("See what it still does", f"kubectl logs {name} -n {snapshot.namespace} --tail=20", "read"),
            Remedy(
                "Or end it at once, if what it does may be cut off",
                f"kubectl delete pod {name} -n {snapshot.namespace} --grace-period=0 --force",
                "delete",
            ),
        ),
    )
    deadline = first.since + timedelta(seconds=timing.deadline_s(owner, snapshot))
    return timing.so_far(finding, min(deadline, latest + ENDED_WITHIN), snapshot)


def _hook(pod: Json) -> str:
    """The containers whose preStop hook may be what takes so long."""
    spec = pod["spec"]
    hooked = [
        str(each["name"]) for each in spec.get("containers") or () if (each.get("lifecycle") or {}).get("preStop")
    ]
    if not hooked:
        return " (it does not end on SIGTERM)"
    return f" (container {hooked[0]} has a preStop hook)"


def _evidence(draining: Draining, snapshot: Snapshot) -> list[Evidence]:
    pod = draining.pod
    grace = pod["metadata"].get("deletionGracePeriodSeconds")
    evidence = [
        about_pod("status", pod, f"deletionTimestamp: {moment(draining.due)}, deletionGracePeriodSeconds: {grace}"),
        about_pod(
            "spec", pod, f"terminationGracePeriodSeconds: {pod['spec'].get('terminationGracePeriodSeconds')}"
        ),
    ]
    for container in pod["spec"].get("containers") or ():
        if hook := (container.get("lifecycle") or {}).get("preStop"):
            command = (hook.get("exec") or {}).get("command")
            text = " ".join(map(str, command)) if command else str(hook)
            evidence.append(about_pod("spec", pod, f"container {container['name']}, preStop: {text}"))
    events = snapshot.events_of("Pod", pod["metadata"]["name"])
    told = [each for each in events if each.get("reason") in ("FailedPreStopHook", "FailedKillPod")]
    return evidence + [about_pod("event", pod, event_said(each)) for each in told[:1]]


RULE = Rule(causes=(TERMINATING_STUCK,), find=held_by_draining)
