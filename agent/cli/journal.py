"""journal verify, journal export."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import click

from agent.cli import completing
from agent.cli.help import Group
from agent.cli.options import common, existing_journal, print_document, settings
from agent.errors import BrokenJournal, ExitCode, UsageError
from tools.plaintext import counted

if TYPE_CHECKING:
    from agent.journal.journal import Journal


@click.group(cls=Group)
def journal() -> None:
    """The append-only, hash-chained journal of everything that happened."""


@journal.command()
@common
def verify(**given: Any) -> None:
    """Check the hash chains, and that all is there that git's commits name; else end with exit code 1."""
    from agent.workspace.history import History
    from agent.workspace.verification import told, verified_with

    configured = settings(given)
    with contextlib.closing(existing_journal(configured.workspace, configured.journal)) as opened:
        verified = verified_with(opened, lambda: History(configured.workspace))
    if configured.output != "text":
        print_document(verified, configured.output)
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
def export(session: str, **given: Any) -> None:
    """Print the events as JSON lines, desk.event/v1."""
    from agent.journal.view import find_session

    configured = settings(given)
    with contextlib.closing(existing_journal(configured.workspace, configured.journal)) as opened:
        for entry in opened.entries(find_session(opened, session) if session else ""):
            click.echo(json.dumps(entry.to_json(), ensure_ascii=True))


@journal.command()
@click.argument("to", metavar="TO")
@common
def migrate(to: str, **given: Any) -> None:
    """Copy the journal whole to TO: the address of a PostgreSQL database, or `file` for the workspace's file.

    The journal that is in use stays as it is; the setting `journal` says which one is.
    """
    from agent.journal import stores
    from agent.journal.journal import Journal
    from agent.journal.migration import copy
    from agent.redaction import Redactor

    configured = settings(given)
    target = None if to == "file" else to
    if target == configured.journal:
        raise UsageError("The journal is there already: nothing is to be copied.")
    existing_journal(configured.workspace, configured.journal).close()
    with contextlib.closing(stores.opened(configured.workspace, configured.journal, reads=True)) as source:
        held = Journal(source, Redactor())
        _refuse_running(held)
        events = held.verify()
        with contextlib.closing(stores.opened(configured.workspace, target, root=source.root())) as copied:
            copy(source, copied)
            Journal(copied, Redactor()).verify()
    then = f"set `journal: {target}` in desk.yaml" if target else "take `journal` out of desk.yaml"
    click.echo(f"{counted(events, 'event')} copied, and every chain verified there. Next: {then}.")


def _refuse_running(held: Journal) -> None:
    running = [session for session in held.sessions() if held.is_leased(session)]
    if running:
        raise UsageError(
            f"Session {running[0]} is being run, and what it writes from now on would not be copied. "
            "Next: wait until it ends, or stop it (SIGTERM ends it in order)."
        )
