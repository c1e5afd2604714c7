"""An application whose manifests are asked for, in words that each have their meaning, or nothing is done.

"make me manifests for payment-service v3.2, port 8080, three replicas, reachable at pay.example.com". Pure.
"""

from __future__ import annotations

import re
from typing import Any

from agent.understanding.languages import english, german
from agent.understanding.parts import AND, arguments_in, quantity, said_in
from agent.understanding.schedules import cron_of
from agent.understanding.wishes import Call, Order, Understanding

GENERATE, APPLY = "generate_manifest", "apply_application"

_NUMBERS = {**english.NUMBERS, **german.NUMBERS}
_COUNT = "|".join(sorted(filter(str.isalpha, _NUMBERS), key=len, reverse=True))
_NAME = r"[a-z](?:[-a-z0-9]*[a-z0-9])?"
_TYPE = r"deployment|statefulset|stateful\s+set|daemonset|daemon\s+set|cron\s?job|job"
_MAKE = r"(?:make|create|write|generate|render|give|need|erstelle|erzeuge|schreibe?|gib|brauchen?)"
_BEGIN = re.compile(
    r"(?:please\s+|bitte\s+)?(?:(?:can|could|would)\s+you\s+(?:please\s+)?|(?:we|i|wir|ich)\s+)?"
    rf"(?:{_MAKE}\s+and\s+)?(?P<verb>{_MAKE}|apply)\s+"
    r"(?:(?:me|us|mir|uns|please|bitte)\s+)*(?:(?:the|a|some|new|den|die|ein|einen|kubernetes|k8s|production-ready)\s+)*"
    rf"(?:(?P<type>{_TYPE})\s+)?(?:manifests?|manifeste?n?)\s+(?:for|of|für)\s+(?:(?:the|a|an|my|our|das|die|den|der)\s+)?"
    rf"(?:(?:application|app|service|(?P<kind>{_TYPE}))\s+)?(?P<app>{_NAME})(?![\w./:@])",
    re.IGNORECASE,
)
_WITH = r"(?:with\s+|mit\s+|and\s+|und\s+|,\s*|on\s+|auf\s+)*(?:(?:an?|the|ein|einer|dem)\s+)?"
_IMAGE = r"[\w.:/@-]*\w"
_END = r"(?![\w-])"
_PARTS = tuple(
    (argument, re.compile(rf"{_WITH}{pattern}", re.IGNORECASE))
    for argument, pattern in (
        ("image", rf"image\s+(?P<image>{_IMAGE})"),
        ("image", rf"(?:of|from|using|aus)\s+(?:image\s+)?(?P<image>{_IMAGE}[:@]{_IMAGE})"),
        ("schedule", r"(?:that\s+runs\s+|running\s+|runs\s+|at\s+)?[\"'](?P<schedule>[^\"']+)[\"']"),
        ("schedule", r"(?:that\s+)?(?:running|runs)\s+(?P<schedule>(?:every|daily|nightly|hourly|each)[^,.;]*)"),
        ("version", r"(?:version\s+|tag\s+)(?P<version>\w[\w.-]*)(?<!\.)"),
        ("version", r"(?P<version>v\d[\w.-]*)(?<!\.)"),
        ("version", r"(?P<version>\d+(?:\.\d+)+(?:-\w+)*)(?![\w:/])"),
        ("ports", rf"ports?\s+(?P<ports>\d+(?:{AND}\d+)*){_END}"),
        ("hpa", rf"(?P<hpa>\d+\s*(?:to|-|bis)\s*\d+)\s+(?:replicas|pods|replikas){_END}"),
        ("hpa", rf"(?:scal\w+|skalier\w+)\s+(?:from\s+|von\s+)?(?P<hpa>\d+\s*(?:to|-|bis)\s*\d+)"
                rf"(?:\s+(?:replicas|pods|replikas))?{_END}"),
        ("replicas", rf"(?P<replicas>\d+|{_COUNT})\s+(?:replicas?|pods?|replikas?|instances?){_END}"),
        ("host", r"(?:reachable|available|erreichbar)\s+(?:at|under|as|by|on|unter)\s+(?P<host>\S*[\w])"),
        ("host", r"(?:host|at\s+host|unter)\s+(?P<host>\S*[\w])"),
        ("host", r"at\s+(?P<host>(?:https?://)?[\w-]+(?:\.[\w-]+)+\S*(?<![.,!]))"),
        ("type", rf"(?:as|als)\s+(?:an?\s+|ein\s+)?(?P<type>{_TYPE}){_END}"),
        ("cpu", rf"(?P<cpu>\d+(?:\.\d+)?m?)\s*(?:v?cpus?|cores?|kerne(?:n)?){_END}"),
        ("memory", rf"(?P<memory>\d+\s*[KMGT]i?B?)(?:\s+(?:of\s+)?(?:memory|ram|speicher))?{_END}"),
        ("platform", rf"(?:for|für)\s+(?P<platform>openshift|kubernetes){_END}"),
        ("namespace", rf"(?:in|for|im|für)\s+(?:the\s+|den\s+)?(?:namespace\s+)(?P<namespace>{_NAME}){_END}"),
        ("folder", r"(?:in|into|to|under|nach|im)\s+(?:(?:the|den)\s+)?(?:folder\s+|directory\s+|ordner\s+)"
                   r"(?P<folder>\S*[\w/])"),
        ("folder", r"(?:in|into|to|nach)\s+(?P<folder>[~.]?\.?/\S*[\w/]|\S+/)"),
        ("namespace", rf"in\s+(?P<namespace>{_NAME})(?![\w./-])"),
        ("service_monitor", rf"(?P<service_monitor>service\s?monitor){_END}"),
    )
)  # fmt: skip
_GET = ("give", "need", "gib", "brauche", "brauchen")
"""What may as well ask for the manifest of what is there: with these, an image or a version is said."""
_NO_NAMES = frozenset(
    ("please", "and", "or", "for", "with", "the", "a", "an", "in", "on", "to", "of", "it", "them", "all", "this",
     "that", "everything", "deployment", "job", "service", "app", "bitte", "und", "oder", "mit", "alle", "das")
)  # fmt: skip
"""What is no name where a name could stand."""


def ordered(task: str, home: str) -> Understanding | None:
    """The manifests that a task orders; None when it does not begin like that, or has a word of another meaning.

    `home` is the namespace where the task says none.
    """
    began = _BEGIN.match(task.strip())
    if began is None or began["app"].lower() in _NO_NAMES:
        return None
    arguments = arguments_in(task.strip()[began.end() :], _PARTS, _value)
    if arguments is None or "" in arguments.values():
        return None
    if began["verb"].lower() in _GET and not arguments.keys() & {"image", "version"}:
        return None
    app, tool = began["app"].lower(), APPLY if began["verb"].lower() == "apply" else GENERATE
    said = [_value("type", each) for each in (began["type"], began["kind"]) if each]
    if (tool == APPLY and "folder" in arguments) or len(said) + ("type" in arguments) > 1:
        return None
    namespace = arguments.get("namespace", home)
    whole = {"app": app, **({"type": said[0]} if said else {}), **arguments, "namespace": namespace}
    order = Order((namespace,), (app,), frozenset({tool}))
    return Understanding(wishes=(Call(tool, whole),), orders=(order,), namespaces=(namespace,))


def not_understood(task: str) -> str:
    """What to say of a task that begins as an order for manifests and has a word of no part; else empty."""
    began = _BEGIN.match(task.strip())
    if (
        began is None
        or began["app"].lower() in _NO_NAMES
        or began["verb"].lower() in _GET
        or task.rstrip().endswith("?")
    ):
        return ""
    _, left = said_in(task.strip()[began.end() :], _PARTS)
    return left and (
        f'Manifests for {began["app"]} are to be made, and I do not know what "{left[:80]}" means. Say image or '
        "version, port, replicas, host, type, CPU, memory, namespace and folder; and the rest as a task of its own."
    )


def _value(argument: str, text: str) -> Any:
    """Empty: no such thing can be meant."""
    match argument:
        case "ports":
            return re.split(AND, text)
        case "replicas":
            return int(text) if text.isdigit() else int(_NUMBERS[text.lower()])
        case "hpa":
            return ":".join(re.findall(r"\d+", text))
        case "type":
            return re.sub(r"\s", "", text.lower())
        case "memory":
            return quantity(text)
        case "schedule":
            return text if re.match(r"[@*\d]", text) else cron_of(text.strip().lower())
        case "service_monitor":
            return True
        case "platform" | "namespace":
            return text.lower()
        case _:
            return text
