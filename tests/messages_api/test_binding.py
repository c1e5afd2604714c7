"""Thinking is good only as it was, and only behind what it was produced behind ("preserved thinking")."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import pytest

from tests.messages_api.asking import HAIKU, LOOK, OPUS, SONNET, ask, body_of, client_of, results, said, send
from tests.messages_api.script import Call, Turn
from tests.messages_api.server import MessagesServer
from tools.json import Json

TURNS = [
    Turn(redacted_thinking="secret", think="One.", say="I look.", calls=(Call("look", {"path": "a"}),)),
    Turn(think="Two.", calls=(Call("look", {"path": "b"}),)),
    Turn(think="Three.", say="Done."),
    *[Turn(say="Bye.")] * 4,
]


@pytest.fixture(scope="module")
def server() -> Iterator[MessagesServer]:
    with MessagesServer(TURNS) as running:
        yield running


@pytest.fixture(scope="module")
def history(server: MessagesServer) -> Json:
    """The request after three answers; messages 1, 3 and 5 are the assistant's."""
    body = body_of("Find it.", system="Look well.")
    for _ in range(3):
        answer = ask(client_of(server), body)
        body["messages"] += [said(answer), results(answer)]
    body["messages"][-1] = {"role": "user", "content": "Thanks."}
    return body


def changed(place: str, change: Callable[[Any], Any]) -> Callable[[Json], None]:
    """Changes what stands at a place like `messages.1.content.0`."""

    def apply(body: Json) -> None:
        *steps, last = [int(step) if step.isdigit() else step for step in place.split(".")]
        holder: Any = body
        for step in steps:
            holder = holder[step]
        holder[last] = change(holder[last])

    return apply


def without(message: int, *kinds: str) -> Callable[[Json], None]:
    """Leaves the blocks of the kinds out of a message."""
    return changed(
        f"messages.{message}.content", lambda content: [block for block in content if block["type"] not in kinds]
    )


def both(*changes: Callable[[Json], None]) -> Callable[[Json], None]:
    def apply(body: Json) -> None:
        for change in changes:
            change(body)

    return apply


THINKING = ("thinking", "redacted_thinking")
MARKED = {"cache_control": {"type": "ephemeral"}}

HARMLESS: dict[str, Callable[[Json], None]] = {
    "nothing": lambda body: None,
    "cache marks": both(
        changed("messages.0.content", lambda held: [{"type": "text", "text": held, **MARKED}]),
        changed("tools.0", lambda held: {**held, **MARKED}),
        changed("system", lambda held: [{"type": "text", "text": held, **MARKED}]),
    ),
    "settings": both(changed("max_tokens", lambda held: 5), changed("thinking", lambda held: {"type": "adaptive"})),
    "nulls and direct callers": changed(
        "messages.1.content.3", lambda held: {**held, "caller": {"type": "direct"}, "toolset_name": None}
    ),
    "a message cut in two": changed(
        "messages",
        lambda held: [held[0], *({**held[1], "content": [one]} for one in held[1]["content"]), *held[2:]],
    ),
    "a tool that is not loaded yet": changed(
        "tools", lambda held: [*held, {**LOOK, "name": "b", "defer_loading": True}]
    ),
    "the first thinking left out": without(1, *THINKING),
    "all thinking left out": both(without(1, *THINKING), without(3, *THINKING), without(5, *THINKING)),
    "a system message at the end": changed("messages", lambda held: [*held, {"role": "system", "content": "x"}]),
}

FATAL: dict[str, tuple[Callable[[Json], None], str, str]] = {
    "its text": (changed("messages.1.content.1.thinking", str.upper), "messages.1.content.1", ""),
    "its signature": (
        changed("messages.3.content.0.signature", lambda held: held[:-8]),
        "messages.3.content.0",
        "",
    ),
    "another's signature": (
        changed("messages.3.content.0.signature", lambda held: "abcd"),
        "messages.3.content.0",
        "",
    ),
    "redacted data": (changed("messages.1.content.0.data", lambda held: "x" + held), "messages.1.content.0", ""),
    "system": (
        changed("system", lambda held: held + " It is 5."),
        "messages.1.content.0",
        "`system` prompt differs",
    ),
    "tools": (
        changed("tools.0.description", lambda held: held + "!"),
        "messages.1.content.0",
        "`tools` list differs",
    ),
    "the task": (changed("messages.0.content", str.upper), "messages.1.content.0", "An earlier message differs"),
    "a result": (
        changed("messages.2.content.0.content", lambda held: "cut"),
        "messages.3.content.0",
        "An earlier message differs",
    ),
    "a call": (
        changed("messages.1.content.3.input", lambda held: {}),
        "messages.3.content.0",
        "An earlier message differs",
    ),
    "text beside a result": (
        changed("messages.4.content", lambda held: [*held, {"type": "text", "text": "Be quick."}]),
        "messages.5.content.0",
        "An earlier message differs",
    ),
    "thinking in the middle left out": (without(3, *THINKING), "messages.5.content.0", "missing or out of order"),
    "redacted thinking in the middle left out": (
        changed("messages.1.content", lambda held: [held[1], held[0], *held[2:]]),
        "messages.1.content.1",
        "missing or out of order",
    ),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_harmless(server: MessagesServer, history: Json, change: Callable[[Json], None]) -> None:
    body = copy.deepcopy(history)
    change(body)
    assert send(client_of(server), body)["type"] == "message"


@pytest.mark.parametrize(("change", "path", "reason"), FATAL.values(), ids=FATAL)
def test_fatal(
    server: MessagesServer, history: Json, change: Callable[[Json], None], path: str, reason: str
) -> None:
    body = copy.deepcopy(history)
    change(body)
    with pytest.raises(anthropic.BadRequestError) as caught:
        send(client_of(server), body)
    message = str(caught.value.api_message)
    assert message.startswith(f"{path}: Invalid `")
    assert reason in message
    assert ("bound to a different conversation" in message) == bool(reason)


@pytest.mark.parametrize("model", [OPUS, HAIKU])
def test_a_model_that_can_t_read_the_thinking_drops_it(server: MessagesServer, history: Json, model: str) -> None:
    answer = send(client_of(server), {**history, "model": model})
    own = send(client_of(server), history)
    if model == OPUS:
        assert answer["usage"]["input_tokens"] == own["usage"]["input_tokens"]
    else:
        assert answer["usage"]["input_tokens"] < own["usage"]["input_tokens"]
    assert history["model"] == SONNET
