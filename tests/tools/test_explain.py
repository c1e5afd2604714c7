"""The vocabulary is closed: every cause has its lesson, and no lesson is of another."""

from __future__ import annotations

from typing import get_args

import pytest

from tools.diagnose.findings import Cause
from tools.explain import LESSONS, UnknownCause, lesson_of, said


def test_every_cause_is_taught() -> None:
    assert set(LESSONS) == set(get_args(Cause))


@pytest.mark.parametrize("cause", LESSONS)
def test_a_lesson_is_whole(cause: Cause) -> None:
    lesson = lesson_of(cause.lower())

    assert lesson.cause == cause
    assert lesson.source.startswith("https://") and "docs" in lesson.source
    assert all(text.strip().endswith((".", "?")) for text in (lesson.means, lesson.why, lesson.mend))
    assert lesson.example.strip()
    assert all(part in said(lesson) for part in (lesson.cause, lesson.source))


def test_an_unknown_cause_names_the_nearest() -> None:
    with pytest.raises(UnknownCause, match="Did you mean OOMKilled"):
        lesson_of("OOMkiled")
