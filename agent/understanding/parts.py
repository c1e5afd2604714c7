"""What stands behind an order: parts that each give one argument, until nothing is left. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from tools.json import Json

AND = r"(?:\s*,\s*(?:and\s+|und\s+)?|\s+and\s+|\s+und\s+)"
"""What joins the elements of a list."""
_END = re.compile(r"\s*(?:,?\s*(?:please|bitte|thanks|danke))?\s*[.!]*\s*", re.IGNORECASE)

Parts = Iterable[tuple[str, re.Pattern[str]]]
"""Argument -> the pattern that has a group of its name; the first that matches is taken."""


def arguments_in(rest: str, parts: Parts, value: Callable[[str, str], Any]) -> Json | None:
    """The arguments that are said, each once, `value` made of its text; None when a word is left over."""
    said, left = said_in(rest, parts)
    if left or len(dict(said)) < len(said):
        return None
    return {argument: value(argument, text) for argument, text in said}


def said_in(rest: str, parts: Parts) -> tuple[list[tuple[str, str]], str]:
    """(argument, its text) of each part in its order, and the words from the first one on that is of none."""
    said: list[tuple[str, str]] = []
    while not _END.fullmatch(rest):
        rest = rest.lstrip()
        matched = ((argument, pattern.match(rest)) for argument, pattern in parts)
        found = next(((argument, part) for argument, part in matched if part is not None), None)
        if found is None:
            return said, rest
        argument, part = found
        said.append((argument, part[argument]))
        rest = rest[part.end() :]
    return said, ""


def quantity(text: str) -> str:
    """A quantity as Kubernetes writes it: 16 GB is 16G, and 16 GiB is 16Gi."""
    return re.sub(r"[\sB]", "", text, flags=re.IGNORECASE).replace("K", "k" if "i" not in text else "K")
