"""What comes after a session's Job has ended: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

MAX_FAILED = 8
"""Jobs of a session that may fail one after the other; it is then left to a person."""
MAX_JOBS = 100
"""Of one session key."""
FIRST_WAIT_S = 10.0
"""After the second failure in a row; after the first, it goes on at once. Then twice as long each time."""
LONGEST_WAIT_S = 300.0


class Standing(Enum):
    """How the newest session of a key stands, by the journal."""

    NONE = "has not begun"
    RUNNING = "is run by a process"
    WAITING = "waits for an approval"
    OVER = "is over"
    HANDED_OVER = "was handed over"
    OPEN = "can go on"


@dataclass(frozen=True, slots=True)
class Ended:
    """A Job that is there; `ended_at` None: it has not ended."""

    number: int
    ended_at: datetime | None
    failed: bool = False
    reason: str = ""
    """Of its failure, as Kubernetes names it."""


@dataclass(frozen=True, slots=True)
class Next:
    """Make the Job of this number."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing more is to be made; `trouble` says why a person should look, empty when the session is over."""

    trouble: str = ""


def after(jobs: Sequence[Ended], standing: Standing, now: datetime) -> Next | Over | None:
    """What is to be done about a session key with these Jobs, the oldest first; None: nothing yet."""
    last = jobs[-1]
    if last.ended_at is None or standing in (Standing.RUNNING, Standing.WAITING):
        return None
    if standing is Standing.OVER:
        return Over()
    if last.reason == "DeadlineExceeded":
        return Over("its deadline is over")
    if last.reason == "PodFailurePolicy" and standing is Standing.NONE:
        return Over("its settings are wrong (exit code 2): the log of its pod says which")
    failed = _failed_in_a_row(jobs)
    if failed >= MAX_FAILED:
        return Over(f"{failed} Jobs in a row have failed")
    if last.number >= MAX_JOBS:
        return Over(f"it has had {MAX_JOBS} Jobs")
    if now < last.ended_at + timedelta(seconds=wait_s(failed)):
        return None
    return Next(last.number + 1, f"the session {standing.value}")


def wait_s(failed: int) -> float:
    """How long after so many failures in a row the next Job is made."""
    return min(FIRST_WAIT_S * 2 ** (failed - 2), LONGEST_WAIT_S) if failed > 1 else 0.0


def _failed_in_a_row(jobs: Sequence[Ended]) -> int:
    count = 0
    for job in reversed(jobs):
        if not job.failed:
            break
        count += 1
    return count
