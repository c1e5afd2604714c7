"""When a CronJob should have run: cron's five fields, as the CronJob controller reads them.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

_EVERY_HOUR = frozenset(range(24))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_LOOKED_BACK = timedelta(days=5 * 366)
"""Every day that comes at all came within it; the controller looks as far ahead."""


class Schedule(msgspec.Struct, frozen=True):
    """The minutes, hours and days of a schedule; Sunday is 0."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    """Day of the month or day of the week is enough: where neither is `*`."""

    @property
    def every_hour(self) -> bool:
        """Whether a time zone of whole hours makes no difference."""
        return (
            self.hours == _EVERY_HOUR and self.days == frozenset(range(1, 32)) and len(self.weekdays) == len(_DAYS)
        )

    def before(self, moment: datetime, zone: tzinfo = UTC) -> Iterator[datetime]:
        """The times up to a moment, the last first; none when its day never comes."""
        local = moment.astimezone(zone)
        for back in range(_LOOKED_BACK.days):
            day = local.date() - timedelta(days=back)
            if not self._has(day):
                continue
            for hour in sorted(self.hours, reverse=True):
                for minute in sorted(self.minutes, reverse=True):
                    at = datetime.combine(day, time(hour, minute), zone)
                    if at <= local:
                        yield at.astimezone(UTC)

    def _has(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month or of_week if self.either_day else of_month and of_week


def parsed(text: str) -> Schedule | None:
    """The schedule; None for what is none, and for `@every`, whose times depend on the controller's start."""
    fields = _DESCRIPTORS.get(text.strip().lower(), text).split()
    if len(fields) != 5:
        return None
    try:
        minutes, hours = _field(fields[0], 0, 59), _field(fields[1], 0, 23)
        days, months = _field(fields[2], 1, 31), _field(fields[3], 1, 12, _MONTHS)
        weekdays = _field(fields[4], 0, 6, _DAYS)
    except ValueError:
        return None
    either = not (_is_star(fields[2]) or _is_star(fields[4]))
    return Schedule(minutes, hours, days, months, weekdays, either)


def zone_of(name: str | None) -> tzinfo | None:
    """A CronJob's time zone: UTC where it names none, None where this machine does not know it."""
    if name is None:
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # few CronJobs name one

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _is_star(field: str) -> bool:
    return any(
        part.partition("/")[0] in ("*", "?") and part.partition("/")[2] in ("", "1") for part in field.split(",")
    )


def _field(field: str, least: int, most: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    return frozenset(number for part in field.split(",") for number in _range(part, least, most, names))


def _range(part: str, least: int, most: int, names: tuple[str, ...]) -> range:
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    if span in ("*", "?"):
        low, high = least, most
    else:
        low = _number(first, least, names)
        high = _number(last, least, names) if dash else most if slash else low
    if not least <= low <= high <= most or (slash and int(step) < 1):
        raise ValueError(part)
    return range(low, high + 1, int(step) if slash else 1)


def _number(text: str, least: int, names: tuple[str, ...]) -> int:
    return names.index(text.lower()) + least if text.lower() in names else int(text)
