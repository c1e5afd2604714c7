"""What a task says, in words: names, namespaces, quantities, and the phrases that tools answer to. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent.model.port import Context, Json, ToolSpec

_NAME = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_WORD = re.compile(rf"{_NAME}", re.IGNORECASE)
_NAMESPACE = (
    re.compile(
        rf"(?:\bnamespace|\bproject|\bns|(?<!\S)-n|(?<!\S)--namespace)[ =:]+[\"'`]?({_NAME})", re.IGNORECASE
    ),
    re.compile(rf"\b({_NAME}) (?:namespace|project)\b", re.IGNORECASE),
    re.compile(rf"\bin (?:the )?[\"'`]?({_NAME})", re.IGNORECASE),
)
_NOT_NAMESPACES = frozenset(
    [
        "a",
        "an",
        "the",
        "this",
        "that",
        "my",
        "our",
        "its",
        "it",
        "all",
        "any",
        "every",
        "each",
        "which",
        "what",
        "dev",
        "development",
        "test",
        "qa",
        "staging",
        "prod",
        "production",
        "namespace",
        "project",
        "cluster",
        "sandbox",
        "kubernetes",
        "openshift",
        "pending",
        "crashloopbackoff",
        "imagepullbackoff",
        "here",
        "there",
        "general",
        "order",
        "time",
        "place",
        "progress",
        "state",
        "status",
        "loop",
        "trouble",
        "error",
    ]
)
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Match:
    """A tool and the arguments a task's words give it; `missing` are required ones nobody named."""

    tool: ToolSpec
    arguments: Json
    missing: tuple[str, ...]


def words(task: str) -> tuple[str, ...]:
    """The task's words, in lower case; a name like shop-dev is one word."""
    return tuple(word.lower() for word in _WORD.findall(task))


def namespace_of(task: str, context: Context) -> str:
    """The namespace a task means: one it names, else the one it was started in."""
    known = [word for word in words(task) if word in context.namespaces and word not in _NOT_NAMESPACES]
    for pattern in _NAMESPACE:
        for found in pattern.findall(task):
            name = found.lower()
            if name in known or (name not in _NOT_NAMESPACES and not context.namespaces):
                return str(name)
    if known:
        return known[0]
    return _unknown_namespace(task) or context.namespace


def _unknown_namespace(task: str) -> str:
    """A namespace that is named as one, though the cluster does not show it."""
    for pattern in _NAMESPACE:
        for found in pattern.findall(task):
            if found.lower() not in _NOT_NAMESPACES:
                return str(found.lower())
    return ""


def match_phrase(task: str, context: Context, tools: Iterable[ToolSpec]) -> Match | None:
    """The tool whose phrase the task says, with the longest phrase first."""
    phrases = [(phrase, tool) for tool in tools for phrase in tool.phrases]
    for phrase, tool in sorted(phrases, key=lambda pair: len(pair[0]), reverse=True):
        found = _pattern(phrase, tool).search(task)
        if found:
            given = {
                name: _value(value, tool.schema["properties"][name]) for name, value in found.groupdict().items()
            }
            return _completed(tool, given, task, context)
    return None


def _pattern(phrase: str, tool: ToolSpec) -> re.Pattern[str]:
    parts = [
        f"(?P<{part}>{_slot(tool.schema['properties'][part])})" if odd else re.escape(part).replace(r"\ ", r"\s+")
        for odd, part in _alternate(_SLOT.split(phrase))
    ]
    return re.compile(r"(?<![-\w])" + "".join(parts) + r"(?![-\w/])", re.IGNORECASE)


def _alternate(parts: list[str]) -> Iterable[tuple[bool, str]]:
    return ((index % 2 == 1, part) for index, part in enumerate(parts))


def _slot(schema: Json) -> str:
    if "enum" in schema:
        return "|".join(re.escape(value) + "s?" for value in schema["enum"])
    for variant in schema.get("anyOf") or (schema,):
        if variant.get("type") == "integer":
            return r"\d+"
    return r"[\w][-\w./]*\w|\w" if "pattern" not in schema else rf"{_NAME}"


def _value(said: str, schema: Json) -> str | int:
    if "enum" in schema:
        lower = said.lower()
        return next(
            str(value) for value in schema["enum"] if lower.removesuffix("s") == value.lower().removesuffix("s")
        )
    return int(said) if said.isdigit() and schema.get("type") == "integer" else said


def _completed(tool: ToolSpec, given: Json, task: str, context: Context) -> Match:
    properties = tool.schema["properties"]
    if "namespace" in properties and "namespace" not in given:
        given["namespace"] = namespace_of(task, context)
    if "previous" in properties and re.search(r"\bprevious\b|\bbefore\b|\blast life\b", task, re.IGNORECASE):
        given["previous"] = True
    missing = tuple(name for name in tool.schema.get("required", ()) if name not in given)
    return Match(tool, given, missing)
