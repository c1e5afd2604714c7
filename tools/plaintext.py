"""Text that came from elsewhere, made safe to print: it cannot paint a terminal."""

from __future__ import annotations

import re
import unicodedata

# Source: ECMA-48: CSI (colours, cursor) and OSC (titles, links) sequences, and escapes of two characters.
_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[0-Z\\^-~])")
# All of C0 but tab and newline, DEL, C1, and the marks that reorder text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
EVIDENCE_CHARS = 400
_SCANNED_CHARS = 10


def plain(text: str) -> str:
    """The text without escape sequences and control characters, but for tabs and newlines."""
    return _CONTROL.sub("", _ESCAPE.sub("", text))


def one_line(text: str, limit: int = EVIDENCE_CHARS) -> str:
    """`text` without escapes, control and format characters, on one line, `limit` characters at most."""
    raw = text[: limit * _SCANNED_CHARS]
    shown = raw if raw.isprintable() else "".join(map(_visible, _ESCAPE.sub("", raw)))
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category.startswith("C") else character


def counted(number: int, noun: str) -> str:
    """So many of them: `1 turn`, `2 turns`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
