"""YAML and JSON as the API server reads them, with the line of each field, and keys that stand twice.

Each document of a file is parsed on its own: what is wrong in one does not hide the next. What a plain scalar means
is YAML 1.1 as `sigs.k8s.io/yaml` has it, which kubectl uses: `yes`, `on` and `0o14` are no strings there.
Source: https://github.com/kubernetes-sigs/yaml
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import yaml

Path: TypeAlias = tuple[str | int, ...]

MAX_DEPTH = 100
MAX_NODES = 500_000
"""Of one document, with what its aliases stand for."""


class Mark(NamedTuple):
    """A place in a file: line and column from 1, and how many characters are before it."""

    line: int
    column: int
    offset: int


@dataclass(slots=True)
class Node:
    """A value, and where it stands in its file. `members` are those of a mapping or a sequence, by key or index."""

    value: Any
    start: Mark
    end: Mark
    is_plain: bool = False
    """A scalar without quotes."""
    members: dict[str | int, Node] = field(default_factory=dict)
    keys: dict[str, Node] = field(default_factory=dict)
    size: int = 1
    is_flow: bool = False

    def at(self, path: Path) -> Node:
        """The node at a path; where the path leads nowhere, the last node that is there."""
        node = self
        for step in path:
            if step not in node.members:
                return node
            node = node.members[step]
        return node

    def mark(self, path: Path) -> Mark:
        """Where a field begins, at its key if it has one; where it is not there, what it would be in."""
        node, mark = self, self.start
        for step in path:
            if step not in node.members:
                break
            key = node.keys.get(str(step))
            node = node.members[step]
            mark = node.start if key is None else key.start
        return mark


class Twice(NamedTuple):
    """A key that stands twice in one mapping: where, and both nodes' values."""

    path: Path
    key: Node
    first: Node
    second: Node


@dataclass(frozen=True, slots=True)
class Parsed:
    """One document; `root` None: it is empty."""

    root: Node | None
    twice: tuple[Twice, ...] = ()


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A document that is no YAML: what is wrong, and where."""

    problem: str
    mark: Mark
    is_template: bool
    """It has the braces of a template language."""


_SEPARATOR = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_NOTHING = re.compile(r"(\s*(#.*|%.*)?(\n|\Z))*")


def documents(text: str) -> Iterator[Parsed | Unparsed]:
    """The documents of a file, one after the other; those that are only comments are left out."""
    text = text.removeprefix("\ufeff")
    begin, line = 0, 0
    for separator in (*(match.start() for match in _SEPARATOR.finditer(text)), len(text)):
        chunk = text[begin:separator]
        if not _NOTHING.fullmatch(chunk):
            yield from _documents(chunk, Mark(line, 0, begin))
        line += chunk.count("\n")
        begin = min(separator + len("---"), len(text))


def _documents(chunk: str, origin: Mark) -> Iterator[Parsed | Unparsed]:
    try:
        yield from _Builder(chunk, origin).documents()
    except yaml.YAMLError as error:
        yield _unparsed(error, chunk, origin)
    except _Refused as error:
        yield Unparsed(str(error), error.mark, "{{" in chunk)


def _unparsed(error: yaml.YAMLError, chunk: str, origin: Mark) -> Unparsed:
    is_template = "{{" in chunk
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        is_open = "unexpected end" in str(error.problem) and error.context_mark is not None
        mark: Any = error.context_mark if is_open else error.problem_mark  # what is open is told where it begins
        said = ", ".join(filter(None, (error.problem, error.context)))
        return Unparsed(said, _moved(mark.line, mark.column, mark.index, origin), is_template)
    where = getattr(error, "position", 0)
    at = Mark(origin.line + chunk[:where].count("\n") + 1, 1, origin.offset + where)
    return Unparsed(" ".join(str(getattr(error, "reason", error)).split()), at, is_template)


def _moved(line: int, column: int, index: int, origin: Mark) -> Mark:
    """A place of a document as one of its file; the first line begins behind the document's separator."""
    before = (3 if origin.offset else 0) if line == 0 else 0
    return Mark(origin.line + line + 1, before + column + 1, origin.offset + index)


class _Refused(Exception):
    def __init__(self, text: str, mark: Mark) -> None:
        super().__init__(text)
        self.mark = mark


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not been read; `key`: what waits for its value."""

    node: Node
    is_mapping: bool
    key: Node | None = None

    @property
    def step(self) -> str | int:
        """Where in it we are."""
        return len(self.node.value) if self.key is None else _key(self.key)


class _Builder:
    """Nodes of events: iterative, for libyaml's own composer crashes the process on deep nesting."""

    def __init__(self, chunk: str, origin: Mark) -> None:
        self._events: Iterator[Any] = yaml.parse(chunk, Loader=yaml.CSafeLoader)
        self._origin = origin
        self._anchors: dict[str, Node] = {}
        self._twice: list[Twice] = []

    def documents(self) -> Iterator[Parsed]:
        """The documents of a chunk; more than one only where `...` ends the first."""
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors, self._twice = {}, []
                root = self._built()
                empty = root.value is None and not root.members
                yield Parsed(None if empty else root, tuple(self._twice))

    def _built(self) -> Node:
        """The document's root node, with a stack of the collections that are open."""
        stack: list[_Open] = []
        for event in self._events:
            kind = type(event)
            if kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                stack.append(self._opened(event, len(stack)))
                continue
            if kind is yaml.ScalarEvent:
                done = self._scalar(event)
            elif kind is yaml.AliasEvent:
                done = self._aliased(event)
            else:
                done = stack.pop().node
                done.end = self._mark(event.end_mark)
            if not stack:
                return done
            self._add(stack, done)
        raise AssertionError("a document that has begun ends")

    def _opened(self, event: Any, depth: int) -> _Open:
        is_mapping = type(event) is yaml.MappingStartEvent
        node = Node({} if is_mapping else [], self._mark(event.start_mark), self._mark(event.end_mark))
        node.is_flow = bool(event.flow_style)
        self._anchor(event.anchor, node)
        if depth >= MAX_DEPTH:
            raise _Refused(f"nested deeper than {MAX_DEPTH} levels", node.start)
        return _Open(node, is_mapping)

    def _add(self, stack: list[_Open], done: Node) -> None:
        """A value that is complete becomes a member of the collection that it is in, or the key of the next one."""
        above = stack[-1]
        node = above.node
        node.size += done.size
        if node.size > MAX_NODES:
            raise _Refused(f"more than {MAX_NODES} values, with what its aliases stand for", node.start)
        if not above.is_mapping:
            node.members[len(node.value)] = done
            node.value.append(done.value)
        elif above.key is None:
            above.key = done
        else:
            self._member(stack, above.key, done)
            above.key = None

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        is_plain = event.style is None or event.style == ""
        plain = is_plain and (event.tag is None or event.tag != "tag:yaml.org,2002:str")
        value = resolved(event.value) if plain else event.value
        node = Node(value, self._mark(event.start_mark), self._mark(event.end_mark), is_plain)
        self._anchor(event.anchor, node)
        return node

    def _aliased(self, event: yaml.AliasEvent) -> Node:
        node = self._anchors.get(str(event.anchor))
        if node is None:
            raise _Refused(f"the alias *{event.anchor} has no anchor before it", self._mark(event.start_mark))
        return node

    def _anchor(self, name: str | None, node: Node) -> None:
        if name:
            self._anchors[name] = node

    def _member(self, stack: list[_Open], key: Node, value: Node) -> None:
        above, name = stack[-1].node, _key(key)
        if name == "<<" and key.is_plain:
            return self._merge(above, value)
        if name in above.keys:
            path = tuple(each.step for each in stack)
            self._twice.append(Twice(path, key, above.members[name], value))
        above.members[name] = value
        above.keys[name] = key
        above.value[name] = value.value

    def _merge(self, above: Node, merged: Node) -> None:
        """`<<`: what the mapping has not itself. Source: https://yaml.org/type/merge.html"""
        for source in merged.members.values() if isinstance(merged.value, list) else (merged,):
            for name, value in source.members.items():
                if name not in above.members:
                    above.members[name] = value
                    above.value[str(name)] = value.value

    def _mark(self, mark: Any) -> Mark:
        return _moved(mark.line, mark.column, mark.index, self._origin)


def _key(node: Node) -> str:
    """A key as JSON has it: text."""
    match node.value:
        case str(text):
            return text
        case bool(truth):
            return str(truth).lower()
        case None:
            return "null"
        case dict() | list():
            raise _Refused("a key is a mapping or a list, and must be text", node.start)
        case other:
            return str(other)


_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INTEGER = re.compile(
    r"([-+]?)(0[xX](?P<x>[0-9a-fA-F]+)|0[oO]?(?P<o>[0-7]+)|0[bB](?P<b>[01]+)|(?P<d>0|[1-9][0-9]*))"
)
_INFINITE = {".inf": "inf", ".Inf": "inf", ".INF": "inf", ".nan": "nan", ".NaN": "nan", ".NAN": "nan"}


@lru_cache(maxsize=10_000)
def resolved(text: str) -> str | int | float | bool | None:
    """What a plain scalar is. A date stays text, as in JSON."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text[0] not in "0123456789+-.":
        return text
    bare = text.replace("_", "")
    if whole := _INTEGER.fullmatch(bare):
        return _integer(whole)
    if _FLOAT.fullmatch(bare):
        return float(bare)
    infinite = _INFINITE.get(text.lstrip("+-"))
    return float(f"{'-' if text[0] == '-' else ''}{infinite}") if infinite else text


def _integer(whole: re.Match[str]) -> int:
    bases = {"x": 16, "o": 8, "b": 2, "d": 10}
    digits, base = next((whole[name], base) for name, base in bases.items() if whole[name] is not None)
    return int(f"{whole[1]}{digits}", base)
