"""The models that benchmarks play to Desk: the script of the plain agent, itself or by way of Claude's adapter."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.model.port import Conversation, Model, Part, Text, TextDelta, ToolUse, TurnEnded
from agent.settings import CLAUDE
from tests.baseline import script
from tests.benchmarks.figures import Clock

FINISH = {"outcome": "done", "summary": "It is done."}


@dataclass
class Played:
    """The `Model` that says the script's turns, each with one call of `look`, then ends the session.

    `think_s`: seconds it takes for a turn.
    """

    turns: int
    think_s: float = 0.0
    name: str = "played"

    def stream(self, conversation: Conversation) -> Iterator[Part]:
        """The turn that comes after those of the conversation."""
        if self.think_s:
            time.sleep(self.think_s)
        turn = len(conversation.messages) // 2 + 1
        if turn > self.turns:
            yield TurnEnded((ToolUse(f"call_{turn}", "finish", FINISH),), "tool_use")
            return
        words = script.said(turn)
        yield TextDelta(words)
        yield TurnEnded((Text(words), ToolUse(f"call_{turn}", "look", {"page": turn})), "tool_use")


@dataclass
class Clocked:
    """A model, and when each of its turns was asked for."""

    model: Model
    clock: Clock = field(default_factory=Clock)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.model.name

    def stream(self, conversation: Conversation) -> Iterator[Part]:
        """The model's turn."""
        self.clock.tick()
        return self.model.stream(conversation)


def claude() -> Model:
    """Claude's adapter, pointed at the server that ANTHROPIC_BASE_URL names."""
    from agent.model.claude.model import Claude, Profile

    profile = Profile(
        base_url=os.environ["ANTHROPIC_BASE_URL"],
        api_key=os.environ["ANTHROPIC_API_KEY"],
        model=CLAUDE,
        effort=None,
        max_tokens=8192,
        timeout_s=60.0,
        patience_s=60.0,
        price=None,
    )
    model = Claude(profile, time.sleep)
    model.warm()
    return model
