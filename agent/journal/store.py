"""The append-only, hash-chained journal, in SQLite.

Each event's hash covers the hash of the one before, so that a changed, missing or inserted event shows.
WAL with full sync: what was appended survives the power. Source: https://sqlite.org/wal.html,
https://sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.errors import BrokenJournal, JournalError, LeaseHeld
from agent.journal.events import SCHEMA, Event, Json, from_body, name_of, to_body
from agent.redaction import Redactor

JOURNAL = "journal.db"
SCHEMA_VERSION = 1
GENESIS = "0" * 64
BUSY_TIMEOUT_S = 30.0
APPROVAL_COLUMNS = ("session", "call_id", "digest", "requester", "status", "expires_at", "approver", "reason")

_TABLES = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    at TEXT NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX events_of_session ON events (session, seq);
CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TABLE approvals (
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    call_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    requester TEXT NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('pending', 'approved', 'rejected', 'expired', 'superseded', 'used')),
    expires_at TEXT NOT NULL,
    approver TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    asked_seq INTEGER NOT NULL REFERENCES events (seq)
);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event where it stands. `at` is ISO 8601, UTC; `hash` 64 hex digits."""

    seq: int
    session: str
    at: str
    type: str
    body: Json
    hash: str

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
            **{"body": self.body, "hash": self.hash},
        }


def chain(previous: str, seq: int, session: str, at: str, kind: str, body: str) -> str:
    """The hash of an event: SHA-256 over the one before and every column, unambiguously joined."""
    joined = json.dumps([previous, seq, session, at, kind, body], ensure_ascii=False)
    return hashlib.sha256(joined.encode("utf-8", "surrogateescape")).hexdigest()


class Journal:
    """One journal file. Safe for several threads here and several processes at once."""

    def __init__(self, path: Path, redactor: Redactor, now: Callable[[], datetime] | None = None) -> None:
        self.path = path
        self.redactor = redactor
        self._now = now or (lambda: datetime.now(UTC))
        self._observers: list[Callable[[Entry], None]] = []
        self._thread = threading.RLock()
        self._connection = _open(path)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def observe(self, observer: Callable[[Entry], None]) -> None:
        """Have `observer` called with every event this process appends, after it is safe on disk."""
        self._observers.append(observer)

    def append(self, session: str, *events: Event) -> list[Entry]:
        """Write events, all or none, and give them as they stand."""
        with self.transaction() as transaction:
            return [transaction.append(session, event) for event in events]

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Several writes that happen together or not at all."""
        with self._thread:
            transaction = Transaction(self._connection, self.redactor, self._now)
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield transaction
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise _unwritable(self.path, error) from error
            except BaseException:
                self._roll_back()
                raise
        for entry in transaction.appended:
            for observer in self._observers:
                observer(entry)

    def entries(self, session: str | None = None) -> Iterator[Entry]:
        """The events in order, of one session or of all."""
        where, arguments = ("WHERE session = ?", (session,)) if session else ("", ())
        query = f"SELECT seq, session, at, type, body, hash FROM events {where} ORDER BY seq"  # noqa: S608
        for seq, owner, at, kind, body, digest in self.read(query, arguments):
            yield Entry(seq, owner, at, kind, _parsed(seq, body), digest)

    def read(self, query: str, arguments: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        try:
            with self._thread:
                return self._connection.execute(query, arguments).fetchall()
        except sqlite3.Error as error:
            raise _unreadable(self.path, error) from error

    def verify(self) -> int:
        """Check the file and the chain; gives the number of events, or raises `BrokenJournal`.

        The message names the first event that does not hold.
        """
        count, previous = 0, GENESIS
        for count, (seq, session, at, kind, body, digest) in enumerate(self._raw(), start=1):
            where = f"event {seq} ({_shown(kind)} of session {_shown(session)}, {_shown(at)})"
            if seq != count:
                raise BrokenJournal(f"{where}: event {count} is missing. {_RESTORE}")
            if chain(previous, seq, *map(_text, (session, at, kind, body))) != _text(digest):
                raise BrokenJournal(f"{where}: its content does not match its hash, so it was changed. {_RESTORE}")
            previous = _text(digest)
        self._check_file()
        with self._thread, self._connection:
            self._connection.execute("BEGIN")  # one snapshot: another session may be writing
            self._check_approvals()
        return count

    def _raw(self) -> Iterator[tuple[Any, ...]]:
        """Rows with text as bytes: a damaged row need not be UTF-8."""
        connection = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)
        connection.text_factory = bytes
        try:
            yield from connection.execute(
                "SELECT seq, session, at, type, body, hash FROM events NOT INDEXED ORDER BY seq"
            )
        except sqlite3.Error as error:
            raise _unreadable(self.path, error) from error
        finally:
            connection.close()

    def _check_file(self) -> None:
        problems = [str(row[0]) for row in self.read("PRAGMA integrity_check")]
        if problems != ["ok"]:
            raise BrokenJournal(
                f"the database file {self.path} is damaged: {'; '.join(problems)[:500]}. {_RESTORE}"
            )

    def _check_approvals(self) -> None:
        """The rows are a projection of the events: they must say the same."""
        told = _approvals_told(self.entries())
        query = f"SELECT id, {', '.join(APPROVAL_COLUMNS)} FROM approvals"  # noqa: S608
        written = {str(row[0]): row[1:] for row in self.read(query)}
        for row_id in sorted(told.keys() | written.keys()):
            if told.get(row_id) != written.get(row_id):
                raise BrokenJournal(f"the row of approval {row_id} is not what its events say. {_RESTORE}")

    @contextlib.contextmanager
    def lease(self, session: str) -> Iterator[None]:
        """Be the one process that runs `session`; raises `LeaseHeld` when another does.

        A lock of the kernel's: it goes with its process, however that ends, and knows no clock.
        """
        path = self.path.parent / "leases" / f"{session}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            opened = path.open("a+b", buffering=0)
        except OSError as error:
            raise _unreadable(path, error) from error
        with opened as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise LeaseHeld(
                    f"Session {session} is being run by process {file.read().decode() or 'unknown'}. "
                    "Wait until it ends, or stop it (SIGTERM ends it in order); then try again."
                ) from error
            try:
                file.truncate(0)
                file.write(str(os.getpid()).encode())
            except OSError as error:
                raise _unreadable(path, error) from error
            yield

    def is_leased(self, session: str) -> bool:
        """Whether a process runs `session` now."""
        try:
            with (self.path.parent / "leases" / f"{session}.lock").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # none has run it yet, or it cannot be looked at: whoever takes the lease finds out
            return False
        return False

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


class Transaction:
    """Writes that belong together."""

    def __init__(self, connection: sqlite3.Connection, redactor: Redactor, now: Callable[[], datetime]) -> None:
        self._connection = connection
        self._redactor = redactor
        self._now = now
        self.appended: list[Entry] = []

    def append(self, session: str, event: Event) -> Entry:
        """Chain one event. This is the one place where anything is written, so secrets are masked here."""
        seq, previous = self._last()
        at = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        redacted = self._redactor.redact(to_body(event))
        body = json.dumps(redacted, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        kind = name_of(event)
        digest = chain(previous, seq + 1, session, at, kind, body)
        self._connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", (seq + 1, session, at, kind, body, digest)
        )
        entry = Entry(seq + 1, session, at, kind, json.loads(body), digest)
        self.appended.append(entry)
        return entry

    def execute(self, statement: str, arguments: tuple[Any, ...] = ()) -> int:
        """One statement; gives how many rows it changed."""
        return self._connection.execute(statement, arguments).rowcount

    def _last(self) -> tuple[int, str]:
        row = self._connection.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        return (int(row[0]), str(row[1])) if row else (0, GENESIS)


def _approvals_told(entries: Iterable[Entry]) -> dict[str, tuple[Any, ...]]:
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
    return {row_id: tuple(row.get(column, "") for column in APPROVAL_COLUMNS) for row_id, row in rows.items()}


_RESTORE = "Restore the file from a copy, or keep it aside and start a new one; git has what was done."


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # SQLite does not wait for its lock when two processes switch one new file to WAL at once.
        with path.with_suffix(".lock").open("a") as opening:
            fcntl.flock(opening, fcntl.LOCK_EX)
            connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            _migrate(path, connection)
    except (sqlite3.Error, OSError) as error:
        raise _unreadable(path, error) from error
    return connection


def _migrate(path: Path, connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise JournalError(
            f"The journal {path} was written by a newer Desk (schema {version}, this one knows "
            f"{SCHEMA_VERSION}). Use that Desk, or another workspace."
        )
    if version == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        for statement in _statements(_TABLES):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """`executescript` would commit the transaction that keeps two first processes apart."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _unreadable(path: Path, error: Exception) -> JournalError:
    if "malformed" in str(error) or "not a database" in str(error):
        return BrokenJournal(f"The journal {path} cannot be read: {error}. {_RESTORE}")
    return JournalError(f"The journal {path} cannot be opened: {error}. Is the folder yours and is there space?")


def _unwritable(path: Path, error: sqlite3.Error) -> JournalError:
    return JournalError(
        f"The journal {path} cannot be written: {error}. Nothing was done without being written down; "
        "make room or mend the file, then resume."
    )


def _parsed(seq: int, body: str) -> Json:
    try:
        parsed: Json = json.loads(body)
    except ValueError as error:
        raise BrokenJournal(f"event {seq} is not JSON: {error}. `desk journal verify` tells more.") from error
    return parsed


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _shown(value: Any) -> str:
    return _text(value).encode("ascii", "backslashreplace").decode()[:60]
