"""What a session says it will do, and what it does not do beside it."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from agent.journal import approvals
from agent.session.context import Desk
from agent.session.planning import plan_tool
from agent.session.run import drive
from tests.agent.session_bench import Bench, Scripted, Turn, finish, limit, use

LIMIT = {"title": "raise the limit", "tool": "set_resources", "names": ["checkout"]}
LOOK = {"title": "look that it is well"}
CART = {"what": "cart in shop-dev has no probe", "words": "set a readiness probe on cart in shop-dev"}


def begun(bench: Bench, *turns: Turn, task: str = "set the memory limit of checkout to 64Mi") -> Desk:
    desk = bench.begin(Scripted(*turns), task)
    tool = plan_tool(desk.view, [*desk.tools])
    desk.tools = {**desk.tools, tool.name: tool}
    return desk


def remaining(bench: Bench) -> str:
    return bench.working().partition("### Remaining Tasks\n")[2].partition("\n\n")[0]


def test_subtasks_are_stated_ticked_and_written_down(bench: Bench) -> None:
    working: list[str] = []
    desk = begun(
        bench,
        [use("plan", subtasks=[LIMIT, LOOK])],
        limit("64Mi"),
        [use("plan", done=[2], noticed=[CART])],
        finish(),
    )
    desk.journal.observe(lambda entry: working.append(remaining(bench)) if entry.type == "committed" else None)
    assert drive(desk) == 0
    plans = [result.text for result in desk.view.results.values() if result.tool == "plan"]
    assert plans[0] == "1. [ ] raise the limit\n2. [ ] look that it is well"
    ticked = "1. [x] raise the limit\n2. [x] look that it is well"
    assert plans[1] == f"{ticked}\n- beside the task: {CART['what']}"
    assert "look that it is well" in working[0]
    assert "raise the limit" not in working[0]  # the change is in effect when it is committed
    words = "desk run 'set a readiness probe on cart in shop-dev'"
    assert remaining(bench) == f"- noticed: {CART['what']}: {words}"


def test_what_is_wrong_in_a_plan_is_answered(bench: Bench) -> None:
    desk = begun(
        bench,
        [use("plan", subtasks=[{**LIMIT, "tool": "make_coffee"}])],
        [use("plan", done=[3])],
        [use("plan")],
        finish(),
    )
    assert drive(desk) == 0
    first, second, third, _ = [result.text for result in desk.view.results.values()]
    assert "no tool make_coffee" in first
    assert "no subtask 3" in second
    assert third == "Nothing is stated."


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ("set the memory limit of checkout to 64Mi", "the task did not name this change"),
        ("set the memory limit of checkout to 64Mi and restart cart", "none of the subtasks"),
    ],
)
def test_while_i_am_here_changes_nothing(bench: Bench, task: str, why: str) -> None:
    """One change is not the task's; the other is, and the session had not said that it would make it."""
    desk = begun(
        bench,
        [use("plan", subtasks=[LIMIT])],
        limit("64Mi"),
        [use("restart", namespace="shop-dev", name="cart")],
        finish(),
        task=task,
    )
    before = bench.other.get("deployments", "cart", "shop-dev")
    assert drive(desk) == 3
    (asked,) = desk.view.approvals.values()
    assert why in asked.why
    approvals.decide(desk.journal, asked.approval_id, "rejected", "carol", "not now", datetime.now(UTC))
    assert drive(bench.resume(desk, desk.model)) == 6
    assert bench.memory() == "64Mi"
    assert bench.other.get("deployments", "cart", "shop-dev") == before
    assert "beside this task, and was not done: desk run 'restart Deployment cart in shop-dev'" in remaining(bench)


def test_what_was_noticed_stays_until_it_is_asked_for(bench: Bench) -> None:
    drive(begun(bench, [use("plan", noticed=[CART])], finish()))
    drive(bench.begin(Scripted(finish()), "why is catalog down?", session="20250131-093006-000002"))
    assert CART["what"] in remaining(bench)
    drive(bench.begin(Scripted(finish()), CART["words"], session="20250131-093007-000003"))
    assert remaining(bench) == "- none"


def test_subtasks_are_kept_over_a_resume(bench: Bench) -> None:
    class Killed(BaseException):
        pass

    def kill(kind: str) -> None:
        if kind == "tool_receipt":
            raise Killed

    desk = begun(bench, [use("plan", subtasks=[LIMIT, LOOK])], limit("64Mi"), finish())
    desk.journal.observe(lambda entry: kill(entry.type))
    with pytest.raises(Killed):
        drive(desk)
    desk = bench.resume(desk, desk.model)
    assert [each.done for each in desk.view.stated.subtasks] == [False, False]
    assert drive(desk) == 0
    assert [each.done for each in desk.view.stated.subtasks] == [True, False]


def test_words_are_as_a_shell_takes_them(bench: Bench) -> None:
    noticed = {"what": "a\n- b", "words": "fix 'web'; rm -rf /"}
    drive(begun(bench, [use("plan", noticed=[noticed])], finish()))
    line = remaining(bench)
    assert line.count("\n") == 0
    said = line.partition("desk run ")[2]
    printed = subprocess.run(["sh", "-c", f"printf %s {said}"], check=True, capture_output=True, text=True)
    assert printed.stdout == noticed["words"]
