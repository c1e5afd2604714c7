"""What kind of error a line of a log tells of, and what it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from tools.diagnose.logs.error_kinds import KINDS, ErrorKind, Kind


class LogError(msgspec.Struct, frozen=True):
    """A recognised kind of error. `subject` is what it is about: an address, a host, a path, a variable."""

    kind: ErrorKind
    subject: str
    why: str
    next_step: str
    line: str = ""
    """What says so."""


def recognised(lines: Iterable[str]) -> LogError | None:
    """The first kind of error that one of the lines tells of; its subject may be said in another of them."""
    told = tuple(lines)
    for line in told:
        for kind in KINDS:
            if kind.is_told_by(line):
                return LogError(kind.kind, _subject(kind, (line, *told)), kind.why, kind.next_step, line)
    return None


def _subject(kind: Kind, lines: tuple[str, ...]) -> str:
    for line in lines:
        if not kind.is_told_by(line):
            continue
        for pattern in kind.subjects:
            if match := re.search(pattern, line):
                return match[1]
    return ""
