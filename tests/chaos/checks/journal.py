"""What the journal says in the end."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.journal.events import Committed
from agent.journal.journal import Entry, Journal
from agent.journal.sqlite import SqliteStore
from agent.journal.view import SessionView
from agent.redaction import Redactor
from agent.workspace.anchors import compare, described
from agent.workspace.history import History
from tests.chaos.life import Fault
from tests.chaos.script import CALL


@dataclass(frozen=True)
class Told:
    """A journal, read whole."""

    entries: tuple[Entry, ...]
    approvals: tuple[tuple[str, str], ...]
    """(session, status) of each that still counts."""
    cut: tuple[str, ...] = ()
    """What git's commits name and it has not."""

    @classmethod
    def by(cls, root: Path) -> Told:
        """That of a workspace. Raises `BrokenJournal` when its chain does not hold."""
        with contextlib.closing(Journal(SqliteStore(root / ".desk" / "journal.db"), Redactor())) as journal:
            journal.verify()
            rows = [row for row in journal.approvals() if row.status != "superseded"]
            missing = compare(journal, History(root)).missing
            return cls(
                tuple(journal.entries()),
                tuple((row.session, row.status) for row in rows),
                tuple(described(each) for each in missing),
            )

    def sessions(self) -> list[SessionView]:
        """Each session, in the order of their beginnings."""
        names = dict.fromkeys(entry.session for entry in self.entries)
        return [SessionView.of(name, (one for one in self.entries if one.session == name)) for name in names]

    def commits(self) -> list[tuple[str, Committed]]:
        """(session, event) of each commit that it knows of."""
        events = ((entry.session, entry.event) for entry in self.entries if entry.type == "committed")
        return [(session, event) for session, event in events if isinstance(event, Committed)]


def receipts(told: Told) -> Iterator[Fault]:
    """Every intent has its receipt, every call that was meant to change something has had its effect once."""
    open_intents: Counter[tuple[str, str, int]] = Counter()
    applied: Counter[tuple[str, str, int]] = Counter()
    for entry in told.entries:
        if entry.type not in ("tool_intent", "tool_receipt"):
            continue
        key = (entry.session, entry.body["call_id"], entry.body["index"])
        open_intents[key] += 1 if entry.type == "tool_intent" else -1
        applied[key] += entry.body.get("outcome") in ("applied", "reconciled")
        if open_intents[key] not in (0, 1):
            yield Fault("journal", f"event {entry.seq}: {key} has an intent or a receipt too many")
    yield from (Fault("journal", f"an intent of {key} has no receipt") for key, n in open_intents.items() if n)
    for key, count in applied.items():
        if count != 1:
            text = f"the journal has {count} receipts of an effect of {key}"
            yield Fault("doubled" if count else "lost", text, key[1].removeprefix(CALL))


def ended(told: Told) -> Iterator[Fault]:
    """Every session is closed."""
    for view in told.sessions():
        if view.closed is None:
            yield Fault("lost", f"session {view.id} has no end", "close")


def approval(told: Told) -> Iterator[Fault]:
    """One was asked for, and was used."""
    if [status for _, status in told.approvals] != ["used"]:
        yield Fault("approval", f"the approvals are {told.approvals}, not one that is used")
