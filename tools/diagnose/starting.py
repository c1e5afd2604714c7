"""What may still become well or bad, and shows no fault: pods and workloads that are not there yet, or only just.

A namespace with any of it is not settled: "nothing wrong" would be said too early.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import msgspec

from tools.diagnose import timing
from tools.diagnose.facts.autoscalers import measured_by
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.owners import controller, current_pods, has_ended, owner_of
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.findings import Starting
from tools.diagnose.terms import Finding, Json, Known, ObjectRef, Snapshot, once


class Counts(msgspec.Struct, frozen=True):
    """How many pods of a workload there should be, and how many are well; `since`: when that was last changed."""

    ref: ObjectRef
    wanted: int
    well: int
    since: datetime | None


def starting(snapshot: Snapshot, findings: Collection[Finding]) -> list[Starting]:
    """One for each workload, or pod without one, of which neither a finding tells nor that it is well."""
    known = Known(findings)
    groups: dict[ObjectRef, list[tuple[str, datetime]]] = {}
    for pod in current_pods(snapshot):
        name, owner = str(pod["metadata"]["name"]), owner_of(pod, snapshot)
        judged_at = None if known.explains_pod(name) else _judged_at(pod, owner, snapshot)
        if judged_at is not None and judged_at > snapshot.taken_at:
            groups.setdefault(owner, []).append((name, judged_at))
    counted = {each.ref: each for each in counts(snapshot)}
    for each in counted.values():
        until = each.since and each.since + timedelta(seconds=timing.deadline_s(each.ref, snapshot))
        if each.well < each.wanted and until is not None and until > snapshot.taken_at:
            groups.setdefault(each.ref, []).append(("", until))
    found = [_one(owner, waiting, counted.get(owner)) for owner, waiting in groups.items()]
    standing_by = {each.object for each in findings if each.cause == "ReadinessProbeFailed"}
    return [
        each
        for each in (*found, *_unmeasured(snapshot))
        if each.object not in standing_by and not known.explains(each.object.kind, each.object.name)
    ]


def _unmeasured(snapshot: Snapshot) -> Iterator[Starting]:
    for item in snapshot.of("HorizontalPodAutoscaler"):
        until = measured_by(item, snapshot)
        if until is not None and until > snapshot.taken_at:
            ref = _ref(item, "autoscaling/v2", "HorizontalPodAutoscaler", snapshot)
            yield Starting(ref, (), f"{said(ref)} has not measured anything yet", until)


def _one(owner: ObjectRef, waiting: list[tuple[str, datetime]], counts: Counts | None) -> Starting:
    pods = tuple(name for name, _ in waiting if name)
    until = max(moment for _, moment in waiting)
    if counts is not None and counts.well < counts.wanted:
        what = f"has {counts.well} of {counts.wanted} pods ready"
    elif owner.kind == "Pod":
        what = "is starting"
    else:
        what = f"has {len(pods)} pod{'' if len(pods) == 1 else 's'} that only just started"
    return Starting(owner, pods, f"{said(owner)} {what}", until)


def _judged_at(pod: Json, owner: ObjectRef, snapshot: Snapshot) -> datetime | None:
    """Until when a pod may become well or bad; None when it is well by now, or has ended."""
    status = status_of(pod)
    if status.get("phase") not in ("Pending", "Running"):
        return None
    states: list[Json] = status.get("containerStatuses") or []
    running = (parse_time(((each.get("state") or {}).get("running") or {}).get("startedAt")) for each in states)
    newest = max((each for each in running if each is not None), default=None)
    if not states or not all(each.get("ready") for each in states) or _is_unready(status):
        moments = [each for each in (timing.created(pod), newest) if each is not None]
        return max(moments) + timedelta(seconds=timing.deadline_s(owner, snapshot)) if moments else None
    if owner.kind in ("Job", "CronJob"):  # it ends when it will
        return None
    return newest and newest + timing.RUNS_WELL_AFTER


def _is_unready(status: Json) -> bool:
    conditions = status.get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "False" for each in conditions)


def counts(snapshot: Snapshot) -> Iterator[Counts]:
    """How many pods of each workload there should be, and are well; of a Job, whether it has begun."""
    for item in snapshot.of("Deployment"):
        if not item["spec"].get("paused"):
            yield _replicated(item, "Deployment", ("availableReplicas", "updatedReplicas"), snapshot)
    for item in snapshot.of("StatefulSet"):
        yield _replicated(item, "StatefulSet", ("readyReplicas",), snapshot)
    for item in snapshot.of("DaemonSet"):
        status = status_of(item)
        wanted, ready = int(status.get("desiredNumberScheduled") or 0), int(status.get("numberReady") or 0)
        wanted = wanted if _is_seen(item) else max(1, wanted)
        yield Counts(_ref(item, "apps/v1", "DaemonSet", snapshot), wanted, ready, timing.created(item))
    for item in snapshot.of("Job"):
        if controller(item) is None and not item["spec"].get("suspend") and not has_ended(item):
            status = status_of(item)
            begun = sum(int(status.get(kind) or 0) for kind in ("active", "succeeded", "failed"))
            yield Counts(_ref(item, "batch/v1", "Job", snapshot), 1, min(1, begun), timing.created(item))


def _replicated(item: Json, kind: str, counted: tuple[str, ...], snapshot: Snapshot) -> Counts:
    replicas, status = item["spec"].get("replicas"), status_of(item)
    wanted, ref = 1 if replicas is None else int(replicas), _ref(item, "apps/v1", kind, snapshot)
    well = min(int(status.get(each) or 0) for each in counted) if _is_seen(item) else 0
    return Counts(ref, wanted, well, _changed(item, ref, snapshot))


def _is_seen(item: Json) -> bool:
    """Whether its controller has seen it as it is now."""
    generation = item["metadata"].get("generation")
    return generation is None or status_of(item).get("observedGeneration") == generation


def _changed(item: Json, ref: ObjectRef, snapshot: Snapshot) -> datetime | None:
    """When the newest of what it is made of came: itself, its last progress, its youngest pod."""
    conditions = conditions_of(item)
    progress = (parse_time(each.get("lastUpdateTime")) for each in conditions if each.get("type") == "Progressing")
    moments = (
        timing.created(item),
        *progress,
        _youngest(snapshot).get(ref),
    )
    return max((each for each in moments if each is not None), default=None)


@once
def _youngest(snapshot: Snapshot) -> dict[ObjectRef, datetime]:
    found: dict[ObjectRef, datetime] = {}
    for pod in current_pods(snapshot):
        if (made := timing.created(pod)) is not None:
            owner = owner_of(pod, snapshot)
            found[owner] = max(made, found.get(owner, made))
    return found


def _ref(item: Json, api_version: str, kind: str, snapshot: Snapshot) -> ObjectRef:
    return ObjectRef(api_version, kind, snapshot.namespace, str(item["metadata"]["name"]))
