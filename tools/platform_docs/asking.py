"""A cluster that is asked for facts; what it does not tell is a fact, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tools.cluster.client import Cluster
from tools.cluster.errors import ClusterError, Forbidden, NotFound, ServerFailure
from tools.cluster.resources import ObjectRef
from tools.json import Json
from tools.plaintext import one_line
from tools.platform_docs.facts import Fact

T = TypeVar("T")

READ_AT_MOST = 500
"""Objects of a kind: beyond that, a page tells of the first ones."""
_SAID_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """What was read: a value, or None where there is nothing; where; and what else is to be said of it."""

    value: T | None
    source: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A cluster that is asked for facts of one namespace."""

    cluster: Cluster
    namespace: str
    team: str
    user: str
    groups: Mapping[str, str]

    def serves(self, group: str) -> bool:
        """Whether the cluster has an API group."""
        return group in self.groups

    def listed(self, word: str, *, everywhere: bool = False, namespace: str = "", selector: str = "") -> list[Json]:
        """The objects of a kind in the namespace, in another one, or everywhere."""
        where = None if everywhere else namespace or self.namespace
        return self.cluster.list(word, where, label_selector=selector, limit=READ_AT_MOST)

    def read(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Json:
        """One object of this very version."""
        return self.cluster.read(ObjectRef(api_version, kind, namespace, name))

    def fact(
        self,
        name: str,
        title: str,
        source: str,
        ask: Callable[[], Read[T]],
        said: Callable[[T], str | Mapping[str, str]] = str,
        *,
        absent: str = "not on this cluster",
        moves: bool = False,
    ) -> Fact[T]:
        """A fact, with what the cluster said instead where it did not tell it.

        `said` is a line, or, of a fact of several things, the name of each and what is said of it.
        """
        try:
            read = ask()
        except NotFound:
            return Fact(name, title, "absent", None, absent, source, moves)
        except Forbidden:
            return Fact(name, title, "unreadable", None, f"may not be read by {self.user}", source, moves)
        except ServerFailure as error:
            return Fact(
                name, title, "unreadable", None, one_line(f"could not be read: {error}", 200), source, moves
            )
        if read.value is None:
            return Fact(name, title, "absent", None, read.said or absent, read.source, moves)
        told = read.said or said(read.value)
        parts = {} if isinstance(told, str) else {key: one_line(part) for key, part in told.items()}
        line = told if isinstance(told, str) else ", ".join(f"{key} {part}".strip() for key, part in parts.items())
        return Fact(name, title, "known", read.value, one_line(line, _SAID_CHARS), read.source, moves, parts)


def first(places: Iterable[str], ask: Callable[[str], T]) -> tuple[str, T]:
    """The first place that answers; raises the first refusal, or that nothing is there."""
    refused: ClusterError = NotFound("nowhere")
    for place in places:
        try:
            return place, ask(place)
        except Forbidden as error:
            refused = error
        except NotFound:
            continue
    raise refused


def wherever(asked: Asked, word: str, places: Sequence[str], selector: str = "") -> list[Json]:
    """Objects of all namespaces; where we may not list those, of the first of these places that we may list."""
    try:
        return asked.listed(word, everywhere=True, selector=selector)
    except Forbidden:
        return first(places, lambda place: asked.listed(word, namespace=place, selector=selector))[1]
