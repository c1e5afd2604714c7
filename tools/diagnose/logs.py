"""The line of a log that says what went wrong."""

from __future__ import annotations

import re

from tools.diagnose.plaintext import one_line

_DECISIVE = re.compile(
    r"error|exception|fatal|panic|fail|refused|denied|forbidden|unauthori[sz]ed|no such|not found|cannot"
    r"|can't|could not|unable|missing|invalid|not set|required|read-only|in use|caused by|segfault|abort"
    r"|no space left|unbound variable",
    re.IGNORECASE,
)
_FRAME = re.compile(
    r"\s+(at |File \"|\.\.\. |from )"  # Java, Node.js, .NET; Python; Java; Ruby
    r"|\s+\^+\s*$|Node\.js v\d|npm (ERR!|error)|exit status \d|command terminated"
)
_GO_STACKS = re.compile(r"^goroutine \d+ \[", re.MULTILINE)
_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_RAISED = re.compile(r"[\w.]+(Error|Exception|Warning|Interrupt|Exit|Failure)?\b.*")
_CAUSED_BY = re.compile(r"\s*Caused by: ")
_THROWN = re.compile(
    r"Exception in thread |Unhandled exception|Uncaught |(Uncaught )?[\w.$]*(Error|Exception)\b[^\n]*: "
    r"|panic: |fatal error: |thread '.*' panicked at "
)
_LOOKED_AT_LINES = 20
_SERVES = re.compile(
    r"\b(?:listen(?:ing|s|er)?|serving|served|started|running|bound|binding|ready|available|serve)\b"
    r"(?:.{0,80}?(?:[a-z]+://)?(?P<host>[\w.\-*]+|\[[0-9a-f:]*\])?:|.{0,40}?\bports?(?:\(s\))?\s*[:=]?\s*)"
    r"(?P<port>\d{2,5})\b(?![.:\w])",
    re.IGNORECASE,
)
_ANYWHERE = ("", "0.0.0.0", "*", "[::]", "::")  # noqa: S104
_ONLY_ITSELF = ("127.0.0.1", "localhost", "[::1]")
_MAX_PORT = 65535
_MAX_LINE_CHARS = 2000
QUOTE_CHARS = 160


def decisive_line(log: str) -> str:
    """The line that says why a program ended; safe to print, bounded; empty when the log is.

    Of a stack trace (Python, Java, Node.js, Go, Rust) the line that names the error: the last `Caused by` of
    Java, the last line of Python's. Else the last of the last 20 lines that speaks of a failure, else the last.
    """
    return one_line(_decisive(log), QUOTE_CHARS)


def around(log: str) -> tuple[str, ...]:
    """The decisive line first, then the lines by it: what kind of error it is may be said a line further."""
    lines = _lines(log)
    decisive = _decisive(log)
    if decisive not in lines:
        return (decisive,)
    at = len(lines) - 1 - lines[::-1].index(decisive)
    return (decisive, *lines[at + 1 : at + 4], *reversed(lines[max(0, at - 2) : at]))


def served_port(log: str) -> int | None:
    """The port that the log says the program listens on; the last one said."""
    served = _served(log)
    return served[1] if served else None


def serves_only_itself(log: str) -> bool:
    """Whether the log says the program listens on 127.0.0.1 alone, where nothing outside its pod reaches it."""
    served = _served(log)
    return served is not None and served[0] in _ONLY_ITSELF


def _served(log: str) -> tuple[str, int] | None:
    found = None
    for line in log.splitlines():
        match = _SERVES.search(line[:_MAX_LINE_CHARS])
        if match is None or re.search(r"connect|refused|fail|error", line, re.IGNORECASE):
            continue
        host, port = (match["host"] or "").lower(), int(match["port"])
        if port <= _MAX_PORT and (host in _ANYWHERE or host in _ONLY_ITSELF or not host.isdecimal()):
            found = (host, port)
    return found


def _decisive(log: str) -> str:
    lines = _lines(log)
    if named := _of_trace(lines):
        return named
    lines = lines[-_LOOKED_AT_LINES:]
    telling = [line for line in lines if _DECISIVE.search(line) and not _FRAME.match(line)]
    return (telling or lines or [""])[-1]


def _lines(log: str) -> list[str]:
    before_stacks = _GO_STACKS.split(log, maxsplit=1)[0]
    return [line[:_MAX_LINE_CHARS] for line in (before_stacks.strip() or log).splitlines() if line.strip()]


def _of_trace(lines: list[str]) -> str | None:
    """The line of the last stack trace that names the error."""
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at]
        following = lines[at + 1] if at + 1 < len(lines) else ""
        if _CAUSED_BY.match(line):
            return line
        if _TRACEBACK.search(line):
            return _raised(lines[at + 1 :])
        if _THROWN.match(line):
            if line.startswith("thread '") and following:
                return following
            if line.startswith(("panic: ", "fatal error: ", "thread '")) or _FRAME.match(following):
                return line
    return None


def _raised(after: list[str]) -> str | None:
    """The first line that is not indented after Python's frames."""
    return next((line for line in after if not line[:1].isspace() and _RAISED.match(line)), None)
