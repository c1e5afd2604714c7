"""sessions, show, status, cancel: what there is, and the end of what is not wanted, from the journal alone."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli import completing
from agent.cli.help import Command
from agent.cli.options import common, existing_journal, print_document, print_table, settings
from agent.workspace.files import plain_line
from tools.plaintext import plain

if TYPE_CHECKING:
    from agent.journal.summary import SessionLine

TASK_CHARS = 1_000

STATUSES = (
    *("open", "running", "killed", "paused", "waiting", "approved", "rejected", "expired"),
    *("done", "failed", "partial", "outside", "handed_over", "unclear", "cancelled"),
)
"""What --status takes: how a session stands, in one word; `open` is whatever is not over."""


@click.command(cls=Command)
@click.option("--limit", type=click.IntRange(min=1), help="Only so many, the newest.")
@click.option(
    "--status",
    "wanted",
    metavar="STATUS",
    type=click.Choice(STATUSES),
    multiple=True,
    help=f"Only those that stand so: {', '.join(STATUSES)}.",
)
@common
def sessions(limit: int | None, wanted: tuple[str, ...], **given: Any) -> None:
    """List the sessions of this workspace, newest first."""
    from agent.journal.summary import summarize

    configured = settings(given)
    every = summarize(configured.workspace, configured.journal).sessions
    lines = [line for line in every if not wanted or words_of(line) & set(wanted)][:limit]
    if configured.output != "text":
        from agent.surfaces.documents import Sessions

        return print_document(Sessions(sessions=lines), configured.output)
    empty = "No session was run here yet." if not every else f"No session here is {' or '.join(wanted)}."
    if not lines or not sys.stdout.isatty():
        return print_table("Sessions", COLUMNS, [_row(line) for line in lines], empty)
    click.echo(listed(lines, datetime.now(UTC), shutil.get_terminal_size().columns))
    return None


COLUMNS = ("session", "started", "status", "exit", "task")


def words_of(line: SessionLine) -> set[str]:
    """The words by which --status finds a session."""
    from agent.journal.summary import OPEN

    return {line.word, line.status, *(["open"] if line.status in OPEN else [])}


def _row(line: SessionLine) -> tuple[str, ...]:
    code = "" if line.exit_code is None else str(line.exit_code)
    return (line.session, line.started_at, line.word, code, line.task)


def listed(lines: Sequence[SessionLine], now: datetime, width: int) -> str:
    """The sessions for a terminal, a line each: the id whole, the task cut where the terminal ends. Pure."""
    rows = [(line.session, _age(line.started_at, now), line.word.replace("_", " "), line.task) for line in lines]
    table = [("SESSION", "AGE", "STATUS", "TASK"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    padded = (
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), plain_line(row[3], TASK_CHARS)])
        for row in table
    )
    return "\n".join(cut(plain(line), width) for line in padded)


def cut(line: str, width: int) -> str:
    """A line that fits: what is left out is shown by an ellipsis."""
    return line if len(line) <= width else f"{line[: width - 1].rstrip()}…"


def _age(at: str, now: datetime) -> str:
    """How long ago, as kubectl says it: 42s, 5m, 3h, 9d."""
    seconds = max(0, int((now - datetime.fromisoformat(at)).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


@click.command(cls=Command)
@click.argument("session", required=False, shell_complete=completing.any_session)
@common
def show(session: str | None, **given: Any) -> None:
    """Tell SESSION (default: the newest) from its journal; the beginning of its id is enough."""
    from agent.journal.view import find_session, load_view
    from agent.surfaces.console import LiveConsole
    from agent.surfaces.session_documents import session as document

    configured = settings(given)
    with contextlib.closing(existing_journal(configured.workspace, configured.journal)) as journal:
        view = load_view(journal, find_session(journal, session))
        if configured.output != "text":
            return print_document(document(view, runs=journal.is_leased(view.id)), configured.output)
        gated = journal.entries(view.id, ("call_gated",))
        told = LiveConsole(interactive=False, risks={entry.body["tool"]: entry.body["risk"] for entry in gated})
        for entry in journal.entries(view.id):
            told.replay(entry)
    return None


@click.command(cls=Command)
@click.argument("session", shell_complete=completing.open_session)
@common
def cancel(session: str, **given: Any) -> None:
    """Close SESSION, whoever it waits for: what it asked for is withdrawn, what it did stands and is committed."""
    from agent.app import cancel as close
    from agent.surfaces.session_documents import session as document

    configured = settings(given)
    view = close(configured, session)
    if configured.output != "text":
        return print_document(document(view), configured.output)
    closed = view.closed
    click.echo(plain(f"Session {view.id} is cancelled. {closed.summary if closed else ''}"))
    return None


@click.command(cls=Command)
@common
def status(workspace: Path, output: str, journal: str | None, **_given: Any) -> None:
    """Say what waits, what can be resumed, and how the last session ended."""
    from agent.journal.summary import OPEN, summarize

    summary = summarize(workspace, journal)
    lines = summary.sessions
    open_ = [line for line in lines if line.status in OPEN]
    if output != "text":
        from agent.surfaces.documents import Status

        document = Status(
            workspace=str(workspace.resolve()),
            sessions=len(lines),
            open=open_,
            approvals_waiting=summary.waiting,
            last=lines[0] if lines else None,
        )
        return print_document(document, output)
    said = [f"workspace  {workspace.resolve()}", f"sessions   {len(lines)}, {len(open_)} of them open"]
    if lines:
        said.append(f"last       {lines[0].session}  {lines[0].word}  {plain_line(lines[0].task, TASK_CHARS)}")
    for line in open_:
        about = (plain_line(line.task, TASK_CHARS), _awaits(line), line.next_action and f"next: {line.next_action}")
        said += [f"open       {line.session}  {line.word}", *(f"           {each}" for each in about if each)]
    click.echo(plain("\n".join(said)))
    return None


def _minute(at: str | None) -> str:
    """A time in UTC, for a person."""
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC" if at else "its deadline"


def _awaits(line: SessionLine) -> str:
    """What an open session hangs on: its process, or an approval; empty when nothing."""
    match line.word:
        case "running":
            return f"process {line.pid}" if line.pid else ""
        case "killed":
            return "its process is gone"
        case "waiting":
            return f"approval {line.approval}, to be decided by {_minute(line.approval_deadline)}"
        case "approved" | "rejected":
            return f"approval {line.approval} is {line.word}"
        case "expired":
            return f"approval {line.approval} was not decided or used by {_minute(line.approval_deadline)}"
        case _:
            return ""
