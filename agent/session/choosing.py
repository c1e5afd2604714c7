"""Which session a `resume` without an id goes on with, and what is to be said of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agent.errors import UsageError
from agent.journal.approvals import OPEN
from agent.journal.journal import Journal
from agent.journal.summary import stamp
from agent.journal.view import SessionView
from agent.session.nodes.close import is_over

NO_SESSION = "There is no session to resume in this workspace. `desk sessions` shows those there were."


@dataclass(frozen=True, slots=True)
class Choice:
    """The session to go on with, and a line about each of the others that are open and cannot."""

    session: str
    others: tuple[str, ...]


def choose(journal: Journal, now: datetime) -> Choice:
    """The newest session that can go on now, else the newest that waits; raises `UsageError` when there is none.

    One whose approval was decided can go on, and so can one that nobody decided in time: to its end.
    """
    free, running, waiting = list[str](), list[str](), dict[str, str]()
    for view in _open(journal):
        if journal.is_leased(view.id):
            running.append(f"{view.id} is being run by another process.")
        elif approval := waits_for(journal, view, now):
            waiting[view.id] = f"{view.id} waits for approval {approval}: desk approvals show {approval}"
        else:
            free.append(view.id)
    if not free and not waiting:
        raise UsageError(" ".join([NO_SESSION, *running]))
    session = (free or list(waiting))[0]
    others = (line for name, line in waiting.items() if name != session)
    return Choice(session, (*others, *running))


def to_continue(journal: Journal) -> SessionView:
    """The newest session that was handed over and that none has followed. Raises `UsageError`: there is none."""
    followed = set[str]()
    for session in journal.sessions():
        view = SessionView.of(session, journal.entries(session))
        if view.closed is not None and view.closed.outcome == "handed_over" and session not in followed:
            return view
        if view.started is not None and view.started.before is not None:
            followed.add(str(view.started.before["session"]))
    raise UsageError(
        "No session was handed over that none has followed. `desk sessions` shows them; `desk resume` goes on with "
        "one that was interrupted."
    )


def with_key(journal: Journal, key: str) -> SessionView | None:
    """The newest session that was started under a key."""
    return next(all_with_key(journal, key), None)


def all_with_key(journal: Journal, key: str) -> Iterator[SessionView]:
    """The sessions that were started under a key, newest first."""
    started = journal.entries(types=("session_started",))
    found = [entry.session for entry in started if entry.body.get("session_key") == key]
    return (SessionView.of(session, journal.entries(session)) for session in reversed(found))


def _open(journal: Journal) -> Iterator[SessionView]:
    """The sessions that are not over, newest first."""
    views = (SessionView.of(session, journal.entries(session)) for session in _not_surely_over(journal))
    return (view for view in views if view.started is not None and not is_over(view))


def _not_surely_over(journal: Journal) -> list[str]:
    """Newest first. Without the end protocol's last commit a closed session is still to be looked at."""
    newest: dict[str, str] = {}
    for entry in journal.entries(types=("session_started", "session_closed", "committed")):
        if entry.type != "committed" or newest.get(entry.session) == "session_closed":
            newest[entry.session] = entry.type
    return [session for session, kind in reversed(newest.items()) if kind != "committed"]


def waits_for(journal: Journal, view: SessionView, now: datetime) -> str:
    """The id of the approval that a person may still decide, or another session use; empty when there is none."""
    asked, other = view.pending_approval(), view.paused.approval_id if view.paused is not None else ""
    if asked is not None:
        return asked.approval_id if asked.expires_at > stamp(now) else ""
    rows = journal.approvals(approval_id=other, statuses=OPEN) if other and other not in view.approvals else []
    return next((row.id for row in rows if row.expires_at > stamp(now)), "")
