"""Park the session on its approval row. This runs again on each resume, so it does nothing else."""

from __future__ import annotations

from langgraph.types import interrupt

from agent.session.context import Desk


def ask(desk: Desk) -> None:
    """Interrupt; the row, not the value the interrupt is resumed with, says how it was decided."""
    pending = desk.view.pending_approval()
    if pending is not None:
        interrupt({"approval": pending.approval_id, "summary": pending.summary})
