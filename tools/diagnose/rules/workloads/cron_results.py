"""CronJobNotSucceeding: a CronJob whose runs do not succeed, and leave no Job that would say why.

Its status says so: lastSuccessfulTime is missing, or older than lastScheduleTime, and nothing is active.
Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/#CronJobStatus
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tools.diagnose import timing
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.naming import event_said, said
from tools.diagnose.facts.owners import controller, has_ended
from tools.diagnose.facts.remedies import patched
from tools.diagnose.facts.schedule import parsed
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.rules.workloads.cron_jobs import changes
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot
from tools.plaintext import one_line

_DOC = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
CRON_JOB_NOT_SUCCEEDING = Cause(
    "CronJobNotSucceeding",
    topic="debugging",
    means="The last run of a CronJob did not succeed, or none ever did, and its Job is gone.",
    why=(
        "With failedJobsHistoryLimit: 0, or a short ttlSecondsAfterFinished, a failed Job is deleted with its "
        "pods and their logs: only the CronJob's lastSuccessfulTime tells that something is wrong."
    ),
    mend="Keep failed Jobs for a while, start a run by hand, and see what it fails of.",
    example=(
        "CronJob backup has never succeeded: its last run was started for 2026-01-02T11:00:00Z, and its "
        "failedJobsHistoryLimit of 0 leaves no Job to look at"
    ),
    source=_DOC + "#jobs-history-limits",
    called=r"\bnever succe\w+\b|\bcron ?jobs? fail\w*",
)

ENDED_WITHIN = timedelta(minutes=1)
"""A run whose Job was made this long ago, and is gone, has ended.

Where the Job is deleted as soon as it has ended (ttlSecondsAfterFinished: 0), the controller may miss a success:
a failedJobsHistoryLimit of 0 or an event says for certain that it failed.
"""
_FAILED = re.compile(r"(status|condition): Failed")


def unsuccessful(snapshot: Snapshot, known: Known) -> list[Finding]:
    """CronJobs whose last run left neither a success nor a Job."""
    return [
        _finding(item, ref, snapshot)
        for item in snapshot.of("CronJob")
        if not known.tells_of(ref := ObjectRef("batch/v1", "CronJob", snapshot.namespace, item["metadata"]["name"]))
        and _is_unsuccessful(item, snapshot)
    ]


def _is_unsuccessful(item: Json, snapshot: Snapshot) -> bool:
    status = status_of(item)
    last, succeeded = parse_time(status.get("lastScheduleTime")), parse_time(status.get("lastSuccessfulTime"))
    if last is None or item["metadata"].get("deletionTimestamp"):
        return False
    is_over = snapshot.taken_at - last >= ENDED_WITHIN and not status.get("active")
    judged = last if is_over else _before(last, item)
    if judged is None or (succeeded is not None and succeeded >= judged):
        return False
    left = [job for job in _jobs(item, snapshot) if judged == last or not _is_of(last, job)]
    return snapshot.has("Job") and not left


def _is_of(last: datetime, job: Json) -> bool:
    """Whether a Job is that of the last run, and at work."""
    made = timing.created(job)
    return made is not None and made >= last and not has_ended(job)


def _before(last: datetime, item: Json) -> datetime | None:
    """The run before the last, which had ended when that one began, of a schedule that no time zone moves."""
    schedule = parsed(str(item["spec"].get("schedule")))
    if schedule is None or not schedule.every_hour:
        return None
    earlier = next(schedule.before(last - timedelta(seconds=1)), None)
    since = max((each for each in changes(item) if each is not None), default=None)
    return earlier if earlier is not None and since is not None and earlier > since else None


def _jobs(item: Json, snapshot: Snapshot) -> Iterator[Json]:
    for job in snapshot.of("Job"):
        above = controller(job)
        if above is not None and (above["kind"], above["name"]) == ("CronJob", item["metadata"]["name"]):
            yield job


def _finding(item: Json, ref: ObjectRef, snapshot: Snapshot) -> Finding:
    status, spec = item["status"], item["spec"]
    last = one_line(str(status["lastScheduleTime"]), 40)
    succeeded = status.get("lastSuccessfulTime")
    since = f"has not succeeded since {one_line(str(succeeded), 40)}" if succeeded else "has never succeeded"
    events = [
        each for each in snapshot.events_of("CronJob", ref.name) if _FAILED.search(str(each.get("message") or ""))
    ]
    return Finding(
        cause=CRON_JOB_NOT_SUCCEEDING,
        object=ref,
        detail=f"{said(ref)} {since}: its last run was started for {last}, and {_gone(spec)}",
        why="When a failed Job is deleted, its pods and their logs go with it.",
        evidence=(
            Evidence(
                "status",
                said(ref),
                f"lastScheduleTime: {last}, lastSuccessfulTime: {one_line(str(succeeded or 'none'), 40)}",
            ),
            *(Evidence("event", said(ref), one_line(event_said(each))) for each in events[:1]),
        ),
        remedies=tuple(_remedies(ref, spec)),
        severity="error" if events or spec.get("failedJobsHistoryLimit") == 0 else "warning",
    )


def _gone(spec: Json) -> str:
    ttl = ((spec.get("jobTemplate") or {}).get("spec") or {}).get("ttlSecondsAfterFinished")
    if spec.get("failedJobsHistoryLimit") == 0:
        return "its failedJobsHistoryLimit of 0 leaves no Job to look at"
    if ttl is not None:
        return f"its ttlSecondsAfterFinished of {ttl} leaves no Job to look at"
    return "no Job of it is there any more"


def _remedies(ref: ObjectRef, spec: Json) -> Iterator[Remedy]:
    if spec.get("failedJobsHistoryLimit") == 0:
        yield patched(ref, "Keep the last failed Job, with its log", {"spec": {"failedJobsHistoryLimit": 1}})
    yield Remedy(
        "Start a run now, and see what it says: kubectl logs -f job/" + f"{ref.name}-now -n {ref.namespace}",
        f"kubectl create job {ref.name}-now --from=cronjob/{ref.name} -n {ref.namespace}",
        "change",
    )


RULE = Rule(causes=(CRON_JOB_NOT_SUCCEEDING,), find=unsuccessful)
