"""An application that is to be made, in words that each have their meaning, or nothing is done.

"an API shop on port 8080 with postgres in Go"; "create password secret shop-db in shop-dev". Pure.
"""

from __future__ import annotations

import re
from typing import Any

from agent.understanding.parts import arguments_in
from agent.understanding.wishes import Call, Order, Understanding

MAKE, UPDATE, LOGIN = "template_app", "update_scaffold", "create_database_login"

_NAME = r"[a-z](?:[-a-z0-9]*[a-z0-9])?"
_POLITE = r"(?:please\s+|bitte\s+)?(?:(?:can|could|would)\s+you\s+(?:please\s+)?|(?:we|i|wir|ich)\s+)?"
_MAKE = r"scaffold|template|make|create|generate|build|start|begin|need|want|erstelle|erzeuge|baue|brauchen?"
_API = r"(?:rest[\s-]|web[\s-]?|http[\s-])?api|web\s?service|microservice"
_OTHER = r"worker|cron\s?job|scheduled\s+job|application|app|anwendung"
_CALLED = r"(?:(?:that\s+is\s+)?(?:called|named|namens)\s+)"
_LANGUAGES = {
    "go": "go", "golang": "go", "python": "python", "node": "node", "node.js": "node", "nodejs": "node",
    "javascript": "node", "java": "java",
}  # fmt: skip
_LANGUAGE = "|".join(map(re.escape, sorted(_LANGUAGES, key=len, reverse=True)))
_BEGIN = re.compile(
    rf"{_POLITE}(?:(?P<verb>{_MAKE})\s+)?(?:(?:me|us|mir|uns|please|bitte)\s+)*"
    rf"(?:(?P<article>an?|the|new|eine?n?|neue[nrs]?)\s+)*(?:(?P<language>{_LANGUAGE})[\s-]+)?"
    rf"(?:(?P<api>{_API})|(?P<other>{_OTHER}))(?![\w-])(?:\s+{_CALLED}?(?P<app>(?!(?:in|on|with|for|to|using|auf|mit|für|called|named|namens|and|port|that)\b){_NAME})(?![\w./:@-]))?",
    re.IGNORECASE,
)  # fmt: skip
_DATABASES = {"postgres": "postgres", "postgresql": "postgres", "mysql": "mysql"}
_DATABASE = "|".join(sorted(_DATABASES, key=len, reverse=True))
_WITH = r"(?:with\s+|mit\s+|and\s+|und\s+|using\s+|,\s*|on\s+|auf\s+)*(?:(?:an?|the|einer?|dem)\s+)?"
_END = r"(?![\w-])"
_PARTS = tuple(
    (argument, re.compile(rf"{_WITH}{pattern}", re.IGNORECASE))
    for argument, pattern in (
        ("app", rf"{_CALLED}(?P<app>{_NAME})(?![\w./:@-])"),
        ("port", rf"port\s+(?P<port>\d+){_END}"),
        ("language", rf"(?:(?:written\s+)?in\s+)?(?P<language>{_LANGUAGE}){_END}"),
        ("database", rf"(?P<database>{_DATABASE})(?:\s+(?:database|datenbank))?{_END}"),
        ("database", r"(?P<database>(?:without|no|ohne)\s+(?:an?\s+|eine\s+)?(?:database|datenbank))"),
        ("pipeline", rf"(?P<pipeline>github|tekton)(?:\s+(?:actions|pipeline))?{_END}"),
        ("team", rf"(?:for|für|of)\s+(?:the\s+|das\s+)?team\s+(?P<team>{_NAME}){_END}"),
        ("team", rf"(?:for|für|of)\s+(?:the\s+|das\s+)(?P<team>{_NAME})[\s-]+team{_END}"),
        ("repository", r"(?:repository|repo)\s+(?P<repository>https://\S*\w)"),
        ("registry", r"registry\s+(?P<registry>\S*\w)"),
        ("folder", r"(?:in|into|to|nach)\s+(?:(?:the|den)\s+)?(?:folder|directory|ordner)\s+(?P<folder>\S*[\w/])"),
        ("folder", r"(?:in|into|to|nach)\s+(?P<folder>[~.]?\.?/\S*[\w/]|\S+/)"),
    )
)  # fmt: skip
_UPDATE = re.compile(
    rf"{_POLITE}(?:update|refresh|aktualisiere)\s+(?:the\s+|das\s+)?scaffold\s+(?:in|of|at|under)\s+"
    r"(?:the\s+)?(?:folder\s+)?(?P<folder>\S*[\w/])[.!]*",
    re.IGNORECASE,
)
_PASSWORD = re.compile(
    rf"{_POLITE}(?:create|make|generate)\s+(?:an?\s+|the\s+)?(?:random\s+)?password\s+secret\s+(?P<secret>{_NAME})\s+"
    rf"in\s+(?:the\s+)?(?:namespace\s+)?(?P<namespace>{_NAME})[.!]*",
    re.IGNORECASE,
)


def ordered(task: str) -> Understanding | None:
    """The application that a task orders; None when it does not begin like that, or a word means something else."""
    said = task.strip()
    if updates := _UPDATE.fullmatch(said):
        return _asked(UPDATE, {"folder": updates["folder"]})
    if makes := _PASSWORD.fullmatch(said):
        secret, namespace = makes["secret"].lower(), makes["namespace"].lower()
        return _asked(LOGIN, {"name": secret, "namespace": namespace}, secret, namespace)
    began = _BEGIN.match(said)
    return None if began is None else _application(began, said[began.end() :])


def _application(began: re.Match[str], rest: str) -> Understanding | None:
    arguments = arguments_in(rest, _PARTS, _value)
    if arguments is None or any(began[name] and name in arguments for name in ("app", "language")):
        return None
    if began["language"]:
        arguments["language"] = _value("language", began["language"])
    if not _is_an_application(began, arguments):
        return None
    app = str(began["app"] or arguments.pop("app", "")).lower()
    if not app:
        return Understanding(unclear="What is it to be called? Say it, as in: an API called shop in Go.")
    return _asked(MAKE, {"app": app, "type": _type(began), **arguments}, app)


def _is_an_application(began: re.Match[str], arguments: dict[str, Any]) -> bool:
    """Whether code is meant, and no object of the cluster: there are CronJobs, and deployed workers, too."""
    if (began["verb"] or "").lower() == "scaffold" or "language" in arguments:
        return began["verb"] is not None or (began["article"] or "the").lower() != "the"
    return began["api"] is not None and began["verb"] is not None and bool(arguments)


def _type(began: re.Match[str]) -> str:
    said = (began["other"] or "").lower()
    if "job" in said:
        return "cronjob"
    return "worker" if said == "worker" else "web-api"


def _asked(tool: str, arguments: dict[str, Any], name: str = "", namespace: str = "") -> Understanding:
    namespaces = (namespace,) if namespace else ()
    order = Order(namespaces, (name,) if name else (), frozenset({tool}))
    return Understanding(wishes=(Call(tool, arguments),), orders=(order,), namespaces=namespaces)


def _value(argument: str, text: str) -> Any:
    match argument:
        case "port":
            return int(text)
        case "language":
            return _LANGUAGES[text.lower()]
        case "database":
            return _DATABASES.get(text.lower(), "none")
        case "pipeline" | "team" | "app":
            return text.lower()
        case _:
            return text
