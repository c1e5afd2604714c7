"""Text that came from a cluster, made safe to print: one line, no escapes, bounded."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC: titles, links
    r"|\x1b."
)
EVIDENCE_CHARS = 400
_SCANNED_CHARS = 10


def one_line(text: str, limit: int = EVIDENCE_CHARS) -> str:
    """`text` without ANSI escapes, control and format characters, on one line, `limit` characters at most."""
    raw = text[: limit * _SCANNED_CHARS]
    plain = "".join(_visible(character) for character in _ESCAPES.sub("", raw))
    line = " ".join(plain.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category.startswith("C") else character
