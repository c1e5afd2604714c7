"""journal verify, journal export."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import click

from agent.cli import completing
from agent.cli.help import Group
from agent.cli.options import common, existing_journal, print_document
from agent.errors import BrokenJournal, ExitCode


@click.group(cls=Group)
def journal() -> None:
    """The append-only, hash-chained journal of everything that happened."""


@journal.command()
@common
def verify(workspace: Path, output: str, **_given: Any) -> None:
    """Check the hash chains, and that all is there that git's commits name; else end with exit code 1."""
    from agent.workspace.history import History
    from agent.workspace.verification import told, verified_with

    with contextlib.closing(existing_journal(workspace)) as opened:
        verified = verified_with(opened, lambda: History(workspace))
    if output != "text":
        print_document(verified, output)
        if not verified.intact:
            raise click.exceptions.Exit(int(ExitCode.FAILED))
    elif verified.intact:
        click.echo(told(verified))
    else:
        raise BrokenJournal(verified.fault)


@journal.command()
@click.option(
    "--session",
    default="",
    shell_complete=completing.any_session,
    help="Only this session's; the beginning of its id is enough.",
)
@common
def export(session: str, workspace: Path, **_given: Any) -> None:
    """Print the events as JSON lines, desk.event/v1."""
    from agent.journal.view import find_session

    with contextlib.closing(existing_journal(workspace)) as opened:
        for entry in opened.entries(find_session(opened, session) if session else ""):
            click.echo(json.dumps(entry.to_json(), ensure_ascii=True))
