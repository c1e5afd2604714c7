"""What is too long for the room that is left, cut at its lines. Pure, but for the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable

from agent.context.tokens import estimate

OPENING_SHARE = 8
"""The files that a session begins with may take this part of the window: it is for the work."""
LEAST_TOKENS = 150
"""A result is shown so far however little room is left: that it is there, and how to read it."""

Document = tuple[str, str]
"""Title and text."""


def fits(text: str, tokens: int) -> bool:
    """Whether a text has no more tokens than so many; a byte is at most one."""
    return len(text.encode(errors="replace")) <= tokens or estimate(text) <= tokens


def head_and_tail(text: str, tokens: int) -> tuple[str, str]:
    """The beginning and the end of a text that does not fit, of whole lines if it can be, half of the room each."""
    share = max(tokens, LEAST_TOKENS) / estimate(text)
    half = int(len(text) * share / 2)
    head, tail = text[:half], text[len(text) - half :]
    return head.rpartition("\n")[0] or head, tail.partition("\n")[2] or tail


def fitted(documents: Iterable[Document], tokens: int) -> tuple[Document, ...]:
    """The documents, first things first, until the room is used up; what is cut says so."""
    left = tokens
    shown: list[Document] = []
    for title, text in documents:
        if fits(text, left):
            shown.append((title, text))
            left -= estimate(text)
            continue
        head, _ = head_and_tail(text, 2 * left) if left > LEAST_TOKENS else ("", "")
        shown.append((title, f"{head}\n[cut: {text.count(chr(10)) + 1} lines in all]".lstrip()))
        left = 0
    return tuple(shown)
