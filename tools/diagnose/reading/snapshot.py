"""What a diagnosis knows: the objects of a namespace as they were at one moment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from functools import cached_property, wraps
from typing import Literal, TypeVar, cast

import msgspec

from tools.json import Json

Kind = Literal[
    "Pod",
    "Event",
    "Deployment",
    "DaemonSet",
    "Job",
    "CronJob",
    "Service",
    "Ingress",
    "NetworkPolicy",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "ReplicaSet",
    "StatefulSet",
    "Node",
    "PlacedPod",
    "LimitRange",
    "ResourceQuota",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass",
    "ResourceClaim",
    "PodMetrics",
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "IngressClass",
    "PriorityClass",
    "RuntimeClass",
    "Route",
    "Role",
    "RoleBinding",
    "Namespace",
    "Remaining",
]
Worked = TypeVar("Worked")
Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)

ContainerKey = tuple[str, str]
"""Pod name and container name."""


class Question(msgspec.Struct, frozen=True):
    """One more read that a finding depends on: `word` is the kind as kubectl takes it, no `name` means all of them.

    `everywhere`: those of that name in all namespaces. Of a ConfigMap or Secret no value is kept: of the texts in
    `mentions`, which of a ConfigMap's keys hold one.
    """

    word: str
    namespace: str | None = None
    name: str = ""
    everywhere: bool = False
    mentions: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """What there is; none also where the cluster does not serve the kind (`served`)."""

    objects: tuple[Json, ...]
    served: bool = True

    @property
    def one(self) -> Json | None:
        """The object that was asked for by name; None where it does not exist."""
        return self.objects[0] if self.objects else None


class Snapshot(msgspec.Struct, frozen=True, dict=True):
    """Everything the rules may look at.

    `objects` holds the API's own JSON by kind; a kind that was not needed or could not be read is absent
    (`has` tells). Pods that look well hold only the fields of `decoding.WellPod`, and a `PlacedPod`, which is of
    any namespace, only what it takes of its node. A `Remaining` is the metadata of something that holds a namespace
    which is being deleted, with `word`, its kind as kubectl takes it. A ConfigMap or Secret holds no values: `data`
    maps its keys to empty strings, and is absent where only the name is known. `logs` holds the last lines of
    failed containers. `taken_at` is what the rules take for now.
    """

    cluster: str
    namespace: str
    taken_at: datetime
    objects: Mapping[Kind, tuple[Json, ...]]
    logs: Mapping[ContainerKey, str]
    not_checked: tuple[str, ...] = ()
    answers: Mapping[Question, Answer | None] = msgspec.field(default_factory=dict)
    """What was asked beyond that (`ask`); None where it could not be read."""

    def ask(self, question: Question) -> Answer | None:
        """What lies beyond the snapshot; None where it is not known. Who reads it then asks again.

        A rule that gets None says less, and claims nothing.
        """
        if question not in self.answers and question not in self._unanswered:
            self._unanswered.append(question)
        return self.answers.get(question)

    def unanswered(self) -> list[Question]:
        """What was asked in vain so far, in that order."""
        return list(self._unanswered)

    @cached_property
    def _unanswered(self) -> list[Question]:
        return []

    def of(self, kind: Kind) -> tuple[Json, ...]:
        """All objects of a kind; none when they could not be read."""
        return self.objects.get(kind, ())

    def has(self, kind: Kind) -> bool:
        """Whether this kind was read: only then does what is not in `of` not exist."""
        return kind in self.objects

    def names(self, kind: Kind) -> tuple[str, ...]:
        """The names of all objects of a kind, in order."""
        return self.once(
            f"names of {kind}", lambda: tuple(sorted(each["metadata"]["name"] for each in self.of(kind)))
        )

    def named(self, kind: Kind, name: str) -> Json | None:
        """One object by name."""
        return self._by_name.get((kind, name))

    def events_of(self, kind: str, name: str) -> tuple[Json, ...]:
        """The events about one object, newest first."""
        return self._events.get((kind, name), ())

    def grouped(self, kind: Kind, by: Callable[[Json], Hashable]) -> Mapping[Hashable, list[Json]]:
        """The objects of a kind by what a function says of each; worked out once for each function."""
        return self.once((kind, by), lambda: grouped(self.of(kind), by))

    def once(self, what: Hashable, work_out: Callable[[], Worked]) -> Worked:
        """What several rules need of this snapshot, worked out when the first of them asks."""
        if what not in self._worked_out:
            self._worked_out[what] = work_out()
        return cast("Worked", self._worked_out[what])

    @cached_property
    def _worked_out(self) -> dict[Hashable, object]:
        return {}

    @cached_property
    def _by_name(self) -> dict[tuple[Kind, str], Json]:
        return {(kind, item["metadata"]["name"]): item for kind, items in self.objects.items() for item in items}

    @cached_property
    def _events(self) -> dict[tuple[str, str], tuple[Json, ...]]:
        newest_first = sorted(self.of("Event"), key=event_time, reverse=True)
        return {about: tuple(events) for about, events in grouped(newest_first, _about).items()}


def once(work_out: Callable[[Snapshot], Worked]) -> Callable[[Snapshot], Worked]:
    """A function of a snapshot alone that is asked by several rules, and worked out for the first of them."""

    @wraps(work_out)
    def known(snapshot: Snapshot) -> Worked:
        return snapshot.once(work_out, lambda: work_out(snapshot))

    return known


def grouped(items: Iterable[Item], by: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """The items by what a function says of each, both in their order."""
    found: dict[Key, list[Item]] = {}
    for item in items:
        found.setdefault(by(item), []).append(item)
    return found


def _about(event: Json) -> tuple[str, str]:
    about = event.get("involvedObject") or {}
    return about.get("kind", ""), about.get("name", "")


def times(event: Json) -> int:
    """How many times an event was seen."""
    return int(event.get("count") or (event.get("series") or {}).get("count") or 1)


def event_time(event: Json) -> str:
    """When an event was seen last (RFC 3339), whichever of the API's four places says it."""
    series = event.get("series") or {}
    meta = event.get("metadata") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or meta.get("creationTimestamp")
        or ""
    )
