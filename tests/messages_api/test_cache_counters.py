"""The counters of the prompt cache, turn by turn."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import Usage

from tests.messages_api.asking import LOOK, ask, body_of, client_of, results, said
from tests.messages_api.script import Call, Turn
from tests.messages_api.server import MessagesServer
from tools.json import Json

MARK = {"type": "ephemeral"}
LONG = "Look well. " * 400  # 1100 tokens


def looking(count: int = 1) -> Turn:
    return Turn(think="Hm.", say="I look.", calls=tuple(Call("look", {"path": str(n)}) for n in range(count)))


def system(text: str = LONG, **mark: Any) -> list[Json]:
    return [{"type": "text", "text": text, "cache_control": {**MARK, **mark}}]


def usages(server: MessagesServer, turns: int, result: str = "x" * 400, **more: Any) -> list[Usage]:
    """The usage of each turn of a session."""
    client, messages, found = client_of(server), [{"role": "user", "content": "Find it."}], []
    for _ in range(turns):
        answer = ask(client, body_of(*messages, **more))
        messages += [said(answer), results(answer, result)]
        found.append(answer.usage)
    return found


def whole(usage: Usage) -> int:
    return usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)


def test_a_mark_on_system_is_written_once_and_then_read() -> None:
    with MessagesServer([looking()] * 3) as server:
        first, second, third = usages(server, 3, system=system())
    assert first.cache_creation_input_tokens is not None
    assert first.cache_creation_input_tokens > 1100
    assert first.cache_read_input_tokens == 0
    assert second.cache_read_input_tokens == third.cache_read_input_tokens == first.cache_creation_input_tokens
    assert second.cache_creation_input_tokens == third.cache_creation_input_tokens == 0
    assert first.input_tokens < second.input_tokens < third.input_tokens


def test_automatic_caching_moves_on_with_the_conversation() -> None:
    with MessagesServer([looking()] * 3) as server:
        first, second, third = usages(server, 3, system=LONG, cache_control=MARK)
    assert [usage.input_tokens for usage in (first, second, third)] == [0, 0, 0]
    assert second.cache_read_input_tokens == whole(first)
    assert third.cache_read_input_tokens == whole(second)
    assert third.cache_creation_input_tokens == whole(third) - whole(second)


def test_a_run_of_calls_or_results_is_one_position() -> None:
    with MessagesServer([looking(30)] * 2) as server:
        first, second = usages(server, 2, system=LONG, cache_control=MARK)
    assert second.cache_read_input_tokens == whole(first)


@pytest.mark.parametrize(("blocks", "is_read"), [(19, True), (20, False)])
def test_a_read_looks_back_twenty_positions(blocks: int, is_read: bool) -> None:
    with MessagesServer([Turn(say="Yes.")]) as server:
        client = client_of(server)
        first = ask(client, body_of("a", system=LONG, cache_control=MARK)).usage
        more = [{"role": "user", "content": "b"}] * blocks
        second = ask(client, body_of("a", *more, system=LONG, cache_control=MARK)).usage
    assert second.cache_read_input_tokens == (whole(first) if is_read else 0)


@pytest.mark.parametrize(("min_cache_tokens", "is_cached"), [(512, True), (2000, False)])
def test_a_short_prefix_is_not_cached(min_cache_tokens: int, is_cached: bool) -> None:
    with MessagesServer([looking()] * 2, min_cache_tokens=min_cache_tokens) as server:
        first, second = usages(server, 2, system=system())
    assert bool(first.cache_creation_input_tokens) == is_cached
    assert bool(second.cache_read_input_tokens) == is_cached


def test_marks_write_by_their_ttl() -> None:
    with MessagesServer([Turn(say="Yes.")]) as server:
        tools = [{**LOOK, "description": LONG, "cache_control": {**MARK, "ttl": "1h"}}]
        usage = ask(client_of(server), body_of("a", tools=tools, system=system())).usage
    assert usage.cache_creation is not None
    assert usage.cache_creation.ephemeral_1h_input_tokens > 1100
    assert usage.cache_creation.ephemeral_5m_input_tokens > 1100


@pytest.mark.parametrize(
    ("change", "is_read"),
    [
        ({"max_tokens": 5}, True),
        ({"output_config": {"effort": "high"}}, True),  # the default
        ({"output_config": {"effort": "low"}}, False),
        ({"thinking": {"type": "between_tools"}}, False),
        ({"tool_choice": {"type": "none"}}, False),
        ({"system": LONG + "!"}, False),
        ({"model": "claude-opus-5-5"}, False),
    ],
)
def test_what_the_cached_messages_hang_on(change: Json, is_read: bool) -> None:
    with MessagesServer([Turn(say="Yes.")]) as server:
        client = client_of(server)
        settings: Json = {"system": LONG, "cache_control": MARK}
        ask(client, body_of("a", **settings))
        second = ask(client, body_of("a", **{**settings, **change})).usage
    assert bool(second.cache_read_input_tokens) == is_read


def test_a_streamed_answer_counts_at_its_start_and_its_end() -> None:
    with MessagesServer([looking()]) as server:
        body = body_of("a", system=LONG, cache_control=MARK)
        with client_of(server).messages.stream(**body) as stream:
            start, delta = [event for event in stream if event.type in ("message_start", "message_delta")]
        final = stream.get_final_message().usage
    assert start.type == "message_start"
    assert delta.type == "message_delta"
    assert (
        start.message.usage.cache_creation_input_tokens == delta.usage.cache_creation_input_tokens == whole(final)
    )
    assert start.message.usage.output_tokens == 1
    assert final.output_tokens == delta.usage.output_tokens > 1
