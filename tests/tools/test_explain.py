"""The vocabulary is closed: every cause teaches, and each is a rule's."""

from __future__ import annotations

import re

import pytest

from tools.explain import CAUSES, UnknownCause, cause_of, said
from tools.topics import TOPICS


@pytest.mark.parametrize("name", CAUSES)
def test_a_lesson_is_whole(name: str) -> None:
    cause = cause_of(name.lower())

    assert cause == name
    assert cause.topic in TOPICS
    assert cause.source.startswith("https://")
    assert "docs" in cause.source or "external-secrets.io/latest/api" in cause.source
    assert all(text.strip().endswith((".", "?")) for text in (cause.means, cause.why, cause.mend))
    assert cause.example.strip()
    assert re.compile(cause.called)
    assert all(part in said(cause) for part in (name, cause.source, cause.topic))


def test_an_unknown_cause_names_the_nearest() -> None:
    with pytest.raises(UnknownCause, match="Did you mean OOMKilled"):
        cause_of("OOMkiled")
