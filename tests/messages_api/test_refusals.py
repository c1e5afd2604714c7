"""What the API would refuse, the server refuses, with the API's status and the place in the request."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import anthropic
import pytest

from tests.messages_api.asking import HAIKU, LOOK, OPUS, SCHEMA, body_of, client_of, send
from tests.messages_api.script import Turn
from tests.messages_api.server import MAX_BODY_BYTES, MessagesServer
from tools.json import Json

MARK = {"type": "ephemeral"}


@pytest.fixture(scope="module")
def server() -> Iterator[MessagesServer]:
    with MessagesServer([Turn(say="Yes.")] * 5) as running:
        yield running


def text(words: str = "hi", **more: Any) -> Json:
    return {"type": "text", "text": words, **more}


def user(*content: Json) -> Json:
    return {"role": "user", "content": list(content)}


def assistant(*content: Json) -> Json:
    return {"role": "assistant", "content": list(content)}


def use(call: str = "toolu_1", **more: Any) -> Json:
    return {"type": "tool_use", "id": call, "name": "look", "input": {}, **more}


def result(call: str = "toolu_1", **more: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": call, "content": "x", **more}


def tool(name: str = "look", strict: bool = True, **schema: Any) -> Json:
    return {"name": name, "input_schema": {**SCHEMA, **schema}, "strict": strict}


def holding(**schema: Any) -> Json:
    """A strict tool with one parameter of the schema."""
    return tool(properties={"a": schema}, required=["a"])


def optional(count: int) -> Json:
    return tool(properties={f"p{number}": {"type": "string"} for number in range(count)}, required=[])


def unions(count: int) -> Json:
    names = [f"p{number}" for number in range(count)]
    kinds = [{"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}]
    return tool(properties={name: kinds[number % 2] for number, name in enumerate(names)}, required=names)


def defined(**schemas: Json) -> Json:
    return {"$defs": schemas}


SYSTEM = {"role": "system", "content": "x"}
NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "additionalProperties": False}
SERVER_TOOL = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}

TAKEN: dict[str, Json] = {
    "the most cache marks": body_of(user(*[text(cache_control=MARK)] * 4)),
    "results first, then text": body_of("a", assistant(use()), user(result(), text())),
    "results in two messages": body_of("a", assistant(use(), use("b")), user(result()), user(result("b"))),
    "a result without content": body_of(
        "a", assistant(use()), user({"type": "tool_result", "tool_use_id": "toolu_1"})
    ),
    "text beside a call": body_of("a", assistant(text(), use()), user(result(is_error=True))),
    "bounds in a tool that is not strict": body_of("a", tools=[tool(strict=False, maxProperties=1)]),
    "a reference": body_of("a", tools=[tool(properties={"a": {"$ref": "#/$defs/b"}}, **defined(b=SCHEMA))]),
    "a pattern": body_of("a", tools=[holding(type="string", pattern="^[a-z]+(x|y)?$")]),
    "as many optional parameters": body_of("a", tools=[optional(24)]),
    "as many unions": body_of("a", tools=[unions(16)]),
    "as many strict tools": body_of("a", tools=[tool(f"t{number}") for number in range(20)]),
    "a server's tool": body_of("a", tools=[{"type": "web_search_20260318", "name": "web_search"}]),
    "no tool to be used": body_of("a", tool_choice={"type": "none"}),
    "a forced tool without thinking": body_of(
        "a", model=HAIKU, thinking={"type": "disabled"}, tool_choice={"type": "any"}
    ),
    "the highest effort": body_of("a", output_config={"effort": "max"}),
    "an output format": body_of("a", output_config={"format": {"type": "json_schema", "schema": SCHEMA}}),
    "nulls": body_of("a", cache_control=None, metadata={"user_id": None}, system=[text(citations=None)]),
}

REFUSED: dict[str, tuple[Json, str]] = {
    # fields
    "unknown field": (body_of("a", colour="red"), "colour: Extra inputs are not permitted"),
    "unknown in a message": (body_of({**user(text()), "name": "Kim"}), "messages.0.name: Extra inputs"),
    "unknown in text": (body_of(user(text(id="x"))), "messages.0.content.0.text.id: Extra inputs"),
    "unknown in a call": (
        body_of("a", assistant(use(index=0))),
        "messages.1.content.0.tool_use.index: Extra inputs",
    ),
    "unknown in a result": (
        body_of("a", assistant(use()), user(result(name="look"))),
        "messages.2.content.0.tool_result.name: Extra inputs",
    ),
    "a mark on thinking": (
        body_of("a", assistant({"type": "thinking", "thinking": "", "signature": "", "cache_control": MARK})),
        "messages.1.content.0.thinking.cache_control: Extra inputs",
    ),
    "unknown in a mark": (
        body_of(user(text(cache_control={**MARK, "scope": "x"}))),
        "messages.0.content.0.text.cache_control.scope: Extra inputs",
    ),
    "unknown in a tool": (
        body_of("a", tools=[{**LOOK, "parameters": {}}]),
        "tools.0.custom.parameters: Extra inputs",
    ),
    "unknown in thinking": (
        body_of("a", thinking={"type": "adaptive", "budget_tokens": 1024}),
        "thinking.adaptive.budget_tokens: Extra inputs",
    ),
    "a beta field": (
        body_of("a", thinking={"type": "adaptive", "block_binding": {}}),
        "thinking.adaptive.block_binding: Extra inputs",
    ),
    "unknown in output_config": (
        body_of("a", output_config={"verbosity": 1}),
        "output_config.verbosity: Extra inputs",
    ),
    "unknown block": (body_of(user({"type": "video"})), "messages.0.content.0: Input tag 'video' found"),
    "block without type": (body_of(user({"text": "x"})), "messages.0.content.0.type: Field required"),
    "a missing field": (body_of(user({"type": "text"})), "messages.0.content.0.text.text: Field required"),
    "no content": (body_of({"role": "user"}), "messages.0.content: Field required"),
    "content that is none": (body_of({"role": "user", "content": {}}), "messages.0.content: Input should be"),
    "input that is no object": (
        body_of("a", assistant(use(input="{}"))),
        "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
    ),
    "text that is no string": (body_of(user(text(5))), "messages.0.content.0.text.text: Input should be a valid"),  # type: ignore[arg-type]
    "messages that are no list": ({**body_of("a"), "messages": "a"}, "messages: Input should be a valid list"),
    # settings
    "temperature": (body_of("a", temperature=0), "`temperature` is deprecated for this model"),
    "top_p": (body_of("a", top_p=0.5), "`top_p` is deprecated"),
    "top_k": (body_of("a", top_k=5), "`top_k` is deprecated"),
    "no max_tokens": (body_of("a", max_tokens=None), "max_tokens: Field required"),
    "max_tokens 0": (body_of("a", max_tokens=0), "max_tokens: Input should be greater than or equal to 1"),
    "max_tokens too many": (body_of("a", max_tokens=128_001), "max_tokens: 128001 > 128000, which is the maximum"),
    "no model": (body_of("a", model=None), "model: Field required"),
    "unknown effort": (
        body_of("a", output_config={"effort": "extreme"}),
        "output_config.effort: Input should be 'low'",
    ),
    "manual thinking": (
        body_of("a", thinking={"type": "enabled", "budget_tokens": 1024}),
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive"',
    ),
    "thinking off on Opus": (
        body_of("a", model=OPUS, thinking={"type": "disabled"}),
        '"thinking.type.disabled" is not supported for this model',
    ),
    "thinking off on Sonnet": (
        body_of("a", thinking={"type": "disabled"}),
        'thinking: To turn thinking off on this model, send "thinking": {"type": "between_tools"}',
    ),
    "between_tools on Opus": (
        body_of("a", model=OPUS, thinking={"type": "between_tools"}),
        '"thinking.type.between_tools" is not supported for this model',
    ),
    "between_tools with high effort": (
        body_of("a", thinking={"type": "between_tools"}, output_config={"effort": "xhigh"}),
        "output_config.effort 'xhigh' is not supported when thinking is disabled",
    ),
    "forced tools": (body_of("a", tool_choice={"type": "any"}), 'tool_choice: type "tool" and "any" are not'),
    "a forced tool": (body_of("a", tool_choice={"type": "tool", "name": "look"}), 'tool_choice: type "tool" and'),
    "a forced tool with thinking": (
        body_of("a", model=HAIKU, tool_choice={"type": "any"}),
        "tool_choice: Thinking may not be enabled when tool_choice forces tool use",
    ),
    "tool_choice without tools": (
        body_of("a", tools=None, tool_choice={"type": "auto"}),
        "tool_choice: tool_choice may",
    ),
    # tools
    "a tool's name": (body_of("a", tools=[tool("look.at")]), "tools.0.custom.name: String should match pattern"),
    "a long name": (body_of("a", tools=[LOOK, tool("x" * 129)]), "tools.1.custom.name: String should match"),
    "a name twice": (body_of("a", tools=[LOOK, LOOK]), "tools: Tool names must be unique"),
    "input that is no object's": (
        body_of("a", tools=[tool(type="array")]),
        "tools.0.custom.input_schema.type: Input should be 'object'",
    ),
    "alternatives at the top": (
        body_of("a", tools=[tool(strict=False, anyOf=[])]),
        "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level",
    ),
    "a schema that is none": (
        body_of("a", tools=[tool(strict=False, properties={"a": {"type": "text"}})]),
        "tools.0.custom.input_schema: JSON schema is invalid",
    ),
    # strict tools
    "an open object": (
        body_of("a", tools=[LOOK, {**tool("b"), "input_schema": {"type": "object"}}]),
        "tools.1.custom: For 'object' type, 'additionalProperties' must be explicitly set to false",
    ),
    "an open object within": (
        body_of("a", tools=[holding(type="array", items={"type": "object"})]),
        "tools.0.custom: For 'object' type, 'additionalProperties'",
    ),
    "two bounds": (
        body_of("a", tools=[holding(type="integer", minimum=1, maximum=2)]),
        "tools.0.custom: For 'integer' type, properties minimum, maximum are not supported",
    ),
    "minItems": (
        body_of("a", tools=[holding(type="array", minItems=2)]),
        "tools.0.custom: For 'array' type, 'minItems'",
    ),
    "minProperties": (
        body_of("a", tools=[tool(minProperties=1)]),
        "tools.0.custom: For 'object' type, property 'minP",
    ),
    "a circle": (
        body_of("a", tools=[tool(properties={"a": {"$ref": "#/$defs/node"}}, **defined(node=NODE))]),
        "tools.0.custom: Recursive schemas are not supported",
    ),
    "a reference outside": (
        body_of("a", tools=[holding(**{"$ref": "http://example.com/x"})]),
        "tools.0.custom: External $ref",
    ),
    "a reference to nothing": (
        body_of("a", tools=[holding(**{"$ref": "#/$defs/x"})]),
        "tools.0.custom: $ref '#/$defs/x'",
    ),
    "a complex enum": (
        body_of("a", tools=[holding(enum=[{"a": 1}])]),
        "tools.0.custom: Complex types are not supported",
    ),
    "an enum with two types": (
        body_of("a", tools=[holding(type=["string", "null"], enum=["x", None])]),
        "tools.0.custom: Invalid schema: Enum value 'x' does not match declared type '['string', 'null']'",
    ),
    "too many strict tools": (
        body_of("a", tools=[tool(f"t{n}") for n in range(21)]),
        "tools: Too many strict tools (21)",
    ),
    "too many optional": (body_of("a", tools=[optional(25)]), "Schemas contains too many optional parameters (25)"),
    "too many unions": (
        body_of("a", tools=[unions(17)]),
        "Schemas contains too many parameters with union types (17",
    ),
    "an open output format": (
        body_of("a", output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}}),
        "output_config.format.schema: For 'object' type, 'additionalProperties'",
    ),
    # messages
    "no messages": (body_of(), "messages: at least one message is required"),
    "assistant first": (body_of(assistant(text()), "a"), 'messages: first message must use the "user" role'),
    "prefill": (
        body_of("a", assistant(text())),
        "messages.1: This model does not support assistant message prefill",
    ),
    "unknown role": (body_of({"role": "tool", "content": "x"}), "messages.0: Input tag 'tool' found using 'role'"),
    "empty string": (body_of(""), "messages.0: all messages must have non-empty content"),
    "empty content": (body_of("a", assistant(), "b"), "messages.1: all messages must have non-empty content"),
    "empty text": (body_of(user(text(""))), "messages.0.content.0: text content blocks must be non-empty"),
    "blank text": (
        body_of("a", assistant(text(), text(" \n")), "b"),
        "messages.1.content.1: text content blocks must contain non-whitespace text",
    ),
    "blank system": (body_of("a", system=[text(" ")]), "system.0: text content blocks must contain"),
    "empty text in a result": (
        body_of("a", assistant(use()), user(result(content=[text("")]))),
        "messages.2.content.0.tool_result.content.0: text content blocks must be non-empty",
    ),
    "a result of nothing": (
        body_of("a", assistant(text()), user(result())),
        "messages.2.content.0: unexpected `tool_use_id`",
    ),
    "a result that comes late": (
        body_of("a", assistant(use()), user(result()), assistant(text()), user(result())),
        "messages.4.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1",
    ),
    "a result twice": (
        body_of("a", assistant(use()), user(result(), result())),
        "messages.2.content.1: each tool_use must have a single result",
    ),
    "a call without result": (
        body_of("a", assistant(use(), use("toolu_2")), user(result())),
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_2",
    ),
    "text before results": (
        body_of("a", assistant(use()), user(text(), result())),
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1",
    ),
    "an id twice": (
        body_of("a", assistant(use()), user(result()), assistant(use()), user(result())),
        "messages.3.content.0: `tool_use` ids must be unique",
    ),
    "an id with a dot": (
        body_of("a", assistant(use("a.b")), user(result("a.b"))),
        "messages.1.content.0.tool_use.id: String",
    ),
    "a call's name": (
        body_of("a", assistant(use(name="a b")), user(result())),
        "messages.1.content.0.tool_use.name: String",
    ),
    "a call by the user": (
        body_of(user(use())),
        "messages.0.content.0: `tool_use` blocks can only be in `assistant`",
    ),
    "a result by the assistant": (
        body_of("a", assistant(result()), "b"),
        "messages.1.content.0: `tool_result` blocks can",
    ),
    "system first": (body_of(SYSTEM, "a"), "messages: first message must use"),
    "system before a user": (
        body_of("a", SYSTEM, "b"),
        "messages.1: `system` messages must follow a `user` message",
    ),
    "system after the assistant": (
        body_of("a", assistant(text()), SYSTEM, "b"),
        "messages.2: `system` messages must",
    ),
    "system between call and result": (
        body_of("a", assistant(use()), SYSTEM, user(result())),
        "messages.1: `tool_use` ids were found without",
    ),
    # cache marks
    "five marks": (
        body_of(user(*[text(cache_control=MARK)] * 4), system=[text(cache_control=MARK)]),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
    "four marks and an automatic one": (
        body_of(user(*[text(cache_control=MARK)] * 4, text()), cache_control=MARK),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
    "a mark within a result": (
        body_of("a", assistant(use()), user(result(content=[text(cache_control=MARK)] * 5))),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
    "a long mark after a short one": (
        body_of(user(text(cache_control={**MARK, "ttl": "1h"})), system=[text(cache_control=MARK)]),
        "messages.0.content.0.cache_control.ttl: a ttl='1h' cache_control block must not come after",
    ),
    "an automatic mark of another ttl": (
        body_of(user(text(cache_control=MARK)), cache_control={**MARK, "ttl": "1h"}),
        "cache_control: the last block has a cache_control with a different ttl",
    ),
}

BOUNDS = {
    "integer": ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
    "number": ["minimum", "multipleOf"],
    "string": ["minLength", "maxLength"],
    "array": ["maxItems"],
}


@pytest.mark.parametrize("body", TAKEN.values(), ids=TAKEN)
def test_taken(server: MessagesServer, body: Json) -> None:
    assert send(client_of(server), body)["content"][0]["type"] == "text"


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(server: MessagesServer, body: Json, message: str) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        send(client_of(server), body)
    assert caught.value.type == "invalid_request_error"
    assert str(caught.value.api_message).startswith(message)
    assert server.refused[-1] == caught.value.api_message


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in BOUNDS.items() for name in names])
def test_bounds_of_strict_tools_are_refused(server: MessagesServer, kind: str, name: str) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        send(client_of(server), body_of("a", tools=[holding(**{"type": kind, name: 1})]))
    assert caught.value.api_message == f"tools.0.custom: For '{kind}' type, property '{name}' is not supported"


@pytest.mark.parametrize("pattern", ["(?=x)", "(?!x)", "(?<=x)", r"(a)\1", r"\bx", r"x\B"])
def test_patterns_of_strict_tools_that_are_too_much(server: MessagesServer, pattern: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match=r"tools\.0\.custom: Invalid regex in 'pattern'"):
        send(client_of(server), body_of("a", tools=[holding(type="string", pattern=pattern)]))


def test_unique_items_are_refused(server: MessagesServer) -> None:
    with pytest.raises(anthropic.BadRequestError, match="'array' type, property 'uniqueItems' is not supported"):
        send(client_of(server), body_of("a", tools=[holding(type="array", uniqueItems=True)]))


def test_an_unknown_model_is_not_found(server: MessagesServer) -> None:
    with pytest.raises(anthropic.NotFoundError) as caught:
        send(client_of(server), body_of("a", model="claude-3-opus-20240229"))
    assert (caught.value.type, caught.value.api_message) == ("not_found_error", "model: claude-3-opus-20240229")


def test_another_address_is_not_found(server: MessagesServer) -> None:
    attempts = server.attempts
    with pytest.raises(anthropic.NotFoundError):
        client_of(server).messages.count_tokens(model=OPUS, messages=[{"role": "user", "content": "a"}])
    assert server.attempts == attempts


def test_a_body_that_is_too_large(server: MessagesServer) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        send(client_of(server), body_of("x" * MAX_BODY_BYTES))
    assert (caught.value.status_code, caught.value.type) == (413, "request_too_large")


def test_the_wrong_key() -> None:
    with MessagesServer([Turn(say="Yes.")], key="right") as server:
        with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
            send(client_of(server, api_key="wrong"), body_of("a"))
        send(client_of(server, api_key="right"), body_of("a"))


KEY, VERSION = {"x-api-key": "k"}, {"anthropic-version": "2023-06-01"}


@pytest.mark.parametrize(
    ("headers", "body", "status", "message"),
    [
        (VERSION, "{}", 401, "x-api-key header is required"),
        (KEY, "{}", 400, "anthropic-version: header is required"),
        ({**KEY, **VERSION}, "{", 400, "The request body is not valid JSON"),
        ({**KEY, **VERSION}, "[]", 400, "The request body is not a JSON object"),
        ({**KEY, **VERSION}, "{}", 400, "model: Field required"),
    ],
)
def test_what_the_sdk_would_not_send(
    server: MessagesServer, headers: dict[str, str], body: str, status: int, message: str
) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
    connection.request("POST", "/v1/messages", body, headers)
    response = connection.getresponse()
    assert (response.status, message in response.read().decode()) == (status, True)
    connection.close()
