"""The line of a log that says what went wrong."""

from __future__ import annotations

import re

from tools.diagnose.plaintext import one_line

_DECISIVE = re.compile(
    r"error|exception|fatal|panic|fail|refused|denied|forbidden|unauthori[sz]ed|no such|not found|cannot"
    r"|can't|could not|unable|missing|invalid|not set|required|read-only|in use|caused by|segfault|abort",
    re.IGNORECASE,
)
_FRAME = re.compile(r"\s+(at |File \"|\.\.\. )")
_GO_STACKS = re.compile(r"^goroutine \d+ \[", re.MULTILINE)
_LOOKED_AT_LINES = 20
QUOTE_CHARS = 160


def decisive_line(log: str) -> str:
    """The last of the last 20 lines that speaks of a failure, else the last line; safe to print, bounded.

    Frames of stack traces are passed over. Empty when the log is.
    """
    before_stacks = _GO_STACKS.split(log, maxsplit=1)[0]
    lines = [line for line in (before_stacks.strip() or log).splitlines() if line.strip()][-_LOOKED_AT_LINES:]
    telling = [line for line in lines if _DECISIVE.search(line) and not _FRAME.match(line)]
    return one_line((telling or lines or [""])[-1], QUOTE_CHARS)
