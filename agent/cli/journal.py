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
from agent.errors import BrokenJournal
from agent.plaintext import plain


@click.group(cls=Group)
def journal() -> None:
    """The append-only, hash-chained journal of everything that happened."""


@journal.command()
@common
def verify(workspace: Path, output: str, **_given: Any) -> None:
    """Check the hash chain; name the first event that does not hold, and end with exit code 1."""
    try:
        with contextlib.closing(existing_journal(workspace)) as opened:
            count = opened.verify()
    except BrokenJournal as broken:
        if output == "text":
            raise
        from agent.documents import Verified

        print_document(Verified(events=broken.held, intact=False, fault=_shown(broken)), output)
        raise click.exceptions.Exit(int(broken.exit_code)) from broken
    if output != "text":
        from agent.documents import Verified

        return print_document(Verified(events=count, intact=True), output)
    click.echo(f"The journal is intact: {count} events, each chained to the one before.")
    return None


def _shown(error: Exception) -> str:
    """What an error says, without secrets and control characters."""
    from agent.redaction import Redactor

    return plain(Redactor().text(str(error)))


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
