"""What comes after a session's Job has ended: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

MAX_IN_VAIN = 8
"""Jobs that may fail, or sessions that may hand over without having done anything, one after the other."""
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


def after(jobs: Sequence[Ended], standing: Standing, now: datetime, idle: int = 0) -> Next | Over | None:
    """What is to be done about a session key with these Jobs, the oldest first; None: nothing yet.

    `idle`: how many of its sessions in a row have handed over and had done nothing.
    """
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
    if failed >= MAX_IN_VAIN:
        return Over(f"{failed} Jobs in a row have failed")
    if idle >= MAX_IN_VAIN:
        return Over(f"{idle} sessions in a row have handed over, and had done nothing")
    if last.number >= MAX_JOBS:
        return Over(f"it has had {MAX_JOBS} Jobs")
    if now < last.ended_at + timedelta(seconds=wait_s(max(failed, idle))):
        return None
    return Next(last.number + 1, f"the session {standing.value}")


def wait_s(in_vain: int) -> float:
    """How long after so many Jobs in a row that brought nothing the next one is made."""
    return min(FIRST_WAIT_S * 2 ** (in_vain - 2), LONGEST_WAIT_S) if in_vain > 1 else 0.0


def _failed_in_a_row(jobs: Sequence[Ended]) -> int:
    count = 0
    for job in reversed(jobs):
        if not job.failed:
            break
        count += 1
    return count
