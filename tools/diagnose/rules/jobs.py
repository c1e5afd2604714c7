"""Jobs and CronJobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.diagnose.findings import Finding, Known
    from tools.diagnose.lesson import Lesson
    from tools.diagnose.snapshot import Snapshot

LESSONS: tuple[Lesson, ...] = ()


def failed_jobs(snapshot: Snapshot, known: Known) -> list[Finding]:
    return []


def cron_jobs(snapshot: Snapshot, known: Known) -> list[Finding]:
    return []
