"""A turn of the script as the API's answer: the message, and the events that stream it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from jiter import from_json

from tests.messages_api.binding import prefix_of, seal
from tests.messages_api.cache import CHARS_PER_TOKEN, CacheUse
from tests.messages_api.conversation import canonical, digest, identity, turn_number
from tests.messages_api.models import thinking_shown, thinking_type
from tests.messages_api.script import Call, Turn
from tools.json import Json

PIECES = 4


@dataclass(frozen=True)
class Event:
    """A server-sent event: its name is its data's `type`."""

    data: Json

    @property
    def encoded(self) -> bytes:
        """As it goes over the wire."""
        return f"event: {self.data['type']}\ndata: {json.dumps(self.data)}\n\n".encode()


@dataclass(frozen=True)
class Answer:
    """A message, and the text of the last call's input if that breaks off."""

    message: Json
    broken_input: str | None

    def events(self) -> Iterator[Event]:
        """The message as the API streams it, pings included."""
        return _events(self.message, self.broken_input)


def answer(turn: Turn, body: Json, use: CacheUse) -> Answer:
    """What the API answers to the request when the model's turn is `turn`. Ids follow from the conversation."""
    broken = _broken(turn.calls[-1]) if turn.cut_last_call else None
    content = list(turn.raw_blocks) if turn.raw_blocks is not None else list(_content(turn, body, broken))
    message = {
        "id": f"msg_{_id(body)}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": turn.reason,
        "stop_sequence": None,
        "stop_details": turn.stop_details,
        "usage": _usage(use, turn, content),
    }
    return Answer(message, broken)


def _id(body: Json, *more: int) -> str:
    return digest([identity(body), turn_number(body), *more])[:24]


def _content(turn: Turn, body: Json, broken: str | None) -> Iterator[Json]:
    prefix = prefix_of(body)
    for block in _unsealed(turn, body, broken):
        if block["type"] == "redacted_thinking":
            block["data"] = seal(prefix, "", block["data"])
        if block["type"] == "thinking":
            block["signature"] = seal(prefix, block["thinking"])
        prefix = prefix.then("assistant", block)
        yield block


def _unsealed(turn: Turn, body: Json, broken: str | None) -> Iterator[Json]:
    if turn.redacted_thinking:
        yield {"type": "redacted_thinking", "data": turn.redacted_thinking}
    if turn.think and thinking_type(body) != "disabled":
        yield {"type": "thinking", "thinking": turn.think if thinking_shown(body) else "", "signature": ""}
    if turn.say:
        yield {"type": "text", "text": turn.say}
    if turn.finds:
        yield from _search(f"srvtoolu_{_id(body)}", turn.finds)
    for index, call in enumerate(turn.calls):
        cut = broken is not None and index == len(turn.calls) - 1
        given = from_json(broken.encode(), partial_mode=True) if cut and broken else call.input
        yield {"type": "tool_use", "id": f"toolu_{_id(body, index)}", "name": call.name, "input": given}


def _search(use: str, names: tuple[str, ...]) -> Iterator[Json]:
    """A search of tools, which the API does by itself, and what it finds."""
    found = [{"type": "tool_reference", "tool_name": name} for name in names]
    said = {"type": "tool_search_tool_search_result", "tool_references": found}
    query = {"query": " ".join(names).replace("_", " ")}
    yield {"type": "server_tool_use", "id": use, "name": "tool_search_tool_bm25", "input": query}
    yield {"type": "tool_search_tool_result", "tool_use_id": use, "content": said}


def _broken(call: Call) -> str:
    """The first half of the input's JSON."""
    text = json.dumps(call.input)
    return text[: max(1, len(text) // 2)]


def _usage(use: CacheUse, turn: Turn, content: list[Json]) -> Json:
    thinking = len(turn.think) // CHARS_PER_TOKEN
    said = sum(len(canonical(block)) for block in content if block["type"] not in ("thinking", "redacted_thinking"))
    return {
        "input_tokens": use.rest,
        "cache_creation_input_tokens": sum(use.written.values()),
        "cache_read_input_tokens": use.read,
        "cache_creation": {f"ephemeral_{ttl}_input_tokens": tokens for ttl, tokens in use.written.items()},
        "output_tokens": thinking + max(1, said // CHARS_PER_TOKEN),
        "output_tokens_details": {"thinking_tokens": thinking},
        "service_tier": "standard",
    }


def _events(message: Json, broken: str | None) -> Iterator[Event]:
    yield Event({"type": "message_start", "message": _begun(message)})
    yield Event({"type": "ping"})
    last = len(message["content"]) - 1
    for index, block in enumerate(message["content"]):
        yield from _block_events(index, block, broken if index == last else None)
    yield Event({"type": "ping"})
    yield Event(_message_delta(message))
    yield Event({"type": "message_stop"})


def _begun(message: Json) -> Json:
    usage = {key: count for key, count in message["usage"].items() if key != "output_tokens_details"}
    unknown: Json = {"content": [], "stop_reason": None, "stop_details": None}
    return {**message, **unknown, "usage": {**usage, "output_tokens": 1}}


def _message_delta(message: Json) -> Json:
    delta = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    left_out = ("cache_creation", "service_tier")
    usage = {key: count for key, count in message["usage"].items() if key not in left_out}
    return {"type": "message_delta", "delta": delta, "usage": usage}


def _block_events(index: int, block: Json, broken: str | None) -> Iterator[Event]:
    deltas = list(_deltas(block, broken))
    emptied = {"text": "", "thinking": "", "signature": "", "input": {}}
    start = {key: emptied.get(key, held) if deltas else held for key, held in block.items()}
    yield Event({"type": "content_block_start", "index": index, "content_block": start})
    for delta in deltas:
        yield Event({"type": "content_block_delta", "index": index, "delta": delta})
    yield Event({"type": "content_block_stop", "index": index})


def _deltas(block: Json, broken: str | None) -> Iterator[Json]:
    """The pieces of text, thinking and input; any other block comes whole at its start."""
    match block["type"]:
        case "text":
            yield from ({"type": "text_delta", "text": piece} for piece in _pieces(block["text"]))
        case "thinking":
            yield from ({"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"]))
            yield {"type": "signature_delta", "signature": block.get("signature", "")}
        case "tool_use":
            text = broken if broken is not None else json.dumps(block["input"]) if block["input"] else ""
            for piece in ["", *_pieces(text)]:
                yield {"type": "input_json_delta", "partial_json": piece}


def _pieces(text: str) -> list[str]:
    size = max(1, math.ceil(len(text) / PIECES))
    return [text[start : start + size] for start in range(0, len(text), size)]
