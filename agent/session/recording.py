"""From a session's view to its files and its commit: the session protocol's writing half.

Files and commit happen under the workspace's lock, so that two sessions at once lose nothing. Everything
here can run again after a crash: entries are dated by their event, and a commit is looked for by its trailers
before it is made.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType

from agent.errors import HistoryError
from agent.journal.events import Committed, IncidentOpened, SubtaskDone
from agent.journal.journal import Journal
from agent.journal.summary import LIFE, OPEN, SessionLine, session_lines
from agent.journal.view import SessionView
from agent.session.context import Records
from agent.session.found import found
from agent.workspace import anchors, changeset
from agent.workspace.files import (
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
from agent.workspace.history import Content, commit_message
from tools.json import Json

Lived = tuple[str, str, str, Json]
"""An event of a session's life: its session, time, type and body."""

PUSHING = "pushing"
"""The lease of whoever brings a commit to where others share the workspace."""
MAX_LISTED = 20
"""Open sessions, and approvals that wait, in WORKING.md."""


def record_subtask(records: Records, at: str, done: SubtaskDone) -> None:
    """Write a finished subtask's change set, log and working file, and commit them."""
    made, folder = _made(records, done)
    trailers = {"Approved-By": done.approved_by, "Changes": folder}
    written = _written(records, done)
    with records.workspace.lock():  # what is open is told as it stands when it is written
        edits = [*made, add_log(_subtask_log(records.view, at, done)), update_working(working_state(records))]
        commit(
            records, done.subtask, at, done.title, trailers, edits, undo=_undo(records.view, done), files=written
        )


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
    incidents = [add_incident(_incident(records.view, at, opened)) for opened in records.view.incidents.values()]
    with records.workspace.lock():
        working = [] if entry.brief else [update_working(working_state(records))]
        commit(records, subtask, at, entry.title, {}, [*incidents, add_log(entry), *working])


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
    message = commit_message(summary, datetime.fromisoformat(at), trailers)

    def make() -> str | None:
        records.workspace.write(edits)
        found = records.history.find_by_trailers(identity) if records.view.begun_before else None
        return found or records.history.commit(message, edits, files)

    with records.workspace.lock():
        sha = records.history.published(make, partial(records.journal.lease, PUSHING))
        records.append(Committed(subtask, sha or "", f"{undo} {sha[:10]}" if undo and sha else ""))


def working_state(records: Records) -> WorkingState:
    """What Desk's section of WORKING.md says now: the session that writes it, and all that are open."""
    view, life = records.view, _life(records.journal)
    open_ = _open_sessions(records.journal, life)
    ending = view.closed or view.paused
    others = [line.next_action for line in open_ if line.status == "paused" and line.session != view.id]
    return WorkingState(
        session=view.id,
        started=view.started_at,
        task=view.task.task,
        completed=tuple(_completed(view)),
        remaining=_listed(
            [
                *_handed_over(view),
                *_stated(view),
                *(f"{line.task} (session {line.session})" for line in open_),
                *_put_aside(life),
            ]
        ),
        blockers=_listed(_blockers(records.journal, {line.session for line in open_})),
        next_action=(ending.next_action if ending else f"desk resume {view.id}") or next(iter(others), "none"),
    )


def _handed_over(view: SessionView) -> list[str]:
    """The task of a session that ended before it was done: the next session goes on with it."""
    is_left = view.closed is not None and view.closed.outcome == "handed_over"
    return [f"{view.task.task} (session {view.id})"] if is_left else []


def _completed(view: SessionView) -> Iterator[str]:
    """What was done, with the commit where git has it already; for whoever goes on, what was found, too."""
    for _, done in view.subtasks:
        sha = view.commits.get(done.subtask, "")
        yield f"{done.title} (commit {sha[:10]})" if sha else done.title
    if view.closed is not None and view.closed.outcome == "handed_over":
        yield from (f"found: {each}" for each in found(view))


def _stated(view: SessionView) -> list[str]:
    """The stated subtasks that are left; of a task that is done, none is."""
    is_done = view.closed is not None and view.closed.outcome == "done"
    return [] if is_done else [f"{each.title} (session {view.id})" for each in view.stated.open]


def _put_aside(life: Sequence[Lived]) -> list[str]:
    """What the newest sessions noticed beside their tasks, until it is asked for in a session of its own."""
    closed = [(number, body) for number, (_, _, kind, body) in enumerate(life) if kind == "session_closed"]
    asked = {body["task"]: number for number, (_, _, kind, body) in enumerate(life) if kind == "session_started"}
    noticed = {
        each["words"]: f"noticed: {each['what']}: desk run {shlex.quote(each['words'])}"
        for number, body in closed[-MAX_LISTED:]
        for each in body.get("noticed", ())
        if asked.get(each["words"], -1) < number
    }
    return list(noticed.values())


def _life(journal: Journal) -> list[Lived]:
    return [(entry.session, entry.at, entry.type, entry.body) for entry in journal.entries(types=LIFE)]


def _open_sessions(journal: Journal, events: Sequence[Lived]) -> list[SessionLine]:
    """The sessions that are not over, newest first; not a helper's, which leaves nothing in git unless it asks."""
    helpers = {
        session
        for session, _, kind, body in events
        if kind == "session_started" and not body.get("commits_reads", True)
    }
    asked = {row.session for row in journal.approvals()}
    lines = (line for line in session_lines(events) if line.status in OPEN)
    return [line for line in lines if line.session not in helpers - asked]


def _blockers(journal: Journal, sessions: Container[str]) -> list[str]:
    waiting = reversed(journal.approvals(statuses=("pending",)))
    return [
        f"approval {row.id}: {json.loads(row.asked)['summary']} (session {row.session}, until {row.expires_at})"
        for row in waiting
        if row.session in sessions
    ]


def _listed(items: Sequence[str]) -> tuple[str, ...]:
    more = len(items) - MAX_LISTED
    return (*items[:MAX_LISTED], *([f"and {more} more: desk sessions --status open"] if more > 0 else ()))


def _subtask_log(view: SessionView, at: str, done: SubtaskDone) -> LogEntry:
    return LogEntry(
        time=at,
        title=done.title,
        action=_tool_of(view, done.call_id),
        reason=view.task.task,
        target=done.target,
        result=done.result,
        session=view.id,
        approved_by=done.approved_by,
        undo="" if done.call_id in view.rendered else f"desk rollback {view.id}/{done.subtask}",
        next_action="check it",
    )


def commits_of(view: SessionView) -> str:
    """The commits that hold what a session changed or wrote, oldest first."""
    made = [(view.commits.get(done.subtask, ""), done.subtask) for _, done in view.subtasks]
    return ", ".join(f"{sha[:10]} ({subtask})" for sha, subtask in made if sha)


def undo_of(view: SessionView) -> str:
    """What to type to undo all that a session changed or wrote, in the order it is to be done in."""
    made = [(_undo(view, done), view.commits.get(done.subtask, "")) for _, done in reversed(view.subtasks)]
    return "; ".join(f"{undo} {sha[:10]}" for undo, sha in made if sha)


def _tool_of(view: SessionView, call_id: str) -> str:
    planned = view.plans.get(call_id)
    return planned.tool if planned is not None and planned.tool else view.results[call_id].tool


def _incident(view: SessionView, at: str, opened: IncidentOpened) -> Incident:
    return Incident(
        time=at,
        title=opened.title,
        severity=opened.severity,
        description=opened.description,
        impact=opened.impact,
        root_cause=opened.root_cause,
        resolution=opened.resolution,
        follow_up=opened.follow_up,
        session=view.id,
        approval=opened.approval_id,
    )
