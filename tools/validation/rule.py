"""What a rule is: a name, how bad it is, what it means, why, how to mend it, and how it is found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol, TypeAlias

from tools.checks import Check
from tools.cluster.did_you_mean import did_you_mean
from tools.diagnose.facts.nearest import nearest
from tools.json import Json
from tools.validation import schema
from tools.validation.fault import Fault
from tools.validation.manifests import Broken, Identity, Manifest, Manifests, Source
from tools.validation.parsing import Mark

Severity = Literal["error", "warning", "info"]


class Live(Protocol):
    """What is on the cluster; without one, nobody knows."""

    def has(self, kind: str, namespace: str | None, name: str) -> bool | None:
        """Whether an object is there; None where nobody knows."""
        ...


class NoCluster:
    """`Live` where no cluster is asked."""

    def has(self, kind: str, namespace: str | None, name: str) -> bool | None:
        """Nobody knows."""
        return None


@dataclass
class Context:
    """What rules are given: one set of objects, and what is known besides."""

    manifests: Manifests
    minor: int
    """The minor of Kubernetes 1 that the manifests are for."""
    mask: Callable[[Json], Json] = lambda value: value
    live: Live = field(default_factory=NoCluster)
    everything: tuple[Manifest, ...] = ()
    """The objects of all sets; with `broken` and `strangers`, given with the first set alone."""
    broken: tuple[Broken, ...] = ()
    strangers: tuple[tuple[Source, Mark], ...] = ()
    """Documents of a file named by a person that are no manifests."""
    refused: tuple[Fault, ...] = ()
    """What the API server refused in a dry run."""

    generated: frozenset[tuple[str, str]] = frozenset()
    """Kind and name of what Kustomize makes of generators."""

    def has(self, kind: str, namespace: str | None, name: str) -> bool | None:
        """Whether an object is in the files or on the cluster; None where nobody knows."""
        if (kind, name) in self.generated or any(
            identity[1:] == (kind, namespace, name) for identity in self._named.get(name, ())
        ):
            return True
        return self.live.has(kind, namespace, name)

    @cached_property
    def _named(self) -> Mapping[str, list[Identity]]:
        found: dict[str, list[Identity]] = defaultdict(list)
        for identity in self.manifests.everything:
            found[identity[3]].append(identity)
        return found

    def lacks(self, kind: str, namespace: str | None, name: str) -> bool:
        """Whether an object is missing: the cluster says so, or its name is a slip of one that the files have."""
        known = self.has(kind, namespace, name)
        return self._meant(kind, namespace, name) is not None if known is None else not known

    def missing(self, kind: str, namespace: str | None, name: str) -> str:
        """The sentence that says that an object is not there, with the name that may be meant."""
        meant = self._meant(kind, namespace, name)
        where = f" in {namespace}" if namespace else ""
        return f"there is no {kind} {name}{where}.{did_you_mean([meant] if meant else [])}".removesuffix(".")

    def _meant(self, kind: str, namespace: str | None, name: str) -> str | None:
        return nearest(name, [each.name for each in self.manifests.in_namespace(kind, namespace)])

    @cached_property
    def schema_faults(self) -> Mapping[str, list[Fault]]:
        """What does not fit the schemas, by check."""
        return schema.faults(self.manifests.objects, self.minor)


Find: TypeAlias = Callable[[Context], Iterator[Fault]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `severity`: error, the server refuses it or it cannot work; warning, it is unsafe or will hurt."""

    name: Check
    severity: Severity
    means: str
    why: str
    mend: str
    source: str
    find: Find
    is_taken: bool = False
    """Of an error: whether the API server takes it all the same, and so is asked for the rest in a dry run."""
    of_text: bool = False
    """Whether it holds of a file whatever Kustomize makes of it: of its bases, other rules say nothing."""
