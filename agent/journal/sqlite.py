"""The journal's store in one SQLite file.

WAL with full sync: what was appended survives the power. Source: https://sqlite.org/wal.html,
https://sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator
from io import FileIO
from pathlib import Path
from typing import Any

from agent.errors import BrokenJournal, JournalError, LeaseHeld
from agent.journal.leases import holder, lease_file
from agent.journal.port import RESTORE, Approval, Row

BUSY_TIMEOUT_S = 30.0
OPENING_TRIES = 3
LOOKED_AT_S = 0.01
LOOKED_AT_TRIES = 5

_EVENTS_AND_APPROVALS = """
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
_A_CHAIN_FOR_EACH_SESSION = """
ALTER TABLE events ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX events_of_chain ON events (session, number) WHERE number > 0;
CREATE TABLE root (hash TEXT NOT NULL);
INSERT INTO root SELECT coalesce((SELECT hash FROM events ORDER BY seq DESC LIMIT 1), new_root());
CREATE TRIGGER root_is_not_updated BEFORE UPDATE ON root
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER root_is_not_deleted BEFORE DELETE ON root
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
_SCHEMAS = (_EVENTS_AND_APPROVALS, _A_CHAIN_FOR_EACH_SESSION)
"""What makes each version of the schema of the one before. Events are never rewritten."""
SCHEMA_VERSION = len(_SCHEMAS)

_FIRST_SCHEMA_AS_THIS = """
CREATE TEMP VIEW events AS SELECT seq, session, at, type, body, hash, 0 AS number FROM main.events;
CREATE TEMP VIEW root AS SELECT hash FROM main.events ORDER BY seq DESC LIMIT 1;
"""
"""For who only reads: what a journal that nobody has written with this version looks like in its schema."""

_COLUMNS = ", ".join(Row._fields)
_LAST = f"SELECT {_COLUMNS} FROM events WHERE session = ? AND number > 0 ORDER BY number DESC LIMIT 1"  # noqa: S608
_NUMBERED = f"SELECT {_COLUMNS} FROM events WHERE session = ? AND number > 0 AND number = ?"  # noqa: S608
_BEHIND_A_GAP = """
SELECT events.seq FROM events LEFT JOIN events AS before ON before.seq = events.seq - 1
WHERE events.seq > 1 AND before.seq IS NULL ORDER BY events.seq LIMIT 1
"""


class SqliteStore:
    """A journal's file; it is made where there is none. Leases are lock files beside it.

    With `reads`, nothing is written, and it need not be allowed to be.
    """

    def __init__(self, path: Path, *, reads: bool = False, root: str = "") -> None:
        """`root` is what a journal that is made here gets, in place of a new one."""
        self.path = path
        self._thread = threading.RLock()
        self._connection = _open_to_read(path) if reads else _open(path, root or secrets.token_hex(32))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[SqliteWriting]:
        """One transaction, in which nobody else writes."""
        with self._thread:
            try:
                with _turn(self.path):
                    self._connection.execute("BEGIN IMMEDIATE")
                yield SqliteWriting(self._connection)
                self._connection.execute("COMMIT")
            except (sqlite3.Error, TimeoutError) as error:
                self._roll_back()
                raise _unwritable(self.path, error) from error
            except BaseException:
                self._roll_back()
                raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Reads of one moment."""
        with self._thread, self._connection:
            self._read("BEGIN")
            yield

    def root(self) -> str:
        """What the first event of each session's chain is chained to."""
        roots = self._read("SELECT hash FROM root")
        if len(roots) != 1:
            raise BrokenJournal(f"The journal {self.path} has {len(roots)} roots instead of one. {RESTORE}")
        return str(roots[0][0])

    def numbered(self, session: str, number: int) -> Row | None:
        """An event by its place in its session's chain."""
        found = self._read(_NUMBERED, (session, number))
        return Row(*found[0]) if found else None

    def last(self, session: str) -> Row | None:
        """The last event of a session's own chain."""
        found = self._read(_LAST, (session,))
        return Row(*found[0]) if found else None

    def rows(self, session: str = "", types: Collection[str] = (), after: int = 0, since: str = "") -> list[Row]:
        """The events in order, as the port has it."""
        where, arguments = _where({"session": [session] if session else (), "type": types})
        found = self._read(
            f"SELECT {_COLUMNS} FROM events {where or 'WHERE 1'} AND seq > ? AND at >= ? ORDER BY seq",  # noqa: S608
            [*arguments, after, since],
        )
        return [Row(*row) for row in found]

    def newest(self) -> int:
        """The highest `seq` of all events."""
        return int(self._read("SELECT coalesce(max(seq), 0) FROM events")[0][0])

    def stored(self) -> Iterator[Row]:
        """Every event as the table has it, not an index: a damaged row need not be UTF-8."""
        connection = _open_to_read(self.path)
        connection.text_factory = bytes
        try:
            found = connection.execute(f"SELECT {_COLUMNS} FROM events ORDER BY seq")  # noqa: S608
            for seq, *texts, number in found:
                yield Row._make((seq, *map(_text, texts), number if isinstance(number, int) else -1))
        except sqlite3.Error as error:
            raise _unreadable(self.path, error) from error
        finally:
            connection.close()

    def approvals(
        self, *, approval_id: str = "", session: str = "", statuses: Collection[str] = ()
    ) -> list[Approval]:
        """The approvals of which this holds, in the order in which they were asked."""
        where, arguments = _where(
            {
                "a.id": [approval_id] if approval_id else (),
                "a.session": [session] if session else (),
                "a.status": statuses,
            }
        )
        found = self._read(
            "SELECT a.id, a.session, a.call_id, a.digest, a.requester, a.status, a.expires_at, a.approver,"  # noqa: S608
            f" a.reason, e.body FROM approvals a JOIN events e ON e.seq = a.asked_seq {where} ORDER BY a.asked_seq",
            arguments,
        )
        return [Approval(*row) for row in found]

    def check(self) -> None:
        """SQLite's own check of its file; and that no event is missing, for here they are counted without gaps."""
        problems = [str(row[0]) for row in self._read("PRAGMA integrity_check")]
        if problems != ["ok"]:
            raise BrokenJournal(f"the database file {self.path} is damaged: {'; '.join(problems)[:500]}. {RESTORE}")
        for (seq,) in self._read(_BEHIND_A_GAP):
            raise BrokenJournal(f"event {seq} is there, and event {seq - 1} is missing. {RESTORE}")

    @contextlib.contextmanager
    def lease(self, session: str) -> Iterator[None]:
        """A lock of the kernel's: it goes with its process, however that ends, and knows no clock."""
        path = lease_file(self.path.parent, session)
        with _leased(path, session) as file:
            try:
                file.truncate(0)
                file.write(str(os.getpid()).encode())
            except OSError as error:
                raise _unreadable(path, error) from error
            try:
                yield
            finally:
                with contextlib.suppress(OSError):
                    path.unlink()  # while it is locked: nobody else holds it then

    def runner(self, session: str) -> int | None:
        """As its lease file says."""
        return holder(self.path.parent, session)

    def _read(self, query: str, arguments: Collection[str | int] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._thread:
                return self._connection.execute(query, tuple(arguments)).fetchall()
        except sqlite3.Error as error:
            raise _unreadable(self.path, error) from error

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


class SqliteWriting:
    """Writes within a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def lock(self, name: str) -> None:
        """Nobody else writes anything meanwhile."""

    def last(self, session: str) -> Row | None:
        """The last event of a session's own chain."""
        row = self._connection.execute(_LAST, (session,)).fetchone()
        return Row(*row) if row else None

    def insert(self, row: Row) -> int:
        """Add an event, and give its `seq`."""
        inserted = self._connection.execute("INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?, ?)", row[1:])
        return int(inserted.lastrowid or 0)

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
        """Add a pending approval."""
        self._connection.execute(
            "INSERT INTO approvals (id, session, call_id, digest, requester, status, expires_at, asked_seq)"
            " VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
            (approval_id, session, call_id, digest, requester, expires_at, asked_seq),
        )

    def swap(
        self,
        approval_id: str,
        session: str,
        while_in: Collection[str],
        status: str,
        approver: str | None = None,
        reason: str | None = None,
    ) -> bool:
        """Compare and set, in one statement."""
        changed = self._connection.execute(
            "UPDATE approvals SET status = ?, approver = coalesce(?, approver), reason = coalesce(?, reason)"  # noqa: S608
            f" WHERE id = ? AND session = ? AND status IN ({_marks(while_in)})",
            (status, approver, reason, approval_id, session, *while_in),
        )
        return changed.rowcount == 1


def _where(wanted: dict[str, Collection[str]]) -> tuple[str, list[str]]:
    """The condition that each column has one of its values; a column without values may have any."""
    given = {column: values for column, values in wanted.items() if values}
    terms = [f"{column} IN ({_marks(values)})" for column, values in given.items()]
    arguments = [value for values in given.values() for value in values]
    return (f"WHERE {' AND '.join(terms)}" if terms else ""), arguments


def _marks(values: Collection[str]) -> str:
    return ",".join("?" * len(values))


def _leased(path: Path, session: str) -> FileIO:
    """A session's lease file, locked; raises `LeaseHeld` while another process has it.

    Its last holder may have removed it between the opening and the locking: then a lock on it is worth nothing.
    """
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+b", buffering=0)
        except OSError as error:
            raise _unreadable(path, error) from error
        try:
            _lock(file.fileno())
        except BlockingIOError as error:
            with file:
                file.seek(0)
                holds = file.read().decode() or "unknown"
            raise LeaseHeld(
                f"Session {session} is being run by process {holds}. "
                "Wait until it ends, or stop it (SIGTERM ends it in order); then try again."
            ) from error
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                return file
        file.close()


def _lock(fd: int) -> None:
    """Take a lease's lock; who only looks whether it is held has it for an instant, too."""
    for _ in range(LOOKED_AT_TRIES):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(LOOKED_AT_S)
    return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _open(path: Path, root: str) -> sqlite3.Connection:
    if path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise JournalError(
            f"You may read the journal {path} and not write it, which this does. Next: do it as somebody who may, "
            "or have the owner share the workspace with your group: docs/journal.md says how."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # SQLite does not wait for its lock when two processes switch one new file to WAL at once.
        with _turn(path):
            connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            _migrate(path, connection, root)
    except (sqlite3.Error, OSError) as error:
        raise _unreadable(path, error) from error
    return connection


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """One's turn to ask SQLite for its lock; raises `TimeoutError` when it does not come in `BUSY_TIMEOUT_S`.

    SQLite only tries again, and less often the longer it has waited: among many writers one may starve. The kernel
    wakes the process that has waited longest for a lock, and frees the lock of one that is killed. Source: flock(2)
    """
    with open(path.with_suffix(".lock"), "rb", opener=_made_to_read) as queue:
        try:
            fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait_for(queue.fileno())
        yield


def _wait_for(fd: int) -> None:
    """Wait for a lock, in a thread, since flock(2) has no timeout; raises `TimeoutError`.

    A lock that comes too late goes when the thread closes its own descriptor.
    """
    own = os.dup(fd)

    def take() -> None:
        try:
            fcntl.flock(own, fcntl.LOCK_EX)
        finally:
            os.close(own)

    waiting = threading.Thread(target=take, daemon=True)
    waiting.start()
    waiting.join(BUSY_TIMEOUT_S)
    if waiting.is_alive():
        raise TimeoutError("others wait to write it, too")


def _made_to_read(path: str, flags: int) -> int:
    """Open a file to read, and make it when it is not there: to lock it, it need not be one's own."""
    return os.open(path, flags | os.O_CREAT, 0o666)


def _open_to_read(path: Path) -> sqlite3.Connection:
    try:
        connection = _connected_to_read(path)
        if _version(path, connection) == 1:
            for statement in _statements(_FIRST_SCHEMA_AS_THIS):
                connection.execute(statement)
    except (sqlite3.Error, OSError) as error:
        raise _unreadable(path, error) from error
    return connection


def _connected_to_read(path: Path) -> sqlite3.Connection:
    """A connection that nobody writes by: for the journal's owner, and for others who may read the folder only.

    SQLite writes beside a file in WAL mode even to read it, unless what belongs beside it is there, or the file is
    said not to change. No process has it open while nothing is beside it; a lock keeps that so while it is copied.
    Source: https://sqlite.org/wal.html#read_only_databases
    """
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    for _ in range(OPENING_TRIES - 1):
        with contextlib.suppress(sqlite3.OperationalError):  # its last writer left between look and opening
            return _looked_at(path)
    return _looked_at(path)


def _looked_at(path: Path) -> sqlite3.Connection:
    if path.with_name(f"{path.name}-wal").exists():
        connection = _as_it_is(path, "mode=ro")
        connection.execute("PRAGMA schema_version").fetchone()
        return connection
    with (
        path.with_suffix(".lock").open("rb") as opening,
        contextlib.closing(_as_it_is(path, "immutable=1")) as file,
    ):
        fcntl.flock(opening, fcntl.LOCK_SH)  # whoever opens it to write has to wait
        if path.with_name(f"{path.name}-wal").exists():
            raise sqlite3.OperationalError("a process has just opened it")
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        file.backup(copy)
        return copy


def _as_it_is(path: Path, how: str) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?{how}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)


def _migrate(path: Path, connection: sqlite3.Connection, root: str) -> None:
    if _version(path, connection) == SCHEMA_VERSION:
        return
    connection.create_function("new_root", 0, lambda: root)
    connection.execute("BEGIN IMMEDIATE")
    for script in _SCHEMAS[_version(path, connection) :]:
        for statement in _statements(script):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _version(path: Path, connection: sqlite3.Connection) -> int:
    """Of the file's schema; 0 in a file without one."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise JournalError(
            f"The journal {path} was written by a newer Desk (schema {version}, this one knows "
            f"{SCHEMA_VERSION}). Use that Desk, or another workspace."
        )
    return version


def _statements(script: str) -> Iterator[str]:
    """`executescript` would commit the transaction that keeps two first processes apart."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _unreadable(path: Path, error: Exception) -> JournalError:
    if _code(error) in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return BrokenJournal(f"The journal {path} cannot be read: {error}. {RESTORE}")
    return JournalError(f"The journal {path} cannot be opened: {error}. {_next(path, error)}.")


def _unwritable(path: Path, error: sqlite3.Error | TimeoutError) -> JournalError:
    return JournalError(
        f"The journal {path} cannot be written: {error}. Nothing was done without being written down. "
        f"{_next(path, error)}; then resume."
    )


def _next(path: Path, error: Exception) -> str:
    """What to do about an error, by SQLite's code of it. Source: https://sqlite.org/rescode.html"""
    match "SQLITE_BUSY" if isinstance(error, TimeoutError) else _code(error):
        case "SQLITE_BUSY" | "SQLITE_LOCKED":
            return (
                f"Another program has kept it locked for {BUSY_TIMEOUT_S:.0f} s, as a backup or a database browser "
                f"does. Next: end it; `fuser {path}` tells which it is"
            )
        case "SQLITE_FULL":
            return f"Next: make room on the disk of {path.parent}"
        case "SQLITE_READONLY" | "SQLITE_PERM" | "SQLITE_AUTH":
            return f"Next: let this user write {path.parent} and what is in it"
        case _:
            return f"Next: see that {path.parent} is this user's, that there is space, and that the disk is well"


def _code(error: Exception) -> str:
    """SQLite's primary result code: SQLITE_READONLY_DBMOVED is a SQLITE_READONLY. Empty for another error."""
    name = str(getattr(error, "sqlite_errorname", ""))
    return "_".join(name.split("_")[:2])


def _text(value: object) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
