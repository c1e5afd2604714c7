"""A conversation as a request of the Messages API.

Only ever appended to: system prompt, tools and every message stay byte for byte what they were, for the cache
and because a thinking block is bound to all that stands before it.
Source: https://platform.claude.com/docs/en/build-with-claude/preserved-thinking
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from agent.model.claude.schema import tools_of
from agent.model.port import (
    AnswersMessage,
    AssistantMessage,
    Block,
    Context,
    Conversation,
    Message,
    Opaque,
    Text,
    ToolAnswer,
)
from agent.model.prompts import system_prompt
from tools.json import Json

THINKING = ("thinking", "redacted_thinking")
DIAGNOSTICS = "diagnostics"
CACHED: Json = {"type": "ephemeral"}
HELD: Json = {**CACHED, "ttl": "1h"}
"""For a session that waits for people: an approval takes longer than the five minutes of the other."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: the body's conversation part, and the SHA-256 of it."""

    body: Json
    digest: str


def request_of(model: str, conversation: Conversation) -> Request:
    """The request that asks for the next turn."""
    system, tools = system_prompt(), tools_of(conversation.tools)
    digest = hashlib.sha256(_canonical([model, system, tools]))
    messages: list[Json] = []
    hashed = 0
    for message in (_opening(conversation), *conversation.messages):
        if isinstance(message, AssistantMessage):
            for sent in messages[hashed:]:
                digest.update(_canonical(sent))
            hashed = len(messages)
        _add(messages, message if isinstance(message, dict) else _rendered(message, digest.hexdigest()))
    for sent in messages[hashed:]:
        digest.update(_canonical(sent))
    mark = HELD if conversation.asks else CACHED
    body: Json = {
        "model": model,
        "system": [{"type": "text", "text": system, "cache_control": mark}],
        "tools": tools,
        "messages": _with_breakpoints(messages, mark),
        **_compared(conversation),
    }
    return Request(body, digest.hexdigest())


def without_diagnostics(request: Request) -> Request:
    """The same request for an API that does not know the field."""
    return Request({name: each for name, each in request.body.items() if name != DIAGNOSTICS}, request.digest)


def _compared(conversation: Conversation) -> Json:
    """The API compares the request with that of the turn before, if it has kept it: why the cache did not hold.

    Source: https://platform.claude.com/docs/en/build-with-claude/cache-diagnostics
    """
    said = [message for message in conversation.messages if isinstance(message, AssistantMessage)]
    if said and not said[-1].id:
        return {}
    return {DIAGNOSTICS: {"previous_message_id": said[-1].id if said else None}}


def as_data(source: str, text: str) -> str:
    """Text from a file or the cluster, marked as data; it cannot end its own mark."""
    inside = text.replace("</data", "<\\/data")
    return f'<data source="{source}">\n{inside}\n</data>'


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _opening(conversation: Conversation) -> Json:
    context = conversation.context
    return _message("user", [_text(_surroundings(context)), _text(f"Task: {conversation.task}")])


def _surroundings(context: Context) -> str:
    where = [f"Namespace of this session: {context.namespace}."]
    if context.namespaces:
        where.append(f"Namespaces of the cluster: {', '.join(context.namespaces)}.")
    documents = [as_data(title, text) for title, text in context.documents if text.strip()]
    return "\n\n".join([" ".join(where), *documents])


def _rendered(message: Message, before: str) -> Json:
    """A message as it is sent; `before` is the digest of all that stands before it."""
    match message:
        case AssistantMessage(blocks, request):
            return _message("assistant", list(_sent_back(blocks, bound=request == before)))
        case AnswersMessage(answers, note):
            return _message("user", [*map(_answer, answers), *([_text(note)] if note else [])])


def _sent_back(blocks: tuple[Block, ...], *, bound: bool) -> Iterator[Json]:
    """A turn's blocks. Thinking goes back as it came, or, where what stands before it has changed, not at all."""
    for block in blocks:
        match block:
            case Text(text):
                if text.strip():
                    yield block.to_json()
            case Opaque(raw):
                if raw["type"] not in (*THINKING, "thinking_withheld") or (bound and raw["type"] in THINKING):
                    yield raw
            case _:
                yield block.to_json()


def _answer(answer: ToolAnswer) -> Json:
    own_words = answer.error in ("arguments", "denied")
    content = answer.text if own_words else as_data(answer.tool, answer.text)
    result: Json = {"type": "tool_result", "tool_use_id": answer.tool_use_id, "content": content}
    return result if answer.ok else {**result, "is_error": True}


def _add(messages: list[Json], message: Json) -> None:
    """Append a message; an empty one is none, and two of one role are one."""
    if not message["content"]:
        return
    if messages and messages[-1]["role"] == message["role"]:
        messages[-1] = _message(message["role"], [*messages[-1]["content"], *message["content"]])
    else:
        messages.append(message)


def _with_breakpoints(messages: list[Json], mark: Json) -> list[Json]:
    """Cache up to the opening, to the answers before the last turn, and to the end: the three that are read again.

    With the system prompt's they are the four that a request may have. The middle one is for turns of many
    calls: a breakpoint finds what was cached at most 20 blocks before it.
    Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
    """
    users = [index for index, message in enumerate(messages) if message["role"] == "user"]
    marked = {users[0], *users[-2:]}
    return [_marked(message, mark) if index in marked else message for index, message in enumerate(messages)]


def _marked(message: Json, mark: Json) -> Json:
    *before, last = message["content"]
    return _message(message["role"], [*before, {**last, "cache_control": mark}])


def _message(role: str, content: list[Json]) -> Json:
    return {"role": role, "content": content}


def _text(text: str) -> Json:
    return {"type": "text", "text": text}
