"""One line a session, straight from the journal's rows.

`status` must start at once, so this knows the file and its columns, and imports neither events nor redaction.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

from agent.errors import JournalError


class SessionLine(NamedTuple):
    """`status` is running, paused, or how it was closed; `exit_code` None while it runs."""

    session: str
    started_at: str
    task: str
    status: str
    exit_code: int | None
    next_action: str


class Summary(NamedTuple):
    """Every session, newest first, and the ids of the approvals that wait, oldest first."""

    sessions: list[SessionLine]
    waiting: list[str]


def summarize(path: Path) -> Summary:
    """Read a journal file; without one, nothing has happened. Raises `JournalError`."""
    if not path.exists():
        return Summary([], [])
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return Summary(_sessions(connection), _waiting(connection))
    except (sqlite3.Error, ValueError, KeyError) as error:
        raise JournalError(
            f"The journal {path} cannot be read: {error}. `desk journal verify` tells more."
        ) from error


def _sessions(connection: sqlite3.Connection) -> list[SessionLine]:
    rows = connection.execute(
        "SELECT session, at, type, body FROM events WHERE type IN"
        " ('session_started', 'session_resumed', 'session_paused', 'session_closed') ORDER BY seq"
    )
    found: dict[str, SessionLine] = {}
    for session, at, kind, raw in rows:
        body = json.loads(raw)
        if kind == "session_started":
            found[session] = SessionLine(session, at, body["task"], "running", None, "")
        elif session in found:
            found[session] = _after(found[session], kind, body)
    return list(reversed(found.values()))


def _after(line: SessionLine, kind: str, body: dict[str, Any]) -> SessionLine:
    known = {"session_resumed": "running", "session_paused": "paused"}
    status = known[kind] if kind in known else str(body["outcome"])
    return line._replace(status=status, exit_code=body.get("exit_code"), next_action=body.get("next_action", ""))


def _waiting(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT id FROM approvals WHERE status = 'pending' ORDER BY asked_seq")
    return [str(row[0]) for row in rows]
