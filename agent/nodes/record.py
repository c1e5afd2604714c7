"""After each finished subtask: change set, log, working file, one commit."""

from __future__ import annotations

from pathlib import PurePosixPath

from agent.desk import Records
from agent.journal.events import SubtaskDone, ToolResult
from agent.journal.view import SessionView
from agent.recording import record_subtask
from agent.workspace import slugify


def record(records: Records) -> None:
    """Turn a change that was made into a subtask, and commit what is not committed yet."""
    changed = records.view.unrecorded_change()
    if changed is not None:
        records.append(_subtask(records, changed))
    pending = records.view.pending_subtask()
    if pending is not None:
        record_subtask(records, *pending)


def _subtask(records: Records, result: ToolResult) -> SubtaskDone:
    number = len(records.view.subtasks) + 1
    first, target = _about(records.view, result.call_id)
    return SubtaskDone(
        number=number,
        subtask=f"{number:02d}-{slugify(f'{result.tool} {first}')}",
        title=result.summary or f"{result.tool} was done in part: {result.text}",
        call_id=result.call_id,
        approved_by=_approver(records, result.call_id),
        result="SUCCESS" if result.ok else "PARTIAL",
        target=target,
    )


def _about(view: SessionView, call_id: str) -> tuple[str, str]:
    """What a call changed or wrote: the first one's name, and all of it in words."""
    if call_id in view.rendered:
        files = sorted(view.rendered[call_id].files)
        return PurePosixPath(files[0]).stem, ", ".join(files)
    targets = [intent.change["target"] for intent, _ in view.changes(call_id)]
    said = ", ".join(f"{target['kind']}/{target['name']}" for target in targets)
    namespaces = sorted({str(target["namespace"]) for target in targets})
    return targets[0]["name"], f"{said} in {', '.join(namespaces)}"


def _approver(records: Records, call_id: str) -> str:
    for asked in records.view.approvals.values():
        decided = records.view.decisions.get(asked.approval_id)
        if asked.call_id == call_id and decided is not None and decided.decision == "approved":
            return decided.approver
    return ""
