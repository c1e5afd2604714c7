"""A workspace in the end: journal, history and files say the same, all of it, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.errors import DeskError
from tests.chaos.checks import files, history, journal
from tests.chaos.life import Fault


def after_session(folder: Path, task: str, approver: str) -> Iterator[Fault]:
    """After the one session of the folder, which did all that the script has."""
    root = folder / "ws"
    repository = history.Repository(root)
    try:
        told = journal.Told.by(root)
        sessions = told.sessions()
    except DeskError as error:
        yield Fault("journal", str(error))
        return
    yield from _consistent(folder, told, repository)
    yield from journal.approval(told)
    if len(sessions) != 1:
        yield Fault("journal", f"it holds {len(sessions)} sessions, not 1")
        return
    yield from history.complete(repository, sessions[0], task, approver)
    yield from files.log(root, repository, sessions[0])
    yield from files.working(root, sessions[0])
    yield from files.change_sets(root, sessions[0])


def after_rollbacks(folder: Path) -> Iterator[Fault]:
    """After the rollbacks, which are sessions of their own."""
    root = folder / "ws"
    repository = history.Repository(root)
    try:
        told = journal.Told.by(root)
        sessions = told.sessions()
    except DeskError as error:
        yield Fault("journal", str(error))
        return
    yield from _consistent(folder, told, repository)
    yield from files.log(root, repository, sessions[-1])
    yield from files.working(root, sessions[-1])
    yield from files.change_sets(root, sessions[-1])


def _consistent(folder: Path, told: journal.Told, repository: history.Repository) -> Iterator[Fault]:
    yield from (Fault("journal", f"git names what it has not: {each}") for each in told.cut)
    yield from journal.receipts(told)
    yield from journal.ended(told)
    yield from history.as_told(repository, told)
    yield from history.sound(repository)
    yield from files.whole(folder / "ws")
    yield from files.leftovers(folder)
