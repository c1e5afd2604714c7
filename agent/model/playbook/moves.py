"""What a play is made of: moves, each a call with what is said before it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from agent.model.port import ToolAnswer
from tools.json import Json


@dataclass(frozen=True, slots=True)
class Move:
    """Say something, then call a tool."""

    tool: str
    arguments: Json = field(default_factory=dict)
    say: str = ""


Play = Generator[Move, ToolAnswer, None]
Told = Generator[Move, ToolAnswer, tuple[bool, str]]
"""A part of a play: it ends with whether it came off, and what is to be told of it."""
