"""Desk with a clock that is wrong by some seconds; git's is, too.

Imported before anything that knows the time, in a fork server of its own: what is forked from it shifts its clock.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tests import forked


class _Clock:
    """By how much it is wrong."""

    shift_s = 0.0


class _Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return super().now(tz) + datetime.timedelta(seconds=_Clock.shift_s)


def desk(given: Mapping[str, Any], fds: Sequence[int]) -> int:
    """Be the program, as `forked.desk` is, on the clock of `given`."""
    _Clock.shift_s = given["clock_s"]
    date = f"{int(time.time())} +0000"
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    return forked.desk({**given, "env": {**given["env"], **dates}}, fds)


def _shift_clock() -> None:
    """Let every clock of this process but the monotonic one be wrong."""
    right = time.time
    datetime.datetime = _Shifted  # type: ignore[misc]
    time.time = lambda: right() + _Clock.shift_s
    time.time_ns = lambda: int((right() + _Clock.shift_s) * 1e9)


_shift_clock()
