"""Whose login at a registry a task says, and where its password is; the password itself is never taken. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ENDS = r"(?=[.,;:!?)\"'`]*(?:\s|$))"
"""A value is said to its end: of /run/a!b, /run/a is not what was meant."""
_VALUE = r"[\w$][-\w.@+$\\|/:]*[\w]|\w"
_FILE = r"[~/.][-\w./:@$+=~,%]*\w"
_USER = (
    r"(?:with|as|mit)\s+(?:the\s+|dem\s+)?(?:user(?:name)?|login|benutzer(?:name)?)\s+"
    rf"(?P<username>{_VALUE}){_ENDS}"
)
_PASSWORD = (
    r"(?:with\s+|mit\s+)?(?:the\s+|dem\s+)?(?:password|passwort)(?:\s*[:=]|\s+is)?\s+(?:"
    rf"(?:from|in|aus)\s+(?:the\s+|der\s+)?(?:file|datei)\s+(?P<quote>[\"'`]?)(?P<file>{_FILE})(?P=quote){_ENDS}"
    r"|(?:from|on)\s+(?P<stdin>standard input|stdin)"
    r"|(?:from|in)\s+key\s+(?P<key>[-._a-zA-Z0-9]+)\s+of\s+secret\s+(?P<existing_secret>[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)"
    r"|(?P<inline>(?!from\b|in\b|on\b|aus\b)\S+))"
)
_BETWEEN = r"(?:\s*,\s*|\s+)(?:and\s+|und\s+)?"
_LOGIN = re.compile(rf"\b{_USER}(?:{_BETWEEN}{_PASSWORD})?", re.IGNORECASE)
_DENIED = re.compile(r"(?:\b(?:not|never|without|nicht|ohne)\b|n't)\b[^.;]{0,30}$", re.IGNORECASE)
_REGISTRY = re.compile(
    rf"\b(?:for|at|f\u00fcr|bei)\s+(?P<registry>[a-z0-9][-a-z0-9.]*(?::\d+)?(?:/[-a-z0-9._]+)*){_ENDS}"
)


@dataclass(frozen=True, slots=True)
class Login:
    """What the words say: arguments of `create_pull_secret`. `is_inline`: a password stands in the task."""

    fields: dict[str, str] = field(default_factory=dict)
    has_password: bool = False
    """Whether it is said where the password is."""
    is_inline: bool = False


def login_of(task: str) -> tuple[Login, str]:
    """The login that a task says, and the task without those words; two logins, or one that is denied, are none."""
    found = list(_LOGIN.finditer(task))
    if len(found) != 1 or _DENIED.search(task[: found[0].start()]):
        return Login(), task
    said: dict[str, str] = {name: value for name, value in found[0].groupdict().items() if value}
    given: tuple[str, ...] = ("username", "file", "key", "existing_secret")
    fields = {name: said[name] for name in given if name in said}
    sure = any(name in said for name in ("file", "stdin", "key"))
    rest = f"{task[: found[0].start()]} {task[found[0].end() :]}"
    return Login(fields, sure, "inline" in said), rest


def registry_of(task: str) -> tuple[str, str]:
    """The registry that a task names, and the task without it; empty where there is none."""
    found = _REGISTRY.search(task)
    return (found["registry"], f"{task[: found.start()]} {task[found.end() :]}") if found else ("", task)
