"""After each finished subtask: change set, log, working file, one commit."""

from __future__ import annotations

from agent.desk import Desk
from agent.journal.events import SubtaskDone, ToolResult
from agent.recording import record_subtask
from agent.workspace import slugify


def record(desk: Desk) -> None:
    """Turn a change that was made into a subtask, and commit what is not committed yet."""
    changed = desk.view.unrecorded_change()
    if changed is not None:
        desk.append(_subtask(desk, changed))
    pending = desk.view.pending_subtask()
    if pending is not None:
        record_subtask(desk, *pending)


def _subtask(desk: Desk, result: ToolResult) -> SubtaskDone:
    number = len(desk.view.subtasks) + 1
    changes = desk.view.changes(result.call_id)
    targets = [f"{intent.change['target']['kind']}/{intent.change['target']['name']}" for intent, _ in changes]
    namespaces = {str(intent.change["target"]["namespace"]) for intent, _ in changes}
    first = changes[0][0].change["target"]["name"]
    return SubtaskDone(
        number=number,
        subtask=f"{number:02d}-{slugify(f'{result.tool} {first}')}",
        title=result.summary or f"{result.tool} was done in part: {result.text}",
        call_id=result.call_id,
        approved_by=_approver(desk, result.call_id),
        result="SUCCESS" if result.ok else "PARTIAL",
        target=f"{', '.join(targets)} in {', '.join(sorted(namespaces))}",
    )


def _approver(desk: Desk, call_id: str) -> str:
    for asked in desk.view.approvals.values():
        decided = desk.view.decisions.get(asked.approval_id)
        if asked.call_id == call_id and decided is not None and decided.decision == "approved":
            return decided.approver
    return ""
