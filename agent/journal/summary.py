"""One line a session, straight from the journal's rows: light enough for `status`."""

from __future__ import annotations

import json
from dataclasses import dataclass

from agent.journal.events import Json
from agent.journal.store import Journal


@dataclass(frozen=True, slots=True)
class SessionLine:
    """`status` is running, paused, or how it was closed; `exit_code` None while it runs."""

    session: str
    started_at: str
    task: str
    status: str
    exit_code: int | None
    next_action: str

    def to_json(self) -> Json:
        """As the documents have it."""
        return {name: getattr(self, name) for name in self.__slots__}


def sessions(journal: Journal) -> list[SessionLine]:
    """Every session, newest first."""
    rows = journal.read(
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


def _after(line: SessionLine, kind: str, body: Json) -> SessionLine:
    known = {"session_resumed": "running", "session_paused": "paused"}
    status = known[kind] if kind in known else str(body["outcome"])
    return SessionLine(
        line.session, line.started_at, line.task, status, body.get("exit_code"), body.get("next_action", "")
    )


def waiting(journal: Journal) -> list[str]:
    """The ids of the approvals that wait, oldest first."""
    rows = journal.read("SELECT id FROM approvals WHERE status = 'pending' ORDER BY asked_seq")
    return [str(row[0]) for row in rows]
