"""The models that benchmarks play to Desk: the same script as the plain agent's, and a clock of its turns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.model.port import Conversation, Text, TextDelta, ToolUse, TurnEnded
from tests.baseline import script


@dataclass
class Played:
    """The `Model` that says the script's turns, each with one call of `look`, then ends the session.

    `think_s`: seconds it takes for a turn. `asked_at`: when each turn was asked for, in seconds of
    `time.monotonic`, which all processes of a machine share.
    """

    turns: int
    think_s: float = 0.0
    asked_at: list[float] = field(default_factory=list)
    name: str = "played"

    def stream(self, conversation: Conversation) -> Iterator[TextDelta | TurnEnded]:
        """The turn that comes after those of the conversation, all of which it was given."""
        self.asked_at.append(time.monotonic())
        if self.think_s:
            time.sleep(self.think_s)
        turn = len(conversation.messages) // 2 + 1
        if turn > self.turns:
            call = ToolUse(f"call_{turn}", "finish", {"outcome": "done", "summary": "It is done."})
            yield TurnEnded((call,), "tool_use")
            return
        words = script.said(turn)
        yield TextDelta(words)
        yield TurnEnded((Text(words), ToolUse(f"call_{turn}", "look", {"page": turn})), "tool_use")
