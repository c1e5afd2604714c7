"""What the journal needs of a store: rows in order, approvals that change by compare-and-set, a lease a session.

A store knows neither events nor secrets nor hashes: what is in a row, `agent.journal.journal` decides. It raises
`JournalError` where it cannot be read or written, and `BrokenJournal` where its file is damaged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

RESTORE = "Restore the file from a copy, or keep it aside and start a new one; git has what was done."


class Row(NamedTuple):
    """One event as it is stored. `at` is ISO 8601, UTC; `body` JSON; `hash` 64 hex digits."""

    seq: int
    """Its place among all events of the store, which gives it."""
    session: str
    at: str
    type: str
    body: str
    hash: str
    number: int = 0
    """Its place in its session's chain, from 1; 0 in the one chain that the first version had for all sessions."""


class Approval(NamedTuple):
    """An approval as it stands. `status`: pending, approved, rejected, expired, superseded or used."""

    id: str
    session: str
    call_id: str
    digest: str
    requester: str
    status: str
    expires_at: str
    approver: str
    reason: str
    asked: str
    """Body of the event that asked, JSON."""


class Writing(Protocol):
    """Writes that happen together or not at all."""

    def lock(self, name: str) -> None:
        """Until this transaction is over, whoever else locks `name` waits."""

    def last(self, session: str) -> Row | None:
        """The last event of a session's own chain; None when it has none yet."""

    def insert(self, row: Row) -> int:
        """Add an event behind all others, and give its `seq`; that of `row` does not count."""

    def add_approval(
        self,
        asked_seq: int,
        *,
        approval_id: str,
        session: str,
        call_id: str,
        digest: str,
        requester: str,
        expires_at: str,
    ) -> None:
        """Add a pending approval that event `asked_seq` asks for."""

    def swap(
        self,
        approval_id: str,
        session: str,
        while_in: Collection[str],
        status: str,
        approver: str | None = None,
        reason: str | None = None,
    ) -> bool:
        """Set an approval's status if it is in `while_in`; gives whether it was. None leaves a word as it is."""


class Store(Protocol):
    """One journal's rows. Safe for several threads here and several processes at once."""

    def close(self) -> None:
        """Let go of it."""

    def writing(self) -> AbstractContextManager[Writing]:
        """A transaction: committed at its end, undone by whatever is raised in it."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Reads within are of one moment, whoever writes meanwhile."""

    def root(self) -> str:
        """What the first event of each session's chain is chained to; it never changes. 64 hex digits.

        In a journal that the first version began, the hash of that version's last event; else of no meaning.
        """

    def numbered(self, session: str, number: int) -> Row | None:
        """An event by its place in its session's chain."""

    def last(self, session: str) -> Row | None:
        """The last event of a session's own chain; None when it has none."""

    def rows(self, session: str = "", types: Collection[str] = (), after: int = 0, since: str = "") -> list[Row]:
        """The events in order, of one session or of all, of some types or of all.

        Those behind `seq` `after`, and not older than `since` (as `at`).
        """

    def newest(self) -> int:
        """The `seq` up to which nothing is still to come, for whoever reads on from there; 0 when there is none."""

    def stored(self) -> Iterator[Row]:
        """Every event as it is stored, however damaged: bytes that are no UTF-8 become surrogates."""

    def approvals(
        self, *, approval_id: str = "", session: str = "", statuses: Collection[str] = ()
    ) -> list[Approval]:
        """The approvals of which this holds, in the order in which they were asked."""

    def check(self) -> None:
        """Look for damage of the store itself; raises `BrokenJournal`."""

    def lease(self, session: str) -> AbstractContextManager[None]:
        """Be the one process that runs `session`, until it ends, however it ends; raises `LeaseHeld`."""

    def runner(self, session: str) -> int | None:
        """The id of the process that runs `session` now, 0 where it is not known; None when no process does."""
