"""One turn over HTTP: streamed, counted, and asked for again while its failure is one that passes."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from agent.errors import DeskError, ExitCode, ModelError, ModelSettingsError
from agent.model.claude.model import Claude
from agent.model.claude.price import KNOWN, Price, parse_price
from agent.model.claude.window import KNOWN as WINDOWS
from agent.model.claude.window import LEAST
from agent.model.port import AnswersMessage, AssistantMessage, Opaque, Text, ToolAnswer, ToolUse, TurnEnded
from tests.agent.model.claude.claude_bench import (
    KEY,
    SPECS,
    Waits,
    call,
    conversation,
    heard,
    profile,
    retries,
    words,
)
from tests.messages_api.script import Fault, Turn
from tests.messages_api.server import MessagesServer

LOOK = Turn(say="I look.", think="What is it?", calls=(call("get", kind="pod", name="a", namespace="shop-dev"),))


def test_a_turn_is_streamed_and_comes_whole() -> None:
    with MessagesServer([LOOK]) as server:
        turn, before = heard(Claude(profile(server.url, timeout_s=20.0), Waits()), conversation())
    assert words(before) == "I look."
    assert words(before, thinking=True) == "What is it?"
    thought, said, use = turn.blocks
    assert isinstance(thought, Opaque)
    assert thought.raw["thinking"] == "What is it?"
    assert thought.raw["signature"]
    assert said == Text("I look.")
    assert isinstance(use, ToolUse)
    assert (use.name, use.input) == ("get", {"kind": "pod", "name": "a", "namespace": "shop-dev"})
    assert (turn.stop_reason, turn.retries) == ("tool_use", ())
    assert turn.usage["output_tokens"] > 0
    assert turn.cost_usd == KNOWN["claude-sonnet-5-5"].cost_usd(turn.usage)


def test_the_next_turn_reads_the_cache_and_sends_thinking_back_byte_for_byte() -> None:
    with MessagesServer([LOOK, Turn(say="Done.")]) as server:
        model = Claude(profile(server.url), Waits())
        first, _ = heard(model, conversation())
        answer = ToolAnswer(first.blocks[2].id, "a pod", tool="get")  # type: ignore[union-attr]
        history = (AssistantMessage(first.blocks, first.request), AnswersMessage((answer,)))
        second, _ = heard(model, conversation(*history))
        assert server.refused == []
        assert server.requests[1]["messages"][1]["content"][0] == first.blocks[0].to_json()
    assert first.usage["cache_creation_input_tokens"] > 1000
    assert second.usage["cache_read_input_tokens"] >= first.usage["cache_creation_input_tokens"]
    assert second.usage["input_tokens"] < 100


def test_effort_and_the_output_limit_are_asked_for_when_they_are_set() -> None:
    with MessagesServer([Turn(say="Hm.")]) as server:
        heard(Claude(profile(server.url, effort="low", max_tokens=999), Waits()), conversation())
        sent = server.requests[0]
    assert (sent["output_config"], sent["max_tokens"]) == ({"effort": "low"}, 999)
    assert sent["thinking"] == {"type": "adaptive", "display": "summarized"}


PASSING = {
    "429 that says when": (Fault(status=429, headers={"retry-after": "7"}), "429", 7.0),
    "429 in milliseconds": (Fault(status=429, headers={"retry-after-ms": "1500"}), "429", 1.5),
    "429 that does not say when": (Fault(status=429), "429", None),
    "429 with nonsense": (Fault(status=429, headers={"retry-after": "soon"}), "429", None),
    "500": (Fault(status=500), "500", None),
    "503": (Fault(status=503), "503", None),
    "529": (Fault(status=529), "Overloaded", None),
    "an error in the stream": (Fault(error_event_after=4), "Overloaded", None),
    "a stream that is cut": (Fault(cut_after_events=5), "closed connection", None),
    "a stream that ends too early": (Fault(end_after_events=5), "broke off", None),
    "a stream that never begins": (Fault(cut_after_events=0), "no answer", None),
    "a hang before the answer": (Fault(hang_s=2.0), "timed out", None),
    "a hang in the middle": (Fault(cut_after_events=5, hang_s=2.0), "timed out", None),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_asked_for_again(name: str) -> None:
    fault, reason, wait_s = PASSING[name]
    waits = Waits()
    with MessagesServer([Turn(say="All is well.", faults=(fault,))]) as server:
        turn, before = heard(Claude(profile(server.url), waits), conversation())
        assert server.attempts == 2
    assert turn.blocks[-1] == Text("All is well.")
    (told,) = retries(before)
    assert turn.retries == (told.reason,)
    assert reason in told.reason
    assert waits.asked_s == [told.wait_s]
    assert told.wait_s == wait_s if wait_s is not None else 0.5 <= told.wait_s <= 1.0


def test_a_date_says_when_too() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    waits = Waits()
    with MessagesServer([Turn(say="Ok.", faults=(Fault(status=429, headers={"retry-after": soon}),))]) as server:
        heard(Claude(profile(server.url), waits), conversation())
    assert 15 < waits.asked_s[0] <= 20


def test_it_waits_longer_each_time_and_gives_up_after_six_tries() -> None:
    waits = Waits()
    with MessagesServer([Turn(say="Never.", faults=(Fault(status=529),) * 9)]) as server:
        with pytest.raises(ModelError, match="gives no answer after 6 tries: HTTP 529 Overloaded") as raised:
            heard(Claude(profile(server.url), waits), conversation())
        assert server.attempts == 6
    assert raised.value.exit_code == ExitCode.FAILED
    assert "resume later" in str(raised.value)
    for number, asked_s in enumerate(waits.asked_s):
        assert 2**number / 2 <= asked_s <= 2**number


def test_it_does_not_wait_an_hour() -> None:
    waits = Waits()
    fault = Fault(status=429, headers={"retry-after": "3600"})
    with MessagesServer([Turn(say="Later.", faults=(fault,))]) as server:
        with pytest.raises(ModelError, match=r"after one try.*asks to wait 3600 s"):
            heard(Claude(profile(server.url), waits), conversation())
        assert server.attempts == 1
    assert waits.asked_s == []


def test_its_patience_is_for_all_waits_together() -> None:
    waits = Waits()
    fault = Fault(status=429, headers={"retry-after": "25"})
    late = Turn(say="Later.", faults=(fault,) * 5)
    with MessagesServer([late]) as server, pytest.raises(ModelError, match="after 3 tries"):
        heard(Claude(profile(server.url), waits), conversation())
    assert waits.asked_s == [25.0, 25.0]


def test_no_such_host_and_nobody_there_are_said_in_plain_words() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{bound.getsockname()[1]}"
        for url, said in (("http://no-such-host.invalid", r"Errno -\d"), (nobody, "Connection refused")):
            with pytest.raises(ModelError, match=f"no answer from {url}.*{said}"):
                heard(Claude(profile(url), Waits()), conversation())


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"api_key": "wrong"}, ModelSettingsError, "does not take the key"),
        ({"model": "claude-nothing"}, ModelSettingsError, "claude-nothing"),
        ({"max_tokens": 10_000_000}, ModelError, "refuses the request"),
    ],
)
def test_what_does_not_pass_is_said_once(changes: dict[str, Any], error: type[DeskError], said: str) -> None:
    with MessagesServer([Turn(say="Ok.")], key=KEY) as server:
        with pytest.raises(error, match=said) as raised:
            heard(Claude(profile(server.url, **changes), Waits()), conversation())
        assert server.attempts == 1
    assert KEY not in str(raised.value)
    assert raised.value.exit_code == (2 if error is ModelSettingsError else 1)


def test_a_call_that_is_cut_off_is_no_call() -> None:
    cut = Turn(
        say="I do two things.",
        think="Both.",
        calls=(call("get", kind="pod", name="a"), call("delete", kind="pod", name="b")),
        stop_reason="max_tokens",
        cut_last_call=True,
    )
    with MessagesServer([cut]) as server:
        turn, _ = heard(Claude(profile(server.url), Waits()), conversation())
    assert turn.stop_reason == "max_tokens"
    assert [block.name for block in turn.blocks if isinstance(block, ToolUse)] == ["get"]


def test_a_conversation_that_is_too_long_ends_for_a_full_context() -> None:
    long = conversation(task="word " * 9_000_000)
    with MessagesServer([Turn(say="Ok.")]) as server:
        turn, _ = heard(Claude(profile(server.url, timeout_s=20.0), Waits()), long)
    assert (turn.stop_reason, turn.blocks) == ("model_context_window_exceeded", ())


def after(turn: TurnEnded) -> tuple[AssistantMessage, AnswersMessage]:
    """What stands behind the beginning once a turn with one call is answered."""
    answers = (ToolAnswer(use.id, "a pod", tool="get") for use in turn.blocks if isinstance(use, ToolUse))
    return AssistantMessage(turn.blocks, turn.request, turn.id), AnswersMessage(tuple(answers))


def test_why_the_cache_did_not_hold_is_told() -> None:
    with MessagesServer([LOOK, replace(LOOK, think="And that?"), Turn(say="Done.")]) as server:
        model = Claude(profile(server.url), Waits())
        first, _ = heard(model, conversation())
        second, _ = heard(model, conversation(*after(first)))
        upgraded = replace(conversation(*after(first), *after(second)), tools=SPECS[1:])
        third, _ = heard(model, upgraded)
        assert server.refused == []
    asked = [request["diagnostics"]["previous_message_id"] for request in server.requests]
    assert asked == [None, first.id, second.id]
    assert (first.cache_miss, second.cache_miss) == (None, None)
    assert third.cache_miss is not None
    assert third.cache_miss["type"] == "tools_changed"
    assert third.cache_miss["cache_missed_input_tokens"] > 0


def test_an_old_gateway_is_not_asked_why_again() -> None:
    with MessagesServer([LOOK, Turn(say="Done.")], is_old=True) as gateway:
        model = Claude(profile(gateway.url), Waits())
        first, _ = heard(model, conversation())
        heard(model, conversation(*after(first)))
    assert (first.id, first.retries) == ("", ())
    assert len(gateway.refused) == 1


def test_the_cache_is_held_for_an_hour_where_people_are_asked_and_its_price_is_told() -> None:
    with MessagesServer([LOOK, Turn(say="Done.")]) as server:
        model = Claude(profile(server.url), Waits())
        first, _ = heard(model, conversation())
        second, _ = heard(model, replace(conversation(*after(first)), asks=True))
        other, _ = heard(model, replace(conversation(task="restart cart"), asks=True))
        assert server.refused == []
        marks = json.dumps(server.requests[1])
    assert '"ttl": "1h"' in marks
    assert '{"type": "ephemeral"}' not in marks
    assert second.usage["cache_read_input_tokens"] >= first.usage["cache_creation_input_tokens"]
    assert "ephemeral_1h_input_tokens" not in first.usage
    written = other.usage["cache_creation_input_tokens"]
    assert other.usage["ephemeral_1h_input_tokens"] == written > 0
    dearer = Price(2, 10, 2.5, 0.1).cost_usd(other.usage) - Price(2, 10, 2.5, 0.1).cost_usd(
        {**other.usage, "ephemeral_1h_input_tokens": 0}
    )
    assert dearer == pytest.approx(written * 1.5e-6, abs=2e-6)


def test_the_window_is_as_the_api_has_it() -> None:
    with MessagesServer([], window_tokens=77_000) as server:
        assert Claude(profile(server.url), Waits()).window_tokens() == 77_000
        assert Claude(profile(server.url, model="claude-nothing"), Waits()).window_tokens() == LEAST
        assert server.models == ["claude-sonnet-5-5", "claude-nothing"]


@pytest.mark.parametrize(("model", "window"), [*WINDOWS.items(), ("acme/claude-of-ours", LEAST)])
def test_where_the_api_does_not_say_it_the_window_is_as_it_is_known(model: str, window: int) -> None:
    with MessagesServer([], is_old=True) as gateway:
        assert Claude(profile(gateway.url, model=model), Waits()).window_tokens() == window
    assert Claude(profile(gateway.url, model=model), Waits()).window_tokens() == window, "nobody is there any more"


def test_the_key_is_not_shown() -> None:
    assert KEY not in repr(profile("http://x"))


def test_a_price_is_for_a_million_tokens_of_each_kind() -> None:
    million = dict.fromkeys(
        ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"), 1_000_000
    )
    assert Price(1, 20, 300, 4000).cost_usd(million) == 4321
    assert parse_price("2,10,2.5,0.1") == KNOWN["claude-sonnet-5-5"]
    for wrong in ("", "1,2,3", "1,2,3,x", "1,2,3,-4"):
        with pytest.raises(ValueError, match=r"."):
            parse_price(wrong)
