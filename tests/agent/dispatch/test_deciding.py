"""What comes after a session's Job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.dispatch.deciding import MAX_IN_VAIN, MAX_JOBS, Ended, Next, Over, Standing, after, wait_s

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
JUST = NOW - timedelta(seconds=1)
DONE, FAILED = Ended(1, JUST), Ended(1, JUST, failed=True, reason="BackoffLimitExceeded")


@pytest.mark.parametrize("standing", list(Standing))
def test_nothing_comes_after_a_job_that_has_not_ended(standing: Standing) -> None:
    assert after([DONE, Ended(2, None)], standing, NOW) is None


@pytest.mark.parametrize("last", [DONE, FAILED])
@pytest.mark.parametrize("standing", [Standing.RUNNING, Standing.WAITING])
def test_a_session_that_runs_or_waits_needs_no_pod(last: Ended, standing: Standing) -> None:
    assert after([last], standing, NOW) is None


@pytest.mark.parametrize("last", [DONE, FAILED])
def test_a_session_that_is_over_is_left(last: Ended) -> None:
    assert after([last], Standing.OVER, NOW) == Over()


@pytest.mark.parametrize("standing", [Standing.OPEN, Standing.HANDED_OVER])
def test_what_can_go_on_does(standing: Standing) -> None:
    assert after([DONE], standing, NOW) == Next(2, f"the session {standing.value}")
    assert after([FAILED], standing, NOW) == Next(2, f"the session {standing.value}")


def test_one_that_never_began_is_begun_again_unless_its_settings_are_wrong() -> None:
    assert after([FAILED], Standing.NONE, NOW) == Next(2, "the session has not begun")
    wrong = after([Ended(1, JUST, failed=True, reason="PodFailurePolicy")], Standing.NONE, NOW)
    assert isinstance(wrong, Over)
    assert "exit code 2" in wrong.trouble


def test_failures_in_a_row_wait_longer_each_time_and_end() -> None:
    def row(count: int, ended: datetime) -> list[Ended]:
        return [Ended(number, ended, failed=True) for number in range(1, count + 1)]

    assert [wait_s(count) for count in (0, 1, 2, 3, 4, 9)] == [0, 0, 10, 20, 40, 300]
    assert after(row(2, JUST), Standing.OPEN, NOW) is None
    assert after(row(2, NOW - timedelta(seconds=10)), Standing.OPEN, NOW) == Next(3, "the session can go on")
    assert isinstance(after(row(MAX_IN_VAIN, JUST), Standing.OPEN, NOW), Over)
    assert after([*row(3, JUST), Ended(4, JUST)], Standing.OPEN, NOW) == Next(5, "the session can go on")


def test_sessions_that_hand_over_and_did_nothing_do_not_follow_one_another_at_once() -> None:
    assert after([DONE], Standing.HANDED_OVER, NOW, idle=1) == Next(2, "the session was handed over")
    assert after([DONE], Standing.HANDED_OVER, NOW, idle=2) is None
    later = NOW + timedelta(seconds=10)
    assert after([DONE], Standing.HANDED_OVER, later, idle=2) == Next(2, "the session was handed over")
    stuck = after([DONE], Standing.HANDED_OVER, later, idle=MAX_IN_VAIN)
    assert isinstance(stuck, Over)
    assert "had done nothing" in stuck.trouble


def test_a_deadline_and_the_last_job_are_an_end() -> None:
    late = after([Ended(1, JUST, failed=True, reason="DeadlineExceeded")], Standing.OPEN, NOW)
    assert late == Over("its deadline is over")
    assert isinstance(after([Ended(MAX_JOBS, JUST)], Standing.HANDED_OVER, NOW), Over)
