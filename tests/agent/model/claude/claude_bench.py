"""Claude as Desk has it, against the local server that speaks the Messages API; only waiting is played."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from agent.model.claude.model import Claude, Profile
from agent.model.claude.price import KNOWN
from agent.model.port import Context, Conversation, Message, Part, Retrying, TextDelta, ToolSpec, TurnEnded
from agent.session.endings import ENDINGS
from tests.messages_api.script import Call, Turn
from tools.catalog import TOOLS

KEY = "sk-ant-test-0123456789abcdef"
SPECS = tuple(ToolSpec(tool.name, tool.description, tool.schema) for tool in (*TOOLS, *ENDINGS))
CONTEXT = Context("shop-dev", ("shop-dev", "shop-prod"), (("WORKING.md", "nothing yet"), ("LOGS.md", "")))


def profile(url: str, **changes: Any) -> Profile:
    """How the tests ask: quickly."""
    model = "claude-sonnet-5-5"
    asked = Profile(url, KEY, model, None, 4096, timeout_s=1.0, patience_s=60.0, price=KNOWN[model])
    return replace(asked, **changes)


class Waits:
    """A clock that is played: remembers how long it was told to wait."""

    def __init__(self) -> None:
        self.asked_s: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.asked_s.append(seconds)


def conversation(*messages: Message, task: str = "fix checkout") -> Conversation:
    """A conversation with every tool."""
    return Conversation(task, CONTEXT, SPECS, messages)


def heard(model: Claude, said: Conversation) -> tuple[TurnEnded, list[Part]]:
    """The turn, and all that came before it."""
    *before, last = model.stream(said)
    assert isinstance(last, TurnEnded)
    return last, before


def words(parts: Sequence[Part], *, thinking: bool = False) -> str:
    """What was streamed."""
    return "".join(part.text for part in parts if isinstance(part, TextDelta) and part.thinking is thinking)


def retries(parts: Sequence[Part]) -> list[Retrying]:
    """Each asking again."""
    return [part for part in parts if isinstance(part, Retrying)]


def call(name: str, /, **arguments: Any) -> Call:
    """A call in a script."""
    return Call(name, arguments)


def done(summary: str = "It is done.", outcome: str = "done") -> Turn:
    """The turn that ends a session."""
    return Turn(calls=(call("finish", outcome=outcome, summary=summary),))


class InOrder:
    """A script that goes by requests, for turns of which nothing stays in the conversation."""

    def __init__(self, *turns: Turn) -> None:
        self._turns: Iterator[Turn] = iter(turns)
        self._last = turns[-1]

    def __call__(self, _request: dict[str, Any]) -> Turn:
        return next(self._turns, self._last)
