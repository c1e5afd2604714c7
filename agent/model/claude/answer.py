"""The Messages API's answer as a turn of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    """The tokens, under the API's names."""
    return {name: count for name in USAGE if (count := getattr(message.usage, name)) is not None}


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
