"""For which Services init containers wait, and who waits for whom in a circle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import msgspec

from tools.diagnose.facts.containers import Container
from tools.diagnose.facts.initializing import long_initializing
from tools.diagnose.facts.owners import owner_of
from tools.diagnose.facts.service_pods import is_ready, pods_behind
from tools.diagnose.logs.decisive import around
from tools.diagnose.terms import ObjectRef, Snapshot, once

_NAME = re.compile(r"(?<![\w.-])[\w-]+")


class Wait(msgspec.Struct, frozen=True):
    """One group of init containers, and a Service of which no pod is ready that it waits for."""

    group: tuple[Container, ...]
    service: str
    owners: tuple[ObjectRef, ...]
    """Whose pods are behind that Service."""

    @property
    def waiting(self) -> ObjectRef:
        return self.group[0].owner


@once
def circle(snapshot: Snapshot) -> tuple[Wait, ...]:
    """Those who wait for each other, the first by name first; empty where every chain ends somewhere."""
    waits = sorted(_waits(snapshot), key=lambda each: (each.waiting.name, each.service))
    graph = TopologicalSorter[ObjectRef]()
    for each in waits:
        graph.add(each.waiting, *each.owners)
    try:
        graph.prepare()
    except CycleError as found:
        return _of_those(found.args[1][:0:-1], waits)
    return ()


def _of_those(refs: list[ObjectRef], waits: list[Wait]) -> tuple[Wait, ...]:
    """The waits of a circle, in which each waits for the next."""
    at = refs.index(min(refs, key=lambda ref: ref.name))
    first = [*refs[at:], *refs[:at]]
    pairs = zip(first, [*first[1:], first[0]], strict=True)
    return tuple(
        next(each for each in waits if each.waiting == one and other in each.owners) for one, other in pairs
    )


def _waits(snapshot: Snapshot) -> Iterator[Wait]:
    for group in long_initializing(snapshot):
        for name in _named(group[0], snapshot):
            pods = pods_behind(snapshot.named("Service", name) or {"spec": {}}, snapshot)
            if pods and not any(is_ready(pod) for pod in pods):
                owners = tuple(dict.fromkeys(owner_of(pod, snapshot) for pod in pods))
                yield Wait(tuple(group), name, owners)


def _named(container: Container, snapshot: Snapshot) -> list[str]:
    """The Services that its log names; where it names none, its command and env do."""
    log = snapshot.logs.get((container.pod_name, container.name), "")
    texts = [" ".join(around(log))] if log else []
    words = [str(word) for field in ("command", "args") for word in container.spec.get(field) or ()]
    words += [str(each.get("value") or "") for each in container.spec.get("env") or ()]
    for text in (*texts, " ".join(words)):
        if found := [name for name in sorted({*_NAME.findall(text)}) if snapshot.named("Service", name)]:
            return found
    return []
