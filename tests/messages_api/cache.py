"""The prompt cache: what a request reads, what it writes, and what is neither.

Prefixes go by `tools`, `system`, `messages`; a deferred tool stands where a search has found it. A mark writes
one entry, the prefix that ends at its block. A read finds the longest entry at a mark, or up to 20 positions back
with the mark as the first; a run of `tool_use` or of `tool_result` blocks is one position.
https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.messages_api.binding import is_dropped
from tests.messages_api.conversation import THINKING, bare, blocks, canonical, digest, place, referenced
from tests.messages_api.models import effort, thinking_type
from tools.json import Json

CHARS_PER_TOKEN = 4
LOOK_BACK = 20

_RUNS = ("tool_use", "tool_result")


@dataclass(frozen=True)
class Piece:
    """A block of the prompt: digest and length of the prefix that it ends, and the `ttl` of its mark."""

    kind: str
    digest: str
    tokens: int
    ttl: str | None


@dataclass(frozen=True)
class CacheUse:
    """Input tokens: read from the cache, written to it by `ttl`, and the rest."""

    read: int
    written: dict[str, int]
    rest: int

    @property
    def tokens(self) -> int:
        """All that the model reads."""
        return self.read + sum(self.written.values()) + self.rest


class PromptCache:
    """The entries that earlier requests wrote. Entries do not expire."""

    def __init__(self, min_tokens: int) -> None:
        self._min_tokens = min_tokens
        self._entries: set[str] = set()

    def use(self, body: Json) -> CacheUse:
        """Reads and writes as the request's marks say."""
        pieces = list(_pieces(body))
        marked = [index for index, piece in enumerate(pieces) if piece.ttl and piece.tokens >= self._min_tokens]
        hit = max((self._longest_entry(pieces, index) for index in marked), default=-1)
        read = pieces[hit].tokens if hit >= 0 else 0
        written, upto = {"5m": 0, "1h": 0}, read
        for index in marked:
            self._entries.add(pieces[index].digest)
            written[pieces[index].ttl or "5m"] += max(0, pieces[index].tokens - upto)
            upto = max(upto, pieces[index].tokens)
        return CacheUse(read, written, pieces[-1].tokens - upto)

    def _longest_entry(self, pieces: list[Piece], mark: int) -> int:
        """The index of the piece that ends the entry; -1 if there is none."""
        positions, after = 0, ""
        for index in range(mark, -1, -1):
            kind = pieces[index].kind
            positions += not (kind in _RUNS and kind == after)
            after = kind
            if positions > LOOK_BACK:
                break
            if pieces[index].digest in self._entries:
                return index
        return -1


def _pieces(body: Json) -> Iterator[Piece]:
    """The prompt in order. Thinking, effort and tool choice count as what stands before the messages."""
    settings = [thinking_type(body), effort(body), body.get("tool_choice") or {"type": "auto"}]
    prompt = list(_prompt(body))
    ttls = _ttls(body, [block for _, block in prompt])
    before, chars = digest(body["model"]), 0
    for (part, block), ttl in zip(prompt, ttls, strict=True):
        kept = bare(block)
        before = digest([before, part, kept, None if part in ("tools", "system") else settings])
        chars += len(canonical(kept))
        yield Piece(block.get("type", ""), before, chars // CHARS_PER_TOKEN, ttl)


def _prompt(body: Json) -> Iterator[tuple[str, Json]]:
    """Each block the model sees, and the part it belongs to: `tools`, `system` or a role."""
    tools = {tool["name"]: tool for tool in body.get("tools", [])}
    for tool in tools.values():
        if not tool.get("defer_loading"):
            yield "tools", tool
    for block in blocks(body.get("system")):
        yield "system", block
    for placed in place(body["messages"]):
        if not (placed.block["type"] in THINKING and is_dropped(placed.block, body["model"])):
            yield placed.role, placed.block
        for name in referenced(placed.block):
            yield placed.role, tools[name]


def _ttls(body: Json, prompt: list[Json]) -> list[str | None]:
    """The `ttl` of each block's mark; the request's own mark stands at the last block that can have one."""
    ttls = [_ttl(block) for block in prompt]
    automatic = body.get("cache_control")
    if automatic:
        last = max(index for index, block in enumerate(prompt) if block.get("type") not in THINKING)
        ttls[last] = ttls[last] or automatic.get("ttl") or "5m"
    return ttls


def _ttl(block: Json) -> str | None:
    inner = blocks(block.get("content")) if block.get("type") == "tool_result" else []
    marks = [mark for mark in (part.get("cache_control") for part in (*inner, block)) if mark]
    return (marks[-1].get("ttl") or "5m") if marks else None
