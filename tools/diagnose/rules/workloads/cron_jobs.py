"""CronJobs that start nothing, or not when they should.

What decides is their spec and status: events come late, are few, and go after an hour.
Source: kube-controller-manager's pkg/controller/cronjob/cronjob_controllerv2.go
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice, takewhile

from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import event_said, said, typed
from tools.diagnose.facts.owners import has_ended
from tools.diagnose.facts.remedies import by_tool, deleted, described, patched
from tools.diagnose.facts.schedule import Schedule, parsed, zone_of
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot
from tools.plaintext import one_line

_DOC = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
CRON_JOB_SUSPENDED = Cause(
    "CronJobSuspended",
    topic="debugging",
    means="A CronJob starts no Jobs: it, or a single Job, is suspended.",
    why="While spec.suspend is true nothing is started; what runs already goes on.",
    mend="Resume it when it is wanted.",
    example="CronJob report is suspended: it starts no Jobs",
    source=_DOC + "#schedule-suspension",
    called=r"\bsuspend\w*",
)
CRON_JOB_SCHEDULE_INVALID = Cause(
    "CronJobScheduleInvalid",
    topic="debugging",
    means="A CronJob has a schedule or a time zone that gives no time to run at.",
    why="The controller cannot read it, or it names a day that never comes, such as 30 February.",
    mend="Write a schedule that comes.",
    example='CronJob report never runs: the day of its schedule "0 0 30 2 *" never comes',
    source=_DOC + "#schedule-syntax",
    called=r"\bschedule\b(?! on)",
)
CRON_JOB_MISSED_RUNS = Cause(
    "CronJobMissedRuns",
    topic="debugging",
    means="A CronJob missed its times.",
    why=(
        "A run that starts later than startingDeadlineSeconds after its time is left out: with a few seconds "
        "only, a busy controller never starts one."
    ),
    mend="Set startingDeadlineSeconds to some minutes.",
    example=(
        'CronJob report misses the runs of its schedule "*/5 * * * *": none was ever started; its '
        "startingDeadlineSeconds of 0 leaves the controller no time to start one"
    ),
    source=_DOC + "#starting-deadline",
    called=r"\bmissed\b",
)
CRON_JOB_FORBIDDEN = Cause(
    "CronJobForbidden",
    topic="debugging",
    means="A CronJob skips its runs because the last one still runs.",
    why="With concurrencyPolicy Forbid a run starts only after the one before has ended.",
    mend="End the Job that hangs, and give Jobs an activeDeadlineSeconds.",
    example="CronJob report skips its runs: Job report-29123 still runs, since 2026-01-02T11:00:00Z",
    source=_DOC + "#concurrency-policy",
    called=r"\bforbid\w* concurren\w*|\bconcurrency\b",
)

_SUSPENDED = "While spec.suspend is true nothing is started."
_UNREADABLE = ("UnparseableSchedule", "UnknownTimeZone", "InvalidSchedule")
_LATE = ("MissSchedule", "TooManyMissedTimes")
_IN_TIME = timedelta(seconds=10)
"""How long after its time a run is not yet missed."""
_OTHER_ZONE = timedelta(hours=24)
"""More than any two time zones differ by."""
_SHORT_S = 10
_ENOUGH_S = 200
_MISSED = 2
"""Times gone by without a run; one may go by when a CronJob is resumed or changed."""


def cron_jobs(snapshot: Snapshot, known: Known) -> list[Finding]:
    """CronJobs that are suspended, have no time to run at, miss their times, or wait for a Job that still runs."""
    found = (
        _cron_job(item, snapshot)
        for item in snapshot.of("CronJob")
        if not (known.explains("CronJob", item["metadata"]["name"]) or item["metadata"].get("deletionTimestamp"))
    )
    return [finding for finding in found if finding is not None]


def resume(ref: ObjectRef) -> Remedy:
    """Let a CronJob or a Job run again."""
    return by_tool(patched(ref, "Resume it", {"spec": {"suspend": False}}), "suspend", ref, suspended=False)


def suspended(ref: ObjectRef, what: str) -> Finding:
    """A CronJob or Job that somebody suspended."""
    return Finding(
        cause=CRON_JOB_SUSPENDED,
        object=ref,
        detail=f"{said(ref)} is suspended: it starts no {what}",
        why=_SUSPENDED,
        evidence=(Evidence("spec", said(ref), "suspend: true"),),
        remedies=(resume(ref),),
        severity="info",
    )


def _cron_job(item: Json, snapshot: Snapshot) -> Finding | None:
    ref = ObjectRef("batch/v1", "CronJob", snapshot.namespace, item["metadata"]["name"])
    if item["spec"].get("suspend"):
        return suspended(ref, "Jobs")
    schedule = parsed(str(item["spec"].get("schedule")))
    if schedule is None:
        return _unreadable(ref, item, snapshot)
    if next(schedule.before(snapshot.taken_at), None) is None:
        return _never(ref, item, snapshot)
    missed = _times_missed(item, schedule, snapshot)
    if active := _holding_back(item):
        return _forbidden(ref, active, snapshot) if missed else None
    return _misses(ref, item, snapshot) if missed >= _MISSED else None


def _times_missed(item: Json, schedule: Schedule, snapshot: Snapshot) -> int:
    """How many times went by since its last run, as far as can be known, and two at most."""
    status = status_of(item)
    last, ended = parse_time(status.get("lastScheduleTime")), parse_time(status.get("lastSuccessfulTime"))
    zone = zone_of(item["spec"].get("timeZone"))
    since = max((moment for moment in (last, ended, *changes(item)) if moment is not None), default=None)
    if zone is None or since is None:
        return 0
    sure = (
        schedule.every_hour or item["spec"].get("timeZone") or (last and next(schedule.before(last), None) == last)
    )
    unsure_for = timedelta(0) if sure else _OTHER_ZONE  # the controller's own zone counts, and nothing tells it
    times = schedule.before(snapshot.taken_at - _IN_TIME - unsure_for, zone)
    return len(list(islice(takewhile(lambda at: at > since + unsure_for, times), _MISSED)))


def changes(item: Json) -> list[datetime | None]:
    """When it was made, and when somebody changed it last: only from then on its schedule is the one there is."""
    fields = item["metadata"].get("managedFields") or ()
    return [
        parse_time(item["metadata"].get("creationTimestamp")),
        *(parse_time(each.get("time")) for each in fields if each.get("subresource") != "status"),
    ]


def _holding_back(item: Json) -> str | None:
    """The name of the Job that still runs, where only one may."""
    if item["spec"].get("concurrencyPolicy") != "Forbid":
        return None
    return next((str(each.get("name")) for each in status_of(item).get("active") or ()), None)


def _forbidden(ref: ObjectRef, active: str, snapshot: Snapshot) -> Finding | None:
    job = snapshot.named("Job", active)
    if job is None or has_ended(job):
        return None
    running = ObjectRef("batch/v1", "Job", snapshot.namespace, active)
    since = status_of(job).get("startTime") or job["metadata"].get("creationTimestamp")
    return Finding(
        cause=CRON_JOB_FORBIDDEN,
        object=ref,
        detail=f"{said(ref)} skips its runs: {said(running)} still runs, since {one_line(str(since), 40)}",
        why="With concurrencyPolicy Forbid a run starts only after the one before has ended.",
        evidence=(
            Evidence("spec", said(ref), "concurrencyPolicy: Forbid"),
            Evidence("status", said(ref), f"active: {running.name}"),
        ),
        remedies=(
            Remedy(f"See what {said(running)} does", f"kubectl logs {typed(running)} --tail=20", "read"),
            deleted(running, f"End {said(running)} if it hangs: the next run starts at its time"),
        ),
        severity="warning",
        concerns=(running,),
    )


def _misses(ref: ObjectRef, item: Json, snapshot: Snapshot) -> Finding:
    last = status_of(item).get("lastScheduleTime")
    begun = f"the last was started for {one_line(str(last), 40)}" if last else "none was ever started"
    deadline = item["spec"].get("startingDeadlineSeconds")
    short = isinstance(deadline, int) and deadline < _SHORT_S
    because = (
        f"; its startingDeadlineSeconds of {deadline} leaves the controller no time to start one" if short else ""
    )
    schedule = one_line(str(item["spec"].get("schedule")), 80)
    return Finding(
        cause=CRON_JOB_MISSED_RUNS,
        object=ref,
        detail=f'{said(ref)} misses the runs of its schedule "{schedule}": {begun}{because}',
        why=(
            "The CronJob controller starts a run up to startingDeadlineSeconds after its time; one that cannot "
            "start until then is left out."
        ),
        evidence=(
            Evidence("status", said(ref), f"lastScheduleTime: {one_line(str(last or 'none'), 40)}"),
            *_told(ref, _LATE, snapshot),
        ),
        remedies=(_longer(ref) if short else described(ref, "See what its events say of it"),),
        severity="warning",
    )


def _longer(ref: ObjectRef) -> Remedy:
    title = f"Let it start up to {_ENOUGH_S} s late, or leave startingDeadlineSeconds out"
    return patched(ref, title, {"spec": {"startingDeadlineSeconds": _ENOUGH_S}})


def _never(ref: ObjectRef, item: Json, snapshot: Snapshot) -> Finding:
    schedule = one_line(str(item["spec"].get("schedule")), 80)
    return Finding(
        cause=CRON_JOB_SCHEDULE_INVALID,
        object=ref,
        detail=f'{said(ref)} never runs: the day of its schedule "{schedule}" never comes',
        why="No month of those that the schedule names has that day.",
        evidence=(Evidence("spec", said(ref), f"schedule: {schedule}"), *_told(ref, _UNREADABLE, snapshot)),
        remedies=(edit(ref, "Correct its schedule"),),
    )


def _unreadable(ref: ObjectRef, item: Json, snapshot: Snapshot) -> Finding | None:
    """Only what the controller itself says of the schedule or time zone that is there now."""
    written = [str(item["spec"][field]) for field in ("schedule", "timeZone") if item["spec"].get(field)]
    event = next(
        (each for each in snapshot.events_of("CronJob", ref.name) if each.get("reason") in _UNREADABLE), None
    )
    if event is None or not any(text in str(event.get("message")) for text in written):
        return None
    return Finding(
        cause=CRON_JOB_SCHEDULE_INVALID,
        object=ref,
        detail=f"{said(ref)} never runs: {one_line(str(event.get('message')), 200)}",
        why="The controller cannot read the schedule or the time zone.",
        evidence=_told(ref, _UNREADABLE, snapshot),
        remedies=(edit(ref, "Correct its schedule"),),
    )


def _told(ref: ObjectRef, reasons: tuple[str, ...], snapshot: Snapshot) -> tuple[Evidence, ...]:
    told = (each for each in snapshot.events_of("CronJob", ref.name) if each.get("reason") in reasons)
    return tuple(Evidence("event", said(ref), one_line(event_said(each))) for each in islice(told, 1))


RULE = Rule(
    causes=(CRON_JOB_SUSPENDED, CRON_JOB_SCHEDULE_INVALID, CRON_JOB_MISSED_RUNS, CRON_JOB_FORBIDDEN), find=cron_jobs
)
