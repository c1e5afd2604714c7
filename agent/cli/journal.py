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
from agent.errors import UsageError


@click.group(cls=Group)
def journal() -> None:
    """The append-only, hash-chained journal of everything that happened."""


@journal.command()
@common
def verify(workspace: Path, output: str, **_given: Any) -> None:
    """Check the hash chain; name the first event that does not hold."""
    with contextlib.closing(existing_journal(workspace)) as opened:
        count = opened.verify()
    if output != "text":
        return print_document({"schema": "desk.verify/v1", "events": count, "intact": True}, output)
    click.echo(f"The journal is intact: {count} events, each chained to the one before.")
    return None


@journal.command()
@click.option("--session", default="", shell_complete=completing.any_session, help="Only this session's.")
@common
def export(session: str, workspace: Path, **_given: Any) -> None:
    """Print the events as JSON lines, desk.event/v1."""
    with contextlib.closing(existing_journal(workspace)) as opened:
        if session and not any(opened.entries(session)):
            raise UsageError(f"There is no session {session}. `desk sessions` shows those there were.")
        for entry in opened.entries(session):
            click.echo(json.dumps(entry.to_json(), ensure_ascii=True))
