"""Pods that were taken off their node, and nodes that are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.diagnose.findings import Finding, Known
    from tools.diagnose.lesson import Lesson
    from tools.diagnose.snapshot import Snapshot

LESSONS: tuple[Lesson, ...] = ()


def disrupted(snapshot: Snapshot) -> list[Finding]:
    return []
