"""The line of a log that says what went wrong."""

from __future__ import annotations

import re

from tools.diagnose.logs.lines import LogLine, read_line
from tools.plaintext import one_line

_DECISIVE = re.compile(
    r"error|exception|fatal|panic|fail|refused|denied|forbidden|unauthori[sz]ed|no such|not found|cannot"
    r"|can't|could not|unable|missing|invalid|not set|required|read-only|in use|caused by|segfault|abort"
    r"|no space left|unbound variable|timed? ?out",
    re.IGNORECASE,
)
_FRAME = re.compile(
    r"\s+(at |File \"|\.\.\. |from )"  # Java, Node.js, .NET; Python; Java; Ruby
    r"|During handling of the above exception, |The above exception was the direct cause "  # Python
    r"|\s*#?\d+:?\s+0x[0-9a-f]+\b|\s+\d+: \S+::|.*\[0x[0-9a-f]{6,}\]\s*$"  # V8, gdb; Rust; glibc
    r"|\s*(?:file://)?[\w./:@\\\-]+:\d+\s*$|\s+throw "  # Node.js' place in the code
    r"|\s*--- End of .* ---|\s+\^+\s*$|Node\.js v\d|npm (ERR!|error)|exit status \d|command terminated"
)
_USAGE = re.compile(r"\s*-{1,2}[A-Za-z?][\w-]*(?:[ =,]{1,2}[^\s]+){0,3}(?:\t+|\s{2,})\S|\s*usage: ", re.IGNORECASE)
"""A line of a program's help: its options, with what they mean; what it speaks of did not happen."""
_GO_STACKS = re.compile(r"^goroutine \d+ \[", re.MULTILINE)
_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
_RAISED = re.compile(r"[\w.]+(Error|Exception|Warning|Interrupt|Exit|Failure)?\b.*")
_CAUSED_BY = re.compile(r"\s*(Caused by: |---> )")  # Java; .NET
_THROWN = re.compile(
    r"Exception in thread |Unhandled exception|Uncaught |(Uncaught )?[\w.$]*(Error|Exception)\b[^\n]*: "
    r"|panic: |fatal error: |thread '.*' panicked at "
)
_LOOKED_AT_LINES = 20
_CAUSES = 3
_SERVES = re.compile(
    r"\b(?:listen(?:ing|s|er)?|serving|served|started|running|bound|binding|ready|available|serve)\b"
    r"(?:.{0,80}?(?:[a-z]+://)?(?P<host>[\w.\-*]+|\[[0-9a-f:]*\])?:|.{0,40}?\bports?(?:\(s\))?\s*[:=]?\s*)"
    r"(?P<port>\d{2,5})\b(?![.:\w])",
    re.IGNORECASE,
)
_OPENED_AT = re.compile(
    r"\b(?:local|loopback|network|external|url|address|available at|open|visit)\b\W{1,20}[a-z]+://"
    r"(?P<host>[\w.\-*]+|\[[0-9a-f:]*\]):(?P<port>\d{2,5})\b",
    re.IGNORECASE,
)
"""What development servers say: `Local:   http://localhost:5173/`."""
_ANYWHERE = ("", "0.0.0.0", "*", "[::]", "::")  # noqa: S104
_ONLY_ITSELF = ("127.0.0.1", "localhost", "[::1]")
_MAX_PORT = 65535
_MAX_LINE_CHARS = 2000
QUOTE_CHARS = 160


def decisive_line(log: str) -> str:
    """The line that says why a program ended; safe to print, bounded; empty when the log is.

    Of a stack trace (Python, Java, Node.js, Go, Rust) the line that names the error: the last `Caused by` of
    Java, the last line of Python's. Else the last of the last 20 lines that is an error or, where it does not
    say what it is, speaks of a failure; else the last. Of JSON and logfmt the message with its error.
    """
    return one_line(_decisive(_lines(log)), QUOTE_CHARS)


def around(log: str) -> tuple[str, ...]:
    """The decisive line first, then those by it and what it caused: the kind of error may be said there."""
    lines = _lines(log)
    decisive = _decisive(lines)
    texts = [line.text for line in lines]
    if decisive not in texts:
        return (decisive,)
    at = len(texts) - 1 - texts[::-1].index(decisive)
    caused = [text for text in reversed(texts[:at]) if _CAUSED_BY.match(text)] if _CAUSED_BY.match(decisive) else []
    return (decisive, *caused[:_CAUSES], *texts[at + 1 : at + 4], *reversed(texts[max(0, at - 2) : at]))


def served_line(log: str) -> str:
    """The line that says where the program listens; empty where none does."""
    served = _served(log)
    return one_line(served[2], QUOTE_CHARS) if served else ""


def served_port(log: str) -> int | None:
    """The port that the log says the program listens on; the last one said."""
    served = _served(log)
    return served[1] if served else None


def serves_only_itself(log: str) -> bool:
    """Whether the log says the program listens on 127.0.0.1 alone, where nothing outside its pod reaches it."""
    served = _served(log)
    return served is not None and served[0] in _ONLY_ITSELF


def _served(log: str) -> tuple[str, int, str] | None:
    found = None
    for line in log.splitlines():
        match = _SERVES.search(line[:_MAX_LINE_CHARS]) or _OPENED_AT.search(line[:_MAX_LINE_CHARS])
        if match is None or re.search(r"connect|refused|fail|error", line, re.IGNORECASE):
            continue
        host, port = (match["host"] or "").lower(), int(match["port"])
        if port <= _MAX_PORT and (host in _ANYWHERE or host in _ONLY_ITSELF or not host.isdecimal()):
            found = (host, port, line)
    return found


def _decisive(lines: list[LogLine]) -> str:
    if named := _of_trace([line.text for line in lines]):
        return named
    last = ([line for line in lines if not _FRAME.match(line.text)] or lines)[-_LOOKED_AT_LINES:]
    failing = [line for line in last if _DECISIVE.search(line.text)]
    grave = [line for line in last if line.level == "grave" or (line.level == "unknown" and line in failing)]
    return (grave or failing or last or [LogLine("", "unknown")])[-1].text


def _lines(log: str) -> list[LogLine]:
    before_stacks = _GO_STACKS.split(log, maxsplit=1)[0]
    raw = [line for line in (before_stacks.strip() or log).splitlines() if line.strip()]
    told = [line for line in raw if not _USAGE.match(line)] or raw
    return [_shortened(read_line(line)) for line in told]


def _shortened(line: LogLine) -> LogLine:
    """Of a structured line that holds a stack trace of its own, the line of that which names the error."""
    own = [each for each in line.text.splitlines() if each.strip()]
    text = _of_trace(own) or own[0] if len(own) > 1 else line.text
    return LogLine(text[:_MAX_LINE_CHARS], line.level)


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
