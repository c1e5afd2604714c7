"""Services that lead nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.diagnose.findings import Finding, Known
    from tools.diagnose.lesson import Lesson
    from tools.diagnose.snapshot import Snapshot

LESSONS: tuple[Lesson, ...] = ()


def services(snapshot: Snapshot, known: Known) -> list[Finding]:
    return []
