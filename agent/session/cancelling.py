"""End a session that nobody is to go on with, as any session ends: written down and committed.

It needs no cluster, for nothing is sent: only what was asked for is withdrawn.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.errors import DeskError
from agent.journal import approvals
from agent.journal.events import SessionClosed
from agent.journal.view import SessionView
from agent.session.context import Records
from agent.session.nodes.close import (
    LOGGED,
    catch_up,
    close,
    standing,
)
from agent.session.nodes.record import record


def cancel(records: Records) -> None:
    """Close the session; raises `DeskError` while nobody knows what came of a change that was sent."""
    view = records.view
    if view.closed is None:
        _refuse_unsettled(view)
        while view.next_step() == "record":
            record(records)
        catch_up(records)
        withdrawn = approvals.withdraw(records.journal, view.id, "the session was cancelled")
        code, _ = LOGGED["cancelled"]
        records.append(SessionClosed(int(code), "cancelled", _summary(view, withdrawn), ""))
    close(records)


def _refuse_unsettled(view: SessionView) -> None:
    if {call_id for call_id, _ in (*view.intents, *view.receipts)} - view.results.keys():
        raise DeskError(
            f"Session {view.id} is in the middle of a change, and only the cluster knows what came of it. "
            f"Next: `desk resume {view.id}`, which looks; then cancel what is left."
        )


def _summary(view: SessionView, withdrawn: Sequence[str]) -> str:
    said = ["Cancelled by hand."]
    said += [f"Withdrawn: {', '.join(withdrawn)}."] if withdrawn else []
    said += [f"What was done before stands: {before}." if (before := standing(view)) else "Nothing was changed."]
    return " ".join(said)
