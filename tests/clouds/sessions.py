"""Sessions that change something in a cloud: begun, approved by somebody else, killed and resumed."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.journal import approvals
from agent.model.onecall import OneCall
from agent.session.context import Desk
from agent.session.run import drive
from tests.agent.session_bench import Bench
from tools.cloud.connect import Clouds

OWNER = {"team": "shop", "environment": "dev", "cost_center": "4711"}
WAITS, DONE, FAILED = 3, 0, 1


NUMBERS = itertools.count(100)


class Killed(BaseException):
    """The process is gone."""


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """A call as a person types one."""
    return {"tool": tool, "arguments": arguments}


def begin(bench: Bench, asked: dict[str, Any], session: str = "20250131-093005-abc123") -> Desk:
    """A one-call session."""
    model = OneCall(asked["tool"], asked["arguments"], ())
    desk = bench.begin(model, "as typed", session=session, call=asked, commits_reads=False)
    return with_clouds(desk)


def with_clouds(desk: Desk) -> Desk:
    """With clouds that were not asked yet, as a new process has them."""
    desk.clouds = clouds()
    return desk


def clouds(**settings: Any) -> Clouds:
    """The clouds that the environment says, as the settings read it."""
    told = {
        "azure_subscription": "AZURE_SUBSCRIPTION_ID", "azure_group": "AZURE_DEFAULTS_GROUP",
        "azure_endpoint": "DESK_AZURE_ENDPOINT",
    }  # fmt: skip
    return Clouds(**{name: os.environ.get(variable) for name, variable in told.items()} | settings)


def approve(desk: Desk) -> str:
    """Somebody else approves what waits; gives its diff."""
    (row,) = [row for row in approvals.listing(desk.journal, datetime.now(UTC)) if row.session == desk.view.id]
    approvals.decide(desk.journal, row.asked.approval_id, "approved", "carol", "", datetime.now(UTC))
    return row.asked.diff


def resume(bench: Bench, desk: Desk) -> Desk:
    """The session in another process."""
    asked = desk.view.task.call or {}
    return with_clouds(bench.resume(desk, OneCall(asked["tool"], asked["arguments"], ())))


def made(bench: Bench, asked: dict[str, Any], session: str = "20250131-093005-abc123") -> Desk:
    """The session, once it was approved and did what was asked."""
    desk = begin(bench, asked, session)
    assert drive(desk) == WAITS, said(desk)
    approve(desk)
    desk = resume(bench, desk)
    assert drive(desk) == DONE, said(desk)
    return desk


def undone(bench: Bench, before: Desk, session: str) -> Desk:
    """The session that undoes what another changed last, once it was approved; or what it said instead."""
    return finished(bench, _with_undo(begin(bench, call("undo", commit=commit_of(bench, before)), session)))


def finished(bench: Bench, desk: Desk) -> Desk:
    """A session driven to its end, approved where it waits."""
    if drive(desk) == WAITS:
        approve(desk)
        desk = resume(bench, desk)
        desk = _with_undo(desk) if (desk.view.task.call or {})["tool"] == "undo" else desk
        drive(desk)
    return desk


def _with_undo(desk: Desk) -> Desk:
    from agent.session.rollback import undo_tool

    tool = undo_tool(desk.history, desk.journal, sandbox=True)
    desk.tools = {**desk.tools, tool.name: tool}
    return desk


def commit_of(bench: Bench, desk: Desk) -> str:
    """The commit of what a session changed last."""
    return bench.git("rev-parse", desk.view.commits[desk.view.subtasks[-1][1].subtask])


def said(desk: Desk) -> str:
    """What the calls answered."""
    paused = desk.view.paused.reason if desk.view.paused else ""
    return "\n".join([*(result.text for result in desk.view.results.values()), paused])


@contextmanager
def dying(
    monkeypatch: pytest.MonkeyPatch,
    side: str,
    number: int,
    sender: type,
    method: str,
    written: Callable[[tuple[Any, ...]], str],
) -> Iterator[list[str]]:
    """The process dies before or after its `number`th request that writes; gives which it had sent, or begun to.

    Requests are sent by a method of the sender; `written` names one that writes by its arguments, else is empty.
    """
    sent: list[str] = []
    really: Callable[..., Any] = getattr(sender, method)

    def request(self: Any, *given: Any, **named: Any) -> Any:
        if told := written(given):
            sent.append(told)
        if told and side == "before" and len(sent) == number:
            raise Killed
        answer = really(self, *given, **named)
        if told and side == "after" and len(sent) == number:
            raise Killed
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(sender, method, request)
        yield sent


def session() -> str:
    """The id of another session."""
    return f"20250131-093005-abc{next(NUMBERS)}"


def done(bench: Bench, tool: str, **arguments: Any) -> Desk:
    """A session of one call, made."""
    return made(bench, call(tool, **arguments), session())


def answered(bench: Bench, tool: str, **arguments: Any) -> str:
    """What a session of one call says, approved where it asks."""
    return said(finished(bench, begin(bench, call(tool, **arguments), session())))


def leaks(bench: Bench, *planted: str) -> list[str]:
    """Which of these stand in the journal, in git or in the workspace's files."""
    texts = [bench.git("log", "-p", "--all"), *(file.read_bytes().decode("latin-1") for file in _files(bench))]
    return [each for each in planted if any(each in text for text in texts)]


def _files(bench: Bench) -> list[Path]:
    return [each for each in bench.root.rglob("*") if each.is_file() and ".git/" not in str(each)]


def named(asked: dict[str, Any]) -> dict[str, Any]:
    """A call as `done` and `answered` take it."""
    return {"tool": asked["tool"], **asked["arguments"]}
