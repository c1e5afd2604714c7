"""What kind of error a line of a log tells of, and what it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

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


def subjects(which: ErrorKind, lines: Iterable[str]) -> Iterator[str]:
    """All that an error of that kind may be about, the likeliest first: what exists tells which it is."""
    kind = next(each for each in KINDS if each.kind == which)
    told = [line for line in lines if kind.is_told_by(line)]
    found = (match[1] for line in told for pattern in kind.subjects for match in re.finditer(pattern, line))
    yield from dict.fromkeys(each for each in found if each.lower() not in _NO_NAMES)


_NO_NAMES = frozenset(("failure", "failed", "error", "for", "of", "on", "to", "the", "host", "address", "name"))
"""Words that stand where a name may stand."""


def _subject(kind: Kind, lines: tuple[str, ...]) -> str:
    for line in lines:
        if not kind.is_told_by(line):
            continue
        for pattern in kind.subjects:
            for match in re.finditer(pattern, line):
                if match[1].lower() not in _NO_NAMES:
                    return match[1]
    return ""
