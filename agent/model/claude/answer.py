"""The Messages API's answer as a turn of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.model.claude.price import HELD
from agent.model.port import USAGE, Block, Opaque, StopReason, Text, ToolUse
from tools.json import Json

if TYPE_CHECKING:
    from anthropic.types import ContentBlock, Message

CUT_OFF = ("max_tokens", "model_context_window_exceeded")


def blocks_of(message: Message) -> tuple[Block, ...]:
    """The turn's blocks, without what was cut off: a call in the middle of its arguments, unsigned thinking."""
    content = list(message.content)
    if message.stop_reason in CUT_OFF and content and content[-1].type == "tool_use":
        content.pop()
    return tuple(_block(block) for block in content if not _unsigned(block))


def usage_of(message: Message) -> Json:
    """The tokens, under the API's names; of those written to the cache, how many are held for an hour."""
    usage: Json = {name: count for name in USAGE if (count := getattr(message.usage, name)) is not None}
    written = message.usage.cache_creation
    return (
        {**usage, HELD: written.ephemeral_1h_input_tokens}
        if written and written.ephemeral_1h_input_tokens
        else usage
    )


def cache_miss_of(message: Message) -> Json | None:
    """Why the cache did not hold what the turn before had left there; None: it did, or nobody knows yet."""
    if message.diagnostics is None or message.diagnostics.cache_miss_reason is None:
        return None
    return message.diagnostics.cache_miss_reason.model_dump(mode="json")


def stop_reason_of(message: Message) -> StopReason:
    """Why it stopped; the API leaves it out only of a message that is not complete."""
    if message.stop_reason is None:
        raise ValueError("the message is not complete")
    return message.stop_reason


def _unsigned(block: ContentBlock) -> bool:
    return block.type == "thinking" and not block.signature


def _block(block: ContentBlock) -> Block:
    if block.type == "text":
        return Text(block.text)
    raw: Json = block.model_dump(mode="json", exclude_unset=True)
    if block.type == "tool_use":
        return ToolUse(block.id, block.name, dict(block.input), raw.get("caller"))
    return Opaque(raw)
