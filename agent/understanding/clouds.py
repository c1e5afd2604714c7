"""What an application needs in a cloud, in words that each have their meaning, or nothing is done. Pure.

"create an ECR repository shop for namespace shop-dev"; a sentence begins with what is wanted, and its parts follow
in any order.
"""

from __future__ import annotations

import re
from typing import Any

from agent.understanding.parts import arguments_in
from agent.understanding.wishes import Call, Order, Understanding
from agent.understanding.world import World
from tools.environments import WORDS

_POLITE = (
    r"(?:(?:please|bitte)\s+)?(?:(?:can|could|would)\s+you\s+(?:please\s+)?|kannst\s+du\s+(?:bitte\s+)?"
    r"|(?:we|i|wir|ich)\s+)?"
)
_MAKE = r"(?:create|make|set\s+up|need|want|erstelle|erzeuge|mache?|brauchen?)\s+(?:(?:me|us|mir|uns)\s+)?"
_A = r"(?:(?:an?|the|new|all|my|our|eine?n?|das|den|die|der|neue[nrs]?|alle|meine?|unsere?)\s+)*"
_CALLED = r"(?:(?:called|named|namens)\s+)?"
_SHOW = (
    r"(?:list|show(?:\s+me)?|get|which|what|welche|zeige?(?:\s+mir)?|liste)\s+(?:(?:is|are|sind|ist)\s+(?:in\s+)?)?"
)
_AWS = r"(?:(?:aws|amazon)[\s-]+)?"
_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?"
_NAMESPACE = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_ECR = rf"{_AWS}ecr"
_REPOSITORY = r"(?:repository|repo|registry)"
_IMAGE = rf"(?P<repository>{_WORD}):(?P<tag>[\w.-]*\w)"

_OWNER = ("team", "environment", "cost_center", "namespace")
_SENTENCES: tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (tool, re.compile(_POLITE + began, re.IGNORECASE), parts)
    for tool, began, parts in (
        (
            "create_ecr_repository",
            rf"{_MAKE}{_A}{_ECR}[\s-]+{_REPOSITORY}\s+{_CALLED}(?P<repository>{_WORD})",
            (*_OWNER, "mutable_because"),
        ),
        ("scan_ecr_image", rf"scann?e?\s+{_A}(?:{_ECR}[\s-]+)?image\s+{_IMAGE}(?:\s+in\s+{_ECR})?", ()),
        (
            "create_ecr_pull_secret",
            rf"(?:{_MAKE}|(?:renew|erneuere)\s+){_A}{_ECR}[\s-]+pull[\s-]*secret"
            rf"(?:\s+{_CALLED}(?P<pull_secret>(?!in\b|for\b|für\b){_NAMESPACE}))?",
            ("namespace",),
        ),
        ("ecr_images", rf"{_SHOW}{_A}{_ECR}[\s-]+(?:repositories|repos|repositorys|registr(?:y|ies))", ()),
        (
            "ecr_images",
            rf"{_SHOW}{_A}(?:{_ECR}[\s-]+)?images?\s+(?:(?:is|are|sind)\s+)?(?:in|of|von)\s+{_A}"
            rf"{_ECR}[\s-]+{_REPOSITORY}\s+(?P<repository>{_WORD})",
            (),
        ),
        ("ecr_images", rf"{_SHOW}{_A}{_ECR}[\s-]+images?\s+(?:in|of|von)\s+{_A}(?P<repository>{_WORD})", ()),
        ("ecr_images", rf"{_SHOW}{_A}{_ECR}[\s-]+(?:scan|findings)\s+(?:of|for|von|für)\s+{_IMAGE}", ()),
    )
)
_FOR = r"(?:,?\s*(?:and|und)\s+)?(?:in|for|of|into|to|für|von|nach|with|mit)\s+(?:(?:the|das|den|dem|der)\s+)?"
_END = r"(?![\w./-])"
_PARTS: dict[str, tuple[str, ...]] = {
    "team": (rf"{_FOR}team\s+(?P<team>{_WORD}){_END}", rf"{_FOR}(?P<team>{_WORD})\s+team{_END}"),
    "environment": (rf"{_FOR}(?:(?:environment|umgebung)\s+)?(?P<environment>{'|'.join(WORDS)}){_END}",),
    "cost_center": (rf"(?:{_FOR})?(?:cost[\s-]?cent(?:er|re)|kostenstelle)\s+(?P<cost_center>{_WORD}){_END}",),
    "namespace": (
        rf"{_FOR}namespace\s+(?P<namespace>{_NAMESPACE}){_END}",
        rf"{_FOR}(?P<namespace>{_NAMESPACE}){_END}",
    ),
    "mutable_because": (r"(?:with\s+)?mutable(?:\s+tags)?\s+because\s+(?P<mutable_because>\S.*\S)\Z",),
}


def ordered(task: str, world: World) -> Understanding | None:
    """What a task orders of a cloud, or asks of it; None when it says anything else besides."""
    said = " ".join(task.split())
    for tool, began, parts in _SENTENCES:
        found = began.match(said)
        if found is None:
            continue
        patterns = [(part, re.compile(each, re.IGNORECASE)) for part in parts for each in _PARTS[part]]
        rest = arguments_in(re.sub(r"[?]\s*\Z", "", said[found.end() :]), patterns, _value)
        if rest is not None:
            named = {name: value for name, value in found.groupdict().items() if value}
            return _asked(tool, {**named, **rest}, world)
    return None


def _value(argument: str, text: str) -> Any:
    return WORDS[text.lower()] if argument == "environment" else text


def _asked(tool: str, arguments: dict[str, Any], world: World) -> Understanding:
    namespaces = (arguments["namespace"],) if "namespace" in arguments else ()
    order = Order(namespaces, (), frozenset({tool}))
    return Understanding(
        wishes=(Call(tool, arguments),), orders=(order,), namespaces=namespaces or (world.namespace,)
    )
