"""Changes of a file's text that leave every other byte as it is: comments, quotes and indentation are a person's.

A library that reads YAML and writes it anew (ruamel.yaml) gives a third of well-made manifests other bytes where
nothing was changed; a diff is to show what was mended, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from tools.validation.manifests import Manifest
from tools.validation.parsing import Node, Path


class Edit(NamedTuple):
    """The characters from `start` to `end` of a file become `text`."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits; of those that overlap, or begin at one place, one alone."""
    done = len(text) + 1
    for edit in sorted(dict.fromkeys(edits), key=lambda edit: (edit.end, edit.start), reverse=True):
        if edit.end <= done and edit.start < done:
            text = text[: edit.start] + edit.text + text[edit.end :]
            done = edit.start
    return text


def rewritten(node: Node, text: str) -> tuple[Edit, ...]:
    """A scalar with another text."""
    return (Edit(node.start.offset, node.end.offset, text),)


def quoted(manifest: Manifest, path: Path) -> tuple[Edit, ...]:
    """A plain scalar as text, as it is written: `yes` as `"yes"`."""
    node = manifest.node.at(path)
    written = manifest.source.text[node.start.offset : node.end.offset]
    return rewritten(node, json.dumps(written)) if node.is_plain and written else ()


def renamed(manifest: Manifest, path: Path, name: str) -> tuple[Edit, ...]:
    """A key with another name."""
    key = manifest.node.at(path[:-1]).keys.get(str(path[-1]))
    return rewritten(key, name) if key is not None and key.is_plain else ()


def removed(manifest: Manifest, path: Path) -> tuple[Edit, ...]:
    """A member of a block mapping taken out, with its lines; nothing where it shares a line with something else."""
    above = manifest.node.at(path[:-1])
    key = above.keys.get(str(path[-1]))
    if key is None or above.is_flow or len(above.keys) == 1:
        return ()
    return lines_of(manifest.source.text, key, above.members[path[-1]])


def lines_of(text: str, key: Node, value: Node) -> tuple[Edit, ...]:
    """The lines of a key and its value taken out; nothing where something else stands there, too."""
    start = text.rfind("\n", 0, key.start.offset) + 1
    end = text.find("\n", _last(value, key.end.offset))
    if text[start : key.start.offset].strip():
        return ()
    return (Edit(start, len(text) if end < 0 else end + 1, ""),)


def _last(value: Node, least: int) -> int:
    """The last character of a value that is no blank: what is between it and the next key is not its own."""
    if value.members:
        return (
            max(_last(member, least) for member in value.members.values())
            if not value.is_flow
            else value.end.offset
        )
    return max(least, value.end.offset - 1 if value.end.column == 1 else value.end.offset)


def inserted(manifest: Manifest, path: Path, lines: Iterable[str]) -> tuple[Edit, ...]:
    """Further members of the block mapping at a path, as lines without its indentation, behind the last of it."""
    above = manifest.node.at(path)
    if above.is_flow or not above.keys:
        return ()
    text = manifest.source.text
    column = next(iter(above.keys.values())).start.column
    end = text.find("\n", _last(above, above.start.offset))
    new = "".join(f"{' ' * (column - 1)}{line}\n" for line in lines)
    return (Edit(len(text), len(text), "\n" + new) if end < 0 else Edit(end + 1, end + 1, new),)
