"""One line a session, straight from the store's rows.

`status` must start at once, so this imports neither events nor redaction.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agent.errors import JournalError
from agent.journal.port import Row, Store
from agent.journal.sqlite import SqliteStore

_LIFE = ("session_started", "session_resumed", "session_paused", "session_closed")


class SessionLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One session. `status` is running, paused, or how it was closed; `exit_code` None while it runs."""

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
        with contextlib.closing(SqliteStore(path)) as store:
            return Summary(_sessions(store.rows(types=_LIFE)), _waiting(store))
    except (ValueError, KeyError) as error:
        raise JournalError(
            f"The journal {path} cannot be read: {error}. `desk journal verify` tells more."
        ) from error


def _sessions(rows: Iterable[Row]) -> list[SessionLine]:
    found: dict[str, SessionLine] = {}
    for row in rows:
        body = json.loads(row.body)
        if row.type == "session_started":
            found[row.session] = SessionLine(row.session, row.at, body["task"], "running", None, "")
        elif row.session in found:
            found[row.session] = _after(found[row.session], row.type, body)
    return list(reversed(found.values()))


def _after(line: SessionLine, kind: str, body: dict[str, Any]) -> SessionLine:
    known = {"session_resumed": "running", "session_paused": "paused"}
    status = known[kind] if kind in known else str(body["outcome"])
    ending = {"exit_code": body.get("exit_code"), "next_action": body.get("next_action", "")}
    return msgspec.structs.replace(line, status=status, **ending)


def _waiting(store: Store) -> list[str]:
    return [row.id for row in store.approvals(statuses=("pending",))]
