"""Desk is killed 200 times on the real cluster, and nothing is lost, doubled or left half-written."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.chaos.outcome import Tally
from tests.chaos.run import Asked, Report, run

KUBECONFIG = os.environ.get("DESK_TEST_KUBECONFIG", "")
KILLS = 220
SEED = 7

pytestmark = [pytest.mark.cluster, pytest.mark.skipif(not KUBECONFIG, reason="DESK_TEST_KUBECONFIG is not set")]


@pytest.fixture(scope="module")
def report() -> Report:
    made = run(Asked(KILLS, SEED, KUBECONFIG), ["desk", "sync"])
    print("\n".join(made.lines))
    return made


def kinds(tally: Tally) -> Counter[str]:
    return Counter(dict(tally.by_kind()))


def test_nothing_is_lost_doubled_or_half_written(report: Report) -> None:
    assert report.desk_faults == []


def test_every_boundary_effect_and_class_was_killed_at(report: Report) -> None:
    tally = report.tallies["desk"]
    assert sum(kinds(tally).values()) == KILLS
    assert set(kinds(tally)) == {"entry", "soon", "before", "answered", "late", "timer"}
    assert set(dict(tally.by_class())) == {"read", "render", "change", "delete", "commit", "approval"}
    assert [point for point in tally.uncovered() if not point.startswith("late")] == []


def test_the_plain_agent_is_killed_as_often_and_does_things_twice(report: Report) -> None:
    tally = report.tallies["sync"]
    assert sum(kinds(tally).values()) == KILLS
    troubles = Counter(trouble for outcome in tally.outcomes for trouble in outcome.troubles())
    assert troubles["doubled"] > 0  # else the kills around effects kill nobody
