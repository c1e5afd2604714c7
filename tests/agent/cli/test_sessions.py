"""The sessions of a workspace: how each stands, found by the beginning of its id, whole on a narrow terminal."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.cli.sessions import listed
from agent.errors import UsageError
from agent.gate.policy import Decision, Environment, Verdict
from agent.ids import the_one
from agent.journal.approvals import Request, ask, decide
from agent.journal.events import SessionClosed, SessionPaused, SessionStarted
from agent.journal.journal import Journal
from agent.journal.leases import lease_file
from agent.journal.sqlite import SqliteStore
from agent.journal.stores import JOURNAL
from agent.journal.summary import SessionLine, session_lines, summarize
from agent.redaction import Redactor
from tests.agent.conftest import InProcess

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
FIRST, SECOND, THIRD = "20250601-100000-a0a0a0", "20250601-110000-b1b1b1", "20250601-110000-a2a2a2"
STARTED = SessionStarted("mend checkout", "shop-dev", "playbook", "alice", "sha256:0")
PARKED = SessionPaused(3, "waiting for an approval", "somebody else: desk approvals approve ID --kubeconfig THEIRS")
REQUEST = Request(
    call_id="c1",
    tool="scale",
    arguments={},
    digest="d1",
    changes=(),
    summary="scale web",
    diff="+2",
    risk="change",
    decision=Decision(Verdict.ASK, "change in staging needs a person's approval", Environment.STAGING, "HIGH"),
    requester="alice",
)


@pytest.fixture
def journal(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """The workspace's journal; the test stands in the workspace."""
    monkeypatch.chdir(workspace)
    with contextlib.closing(Journal(SqliteStore(workspace / JOURNAL), Redactor())) as opened:
        yield opened


def parked(journal: Journal, session: str, asked_at: datetime, call_id: str = "c1") -> str:
    """A session that waits for an approval; gives the approval's id."""
    journal.append(session, STARTED)
    name = ask(journal, session, replace(REQUEST, call_id=call_id, digest=f"of {session}"), asked_at).approval_id
    journal.append(session, PARKED)
    return name


def stand(journal: Journal, now: datetime = NOW) -> dict[str, SessionLine]:
    return {line.session: line for line in summarize(Path(), now=now).sessions}


# --- which one is meant ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "meant"),
    [(FIRST, FIRST), ("20250601-10", FIRST), ("a0", FIRST), ("b1b1b1", SECOND), ("20250601-110000-a", THIRD)],
)
def test_an_id_is_known_by_the_beginning_of_it_or_of_its_last_part(said: str, meant: str) -> None:
    assert the_one(said, [FIRST, SECOND, THIRD], "session", "desk sessions") == meant


def test_an_id_that_is_the_beginning_of_another_is_still_itself() -> None:
    assert the_one("s1", ["s10", "s1"], "session", "desk sessions") == "s1"


@pytest.mark.parametrize(
    ("said", "known", "words"),
    [
        ("c3", [FIRST], r'There is no session "c3"\. `desk sessions` shows those there are\.'),
        ("", [FIRST], 'There is no session ""'),
        ("20250601-11", [FIRST, SECOND, THIRD], rf'"20250601-11" may be 2 sessions: {SECOND}, {THIRD}\. Type more'),
        ("s", [f"s{n}" for n in range(9)], "may be 9 sessions: s0, s1, s2, s3, s4 and 4 more"),
    ],
)
def test_what_may_be_none_or_several_is_said(said: str, known: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        the_one(said, known, "session", "desk sessions")


def test_every_command_takes_the_beginning_of_an_id(journal: Journal, in_process: InProcess) -> None:
    approval = parked(journal, FIRST, datetime.now(UTC))
    parked(journal, SECOND, datetime.now(UTC))
    assert json.loads(in_process("show", "a0", "-o", "json").stdout)["session"] == FIRST
    exported = in_process("journal", "export", "--session", "20250601-10").stdout.splitlines()
    assert {json.loads(line)["session"] for line in exported} == {FIRST}
    (row,) = json.loads(in_process("approvals", "show", approval[:8], "-o", "json").stdout)["approvals"]
    assert row["id"] == approval
    assert in_process("cancel", "a0").stdout.startswith(f"Session {FIRST} is cancelled.")
    assert stand(journal)[FIRST].status == "cancelled"


def test_show_without_an_id_tells_the_newest_session(journal: Journal, in_process: InProcess) -> None:
    for session in (THIRD, FIRST):
        journal.append(session, STARTED)
    assert json.loads(in_process("show", "-o", "json").stdout)["session"] == FIRST
    assert FIRST in in_process("show").stdout


# --- how each stands ---------------------------------------------------------------------------------------


def test_a_session_that_runs_and_one_that_was_killed_are_told_apart(
    journal: Journal, in_process: InProcess
) -> None:
    journal.append(FIRST, STARTED)
    killed = stand(journal)[FIRST]
    assert (killed.status, killed.next_action, killed.pid) == ("killed", f"desk resume {FIRST}", None)
    process = subprocess.Popen([sys.executable, "-c", HOLDS, FIRST], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        line = stand(journal)[FIRST]
        assert (line.status, line.pid) == ("running", process.pid)
        assert json.loads(in_process("show", "-o", "json").stdout)["status"] == "running"
        assert f"running\n           mend checkout\n           process {process.pid}" in in_process("status").stdout
    finally:
        process.kill()
        process.wait()
    assert stand(journal)[FIRST].status == "killed"
    assert json.loads(in_process("show", "-o", "json").stdout)["status"] == "killed"
    assert f"its process is gone\n           next: desk resume {FIRST}" in in_process("status").stdout


HOLDS = """
import sys, time
from pathlib import Path
from agent.journal.journal import Journal
from agent.journal.leases import lease_file
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
with Journal(SqliteStore(Path(".desk/journal.db")), Redactor()).lease(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_who_looks_whether_a_session_runs_does_not_keep_it_from_running(journal: Journal) -> None:
    with journal.lease(FIRST):
        pass
    looks = subprocess.Popen(
        [sys.executable, "-c", LOOKS, str(lease_file(Path(".desk"), FIRST))],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert looks.stdout is not None
    assert looks.stdout.readline() == "looks\n"
    try:
        with journal.lease(FIRST):
            assert stand(journal) == {}
    finally:
        looks.kill()
        looks.wait()


LOOKS = """
import fcntl, sys, time
with open(sys.argv[1], "a+b") as file:
    fcntl.flock(file, fcntl.LOCK_SH)
    print("looks", flush=True)
    time.sleep(0.02)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("decision", "later", "status", "word"),
    [
        ("", timedelta(), "pending", "waiting"),
        ("", timedelta(hours=2), "expired", "expired"),
        ("approved", timedelta(), "approved", "approved"),
        ("approved", timedelta(hours=2), "expired", "expired"),
        ("rejected", timedelta(), "rejected", "rejected"),
    ],
)
def test_a_session_that_waits_says_what_became_of_its_approval(
    journal: Journal, decision: str, later: timedelta, status: str, word: str
) -> None:
    approval = parked(journal, FIRST, NOW)
    if decision:
        decide(journal, approval, decision, "bob", "", NOW)
    line = stand(journal, NOW + later)[FIRST]
    assert (line.status, line.approval, line.approval_status, line.word) == ("paused", approval, status, word)
    assert line.approval_deadline == "2025-06-01T13:00:00+00:00"
    goes_on = f"desk resume {FIRST}"
    assert line.next_action == (PARKED.next_action if word == "waiting" else goes_on)


def test_status_says_so_and_what_is_late_waits_no_more(journal: Journal, in_process: InProcess) -> None:
    late = parked(journal, FIRST, datetime.now(UTC) - timedelta(hours=2))
    approved = parked(journal, SECOND, datetime.now(UTC))
    decide(journal, approved, "approved", "bob", "", datetime.now(UTC))
    parked(journal, THIRD, datetime.now(UTC))
    said = in_process("status").stdout
    assert "sessions   3, 3 of them open" in said
    assert (
        f"{FIRST}  expired\n           mend checkout\n           approval {late} was not decided or used by" in said
    )
    assert f"{SECOND}  approved\n           mend checkout\n           approval {approved} is approved\n" in said
    assert f"next: desk resume {SECOND}" in said
    assert f"{THIRD}  waiting\n" in said
    assert [row["session"] for row in approvals_in(in_process)] == [THIRD]
    rows = {row["session"]: row["status"] for row in approvals_in(in_process, "--all")}
    assert rows == {FIRST: "expired", SECOND: "approved", THIRD: "pending"}


def approvals_in(in_process: InProcess, *more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(in_process("approvals", "list", "-o", "json", *more).stdout)[
        "approvals"
    ]
    return found


def test_a_used_approval_is_not_what_a_session_waits_for(journal: Journal) -> None:
    approval = parked(journal, FIRST, NOW)
    decide(journal, approval, "approved", "bob", "", NOW)
    with journal.transaction() as transaction:
        transaction.use(FIRST, approval)
    assert (stand(journal)[FIRST].approval, stand(journal)[FIRST].word) == (None, "paused")


# --- waiting for a decision --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "code", "words"),
    [
        ("approved", 0, "is approved by bob: as agreed. Go on: desk resume"),
        ("rejected", 6, "is rejected by bob: as agreed. The session ends with: desk resume"),
    ],
)
def test_who_waits_is_told_the_decision(
    journal: Journal, in_process: InProcess, decision: str, code: int, words: str
) -> None:
    parked(journal, SECOND, datetime.now(UTC))
    newest = parked(journal, FIRST, datetime.now(UTC), "c2")

    def decides() -> None:
        with contextlib.closing(Journal(SqliteStore(Path(JOURNAL)), Redactor())) as other:
            decide(other, newest, decision, "bob", "as agreed", datetime.now(UTC))

    threading.Timer(0.2, decides).start()
    done = in_process("approvals", "wait")
    assert (done.returncode, done.stdout) == (code, f"{newest} {words} {FIRST}\n")


def test_who_waits_too_long_is_told_so(journal: Journal, in_process: InProcess) -> None:
    assert in_process("approvals", "wait", "-o", "json").returncode == 0
    approval = parked(journal, FIRST, datetime.now(UTC))
    late = parked(journal, SECOND, datetime.now(UTC) - timedelta(hours=2))
    waits = in_process("approvals", "wait", approval[:7], "--timeout", "0s", "-o", "json")
    assert (waits.returncode, json.loads(waits.stdout)["approvals"][0]["status"]) == (3, "pending")
    over = in_process("approvals", "wait", late)
    assert (over.returncode, over.stdout) == (
        6,
        f"{late} is expired. The session ends with: desk resume {SECOND}\n",
    )
    assert in_process("approvals", "wait", "nonsense").returncode == 2
    assert "is no time" in in_process("approvals", "wait", "--timeout", "soon").stderr


# --- lists -------------------------------------------------------------------------------------------------


def test_sessions_are_limited_and_chosen_by_how_they_stand(journal: Journal, in_process: InProcess) -> None:
    journal.append(FIRST, STARTED, SessionClosed(0, "done", "all well", ""))
    parked(journal, SECOND, datetime.now(UTC))
    journal.append(THIRD, STARTED)

    def found(*arguments: str) -> list[str]:
        printed = json.loads(in_process("sessions", "-o", "json", *arguments).stdout)
        return [line["session"] for line in printed["sessions"]]

    assert found() == [THIRD, SECOND, FIRST]
    assert found("--limit", "1") == [THIRD]
    assert found("--status", "open") == [THIRD, SECOND]
    assert found("--status", "open", "--limit", "1") == [THIRD]
    assert found("--status", "waiting") == found("--status", "paused") == [SECOND]
    assert found("--status", "done", "--status", "killed") == [THIRD, FIRST]
    assert in_process("sessions", "--status", "expired").stdout == "No session here is expired.\n"
    assert in_process("sessions", "--limit", "0").returncode == 2
    assert "'maybe' is not one of" in in_process("sessions", "--status", "maybe").stderr


@pytest.mark.parametrize(
    ("width", "table"),
    [
        (
            60,
            """\
SESSION                 AGE  STATUS       TASK
20250601-110000-b1b1b1  1h   handed over  why does checkout…
20250601-100000-a0a0a0  2h   waiting      scale web to 2""",
        ),
        (
            80,
            """\
SESSION                 AGE  STATUS       TASK
20250601-110000-b1b1b1  1h   handed over  why does checkout crash, and what els…
20250601-100000-a0a0a0  2h   waiting      scale web to 2""",
        ),
        (
            200,
            """\
SESSION                 AGE  STATUS       TASK
20250601-110000-b1b1b1  1h   handed over  why does checkout crash, and what else is wrong in shop-dev?
20250601-100000-a0a0a0  2h   waiting      scale web to 2""",
        ),
    ],
)
def test_an_id_is_whole_however_narrow_the_terminal(width: int, table: str) -> None:
    task = "why does checkout crash,\nand what else is wrong in shop-dev?"
    lines = [
        SessionLine(SECOND, "2025-06-01T11:00:00.000+00:00", task, "handed_over", 4, ""),
        SessionLine(
            FIRST, "2025-06-01T10:00:00.000+00:00", "scale web to 2", "paused", 3, "", None, "apr-1", "pending"
        ),
    ]
    assert listed(lines, NOW, width) == table


def test_a_session_that_was_gone_on_with_to_commit_its_end_is_over() -> None:
    def told(kind: str, **body: Any) -> tuple[str, str, str, dict[str, Any]]:
        return "20260301-101500-aaaaaa", "2026-03-01T10:15:00+00:00", kind, body

    ended = told("session_closed", outcome="done", exit_code=0)
    (line,) = session_lines([told("session_started", task="fix web"), ended, told("session_resumed")])
    assert (line.status, line.exit_code) == ("done", 0)
