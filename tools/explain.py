"""Teach a cause: what it means, how it comes about, what one does about it, and an example."""

from __future__ import annotations

import textwrap

from tools.cluster.did_you_mean import did_you_mean, near
from tools.delivery.rules import LESSONS as OF_DELIVERIES
from tools.diagnose.findings import Cause
from tools.diagnose.lesson import Lesson
from tools.diagnose.rules import LESSONS as OF_WORKLOADS
from tools.diagnose.taught import TOPIC_OF

LESSONS: dict[Cause, Lesson] = {**OF_WORKLOADS, **OF_DELIVERIES}
"""What each cause teaches: of a workload that does not run, then of a commit that does not get there."""
_WIDTH = 100


class UnknownCause(LookupError):
    """No rule finds such a cause; the text names the nearest, or all."""


def lesson_of(cause: str) -> Lesson:
    """The lesson of a cause, in any case; raises `UnknownCause`."""
    by_lower = {name.lower(): lesson for name, lesson in LESSONS.items()}
    found = by_lower.get(cause.lower())
    if found is None:
        meant = did_you_mean(near(cause, LESSONS)) or f" There are: {', '.join(sorted(LESSONS))}."
        raise UnknownCause(f'There is no cause "{cause}".{meant}')
    return found


def said(lesson: Lesson) -> str:
    """A lesson as text."""
    parts = (
        ("What it means", lesson.means),
        ("Why it happens", lesson.why),
        ("What to do", lesson.mend),
        ("For example", lesson.example),
    )
    told = [f"{heading}:\n{_wrapped(text)}" for heading, text in parts]
    return "\n\n".join(
        [lesson.cause, *told, f"More: {lesson.source}\nOn this platform: desk docs {TOPIC_OF[lesson.cause]}"]
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")
