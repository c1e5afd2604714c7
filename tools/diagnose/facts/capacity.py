"""What pods request, what nodes offer, and what is left there.

Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/ and
https://kubernetes.io/docs/concepts/scheduling-eviction/pod-overhead/
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from tools.apimachinery.pod_resources import of_container, of_pod
from tools.apimachinery.quantity import amount
from tools.diagnose.facts.node_labels import takes
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.facts.taints import UNSCHEDULABLE, open_nodes
from tools.diagnose.terms import Json, Snapshot, grouped, once

_INSUFFICIENT = re.compile(r"Insufficient ([\w./-]+\w)")


class Room(msgspec.Struct, frozen=True):
    """What one node has left of some resources: its allocatable less what its pods request."""

    node: str
    free: dict[str, Decimal]
    allocatable: dict[str, Decimal]
    pods: int


def requested(pod: Json, resource: str) -> Decimal:
    """What a pod asks for."""
    return of_pod(pod["spec"], "requests", resource)


def request(container: Json, resource: str) -> Decimal:
    """What one container asks for: its limit where only that is given."""
    return of_container(container, "requests", resource)


def shortages(sentence: str) -> list[str]:
    """The resources that the scheduler says are insufficient."""
    return list(dict.fromkeys(_INSUFFICIENT.findall(sentence)))


def fitting_nodes(pod: Json, snapshot: Snapshot) -> list[Json]:
    """The nodes that the pod may go to by their taints and labels; by their taints alone where there is none."""

    def fitting() -> list[Json]:
        open_to_it = open_nodes(pod, snapshot)
        return [node for node in open_to_it if takes(node, pod)] or open_to_it

    return snapshot.once(("fitting nodes", _demands(pod)), fitting)


def _demands(pod: Json) -> bytes:
    """What of a pod decides on its nodes: it is worked out once for all pods that demand the same."""
    spec = pod["spec"]
    return msgspec.json.encode([spec.get(field) for field in ("tolerations", "nodeSelector", "affinity")])


def largest_allocatable(resource: str, pod: Json, snapshot: Snapshot) -> Decimal | None:
    """The most that one fitting node offers; None where none is known to offer any."""

    def largest() -> Decimal | None:
        offered = [_allocatable(node) for node in fitting_nodes(pod, snapshot)]
        return max((amount(each[resource]) for each in offered if resource in each), default=None)

    return snapshot.once(("largest allocatable", resource, _demands(pod)), largest)


def depends_on_others(pod: Json, snapshot: Snapshot) -> bool:
    """Whether a pod lacks a resource that an empty node would have enough of."""
    conditions = conditions_of(pod)
    sentence = next((str(each.get("message")) for each in conditions if each.get("type") == "PodScheduled"), "")
    return any(
        (requested(pod, each) <= (largest_allocatable(each, pod, snapshot) or 0)) for each in shortages(sentence)
    )


def most_room(pod: Json, resources: list[str], snapshot: Snapshot) -> Room | None:
    """The fitting node that comes nearest to what a pod asks for; None where one seems to have it, or unread."""
    if not snapshot.has("PlacedPod"):
        return None
    asked = {each: requested(pod, each) for each in resources}

    def most() -> Room | None:
        nodes = [node for node in fitting_nodes(pod, snapshot) if not _is_cordoned(node)]
        rooms = [_room(node, resources, snapshot) for node in nodes]
        best = max(rooms, key=lambda room: (_part(room, asked), room.node), default=None)
        return best if best is not None and _part(best, asked) < 1 else None

    return snapshot.once(("most room", tuple(asked.items()), _demands(pod)), most)


def _part(room: Room, asked: dict[str, Decimal]) -> Decimal:
    """How much of what is asked for is there, of the resource that lacks most."""
    return min(room.free[each] / number if number else Decimal(1) for each, number in asked.items())


def _room(node: Json, resources: list[str], snapshot: Snapshot) -> Room:
    name = str(node["metadata"]["name"])
    offered = {each: amount(_allocatable(node).get(each)) for each in resources}
    left = {each: max(Decimal(0), offered[each] - _promised(each, snapshot)[name]) for each in resources}
    return Room(name, left, offered, len(_by_node(snapshot).get(name, ())))


def _promised(resource: str, snapshot: Snapshot) -> Counter[str]:
    return snapshot.once(f"promised {resource}", lambda: Counter(dict(_sums(resource, snapshot))))


def _sums(resource: str, snapshot: Snapshot) -> Iterator[tuple[str, Decimal]]:
    for node, pods in _by_node(snapshot).items():
        yield node, sum((requested(pod, resource) for pod in pods), Decimal(0))


@once
def _by_node(snapshot: Snapshot) -> dict[str, list[Json]]:
    return grouped(snapshot.of("PlacedPod"), lambda pod: str(pod["spec"].get("nodeName")))


def _allocatable(node: Json) -> Json:
    return status_of(node).get("allocatable") or {}


def _is_cordoned(node: Json) -> bool:
    spec = node.get("spec") or {}
    return bool(spec.get("unschedulable")) or any(
        taint.get("key") == UNSCHEDULABLE for taint in spec.get("taints") or ()
    )
