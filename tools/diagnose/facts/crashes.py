"""The containers that end by themselves, or cannot start, each with what decides its finding."""

from __future__ import annotations

import msgspec

from tools.diagnose.facts import hooks, probing
from tools.diagnose.facts.containers import START_REASONS, Container, Termination, broken, crash
from tools.diagnose.facts.refusals import refused
from tools.diagnose.logs.context import in_context, in_place
from tools.diagnose.logs.decisive import QUOTE_CHARS, around, decisive_line
from tools.diagnose.logs.errors import LogError, recognised
from tools.diagnose.terms import Json, Snapshot, once
from tools.plaintext import one_line

_NO_ERROR_CODES = (0, 126)
"""What the log says of these is no error, or is the code's own meaning."""
_OF_AN_ADDRESS = ("connection refused", "timeout", "unknown host")
_SUBJECT_CHARS = 80


class Crash(msgspec.Struct, frozen=True):
    """Containers of one owner that crash alike: `container` is the one that tells most."""

    group: tuple[Container, ...]
    container: Container
    ended: Termination
    line: str | None
    """What its log says of why; None when the log was not read."""
    error: LogError | None
    """What kind of error that is, where it is a known one."""
    context: str
    """What the objects of the namespace add to it."""
    lines: tuple[str, ...]
    """The lines of its log that decide, the first of them first."""
    hook: Json | None
    """The event that says its postStart hook's failure killed it."""

    @property
    def never_started(self) -> bool:
        return self.ended.reason in START_REASONS

    @property
    def not_runnable(self) -> bool:
        """Whether its command is at fault; 126 and 127 may also be a command's within a script."""
        return self.never_started or self.ended.exit_code in (126, 127)


@once
def crashes(snapshot: Snapshot) -> tuple[Crash, ...]:
    """Not those killed for memory or by a probe, nor those that the API refuses; worked out once for a snapshot."""
    return tuple(_crashes(snapshot))


def _crashes(snapshot: Snapshot) -> list[Crash]:
    explained = {*probing.killed(snapshot), *(key for key, each in refused(snapshot).items() if each.explains)}
    return [
        _crash(group, snapshot)
        for group in broken(snapshot, "CrashLoopBackOff")
        if (group[0].owner, group[0].name) not in explained and not _undecided(group, snapshot)
    ]


def _undecided(group: list[Container], snapshot: Snapshot) -> bool:
    return all(
        probing.undecided(container, snapshot) and hooks.failed_post_start(container, snapshot) is None
        for container in group
    )


def _crash(group: list[Container], snapshot: Snapshot) -> Crash:
    read = (each for each in group if snapshot.logs.get((each.pod_name, each.name)))
    container = next(read, group[0])
    ended = crash(container, snapshot.taken_at) or Termination(None, "", "", "")
    log = snapshot.logs.get((container.pod_name, container.name))
    line = None if log is None else decisive_line(log)
    lines = around(log) if log and ended.exit_code not in _NO_ERROR_CODES else ()
    error = recognised(lines)
    if error is not None:
        line, error = one_line(error.line, QUOTE_CHARS), in_place(error, container, snapshot)
    return Crash(
        tuple(group),
        container,
        ended,
        line=line,
        error=error,
        context=_context(error, line or "", container, snapshot) if error else "",
        lines=lines,
        hook=hooks.failed_post_start(container, snapshot),
    )


def _context(error: LogError, line: str, container: Container, snapshot: Snapshot) -> str:
    """What the objects know of it, or else the address that the log says elsewhere."""
    subject = one_line(error.subject, _SUBJECT_CHARS)
    elsewhere = f"it calls {subject}" if error.kind in _OF_AN_ADDRESS and subject not in line else ""
    return in_context(error, container, snapshot) or elsewhere
