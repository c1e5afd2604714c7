"""Jobs and CronJobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.lesson import Lesson
from tools.diagnose.naming import event_said, typed
from tools.diagnose.owners import controller
from tools.diagnose.plaintext import one_line
from tools.diagnose.workloads import settled

if TYPE_CHECKING:
    from tools.cluster.client import Json
    from tools.diagnose.findings import Cause, Known, Severity
    from tools.diagnose.snapshot import Snapshot

_DOC = "https://kubernetes.io/docs/concepts/workloads/controllers/"
LESSONS: tuple[Lesson, ...] = (
    Lesson(
        cause="BackoffLimitExceeded",
        means="A Job gave up: its pods failed too often.",
        why="A Job tries again backoffLimit times, six by default, and then fails for good.",
        mend="Mend what the pods fail of, then create the Job anew.",
        example="Job migrate failed: its pods failed once, its backoffLimit is 0",
        source=_DOC + "job/#pod-backoff-failure-policy",
    ),
    Lesson(
        cause="DeadlineExceeded",
        means="A Job ran longer than it may.",
        why="After activeDeadlineSeconds a Job's pods are killed, however far they are.",
        mend="Allow more time, or make it faster; then create the Job anew.",
        example="Job report was ended after its activeDeadlineSeconds of 60",
        source=_DOC + "job/#job-termination-and-cleanup",
    ),
    Lesson(
        cause="CronJobSuspended",
        means="A CronJob starts no Jobs: it, or a single Job, is suspended.",
        why="While spec.suspend is true nothing is started; what runs already goes on.",
        mend="Resume it when it is wanted.",
        example="CronJob report is suspended: it starts no Jobs",
        source=_DOC + "cron-jobs/#schedule-suspension",
    ),
    Lesson(
        cause="CronJobScheduleInvalid",
        means="A CronJob has a schedule or a time zone that gives no time to run at.",
        why="The controller cannot read it, or it names a day that never comes, such as 30 February.",
        mend="Write a schedule that comes.",
        example="CronJob report never runs: invalid schedule 0 0 30 2 *",
        source=_DOC + "cron-jobs/#schedule-syntax",
    ),
    Lesson(
        cause="CronJobMissedRuns",
        means="A CronJob missed its times.",
        why=(
            "It was suspended or the controller was away; over 100 missed times, or a start later than "
            "startingDeadlineSeconds, and it does not start."
        ),
        mend="Set startingDeadlineSeconds to some minutes.",
        example="CronJob report misses runs: too many missed start times",
        source=_DOC + "cron-jobs/#starting-deadline",
    ),
    Lesson(
        cause="CronJobForbidden",
        means="A CronJob skips its runs because the last one still runs.",
        why="With concurrencyPolicy Forbid a run starts only after the one before has ended.",
        mend="End the Job that hangs, and give Jobs an activeDeadlineSeconds.",
        example="CronJob report skips its runs: Job report-29123 still runs, since 2026-01-02T11:00:00Z",
        source=_DOC + "cron-jobs/#concurrency-policy",
    ),
)

_SCHEDULE_REASONS = (
    "UnparseableSchedule",
    "UnknownTimeZone",
    "InvalidSchedule",
    "InvalidTimeZone",
    "UnParseableCronJobSchedule",
)
_MISSED_REASONS = ("TooManyMissedTimes", "MissSchedule")


def failed_jobs(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Jobs that gave up or ran too long, where no finding on their pods says why, and suspended ones."""
    found = (_job(job, snapshot, known) for job in snapshot.of("Job"))
    return [finding for finding in found if finding is not None]


def _job(job: Json, snapshot: Snapshot, known: Known) -> Finding | None:
    name, above = job["metadata"]["name"], controller(job)
    if job["metadata"].get("deletionTimestamp") or _explained(job, above, snapshot, known):
        return None
    failed = _condition(job, "Failed")
    if above is not None and failed and _later_finished(job, above, snapshot):
        return None
    if failed.get("reason") == "BackoffLimitExceeded":
        return _backoff(job, failed)
    if failed.get("reason") == "DeadlineExceeded":
        return _deadline(job, failed)
    if above is None and job["spec"].get("suspend") and _condition(job, "Suspended"):
        summary = f"Job {name} is suspended: it starts no pods"
        return _finding(job, "Job", "CronJobSuspended", summary, _SUSPENDED, _resume("Job", job), "info")
    return None


_SUSPENDED = "While spec.suspend is true nothing is started."


def _explained(job: Json, above: Json | None, snapshot: Snapshot, known: Known) -> bool:
    """Whether the Job, what made it, or one of its pods has a finding."""
    name = job["metadata"]["name"]
    if known.explains("Job", name) or (above and known.explains(str(above["kind"]), str(above["name"]))):
        return True
    return any(
        known.explains_pod(pod["metadata"]["name"])
        for pod in snapshot.of("Pod")
        if (direct := controller(pod)) is not None and (direct["kind"], direct["name"]) == ("Job", name)
    )


def _condition(job: Json, kind: str) -> Json:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == kind and each.get("status") == "True"), {})


def _later_finished(job: Json, above: Json, snapshot: Snapshot) -> bool:
    """Whether a later run of the same CronJob has ended: then that one counts."""
    return any(
        (other := controller(each)) is not None
        and (other["kind"], other["name"]) == (above["kind"], above["name"])
        and str(each["metadata"].get("creationTimestamp")) > str(job["metadata"].get("creationTimestamp"))
        and bool(_condition(each, "Complete") or _condition(each, "Failed"))
        for each in snapshot.of("Job")
    )


def _backoff(job: Json, failed: Json) -> Finding:
    count = (job.get("status") or {}).get("failed") or 0
    limit = job["spec"].get("backoffLimit")
    often = "once" if count == 1 else f"{count} times"
    summary = f"Job {job['metadata']['name']} failed: its pods failed {often}, its backoffLimit is {limit}"
    why = "A Job tries again until its backoffLimit; then it fails for good, and only a new Job runs again."
    return _finding(job, "Job", "BackoffLimitExceeded", summary, why, _see(job, "Job"), said=failed)


def _deadline(job: Json, failed: Json) -> Finding:
    seconds = job["spec"].get("activeDeadlineSeconds")
    summary = f"Job {job['metadata']['name']} was ended after its activeDeadlineSeconds of {seconds}"
    why = "At activeDeadlineSeconds all pods of a Job are killed, however far they are; it is not tried again."
    return _finding(job, "Job", "DeadlineExceeded", summary, why, _see(job, "Job"), said=failed)


def cron_jobs(snapshot: Snapshot, known: Known) -> list[Finding]:
    """CronJobs that start nothing."""
    found = (
        _cron_job(item, snapshot)
        for item in snapshot.of("CronJob")
        if not known.explains("CronJob", item["metadata"]["name"])
    )
    return [finding for finding in found if finding is not None]


def _cron_job(item: Json, snapshot: Snapshot) -> Finding | None:
    name, spec = item["metadata"]["name"], item["spec"]
    if item["metadata"].get("deletionTimestamp") or not settled(item, snapshot):
        return None
    if spec.get("suspend"):
        summary = f"CronJob {name} is suspended: it starts no Jobs"
        return _finding(item, "CronJob", "CronJobSuspended", summary, _SUSPENDED, _resume("CronJob", item), "info")
    newest = next(iter(snapshot.events_of("CronJob", name)), None)
    if newest is None:
        return None
    evidence, reason = {"event": newest}, newest.get("reason")
    if reason in _SCHEDULE_REASONS and str(spec.get("schedule")) in str(newest.get("message")):
        summary = f"CronJob {name} never runs: {one_line(str(newest.get('message')), 200)}"
        why = "The controller finds no time to run at: the schedule cannot be read, or its day never comes."
        return _finding(item, "CronJob", "CronJobScheduleInvalid", summary, why, _edit(item), said=evidence)
    if reason in _MISSED_REASONS:
        summary = f"CronJob {name} misses runs: {one_line(str(newest.get('message')), 200)}"
        why = "A run that cannot start in time is left out; after more than 100 missed times none is started."
        return _finding(item, "CronJob", "CronJobMissedRuns", summary, why, _edit(item), "warning", evidence)
    return _forbidden(item, evidence, snapshot) if reason == "JobAlreadyActive" else None


def _forbidden(item: Json, evidence: Json, snapshot: Snapshot) -> Finding | None:
    name = item["metadata"]["name"]
    active = [str(each.get("name")) for each in (item.get("status") or {}).get("active") or ()]
    running = [job for each in active if (job := snapshot.named("Job", each)) is not None]
    if not running or item["spec"].get("concurrencyPolicy") != "Forbid":
        return None
    job = running[0]
    since = (job.get("status") or {}).get("startTime") or job["metadata"].get("creationTimestamp")
    summary = f"CronJob {name} skips its runs: Job {job['metadata']['name']} still runs, since {since}"
    why = "With concurrencyPolicy Forbid a run starts only after the one before has ended."
    see = Remedy(
        f"See what Job {job['metadata']['name']} does",
        f"kubectl describe job/{job['metadata']['name']} -n {snapshot.namespace}",
        "read",
    )
    return _finding(item, "CronJob", "CronJobForbidden", summary, why, see, "warning", evidence)


def _ref(item: Json, kind: str) -> ObjectRef:
    return ObjectRef("batch/v1", kind, item["metadata"].get("namespace"), item["metadata"]["name"])


def _resume(kind: str, item: Json) -> Remedy:
    ref = _ref(item, kind)
    return Remedy(
        "Resume it",
        f'kubectl patch {typed(ref)} -p \'{{"spec":{{"suspend":false}}}}\'',
        "change",
        "suspend",
        {"namespace": ref.namespace or "", "kind": kind, "name": ref.name, "suspended": False},
    )


def _see(item: Json, kind: str) -> Remedy:
    return Remedy("See its pods and events", f"kubectl describe {typed(_ref(item, kind))}", "read")


def _edit(item: Json) -> Remedy:
    return Remedy(
        "Correct its schedule or startingDeadlineSeconds", f"kubectl edit {typed(_ref(item, 'CronJob'))}", "change"
    )


def _finding(
    item: Json,
    kind: str,
    cause: Cause,
    summary: str,
    why: str,
    remedy: Remedy,
    severity: Severity = "error",
    said: Json | None = None,
) -> Finding:
    ref = _ref(item, kind)
    if said is None:
        evidence = Evidence("spec", f"{kind} {ref.name}", "suspend: true")
    elif "event" in said:
        evidence = Evidence("event", f"{kind} {ref.name}", one_line(event_said(said["event"])))
    else:
        evidence = Evidence(
            "status", f"{kind} {ref.name}", one_line(f"{said.get('reason')}: {said.get('message')}")
        )
    return Finding(cause, ref, None, (), summary, why, (evidence,), (remedy,), severity)
