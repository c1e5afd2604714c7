"""What the API refuses in a request that has the right shape: of the tools, of the messages, of the cache marks.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls (results),
https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages (system messages),
https://platform.claude.com/docs/en/build-with-claude/prompt-caching (cache marks).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

from jsonschema import Draft202012Validator, SchemaError

from tests.messages_api.binding import check_thinking
from tests.messages_api.conversation import Placed, blocks, canonical, place, referenced, turns
from tests.messages_api.models import check_model, check_sampling, check_settings
from tests.messages_api.refusal import Refused
from tests.messages_api.shapes import check_body
from tests.messages_api.strict import check_strict
from tools.json import Json

Turns = list[tuple[str, list[Placed]]]

MAX_CACHE_MARKS = 4

_NAME = "^[a-zA-Z0-9_-]{1,128}$"
_ID = "^[a-zA-Z0-9_-]+$"
_OF_USERS = ("image", "document", "search_result", "tool_result", "container_upload")
_COMPOSED = ("oneOf", "allOf", "anyOf")
_LEFT_ALONE = "`tool_use` ids were found without `tool_result` blocks immediately after"
_ONE_EACH = "each tool_use must have a single result. Found multiple `tool_result` blocks with id"
_NO_PREFILL = (
    "This model does not support assistant message prefill. The conversation must end with a user message."
)


def check_request(body: Json, is_paused: Callable[[Json], bool]) -> None:
    """Raises `Refused` for the first thing that the API would not take; `is_paused` knows a paused answer."""
    check_model(body)
    check_sampling(body)
    check_body(body)
    check_settings(body)
    for index, block in enumerate(blocks(body.get("system") or [])):
        _check_text(block, f"system.{index}")
    _check_tools(body.get("tools", []))
    check_strict(body.get("tools", []), _format_schema(body))
    _check_messages(body["messages"], is_paused)
    _check_references(place(body["messages"]), body.get("tools", []))
    _check_cache_marks(body)
    check_thinking(body)


def _format_schema(body: Json) -> Json | None:
    return ((body.get("output_config") or {}).get("format") or {}).get("schema")


def _check_tools(tools: list[Json]) -> None:
    for index, tool in enumerate(tools):
        if "input_schema" in tool:
            _check_tool(tool, f"tools.{index}.custom")
    names = [tool.get("name", tool.get("type")) for tool in tools]
    if len(set(names)) < len(names):
        raise Refused("tools: Tool names must be unique.")
    if tools and all(tool.get("defer_loading") for tool in tools):
        raise Refused("tools: At least one tool must have defer_loading=false.")
    for index, tool in enumerate(tools):
        if tool.get("defer_loading") and tool.get("cache_control"):
            raise Refused(f"tools.{index}: a tool with defer_loading=true can't have cache_control.")


def _check_references(placed: list[Placed], tools: list[Json]) -> None:
    known = {tool["name"] for tool in tools}
    for one in placed:
        for name in referenced(one.block):
            if name not in known:
                raise Refused(f"{one.path}: Tool reference '{name}' not found in available tools")


def _check_tool(tool: Json, path: str) -> None:
    _check_pattern(tool["name"], _NAME, f"{path}.name")
    schema = tool["input_schema"]
    if any(name in schema for name in _COMPOSED):
        complaint = "input_schema does not support oneOf, allOf, or anyOf at the top level"
        raise Refused(f"{path}.input_schema: {complaint}")
    fault = _fault_of_schema(canonical(schema))
    if fault:
        complaint = "JSON schema is invalid. It must match JSON Schema draft 2020-12"
        raise Refused(f"{path}.input_schema: {complaint} ({fault})")


@cache
def _fault_of_schema(schema: str) -> str:
    """What makes it no JSON schema; kept, as the same tools come with every request."""
    try:
        Draft202012Validator.check_schema(json.loads(schema))
    except SchemaError as error:
        return error.message
    return ""


def _check_pattern(value: str, pattern: str, path: str) -> None:
    if not re.fullmatch(pattern, value):
        raise Refused(f"{path}: String should match pattern '{pattern}'")


def _check_messages(messages: list[Json], is_paused: Callable[[Json], bool]) -> None:
    if not messages:
        raise Refused("messages: at least one message is required")
    if messages[0]["role"] != "user":
        raise Refused('messages: first message must use the "user" role')
    for index, message in enumerate(messages):
        if not message["content"]:
            complaint = "all messages must have non-empty content except for the optional final assistant message"
            raise Refused(f"messages.{index}: {complaint}")
    if messages[-1]["role"] == "assistant" and not is_paused(messages[-1]):
        raise Refused(f"messages.{len(messages) - 1}: {_NO_PREFILL}")
    placed = place(messages)
    for one in placed:
        _check_block(one)
    _check_turns(list(turns(placed)))


def _check_block(placed: Placed) -> None:
    kind = placed.block["type"]
    owner = "user" if kind in _OF_USERS else "assistant"
    if kind != "text" and placed.role != owner:
        raise Refused(f"{placed.path}: `{kind}` blocks can only be in `{owner}` messages")
    _check_text(placed.block, placed.path)
    if kind == "tool_use":
        _check_pattern(placed.block["id"], _ID, f"{placed.path}.tool_use.id")
        _check_pattern(placed.block["name"], _NAME, f"{placed.path}.tool_use.name")
    if kind == "tool_result":
        for index, part in enumerate(blocks(placed.block.get("content") or [])):
            _check_text(part, f"{placed.path}.tool_result.content.{index}")


def _check_text(block: Json, path: str) -> None:
    if block["type"] != "text":
        return
    if not block["text"]:
        raise Refused(f"{path}: text content blocks must be non-empty")
    if not block["text"].strip():
        raise Refused(f"{path}: text content blocks must contain non-whitespace text")


def _check_turns(rows: Turns) -> None:
    seen: set[str] = set()
    for number, (role, row) in enumerate(rows):
        before = rows[number - 1][1] if number else []
        after = rows[number + 1] if number + 1 < len(rows) else ("", [])
        if role == "assistant":
            _check_uses(row, after[1], seen)
        if role == "user":
            _check_results(row, {one.block["id"] for one in _of_type(before, "tool_use")})
        if role == "system":
            _check_system(row[0], before, after[0])


def _of_type(row: list[Placed], kind: str) -> Iterator[Placed]:
    return (one for one in row if one.block["type"] == kind)


def _check_uses(row: list[Placed], after: list[Placed], seen: set[str]) -> None:
    """Every call has its result at the head of the next message; ids are used once in a conversation."""
    uses = list(_of_type(row, "tool_use"))
    for use in uses:
        if use.block["id"] in seen:
            raise Refused(f"{use.path}: `tool_use` ids must be unique")
        seen.add(use.block["id"])
    answered = {one.block["tool_use_id"] for one in _leading_results(after)}
    missing = [use for use in uses if use.block["id"] not in answered]
    if missing:
        ids = ", ".join(use.block["id"] for use in missing)
        rule = "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
        raise Refused(f"messages.{missing[0].message}: {_LEFT_ALONE}: {ids}. {rule}")


def _leading_results(row: list[Placed]) -> Iterator[Placed]:
    for one in row:
        if one.block["type"] != "tool_result":
            return
        yield one


def _check_results(row: list[Placed], called: set[str]) -> None:
    given: set[str] = set()
    for one in _of_type(row, "tool_result"):
        use = one.block["tool_use_id"]
        if use not in called:
            unexpected = f"unexpected `tool_use_id` found in `tool_result` blocks: {use}"
            rule = "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            raise Refused(f"{one.path}: {unexpected}. {rule}")
        if use in given:
            raise Refused(f"{one.path}: {_ONE_EACH}: {use}")
        given.add(use)


def _check_system(first: Placed, before: list[Placed], role_after: str) -> None:
    """After a user turn (or a server tool's result), and before an assistant turn or at the end."""
    follows = before[-1].role == "user" or before[-1].block["type"].endswith("_tool_result")
    if not follows or role_after == "user":
        rule = "must follow a `user` message and precede an `assistant` message or end the conversation"
        raise Refused(f"messages.{first.message}: `system` messages {rule}")


def _check_cache_marks(body: Json) -> None:
    marks = list(_cache_marks(body))
    automatic = body.get("cache_control")
    last = place(body["messages"])[-1].block.get("cache_control")
    if automatic and last and _ttl(last) != _ttl(automatic):
        raise Refused("cache_control: the last block has a cache_control with a different ttl")
    count = len(marks) + bool(automatic and not last)
    if count > MAX_CACHE_MARKS:
        raise Refused(f"A maximum of {MAX_CACHE_MARKS} blocks with cache_control may be provided. Found {count}.")
    for (_, before), (path, after) in pairwise(marks):
        if (_ttl(before), _ttl(after)) == ("5m", "1h"):
            rule = "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block"
            raise Refused(f"{path}.cache_control.ttl: {rule}")


def _cache_marks(body: Json) -> Iterator[tuple[str, Json]]:
    marked = [(f"tools.{index}", tool) for index, tool in enumerate(body.get("tools", []))]
    marked += [(f"system.{index}", block) for index, block in enumerate(blocks(body.get("system")))]
    for one in place(body["messages"]):
        inner = one.block.get("content") if one.block["type"] == "tool_result" else None
        marked += [(f"{one.path}.content.{index}", part) for index, part in enumerate(blocks(inner))]
        marked.append((one.path, one.block))
    for path, block in marked:
        if block.get("cache_control"):
            yield path, block["cache_control"]


def _ttl(mark: Json) -> str:
    return str(mark.get("ttl") or "5m")
