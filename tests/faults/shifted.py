"""Run Desk with a clock that is wrong by some seconds: `python shifted.py SECONDS ARGUMENT...`; git's is, too."""

from __future__ import annotations

import datetime
import os
import sys
import time
from typing import Any


def shift_clock(seconds: float) -> None:
    """Let every clock of this process but the monotonic one be wrong."""
    right, shift = time.time, datetime.timedelta(seconds=seconds)

    class Shifted(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return super().now(tz) + shift

    datetime.datetime = Shifted  # type: ignore[misc]
    time.time = lambda: right() + seconds
    time.time_ns = lambda: int((right() + seconds) * 1e9)
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        os.environ[name] = f"{int(right() + seconds)} +0000"


if __name__ == "__main__":
    sys.path.pop(0)
    shift_clock(float(sys.argv.pop(1)))
    from agent.cli import main

    main()
