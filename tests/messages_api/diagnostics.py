"""Why a request could not go on where the one before it was cached: what of it is another.

https://platform.claude.com/docs/en/build-with-claude/cache-diagnostics
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.messages_api.cache import CHARS_PER_TOKEN
from tests.messages_api.conversation import bare, blocks, canonical, digest
from tools.json import Json


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of a request: digests, and no content."""

    model: str
    system: str
    tools: str
    messages: tuple[str, ...]
    tokens: int

    @classmethod
    def of(cls, body: Json) -> Fingerprint:
        """The fingerprint of a request."""
        messages = [[each["role"], [bare(block) for block in blocks(each["content"])]] for each in body["messages"]]
        return cls(
            body["model"],
            digest([bare(block) for block in blocks(body.get("system"))]),
            digest([bare(tool) for tool in body.get("tools", [])]),
            tuple(map(digest, messages)),
            len(canonical(messages)) // CHARS_PER_TOKEN,
        )

    def changed(self, after: Fingerprint) -> str:
        """The first part of `after` that is not as it was; empty: messages were only added."""
        for part in ("model", "system", "tools"):
            if getattr(self, part) != getattr(after, part):
                return part
        return "" if after.messages[: len(self.messages)] == self.messages else "messages"


class Fingerprints:
    """Those of the requests that asked for it, by the id of their answer."""

    def __init__(self) -> None:
        self._kept: dict[str, Fingerprint] = {}

    def compare(self, body: Json, answer_id: str) -> Json | None:
        """The answer's `diagnostics`."""
        if not body.get("diagnostics"):
            return None
        before, after = body["diagnostics"].get("previous_message_id"), Fingerprint.of(body)
        self._kept[answer_id] = after
        if before is None:
            return None
        if before not in self._kept:
            return {"cache_miss_reason": {"type": "previous_message_not_found"}}
        changed = self._kept[before].changed(after)
        missed = {"type": f"{changed}_changed", "cache_missed_input_tokens": self._kept[before].tokens}
        return {"cache_miss_reason": missed} if changed else None
