"""When a CronJob should have run.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec
from cronsim import CronSim

_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = ("*", "*", "*", "*")
_DAY_OF_MONTH, _MONTH, _DAY_OF_WEEK = 2, 3, 4
_WHOLE = {_DAY_OF_MONTH: "1-31", _DAY_OF_WEEK: "0-6"}


class Schedule(msgspec.Struct, frozen=True):
    """Cron's five fields."""

    fields: tuple[str, ...]

    @property
    def every_hour(self) -> bool:
        """Whether a time zone of whole hours makes no difference."""
        return self.fields[1:] == _EVERY

    def before(self, moment: datetime, zone: tzinfo = UTC) -> Iterator[datetime]:
        """The times up to a moment, the last first; none when its day never comes."""
        just_after = moment.astimezone(zone).replace(microsecond=0) + timedelta(seconds=1)
        times = _times(self.fields, just_after) or ()
        return (at.astimezone(UTC) for at in times)


def parsed(text: str) -> Schedule | None:
    """The schedule; None for what is none, and for `@every`, whose times depend on the controller's start."""
    fields = _DESCRIPTORS.get(text.strip().lower(), text).replace("?", "*").split()
    if len(fields) != len(_EVERY) + 1:
        return None
    for (
        place,
        whole,
    ) in _WHOLE.items():  # to Debian's cron a day field with a step is a star, to Kubernetes it is not
        if fields[place].startswith("*/") and fields[place] != "*/1":
            fields[place] = whole + fields[place][1:]
    in_any_month = [*fields[:_MONTH], "*", *fields[_MONTH + 1 :]]
    is_one = any(_times(each, datetime.now(UTC)) for each in (fields, in_any_month))
    return Schedule(tuple(fields)) if is_one else None


def _times(fields: Sequence[str], before: datetime) -> CronSim | None:
    """None where cron cannot read them, or where no month has the day."""
    from cronsim import CronSim, CronSimError  # most namespaces have no CronJob

    try:
        return CronSim(" ".join(fields), before, reverse=True)
    except CronSimError:
        return None


def zone_of(name: str | None) -> tzinfo | None:
    """A CronJob's time zone: UTC where it names none, None where this machine does not know it."""
    if name is None:
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # few CronJobs name one

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
