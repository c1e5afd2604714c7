"""From a session's view to its files and its commit: the session protocol's writing half.

Files and commit happen under the workspace's lock, so that two sessions at once lose nothing. Everything
here can run again after a crash: entries are dated by their event, and a commit is looked for by its trailers
before it is made.
"""

from __future__ import annotations

from datetime import datetime

from agent import changeset
from agent.desk import Records
from agent.history import commit_message
from agent.journal.events import Committed, IncidentOpened, SubtaskDone
from agent.journal.view import SessionView
from agent.workspace import (
    Edit,
    Incident,
    LogEntry,
    WorkingState,
    add_incident,
    add_log,
    change_set_folder,
    update_working,
    whole_file,
    write_change_set,
)


def record_subtask(records: Records, at: str, done: SubtaskDone) -> None:
    """Write a finished subtask's change set, log and working file, and commit them."""
    made, folder = _made(records.view, done)
    edits = [*made, add_log(_subtask_log(records.view, at, done)), update_working(working_state(records.view))]
    trailers = {"Approved-By": done.approved_by, "Changes": folder}
    commit(records, done.subtask, at, done.title, trailers, edits, undo=_undo(records.view, done))


def _undo(view: SessionView, done: SubtaskDone) -> str:
    """What undoes a subtask, before the commit: what changed the cluster is undone there, too."""
    return "git revert" if done.call_id in view.rendered else "desk rollback"


def _made(view: SessionView, done: SubtaskDone) -> tuple[tuple[Edit, ...], str]:
    """A subtask's own files, and the folder of its change set if it changed the cluster."""
    if done.call_id in view.rendered:
        return tuple(whole_file(path, text) for path, text in view.rendered[done.call_id].files.items()), ""
    slug = done.subtask.partition("-")[2]
    files = changeset.files(view.changes_of(done))
    return write_change_set(view.id, done.number, slug, files), change_set_folder(view.id, done.number, slug)


def record_end(records: Records, subtask: str, at: str, entry: LogEntry) -> None:
    """Write how this process or the session ended, with its incidents, and commit."""
    incidents = [add_incident(_incident(at, opened)) for opened in records.view.incidents.values()]
    edits = [*incidents, add_log(entry), update_working(working_state(records.view))]
    commit(records, subtask, at, entry.title, {}, edits)


def commit(
    records: Records,
    subtask: str,
    at: str,
    summary: str,
    more: dict[str, str],
    edits: list[Edit],
    *,
    undo: str = "",
) -> None:
    """Write the edits to the work tree and commit them, once. `undo` is the command that takes the commit."""
    identity = {"Session": records.view.id, "Subtask": subtask}
    trailers = {
        **identity,
        "Task": records.view.task.task,
        **{key: value for key, value in more.items() if value},
    }
    with records.workspace.lock():
        records.workspace.write(edits)
        sha = records.history.find_by_trailers(identity)
        if sha is None:
            sha = records.history.commit(commit_message(summary, datetime.fromisoformat(at), trailers), edits)
        records.append(Committed(subtask, sha or "", f"{undo} {sha[:10]}" if undo and sha else ""))


def working_state(view: SessionView) -> WorkingState:
    """What Desk's section of WORKING.md says now."""
    completed = tuple(done.title for _, done in view.subtasks)
    waiting = view.pending_approval()
    over = view.closed is not None and view.closed.outcome != "handed_over"
    ending = view.closed or view.paused
    blockers = (f"approval {waiting.approval_id}: {waiting.summary}",) if waiting and not over else ()
    return WorkingState(
        started=view.started_at,
        task=view.task.task,
        completed=completed,
        remaining=() if over else (view.task.task,),
        blockers=blockers,
        next_action=(ending.next_action if ending else "") or ("none" if over else f"go on with session {view.id}"),
    )


def _subtask_log(view: SessionView, at: str, done: SubtaskDone) -> LogEntry:
    return LogEntry(
        time=at,
        title=done.title,
        action=_tool_of(view, done.call_id),
        reason=view.task.task,
        target=done.target,
        result=done.result,
        next_action=f"check it; undo it with {_undo(view, done)} (Subtask {done.subtask})",
    )


def _tool_of(view: SessionView, call_id: str) -> str:
    planned = view.plans.get(call_id)
    return planned.tool if planned is not None and planned.tool else view.results[call_id].tool


def _incident(at: str, opened: IncidentOpened) -> Incident:
    return Incident(
        time=at,
        title=opened.title,
        severity=opened.severity,
        description=opened.description,
        impact=opened.impact,
        root_cause=opened.root_cause,
        resolution=opened.resolution,
        follow_up=opened.follow_up,
    )
