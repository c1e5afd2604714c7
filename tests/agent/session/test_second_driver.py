"""A system that is no cluster: its operations take long, and it knows a token for each try. Its state is a file."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.journal.events import ToolReceipt
from agent.session.context import Desk
from agent.session.run import drive
from tests.agent.session_bench import Bench, Scripted, finish, use
from tools.changes.driver import Effect, Preview, Running, Stale
from tools.changes.plan import Change, Plan
from tools.cluster.errors import Invalid, Unreachable
from tools.cluster.resources import ObjectRef
from tools.frame import Name, Tool, ToolContext
from tools.json import Json
from tools.risk import Risk

SYSTEM = "cloud"
POLLS = 3


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Cloud:
    """`Driver` of buckets. The file holds operations by their token, with the polls that are left, and buckets."""

    file: Path
    account: str = "account-1"
    at_once: int = 1
    loses_answers: int = 0
    dies_while_running: bool = False
    fails: bool = False

    def refusal(self, change: Change) -> str:
        return ""

    def risk(self, change: Change, asked: Risk, preview: Preview | None) -> Risk:
        return Risk.CLOUD

    def place(self, change: Change) -> str:
        return ""

    def labels(self, place: str) -> Mapping[str, str]:
        return {}

    def is_current(self, change: Change) -> bool:
        return change.target.name not in self.state()["buckets"]

    def preview(self, change: Change, plan: Plan, done: Collection[str]) -> Preview:
        return Preview({}, change.body, f"+bucket {change.target.name}")

    def filled(self, change: Change) -> Json:
        return change.body

    def send(self, change: Change, body: Json, token: str) -> Effect | Running:
        state = self.state()
        if change.target.name in state["buckets"]:
            raise Stale
        if token not in state["operations"]:
            state["operations"][token] = POLLS
            self.file.write_text(json.dumps(state))
        if self.loses_answers:
            self.loses_answers -= 1
            raise Unreachable("no answer")
        return Running(token, 0.0)

    def follow(self, change: Change, operation: str) -> Effect | Running:
        if self.dies_while_running:
            self.dies_while_running = False
            raise Killed
        if self.fails:
            raise Invalid("the quota of buckets is used up")
        state = self.state()
        state["operations"][operation] -= 1
        if state["operations"][operation]:
            self.file.write_text(json.dumps(state))
            return Running(operation, 0.0)
        state["buckets"][change.target.name] = change.body
        self.file.write_text(json.dumps(state))
        return Effect(change.body, "b-1")

    def observe(self, change: Change, expected: Json) -> Effect | None:
        found = self.state()["buckets"].get(change.target.name)
        return None if found is None else Effect(found, "b-1")

    def state(self) -> Any:
        return json.loads(self.file.read_text()) if self.file.exists() else {"operations": {}, "buckets": {}}


def make_bucket(context: ToolContext, *, name: Name) -> Plan:
    """Make a bucket."""
    target = ObjectRef("storage", "Bucket", "region-1", name)
    return Plan.of(
        f"make bucket {name}", Change(target, "", {"versioning": True}, {}, "", "", "", "create", None, SYSTEM)
    )


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path / "cloud.json")


MODEL = Scripted([use("make_bucket", name="logs")], finish())


def with_cloud(desk: Desk, cloud: Cloud) -> Desk:
    desk.tools = {"make_bucket": Tool(make_bucket, Risk.CLOUD)}
    desk.drivers[SYSTEM] = cloud
    return desk


def approved(bench: Bench, cloud: Cloud) -> Desk:
    """The session, once somebody has approved the bucket: cloud resources are always asked."""
    from datetime import UTC, datetime

    from agent.journal import approvals

    desk = with_cloud(bench.begin(MODEL, "make bucket logs"), cloud)
    assert drive(desk) == 3
    (row,) = desk.view.approvals.values()
    assert (row.risk, row.diff) == ("cloud", "+bucket logs")
    approvals.decide(desk.journal, row.approval_id, "approved", "carol", "", datetime.now(UTC))
    return with_cloud(bench.resume(desk, MODEL), cloud)


def outcomes(desk: Desk) -> list[str]:
    entries = desk.journal.entries(desk.view.id)
    return [entry.event.outcome for entry in entries if isinstance(entry.event, ToolReceipt)]


def test_an_operation_that_takes_long_is_followed_to_its_end(bench: Bench, cloud: Cloud) -> None:
    desk = approved(bench, cloud)
    assert drive(desk) == 0
    assert outcomes(desk) == ["running", "applied"]
    assert cloud.state()["buckets"] == {"logs": {"versioning": True}}


def test_a_process_that_dies_meanwhile_is_followed_by_one_that_asks_for_the_same_operation(
    bench: Bench, cloud: Cloud
) -> None:
    cloud.dies_while_running = True
    desk = approved(bench, cloud)
    with pytest.raises(Killed):
        drive(desk)
    desk = with_cloud(bench.resume(desk, MODEL), cloud)
    assert drive(desk) == 0
    assert outcomes(desk) == ["running", "reconciled"]
    assert len(cloud.state()["operations"]) == 1
    assert [done.title for _, done in desk.view.subtasks] == ["make bucket logs"]


def test_a_lost_answer_is_sent_again_under_the_same_token(bench: Bench, cloud: Cloud) -> None:
    cloud.loses_answers = 1
    desk = approved(bench, cloud)
    assert drive(desk) == 0
    assert len(cloud.state()["operations"]) == 1


def test_an_operation_that_fails_is_told(bench: Bench, cloud: Cloud) -> None:
    cloud.fails = True
    desk = approved(bench, cloud)
    drive(desk)
    assert outcomes(desk) == ["running", "failed"]
    (result,) = (each for each in desk.view.results.values() if each.tool == "make_bucket")
    assert (result.ok, result.text) == (False, "the quota of buckets is used up")


def test_another_account_is_another_approval(bench: Bench, cloud: Cloud) -> None:
    desk = approved(bench, cloud)
    cloud.account = "account-2"
    assert drive(desk) == 3
    assert not cloud.state()["buckets"]
