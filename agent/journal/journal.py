"""The append-only, hash-chained journal: events as they are masked, chained, stored and told.

Each session has a chain of its own: an event's hash covers that of the session's event before, so that a changed,
missing or inserted event shows, and sessions need no common lock. All chains begin at the journal's root.

The first version had one chain for all sessions. In a journal that it began, the root is the end of that chain.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.errors import BrokenJournal
from agent.journal.events import SCHEMA, ApprovalAsked, ApprovalDecided, Event, from_body, name_of, to_body
from agent.journal.port import RESTORE, Approval, Row, Store, Writing
from agent.redaction import Redactor
from tools.json import Json

GENESIS = "0" * 64
"""What the first event of the first version's one chain is chained to."""
BOUND = ("session", "call_id", "digest", "requester", "status", "expires_at", "approver", "reason")
"""What of an approval its events say."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event where it stands. `at` is ISO 8601, UTC; `hash` 64 hex digits; `number` counts in its session.

    `number` is 0 in the one chain that the first version had for all sessions.
    """

    seq: int
    session: str
    at: str
    type: str
    body: Json
    hash: str
    number: int = 0

    @property
    def event(self) -> Event:
        """The typed event."""
        return from_body(self.type, self.body)

    def to_json(self) -> Json:
        """As `journal export` and `--output jsonl` print it."""
        return {
            "schema": SCHEMA,
            "seq": self.seq,
            "session": self.session,
            "at": self.at,
            "type": self.type,
            **{"body": self.body, "hash": self.hash, "number": self.number},
        }


class Journal:
    """One journal, in a store. Safe for several threads here and several processes at once."""

    def __init__(self, store: Store, redactor: Redactor, now: Callable[[], datetime] | None = None) -> None:
        self.redactor = redactor
        self._store = store
        self._now = now or (lambda: datetime.now(UTC))
        self._observers: list[Callable[[Entry], None]] = []

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def observe(self, observer: Callable[[Entry], None]) -> None:
        """Have `observer` called with every event this process appends, after it is safe on disk."""
        self._observers.append(observer)

    def append(self, session: str, *events: Event) -> list[Entry]:
        """Write events, all or none, and give them as they stand."""
        masked = [_masked(event, self.redactor) for event in events]  # before: meanwhile others may write
        with self.transaction() as transaction:
            return [transaction.chain(session, each) for each in masked]

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Several writes that happen together or not at all."""
        with self._store.writing() as writing:
            transaction = Transaction(writing, self._store.root, self.redactor, self._now)
            yield transaction
        for entry in transaction.appended:
            for observer in self._observers:
                observer(entry)

    def entries(
        self, session: str = "", types: Collection[str] = (), after: int = 0, since: str = ""
    ) -> Iterator[Entry]:
        """The events in order, of one session or of all, of some types or of all.

        Those behind `seq` `after`, and not older than `since` (as `at`).
        """
        return map(_entry, self._store.rows(session, types, after, since))

    def newest(self) -> int:
        """The highest `seq` of all events; 0 when there is none."""
        return self._store.newest()

    def sessions(self) -> list[str]:
        """The ids of all sessions, newest first."""
        return [row.session for row in reversed(self._store.rows(types=("session_started",)))]

    def approvals(
        self, *, approval_id: str = "", session: str = "", statuses: Collection[str] = ()
    ) -> list[Approval]:
        """The approvals of which this holds, in the order in which they were asked."""
        return self._store.approvals(approval_id=approval_id, session=session, statuses=statuses)

    def lease(self, session: str) -> contextlib.AbstractContextManager[None]:
        """Be the one process that runs `session`; raises `LeaseHeld` when another does."""
        return self._store.lease(session)

    def is_leased(self, session: str) -> bool:
        """Whether a process runs `session` now."""
        return self.runner(session) is not None

    def runner(self, session: str) -> int | None:
        """The id of the process that runs `session`, 0 where it is not known; None when no process does."""
        return self._store.runner(session)

    @property
    def root(self) -> str:
        """What every session's chain begins at; no other journal has the same. 64 hex digits."""
        return self._store.root()

    def head(self, session: str) -> Head | None:
        """The end of a session's chain; None when it has no events, or the first version's only."""
        last = self._store.last(session)
        return Head(self.root, last.number, last.hash) if last else None

    def hash_of(self, session: str, number: int) -> str:
        """That of an event of a session's chain; empty when there is no such event."""
        row = self._store.numbered(session, number)
        return row.hash if row else ""

    def verify(self) -> int:
        """Check the store and the chains; gives the number of events, or raises `BrokenJournal`.

        The message names the first event that does not hold.
        """
        chains = _Chains(self.root)
        for row in self._store.stored():
            chains.check(row)
        chains.end()
        self._store.check()
        with self._store.snapshot():  # another session may be writing
            self._check_approvals(chains.count)
        return chains.count

    def _check_approvals(self, held: int) -> None:
        """The rows are a projection of the events: they must say the same."""
        told = _approvals_told(self.entries(types=("approval_asked", "approval_decided", "tool_intent")))
        written = {row.id: tuple(getattr(row, name) for name in BOUND) for row in self.approvals()}
        for row_id in sorted(told.keys() | written.keys()):
            if told.get(row_id) != written.get(row_id):
                raise BrokenJournal(f"the row of approval {row_id} is not what its events say. {RESTORE}", held)


@dataclass(frozen=True, slots=True)
class Masked:
    """An event as it is written: without secrets."""

    type: str
    body: Json


def _masked(event: Event, redactor: Redactor) -> Masked:
    body = redactor.redact(to_body(event))
    return Masked(name_of(event), body if isinstance(body, dict) else {})


class Transaction:
    """Writes that belong together."""

    def __init__(
        self, writing: Writing, root: Callable[[], str], redactor: Redactor, now: Callable[[], datetime]
    ) -> None:
        self._writing = writing
        self._root = root
        self._redactor = redactor
        self._now = now
        self.appended: list[Entry] = []

    def lock(self, name: str) -> None:
        """Until this transaction is over, whoever else locks `name` waits, and reads what this one wrote."""
        self._writing.lock(name)

    def append(self, session: str, event: Event) -> Entry:
        """Chain one event, its secrets masked."""
        return self.chain(session, _masked(event, self._redactor))

    def chain(self, session: str, event: Masked) -> Entry:
        """Chain one event. This is the one place where events are written, so only masked ones come here."""
        last = self._writing.last(session)
        number, previous = (last.number + 1, last.hash) if last else (1, self._root())
        at = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        kind, body = event.type, json.dumps(event.body, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        row = Row(0, session, at, kind, body, chain(previous, number, session, at, kind, body), number)
        entry = _entry(row._replace(seq=self._writing.insert(row)))
        self.appended.append(entry)
        return entry

    def ask(self, session: str, asked: ApprovalAsked) -> None:
        """Append what is asked, and its pending approval."""
        entry = self.append(session, asked)
        self._writing.add_approval(
            entry.seq,
            approval_id=asked.approval_id,
            session=session,
            **{name: str(entry.body[name]) for name in ("call_id", "digest", "requester", "expires_at")},
        )

    def decide(self, session: str, decided: ApprovalDecided, while_in: Collection[str]) -> bool:
        """Decide an approval whose status is in `while_in`, and append the decision; gives whether it was."""
        masked = _masked(decided, self._redactor)  # the row gets the words of the event
        words = (masked.body["approver"], masked.body["reason"])
        if not self._writing.swap(decided.approval_id, session, while_in, decided.decision, *words):
            return False
        self.chain(session, masked)
        return True

    def use(self, session: str, approval_id: str) -> bool:
        """Mark an approval as used, if it is approved, or was used before; gives whether it was."""
        return self._writing.swap(approval_id, session, ("approved", "used"), "used")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a session's chain. `root` is that of its journal."""

    root: str
    number: int
    hash: str


def chain(previous: str, number: int, session: str, at: str, kind: str, body: str) -> str:
    """The hash of an event: SHA-256 over the one before and every column, unambiguously joined."""
    joined = json.dumps([previous, number, session, at, kind, body], ensure_ascii=False)
    return hashlib.sha256(joined.encode("utf-8", "surrogateescape")).hexdigest()


class _Chains:
    """The ends of all chains, as far as they were checked."""

    def __init__(self, root: str) -> None:
        self.count = 0
        self._root = root
        self._common = GENESIS
        self._ends: dict[str, tuple[int, str]] = {}

    def check(self, row: Row) -> None:
        """Check the next event; raises `BrokenJournal`."""
        if row.number == 0 and not self._ends:
            self._check(row, row.seq, self.count + 1, self._common, "event")
            self._common = row.hash
        else:
            number, previous = self._ends.get(row.session, (0, self._root))
            self._check(row, row.number, number + 1, previous, "its session's event")
            self._ends[row.session] = (row.number, row.hash)
        self.count += 1

    def end(self) -> None:
        """Check the end of the one common chain, which is the root of the others; raises `BrokenJournal`."""
        if self._common not in (GENESIS, self._root):
            said = f"the last of the events that have one chain for all sessions are missing. {RESTORE}"
            raise BrokenJournal(said, self.count)

    def _check(self, row: Row, number: int, expected: int, previous: str, counted: str) -> None:
        if number != expected:
            raise BrokenJournal(f"{_place(row)}: {counted} {expected} is missing. {RESTORE}", self.count)
        if chain(previous, number, *row[1:5]) != row.hash:
            said = f"{_place(row)}: its content does not match its hash, so it was changed. {RESTORE}"
            raise BrokenJournal(said, self.count)


def _place(row: Row) -> str:
    return f"event {row.seq} ({_shown(row.type)} of session {_shown(row.session)}, {_shown(row.at)})"


def _approvals_told(entries: Iterable[Entry]) -> dict[str, tuple[str, ...]]:
    """Each approval's row, as the events tell it."""
    rows: dict[str, dict[str, str]] = {}
    for entry in entries:
        row_id = str(entry.body.get("approval_id") or "")
        match entry.type:
            case "approval_asked":
                rows[row_id] = {**entry.body, "session": entry.session, "status": "pending"}
            case "approval_decided":
                decided = {"status": entry.body["decision"], "approver": entry.body["approver"]}
                rows[row_id] |= decided | {"reason": entry.body["reason"]}
            case "tool_intent" if row_id:
                rows[row_id] |= {"status": "used"}
    return {row_id: tuple(row.get(column, "") for column in BOUND) for row_id, row in rows.items()}


def _entry(row: Row) -> Entry:
    try:
        body: Json = json.loads(row.body)
    except ValueError as error:
        raise BrokenJournal(f"event {row.seq} is not JSON: {error}. `desk journal verify` tells more.") from error
    return Entry(row.seq, row.session, row.at, row.type, body, row.hash, row.number)


def _shown(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()[:60]
