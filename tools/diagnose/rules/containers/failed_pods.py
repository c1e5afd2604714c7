"""PodFailed: a pod that failed as a whole, and whose status gives the reason: mostly its kubelet refused it.

Source: https://kubernetes.io/docs/reference/node/kubelet-config-file/ and the reasons in kubelet's
pkg/kubelet/lifecycle/predicate.go, pkg/kubelet/sysctl/allowlist.go, pkg/kubelet/kubelet.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast

import msgspec

from tools.diagnose import timing
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.naming import event_said, said
from tools.diagnose.facts.owners import controller, current_pods_of, newest_revisions, owner_of
from tools.diagnose.facts.rollback import is_ready
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.reading.snapshot import event_time
from tools.diagnose.rules.containers.refused_pods import is_lasting, is_refusal, trouble_of
from tools.diagnose.terms import (
    Cause,
    Evidence,
    Finding,
    Kind,
    Known,
    ObjectRef,
    Remedy,
    Rule,
    Severity,
    Snapshot,
    Subject,
    grouped,
)
from tools.json import Json
from tools.plaintext import one_line

POD_FAILED = Cause(
    "PodFailed",
    topic="debugging",
    means="A pod has failed as a whole, and its status says why: it was refused, or all of it was ended.",
    why=(
        "The kubelet has the last word on a pod that was placed on its node: it refuses one that asks for a "
        "sysctl that is not allowed there (SysctlForbidden), for more than is left (OutOfcpu, OutOfmemory), or "
        "that names the node by spec.nodeName and does not match it (NodeAffinity). It ends one whose "
        "activeDeadlineSeconds are over, or whose node is shut down. A failed pod is never started again."
    ),
    mend=(
        "Do what the reason asks for, then create the pod anew; a Deployment, DaemonSet or StatefulSet does "
        "that by itself, again and again, while the reason stands."
    ),
    example=("Pod kv failed (SysctlForbidden): the kubelet of node one does not allow sysctl net.core.somaxconn"),
    source="https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/",
    called=r"\bfailed pods?\b|\bpods? (has |have )?failed\b|\bsysctls?\b|\boutof\w+",
)

REPLACED_WITHIN = timedelta(minutes=1)
"""What the scheduler may place better at the next try has got another pod by then."""
_JUST_GONE = timedelta(seconds=15)
"""A StatefulSet and a DaemonSet delete a failed pod before they make the next: then only events tell of it."""
_RECREATED = re.compile(r"Found failed daemon pod [\w.-]+/(\S+) on node")


class Failure(msgspec.Struct, frozen=True):
    """One pod that failed as a whole: `pod` is as much of it as is known, `at` when it began."""

    pod: Json
    owner: ObjectRef
    reason: str
    message: str
    at: datetime | None
    source: Evidence


def failed_pods(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Pods that failed as a whole, where no finding tells why, by owner and reason."""
    failures = [each for each in _failures(snapshot) if not known.tells_of_pod(each.pod["metadata"]["name"])]
    seen = {each.owner for each in failures}
    failures += [
        each for each in _gone(snapshot) if each.owner not in seen and not known.explains_exactly(each.owner)
    ]
    groups = grouped(failures, lambda each: (each.owner, each.reason)).values()
    found = (_finding(sorted(group, key=_newest, reverse=True), snapshot) for group in groups)
    return [finding for finding in found if finding is not None]


def _newest(failure: Failure) -> tuple[str, str]:
    return str(failure.at), str(failure.pod["metadata"]["name"])


def _failures(snapshot: Snapshot) -> Iterator[Failure]:
    for pod in snapshot.of("Pod"):
        status = status_of(pod)
        reason = str(status.get("reason") or "")
        if status.get("phase") == "Failed" and reason and not pod["metadata"].get("deletionTimestamp"):
            message = str(status.get("message") or "")
            text = one_line(f"{reason}: {message}" if message else reason)
            about = Evidence("status", f"Pod {pod['metadata']['name']}", text)
            at = parse_time(status.get("startTime")) or timing.created(pod)
            yield Failure(pod, owner_of(pod, snapshot), reason, message, at, about)


def _gone(snapshot: Snapshot) -> Iterator[Failure]:
    """What the kubelet refused a moment ago, and its controller has deleted since."""
    for owner, name in _just_deleted(snapshot):
        events = snapshot.events_of("Pod", name)
        event = next((each for each in events if is_refusal(str(each.get("reason")))), None)
        if event is None:
            continue
        item = snapshot.named(cast("Kind", owner.kind), owner.name) or {}
        spec = ((item.get("spec") or {}).get("template") or {}).get("spec") or {}
        pod = {"metadata": {"name": name, "namespace": snapshot.namespace}, "spec": spec}
        about = Evidence("event", f"Pod {name}", one_line(event_said(event)))
        at = parse_time(event_time(event))
        yield Failure(pod, owner, str(event["reason"]), str(event.get("message")), at, about)


def _just_deleted(snapshot: Snapshot) -> Iterator[tuple[ObjectRef, str]]:
    """The owners whose pod was refused just now, with its name; the newest of each."""
    for item in snapshot.of("DaemonSet"):
        name = item["metadata"]["name"]
        for event in snapshot.events_of("DaemonSet", name):
            match = _RECREATED.search(str(event.get("message")))
            if match and event.get("reason") == "FailedDaemonPod" and _is_recent(event, snapshot):
                yield ObjectRef("apps/v1", "DaemonSet", snapshot.namespace, name), match[1]
                break
    for item in snapshot.of("StatefulSet"):
        name, wanted = item["metadata"]["name"], item["spec"].get("replicas")
        for ordinal in range(1 if wanted is None else int(wanted)):
            pod = snapshot.named("Pod", f"{name}-{ordinal}")
            begun = pod is not None and status_of(pod).get("containerStatuses")
            newest = next(iter(_refusals(f"{name}-{ordinal}", snapshot)), None)
            if newest is not None and not begun and _is_recent(newest, snapshot):
                yield ObjectRef("apps/v1", "StatefulSet", snapshot.namespace, name), f"{name}-{ordinal}"
                break


def _refusals(pod: str, snapshot: Snapshot) -> Iterator[Json]:
    return (each for each in snapshot.events_of("Pod", pod) if is_refusal(str(each.get("reason"))))


def _is_recent(event: Json, snapshot: Snapshot) -> bool:
    at = parse_time(event_time(event))
    return at is not None and snapshot.taken_at - at < _JUST_GONE


def _finding(group: list[Failure], snapshot: Snapshot) -> Finding | None:
    newest = group[0]
    severity = _severity(newest, snapshot)
    if severity is None:
        return None
    trouble = trouble_of(newest.pod, newest.owner, newest.reason, newest.message, snapshot)
    names = tuple(dict.fromkeys(str(each.pod["metadata"]["name"]) for each in group))
    subject, what = _what(newest, len(names), snapshot)
    finding = Finding(
        cause=POD_FAILED,
        object=newest.owner,
        affected=names,
        subject=subject,
        detail=f"{what} ({one_line(newest.reason, 80)}): {trouble.said}",
        why=trouble.why,
        evidence=(newest.source, *trouble.evidence),
        remedies=(*trouble.remedies, *_tidy(newest, severity)),
        severity=severity,
        concerns=tuple(_job_of(newest, snapshot)),
    )
    passes = severity == "error" and newest.owner.kind != "Pod" and not _lasts(newest, snapshot)
    until = newest.at + REPLACED_WITHIN if passes and newest.at else None
    return timing.so_far(finding, until, snapshot)


def _what(newest: Failure, count: int, snapshot: Snapshot) -> tuple[Subject | None, str]:
    if newest.owner.kind == "Pod":
        return None, f"Pod {newest.owner.name} failed"
    pods = "a pod" if count == 1 else f"{count} pods"
    job = next((each for each in _jobs(newest, snapshot) if _gave_up(each)), None)
    if job is None:
        return Subject(pods, newest.owner), "failed"
    of_cron = f" of {said(newest.owner)}" if newest.owner.kind == "CronJob" else ""
    with_pods = "its pod" if count == 1 else f"its {count} pods"
    return None, f"Job {job['metadata']['name']}{of_cron} failed with {with_pods}"


def _severity(newest: Failure, snapshot: Snapshot) -> Severity | None:
    """None of a Job that is complete all the same; info where the workload has all its pods."""
    owner = newest.owner
    if controller(newest.pod) is not None and owner.kind in ("Job", "CronJob"):
        jobs = _jobs(newest, snapshot)
        if any(_is_true(each, "Complete") for each in jobs):
            return None
        return "error" if _lasts(newest, snapshot) or any(_gave_up(each) for each in jobs) else "warning"
    if owner.kind == "Pod":
        return "error"
    if _is_of_older_revision(newest, snapshot):
        return "info"
    ready = sum(map(is_ready, current_pods_of(owner, snapshot)))
    wanted = _wanted(owner, snapshot)
    if wanted is not None and ready >= wanted:
        return "info"
    return "warning" if ready else "error"


def _lasts(newest: Failure, snapshot: Snapshot) -> bool:
    return is_lasting(newest.reason, newest.pod, newest.owner, snapshot)


def _wanted(owner: ObjectRef, snapshot: Snapshot) -> int | None:
    item = snapshot.named(cast("Kind", owner.kind), owner.name)
    if item is None:
        return None
    if owner.kind == "DaemonSet":
        return int(status_of(item).get("desiredNumberScheduled") or 0)
    replicas = (item.get("spec") or {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def _is_of_older_revision(newest: Failure, snapshot: Snapshot) -> bool:
    direct = controller(newest.pod)
    if direct is None or direct["kind"] != "ReplicaSet":
        return False
    name = str(direct["name"])
    return newest_revisions(snapshot).get(("ReplicaSet", newest.owner.name), name) != name


def _jobs(newest: Failure, snapshot: Snapshot) -> list[Json]:
    direct = controller(newest.pod)
    job = snapshot.named("Job", str(direct["name"])) if direct and direct["kind"] == "Job" else None
    return [] if job is None else [job]


def _job_of(newest: Failure, snapshot: Snapshot) -> Iterator[ObjectRef]:
    for job in _jobs(newest, snapshot):
        ref = ObjectRef("batch/v1", "Job", snapshot.namespace, job["metadata"]["name"])
        if ref != newest.owner:
            yield ref


def _gave_up(job: Json) -> bool:
    return _is_true(job, "Failed") or _is_true(job, "FailureTarget")


def _is_true(item: Json, kind: str) -> bool:
    conditions = conditions_of(item)
    return any(each.get("type") == kind and each.get("status") == "True" for each in conditions)


def _tidy(newest: Failure, severity: Severity) -> tuple[Remedy, ...]:
    """What is only left over can be deleted."""
    if severity != "info":
        return ()
    where = f"-n {newest.owner.namespace} --field-selector=status.phase=Failed"
    return (Remedy("Delete the failed pods, which are only left over", f"kubectl delete pods {where}", "delete"),)


RULE = Rule(causes=(POD_FAILED,), find=failed_pods)
