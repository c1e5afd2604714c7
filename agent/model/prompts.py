"""The words for the model, from prompts/: persona, protocol, context, rules. The same bytes in each request."""

from __future__ import annotations

import functools
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "prompts"
FILES = ("SOUL.md", "protocol.md", "context.md", "rules.md")


@functools.cache
def system_prompt() -> str:
    """The system prompt. Nothing of the session is in it, so that its cache holds for all of them."""
    return "\n\n".join(_body((FOLDER / name).read_text(encoding="utf-8")).strip() for name in FILES)


def _body(text: str) -> str:
    """The text without its front matter, which is for programs."""
    return text.split("---\n", 2)[2] if text.startswith("---\n") else text
