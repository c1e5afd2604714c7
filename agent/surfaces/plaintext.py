"""Text that cannot paint a terminal."""

from __future__ import annotations

import re

# All of C0 but tab and newline, DEL, C1, and the marks that reorder text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Source: ECMA-48, CSI and OSC sequences, and the two-character escapes.
_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])")


def plain(text: str) -> str:
    """The text without escape sequences and control characters, but for tabs and newlines."""
    return _CONTROL.sub("", _ESCAPE.sub("", text))


def counted(number: int, noun: str) -> str:
    """So many of them: `1 turn`, `2 turns`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
