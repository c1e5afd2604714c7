"""What binds a thinking block to the model and the conversation it was produced in ("preserved thinking").

As the API has it: a block is good only behind the same `system`, `tools` and earlier messages. Earlier thinking
blocks are not part of that prefix, but each block records the one before it, so they may be left out from the
front and not from the middle. A block that the model can't read is dropped without an error.
https://platform.claude.com/docs/en/build-with-claude/preserved-thinking
"""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import asdict, dataclass, replace

from tests.messages_api.conversation import THINKING, Placed, bare, blocks, canonical, digest, place
from tests.messages_api.models import MODELS
from tests.messages_api.refusal import Refused
from tools.json import Json

_KEY = b"the server's own"
_TOKEN = {"thinking": "signature", "redacted_thinking": "data"}
_ELSEWHERE = (
    "The block is bound to a different conversation. Remove the block, or set "
    '`thinking.block_binding.prefix_mismatch_behavior` to "drop_block". That setting requires the '
    "`thinking-binding-controls-2026-08-01` value in the `anthropic-beta` header."
)
_CHANGED = {
    "system": "The `system` prompt differs from the one this block was created with.",
    "tools": "The `tools` list differs from the one this block was created with.",
    "messages": "An earlier message differs from the ones this block was created with.",
    "thinking": "An earlier thinking block is missing or out of order.",
}


@dataclass(frozen=True)
class Prefix:
    """What stands before a block: the model, and digests of the rest."""

    model: str
    system: str
    tools: str
    messages: str = ""
    thinking: str = ""

    def then(self, role: str, block: Json) -> Prefix:
        """What stands before the block after `block`."""
        if block["type"] in THINKING:
            return replace(self, thinking=digest(block[_TOKEN[block["type"]]]))
        return replace(self, messages=digest([self.messages, role, bare(block)]))


def opening(body: Json) -> Prefix:
    """What stands before the first message."""
    tools = [bare(tool) for tool in body.get("tools", []) if not tool.get("defer_loading")]
    return Prefix(body["model"], digest([bare(block) for block in blocks(body.get("system"))]), digest(tools))


def prefix_of(body: Json) -> Prefix:
    """What stands before the answer."""
    prefix = opening(body)
    for placed in place(body["messages"]):
        prefix = prefix.then(placed.role, placed.block)
    return prefix


def seal(prefix: Prefix, shown: str, hidden: str = "") -> str:
    """A signature for thinking that shows as `shown`, or the data of a redacted block that holds `hidden`."""
    held = {**asdict(prefix), "hidden": hidden}
    return base64.b64encode(canonical([held, _mac(held, shown)]).encode()).decode()


def _mac(held: Json, shown: str) -> str:
    return hmac.new(_KEY, canonical([held, shown]).encode(), "sha256").hexdigest()


def check_thinking(body: Json) -> None:
    """Raises `Refused` for the first thinking block that was changed, or whose prefix was."""
    prefix, first = opening(body), True
    for placed in place(body["messages"]):
        if placed.block["type"] in THINKING:
            _check(placed, replace(prefix, thinking="any") if first else prefix)
            first = False
        prefix = prefix.then(placed.role, placed.block)


def is_dropped(block: Json, model: str) -> bool:
    """Whether the model can't read the thinking block."""
    held = _opened(block)
    return held is not None and held["model"] not in MODELS[model].reads


def _check(placed: Placed, prefix: Prefix) -> None:
    kind = placed.block["type"]
    complaint = f"{placed.path}: Invalid `{_TOKEN[kind]}` in `{kind}` block"
    held = _opened(placed.block)
    if held is None:
        raise Refused(complaint)
    if is_dropped(placed.block, prefix.model):
        return
    for part, sentence in _CHANGED.items():
        if getattr(prefix, part) not in (held[part], "any"):
            raise Refused(f"{complaint}. {_ELSEWHERE} {sentence}")


def _opened(block: Json) -> Json | None:
    """What the block's signature holds; None if it is not the server's, or the block was changed."""
    try:
        held, mac = json.loads(base64.b64decode(block[_TOKEN[block["type"]]], validate=True))
    except ValueError:
        return None
    genuine = isinstance(held, dict) and mac == _mac(held, block.get("thinking", ""))
    return held if genuine else None
