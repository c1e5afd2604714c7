"""A namespace that is asked for, and what it is to have: each word has its meaning, or nothing is done. Pure."""

from __future__ import annotations

import re
from typing import Any

from agent.understanding.parts import AND, arguments_in, quantity
from agent.understanding.wishes import Call, Order, Understanding
from tools.json import Json

TOOL = "provision_namespace"

_NAME = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
PERSON = r"[^\s,;\"'`]+@[^\s,;\"'`]*[\w]"
_ENVIRONMENT = r"dev|qa|test|staging|prod"
_ORDER = re.compile(
    r"(?:please\s+|bitte\s+)?"
    r"(?:(?:can|could|would)\s+you\s+(?:please\s+)?|we\s+need\s+|i\s+need\s+|wir\s+brauchen\s+|ich\s+brauche\s+)?"
    r"(?:please\s+|bitte\s+)?"
    r"(?:(?:create|provision|make|set\s+up|give\s+(?:us|me)|erstelle|erzeuge|gib\s+uns)\s+)?"
    r"(?:(?:us|me|uns|please|bitte)\s+)*(?:(?:a|the|new|one|einen|ein|den|neuen|neues)\s+)*"
    rf"(?:namespaces?|projects?|namensr(?:ä|ae)ume?)\s+(?P<names>{_NAME}(?:{AND}{_NAME})*)",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:create|provision|make|set\s+up|give|need|erstelle|erzeuge|gib|brauchen?)\b", re.IGNORECASE
)
_WITH = r"(?:with\s+|mit\s+|and\s+|und\s+|,\s*)*"
PARTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (argument, re.compile(rf"{_WITH}{pattern}", re.IGNORECASE))
    for argument, pattern in (
        ("cpu", r"(?P<cpu>\d+(?:\.\d+)?m?)\s*(?:v?cpus?|cores?|kerne(?:n)?)(?![\w-])"),
        ("memory", r"(?P<memory>\d+(?:\.\d+)?\s*[KMGT]i?B?)(?:\s+(?:of\s+)?(?:memory|ram|speicher))?(?![\w-])"),
        ("team", r"(?:for|für|of)\s+(?:the\s+|das\s+)?team\s+(?P<team>[\w.-]*\w)"),
        ("team", r"(?:for|für|of)\s+(?:the\s+|das\s+)(?P<team>[\w.-]*\w)[\s-]+team(?!\w)"),
        ("group", r"(?:for|für)\s+(?:the\s+|die\s+)?(?:group|gruppe)\s+(?P<group>[^\s,;\"'`]*[\w])"),
        ("members", rf"(?:(?:for|für)\s+)?(?:(?:the\s+)?members?\s+)?(?P<members>{PERSON}(?:{AND}{PERSON})*)"),
        ("cost_center", r"(?:(?:the\s+)?cost[\s-]cent(?:er|re)|kostenstelle)\s+(?P<cost_center>[\w.-]*\w)"),
        ("environment", rf"(?:in|as|for|für|als)\s+(?:the\s+)?(?P<environment>{_ENVIRONMENT})(?!\s*-|\w)"),
        ("environment", rf"environment\s+(?P<environment>{_ENVIRONMENT})(?!\s*-|\w)"),
    )
)  # fmt: skip
_NAMESPACE = rf"(?:(?:the\s+)?namespace\s+)?(?P<name>{_NAME})"
_WHOLE = {
    tool: re.compile(rf"(?:please\s+|bitte\s+)?{pattern}[.!]*", re.IGNORECASE)
    for tool, pattern in (
        ("check_namespace", rf"check\s+(?:the\s+)?guardrails\s+(?:of|in)\s+{_NAMESPACE}"),
        ("deprovision_namespace", rf"(?:deprovision|decommission)\s+{_NAMESPACE}"),
    )
}  # fmt: skip
"""Sentences that say nothing but a namespace's name."""
_NO_NAMES = {
    *(
        "please",
        "bitte",
        "and",
        "und",
        "or",
        "oder",
        "for",
        "für",
        "with",
        "mit",
        "the",
        "a",
        "an",
        "in",
        "on",
        "to",
    ),
    *(
        "of",
        "from",
        "like",
        "as",
        "that",
        "which",
        "called",
        "named",
        "is",
        "not",
        "it",
        "them",
        "all",
        "new",
        "now",
    ),
    *("today", "again", "there", "here", "quota", "limits", "access"),
}
"""What is no name where a name could stand."""


def ordered(task: str) -> Understanding | None:
    """The namespaces that a task orders; None when it does not begin like that, or has a word of another meaning.

    People are told by their @; a name that is no e-mail's is not guessed to be one.
    """
    for tool, pattern in _WHOLE.items():
        if said := pattern.fullmatch(task.strip()):
            return _asked(tool, [{"namespace": said["name"].lower()}])
    began = _ORDER.match(task.strip())
    if began is None or not _VERB.search(began[0]):
        return None
    arguments = arguments_in(task.strip()[began.end() :], PARTS, value_of)
    if arguments is None:
        return None
    names = re.split(AND, began["names"].lower())
    if _NO_NAMES.intersection(names):
        return None
    return _asked(TOOL, [{"namespace": name, **arguments} for name in names])


def _asked(tool: str, calls: list[Json]) -> Understanding:
    names = tuple(arguments["namespace"] for arguments in calls)
    wishes = tuple(Call(tool, arguments) for arguments in calls)
    return Understanding(wishes=wishes, orders=(Order((), names, frozenset({tool})),), namespaces=names)


def value_of(argument: str, text: str) -> Any:
    """What an argument is, of the words that say it."""
    if argument == "members":
        return re.split(AND, text)
    if argument == "memory":
        return quantity(text)
    return text.lower() if argument == "environment" else text
