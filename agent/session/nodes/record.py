"""After each finished subtask: change set, log, working file, one commit."""

from __future__ import annotations

from pathlib import PurePosixPath

from agent.journal.events import SubtaskDone
from agent.journal.view import SessionView, Unrecorded
from agent.session.context import Records
from agent.session.recording import record_subtask
from agent.workspace.files import slugify


def record(records: Records) -> None:
    """Turn what was done into a subtask, and commit what is not committed yet."""
    unrecorded = records.view.unrecorded()
    if unrecorded is not None:
        records.append(_subtask(records, unrecorded))
    pending = records.view.pending_subtask()
    if pending is not None:
        record_subtask(records, *pending)


def _subtask(records: Records, done: Unrecorded) -> SubtaskDone:
    number = len(records.view.subtasks) + 1
    first, target = _about(records.view, done.call_id)
    return SubtaskDone(
        number=number,
        subtask=f"{number:02d}-{slugify(f'{done.tool} {first}')}",
        title=done.title,
        call_id=done.call_id,
        approved_by=_approver(records, done.call_id),
        result="SUCCESS" if done.ok else "PARTIAL",
        target=target,
        step=done.step,
    )


def _about(view: SessionView, call_id: str) -> tuple[str, str]:
    """What a call changed or wrote and no subtask tells yet: the first one's name, and all of it in words."""
    if call_id in view.rendered:
        files = sorted(view.rendered[call_id].files)
        return PurePosixPath(files[0]).stem, ", ".join(files)
    targets = [intent.change["target"] for intent, _ in view.unrecorded_changes(call_id)]
    if all(target["kind"] == "File" for target in targets):
        return PurePosixPath(targets[0]["name"]).stem, ", ".join(target["name"] for target in targets)
    said = ", ".join(f"{target['kind']}/{target['name']}" for target in targets)
    namespaces = sorted({str(target["namespace"]) for target in targets if target["namespace"]})
    return targets[0]["name"], said + (f" in {', '.join(namespaces)}" if namespaces else "")


def _approver(records: Records, call_id: str) -> str:
    for asked in records.view.approvals.values():
        decided = records.view.decisions.get(asked.approval_id)
        if asked.call_id == call_id and decided is not None and decided.decision == "approved":
            return decided.approver
    return ""
