"""What debug-pod is asked about, from words as kubectl takes them, and as `debug-pod NAMESPACE [POD]` does.

A word alone is a namespace where there is one of that name, else a name in the namespace that is meant without one;
behind -n it is always a name. A name is that of a pod or workload, TYPE/NAME, or TYPE NAME.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple, TypeVar

from agent.errors import UsageError
from tools.cluster.did_you_mean import NotThere, near
from tools.cluster.errors import ClusterError, Forbidden, NotFound
from tools.cluster.resources import find, words_of_types

Found = TypeVar("Found")

_SHAPES = "debug-pod [-n NAMESPACE] [NAME | TYPE/NAME | TYPE NAME], or debug-pod NAMESPACE [NAME]"


class Target(NamedTuple):
    """A namespace (None: all of them), and one of its objects: a plain name, or TYPE/NAME (None: all of it)."""

    namespace: str | None
    name: str | None


EVERYWHERE = Target(None, None)


def meant(words: Sequence[str], namespace: str | None, default: str) -> tuple[Target, ...]:
    """What the words may mean; the first that is there counts. `namespace`: as -n gives it; `default`: without.

    Raises `UsageError` for words that have none of the shapes.
    """
    if namespace is not None:
        return (Target(namespace, _name(words)),)
    if not words or "/" in words[0]:
        return (Target(default, _name(words)),)
    there = Target(words[0], _name(words[1:]))
    may_be_here = len(words) == 1 or (len(words) == 2 and "/" not in words[1] and _looks_like_type(words[0]))
    return (there, Target(default, "/".join(words))) if may_be_here else (there,)


def _name(words: Sequence[str]) -> str | None:
    match words:
        case []:
            return None
        case [name]:
            return name
        case [kind, name] if find(kind) is not None and "/" not in name:
            return f"{kind}/{name}"
        case _:
            raise UsageError(f'"{" ".join(words)}" is not one name. It is {_SHAPES}.')


def _looks_like_type(word: str) -> bool:
    """Whether it is a type, or one with a typing error."""
    return find(word) is not None or bool(near(word, words_of_types()))


def first_there(targets: Sequence[Target], look: Callable[[Target], Found]) -> tuple[Target, Found]:
    """The first target that is there, and what was found of it.

    Raises the first one's error, with what was tried besides, when none is there or may be read.
    """
    refused: list[ClusterError] = []
    for target in targets:
        try:
            return target, look(target)
        except (NotFound, Forbidden) as error:
            refused.append(error)
    raise reduce(_neither, refused)


def _neither(first: ClusterError, second: ClusterError) -> ClusterError:
    if isinstance(first, NotThere) and isinstance(second, NotThere):
        return first.nor(second)
    return type(first)(f"{first} Taken for a name instead: {second}")
