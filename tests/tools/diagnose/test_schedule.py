"""When a CronJob should have run."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from tools.diagnose.facts.schedule import parsed, zone_of

FRIDAY_NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def times(text: str, count: int = 2, zone: str | None = None) -> list[str]:
    schedule, where = parsed(text), zone_of(zone)
    assert schedule is not None
    assert where is not None
    return [f"{at:%m-%d %H:%M}" for at in islice(schedule.before(FRIDAY_NOON, where), count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", ["01-02 12:00", "01-02 11:59"]),
        ("*/15 * * * *", ["01-02 12:00", "01-02 11:45"]),
        ("5/20 8-9 * * *", ["01-02 09:45", "01-02 09:25"]),
        ("0 3 * * MON-wed", ["12-31 03:00", "12-30 03:00"]),
        ("0 3 1 * *", ["01-01 03:00", "12-01 03:00"]),
        ("0 3 1 * 5", ["01-02 03:00", "01-01 03:00"]),
        ("0 3 */2 * 5", ["01-02 03:00", "01-01 03:00"]),
        ("0 0 29 feb ?", ["02-29 00:00", "02-29 00:00"]),
        ("30 23,22 * * 0", ["12-28 23:30", "12-28 22:30"]),
        ("@daily", ["01-02 00:00", "01-01 00:00"]),
        ("@hourly", ["01-02 12:00", "01-02 11:00"]),
        ("0 0 30 2 *", []),
        ("0 0 31 4,6 *", []),
    ],
)
def test_the_times_before_a_moment(text: str, expected: list[str]) -> None:
    assert times(text) == expected


def test_a_time_zone_counts() -> None:
    assert times("0 3 * * *", 1, "Asia/Tokyo") == ["01-01 18:00"]
    assert zone_of("Mars/Olympus") is None
    assert zone_of("../../etc/passwd") is None


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "a b c d e", "5-1 * * * *", "*/0 * * * *", "@every 1h", "@x"]
)
def test_what_is_no_schedule(text: str) -> None:
    assert parsed(text) is None
