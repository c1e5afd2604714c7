"""One line a session, straight from the store's rows.

`status` must start at once, so this imports neither events nor redaction.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agent.errors import JournalError
from agent.journal import stores
from agent.journal.port import Approval, Store

LIFE = ("session_started", "session_resumed", "session_paused", "session_closed")
"""The events that say how a session stands."""
OPEN = ("running", "killed", "paused")
"""How a session stands that is not closed."""


class SessionLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One session. `status` is running, killed (its process is gone), paused, or how it was closed.

    `exit_code` is None until a process of it has ended in order; `pid` is the process that runs it now.
    `approval` is what a paused session waits for, or waited for: pending, approved, rejected, or expired, which
    nobody decided or used in time.
    """

    session: str
    started_at: str
    task: str
    status: str
    exit_code: int | None
    next_action: str
    pid: int | None = None
    approval: str | None = None
    approval_status: str | None = None
    approval_deadline: str | None = None

    @property
    def word(self) -> str:
        """How it stands, for a person: a session that is paused for an approval is what that is."""
        if self.status != "paused" or self.approval_status is None:
            return self.status
        return "waiting" if self.approval_status == "pending" else self.approval_status


class Summary(NamedTuple):
    """Every session, newest first, and the ids of the approvals that wait, oldest first."""

    sessions: list[SessionLine]
    waiting: list[str]


def summarize(workspace: Path, database: str | None = None, *, now: datetime | None = None) -> Summary:
    """Read the journal of a workspace; without one, nothing has happened. Raises `JournalError`.

    `database` is the setting `journal`.
    """
    at = stamp(now or datetime.now(UTC))
    try:
        if not stores.exists(workspace, database):
            return Summary([], [])
        with contextlib.closing(stores.opened(workspace, database, reads=True)) as store:
            rows = [row._replace(status=status_at(row.status, row.expires_at, at)) for row in store.approvals()]
            awaited = {**{row.id: row for row in rows}, **{row.session: row for row in rows}}
            events = [(row.session, row.at, row.type, json.loads(row.body)) for row in store.rows(types=LIFE)]
            lines = [_as_it_stands(store, line, awaited) for line in session_lines(events)]
            return Summary(lines, [row.id for row in rows if row.status == "pending"])
    except (OSError, ValueError, KeyError) as error:
        raise JournalError(
            f"The journal of {workspace} cannot be read: {error}. `desk journal verify` tells more."
        ) from error


def stamp(at: datetime) -> str:
    """A time as deadlines are written: ISO 8601, UTC, in seconds."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def status_at(status: str, deadline: str, at: str) -> str:
    """How an approval stands at a time: nobody may decide or use it once its deadline is over."""
    return "expired" if status in ("pending", "approved") and deadline <= at else status


def session_lines(events: Iterable[tuple[str, str, str, dict[str, Any]]]) -> list[SessionLine]:
    """The sessions, newest first, as their events of `LIFE` tell them: each its session, time, type and body.

    `running` is whatever was not ended in order.
    """
    found: dict[str, SessionLine] = {}
    for session, at, kind, body in events:
        if kind == "session_started":
            found[session] = SessionLine(session, at, body["task"], "running", None, "")
        elif session in found:
            found[session] = _after(found[session], kind, body)
    return list(reversed(found.values()))


def _after(line: SessionLine, kind: str, body: dict[str, Any]) -> SessionLine:
    if line.status not in OPEN:  # it was gone on with only to commit its end
        return line
    known = {"session_resumed": "running", "session_paused": "paused"}
    status = known[kind] if kind in known else str(body["outcome"])
    ending = {"exit_code": body.get("exit_code"), "next_action": body.get("next_action", "")}
    ending["approval"] = body.get("approval_id") or None
    return msgspec.structs.replace(line, status=status, **ending)


def _as_it_stands(store: Store, line: SessionLine, awaited: dict[str, Approval]) -> SessionLine:
    """With the process that runs it, or the approval that it waits for, unless that is used or withdrawn.

    `awaited` has each approval by its id, and the newest one of each session by the session's.
    """
    resume = f"desk resume {line.session}"
    if line.status == "running":
        pid = store.runner(line.session)
        if pid is None:
            return msgspec.structs.replace(line, status="killed", next_action=resume)
        return msgspec.structs.replace(line, pid=pid or None)
    asked = awaited.get(line.approval or "") or awaited.get(line.session)
    if line.status != "paused" or asked is None:
        return line
    if asked.status in ("used", "superseded"):
        return msgspec.structs.replace(line, approval=None, next_action=resume)
    if asked.status == "approved" and asked.session != line.session:
        resume = f"desk resume {asked.session}; then {resume}"
    return msgspec.structs.replace(
        line,
        approval=asked.id,
        approval_status=asked.status,
        approval_deadline=asked.expires_at,
        next_action=line.next_action if asked.status == "pending" else resume,
    )
