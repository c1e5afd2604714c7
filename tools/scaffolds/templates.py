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
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment
    from jinja2.bccache import Bucket

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
                files[inside.as_posix()] = _rendered(path, values)
    return files


def _rendered(path: Path, values: Mapping[str, object]) -> str:
    text = path.read_text(encoding="utf-8")
    if "«" not in text and not _STATEMENT.search(text):
        return text
    return _environment().get_template(str(path)).render(values)


def _marked(path: str) -> str:
    """A template as Jinja2 reads it: with one kind of statement."""
    text = Path(path).read_text(encoding="utf-8")
    return _STATEMENT.sub(lambda found: f"«% {found[1] or found[2] or found[3]} %»", text)


@cache
def _environment() -> Environment:
    from jinja2 import FunctionLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=FunctionLoader(_marked),
        bytecode_cache=_compiled(),
        cache_size=0,
        block_start_string="«%",
        block_end_string="%»",
        variable_start_string="«",
        variable_end_string="»",
        comment_start_string="«#",
        comment_end_string="#»",
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,
    )


def _compiled() -> BytecodeCache | None:
    """What Jinja2 has compiled, in the folder that it makes for this user alone; None where there can be none."""
    from jinja2 import FileSystemBytecodeCache

    class Kept(FileSystemBytecodeCache):
        def dump_bytecode(self, bucket: Bucket) -> None:
            with suppress(OSError):  # a full disk, say: it is compiled again the next time
                super().dump_bytecode(bucket)

    try:
        return Kept()
    except (OSError, RuntimeError):
        return None
