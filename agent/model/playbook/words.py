"""What a task says, in words: names, namespaces, quantities, and the phrases that tools answer to. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent.model.port import Context, Json, ToolSpec
from agent.wording import is_order, means_all_namespaces, namespace_of

_NAME = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_WORD = re.compile(rf"{_NAME}", re.IGNORECASE)
_SLOT = re.compile(r"\{(\w+)\}")

# Said out of politeness or grammar; without them "list the pods" is "list pods".
_FILLERS = re.compile(r"(?<![-\w./'])(?:please|me|us|the|an?|my|our)\s+", re.IGNORECASE)
_QUOTES = re.compile(r"(?<!\w)[\"'`]|[\"'`](?!\w)")
_SPACED_QUANTITY = re.compile(r"(\d)\s+(?=(?:[KMGTPE]i?|k|m)(?!\w))")
# What cannot be the value of an argument, and what may stand before a name without being it.
_NO_VALUE = r"(?!(?:in|of|on|at|for|from|to|with|and|or|all|it|its|them|this|that|is|are)(?![-\w.]))"
_NOUN = r"(?:(?:pods?|deployments?|statefulsets?|daemonsets?|containers?|workloads?|services?|apps?)(?![-\w.]))"
_TEXT = r"[~$./]*\w(?:[-\w./:@$+\\|=~,%]*\w)?"
_ENDS = r"(?![-\w/])(?=[.,;:!?)\"'`]*(?:\s|$))"
"""A value is said to its end: of /run/a!b, /run/a is not what was meant."""
_QUOTED_PATH = re.compile(r"([\"'`])~?/(?:(?!\1).)* (?:(?!\1).)*\1")
_BLANK = "\0"
"""Stands for a blank within a path: no value holds it, so that none ends there."""
_NOT = re.compile(r"(?:\b(?:not|never|without)|n't)\b[^.;]{0,30}$", re.IGNORECASE)
_NAME_SLOTS = frozenset(["name", "pod", "container", "namespace"])


@dataclass(frozen=True, slots=True)
class Match:
    """A tool and the arguments a task's words give it; `missing` are required ones nobody named."""

    tool: ToolSpec
    arguments: Json
    missing: tuple[str, ...]


def words(task: str) -> tuple[str, ...]:
    """The task's words, in lower case; a name like shop-dev is one word."""
    return tuple(word.lower() for word in _WORD.findall(task))


def match_phrase(task: str, context: Context, tools: Iterable[ToolSpec]) -> Match | None:
    """The tool whose phrase the task says as a command, with the longest phrase first."""
    said = _plainly(task)
    phrases = [(_plainly(phrase), tool) for tool in tools for phrase in tool.phrases]
    longest_first = sorted(phrases, key=lambda pair: len(pair[0]), reverse=True)
    for text in (said, _without_namespace(said)):
        for phrase, tool in longest_first:
            for found in _pattern(phrase, tool).finditer(text):
                if is_order(text[: found.start()]):
                    return _completed(tool, _values(found, tool), task, context)
    return None


def match_rest(task: str, tool: ToolSpec, given: Json) -> Json:
    """`given`, and what the task says further in the words of one of the tool's phrases that follow what is given.

    Of `create pull secret {pull_secret} for {registry} with user {username}` and a registry, `with user ann` tells
    the rest. A task that says two such things, or says not to, tells nothing.
    """
    said = _plainly(task)
    found = _rests_in(said, tool, given)
    if len({match.start() for match in found}) != 1 or _NOT.search(said[: found[0].start()]):
        return given
    return {**_values(found[0], tool), **given}


def without_rest(task: str, tool: ToolSpec, given: Json) -> str:
    """The task without what `match_rest` finds in it: those words name nothing that runs."""
    said = _plainly(task)
    for match in sorted(_rests_in(said, tool, given), key=lambda match: match.start(), reverse=True):
        said = f"{said[: match.start()]} {said[match.end() :]}"
    return said


def _rests_in(said: str, tool: ToolSpec, given: Json) -> list[re.Match[str]]:
    """Where a text says rests of the tool's phrases; of those that begin at one place, the longest."""
    rests = (rest for phrase in tool.phrases if (rest := rest_of(phrase, given)))
    found: dict[int, re.Match[str]] = {}
    for rest in rests:
        for match in _pattern(_plainly(rest), tool).finditer(said):
            if match.start() not in found or len(match[0]) > len(found[match.start()][0]):
                found[match.start()] = match
    return list(found.values())


def rest_of(phrase: str, given: Json) -> str:
    """What of a phrase comes behind the last of its slots that is given; empty where none is, or none is left."""
    parts = _SLOT.split(phrase)
    last = max((index for index in range(1, len(parts), 2) if parts[index] in given), default=len(parts))
    odd = ((f"{{{part}}}" if is_slot else part) for is_slot, part in _alternate(parts))
    rest = "".join(list(odd)[last + 1 :])
    return rest.strip(" ,") if _SLOT.search(rest) else ""


def _plainly(text: str) -> str:
    whole = _QUOTED_PATH.sub(lambda quoted: quoted[0].replace(" ", _BLANK), text.replace("\u2019", "'"))
    unquoted = _QUOTES.sub("", whole)
    return _SPACED_QUANTITY.sub(r"\1", _FILLERS.sub("", unquoted))


def _without_namespace(said: str) -> str:
    """The task without the words that name the namespace: `set memory of NAME in NS to 1Gi`."""
    return re.sub(rf"\s(?:in (?:namespace |project )?|-n |--namespace[ =]){_NAME}(?=\s)", "", said)


def _values(found: re.Match[str], tool: ToolSpec) -> Json:
    return {name: _value(name, said, tool.schema["properties"][name]) for name, said in found.groupdict().items()}


def _pattern(phrase: str, tool: ToolSpec) -> re.Pattern[str]:
    parts = [
        _group(part, tool.schema["properties"][part]) if odd else re.escape(part).replace(r"\ ", r"\s+")
        for odd, part in _alternate(_SLOT.split(phrase))
    ]
    return re.compile(r"(?<![-\w])" + "".join(parts).replace(r",\s+", r",?\s+") + _ENDS, re.IGNORECASE)


def _group(name: str, schema: Json) -> str:
    if name not in _NAME_SLOTS:
        return f"{_NO_VALUE}(?P<{name}>{_slot(schema)})"
    return rf"(?:{_NOUN}\s+)?{_NO_VALUE}(?!{_NOUN})(?P<{name}>{_slot(schema)})"


def _alternate(parts: list[str]) -> Iterable[tuple[bool, str]]:
    return ((index % 2 == 1, part) for index, part in enumerate(parts))


def _slot(schema: Json) -> str:
    if "enum" in schema:
        return "|".join(re.escape(value) + "s?" for value in schema["enum"])
    for variant in schema.get("anyOf") or (schema,):
        if variant.get("type") == "integer":
            return r"\d+"
    return _TEXT if _is_more_than_name(schema) else _NAME


def _is_more_than_name(schema: Json) -> bool:
    """Whether a value need not be an object's name: a path, an image, a host with its port, a key."""
    patterns = [each.get("pattern") for each in schema.get("anyOf") or (schema,) if each.get("type") != "null"]
    return any(pattern is None or re.search(pattern, said) for pattern in patterns for said in ("/a", "a/b", "a_b"))


def _value(name: str, said: str, schema: Json) -> str | int:
    if name in _NAME_SLOTS:
        return said.lower()
    if "enum" in schema:
        lower = said.lower()
        return next(
            str(value) for value in schema["enum"] if lower.removesuffix("s") == value.lower().removesuffix("s")
        )
    return int(said) if said.isdigit() and schema.get("type") == "integer" else said


def _completed(tool: ToolSpec, given: Json, task: str, context: Context) -> Match:
    properties = tool.schema["properties"]
    everywhere = "namespace" not in tool.schema.get("required", ()) and means_all_namespaces(task)
    if "namespace" in properties and "namespace" not in given and not everywhere:
        given |= {"namespace": named} if (named := namespace_of(task, context)) else {}
    if "previous" in properties and re.search(r"\bprevious\b|\bbefore\b|\blast life\b", task, re.IGNORECASE):
        given["previous"] = True
    missing = tuple(name for name in tool.schema.get("required", ()) if name not in given)
    return Match(tool, given, missing)
