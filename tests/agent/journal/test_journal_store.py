"""The journal on a real file: what is appended stays, in order, masked, and any tampering shows."""

import contextlib
import fcntl
import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from agent.errors import BrokenJournal, JournalError, LeaseHeld
from agent.gate.policy import decide, environment_of
from agent.journal import approvals
from agent.journal.events import Event, Oriented, SessionResumed, SessionStarted, ToolIntent, ToolResult
from agent.journal.journal import GENESIS, Entry, Head, Journal, chain
from agent.journal.port import Store
from agent.journal.postgres import PostgresStore
from agent.journal.sqlite import SCHEMA_VERSION, SqliteStore
from agent.redaction import MARK, Redactor
from agent.redaction.values import JsonValue
from tests.postgres import Server
from tools.changes.plan import Change
from tools.cluster.resources import ObjectRef
from tools.risk import Risk

SPAWN = multiprocessing.get_context("spawn")
NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
STARTED = SessionStarted(
    task="mend checkout", namespace="shop-dev", model="playbook", requester="alice", cluster="sha256:0"
)
TRIGGERS = ("events_are_not_updated", "events_are_not_deleted", "root_is_not_updated", "root_is_not_deleted")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".desk" / "journal.db"


@pytest.fixture(params=["file", "postgres"])
def where(request: pytest.FixtureRequest, path: Path) -> Path | str:
    """A journal's place: of each store."""
    if request.param == "file":
        return path
    server: Server = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def journal(where: Path | str) -> Iterator[Journal]:
    opened = opened_at(where)
    yield opened
    opened.close()


@pytest.fixture
def file_journal(path: Path) -> Iterator[Journal]:
    opened = opened_at(path)
    yield opened
    opened.close()


def opened_at(where: Path | str, redactor: Redactor | None = None) -> Journal:
    store: Store = PostgresStore(where) if isinstance(where, str) else SqliteStore(where)
    return Journal(store, redactor or Redactor(), now=lambda: NOW)


def note(number: int) -> Event:
    return SessionResumed("alice", f"note {number}")


def filled(path: Path, notes: int = 5) -> None:
    """A closed journal: the WAL is folded into the one file."""
    journal = opened_at(path)
    journal.append("s1", *(note(number) for number in range(1, notes + 1)))
    journal.close()


def verified(path: Path | str) -> int:
    journal = opened_at(path)
    try:
        return journal.verify()
    finally:
        journal.close()


def tampered(path: Path, *statements: str) -> None:
    """Run SQL on the file as somebody would who first takes the triggers away."""
    connection = sqlite3.connect(path)
    with connection:
        for trigger in TRIGGERS:
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def asked(journal: Journal, call_id: str = "c1") -> str:
    target = ObjectRef("apps/v1", "Deployment", "shop-qa", "checkout")
    change = Change(target, "deployments", {"spec": {"replicas": 2}}, {"spec": {"replicas": 1}}, "u1", "7", "v1")
    request = approvals.Request(
        call_id=call_id,
        tool="set_resources",
        arguments={"name": "checkout"},
        digest="d1",
        changes=(change,),
        summary="set replicas",
        diff="-1\n+2",
        risk="change",
        decision=decide(Risk.CHANGE, environment_of({"environment": "qa"}), named=True),
        requester="alice",
    )
    return approvals.ask(journal, "s1", request, NOW).approval_id


# --- what is appended ------------------------------------------------------------------------------------


def test_events_are_read_back_in_order_by_session(journal: Journal) -> None:
    journal.append("s1", STARTED, note(1))
    journal.append("s2", note(2))
    journal.append("s1", note(3))
    assert [entry.event for entry in journal.entries("s1")] == [STARTED, note(1), note(3)]
    assert [(entry.seq, entry.session) for entry in journal.entries()] == [
        (1, "s1"),
        (2, "s1"),
        (3, "s2"),
        (4, "s1"),
    ]


def test_what_came_since_is_read_alone(journal: Journal) -> None:
    assert journal.newest() == 0
    journal.append("s1", STARTED, note(1))
    newest = journal.newest()
    assert [*journal.entries(after=newest)] == []
    journal.append("s2", note(2))
    journal.append("s1", note(3))
    assert [entry.event for entry in journal.entries(after=newest)] == [note(2), note(3)]
    assert [entry.event for entry in journal.entries("s1", ("session_resumed",), newest)] == [note(3)]
    assert journal.newest() == newest + 2


def test_append_gives_the_entries_as_they_are_stored(journal: Journal) -> None:
    given = journal.append("s1", STARTED, note(1))
    assert given == list(journal.entries())
    assert given[0].at == "2025-06-01T12:00:00.000+00:00"


def test_times_are_written_as_utc(path: Path) -> None:
    in_tokyo = datetime.fromisoformat("2025-06-01T21:00:00+09:00")
    journal = Journal(SqliteStore(path), Redactor(), now=lambda: in_tokyo)
    assert journal.append("s1", note(1))[0].at == "2025-06-01T12:00:00.000+00:00"
    journal.close()


def test_an_entry_is_exported_whole(journal: Journal) -> None:
    (entry,) = journal.append("s1", note(1))
    assert entry.to_json() == {
        "schema": "desk.event/v1",
        "seq": 1,
        "session": "s1",
        "at": "2025-06-01T12:00:00.000+00:00",
        "type": "session_resumed",
        "body": {"requester": "alice", "why": "note 1", "gate": []},
        "hash": entry.hash,
        "number": 1,
    }


def test_each_hash_covers_the_one_before_of_its_session(journal: Journal) -> None:
    journal.append("s1", STARTED, note(1))
    journal.append("s2", STARTED)
    journal.append("s1", note(2))
    ends = {"s1": journal.root, "s2": journal.root}
    for row in journal._store.rows():
        assert chain(ends[row.session], row.number, *row[1:5]) == row.hash
        ends[row.session] = row.hash
    assert [(entry.session, entry.number) for entry in journal.entries()] == [
        ("s1", 1), ("s1", 2), ("s2", 1), ("s1", 3),
    ]  # fmt: skip
    assert journal.head("s1") == Head(journal.root, 3, ends["s1"])
    assert (journal.head("s3"), journal.verify()) == (None, 4)


def test_no_two_journals_have_the_same_root(path: Path, tmp_path: Path) -> None:
    journals = [opened_at(path), opened_at(tmp_path / "other.db")]
    assert journals[0].root != journals[1].root
    for each in journals:
        each.close()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("ab", "c", "t", "b"), ("a", "bc", "t", "b")),
        (('a","b', "c", "t", "b"), ("a", 'b","c', "t", "b")),
        (("a\\", "c", "t", "b"), ("a", "\\c", "t", "b")),
    ],
)
def test_no_two_rows_share_the_text_that_is_hashed(
    left: tuple[str, str, str, str], right: tuple[str, str, str, str]
) -> None:
    assert chain(GENESIS, 1, *left) != chain(GENESIS, 1, *right)


def test_an_empty_journal_holds(journal: Journal) -> None:
    assert journal.verify() == 0


@pytest.mark.parametrize(
    "text", ["naïve — 日本語 🎉", "nul \x00 and \x1b[31m", "a\nb\r\n\tc", '"\\"', "", "\ud800"]
)
def test_any_text_survives_the_file(journal: Journal, text: str) -> None:
    journal.append("s1", SessionResumed("alice", text))
    assert [entry.event for entry in journal.entries()] == [SessionResumed("alice", text)]
    assert journal.verify() == 1


# --- append-only -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", ["UPDATE events SET body = '{}' WHERE seq = 1", "DELETE FROM events WHERE seq = 1"]
)
def test_the_database_itself_refuses_to_rewrite(file_journal: Journal, path: Path, statement: str) -> None:
    file_journal.append("s1", note(1))
    other = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="the journal is append-only"):
        other.execute(statement)
    other.close()
    assert file_journal.verify() == 1


# --- tampering -------------------------------------------------------------------------------------------


def first_flipped(path: Path, text: bytes) -> None:
    """Change one byte of the file: the last of the first occurrence of `text`."""
    raw = bytearray(path.read_bytes())
    at = raw.index(text) + len(text) - 1
    raw[at] = ord("x") if raw[at] != ord("x") else ord("y")
    path.write_bytes(raw)


def hash_of(path: Path, seq: int) -> bytes:
    journal = opened_at(path)
    found = next(entry.hash for entry in journal.entries() if entry.seq == seq)
    journal.close()
    return found.encode()


@pytest.mark.parametrize("text", [b"note 3", b'alice","why":"note 3"', b'"why":"note 3"}'])
def test_one_byte_of_a_body_names_the_event(path: Path, text: bytes) -> None:
    filled(path)
    first_flipped(path, text)
    said = r"^event 3 \(session_resumed of session s1, 2025-06-01.*not match its hash, so it was changed\. Restore"
    with pytest.raises(BrokenJournal, match=said):
        verified(path)


def test_one_byte_of_a_hash_names_the_event(path: Path) -> None:
    filled(path)
    first_flipped(path, hash_of(path, 4))
    with pytest.raises(BrokenJournal, match=r"^event 4 \("):
        verified(path)


@pytest.mark.parametrize("column", ["session", "at", "type", "body", "hash"])
@pytest.mark.parametrize("seq", [1, 3, 5])
def test_one_letter_of_any_column_names_the_event(path: Path, column: str, seq: int) -> None:
    filled(path)
    tampered(path, f"UPDATE events SET {column} = 'x' || substr({column}, 2) WHERE seq = {seq}")
    with pytest.raises(BrokenJournal, match=rf"^event {seq} \("):
        verified(path)


def test_a_row_that_is_no_text_any_more_is_named(path: Path) -> None:
    filled(path)
    tampered(path, "UPDATE events SET body = CAST(x'ff00fe' AS TEXT) WHERE seq = 2")
    with pytest.raises(BrokenJournal, match=r"^event 2 \("):
        verified(path)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM events WHERE seq = 3", r"^event 4 \(.*its session's event 3 is missing"),
        ("DELETE FROM events WHERE seq = 1", r"^event 2 \(.*its session's event 1 is missing"),
        ("DELETE FROM root", "has 0 roots"),
        ("UPDATE root SET hash = 'x'", r"^event 1 \(.*does not match"),
        (
            "INSERT INTO events SELECT 6, session, at, type, body, hash, 6 FROM events WHERE seq = 5",
            r"^event 6 \(.*does not match",
        ),
        (
            "INSERT INTO events SELECT 6, session, at, type, body, hash, 0 FROM events WHERE seq = 5",
            r"^event 6 \(.*event 6 is missing",
        ),
        ("UPDATE events SET number = 0", r"^event 1 \(.*does not match"),
        ("UPDATE events SET number = 77 WHERE seq = 2", r"^event 2 \("),
        ("UPDATE events SET seq = -3 WHERE seq = 3", r"event -3 \("),
    ],
)
def test_a_missing_or_inserted_row_is_named(path: Path, statement: str, said: str) -> None:
    filled(path)
    tampered(path, statement)
    with pytest.raises(BrokenJournal, match=said):
        verified(path)


def test_a_session_taken_away_whole_is_noticed(path: Path) -> None:
    filled(path)
    journal = opened_at(path)
    journal.append("s2", note(6), note(7))
    journal.append("s1", note(8))
    journal.close()
    tampered(path, "DELETE FROM events WHERE session = 's2'")
    with pytest.raises(BrokenJournal, match=r"^event 8 is there, and event 7 is missing"):
        verified(path)


def test_a_row_pushed_in_between_is_named(path: Path) -> None:
    filled(path)
    tampered(
        path,
        "UPDATE events SET seq = seq + 100 WHERE seq >= 3",
        "UPDATE events SET seq = seq - 99 WHERE seq >= 100",
        "INSERT INTO events SELECT 3, session, at, type, body, hash, 7 FROM events WHERE seq = 2",
    )
    with pytest.raises(BrokenJournal, match=r"^event 3 \("):
        verified(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE approvals SET status = 'approved'",
        "UPDATE approvals SET status = 'used'",
        "UPDATE approvals SET approver = 'mallory'",
        "UPDATE approvals SET digest = 'x'",
        "UPDATE approvals SET requester = 'bob'",
        "UPDATE approvals SET expires_at = '2999-01-01T00:00:00+00:00'",
        "UPDATE approvals SET id = 'apr-0'",
        "DELETE FROM approvals",
        "INSERT INTO approvals SELECT 'apr-0', session, call_id, digest, requester, 'approved', expires_at,"
        " 'mallory', '', asked_seq FROM approvals",
    ],
)
def test_an_approval_changed_past_its_events_is_found(path: Path, statement: str) -> None:
    journal = opened_at(path)
    asked(journal)
    assert journal.verify() == 1
    journal.close()
    tampered(path, statement)
    with pytest.raises(BrokenJournal, match="approval"):
        verified(path)


def test_a_decided_and_a_used_approval_agree_with_their_events(journal: Journal) -> None:
    approval_id = asked(journal)
    approvals.decide(journal, approval_id, "approved", "bob", "looks right", NOW)
    assert journal.verify() == 2
    with journal.transaction() as transaction:
        approvals.use(transaction, "s1", approval_id)
        transaction.append("s1", ToolIntent("c1", 0, True, "restart", {}, {}, {}, "", approval_id))
    assert journal.verify() == 3


def test_an_approval_that_was_spent_cannot_be_made_fresh_again(path: Path) -> None:
    journal = opened_at(path)
    approval_id = asked(journal)
    approvals.decide(journal, approval_id, "approved", "bob", "", NOW)
    with journal.transaction() as transaction:
        approvals.use(transaction, "s1", approval_id)
        transaction.append("s1", ToolIntent("c1", 0, True, "restart", {}, {}, {}, "", approval_id))
    journal.close()
    tampered(path, "UPDATE approvals SET status = 'approved'")
    with pytest.raises(BrokenJournal, match=approval_id):
        verified(path)


# --- files that are no journal ---------------------------------------------------------------------------


def test_a_damaged_header_is_a_broken_journal(path: Path) -> None:
    filled(path)
    path.write_bytes(b"Not a database." + path.read_bytes()[15:])
    with pytest.raises(BrokenJournal, match=r"journal\.db cannot be read.*Restore the file"):
        opened_at(path)


def test_a_damaged_page_is_a_broken_journal(path: Path) -> None:
    filled(path, notes=300)
    raw = bytearray(path.read_bytes())
    raw[5 * 4096 : 5 * 4096 + 100] = b"\xff" * 100
    path.write_bytes(raw)
    with pytest.raises(BrokenJournal):
        verified(path)


def test_something_else_is_no_journal(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("apiVersion: v1\nkind: Config\n" * 40)
    with pytest.raises(BrokenJournal, match="not a database"):
        opened_at(path)


def test_an_empty_file_becomes_a_journal(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    filled(path, notes=2)
    assert verified(path) == 2


def test_a_newer_schema_is_left_alone(path: Path) -> None:
    filled(path)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(JournalError, match=r"newer Desk \(schema 3, this one knows 2\)\. Use that Desk"):
        opened_at(path)


@pytest.mark.parametrize("blocker", ["a-file", "/proc"])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, blocker: str) -> None:
    (tmp_path / "a-file").write_text("not a folder")
    with pytest.raises(JournalError, match=r"journal\.db cannot be opened.*Next: see that"):
        opened_at(tmp_path / blocker / "desk" / "journal.db")


def test_a_folder_in_the_place_of_the_file_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(JournalError, match="unable to open database file"):
        opened_at(path)


def test_a_full_disk_loses_nothing_that_was_written(path: Path) -> None:
    store = SqliteStore(path)
    journal = Journal(store, Redactor())
    journal.append("s1", note(1))
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(
        JournalError,
        match=r"cannot be written: database or disk is full.*Next: make room on the disk of .*then resume",
    ):
        journal.append("s1", SessionResumed("alice", "x" * 100_000))
    store._connection.execute("PRAGMA max_page_count=100000")
    journal.append("s1", note(2))
    assert [entry.event for entry in journal.entries()] == [note(1), note(2)]
    assert journal.verify() == 2
    journal.close()


def test_a_lock_that_is_not_given_back_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, notes=1)
    monkeypatch.setattr("agent.journal.sqlite.BUSY_TIMEOUT_S", 0.05)
    journal, backup = opened_at(path), sqlite3.connect(path, isolation_level=None)
    backup.execute("BEGIN IMMEDIATE")
    said = r"cannot be written: database is locked.*Another program has kept it locked.*fuser .*; then resume\."
    with pytest.raises(JournalError, match=said):
        journal.append("s1", note(2))
    assert journal.verify() == 1  # reading goes on
    backup.close()
    journal.append("s1", note(2))
    assert journal.verify() == 2
    journal.close()


def test_a_file_that_may_only_be_read_is_told(path: Path) -> None:
    store = SqliteStore(path)
    journal = Journal(store, Redactor())
    journal.append("s1", note(1))
    store._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(
        JournalError, match=r"cannot be written: attempt to write a readonly database.*Next: let this user write"
    ):
        journal.append("s1", note(2))
    assert journal.verify() == 1
    journal.close()


# --- transactions and observers --------------------------------------------------------------------------


def test_a_transaction_that_raises_leaves_nothing(journal: Journal) -> None:
    journal.append("s1", note(1))
    with pytest.raises(LookupError), journal.transaction() as transaction:
        transaction.append("s1", note(2))
        raise LookupError
    journal.append("s1", note(3))
    assert [entry.event for entry in journal.entries()] == [note(1), note(3)]
    assert journal.verify() == 2


def test_observers_see_what_is_committed_and_only_that(file_journal: Journal, path: Path) -> None:
    seen: list[tuple[Entry, int]] = []

    def look(entry: Entry) -> None:
        (count,) = sqlite3.connect(path).execute("SELECT count(*) FROM events").fetchone()
        seen.append((entry, count))

    file_journal.observe(look)
    with file_journal.transaction() as transaction:
        transaction.append("s1", note(1))
        transaction.append("s1", note(2))
        assert seen == []
    with pytest.raises(LookupError), file_journal.transaction() as transaction:
        transaction.append("s1", note(3))
        raise LookupError
    assert [(entry.event, count) for entry, count in seen] == [(note(1), 2), (note(2), 2)]


def test_an_observer_may_append(journal: Journal) -> None:
    def follow(entry: Entry) -> None:
        if entry.session == "s1":
            journal.append("s2", note(9))

    journal.observe(follow)
    journal.append("s1", note(1))
    assert [entry.session for entry in journal.entries()] == ["s1", "s2"]


# --- several processes -----------------------------------------------------------------------------------


def appends(path: Path | str, session: str, count: int, start: Barrier) -> None:
    journal = opened_at(path)
    start.wait(20)
    for number in range(count):
        journal.append(session, note(number))
    journal.close()


def opens(path: Path | str, session: str, _: int, start: Barrier) -> None:
    start.wait(20)
    journal = opened_at(path)
    journal.append(session, note(0))
    journal.close()


def holds(path: Path | str, session: str, _: int, start: Barrier) -> None:
    with opened_at(path).lease(session):
        start.wait(20)
        signal.pause()


def asks(path: Path | str, session: str, count: int, start: Barrier) -> None:
    journal = opened_at(path)
    start.wait(20)
    for number in range(count):
        asked(journal, f"{session}-{number}")
    journal.close()


def verifies(path: Path | str, _session: str, count: int, start: Barrier) -> None:
    journal = opened_at(path)
    start.wait(20)
    while journal.verify() < count:
        pass
    journal.close()


Work = Callable[[Path | str, str, int, Barrier], None]


def run_two(first: Work, second: Work, path: Path | str, count: int = 0) -> None:
    start = SPAWN.Barrier(2)
    works = (("s1", first), ("s2", second))
    both = [SPAWN.Process(target=work, args=(path, session, count, start)) for session, work in works]
    for process in both:
        process.start()
    for process in both:
        process.join(30)
    assert [process.exitcode for process in both] == [0, 0]


def test_two_processes_at_once_lose_nothing(where: Path | str) -> None:
    opened_at(where).close()
    run_two(appends, appends, where, 200)
    journal = opened_at(where)
    for session in ("s1", "s2"):
        assert [entry.event for entry in journal.entries(session)] == [note(number) for number in range(200)]
    assert journal.verify() == 400
    journal.close()


def test_two_processes_make_one_new_journal(where: Path | str) -> None:
    run_two(opens, opens, where)
    assert verified(where) == 2


def test_a_check_is_not_misled_by_who_writes_meanwhile(where: Path | str) -> None:
    opened_at(where).close()
    run_two(asks, verifies, where, 80)


def waits(path: Path) -> int:
    """How many wait for their turn to write. Source: proc_locks(5)"""
    own = f":{path.with_suffix('.lock').stat().st_ino} "
    return sum(" -> FLOCK " in line and own in line for line in Path("/proc/locks").read_text().splitlines())


def until_waiting(path: Path, count: int) -> None:
    deadline = time.monotonic() + 20
    while waits(path) != count:
        assert time.monotonic() < deadline, f"{waits(path)} wait instead of {count}"
        time.sleep(0.005)


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Somebody else has the turn."""
    with path.with_suffix(".lock").open("rb") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)
        yield


def test_writers_have_their_turns_in_the_order_in_which_they_came(path: Path) -> None:
    """SQLite by itself favours the newest, which tries again the soonest: of many, one starves."""
    sessions = [f"s{number}" for number in range(8)]
    journals = [opened_at(path) for _ in sessions]
    writers = [
        threading.Thread(target=each.append, args=(session, note(0)))
        for each, session in zip(journals, sessions, strict=True)
    ]
    with held(path):
        for count, writer in enumerate(writers, start=1):
            writer.start()
            until_waiting(path, count)
    for writer in writers:
        writer.join(10)
    assert [entry.session for entry in journals[0].entries()] == sessions
    for each in journals:
        each.close()


def test_a_writer_that_is_stopped_or_killed_while_it_waits_holds_up_nobody(path: Path) -> None:
    journal, start = opened_at(path), SPAWN.Barrier(3)
    works = [SPAWN.Process(target=opens, args=(path, session, 0, start)) for session in ("stopped", "killed")]
    for each in works:
        each.start()
    with held(path):
        start.wait(20)
        until_waiting(path, 2)
        os.kill(works[0].pid or 0, signal.SIGSTOP)
        os.kill(works[1].pid or 0, signal.SIGKILL)
        works[1].join(10)
    journal.append("s1", note(0))
    os.kill(works[0].pid or 0, signal.SIGCONT)
    works[0].join(10)
    assert [entry.session for entry in journal.entries()] == ["s1", "stopped"]
    journal.close()


def test_a_turn_that_does_not_come_is_told_and_not_taken_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.journal.sqlite.BUSY_TIMEOUT_S", 0.05)
    journal = opened_at(path)
    said = (
        r"cannot be written: others wait to write it.*Another program has kept it locked.*fuser .*; then resume\."
    )
    with held(path), pytest.raises(JournalError, match=said):
        journal.append("s1", note(1))
    until_waiting(path, 0)
    journal.append("s1", note(2))
    assert [entry.event for entry in journal.entries()] == [note(2)]
    journal.close()


def test_secrets_are_looked_for_while_others_may_write(path: Path) -> None:
    other = opened_at(path)

    class Writes(Redactor):
        def redact(self, value: JsonValue) -> JsonValue:
            other.append("s2", note(1))
            return super().redact(value)

    journal = opened_at(path, Writes())
    journal.append("s1", note(1))
    assert [entry.session for entry in journal.entries()] == ["s2", "s1"]
    for each in (journal, other):
        each.close()


def test_a_lease_is_one_process_and_ends_with_it(path: Path) -> None:
    journal, start = opened_at(path), SPAWN.Barrier(2)
    holder = SPAWN.Process(target=holds, args=(path, "s1", 0, start))
    holder.start()
    start.wait(20)
    with pytest.raises(LeaseHeld, match=rf"Session s1 is being run by process {holder.pid}\."), journal.lease("s1"):
        pass
    with journal.lease("s2"):
        pass
    os.kill(holder.pid or 0, signal.SIGKILL)
    holder.join(10)
    with journal.lease("s1"):
        pass
    journal.close()


def test_the_file_of_a_lease_goes_with_it_and_only_with_it(file_journal: Journal, path: Path) -> None:
    file = path.parent / "leases" / "s1.lock"
    with file_journal.lease("s1"):
        assert file.read_text() == str(os.getpid())
        with pytest.raises(LeaseHeld), file_journal.lease("s1"):
            pass
        assert file.exists()
    assert not file.exists()


def test_a_lease_is_of_the_file_that_is_there(
    file_journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last holder removes the file between our opening and our locking it."""
    file = path.parent / "leases" / "s1.lock"
    locked = fcntl.flock

    def late(fd: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", locked)
        file.unlink()
        locked(fd, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with file_journal.lease("s1"):
        assert file.read_text() == str(os.getpid())
        with pytest.raises(LeaseHeld), file_journal.lease("s1"):
            pass


def test_a_lease_is_free_again_after_an_error(journal: Journal) -> None:
    with pytest.raises(LookupError), journal.lease("s1"):
        raise LookupError
    with journal.lease("s1"), pytest.raises(LeaseHeld, match=str(os.getpid())), journal.lease("s1"):
        pass


# --- secrets ---------------------------------------------------------------------------------------------

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "db", "namespace": "shop-dev"},
    "data": {"HOST": "cG9zdGdyZXMtc2hvcA=="},
    "stringData": {"PIN": "plain-4711-pin"},
}
SECRET_YAML = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  HOST: cG9zdGdyZXMtc2hvcA==\n"
RESULT = ToolResult("c1", "get", SECRET_YAML, data=SECRET)
TOKEN = "eyJ-our-own-bearer-token-0123456789"
ORIENTED = Oriented("", f"log says {TOKEN}", "", [f"commit with {TOKEN}"], "alice", "v1.34", [], [])


@pytest.mark.parametrize(
    ("event", "secrets"),
    [
        (RESULT, [b"cG9zdGdyZXMtc2hvcA", b"plain-4711-pin"]),
        (ORIENTED, [TOKEN.encode()]),
        (replace(STARTED, task="use postgres://shop:hunter2hunter2@db/shop"), [b"hunter2hunter2"]),
    ],
)
def test_a_secret_never_reaches_the_file(path: Path, event: Event, secrets: list[bytes]) -> None:
    journal = opened_at(path, Redactor([TOKEN]))
    (entry,) = journal.append("s1", event)
    while_open = b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())
    journal.close()
    on_disk = while_open + path.read_bytes()
    assert b"alice" in on_disk or b"c1" in on_disk
    assert not [secret for secret in secrets if secret in on_disk or secret in str(entry.body).encode()]
    assert MARK in str(entry.event)
    assert verified(path) == 1


def test_the_reason_of_a_decision_is_masked_in_the_row_as_well(path: Path) -> None:
    journal = opened_at(path)
    approval_id = asked(journal)
    reason = "the password is password=correct-horse-battery"
    approvals.decide(journal, approval_id, "rejected", "bob", reason, NOW + timedelta(minutes=1))
    files = b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())
    assert b"correct-horse" not in files
    assert journal.verify() == 2
    journal.close()
