"""Template texts, rendered by Jinja2: real files in templates/, each valid in its own language as it stands.

| where | Jinja2 |
|---|---|
| in a line | `«app»` |
| a line of its own, after the language's sign for a comment | `#% if serves`, `//% else`, `--% endif` |
| anywhere in markup | `<!--% endif %-->` |

So `${{ }}`, Helm's braces and a shell's brackets are text like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"

_LEFT_BY_TOOLS = frozenset({"__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache"})
"""Folders that an installer or a linter makes beside templates."""
_MARKUP = r"<!--% ((?:(?! %-->).)*) %-->"
_STATEMENT = re.compile(rf"^[ \t]*(?:(?:#|//|--)% (.*)|{_MARKUP})$|{_MARKUP}", re.MULTILINE)
"""Not Jinja2's own line statements, which take the empty lines behind them away."""


def rendered(layers: Sequence[str], values: Mapping[str, object]) -> dict[str, str]:
    """Path -> text of every file of the layers, which are folders of `TEMPLATES`; a later one's file wins.

    A value that a template asks for and that is not there is an error of the template, and raised as it is.
    """
    files: dict[str, str] = {}
    for layer in layers:
        folder = TEMPLATES / layer
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and _LEFT_BY_TOOLS.isdisjoint(inside.parts):
                files[inside.as_posix()] = _rendered(path.read_text(encoding="utf-8"), values)
    return files


def _rendered(text: str, values: Mapping[str, object]) -> str:
    marked = _STATEMENT.sub(lambda found: f"«% {found[1] or found[2] or found[3]} %»", text)
    return _environment().from_string(marked).render(values) if "«" in marked else text


@cache
def _environment() -> Environment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        block_start_string="«%",
        block_end_string="%»",
        variable_start_string="«",
        variable_end_string="»",
        comment_start_string="«#",
        comment_end_string="#»",
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        optimized=False,  # each text is rendered once
        autoescape=False,
    )
