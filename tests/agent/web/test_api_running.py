"""What is asked for is started, gone on with, stopped and given up, as the journal says; played processes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.errors import DeskError, LeaseHeld
from agent.journal.approvals import ask, decide
from agent.journal.events import (
    SessionClosed,
    SessionOrdered,
    SessionPaused,
    SessionRequested,
    SessionResumed,
    SessionStarted,
)
from agent.journal.journal import Journal
from agent.journal.requests import Requests, accept, chain_of
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from agent.web.api.launching import Ended
from agent.web.api.running import MOST_IN_VAIN, Running
from tests.agent.humans.people import request

WAITS = SessionPaused(3, "waiting", "")


@dataclass
class Played:
    """Starts nothing, and remembers what it was told."""

    launched: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    over: list[Ended] = field(default_factory=list)

    def launch(self, session_key: str) -> str:
        self.launched.append(session_key)
        self.running.add(session_key)
        return "process 1"

    def stop(self, session_key: str, pid: int) -> None:
        self.stopped.append(session_key)

    def ended(self) -> list[Ended]:
        over, self.over = self.over, []
        return over

    def holds(self, session_key: str) -> bool:
        return session_key in self.running

    def end(self, session_key: str, code: int, said: str = "") -> None:
        self.running.discard(session_key)
        self.over.append(Ended(session_key, code, said))


@dataclass
class Bench:
    """A journal with what was asked for, and what runs it."""

    journal: Journal
    played: Played
    ahead: timedelta = timedelta()
    cancelled: list[str] = field(default_factory=list)
    refuses: Exception | None = None

    def __post_init__(self) -> None:
        self.running = self.started_anew()

    def started_anew(self) -> Running:
        return Running(self.journal, Requests(self.journal), self.played, self.cancel, at_once=2, now=self.now)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def cancel(self, session: str) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.cancelled.append(session)
        self.journal.append(session, SessionClosed(1, "cancelled", "", ""))

    def ask(self, key: str, **other: Any) -> str:
        asked = SessionRequested(key, f"s-{key}", "look", "", "ana", **other)
        accept(self.journal, Requests(self.journal), asked, lambda _: None)
        return asked.session

    def begins(self, key: str, session: str = "") -> None:
        started = SessionStarted("look", "shop", "playbook", "ana", "c", session_key=key)
        self.journal.append(session or f"s-{key}", started)

    def tick(self, **ahead: float) -> list[str]:
        """What is launched by a look, so much later."""
        self.ahead += timedelta(**ahead)
        before = len(self.played.launched)
        self.running.tick()
        return self.played.launched[before:]

    def failure(self, key: str) -> tuple[int, str] | None:
        found = Requests(self.journal).of_chain(chain_of(key))
        assert found is not None
        return (found.failed.exit_code, found.failed.text) if found.failed else None


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with contextlib.closing(Journal(SqliteStore(tmp_path / "journal.db"), Redactor())) as journal:
        yield Bench(journal, Played())


def test_so_many_run_at_once_and_the_oldest_first(bench: Bench) -> None:
    for key in ("a", "b", "c"):
        bench.ask(key)
    assert bench.tick() == ["a", "b"]
    assert bench.tick(hours=1) == []
    bench.begins("a")
    bench.journal.append("s-a", SessionClosed(0, "done", "", ""))
    bench.played.end("a", 0)
    assert bench.tick() == ["c"]


def test_one_that_waits_holds_no_process_and_goes_on_once_it_is_decided(bench: Bench) -> None:
    session = bench.ask("a")
    bench.tick()
    bench.begins("a")
    row = ask(bench.journal, session, request(requester="ana"), bench.now()).approval_id
    bench.journal.append(session, SessionPaused(3, "waiting", "", approval_id=row))
    bench.played.end("a", 3)
    assert [bench.tick(), bench.tick(minutes=1)] == [[], []]
    decide(bench.journal, row, "approved", "ben", "", bench.now())
    assert bench.tick() == ["a"]
    assert bench.tick() == []


@pytest.mark.parametrize(
    ("event", "goes_on"),
    [
        (SessionPaused(4, "told to stop", ""), True),
        (SessionPaused(1, "the cluster is gone", ""), False),
        (SessionPaused(130, "interrupted", ""), False),
        (SessionClosed(4, "handed_over", "", ""), True),
        (SessionClosed(0, "done", "", ""), False),
        (SessionClosed(6, "rejected", "", ""), False),
        (SessionResumed("ana", "x"), True),  # killed: its process wrote nothing more
    ],
    ids=str,
)
def test_what_goes_on_by_itself(bench: Bench, event: Any, goes_on: bool) -> None:
    session = bench.ask("a")
    bench.tick()
    bench.begins("a")
    bench.journal.append(session, event)
    bench.played.end("a", 1)
    assert bench.tick() == (["a"] if goes_on else [])


def test_one_that_failed_goes_on_when_it_is_ordered(bench: Bench) -> None:
    session = bench.ask("a")
    bench.tick()
    bench.begins("a")
    bench.journal.append(session, SessionPaused(1, "the cluster is gone", ""))
    bench.played.end("a", 1)
    assert bench.tick() == []
    bench.journal.append(chain_of("a"), SessionOrdered("a", "resume", "ana"))
    assert [bench.tick(), bench.tick()] == [["a"], []]


def test_what_cannot_begin_is_given_up_and_says_why(bench: Bench) -> None:
    bench.ask("a")
    bench.tick()
    bench.played.end("a", 2, "error: there is no namespace shop-dve")
    assert bench.tick(hours=1) == []
    assert bench.failure("a") == (2, "error: there is no namespace shop-dve")
    bench.ask("b")
    for _ in range(MOST_IN_VAIN):
        assert bench.tick(hours=1) == ["b"]
        bench.played.end("b", 1, "error: the cluster is not reached")
    assert [bench.tick(hours=1), bench.tick(hours=1)] == [[], []]
    assert bench.failure("b") == (1, "error: the cluster is not reached")


def test_what_ended_in_vain_waits_before_it_is_tried_again(bench: Bench) -> None:
    bench.ask("a")
    bench.tick()
    bench.played.end("a", 1)
    assert bench.tick() == []
    assert bench.tick(seconds=3) == ["a"]


def test_a_server_that_is_started_anew_goes_on(bench: Bench) -> None:
    for key in ("a", "b", "c"):
        bench.ask(key)
    bench.tick()
    with bench.journal.lease(chain_of("a")):  # its process outlived the server; that of b was killed with it
        bench.played.running.clear()
        bench.running = bench.started_anew()
        assert bench.tick() == []  # b may still be about to begin
        assert bench.tick(minutes=2) == ["b"]
    bench.played.end("b", 0)


def test_a_process_that_is_killed_each_time_is_not_started_for_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.web.api.running.MOST", 3)
    session = bench.ask("a")
    launched = []
    for _ in range(6):
        launched += bench.tick()
        if not launched[1:]:
            bench.begins("a")
        bench.journal.append(session, SessionResumed("ana", "its process ended"))
        bench.played.end("a", -9)
    assert launched == ["a"] * 3
    assert bench.failure("a") is not None


def test_what_runs_is_stopped_and_then_cancelled(bench: Bench) -> None:
    session = bench.ask("a")
    bench.tick()
    bench.begins("a")
    bench.journal.append(chain_of("a"), SessionOrdered("a", "cancel", "ana"))
    bench.tick()
    bench.tick()
    assert (bench.played.stopped, bench.cancelled) == (["a"], [])
    bench.journal.append(session, SessionPaused(4, "told to stop", ""))
    bench.played.end("a", 4)
    bench.tick()
    assert bench.cancelled == [session]
    assert bench.tick(hours=1) == []


def test_one_in_the_middle_of_a_change_looks_first_what_came_of_it(bench: Bench) -> None:
    session = bench.ask("a")
    bench.tick()
    bench.begins("a")
    bench.played.end("a", -9)
    bench.journal.append(chain_of("a"), SessionOrdered("a", "cancel", "ana"))
    bench.refuses = LeaseHeld("somebody looks")
    assert bench.tick() == []
    bench.refuses = DeskError("in the middle of a change")
    assert bench.tick() == ["a"]
    bench.refuses = None
    bench.journal.append(session, SessionResumed("ana", "x"), SessionPaused(4, "told to stop", ""))
    bench.played.end("a", 4)
    bench.tick()
    assert bench.cancelled == [session]


def test_at_its_deadline_it_is_cancelled_whatever_it_waits_for(bench: Bench) -> None:
    deadline = (bench.now() + timedelta(minutes=5)).isoformat(timespec="seconds")
    session, other = bench.ask("a", deadline=deadline), bench.ask("b", deadline=deadline)
    bench.tick()
    bench.begins("a")
    bench.journal.append(session, SessionPaused(1, "failed", ""))
    bench.played.end("a", 1)
    bench.played.running.clear()
    bench.tick()
    assert bench.cancelled == []
    bench.tick(minutes=6)
    assert bench.cancelled == [session]
    found = Requests(bench.journal).of_session(other)
    assert found is not None and found.standing == "cancelled"
