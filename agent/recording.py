"""From a session's view to its files and its commit: the session protocol's writing half.

Files and commit happen under the workspace's lock, so that two sessions at once lose nothing. Everything
here can run again after a crash: entries are dated by their event, and a commit is looked for by its trailers
before it is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType

from agent import anchors, changeset
from agent.desk import Records
from agent.errors import HistoryError
from agent.history import Content, commit_message
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
    made, folder = _made(records, done)
    edits = [*made, add_log(_subtask_log(records.view, at, done)), update_working(working_state(records.view))]
    trailers = {"Approved-By": done.approved_by, "Changes": folder}
    written = _written(records, done)
    commit(records, done.subtask, at, done.title, trailers, edits, undo=_undo(records.view, done), files=written)


def _undo(view: SessionView, done: SubtaskDone) -> str:
    """What undoes a subtask, before the commit: only text from a journal of before is undone by git alone."""
    return "git revert" if done.call_id in view.rendered else "desk rollback"


def _made(records: Records, done: SubtaskDone) -> tuple[tuple[Edit, ...], str]:
    """A subtask's change set, and its folder; of a journal that has the text of rendered files, those files."""
    view = records.view
    if done.call_id in view.rendered:
        return tuple(whole_file(path, text) for path, text in view.rendered[done.call_id].files.items()), ""
    slug = done.subtask.partition("-")[2]
    files = changeset.files(view.changes_of(done))
    folder = change_set_folder(view.id, done.number, slug)
    copies = _copies(records, done, folder)
    return (*write_change_set(view.id, done.number, slug, files), *copies), folder


def _copies(records: Records, done: SubtaskDone, folder: str) -> Iterator[Edit]:
    """What git would not keep otherwise: files that were replaced, and those written outside of the workspace."""
    for change in changeset.files_written(records.view.changes_of(done)):
        path, outside = change["target"]["name"], change["target"]["namespace"]
        kept = {"replaced": change["undo"], "written": change["body"] if outside else {}}
        for name, body in kept.items():
            content = records.history.blob(body["blob"]) if body else None
            if content is not None:
                yield Edit(f"{folder}/{name}/{path}", partial(_always, content))


def _always(content: bytes, _previous: bytes | None) -> bytes:
    return content


def _written(records: Records, done: SubtaskDone) -> dict[str, Content | None]:
    """The files of the workspace that a subtask wrote, or took away, as they are to be committed.

    Raises `HistoryError` where git has dropped the bytes of one.
    """
    files: dict[str, Content | None] = {}
    for change in changeset.files_written(records.view.changes_of(done)):
        path, body = change["target"]["name"], change["body"]
        if change["target"]["namespace"] is not None:
            continue
        content = records.history.blob(body["blob"]) if body else None
        if body and content is None:
            raise HistoryError(f"git has dropped the bytes of {path} (blob {body['blob']}): commit it yourself")
        files[path] = None if content is None else Content(content, executable=bool(int(body["mode"], 8) & 0o100))
    return files


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
    files: Mapping[str, Content | None] = MappingProxyType({}),
) -> None:
    """Write the edits to the work tree and commit them, once, with `files`, which are in the work tree already.

    `undo` is the command that takes the commit.
    """
    identity = {"Session": records.view.id, "Subtask": subtask}
    trailers = {
        **identity,
        "Task": records.view.task.task,
        **{key: value for key, value in more.items() if value},
        anchors.TRAILER: anchors.trailer(records.journal.head(records.view.id)),
    }
    with records.workspace.lock():
        records.workspace.write(edits)
        sha = records.history.find_by_trailers(identity)
        if sha is None:
            sha = records.history.commit(
                commit_message(summary, datetime.fromisoformat(at), trailers), edits, files
            )
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
