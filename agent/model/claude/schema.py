"""Tools as the Messages API takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from anthropic import transform_schema

from agent.model.port import ToolSpec
from tools.json import Json

# What one request may ask of strict tools together.
# Source: https://platform.claude.com/docs/en/build-with-claude/structured-outputs#schema-complexity-limits
MAX_STRICT_TOOLS = 20
MAX_STRICT_OPTIONAL = 24


MAX_AT_ONCE = 30
"""Beyond so many tools a model chooses worse, and their definitions take the room of the work.

Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool
"""
SEARCH: Json = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}
AT_HAND = frozenset(
    {"diagnose", "describe", "get", "list", "logs", "events", "wait_until_mended"}
    | {"plan", "read_result", "finish", "refer", "clarify"}
)
"""What most tasks need. The other tools are found by a search, and loaded when they are."""


def tools_of(specs: Iterable[ToolSpec]) -> list[Json]:
    """The tools in their order; of more than `MAX_AT_ONCE`, those `AT_HAND`, and the others behind a search.

    Strict are as many of those at hand as the API's limits allow; the gate checks all.
    """
    tools = [(spec, without_null(spec.schema)) for spec in specs]
    deferred = [spec.name not in AT_HAND and len(tools) > MAX_AT_ONCE for spec, _ in tools]
    at_hand = [tool for tool, later in zip(tools, deferred, strict=True) if not later]
    strict = _strict([schema for _, schema in at_hand])
    first = [_tool(spec, schema, strict=number in strict) for number, (spec, schema) in enumerate(at_hand)]
    later = [tool for tool, later in zip(tools, deferred, strict=True) if later]
    if not later:
        return first
    return [SEARCH, *first, *({**_tool(*tool, strict=False), "defer_loading": True} for tool in later)]


def _strict(schemas: list[Json]) -> set[int]:
    """Which tools are strict: the fewest optional arguments first, then the most required; none without any."""
    chosen: set[int] = set()
    required = [len(schema.get("required", ())) for schema in schemas]
    optional = [len(schema.get("properties", {})) - len(schema.get("required", ())) for schema in schemas]
    left = MAX_STRICT_OPTIONAL
    for number in sorted(range(len(schemas)), key=lambda number: (optional[number], -required[number])):
        fits = optional[number] <= left and len(chosen) < MAX_STRICT_TOOLS
        if (
            fits
            and schemas[number].get("properties")
            and not _has_map(schemas[number])
            and not _has_union(schemas[number])
        ):
            chosen.add(number)
            left -= optional[number]
    return chosen


def _tool(spec: ToolSpec, schema: Json, *, strict: bool) -> Json:
    tool: Json = {"name": spec.name, "description": spec.description}
    return (
        {**tool, "input_schema": transform_schema(schema), "strict": True}
        if strict
        else {**tool, "input_schema": schema}
    )


def _has_map(schema: Json) -> bool:
    """Whether an argument is an object with keys of any name, which strict sampling would leave empty."""
    return any(each.get("additionalProperties") for each in schema.get("properties", {}).values())


def _has_union(schema: Json) -> bool:
    return any("anyOf" in each for each in schema.get("properties", {}).values())


def without_null(schema: Json) -> Json:
    """A schema whose optional arguments are left out rather than null: one union less for the grammar."""
    properties = {name: _without_null(each) for name, each in schema.get("properties", {}).items()}
    return {**schema, "properties": properties}


def _without_null(schema: Json) -> Json:
    variants: list[Any] = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(variants) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**variants[0], **rest}
