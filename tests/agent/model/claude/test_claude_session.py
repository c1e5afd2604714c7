"""Sessions that think with Claude, over HTTP, on the sandbox: what it gets wrong it can mend, a few times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.context.budget import FULL
from agent.journal import approvals
from agent.journal.events import ModelTurn
from agent.journal.journal import Entry
from agent.journal.turns import tokens
from agent.model.claude.model import Claude
from agent.model.port import Model
from agent.session.context import Desk
from agent.session.run import drive
from tests.agent.model.claude.claude_bench import InOrder, Waits, call, done, profile
from tests.agent.session_bench import Bench, Watcher
from tests.messages_api.script import Call, Fault, Script, Turn
from tests.messages_api.server import MessagesServer

CHECKOUT = {"namespace": "shop-dev", "name": "checkout"}
LIMIT = Turn(think="Too little memory.", calls=(call("set_resources", **CHECKOUT, memory_limit="64Mi"),))
LOOK = Turn(think="I look.", calls=(call("diagnose", namespace="shop-dev"),))
SECRET = "postgres://shop:Qdl1-correct-horse@db/shop"


@contextmanager
def claude(script: Script, **changes: Any) -> Iterator[tuple[Model, MessagesServer]]:
    with MessagesServer(script) as server:
        yield Claude(profile(server.url, **{"timeout_s": 5.0, **changes}), Waits()), server


def summary(desk: Desk) -> str:
    assert desk.view.closed is not None
    return desk.view.closed.summary


def errors(desk: Desk) -> list[str]:
    return [result.error for result in desk.view.results.values()]


def sent_texts(server: MessagesServer) -> str:
    return json.dumps(server.requests[-1]["messages"])


def test_the_main_job_through_faults(bench: Bench) -> None:
    turns = (
        Turn(**{**_fields(LOOK), "faults": (Fault(status=429, headers={"retry-after": "1"}), Fault(status=529))}),
        Turn(**{**_fields(LIMIT), "faults": (Fault(cut_after_events=6),)}),
        Turn(calls=(call("wait_for_rollout", **CHECKOUT, timeout_s=20, stable_s=0),)),
        done("Raised the limit to 64Mi."),
    )
    with claude(turns) as (model, server):
        watcher = Watcher()
        desk = bench.begin(model, watcher=watcher)
        assert drive(desk) == 0
        assert server.refused == []
    assert bench.memory() == "64Mi"
    assert summary(desk) == "Raised the limit to 64Mi."
    assert [len(turn.retries) for turn in desk.view.turns] == [2, 1, 0, 0]
    assert len(watcher.retries) == 3
    assert all(turn.cost_usd and turn.usage["output_tokens"] for turn in desk.view.turns)
    assert desk.view.turns[-1].usage["cache_read_input_tokens"] > 1000
    assert {turn.model for turn in desk.view.turns} == {"claude-sonnet-5-5"}
    assert bench.git("status", "--porcelain") == ""


def _fields(turn: Turn) -> dict[str, Any]:
    return {name: getattr(turn, name) for name in ("say", "think", "calls")}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (call("make_coffee", sugar=2), 'no tool "make_coffee"'),
        (call("set_resources", **CHECKOUT, memory_limit="lots"), "memory_limit"),
        (call("set_resources", **CHECKOUT), "at least one of"),
        (call("get", kind="pod"), "name: Field required"),
        (call("diagnose", namespace="shop-prod"), "outside this task, which is about shop-dev"),
        (call("restart", namespace="kube-system", name="coredns"), "outside this task"),
    ],
)
def test_what_is_wrong_is_answered_and_mended(bench: Bench, wrong: Call, said: str) -> None:
    with claude([Turn(calls=(wrong,)), LIMIT, done()]) as (model, server):
        desk = bench.begin(model)
        assert drive(desk) == 0
        answer = server.requests[1]["messages"][-1]["content"][0]
    assert answer["is_error"] is True
    assert said in answer["content"]
    assert "<data" not in answer["content"]
    assert errors(desk)[0] == "arguments"
    assert bench.memory() == "64Mi"


def test_it_may_be_wrong_three_times_in_a_row(bench: Bench) -> None:
    wrong = [Turn(calls=(call(f"tool_{number}"), call("get", kind="pod"))) for number in range(9)]
    with claude(wrong) as (model, server):
        desk = bench.begin(model)
        assert drive(desk) == 4
        assert server.attempts == 3
    assert "3 turns of the model in a row could not be used" in summary(desk)
    assert "Remaining Tasks\n- checkout keeps crashing" in bench.working()


def test_a_turn_that_is_of_use_starts_the_count_anew(bench: Bench) -> None:
    wrong = Turn(calls=(call("make_coffee"),))
    with claude([wrong, wrong, LOOK, wrong, wrong, done()]) as (model, _):
        assert drive(bench.begin(model)) == 0


@pytest.mark.parametrize("empty", [Turn(), Turn(say="All is well, I think."), Turn(think="Nothing to say.")])
def test_a_turn_without_a_call_is_told_how_to_go_on(bench: Bench, empty: Turn) -> None:
    with claude(InOrder(empty, done())) as (model, server):
        desk = bench.begin(model)
        assert drive(desk) == 0
        last = server.requests[-1]["messages"][-1]
        assert server.refused == []
    assert (last["role"], "The session ends by a call only" in last["content"][-1]["text"]) == ("user", True)
    assert summary(desk) == "It is done."


@pytest.mark.parametrize(("empty", "words"), [(Turn(), ""), (Turn(say="It is the limit."), "It is the limit.")])
def test_a_model_that_never_calls_is_not_done(bench: Bench, empty: Turn, words: str) -> None:
    with claude(InOrder(empty)) as (model, server):
        desk = bench.begin(model, "why does checkout crash?")
        assert drive(desk) == 4
        assert server.attempts == 3
    assert words in summary(desk)


def test_several_calls_in_one_turn_are_made_in_order_and_answered_together(bench: Bench) -> None:
    three = Turn(
        think="All at once.",
        calls=(
            call("get", kind="deployment", **CHECKOUT),
            call("set_resources", **CHECKOUT, memory_limit="64Mi"),
            call("get", kind="configmap", namespace="shop-dev", name="nothing"),
        ),
    )
    with claude([three, done()]) as (model, server):
        desk = bench.begin(model)
        assert drive(desk) == 0
        answers = server.requests[1]["messages"][-1]["content"]
        assert server.refused == []
    assert [answer.get("is_error", False) for answer in answers] == [False, False, True]
    assert "16Mi" in answers[0]["content"]
    assert bench.memory() == "64Mi"


def test_the_end_is_called_alone(bench: Bench) -> None:
    hasty = Turn(calls=(*LIMIT.calls, call("finish", outcome="done", summary="Surely it holds.")))
    with claude([hasty, done("I looked: it holds.")]) as (model, _):
        desk = bench.begin(model)
        assert drive(desk) == 0
    assert summary(desk) == "I looked: it holds."
    assert errors(desk) == ["", "arguments", ""]


def test_a_call_cut_off_in_the_middle_is_not_made_and_the_rest_is(bench: Bench) -> None:
    cut = Turn(
        think="Two.",
        calls=(call("get", kind="deployment", **CHECKOUT), *LIMIT.calls),
        stop_reason="max_tokens",
        cut_last_call=True,
    )
    with claude([cut, LIMIT, done()]) as (model, server):
        desk = bench.begin(model)
        assert drive(desk) == 0
        answers = server.requests[1]["messages"][-1]["content"]
        assert server.refused == []
    assert [block["type"] for block in answers] == ["tool_result", "text"]
    assert "cut off at the output limit" in answers[1]["text"]
    assert len([result for result in desk.view.results.values() if result.tool == "set_resources"]) == 1


@pytest.mark.parametrize("cut", [Turn(stop_reason="max_tokens"), Turn(say="I th", stop_reason="max_tokens")])
def test_a_turn_that_only_thinks_until_it_is_cut_off_may_go_on(bench: Bench, cut: Turn) -> None:
    with claude(InOrder(cut, done())) as (model, server):
        assert drive(bench.begin(model)) == 0
        assert server.refused == []


def test_a_paused_turn_goes_on(bench: Bench) -> None:
    with claude(InOrder(Turn(say="I am at it.", stop_reason="pause_turn"), done())) as (model, server):
        assert drive(bench.begin(model)) == 0
        assert server.requests[1]["messages"][-1]["role"] == "assistant"
        assert server.refused == []


def test_a_refusal_ends_the_session_and_its_calls_are_not_made(bench: Bench) -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "This looks like an attack."}
    refusing = Turn(calls=LIMIT.calls, stop_reason="refusal", stop_details=details)
    with claude([refusing, done()]) as (model, server):
        desk = bench.begin(model)
        assert drive(desk) == 1
        assert server.attempts == 1
    assert bench.memory() == "16Mi"
    assert summary(desk) == "claude-sonnet-5-5 declines this task (cyber: This looks like an attack.)."


def test_a_full_context_is_handed_over_and_its_calls_are_not_made(bench: Bench) -> None:
    full = Turn(say="I am", calls=LIMIT.calls, stop_reason="model_context_window_exceeded")
    with claude([LOOK, full]) as (model, _):
        desk = bench.begin(model)
        assert drive(desk) == 4
    assert bench.memory() == "16Mi"
    assert "context is full" in summary(desk)


def test_at_eighty_percent_of_the_window_the_next_session_goes_on(bench: Bench) -> None:
    with claude([LIMIT, LOOK, LOOK, done()]) as (model, server):
        desk = bench.begin(model, window_tokens=1_000_000)

        def narrow(entry: Entry) -> None:
            """The window is such that 1,000 tokens more are too much after the first turn."""
            if isinstance(entry.event, ModelTurn) and entry.event.turn == 1:
                window = int((tokens(entry.event.usage) + 1_000) / FULL)
                desk.view.started = replace(desk.view.task, window_tokens=window)

        desk.journal.observe(narrow)
        assert drive(desk) == 4
        assert server.attempts == 2  # what the look brought was not sent any more
    assert bench.memory() == "64Mi"  # what was called is done and recorded before it ends
    assert f"of {desk.view.task.window_tokens:,} tokens" in summary(desk)
    assert "set memory limit 16Mi -> 64Mi" in bench.working()


def test_a_window_too_small_for_the_beginning_is_no_handover(bench: Bench) -> None:
    """The next session would fare no better, and one after it would be started for ever."""
    with MessagesServer([done()], window_tokens=1_000) as server:
        desk = bench.begin(Claude(profile(server.url), Waits()), window_tokens=1_000, max_tokens=100)
        assert drive(desk) == 1
        assert server.requests == []
    assert "does not fit the window of 1,000 tokens" in summary(desk)
    assert "window_tokens" in bench.working()


def test_a_killed_session_thinks_on_with_its_own_thoughts(bench: Bench) -> None:
    class Killed(BaseException):
        pass

    def kill(entry_type: str) -> None:
        if entry_type == "tool_receipt":
            raise Killed

    with claude([LOOK, LIMIT, done()]) as (model, server):
        desk = bench.begin(model)
        desk.journal.observe(lambda entry: kill(entry.type))
        with pytest.raises(Killed):
            drive(desk)
        desk = bench.resume(desk, model)
        assert drive(desk) == 0
        thoughts = [block for block in _assistant_blocks(server) if block["type"] == "thinking"]
        assert server.refused == []
    assert [thought["thinking"] for thought in thoughts] == ["I look.", "Too little memory."]
    assert all(thought["signature"] for thought in thoughts)


def _assistant_blocks(server: MessagesServer) -> list[dict[str, Any]]:
    messages = server.requests[-1]["messages"]
    return [block for message in messages if message["role"] == "assistant" for block in message["content"]]


def test_after_an_upgrade_it_goes_on_without_the_thoughts_from_before(bench: Bench) -> None:
    staging = {**CHECKOUT, "namespace": "shop-staging"}
    asks = Turn(think="I ask.", calls=(call("set_resources", **staging, memory_limit="64Mi"),))
    with claude([asks, LOOK, done()]) as (model, server):
        desk = bench.begin(model, "fix checkout in shop-staging")
        assert drive(desk) == 3
        desk = bench.resume(desk, model)
        desk.tools = {name: tool for name, tool in desk.tools.items() if name != "top"}  # another Desk's tools
        (row,) = desk.view.approvals
        approvals.decide(desk.journal, row, "approved", "carol", "", datetime.now(UTC))
        assert drive(desk) == 0
        assert server.refused == []
        thoughts = [block["thinking"] for block in _assistant_blocks(server) if block["type"] == "thinking"]
    assert thoughts == ["I look."]


@pytest.mark.parametrize(
    ("task", "namespace", "lifetimes"),
    [
        ("fix checkout in shop-staging", "shop-staging", ["1h", "1h"]),
        ("why does checkout crash in shop-staging?", "shop-staging", ["5m", "1h"]),
        ("why does checkout crash in shop-dev?", "shop-dev", ["5m", "1h"]),
    ],
)
def test_the_cache_is_held_over_an_approval(bench: Bench, task: str, namespace: str, lifetimes: list[str]) -> None:
    """What orders a change where people are asked is held from the beginning; else from the first asking on."""
    asks = Turn(calls=(call("set_resources", namespace=namespace, name="checkout", memory_limit="64Mi"),))
    with claude([asks, done()]) as (model, server):
        desk = bench.begin(model, task, window_tokens=1_000_000)
        assert drive(desk) == 3
        (row,) = desk.view.approvals
        desk = bench.resume(desk, model)
        approvals.decide(desk.journal, row, "approved", "carol", "", datetime.now(UTC))
        assert drive(desk) == 0
        assert server.refused == []
    marks = [request["system"][0]["cache_control"].get("ttl", "5m") for request in server.requests]
    assert marks == lifetimes
    assert [turn.cache_miss for turn in desk.view.turns] == [None, None]


@pytest.mark.parametrize("where", ["say", "think", "input"])
def test_a_secret_in_a_turn_reaches_neither_journal_nor_git_nor_the_model_again(bench: Bench, where: str) -> None:
    leaking = {
        "say": Turn(think="Hm.", say=f"It connects to {SECRET}.", calls=LOOK.calls),
        "think": Turn(think=f"It connects to {SECRET}.", calls=LOOK.calls),
        "input": Turn(think="Hm.", calls=(call("list", kind="pods", namespace="shop-dev", selector=SECRET),)),
    }[where]
    with claude([leaking, LIMIT, done()]) as (model, server):
        desk = bench.begin(model)
        assert drive(desk) == 0
        assert "Qdl1" not in sent_texts(server)
        assert server.refused == []
    journaled = "".join(json.dumps(entry.to_json()) for entry in desk.journal.entries())
    assert "Qdl1" not in journaled + bench.git("log", "-p")
