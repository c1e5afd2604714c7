"""Template texts: real files in templates/, each valid in its own language as it stands.

| where | |
|---|---|
| in a line | `«app»` |
| a line of its own, after the language's sign for a comment | `#% if serves`, `//% else`, `--% endif` |
| anywhere in markup | `<!--% endif %-->` |

So `${{ }}`, Helm's braces and a shell's brackets are text like any other. A statement is `if`, `elif`, `else`,
`endif`, `for NAME in VALUE` or `endfor`; a condition is `VALUE`, `VALUE == "text"` or `VALUE != "text"`, or some of
them with `or` between. Nothing in a template is run. Jinja2 could do it: its import and its compiling of the texts
took as long as all the rest of `desk template-app`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

TEMPLATES = Path(__file__).parent / "templates"

Value: TypeAlias = str | int | bool | Sequence[str]

_LEFT_BY_TOOLS = frozenset({"__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache"})
"""Folders that an installer or a linter makes beside templates."""
_MARKUP = r"<!--% ((?:(?! %-->).)*) %-->"
_TAG = re.compile(rf"(?:^[ \t]*(?:(?:#|//|--)% (.*)|{_MARKUP})$|{_MARKUP})\n?|«(.*?)»", re.MULTILINE)
"""A statement, which takes the end of its line with it, or a value's name."""
_COMPARISON = r'(\w+)(?: (==|!=) "([^"]*)")?'
_LOOP = r"(\w+) in (\w+)"


class TemplateError(Exception):
    """A template asks for a value that is not there, or is not written as it must be: a fault of Desk's own."""


class _Token(NamedTuple):
    """A statement's word and what follows it; "text" and a text; "value" and a name; "end" at the end."""

    word: str
    rest: str


def rendered(layers: Sequence[str], values: Mapping[str, Value]) -> dict[str, str]:
    """Path -> text of every file of the layers, which are folders of `TEMPLATES`; a later one's file wins.

    Raises TemplateError.
    """
    files: dict[str, str] = {}
    for layer in layers:
        folder = TEMPLATES / layer
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and _LEFT_BY_TOOLS.isdisjoint(inside.parts):
                files[inside.as_posix()] = _rendered(path.read_text(encoding="utf-8"), values)
    return files


def _rendered(text: str, values: Mapping[str, Value]) -> str:
    return _block(list(_tokens(text)), 0, values, ("end",))[0]


def _tokens(text: str) -> Iterator[_Token]:
    begin = 0
    for tag in _TAG.finditer(text):
        yield _Token("text", text[begin : tag.start()])
        begin = tag.end()
        if tag[4] is None:
            word, _, rest = (tag[1] or tag[2] or tag[3]).partition(" ")
            yield _Token(word, rest)
        else:
            yield _Token("value", tag[4])
    yield _Token("text", text[begin:])
    yield _Token("end", "")


def _block(tokens: list[_Token], at: int, values: Mapping[str, Value], ends: Sequence[str]) -> tuple[str, int]:
    """The text of the tokens from `at` to the first that ends them, and where that stands."""
    parts: list[str] = []
    while (token := tokens[at]).word not in ends:
        part = token.rest
        match token.word:
            case "text":
                pass
            case "value":
                part = str(_value(token.rest, values))
            case "if":
                part, at = _choice(tokens, at, values)
            case "for":
                part, at = _loop(tokens, at, values)
            case _:
                raise TemplateError(f"{' '.join(token).strip()!r} stands where {' or '.join(ends)} is missing.")
        parts.append(part)
        at += 1
    return "".join(parts), at


def _choice(tokens: list[_Token], at: int, values: Mapping[str, Value]) -> tuple[str, int]:
    """The first branch that holds; the others are read as well, so that a wrong name in them is an error, too."""
    chosen: str | None = None
    while (token := tokens[at]).word != "endif":
        is_last = token.word == "else"
        holds = [True] if is_last else [_holds(each, values) for each in token.rest.split(" or ")]
        text, at = _block(tokens, at + 1, values, ("endif",) if is_last else ("elif", "else", "endif"))
        if chosen is None and any(holds):
            chosen = text
    return chosen or "", at


def _loop(tokens: list[_Token], at: int, values: Mapping[str, Value]) -> tuple[str, int]:
    found = re.fullmatch(_LOOP, tokens[at].rest)
    items = _value(found[2], values) if found else None
    if not found or not isinstance(items, list):
        raise TemplateError(f"{tokens[at].rest!r} is no loop over a list.")
    _, end = _block(tokens, at + 1, {**values, found[1]: ""}, ("endfor",))
    return "".join(_block(tokens, at + 1, {**values, found[1]: item}, ("endfor",))[0] for item in items), end


def _holds(comparison: str, values: Mapping[str, Value]) -> bool:
    found = re.fullmatch(_COMPARISON, comparison)
    if not found:
        raise TemplateError(f"{comparison!r} is no condition.")
    value = _value(found[1], values)
    return (value == found[3]) == (found[2] == "==") if found[2] else bool(value)


def _value(name: str, values: Mapping[str, Value]) -> Value:
    if name not in values:
        raise TemplateError(f"There is no value {name!r}.")
    return values[name]
