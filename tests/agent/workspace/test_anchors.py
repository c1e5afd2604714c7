"""What git's commits name of the journal: an end that was cut off, and a session that is gone, show."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.journal.events import Event, SessionResumed, SessionStarted
from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.journal.view import SessionView
from agent.redaction import Redactor
from agent.session.context import Records
from agent.session.recording import commit
from agent.workspace.anchors import Comparison, compare, described
from agent.workspace.files import Workspace, whole_file
from agent.workspace.history import History
from tests.agent.conftest import InProcess

STARTED = SessionStarted("mend checkout", "shop-dev", "playbook", "alice", "sha256:0")
AT = "2026-06-01T12:00:00+00:00"


def notes(count: int) -> list[Event]:
    return [SessionResumed("alice", f"note {number}") for number in range(count)]


@contextlib.contextmanager
def journal(root: Path) -> Iterator[Journal]:
    with contextlib.closing(Journal(SqliteStore(root / ".desk/journal.db"), Redactor())) as opened:
        yield opened


def session(root: Path, name: str, *counts: int) -> None:
    """A session that appends so many events before each of its commits, and one, `committed`, behind it."""
    with journal(root) as opened:
        view = SessionView(name)
        opened.observe(lambda entry: view.apply(entry) if entry.session == name else None)
        opened.append(name, STARTED)
        for place, count in enumerate(counts):
            opened.append(name, *notes(count))
            records = Records(view, opened, Workspace(root), History(root))
            commit(records, f"{place}-note", AT, "a note", {}, [whole_file(f"notes/{name}-{place}.md", "noted\n")])


def compared(root: Path) -> Comparison:
    """After the chains were found to hold."""
    with journal(root) as opened:
        opened.verify()
        return compare(opened, History(root))


def tampered(root: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(root / ".desk/journal.db")) as connection, connection:
        connection.execute("DROP TRIGGER events_are_not_deleted")
        for statement in statements:
            connection.execute(statement)


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_commit_carries_the_head_of_its_session(workspace: Path) -> None:
    session(workspace, "s1", 2)
    with journal(workspace) as opened:
        expected = f"{opened.root[:16]}/3/{opened.hash_of('s1', 3)}"
    assert git(workspace, "log", "-1", "--format=%(trailers:key=Journal,valueonly)") == expected
    assert compared(workspace) == Comparison(1, 0, ())


@pytest.mark.parametrize(
    ("taken", "missing"),
    [
        ("session = 's2' AND number > 5", [("s2", 6, 106)]),
        ("session = 's2'", [("s2", 1, 106)]),
        ("seq > 3", [("s2", 1, 106)]),
        ("seq > 2", [("s2", 1, 106), ("s1", 3, 3)]),
        ("number > 106", []),  # the event that says that the commit was made: no commit can name it
    ],
)
def test_an_end_that_was_cut_off_is_told(workspace: Path, taken: str, missing: list[tuple[str, int, int]]) -> None:
    session(workspace, "s1", 2)
    session(workspace, "s2", 4, 100)
    tampered(workspace, f"DELETE FROM events WHERE {taken}")
    found = compared(workspace)
    assert [(each.session, each.first, each.last) for each in found.missing] == missing
    if ("s2", 6, 106) in missing:
        assert found.missing[0].commit == git(workspace, "rev-parse", "HEAD")
        assert "names event 106, and events 6 to 106 are missing" in described(found.missing[0])


def test_an_end_that_was_written_anew_is_told(workspace: Path) -> None:
    session(workspace, "s1", 2, 5)
    tampered(workspace, "DELETE FROM events WHERE seq > 6")
    with journal(workspace) as opened:
        opened.append("s1", *notes(20))
    (found,) = compared(workspace).missing
    assert (found.first, found.last, found.replaced) == (9, 9, True)
    assert "the journal has another in its place" in described(found)


def test_a_commit_of_another_branch_counts_too(workspace: Path) -> None:
    session(workspace, "s1", 2, 5)
    git(workspace, "branch", "kept")
    git(workspace, "reset", "--quiet", "--hard", "HEAD~1")
    tampered(workspace, "DELETE FROM events WHERE seq > 4")
    assert [(each.first, each.last) for each in compared(workspace).missing] == [(5, 9)]


def test_the_commits_of_another_journal_are_not_missed(workspace: Path) -> None:
    session(workspace, "s1", 2, 5)
    (workspace / ".desk/journal.db").unlink()
    session(workspace, "s2", 1)
    assert compared(workspace) == Comparison(1, 2, ())


def test_a_trailer_that_is_none_is_passed_over(workspace: Path) -> None:
    session(workspace, "s1", 2)
    for value in ("mine", "0" * 16 + "/0/" + "0" * 64, "0" * 16 + "/-1/" + "0" * 64):
        git(workspace, "commit", "--quiet", "--allow-empty", "-m", f"x\n\nSession: s1\nJournal: {value}")
    assert compared(workspace) == Comparison(1, 0, ())


def test_verify_says_what_is_missing_from_where(
    workspace: Path, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    session(workspace, "s1", 2, 100)
    done = in_process("journal", "verify")
    assert (done.returncode, "All that 2 commits name is there." in done.stdout) == (0, True)
    tampered(workspace, "DELETE FROM events WHERE seq > 5")
    done = in_process("journal", "verify")
    assert (done.returncode, done.stdout) == (1, "")
    assert "events 6 to 104 are missing" in done.stderr
    assert "Next: restore a newer copy of .desk/journal.db" in done.stderr
    done = in_process("journal", "verify", "-o", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["intact"], document["events"]) == (1, False, 5)
    (missing,) = document["missing"]
    assert (missing["session"], missing["first"], missing["last"]) == ("s1", 6, 104)
    assert missing["commit"] == git(workspace, "rev-parse", "HEAD")


def test_a_session_that_is_gone_from_between_is_named(
    workspace: Path, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    session(workspace, "s1", 2)
    session(workspace, "s2", 2)
    session(workspace, "s3", 2)
    tampered(workspace, "DELETE FROM events WHERE session = 's2'")
    document = json.loads(in_process("journal", "verify", "-o", "json").stdout)
    assert [(each["session"], each["first"], each["last"]) for each in document["missing"]] == [("s2", 1, 3)]
    assert (document["intact"], document["commits"]) == (False, 3)
    assert "event 9 is there, and event 8 is missing" in document["fault"]
    assert "session s2: commit" in document["fault"]


def test_verify_says_in_its_document_which_chain_is_broken(
    workspace: Path, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    session(workspace, "s1", 2)
    tampered(workspace, "DELETE FROM events WHERE seq = 2")
    done = in_process("journal", "verify", "-o", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["intact"]) == (1, False)
    assert document["events"] == 1
    assert "its session's event 2 is missing" in document["fault"]


def test_without_git_the_chains_are_verified_all_the_same(
    workspace: Path, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    session(workspace, "s1", 2)
    (workspace / ".git").rename(workspace / "git-away")
    monkeypatch.chdir(workspace)
    done = in_process("journal", "verify", "--workspace", ".")
    assert (done.returncode, "It was not compared with git's commits: " in done.stdout) == (0, True)
