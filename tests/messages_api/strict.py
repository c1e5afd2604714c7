"""What grammar-constrained sampling does not take: the schemas of strict tools and of `output_config.format`.

The rules: https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations"
and "Schema complexity limits".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.messages_api.refusal import Refused
from tools.json import Json

MAX_STRICT_TOOLS = 20
MAX_OPTIONAL = 24
MAX_UNIONS = 16

_BOUNDS = {
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength"),
    "array": ("maxItems", "uniqueItems"),
    "object": ("minProperties", "maxProperties"),
}
_DEFINITIONS = ("$defs", "definitions")
_TOO_MUCH_PATTERN = re.compile(r"\(\?<?[=!]|\\[1-9]|\\[bB]")


def check_strict(tools: list[Json], format_schema: Json | None) -> None:
    """Raises `Refused` for the first rule that the tools with `strict: true` or the output format break."""
    strict = [(index, tool) for index, tool in enumerate(tools) if tool.get("strict")]
    if len(strict) > MAX_STRICT_TOOLS:
        limit = f"The maximum number of strict tools supported is {MAX_STRICT_TOOLS}."
        raise Refused(f"tools: Too many strict tools ({len(strict)}). {limit}")
    schemas = [(f"tools.{index}.custom", tool["input_schema"]) for index, tool in strict]
    if format_schema is not None:
        schemas.append(("output_config.format.schema", format_schema))
    for path, schema in schemas:
        _check_schema(schema, path)
    _check_complexity([schema for _, schema in schemas])


def _check_schema(root: Json, path: str) -> None:
    _check_no_circle(root, root, path, ())
    for schema in subschemas(root):
        for kind in _types(schema):
            _check_bounds(schema, kind, path)
        _check_object(schema, path)
        _check_array(schema, path)
        _check_values(schema, path)


def subschemas(schema: Json) -> Iterator[Json]:
    """The schema and every schema in it, definitions included."""
    yield schema
    held = [*schema.get("anyOf", []), *schema.get("allOf", []), schema.get("items")]
    for name in ("properties", *_DEFINITIONS):
        held += (schema.get(name) or {}).values()
    for part in held:
        if isinstance(part, dict):
            yield from subschemas(part)


def _types(schema: Json) -> list[str]:
    kind = schema.get("type")
    return kind if isinstance(kind, list) else [kind] if kind else []


def _check_bounds(schema: Json, kind: str, path: str) -> None:
    used = [name for name in _BOUNDS.get(kind, ()) if name in schema]
    if used:
        noun = "property" if len(used) == 1 else "properties"
        verb = "is" if len(used) == 1 else "are"
        names = repr(used[0]) if len(used) == 1 else ", ".join(used)
        raise Refused(f"{path}: For '{kind}' type, {noun} {names} {verb} not supported")


def _check_object(schema: Json, path: str) -> None:
    if "object" in _types(schema) and schema.get("additionalProperties") is not False:
        raise Refused(f"{path}: For 'object' type, 'additionalProperties' must be explicitly set to false")


def _check_array(schema: Json, path: str) -> None:
    if schema.get("minItems", 0) not in (0, 1):
        raise Refused(f"{path}: For 'array' type, 'minItems' values other than 0 or 1 are not supported")


def _check_values(schema: Json, path: str) -> None:
    for value in schema.get("enum", []):
        if isinstance(value, list | dict):
            raise Refused(f"{path}: Complex types are not supported in 'enum'")
        if len(_types(schema)) > 1:
            declared = f"does not match declared type '{_types(schema)}'"
            raise Refused(f"{path}: Invalid schema: Enum value '{value}' {declared}")
    if _TOO_MUCH_PATTERN.search(schema.get("pattern", "")):
        what = "lookaround, backreferences and word boundaries are not supported"
        raise Refused(f"{path}: Invalid regex in 'pattern': {what}")


def _check_no_circle(root: Json, schema: Json, path: str, seen: tuple[str, ...]) -> None:
    """Follows every `$ref`; one that leads back to itself is a recursive schema."""
    for part in _without_definitions(schema):
        reference = part.get("$ref")
        if reference in seen:
            raise Refused(f"{path}: Recursive schemas are not supported: circular $ref '{reference}'")
        if reference is not None:
            _check_no_circle(root, _resolve(root, reference, path), path, (*seen, reference))


def _without_definitions(schema: Json) -> Iterator[Json]:
    return subschemas({name: held for name, held in schema.items() if name not in _DEFINITIONS})


def _resolve(root: Json, reference: str, path: str) -> Json:
    if not reference.startswith("#"):
        raise Refused(f"{path}: External $ref '{reference}' is not supported")
    found: Any = root
    for name in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(name) if isinstance(found, dict) and name else found
    if not isinstance(found, dict):
        raise Refused(f"{path}: $ref '{reference}' points to nothing")
    return found


def _check_complexity(schemas: list[Json]) -> None:
    everything = [part for schema in schemas for part in subschemas(schema)]
    optional = sum(len(set(part.get("properties") or {}) - set(part.get("required") or [])) for part in everything)
    if optional > MAX_OPTIONAL:
        raise Refused(
            f"Schemas contains too many optional parameters ({optional}), which would make grammar compilation "
            "inefficient. Reduce the number of optional parameters in your tool schemas "
            f"(limit: {MAX_OPTIONAL})."
        )
    unions = sum("anyOf" in part or isinstance(part.get("type"), list) for part in everything)
    if unions > MAX_UNIONS:
        raise Refused(
            f"Schemas contains too many parameters with union types ({unions} parameters with type arrays or "
            "anyOf). This causes exponential compilation cost. Reduce the number of nullable or union-typed "
            f"parameters (limit: {MAX_UNIONS} parameters with unions)."
        )
