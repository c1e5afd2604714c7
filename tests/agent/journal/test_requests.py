"""What is asked for by a key is asked for once, whoever else asks at that moment; in both stores."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.journal.events import SessionRequested, SessionStarted
from agent.journal.journal import Journal
from agent.journal.requests import KeyTaken, Request, Requests, accept
from agent.journal.stores import opened
from agent.redaction import Redactor
from tests.postgres import Server

ASKED = SessionRequested("k", "s1", "look", "", "ana")


@pytest.fixture(params=["file", "database"])
def journals(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Journal]]:
    """Two of one store, as two servers have them."""
    postgres: Server | None = request.getfixturevalue("postgres") if request.param == "database" else None
    database = postgres.database() if postgres else None
    (tmp_path / ".desk").mkdir()
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(contextlib.closing(Journal(opened(tmp_path, database), Redactor())))
            for _ in range(2)
        ]


def asked(journal: Journal, session: str) -> tuple[str, bool]:
    request = SessionRequested("k", session, "look", "", "ana")
    found, is_new = accept(journal, Requests(journal), request, lambda _: None)
    return found.asked.session, is_new


def test_who_asks_while_another_is_about_to_waits_and_gets_that(journals: list[Journal]) -> None:
    got: list[tuple[str, bool]] = []
    other = threading.Thread(target=lambda: got.append(asked(journals[1], "s2")))

    def meanwhile(_known: list[Request]) -> None:
        other.start()
        other.join(0.5)
        assert other.is_alive()

    found, is_new = accept(journals[0], Requests(journals[0]), ASKED, meanwhile)
    other.join(30)
    assert (found.asked.session, is_new, got) == ("s1", True, [("s1", False)])
    assert asked(journals[1], "s3") == ("s1", False)


def test_a_key_is_one_task_of_one_requester_and_of_one_way_to_ask(journals: list[Journal]) -> None:
    asked(journals[0], "s1")
    for other in (
        SessionRequested("k", "s2", "look elsewhere", "", "ana"),
        SessionRequested("k", "s2", "look", "", "ben"),
        SessionRequested("k", "s2", "look", "", "ana", dry_run=True),
    ):
        with pytest.raises(KeyTaken, match="of session s1"):
            accept(journals[1], Requests(journals[1]), other, lambda _: None)
    journals[0].append("s9", SessionStarted("look", "", "playbook", "ana", "c", session_key="typed"))
    with pytest.raises(KeyTaken, match="at a command line, session s9"):
        accept(
            journals[1], Requests(journals[1]), SessionRequested("typed", "s3", "look", "", "ana"), lambda _: None
        )
