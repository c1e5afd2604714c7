"""Jobs and CronJobs: what failed, what does not start, and what is right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import NOW, ago, event, owned_by, pod, snapshot, status, terminated
from tools.diagnose.diagnose import findings_of
from tools.diagnose.findings import Finding
from tools.json import Json

FAILED = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "m"}
POLICY = {**FAILED, "reason": "PodFailurePolicy", "message": "exit code 42 matching FailJob rule at index 0"}
LATE = {**FAILED, "reason": "DeadlineExceeded"}
COMPLETE = {"type": "Complete", "status": "True"}


def job(name: str, *conditions: Json, owner: str = "", created: float = 600, **state: Any) -> Json:
    owners = {"ownerReferences": owned_by("batch/v1", "CronJob", owner)} if owner else {}
    return {
        "metadata": {"name": name, "namespace": "shop-dev", "creationTimestamp": ago(created), **owners},
        "spec": {"backoffLimit": 0, "activeDeadlineSeconds": 9},
        "status": {"failed": 1, "startTime": ago(created), "conditions": list(conditions), **state},
    }


def ended(name: str, code: int = 3) -> Json:
    """The pod of a Job that ended with that code."""
    owner = owned_by("batch/v1", "Job", name)
    phase = "Failed" if code else "Succeeded"
    return pod(status({"terminated": terminated(code)}), name=f"{name}-x", owner=owner, phase=phase) | {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "app"}]}
    }


def cron_job(schedule: str = "* * * * *", *, last: float | None = None, created: float = 6000, **spec: Any) -> Json:
    active = [{"name": name} for name in spec.pop("active", ())]
    meta = {"name": "night", "namespace": "shop-dev", "creationTimestamp": ago(created), **spec.pop("metadata", {})}
    ran = {"lastScheduleTime": ago(last)} if last is not None else {}
    return {"metadata": meta, "spec": {"schedule": schedule, **spec}, "status": {"active": active, **ran}}


def found(*pods: Json, logs: dict[tuple[str, str], str] | None = None, **kinds: list[Json]) -> list[Finding]:
    return findings_of(snapshot(*pods, logs=logs, **kinds))


def test_a_job_that_gave_up_says_what_its_pod_said() -> None:
    [finding] = found(ended("load"), Job=[job("load", FAILED)], logs={("load-x", "app"): "ERROR: no table\n"})

    assert (finding.cause, finding.object.kind, finding.affected) == ("BackoffLimitExceeded", "Job", ("load-x",))
    assert finding.summary == (
        "Job load failed: its pods failed once, its backoffLimit is 0: container app ends with exit code 3 "
        '(an error of the application\'s own); its log says "ERROR: no table"'
    )
    assert [each.risk for each in finding.remedies] == ["read", "delete"]


@pytest.mark.parametrize("condition", [{}, {**FAILED, "type": "FailureTarget"}])
def test_it_is_told_in_the_instant_before_the_job_says_so(condition: Json) -> None:
    conditions = [condition] if condition else []
    [finding] = found(ended("load"), Job=[job("load", *conditions, failed=0)])

    assert finding.cause == "BackoffLimitExceeded"
    assert finding.summary.startswith("Job load failed: its pods failed once, its backoffLimit is 0: container app")


def test_it_is_told_before_the_pod_says_that_it_failed() -> None:
    early = ended("load")
    early["status"]["phase"] = "Running"

    assert [each.cause for each in found(early, Job=[job("load", failed=0)])] == ["BackoffLimitExceeded"]


@pytest.mark.parametrize("changed", [{"backoffLimit": 1}, {"podFailurePolicy": {}}, {"backoffLimitPerIndex": 0}])
def test_a_job_that_will_try_again_crashes(changed: Json) -> None:
    again = job("load", failed=1)
    again["spec"] |= changed
    [finding] = found(ended("load"), Job=[again])

    assert finding.cause == "CrashLoopBackOff"


@pytest.mark.parametrize(
    ("condition", "cause", "said"),
    [
        (FAILED, "BackoffLimitExceeded", "its pods failed once"),
        (LATE, "DeadlineExceeded", "after its activeDeadlineSeconds of 9"),
        (POLICY, "BackoffLimitExceeded", "failed: exit code 42 matching FailJob rule at index 0"),
    ],
)
def test_without_its_pods_the_job_itself_is_told(condition: Json, cause: str, said: str) -> None:
    [finding] = found(Job=[job("load", condition)])

    assert finding.cause == cause
    assert said in finding.summary


def test_where_the_log_went_is_said() -> None:
    item = job("load", FAILED)
    item["spec"]["template"] = {"spec": {"restartPolicy": "OnFailure"}}

    [finding] = found(Job=[item])
    assert finding.why.endswith("its pod is deleted then, and the log with it; Never keeps them.")


def test_the_failed_run_counts_until_the_next_has_ended() -> None:
    old, new = job("night-1", FAILED, owner="night"), job("night-2", owner="night", created=60)
    running = pod(
        status({"running": {"startedAt": ago(50)}}, ready=True),
        name="night-2-x",
        owner=owned_by("batch/v1", "Job", "night-2"),
    )

    [finding] = found(ended("night-1"), running, Job=[old, new], CronJob=[cron_job(last=60)])
    assert (finding.cause, finding.object.kind, finding.object.name) == ("BackoffLimitExceeded", "CronJob", "night")
    assert "Job night-1 of CronJob night failed" in finding.summary
    assert finding.affected == ("night-1-x",)
    assert "--from=cronjob/night" in finding.remedies[-1].command

    new["status"]["conditions"] = [COMPLETE]
    assert found(ended("night-1"), ended("night-2", 0), Job=[old, new], CronJob=[cron_job(last=60)]) == []


def test_the_run_that_fails_now_counts_beside_the_one_before() -> None:
    jobs = [job("night-1", FAILED, owner="night"), job("night-2", owner="night", created=60)]

    [finding] = found(ended("night-1"), ended("night-2"), Job=jobs)
    assert finding.cause == "BackoffLimitExceeded"
    assert finding.affected == ("night-1-x", "night-2-x")


def test_a_failed_run_without_pods_is_told_on_the_cron_job() -> None:
    [finding] = found(Job=[job("night-1", FAILED, owner="night")])

    assert (finding.object.kind, [each.name for each in finding.concerns]) == ("CronJob", ["night-1"])


@pytest.mark.parametrize(
    ("item", "cause"),
    [
        (cron_job(suspend=True), "CronJobSuspended"),
        (cron_job("0 0 30 2 *"), "CronJobScheduleInvalid"),
        (cron_job(startingDeadlineSeconds=0), "CronJobMissedRuns"),
        (cron_job(last=600), "CronJobMissedRuns"),
        (cron_job("0 3 * * *", last=86400 + 9 * 3600, created=9e6), None),  # one may go by
        (cron_job("0 3 * * *", last=3 * 86400 + 9 * 3600, created=9e6), "CronJobMissedRuns"),
        (cron_job("0 9 * * *", last=3 * 86400, created=9e6, timeZone="Europe/Berlin"), "CronJobMissedRuns"),
        (cron_job("0 9 * * *", last=3 * 86400, created=9e6, timeZone="Mars/Olympus"), None),
        (cron_job("0 8-10 * * *", last=10 * 3600, created=9e6), None),  # it ran at ten, eight hours east
        (cron_job(last=60), None),
        (cron_job(created=70), None),
        (cron_job("@every 1h", created=9e6), None),
        (cron_job("*/5 * * * *", last=420), None),
        (cron_job(last=6000, metadata={"managedFields": [{"time": ago(60)}]}), None),
        (
            cron_job(last=6000, metadata={"managedFields": [{"time": ago(60), "subresource": "status"}]}),
            "CronJobMissedRuns",
        ),
        (cron_job(last=6000, metadata={"deletionTimestamp": ago(6)}), None),
        (cron_job(last=600, active=["night-1"], concurrencyPolicy="Forbid"), None),  # its Job was not read
        ({**cron_job(last=60), "status": None}, "CronJobMissedRuns"),
    ],
)
def test_a_cron_job_s_status_decides(item: Json, cause: str | None) -> None:
    assert [each.cause for each in found(CronJob=[item])] == ([cause] if cause else [])


def test_times_that_went_by_while_the_last_run_went_on_are_not_missed() -> None:
    item = cron_job(last=160, concurrencyPolicy="Forbid", startingDeadlineSeconds=10)
    item["status"]["lastSuccessfulTime"] = ago(20)

    assert found(CronJob=[item]) == []


def test_a_deadline_too_short_to_start_in_is_named() -> None:
    [finding] = found(CronJob=[cron_job(startingDeadlineSeconds=0)])

    assert finding.summary.endswith("its startingDeadlineSeconds of 0 leaves the controller no time to start one")
    assert "startingDeadlineSeconds" in finding.remedies[0].command


def test_a_run_that_does_not_end_keeps_the_next_from_starting() -> None:
    running = job("night-1", owner="night", active=1)
    waits = cron_job(last=600, active=["night-1"], concurrencyPolicy="Forbid")

    [finding] = found(CronJob=[waits], Job=[running])
    assert finding.cause == "CronJobForbidden"
    assert "Job night-1 still runs, since 2026-01-02T11:50:00Z" in finding.summary
    in_time = cron_job(last=40, active=["night-1"], concurrencyPolicy="Forbid")
    assert found(CronJob=[in_time], Job=[running]) == []


def test_the_controller_s_word_on_a_schedule_or_zone_that_only_it_reads() -> None:
    said = event("night", "UnknownTimeZone", 'invalid timeZone: "Mars"', kind="CronJob")

    [finding] = found(CronJob=[cron_job("@every x", timeZone="Mars")], Event=[said])
    assert finding.cause == "CronJobScheduleInvalid"
    assert found(CronJob=[cron_job("@every x", timeZone="UTC")], Event=[said]) == []


@pytest.mark.parametrize(("code", "severity"), [(3, "warning"), (127, "error")])
def test_a_job_that_has_tries_left_may_yet_succeed(code: int, severity: str) -> None:
    trying = job("load", created=20) | {"spec": {"backoffLimit": 2}}
    [finding] = found(ended("load", code), Job=[trying])

    pauses_s, runs_s = 10 + 20, 2 * 5
    until = NOW + timedelta(seconds=pauses_s + runs_s)
    assert (finding.cause, finding.severity) == ("CrashLoopBackOff", severity)
    assert finding.settles_at == (until if severity == "warning" else None)
