"""What only the store in PostgreSQL has: leases with a fence, a server that goes away, a journal that moves."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Event as ProcessEvent
from pathlib import Path

import psycopg
import pytest

from agent.errors import BrokenJournal, JournalError, LeaseHeld, LeaseLost, UsageError
from agent.journal import postgres as store_module
from agent.journal import stores
from agent.journal.events import Event, SessionResumed
from agent.journal.journal import Journal
from agent.journal.postgres import SCHEMA_VERSION, PostgresStore
from agent.redaction import Redactor
from tests.postgres import Server, server

RunDesk = Callable[..., "subprocess.CompletedProcess[str]"]
SPAWN = multiprocessing.get_context("spawn")
TASK = "why does checkout crash in shop-dev?"


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.database()


@contextlib.contextmanager
def opened(url: str) -> Iterator[Journal]:
    with contextlib.closing(PostgresStore(url)) as store:
        yield Journal(store, Redactor())


def note(number: int | str) -> Event:
    return SessionResumed("alice", f"note {number}")


def notes(journal: Journal, session: str = "s1") -> list[str]:
    return [str(entry.body["why"]) for entry in journal.entries(session)]


def sql(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


# --- append-only -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET body = 'x'", "DELETE FROM events", "TRUNCATE events CASCADE", "DELETE FROM root"],
)
def test_the_database_itself_refuses_to_rewrite(url: str, statement: str) -> None:
    with opened(url) as journal:
        journal.append("s1", note(1))
        with pytest.raises(psycopg.errors.RaiseException, match="the journal is append-only"):
            sql(url, statement)
        assert journal.verify() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = replace(convert_from(body, 'UTF8'), 'note 2', 'note 9')::bytea WHERE seq = 2",
        "UPDATE events SET body = '\\xff00fe' WHERE seq = 2",
        "UPDATE events SET at = 'x' WHERE seq = 2",
        "DELETE FROM events WHERE seq = 1",
    ],
)
def test_what_was_tampered_with_is_named(url: str, statement: str) -> None:
    with opened(url) as journal:
        journal.append("s1", *map(note, range(1, 4)))
        sql(url, f"ALTER TABLE events DISABLE TRIGGER events_stay; {statement}")
        with pytest.raises(BrokenJournal, match=r"^event 2 \("):
            journal.verify()


def test_what_was_undone_leaves_a_gap_that_breaks_nothing(url: str) -> None:
    with opened(url) as journal:
        with pytest.raises(LookupError), journal.transaction() as transaction:
            transaction.append("s1", note("undone"))
            raise LookupError
        (entry,) = journal.append("s1", note(1))
        assert (entry.seq, entry.number, journal.verify()) == (2, 1, 1)


def test_who_follows_misses_nothing_that_is_committed_later(url: str) -> None:
    with opened(url) as journal, opened(url) as slow, opened(url) as reader:
        journal.append("s1", note(1))
        with slow.transaction() as transaction:
            transaction.append("s2", note("of the slow one"))
            journal.append("s1", note(2))
            assert (reader.newest(), list(reader.entries(after=1))) == (1, [])
        assert [(entry.seq, entry.session) for entry in reader.entries(after=1)] == [(2, "s2"), (3, "s1")]
        assert reader.newest() == 3


# --- leases ----------------------------------------------------------------------------------------------


def writes_as_long_as_it_may(url: str, has_begun: ProcessEvent) -> None:
    store_module.LEASE_S = 1.0
    with opened(url) as journal, journal.lease("s1"):
        while True:
            with contextlib.suppress(JournalError) if has_begun.is_set() else contextlib.nullcontext():
                journal.append("s1", note("of the first"))
            has_begun.set()


def lease_is_over(journal: Journal) -> bool:
    try:
        with journal.lease("s1"):
            return True
    except LeaseHeld:
        return False


def until(holds: Callable[[], bool], timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.05)


def test_a_process_that_slept_past_its_lease_writes_nothing(url: str) -> None:
    has_begun = SPAWN.Event()
    first = SPAWN.Process(target=writes_as_long_as_it_may, args=(url, has_begun), daemon=True)
    with opened(url) as journal:
        first.start()
        assert has_begun.wait(60)
        os.kill(first.pid or 0, signal.SIGSTOP)
        with pytest.raises(LeaseHeld, match=rf"by process {first.pid} on .*its lease is over in [01] s"):
            journal.lease("s1").__enter__()
        until(lambda: lease_is_over(journal))
        with journal.lease("s1"):
            journal.append("s1", note("of the second"))
            os.kill(first.pid or 0, signal.SIGCONT)
            time.sleep(1)  # in which the first one tries to write all the time
            journal.append("s1", note("of the second"))
        first.kill()
        first.join(10)
        told = notes(journal)
        assert set(told[: told.index("note of the second")]) == {"note of the first"}
        assert told[told.index("note of the second") :] == ["note of the second"] * 2
        assert journal.verify() == len(told)


def test_who_lost_its_lease_is_told(url: str) -> None:
    with opened(url) as journal, opened(url) as other, journal.lease("s1"):
        journal.append("s1", note(1))
        sql(url, "UPDATE leases SET until = now()")
        with other.lease("s1"):
            with pytest.raises(LeaseLost, match=r"Session s1 was taken over.*desk show s1"):
                journal.append("s1", note(2))
            journal.append("s2", note(3))  # what is nobody's lease is written as ever
            other.append("s1", note(4))
        assert notes(other) == ["note 1", "note 4"]


def test_who_decides_an_approval_needs_no_lease(url: str) -> None:
    with opened(url) as journal, opened(url) as other, journal.lease("s1"):
        other.append("s1", note(1))
        journal.append("s1", note(2))
        assert (notes(journal), journal.verify()) == (["note 1", "note 2"], 2)


def test_a_lease_is_renewed_as_long_as_its_process_lives(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "LEASE_S", 0.6)
    with opened(url) as journal, opened(url) as other:
        with journal.lease("s1"):
            time.sleep(1.5)
            assert other.is_leased("s1")
            with pytest.raises(LeaseHeld):
                other.lease("s1").__enter__()
        assert not other.is_leased("s1")


# --- a server that goes away -----------------------------------------------------------------------------


def test_what_was_acknowledged_outlives_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    over = threading.Event()
    with server() as own, opened(own.database()) as journal:

        def write() -> None:
            while not over.is_set():
                with contextlib.suppress(JournalError):
                    (entry,) = journal.append("s1", note(len(written)))
                    written.append(str(entry.body["why"]))

        def goes_on() -> None:
            at = len(written)
            until(lambda: len(written) > at + 20)

        writing = threading.Thread(target=write, daemon=True)
        with journal.lease("s1"):
            writing.start()
            try:
                for _ in range(2):
                    goes_on()
                    own.kill()
                    own.start()
                goes_on()
            finally:
                over.set()
                writing.join(60)
        told = notes(journal)
        assert [each for each in written if each not in set(told)] == []
        assert journal.verify() == len(told)


def test_a_database_that_is_away_is_told(tmp_path: Path, run_desk: RunDesk, workspace: Path) -> None:
    ended = run_desk("status", "--workspace", workspace, "--journal", f"postgresql:///desk?host={tmp_path}")
    assert ended.returncode == 1
    assert "cannot be opened" in ended.stderr
    assert "Next: see that `psql` with the same address gets there" in ended.stderr


# --- addresses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["postgresql://desk:hunter2@db/desk", "postgres://db/desk?password=hunter2", "postgresql://:x@db/desk"]
)
def test_a_password_in_the_address_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="PGPASSFILE") as refused:
        stores.opened(tmp_path, url)
    assert "hunter2" not in str(refused.value)


def test_a_newer_schema_is_left_alone(url: str) -> None:
    with opened(url):
        sql(url, f"INSERT INTO desk_schema VALUES ({SCHEMA_VERSION + 1})")
    with pytest.raises(JournalError, match=r"newer Desk \(schema 2, this one knows 1\)"):
        PostgresStore(url)


def test_to_look_makes_nothing(url: str, tmp_path: Path) -> None:
    assert not stores.exists(tmp_path, url)
    stores.opened(tmp_path, url, reads=True).close()
    assert not stores.exists(tmp_path, url)


# --- whole sessions, and a journal that moves ------------------------------------------------------------


def exported(run_desk: RunDesk, *where: str | Path) -> list[dict[str, object]]:
    lines = run_desk("journal", "export", *where).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_a_session_runs_on_it_and_the_journal_moves_there_and_back(
    run_desk: RunDesk, workspace: Path, url: str
) -> None:
    here, there = ("--workspace", workspace), ("--workspace", workspace, "--journal", url)
    ran = run_desk("run", "--sandbox", "--model", "playbook", *here, TASK)
    assert ran.returncode == 0, ran.stderr
    moved = run_desk("journal", "migrate", url, *here)
    assert (moved.returncode, f"set `journal: {url}` in desk.yaml" in moved.stdout) == (0, True), moved.stderr
    assert exported(run_desk, *there) == exported(run_desk, *here)

    again = run_desk("journal", "migrate", url, *here)
    assert (again.returncode, "copied there before" in again.stderr) == (1, True)
    (workspace / "desk.yaml").write_text(f"journal: {url}\n")
    ran = run_desk("run", "--sandbox", "--model", "playbook", *here, TASK)
    assert ran.returncode == 0, ran.stderr
    assert len(run_desk("sessions", *here).stdout.splitlines()) == 1 + 2  # with the columns' names
    assert "2, 0 of them open" in run_desk("status", *here).stdout
    verified = run_desk("journal", "verify", *here)
    assert (verified.returncode, "is there" in verified.stdout) == (0, True), verified.stderr

    moved_on = exported(run_desk, *here)
    (workspace / ".desk" / "journal.db").unlink()
    assert run_desk("journal", "migrate", "file", *here).returncode == 0
    (workspace / "desk.yaml").write_text("")
    told = [{name: value for name, value in each.items() if name != "seq"} for each in moved_on]
    back = exported(run_desk, *here)
    assert [{name: value for name, value in each.items() if name != "seq"} for each in back] == told
    assert run_desk("journal", "verify", *here).returncode == 0


def test_a_journal_in_use_is_not_copied(run_desk: RunDesk, workspace: Path, url: str) -> None:
    assert run_desk("run", "--sandbox", "--model", "playbook", "--workspace", workspace, TASK).returncode == 0
    with contextlib.closing(stores.opened(workspace, None)) as store:
        journal = Journal(store, Redactor())
        with journal.lease(journal.sessions()[0]):
            refused = run_desk("journal", "migrate", url, "--workspace", workspace)
    assert (refused.returncode, "is being run" in refused.stderr) == (2, True)
    assert not stores.exists(workspace, url)
