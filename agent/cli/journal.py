"""journal verify, journal export."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli import completing
from agent.cli.help import Group
from agent.cli.options import common, existing_journal, print_document
from agent.errors import BrokenJournal, ExitCode, HistoryError, JournalError, UsageError
from tools.plaintext import counted, plain

if TYPE_CHECKING:
    from agent.journal.journal import Journal
    from agent.surfaces.documents import Missing, Verified


@click.group(cls=Group)
def journal() -> None:
    """The append-only, hash-chained journal of everything that happened."""


@journal.command()
@common
def verify(workspace: Path, output: str, **_given: Any) -> None:
    """Check the hash chains, and that all is there that git's commits name; else end with exit code 1."""
    verified = _verified(workspace)
    if output != "text":
        print_document(verified, output)
        if not verified.intact:
            raise click.exceptions.Exit(int(ExitCode.FAILED))
    elif verified.intact:
        click.echo(_told(verified))
    else:
        raise BrokenJournal(verified.fault)


def _verified(workspace: Path) -> Verified:
    from agent.surfaces.documents import Verified
    from agent.workspace.anchors import compare
    from agent.workspace.history import History

    with contextlib.closing(existing_journal(workspace)) as opened:
        events, broken = _held(opened)
        try:
            compared = compare(opened, History(workspace))
        except (UsageError, HistoryError, JournalError) as error:
            return Verified(events=events, intact=not broken, fault=broken, not_compared=_shown(error))
    return Verified(
        events=events,
        intact=not (broken or compared.missing),
        fault="\n".join(filter(None, (broken, _fault(compared.missing)))),
        commits=compared.commits,
        commits_of_others=compared.of_others,
        missing=list(compared.missing),
    )


def _held(opened: Journal) -> tuple[int, str]:
    """How many events hold, and what does not; empty when all do."""
    try:
        return opened.verify(), ""
    except BrokenJournal as broken:
        return broken.held, _shown(broken)


def _fault(missing: Sequence[Missing]) -> str:
    from agent.workspace.anchors import described

    if not missing:
        return ""
    lines = "".join(f"\n- {described(each)}" for each in missing)
    return (
        f"Git's commits name events that the journal has not:{lines}\n"
        "They were cut off, or it is an older copy. Next: restore a newer copy of .desk/journal.db; what was "
        "done is in the commits: git log --grep '^Journal:'"
    )


def _told(verified: Verified) -> str:
    said = f"The journal is intact: {counted(verified.events, 'event')}, each chained to its session's one before."
    if verified.not_compared:
        return f"{said} It was not compared with git's commits: {verified.not_compared}"
    others = verified.commits_of_others
    more = f" {others} commits name events of other journals." if others else ""
    return f"{said} All that {verified.commits} commits name is there.{more}"


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
