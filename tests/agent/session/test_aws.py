"""What is made in AWS: asked, approved, made, shown, undone, with commits; by real boto3 over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.journal import approvals
from agent.session.context import Desk
from agent.session.run import drive
from tests.agent.session_bench import Bench
from tests.aws.server import ENVIRONMENT, Fault, PlayedAws
from tests.aws.sessions import (
    DONE,
    OWNER,
    PLACE,
    WAITS,
    Killed,
    approve,
    begin,
    call,
    dying,
    made,
    resume,
    said,
)
from tools.cloud.aws import ecr
from tools.cloud.connect import Clouds

REPOSITORY = call("create_ecr_repository", repository="shop/web", **OWNER)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[PlayedAws, str]]:
    played = PlayedAws()
    yield played, played.start()
    played.stop()


@pytest.fixture
def aws(server: tuple[PlayedAws, str], monkeypatch: pytest.MonkeyPatch, own_home: Any) -> Iterator[PlayedAws]:
    """An empty account, and a process that is somebody there."""
    played, url = server
    played.reset()
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": url}.items():
        monkeypatch.setenv(name, value)
    yield played
    played.reset()


def commit_of(desk: Desk) -> str:
    """The commit of what a session changed last."""
    return desk.view.commits[desk.view.subtasks[-1][1].subtask]


def live(kind: str, name: str) -> Any:
    return Clouds()("aws").kind(kind).read(name)


def test_a_repository_is_asked_for_made_shown_and_undone_with_commits(bench: Bench, aws: PlayedAws) -> None:
    desk = begin(bench, REPOSITORY)
    assert drive(desk) == WAITS
    assert live(ecr.REPOSITORY, "shop/web") is None
    (asked,) = desk.view.approvals.values()
    assert (asked.risk, asked.environment) == ("cloud", "dev")
    assert f"in {PLACE}" in asked.summary
    assert "# aws account 123456789012, region eu-central-1, as arn:aws" in asked.diff
    assert "+tag_mutability: IMMUTABLE" in asked.diff
    assert "where the usual command says MUTABLE" in asked.diff
    approve(desk)
    desk = resume(bench, desk)
    assert drive(desk) == DONE, said(desk)
    found = live(ecr.REPOSITORY, "shop/web")
    owned = {"team": "shop", "environment": "dev", "cost-center": "4711"}
    assert found.tags == {**owned, "managed-by": "desk-agent", "session": desk.view.id}
    assert "push and pull at 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/web" in said(desk)
    message = bench.git("show", "--stat", commit_of(desk))
    assert "make ECR repository shop/web in 123456789012/eu-central-1" in message
    assert "Approved-By: carol" in message

    again = begin(bench, REPOSITORY, "20250131-093005-abc124")
    assert drive(again) == DONE
    assert "Nothing to change" in said(again)
    shown = begin(bench, call("ecr_images"), "20250131-093005-abc125")
    assert drive(shown) == DONE
    assert "shop/web  IMMUTABLE  empty  " in said(shown)


def test_a_repository_is_undone_when_it_is_empty(bench: Bench, aws: PlayedAws) -> None:
    desk = made(bench, REPOSITORY)
    undo = begin_undo(bench, bench.git("rev-parse", commit_of(desk)))
    assert drive(undo) == WAITS
    (asked,) = undo.view.approvals.values()
    assert "# deleted so: force: False" in asked.diff
    approve(undo)
    undo = resume_undo(bench, undo)
    assert drive(undo) == DONE, said(undo)
    assert live(ecr.REPOSITORY, "shop/web") is None


def begin_undo(bench: Bench, commit: str, session: str = "20250131-093005-abc129") -> Desk:
    desk = begin(bench, call("undo", commit=commit), session)
    return with_undo(desk)


def with_undo(desk: Desk) -> Desk:
    from agent.session.rollback import undo_tool

    tool = undo_tool(desk.history, desk.journal, sandbox=True)
    desk.tools = {**desk.tools, tool.name: tool}
    return desk


def resume_undo(bench: Bench, desk: Desk) -> Desk:
    return with_undo(resume(bench, desk))


def test_a_rejected_one_is_not_made(bench: Bench, aws: PlayedAws) -> None:
    desk = begin(bench, REPOSITORY)
    assert drive(desk) == WAITS
    (row,) = approvals.listing(desk.journal, datetime.now(UTC))
    approvals.decide(desk.journal, row.asked.approval_id, "rejected", "carol", "no", datetime.now(UTC))
    assert drive(resume(bench, desk)) == 6
    assert live(ecr.REPOSITORY, "shop/web") is None


WRITES = frozenset({"create_repository", "put_lifecycle_policy", "tag_resource"})


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
def test_killed_around_each_request_it_is_made_once(
    bench: Bench, aws: PlayedAws, monkeypatch: pytest.MonkeyPatch, side: str, number: int
) -> None:
    desk = begin(bench, REPOSITORY)
    assert drive(desk) == WAITS
    approve(desk)
    desk = resume(bench, desk)
    with dying(monkeypatch, side, number, WRITES), pytest.raises(Killed):
        drive(desk)
    desk = resume(bench, desk)
    assert drive(desk) == DONE, said(desk)
    assert aws.writes("CreateRepository") == ["CreateRepository"]
    found = live(ecr.REPOSITORY, "shop/web")
    assert (found.spec["keep_images"], found.tags["session"]) == (100, desk.view.id)


def test_a_lost_answer_is_looked_for_before_it_is_asked_again(bench: Bench, aws: PlayedAws) -> None:
    desk = begin(bench, REPOSITORY)
    assert drive(desk) == WAITS
    approve(desk)
    desk = resume(bench, desk)
    aws.faults.append(Fault("CreateRepository", "", after_effect=True))
    assert drive(desk) == DONE, said(desk)
    assert live(ecr.REPOSITORY, "shop/web").tags["session"] == desk.view.id
