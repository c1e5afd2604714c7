"""A request's messages as one row of blocks, in the form in which the API compares them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from tools.json import Json

THINKING = ("thinking", "redacted_thinking")


@dataclass(frozen=True)
class Placed:
    """A content block and where it stands, e.g. `messages.2.content.0`."""

    role: str
    message: int
    path: str
    block: Json


def blocks(content: str | list[Json] | None) -> list[Json]:
    """A string is short for one text block (MessageParam.content, system, tool_result.content)."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return list(content or [])


def place(messages: list[Json]) -> list[Placed]:
    """Every block of the messages, in order."""
    placed = []
    for number, message in enumerate(messages):
        for index, block in enumerate(blocks(message["content"])):
            path = f"messages.{number}.content"
            path = path if isinstance(message["content"], str) else f"{path}.{index}"
            placed.append(Placed(message["role"], number, path, block))
    return placed


def turns(placed: list[Placed]) -> Iterator[tuple[str, list[Placed]]]:
    """The blocks by turn: the API combines consecutive messages of one role."""
    for role, group in groupby(placed, key=lambda one: one.role):
        yield role, list(group)


def bare(block: Json) -> Json:
    """The block without what is no content: cache markers, nulls, and the shorthand of a string."""
    kept = {key: value for key, value in block.items() if key != "cache_control" and value is not None}
    if kept.get("caller") == {"type": "direct"}:
        del kept["caller"]
    if kept.get("type") == "tool_result":
        kept["content"] = [bare(part) for part in blocks(kept.get("content"))]
    return kept


def referenced(block: Json) -> list[str]:
    """The tools that a search of tools has found."""
    if block["type"] != "tool_search_tool_result":
        return []
    return [reference["tool_name"] for reference in block["content"].get("tool_references", ())]


def canonical(value: object) -> str:
    """JSON with one spelling a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: object) -> str:
    """40 hexadecimal digits that stand for a JSON value."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:40]


def identity(body: Json) -> str:
    """What tells one conversation from another: its first message."""
    return digest([bare(block) for block in blocks(body["messages"][0]["content"])])


def turn_number(body: Json) -> int:
    """How many answers the conversation has; a paused one that is sent back is a message of its own."""
    return sum(message["role"] == "assistant" for message in body["messages"])
