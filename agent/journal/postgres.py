"""The journal's store in PostgreSQL, where several machines share the work.

One database schema holds one journal. `seq` has gaps where a transaction was undone. What is hashed is stored as
bytes: jsonb would reorder it, and text knows no NUL. Connections are made by libpq, which finds passwords and
certificates as psql does. Source: https://www.postgresql.org/docs/current/libpq-connect.html
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import Connection, pq

from agent.errors import BrokenJournal, JournalError, LeaseHeld, LeaseLost
from agent.journal.leases import UNNAMED
from agent.journal.port import RESTORE, Approval, Row

LEASE_S = 15.0
"""How long a lease holds that nobody renews: so long a session rests whose process was killed."""
RENEWALS = 3
"""How often it is renewed in that time."""
RECONNECT_S = 15.0
"""How long a database that is away is waited for before a transaction begins: a restart takes seconds."""
RETRY_S = 0.2

Said = TypeVar("Said")
_log = logging.getLogger(__name__)

_FIRST: LiteralString = """
CREATE TABLE events (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session text COLLATE "C" NOT NULL,
    at text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    hash text COLLATE "C" NOT NULL,
    number integer NOT NULL
);
CREATE INDEX events_of_session ON events (session, seq);
CREATE INDEX events_of_type ON events (type, seq);
CREATE UNIQUE INDEX events_of_chain ON events (session, number) WHERE number > 0;
CREATE TABLE root (hash text NOT NULL);
CREATE TABLE approvals (
    id text COLLATE "C" PRIMARY KEY,
    session text COLLATE "C" NOT NULL,
    call_id text NOT NULL,
    digest text NOT NULL,
    requester text NOT NULL,
    status text NOT NULL
        CHECK (status IN ('pending', 'approved', 'rejected', 'expired', 'superseded', 'used')),
    expires_at text COLLATE "C" NOT NULL,
    approver text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    asked_seq bigint NOT NULL REFERENCES events (seq)
);
CREATE TABLE leases (
    session text COLLATE "C" PRIMARY KEY,
    fence bigint NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    until timestamptz NOT NULL
);
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER root_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON root
    EXECUTE FUNCTION journal_is_append_only();
"""
_SCHEMAS: tuple[LiteralString, ...] = (_FIRST,)
"""What makes each version of the schema of the one before. Tables and columns are only ever added."""
SCHEMA_VERSION = len(_SCHEMAS)
_MAKING = 0x6465736B
"""The advisory lock that keeps two first processes apart."""
_UNDER_WAY = 0x6465736C
"""The class of advisory locks by which transactions tell behind which place they write."""
_TELL: LiteralString = """
SELECT pg_advisory_xact_lock_shared(%s, last_value::integer - (NOT is_called)::integer) FROM events_seq_seq
"""
_FLOOR: LiteralString = """
SELECT min(objid::bigint) FROM pg_locks
WHERE locktype = 'advisory' AND classid = %s AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_COLUMNS: LiteralString = "seq, session, at, type, body, hash, number"
_LAST: LiteralString = (
    f"SELECT {_COLUMNS} FROM events WHERE session = %s AND number > 0 ORDER BY number DESC LIMIT 1"
)
_INSERT: LiteralString = "INSERT INTO events (session, at, type, body, hash, number)"
_TAKE: LiteralString = """
INSERT INTO leases VALUES (%(session)s, 1, %(host)s, %(pid)s, clock_timestamp() + make_interval(secs => %(s)s))
ON CONFLICT (session) DO UPDATE
    SET fence = leases.fence + 1, host = excluded.host, pid = excluded.pid, until = excluded.until
    WHERE leases.until <= clock_timestamp()
RETURNING fence
"""
_HELD: LiteralString = """
SELECT host, pid, extract(epoch FROM until - clock_timestamp()) FROM leases
WHERE session = %s AND until > clock_timestamp()
"""


class PostgresStore:
    """The journal of a database; its tables are made where there are none.

    A lease is a row with a fence, a number that each taking raises, and the database's clock says when it is over.
    What its holder writes of that session carries the fence, so that a process which slept past its lease writes
    nothing. With `reads`, nothing is written, and it need not be allowed to be.
    """

    def __init__(self, url: str, *, reads: bool = False, root: str = "") -> None:
        """`url` as libpq takes it; `root` is what a journal that is made here gets, in place of a new one."""
        self.url = url
        self._thread = threading.RLock()
        self._fences: dict[str, int] = {}
        self._root = ""
        self._inside = False
        with self._translated("opened"):
            self._connection = _connect(url)
            version = _version(self._connection)
            if version > SCHEMA_VERSION:
                raise JournalError(
                    f"The journal {url} was written by a newer Desk (schema {version}, this one knows "
                    f"{SCHEMA_VERSION}). Use that Desk, or another database."
                )
            if version < SCHEMA_VERSION and not reads:
                _make(self._connection, root or secrets.token_hex(32))

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[PostgresWriting]:
        """One transaction; whoever writes a session's chain waits for whoever else does."""
        with self._thread, self._translated("written"), self._transaction("BEGIN"):
            yield PostgresWriting(self._connection, self._fences)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Reads of one moment."""
        begin: LiteralString = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self._thread, self._translated("read"), self._transaction(begin):
            yield

    def root(self) -> str:
        """What the first event of each session's chain is chained to."""
        if not self._root:
            roots = self._read("SELECT hash FROM root")
            if len(roots) != 1:
                raise BrokenJournal(f"The journal {self.url} has {len(roots)} roots instead of one. {RESTORE}")
            self._root = str(roots[0][0])
        return self._root

    def numbered(self, session: str, number: int) -> Row | None:
        """An event by its place in its session's chain."""
        query: LiteralString = f"SELECT {_COLUMNS} FROM events WHERE session = %s AND number > 0 AND number = %s"
        found = self._read(query, (session, number))
        return _row(found[0]) if found else None

    def last(self, session: str) -> Row | None:
        """The last event of a session's own chain."""
        found = self._read(_LAST, (session,))
        return _row(found[0]) if found else None

    def rows(self, session: str = "", types: Collection[str] = (), after: int = 0, since: str = "") -> list[Row]:
        """The events in order, as the port has it; with `after`, up to `newest`."""
        query: LiteralString = f"""
            SELECT {_COLUMNS} FROM events
            WHERE (%(session)s::text = '' OR session = %(session)s) AND (%(all)s OR type = ANY(%(types)s))
                AND seq > %(after)s AND (%(upto)s::bigint IS NULL OR seq <= %(upto)s)
                AND at >= %(since)s
            ORDER BY seq"""
        wanted = {"session": session, "types": list(types), "all": not types, "after": after, "since": since}
        found = self._read(query, {**wanted, "upto": self.newest() if after else None})
        return [_row(each) for each in found]

    def newest(self) -> int:
        """The place up to which every event is written: transactions end in another order than they began in."""
        ((last, is_called),) = self._read("SELECT last_value, is_called FROM events_seq_seq")
        ((floor,),) = self._read(_FLOOR, (_UNDER_WAY,))
        return min(int(last) if is_called else 0, int(last if floor is None else floor))

    def stored(self) -> Iterator[Row]:
        """Every event, a thousand at a time, of one moment."""
        with (
            self._translated("read"),
            contextlib.closing(_connect(self.url)) as connection,
            connection.transaction(),
            connection.cursor("stored") as cursor,
        ):
            cursor.itersize = 1000
            cursor.execute(f"SELECT {_COLUMNS} FROM events ORDER BY seq")
            yield from map(_row, cursor)

    def approvals(
        self, *, approval_id: str = "", session: str = "", statuses: Collection[str] = ()
    ) -> list[Approval]:
        """The approvals of which this holds, in the order in which they were asked."""
        query: LiteralString = """
            SELECT a.id, a.session, a.call_id, a.digest, a.requester, a.status, a.expires_at, a.approver, a.reason,
                e.body
            FROM approvals a JOIN events e ON e.seq = a.asked_seq
            WHERE (%(id)s::text = '' OR a.id = %(id)s) AND (%(session)s::text = '' OR a.session = %(session)s)
                AND (%(all)s OR a.status = ANY(%(statuses)s))
            ORDER BY a.asked_seq"""
        wanted = {"id": approval_id, "session": session, "statuses": list(statuses), "all": not statuses}
        return [Approval._make((*texts, _text(body))) for *texts, body in self._read(query, wanted)]

    def check(self) -> None:
        """PostgreSQL watches its own pages; a whole session that was taken away shows by git's commits."""

    @contextlib.contextmanager
    def lease(self, session: str) -> Iterator[None]:
        """A row that is renewed as long as this process lives, and that another may take `LEASE_S` later."""
        self._take(session)
        over = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(session, over), daemon=True, name=f"lease-{session}")
        renewing.start()
        try:
            yield
        finally:
            over.set()
            renewing.join()
            self._let_go(session)

    def runner(self, session: str) -> int | None:
        """The process as its lease names it, where it runs on this machine."""
        for host, pid, _ in self._read(_HELD, (session,)):
            return int(pid) if host == socket.gethostname() else UNNAMED
        return None

    def _take(self, session: str) -> None:
        wanted = {"session": session, "host": socket.gethostname(), "pid": os.getpid(), "s": LEASE_S}
        with self._thread, self._translated("written"), self._transaction("BEGIN"):
            taken = self._connection.execute(_TAKE, wanted).fetchone()
            held = self._connection.execute(_HELD, (session,)).fetchone()
        if taken is None:
            host, pid, left = held or ("another", "unknown", LEASE_S)
            raise LeaseHeld(
                f"Session {session} is being run by process {pid} on {host}. Wait until it ends, or stop it "
                "(SIGTERM ends it in order); then try again. If it was killed, its lease is over in "
                f"{max(0, left):.0f} s."
            )
        self._fences[session] = int(taken[0])

    def _renew(self, session: str, over: threading.Event) -> None:
        """By a connection of its own: a transaction of the session's may take its time."""
        query: LiteralString = """
            UPDATE leases SET until = clock_timestamp() + make_interval(secs => %s)
            WHERE session = %s AND fence = %s"""
        while not over.wait(LEASE_S / RENEWALS):
            try:
                with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
                    while not over.wait(LEASE_S / RENEWALS):
                        if not connection.execute(query, (LEASE_S, session, self._fences[session])).rowcount:
                            return _log.error("the lease was taken by another process", extra={"session": session})
            except psycopg.Error as error:
                _log.warning("the lease could not be renewed", extra={"session": session, "error": str(error)})

    def _let_go(self, session: str) -> None:
        query: LiteralString = "UPDATE leases SET until = clock_timestamp() WHERE session = %s AND fence = %s"
        fence = self._fences.pop(session)
        with (
            contextlib.suppress(JournalError),
            self._thread,
            self._translated("written"),
            self._transaction("BEGIN"),
        ):
            self._connection.execute(query, (session, fence))

    def _read(self, query: LiteralString, arguments: Any = ()) -> list[tuple[Any, ...]]:
        with self._thread, self._translated("read"):
            if self._inside:
                return self._connection.execute(query, arguments).fetchall()
            return self._again(lambda: self._connection.execute(query, arguments).fetchall())

    @contextlib.contextmanager
    def _transaction(self, begin: LiteralString) -> Iterator[None]:
        """Between BEGIN and COMMIT nothing is tried again: a COMMIT without an answer may have been done."""
        self._again(lambda: self._connection.execute(begin))
        self._inside = True
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(psycopg.Error):
                if self._connection.info.transaction_status is not pq.TransactionStatus.IDLE:
                    self._connection.execute("ROLLBACK")
            raise
        finally:
            self._inside = False

    def _again(self, ask: Callable[[], Said]) -> Said:
        """What begins anew where the connection was lost in between, as when the database was restarted."""
        try:
            return ask()
        except psycopg.OperationalError:
            if not self._connection.broken:
                raise
        self._connection = _reconnect(self.url)
        return ask()

    @contextlib.contextmanager
    def _translated(self, done: str) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise _failed(self.url, done, error) from error


class PostgresWriting:
    """Writes within a transaction. `fences` are those of the leases that this process has."""

    def __init__(self, connection: Connection[Any], fences: dict[str, int]) -> None:
        self._connection = connection
        self._fences = fences
        self._locked: set[str] = set()
        self._has_told = False

    def _tell_place(self) -> None:
        """Whoever follows the journal goes no further than the events that were before this transaction's."""
        if not self._has_told:
            self._connection.execute(_TELL, (_UNDER_WAY,))
            self._has_told = True

    def lock(self, name: str) -> None:
        """An advisory lock of the transaction, which is let go with it."""
        if name not in self._locked:
            self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))
            self._locked.add(name)

    def last(self, session: str) -> Row | None:
        """The last event of a session's own chain, which is this transaction's to write from here on."""
        with self._connection.pipeline():
            self._tell_place()
            self.lock(session)
            found = self._connection.execute(_LAST, (session,))
        row = found.fetchone()
        return _row(row) if row else None

    def insert(self, row: Row) -> int:
        """Add an event, and give its `seq`; raises `LeaseLost` when the session is another process's by now."""
        self._tell_place()
        self.lock(row.session)
        values = (row.session, row.at, row.type, row.body.encode(), row.hash, row.number)
        fence = self._fences.get(row.session)
        if fence is None:
            inserted = self._connection.execute(f"{_INSERT} VALUES (%s, %s, %s, %s, %s, %s) RETURNING seq", values)
        else:
            inserted = self._connection.execute(
                f"{_INSERT} SELECT %s, %s, %s, %s, %s, %s FROM leases WHERE session = %s AND fence = %s FOR SHARE"
                " RETURNING seq",
                (*values, row.session, fence),
            )
        given = inserted.fetchone()
        if given is None:
            raise LeaseLost(
                f"Session {row.session} was taken over by another process, for this one did not renew its lease in "
                f"time. Nothing more was written here. Next: `desk show {row.session}` tells how it stands."
            )
        return int(given[0])

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
            " VALUES (%s, %s, %s, %s, %s, 'pending', %s, %s)",
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
        self.lock(session)
        changed = self._connection.execute(
            "UPDATE approvals SET status = %s, approver = coalesce(%s, approver), reason = coalesce(%s, reason)"
            " WHERE id = %s AND session = %s AND status = ANY(%s)",
            (status, approver, reason, approval_id, session, list(while_in)),
        )
        return changed.rowcount == 1


def exists(url: str) -> bool:
    """Whether the database has a journal; raises `JournalError` where it cannot be asked."""
    try:
        with contextlib.closing(_connect(url)) as connection:
            return _version(connection) > 0
    except psycopg.Error as error:
        raise _failed(url, "opened", error) from error


def _connect(url: str) -> Connection[Any]:
    return psycopg.connect(url, autocommit=True, connect_timeout=10, application_name="desk")


def _reconnect(url: str) -> Connection[Any]:
    """Wait for a database that is away for a while; raises psycopg's error when it stays away."""
    until = time.monotonic() + RECONNECT_S
    while True:
        try:
            return _connect(url)
        except psycopg.OperationalError:
            if time.monotonic() >= until:
                raise
            time.sleep(RETRY_S)


def _version(connection: Connection[Any]) -> int:
    """Of the journal in the first schema of the search path; 0 where there is none."""
    known = connection.execute("SELECT to_regclass(current_schema() || '.desk_schema')").fetchone()
    if known is None or known[0] is None:
        return 0
    found = connection.execute("SELECT max(version) FROM desk_schema").fetchone()
    return int(found[0]) if found and found[0] is not None else 0


def _make(connection: Connection[Any], root: str) -> None:
    """Make the tables, or what this version adds to them; several processes at once do it once."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
        connection.execute("CREATE TABLE IF NOT EXISTS desk_schema (version integer PRIMARY KEY)")
        there = _version(connection)
        for version, statements in enumerate(_SCHEMAS[there:], there + 1):
            connection.execute(statements)
            connection.execute("INSERT INTO desk_schema VALUES (%s)", (version,))
        if not there:
            connection.execute("INSERT INTO root VALUES (%s)", (root,))


def _row(found: tuple[Any, ...]) -> Row:
    seq, session, at, kind, body, digest, number = found
    return Row(seq, session, at, kind, _text(body), digest, number)


def _text(body: bytes) -> str:
    return bytes(body).decode("utf-8", "surrogateescape")


def _failed(url: str, done: str, error: psycopg.Error) -> JournalError:
    said = " ".join(str(error).split())[:300]
    more = " Nothing was done without being written down." if done == "written" else ""
    return JournalError(f"The journal {url} cannot be {done}: {said}.{more} Next: {_next(error)}.")


def _next(error: psycopg.Error) -> str:
    """What to do about an error. Source: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
    match type(error):
        case psycopg.errors.InsufficientPrivilege:
            return "let this user write the database's schema, or name another one by ?options=-csearch_path%3DNAME"
        case psycopg.errors.ReadOnlySqlTransaction:
            return "connect to the primary; `target_session_attrs=read-write` in the address finds it"
        case psycopg.errors.UndefinedTable:
            return "run a session, which makes the journal's tables"
        case psycopg.errors.DiskFull:
            return "make room on the database's disk; then resume"
        case _:
            return "see that `psql` with the same address gets there; then go on"
