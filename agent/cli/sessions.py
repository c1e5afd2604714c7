"""sessions, show, status, cancel: what there is, and the end of what is not wanted, from the journal alone."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from agent.cli import completing
from agent.cli.help import Command
from agent.cli.options import common, existing_journal, print_document, print_table, settings
from agent.discovery import JOURNAL
from agent.plaintext import plain


@click.command(cls=Command)
@common
def sessions(workspace: Path, output: str, **_given: Any) -> None:
    """List the sessions of this workspace, newest first."""
    from agent.journal.summary import summarize

    lines = summarize(workspace / JOURNAL).sessions
    if output != "text":
        from agent.documents import Sessions

        return print_document(Sessions(sessions=lines), output)
    rows = [
        (
            line.session,
            line.started_at,
            line.status,
            "" if line.exit_code is None else str(line.exit_code),
            line.task,
        )
        for line in lines
    ]
    columns = ("session", "started", "status", "exit", "task")
    return print_table("Sessions", columns, rows, "No session was run here yet.")


@click.command(cls=Command)
@click.argument("session", shell_complete=completing.any_session)
@common
def show(session: str, workspace: Path, output: str, **_given: Any) -> None:
    """Tell SESSION from its journal."""
    from agent.console import LiveConsole
    from agent.journal.view import load_view
    from agent.output import session as document
    from tools.catalog import RISKS

    with contextlib.closing(existing_journal(workspace)) as journal:
        view = load_view(journal, session)
        if output != "text":
            return print_document(document(view), output)
        told = LiveConsole(interactive=False, risks=RISKS)
        for entry in journal.entries(session):
            told.replay(entry)
    return None


@click.command(cls=Command)
@click.argument("session", shell_complete=completing.open_session)
@common
def cancel(session: str, **given: Any) -> None:
    """Close SESSION, whoever it waits for: what it asked for is withdrawn, what it did stands and is committed."""
    from agent.app import cancel as close
    from agent.output import session as document

    configured = settings(given)
    view = close(configured, session)
    if configured.output != "text":
        return print_document(document(view), configured.output)
    closed = view.closed
    click.echo(plain(f"Session {session} is cancelled. {closed.summary if closed else ''}"))
    return None


@click.command(cls=Command)
@common
def status(workspace: Path, output: str, **_given: Any) -> None:
    """Say what waits, what can be resumed, and how the last session ended."""
    from agent.journal.summary import summarize

    summary = summarize(workspace / JOURNAL)
    lines = summary.sessions
    open_ = [line for line in lines if line.status in ("running", "paused")]
    if output != "text":
        from agent.documents import Status

        document = Status(
            workspace=str(workspace.resolve()),
            sessions=len(lines),
            open=open_,
            approvals_waiting=summary.waiting,
            last=lines[0] if lines else None,
        )
        return print_document(document, output)
    click.echo(f"workspace  {workspace.resolve()}")
    click.echo(f"sessions   {len(lines)}, {len(open_)} of them open")
    if lines:
        click.echo(plain(f"last       {lines[0].session}  {lines[0].status}  {lines[0].task}"))
    for line in open_:
        click.echo(plain(f"open       {line.session}  {line.status}  next: {line.next_action or 'desk resume'}"))
    for approval in summary.waiting:
        click.echo(f"waiting    {approval}  desk approvals show {approval}")
    return None
