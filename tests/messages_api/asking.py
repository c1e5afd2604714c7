"""How the tests of the server ask it: with the real SDK, without retries."""

from __future__ import annotations

from typing import Any, cast

from anthropic import Anthropic, DefaultHttpxClient
from anthropic.types import Message

from tests.messages_api.server import MessagesServer
from tools.json import Json

SONNET = "claude-sonnet-5-5"
OPUS = "claude-opus-5-5"
HAIKU = "claude-haiku-5-5"
SUMMARIZED = {"type": "adaptive", "display": "summarized"}
SCHEMA: Json = {
    "type": "object",
    "properties": {"path": {"type": "string"}},
    "required": ["path"],
    "additionalProperties": False,
}
LOOK: Json = {"name": "look", "description": "Looks.", "input_schema": SCHEMA, "strict": True}


def client_of(server: MessagesServer, **settings: Any) -> Anthropic:
    """The SDK's client, pointed at the server."""
    plain = DefaultHttpxClient(verify=False, timeout=settings.get("timeout", 10))  # no TLS here: none is set up
    return Anthropic(**{"base_url": server.url, "api_key": "k", "max_retries": 0, "http_client": plain, **settings})


def body_of(*messages: Json | str, **more: Any) -> Json:
    """A request body; a string is a user's message. A field of `more` that is None is left out."""
    spelled = [{"role": "user", "content": one} if isinstance(one, str) else one for one in messages]
    body = {
        "model": SONNET,
        "max_tokens": 1000,
        "messages": spelled,
        "tools": [LOOK],
        "thinking": SUMMARIZED,
        **more,
    }
    return {name: held for name, held in body.items() if held is not None}


def ask(client: Anthropic, body: Json, *, stream: bool = True) -> Message:
    """The answer, streamed or whole."""
    if not stream:
        return client.messages.create(**body)
    with client.messages.stream(**body) as events:
        return events.get_final_message()


def send(client: Anthropic, body: Json) -> Json:
    """The answer to a body that the SDK's methods would not let one send."""
    return cast(Json, client.post("/v1/messages", cast_to=object, body=body))


def said(message: Message) -> Json:
    """The answer as it goes back into the conversation."""
    content = [block.to_dict(exclude_unset=True) for block in message.content]
    return {"role": "assistant", "content": content}


def results(message: Message, content: str = "It is there.") -> Json:
    """A result for each call of the answer."""
    calls = [block.id for block in message.content if block.type == "tool_use"]
    return {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": call, "content": content} for call in calls],
    }
