"""Reading calls of one turn are made at the same time, answered in their order, and never around a change."""

from __future__ import annotations

import threading
import time

import pytest

from agent.model.claude.model import Claude
from agent.session.context import Desk
from agent.session.planning import plan_tool
from agent.session.reading import AT_ONCE
from agent.session.run import drive
from tests.agent.model.claude.claude_bench import Waits, call, done, profile
from tests.agent.session_bench import Bench
from tests.messages_api.script import Call, Turn
from tests.messages_api.server import MessagesServer
from tools.errors import ToolFailed
from tools.frame import Namespace, Result, Tool, ToolContext
from tools.risk import Risk

CHECKOUT = {"namespace": "shop-dev", "name": "checkout"}


class Meeting:
    """A reading tool, `meet`: a call ends once `people` of them are there, the last that came first."""

    def __init__(self, people: int) -> None:
        self.came: list[int] = []
        self._barrier = threading.Barrier(people, timeout=20)

    def tool(self) -> Tool:
        def meet(_context: ToolContext, *, number: int, namespace: Namespace = "shop-dev") -> Result:
            """Meet others."""
            self.came.append(number)
            self._barrier.wait()
            time.sleep((AT_ONCE - number) * 0.02)
            if number == 1:
                raise ToolFailed("number 1 is not well")
            return Result(f"met {number} in {namespace}")

        return Tool(meet, Risk.READ)


def run(bench: Bench, *turns: Turn, meeting: Meeting) -> Desk:
    """A session with the tool that ends well."""
    with MessagesServer([*turns, done()]) as server:
        desk = bench.begin(Claude(profile(server.url, timeout_s=20.0), Waits()))
        desk.tools = {**desk.tools, "meet": meeting.tool()}
        assert drive(desk) == 0
        assert server.refused == []
    return desk


def answers(desk: Desk) -> list[str]:
    """What was journaled, in that order."""
    return [entry.body["text"] for entry in desk.journal.entries(desk.view.id, ("tool_result",))]


def meets(*numbers: int) -> tuple[Call, ...]:
    return tuple(call("meet", number=number) for number in numbers)


def test_they_are_made_at_the_same_time_and_answered_in_their_order(bench: Bench) -> None:
    meeting = Meeting(AT_ONCE)
    desk = run(bench, Turn(calls=meets(*range(AT_ONCE))), meeting=meeting)
    met = [f"met {number} in shop-dev" for number in range(AT_ONCE)]
    met[1] = "number 1 is not well"
    assert answers(desk)[:AT_ONCE] == met
    assert sorted(meeting.came) == list(range(AT_ONCE)), "each is made once"


def test_what_is_behind_a_change_is_read_behind_it(bench: Bench) -> None:
    changes = call("set_resources", **CHECKOUT, memory_limit="64Mi")
    looks = call("get", kind="deployment", **CHECKOUT)
    turn = Turn(calls=(looks, *meets(2, 3), changes, looks, *meets(4, 5)))
    desk = run(bench, turn, meeting=Meeting(2))
    before, _, _, _, after, *_ = answers(desk)
    assert "16Mi" in before
    assert "64Mi" in after
    assert bench.memory() == "64Mi"


@pytest.mark.parametrize(
    "wrong", [call("meet", number=9, namespace="kube-system"), call("meet", number="none"), call("meat", number=9)]
)
def test_what_the_gate_refuses_is_not_read_meanwhile(bench: Bench, wrong: Call) -> None:
    meeting = Meeting(2)
    desk = run(bench, Turn(calls=(*meets(2, 3), wrong, *meets(4, 5))), meeting=meeting)
    assert sorted(meeting.came) == [2, 3, 4, 5]
    assert [result.error for result in desk.view.results.values()][:5] == ["", "", "arguments", "", ""]


def test_subtasks_are_stated_one_after_the_other(bench: Bench) -> None:
    first, second = (
        call("plan", subtasks=[{"title": "look at checkout"}]),
        call("plan", done=[1]),
    )
    with MessagesServer([Turn(calls=(first, second)), done()]) as server:
        desk = bench.begin(Claude(profile(server.url, timeout_s=20.0), Waits()), window_tokens=1_000_000)
        desk.tools = {**desk.tools, "plan": plan_tool(desk.view, list(desk.tools))}
        assert drive(desk) == 0
    assert [result.error for result in desk.view.results.values()][:2] == ["", ""]
