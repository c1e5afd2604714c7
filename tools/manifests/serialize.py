"""Objects as YAML that people read: in the order they were made in, with comments, and nothing that turns into
another type. Pure.

Both YAML dumpers of Python leave `yes`, `on`, `1e3` or `0o14` bare, which a parser of YAML 1.1 or 1.2 reads as no
string, and the API server refuses. Here all strings below `data`, `env`, `annotations`, `labels`, `args` and
`command` are quoted, and elsewhere every one that is not plainly a word or a quantity.
Source: https://yaml.org/spec/1.2.2/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tools.manifests.comments import comment_on

QUOTED = frozenset({"data", "env", "annotations", "labels", "matchLabels", "args", "command"})
"""Below these keys every string is quoted."""
_WORD = r"[A-Za-z/][-A-Za-z0-9_./]*(?::[-A-Za-z0-9_./@]+)*(?:@sha256:[0-9a-f]{64})?"
_QUANTITY = r"[0-9]+(?:m|[KMGTP]i)"
_NO_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_KEY = r"[A-Za-z][-A-Za-z0-9_./]*"
_UNSEEN = "\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff"
"""Control characters, and those that show a text in another order than it is in: they are escaped."""
_LITERAL = rf"[^\x00-\x08\x0b-\x1f{_UNSEEN}\ud800-\udfff]*"


def document(made: dict[str, Any], name: str) -> str:
    """A file of one object. It begins with `---` and its name, so that files joined are a stream of documents."""
    lines = ["---", f"# {name}", *_mapping(made, "", made["kind"], quoted=False)]
    return "\n".join(lines) + "\n"


def _mapping(value: dict[str, Any], indent: str, path: str, *, quoted: bool) -> Iterator[str]:
    for key, each in value.items():
        below = f"{path}.{key}"
        if comment := comment_on(below):
            yield f"{indent}# {comment}"
        yield from _entry(f"{indent}{_key(key)}:", each, indent, below, quoted=quoted or key in QUOTED)


def _entry(start: str, value: Any, indent: str, path: str, *, quoted: bool) -> Iterator[str]:
    if isinstance(value, dict) and value:
        yield start
        yield from _mapping(value, f"{indent}  ", path, quoted=quoted)
    elif isinstance(value, list) and value:
        yield start
        for each in value:
            yield from _item(each, f"{indent}  ", f"{path}[]", quoted=quoted)
    elif isinstance(value, str) and _is_block(value):
        chomping = "" if value.endswith("\n") else "-"
        yield f"{start} |{chomping}"
        yield from (f"{indent}  {line}" if line else "" for line in value.removesuffix("\n").split("\n"))
    else:
        yield f"{start} {_scalar(value, quoted=quoted)}"


def _item(value: Any, indent: str, path: str, *, quoted: bool) -> Iterator[str]:
    """An element of a list: a mapping's first line stands beside the dash."""
    if not isinstance(value, dict) or not value:
        yield f"{indent}- {_scalar(value, quoted=quoted)}"
        return
    lines = list(_mapping(value, f"{indent}  ", path, quoted=quoted))
    first = next(place for place, line in enumerate(lines) if not line.lstrip().startswith("# "))
    yield from (line.removeprefix("  ") for line in lines[:first])
    yield f"{indent}- {lines[first].removeprefix(f'{indent}  ')}"
    yield from lines[first + 1 :]


def _is_block(text: str) -> bool:
    """Whether a text of several lines can stand as it is: a block keeps all of it, but not every character."""
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and re.fullmatch(_LITERAL, text) is not None
        and not text.endswith("\n\n")
        and not lines[0].startswith(" ")
        and bool(lines[0])
        and all(line.strip(" ") or not line for line in lines)
    )


def _key(key: str) -> str:
    return key if re.fullmatch(_KEY, key) and key.lower() not in _NO_WORDS else _quote(key)


def _scalar(value: Any, *, quoted: bool) -> str:
    if isinstance(value, str):
        return _quote(value) if quoted or not _is_plain(value) else value
    return json.dumps(value)


def _is_plain(text: str) -> bool:
    return (re.fullmatch(_WORD, text) is not None and text.lower() not in _NO_WORDS) or bool(
        re.fullmatch(_QUANTITY, text)
    )


def _quote(text: str) -> str:
    """A double-quoted scalar: JSON's, but that YAML escapes more characters, and none beyond the first plane."""
    return re.sub(f"[{_UNSEEN}]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
