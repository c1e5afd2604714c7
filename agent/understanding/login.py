"""Whose login at a registry a task says, and where its password is; the password itself is never taken. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = r"[\w.@+:/$-]*\w"
_WITH = r"(?:with|as|mit)\s+(?:the\s+)?(?:user(?:name)?|login|benutzer(?:name)?)\s+(?P<username>" + _NAME + r")"
_JOINED = r"(?:\s*,\s*(?:and\s+|und\s+)?|\s+(?:and|und)\s+|\s+)(?:with\s+|mit\s+)?"
_FROM = (
    r"(?:the\s+|dem\s+)?(?:password|passwort)\s+(?:from|in|aus)\s+(?:the\s+|der\s+)?(?:file|datei)\s+"
    r"(?:(?P<quote>[\"'`])(?P<quoted>[^\"'`\n]+)(?P=quote)|(?P<file>[~/.][^\s,;\"'`]*[^\s,;.\"'`]))"
    r"|(?:the\s+)?password\s+(?:from|on)\s+(?P<stdin>standard input|stdin)"
    r"|(?:the\s+)?password\s+(?:from|in)\s+key\s+(?P<key>[-._a-zA-Z0-9]+)\s+of\s+secret\s+(?P<existing_secret>[a-z0-9][-a-z0-9.]*)"
    r"|(?:the\s+)?(?:password|passwort|pw)\s*[:=]?\s+(?P<inline>\S+)"
)
_LOGIN = re.compile(rf"\b{_WITH}(?:{_JOINED}(?:{_FROM}))?", re.IGNORECASE)
_PASSWORD = re.compile(rf"\b(?:with\s+|mit\s+)?(?:{_FROM})", re.IGNORECASE)
_REGISTRY = re.compile(
    r"\b(?:for|at|to|für|bei)\s+(?P<registry>[a-z0-9.-]+\.[a-z0-9.-]*[a-z0-9](?::\d+)?|localhost(?::\d+)?)(?![\w/])"
)


@dataclass(frozen=True, slots=True)
class Login:
    """What the words say: arguments of `create_pull_secret`. `is_inline`: a password stands in the task."""

    fields: dict[str, str] = field(default_factory=dict)
    is_inline: bool = False


def login_of(task: str) -> tuple[Login, str]:
    """The login that a task says, and the task without those words."""
    found = list(_LOGIN.finditer(task)) or list(_PASSWORD.finditer(task))
    if len(found) != 1:
        return Login(is_inline=any(match.groupdict().get("inline") for match in found)), task
    said: dict[str, str] = {name: value for name, value in found[0].groupdict().items() if value}
    rest = f"{task[: found[0].start()]} {task[found[0].end() :]}"
    fields: dict[str, str] = {name: said[name] for name in ("username", "key", "existing_secret") if name in said}
    if "file" in said or "quoted" in said:
        fields["file"] = said.get("file") or said["quoted"]
    return Login(fields, "inline" in said), rest


def registry_of(task: str) -> tuple[str, str]:
    """The registry that a task names, and the task without it; empty where there is none."""
    found = _REGISTRY.search(task)
    return (found["registry"], f"{task[: found.start()]} {task[found.end() :]}") if found else ("", task)
