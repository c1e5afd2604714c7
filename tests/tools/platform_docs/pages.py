"""What stands in a page: its commands, its links."""

from __future__ import annotations

import re

_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!\\)\]\(([^)]+)\)")


def commands(page: str) -> str:
    """All that a reader types, from top to bottom, as one script."""
    return "".join(_SHELL.findall(page))


def links(page: str) -> list[str]:
    """Where the links lead."""
    return _LINK.findall(page)
