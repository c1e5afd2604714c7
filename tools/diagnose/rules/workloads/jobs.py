"""Jobs that gave up, ran too long, or are suspended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from tools.diagnose import timing
from tools.diagnose.facts.containers import containers_of
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.owners import controlled, controller, controller_name, has_ended
from tools.diagnose.facts.remedies import deleted, described
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.rules.containers import recovery
from tools.diagnose.rules.workloads.cron_jobs import suspended
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot, once
from tools.plaintext import one_line

_DOC = "https://kubernetes.io/docs/concepts/workloads/controllers/"
BACKOFF_LIMIT_EXCEEDED = Cause(
    "BackoffLimitExceeded",
    topic="debugging",
    means="A Job gave up: its pods failed too often.",
    why="A Job tries again backoffLimit times, six by default, and then fails for good.",
    mend="Mend what the pods fail of, then create the Job anew.",
    example="Job migrate failed: its pods failed once, its backoffLimit is 0",
    source=_DOC + "job/#pod-backoff-failure-policy",
    called=r"\bback-?off ?limit\b|\bjob fail\w*",
)
DEADLINE_EXCEEDED = Cause(
    "DeadlineExceeded",
    topic="debugging",
    means="A Job ran longer than it may.",
    why="After activeDeadlineSeconds a Job's pods are killed, however far they are.",
    mend="Allow more time, or make it faster; then create the Job anew.",
    example="Job report was ended after its activeDeadlineSeconds of 60",
    source=_DOC + "job/#job-termination-and-cleanup",
    called=r"\b(active )?deadline\b",
)

_WHY: dict[str, str] = {
    "BackoffLimitExceeded": (
        "A Job tries again until its backoffLimit; then it fails for good, and only a new Job runs again."
    ),
    "DeadlineExceeded": (
        "At activeDeadlineSeconds all pods of a Job are killed, however far they are; it is not tried again."
    ),
    "PodFailurePolicy": "Its podFailurePolicy says that another try would not mend it; only a new Job runs again.",
}
_WHY_FAILED = "A Job that has failed is not tried again; only a new Job runs again."


_BACKOFF_LIMIT = 6
_FIRST_PAUSE_S = 10
_LONGEST_PAUSE_S = 360
"""A Job's defaults, and what it waits for between two tries."""


def failed_jobs(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Jobs that gave up or ran too long, where no finding on their pods says why, and suspended ones."""
    found = (_job(job, snapshot) for job in snapshot.of("Job") if not _explained(job, snapshot, known))
    return [finding for finding in found if finding is not None]


def given_up(findings: Iterable[Finding], snapshot: Snapshot) -> list[Finding]:
    """What made the pods of a Job fail is told as why the Job failed, once it has: nothing loops any more."""
    return [_as_given_up(finding, snapshot) for finding in findings]


def _as_given_up(finding: Finding, snapshot: Snapshot) -> Finding:
    if finding.cause != "CrashLoopBackOff" or finding.object.kind not in ("Job", "CronJob"):
        return finding
    jobs = [job for name in _jobs_of(finding, snapshot) if (job := snapshot.named("Job", name)) is not None]
    failures = [failure for job in jobs if (failure := _failure(job, snapshot)) is not None]
    if not failures:
        return timing.so_far(finding, _tried_until(finding, jobs, snapshot), snapshot)
    failure = failures[-1]
    return replace(
        failure,
        container=finding.container,
        affected=finding.affected,
        detail=f"{failure.detail}: {finding.summary_within}",
        evidence=(*failure.evidence, *finding.evidence),
        remedies=(*finding.remedies, *(each for each in failure.remedies if each.risk != "read")),
    )


def _tried_until(finding: Finding, jobs: list[Json], snapshot: Snapshot) -> datetime | None:
    """When the last of its tries will have ended, each as long as the last; None where each would end alike.

    Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy
    """
    own = [
        each
        for name in finding.affected
        for each in containers_of(name, snapshot)
        if each.name == finding.container
    ]
    if not jobs or not own or any(recovery.is_certain(each) for each in own):
        return None
    job, lasts = jobs[-1], max(recovery.lasted(each) for each in own)
    limit = job["spec"].get("backoffLimit", _BACKOFF_LIMIT)
    failed = max(status_of(job).get("failed") or 0, _failed_pods(job, snapshot), 1)
    pauses = sum(min(_FIRST_PAUSE_S * 2 ** min(tries, 10), _LONGEST_PAUSE_S) for tries in range(failed - 1, limit))
    tried = timedelta(seconds=pauses) + max(0, limit + 1 - failed) * lasts
    ends = [snapshot.taken_at + tried] if tried else []
    deadline = job["spec"].get("activeDeadlineSeconds")
    started = timing.after(status_of(job).get("startTime"), timedelta(seconds=deadline or 0))
    return min([*ends, *([started] if deadline and started else [])], default=None)


def _jobs_of(finding: Finding, snapshot: Snapshot) -> list[str]:
    above = (controller(pod) for name in finding.affected if (pod := snapshot.named("Pod", name)) is not None)
    return sorted({str(each["name"]) for each in above if each is not None and each["kind"] == "Job"})


def _job(job: Json, snapshot: Snapshot) -> Finding | None:
    above = controller(job)
    if job["metadata"].get("deletionTimestamp"):
        return None
    if above is None and job["spec"].get("suspend") and _condition(job, "Suspended"):
        return suspended(_ref(job, snapshot), "pods")
    if above is not None and _later_finished(job, above, snapshot):
        return None
    return _failure(job, snapshot)


def _failure(job: Json, snapshot: Snapshot) -> Finding | None:
    """A finding on the Job, or on the CronJob that made it."""
    failed, ref, above = _failed(job, snapshot), _ref(job, snapshot), controller(job)
    if not failed:
        return None
    reason = str(failed.get("reason"))
    by_cron = above is not None and above["kind"] == "CronJob"
    target = ObjectRef("batch/v1", "CronJob", ref.namespace, above["name"]) if above and by_cron else ref
    of_cron = f" of {said(target)}" if by_cron else ""
    return Finding(
        cause=DEADLINE_EXCEEDED if reason == "DeadlineExceeded" else BACKOFF_LIMIT_EXCEEDED,
        object=target,
        detail=f"{said(ref)}{of_cron} {_what(failed, job, snapshot)}",
        why=_WHY.get(reason, _WHY_FAILED) + _log_gone(job),
        evidence=(
            Evidence("status", said(ref), one_line(f"{failed.get('reason')}: {failed.get('message')}")),
            *_last_success(target, snapshot),
        ),
        remedies=(described(ref, "See its pods and events"), _again(target, ref)),
        concerns=(ref,) if by_cron else (),
    )


def _failed(job: Json, snapshot: Snapshot) -> Json:
    """The condition that it failed, or will have in an instant; empty when it has not."""
    if failed := _condition(job, "Failed") or _condition(job, "FailureTarget"):
        return failed
    limit = job["spec"].get("backoffLimit")
    special = job["spec"].keys() & {"podFailurePolicy", "backoffLimitPerIndex"}
    if _condition(job, "Complete") or limit is None or special or _failed_pods(job, snapshot) <= limit:
        return {}
    return {
        "reason": "BackoffLimitExceeded",
        "message": "more of its pods have failed than its backoffLimit allows",
    }


def _failed_pods(job: Json, snapshot: Snapshot) -> int:
    return sum(_has_failed(pod) for pod in controlled("Pod", ("Job", job["metadata"]["name"]), snapshot))


def _has_failed(pod: Json) -> bool:
    """Whether one of its containers failed and none is started again; its phase says so a little later."""
    status = status_of(pod)
    if pod["spec"].get("restartPolicy") != "Never":
        return bool(status.get("phase") == "Failed")
    ends = ((each.get("state") or {}).get("terminated") or {} for each in status.get("containerStatuses") or ())
    return status.get("phase") == "Failed" or any(end.get("exitCode") for end in ends)


def _what(failed: Json, job: Json, snapshot: Snapshot) -> str:
    count = max(status_of(job).get("failed") or 0, _failed_pods(job, snapshot))
    often = "once" if count == 1 else f"{count} times"
    match failed.get("reason"):
        case "BackoffLimitExceeded":
            return f"failed: its pods failed {often}, its backoffLimit is {job['spec'].get('backoffLimit')}"
        case "DeadlineExceeded":
            return f"was ended after its activeDeadlineSeconds of {job['spec'].get('activeDeadlineSeconds')}"
        case _:
            return f"failed: {one_line(str(failed.get('message')), 200)}"


def _log_gone(job: Json) -> str:
    """With OnFailure a Job that gives up deletes the pod that it restarted, and what the pod said with it."""
    spec = ((job["spec"].get("template") or {}).get("spec")) or {}
    if spec.get("restartPolicy") != "OnFailure":
        return ""
    return " With restartPolicy OnFailure its pod is deleted then, and the log with it; Never keeps them."


def _last_success(target: ObjectRef, snapshot: Snapshot) -> tuple[Evidence, ...]:
    """When a CronJob's Job succeeded last."""
    if target.kind != "CronJob":
        return ()
    status = (snapshot.named("CronJob", target.name) or {}).get("status") or {}
    last = one_line(str(status.get("lastSuccessfulTime") or "none"), 40)
    return (Evidence("status", said(target), f"lastSuccessfulTime: {last}"),)


def _again(target: ObjectRef, job: ObjectRef) -> Remedy:
    if target.kind == "CronJob":
        again = f"kubectl create job {target.name}-again --from=cronjob/{target.name} -n {target.namespace}"
        return Remedy("Once it is mended, start a run without waiting for its time", again, "change")
    return deleted(job, "Once it is mended, delete it and create it anew: a Job's template cannot be changed")


def _ref(job: Json, snapshot: Snapshot) -> ObjectRef:
    return ObjectRef("batch/v1", "Job", snapshot.namespace, job["metadata"]["name"])


def _explained(job: Json, snapshot: Snapshot, known: Known) -> bool:
    """Whether the Job, what made it, or one of its pods has a finding."""
    name, above = job["metadata"]["name"], controller(job)
    if known.explains("Job", name) or (above and known.explains(str(above["kind"]), str(above["name"]))):
        return True
    return any(known.explains_pod(pod["metadata"]["name"]) for pod in controlled("Pod", ("Job", name), snapshot))


def _condition(job: Json, kind: str) -> Json:
    conditions = conditions_of(job)
    return next((each for each in conditions if each.get("type") == kind and each.get("status") == "True"), {})


def _later_finished(job: Json, above: Json, snapshot: Snapshot) -> bool:
    """Whether a later run of the same CronJob has ended: then that one counts."""
    last = _last_finished(snapshot)
    return last.get((above["kind"], above["name"]), "") > str(job["metadata"].get("creationTimestamp"))


@once
def _last_finished(snapshot: Snapshot) -> dict[tuple[str, str], str]:
    """When the newest Job that has ended was made, by what made it."""
    found: dict[tuple[str, str], str] = {}
    for job in snapshot.of("Job"):
        if (above := controller_name(job)) is not None and has_ended(job):
            found[above] = max(found.get(above, ""), str(job["metadata"].get("creationTimestamp")))
    return found


RULE = Rule(causes=(BACKOFF_LIMIT_EXCEEDED, DEADLINE_EXCEEDED), find=failed_jobs, retell=given_up)
