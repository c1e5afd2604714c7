"""What a pod asks for and what nodes have: the resources that keep a pod from its node.

Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
"""

from __future__ import annotations

from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from tools.apimachinery import quantity
from tools.apimachinery.quantity import amount
from tools.diagnose.facts.capacity import largest_allocatable, most_room, request, requested
from tools.diagnose.facts.limit_ranges import default_request, may_request
from tools.diagnose.facts.naming import TEMPLATE_KINDS, typed
from tools.diagnose.facts.remedies import by_tool, scaled
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.terms import Evidence, Json, ObjectRef, Remedy, Snapshot
from tools.plaintext import one_line

_BYTES = ("memory", "ephemeral-storage")
_SETTABLE = {"cpu": "cpu_request", "memory": "memory_request"}


def shown(resource: str, number: Decimal) -> str:
    """An amount as people write it: `1Gi`, `500m`, `3`."""
    if resource.rpartition(".")[2] in _BYTES or resource.endswith("storage") or resource.startswith("hugepages-"):
        return quantity.size(int(number))
    return quantity.cpu(number)


def shortage(resources: list[str], pod: Json, snapshot: Snapshot) -> str:
    """`it asks for cpu 100, the largest node has 2`, or `...; node one has most of it free, 700m`."""
    beyond = [each for each in resources if not _on_some_node(each, pod, snapshot)]
    others = [each for each in resources if each not in beyond]
    told = [_beyond(each, pod, snapshot) for each in beyond]
    return "; ".join(told + _promised(others, pod, snapshot))


def room_said(resources: list[str], pod: Json, snapshot: Snapshot) -> list[Evidence]:
    """What the node has that comes nearest, and how much of it is promised."""
    within = [each for each in resources if _on_some_node(each, pod, snapshot)]
    room = most_room(pod, within, snapshot) if within else None
    if room is None:
        return []
    told = [
        f"{each}: {shown(each, room.allocatable[each])} allocatable, "
        f"{shown(each, room.allocatable[each] - room.free[each])} requested"
        for each in within
    ]
    pods = f"by {room.pods} pod{'' if room.pods == 1 else 's'}"
    return [Evidence("spec", f"Node {one_line(room.node, 120)}", one_line(f"{'; '.join(told)} {pods}"))]


def _on_some_node(resource: str, pod: Json, snapshot: Snapshot) -> bool:
    """Whether an empty node would have enough of it, as far as the nodes are known."""
    largest = largest_allocatable(resource, pod, snapshot)
    return bool(largest) and requested(pod, resource) <= (largest or 0)


def _beyond(resource: str, pod: Json, snapshot: Snapshot) -> str:
    largest = largest_allocatable(resource, pod, snapshot)
    said = _asked(resource, pod)
    return (
        f"{said}, the largest node has {shown(resource, largest)}"
        if largest
        else said + _none_has(resource, snapshot)
    )


def _promised(resources: list[str], pod: Json, snapshot: Snapshot) -> list[str]:
    """What an empty node would have, and none has left."""
    room = most_room(pod, resources, snapshot) if resources else None
    if room is None:
        return [
            f"{_beyond(each, pod, snapshot)}, too much of it promised to other pods already" for each in resources
        ]
    asked = " and ".join(f"{one_line(each, 80)} {shown(each, requested(pod, each))}" for each in resources)
    free = " and ".join(f"{one_line(each, 80)} {shown(each, room.free[each])}" for each in resources)
    return [f"it asks for {asked}; the node that comes nearest, {one_line(room.node, 120)}, has {free} free"]


def _asked(resource: str, pod: Json) -> str:
    return f"it asks for {one_line(resource, 80)} {shown(resource, requested(pod, resource))}"


def less(pod: Json, owner: ObjectRef, resource: str, snapshot: Snapshot) -> Remedy | None:
    """A smaller request, where even an empty node could not take the pod: the namespace's default, else half of
    the largest node; None where that would not be enough, or a LimitRange would refuse it.
    """
    largest = largest_allocatable(resource, pod, snapshot)
    is_own = "/" in resource or resource.startswith("hugepages-")
    if is_own or not largest or requested(pod, resource) <= largest or owner.kind not in TEMPLATE_KINDS:
        return None
    container = max(pod["spec"]["containers"], key=lambda each: request(each, resource))
    left = largest - requested(pod, resource) + request(container, resource)
    default = default_request(resource, snapshot)
    wanted, why = (largest / 2, f"Ask for less {resource} than a node has, such as half of the largest")
    if default and amount(default[1]) <= left:
        wanted = amount(default[1])
        why = f"Ask for {resource} {default[1]}, the default of LimitRange {one_line(default[0], 120)}"
    if wanted > left or not may_request(container, resource, wanted, snapshot):
        return None
    return _asking(owner, container, resource, wanted, why)


def _asking(owner: ObjectRef, container: Json, resource: str, wanted: Decimal, title: str) -> Remedy:
    value = quantity.memory(int(wanted)) if resource in _BYTES else quantity.cpu(wanted)
    command = f"kubectl set resources {typed(owner)} -c {container['name']} --requests={resource}={value}"
    by_hand = Remedy(title, command, "change")
    if resource not in _SETTABLE:
        return by_hand
    asked: dict[str, Any] = {_SETTABLE[resource]: value}
    return by_tool(by_hand, "set_resources", owner, container=container["name"], **asked)


def fewer(owner: ObjectRef, placed: int, asked: int) -> list[Remedy]:
    """As many replicas as have found a place; nothing where none has."""
    if owner.kind not in ("Deployment", "StatefulSet") or not placed:
        return []
    return [scaled(owner, f"Run {placed} replica{'' if placed == 1 else 's'} instead of {asked}", placed)]


def _none_has(resource: str, snapshot: Snapshot) -> str:
    if not snapshot.of("Node"):
        return ""
    offered = {key for node in snapshot.of("Node") for key in status_of(node).get("allocatable") or {}}
    near = get_close_matches(resource, sorted(key for key in offered if "/" in key), n=1)
    return ", no node has any" + (f"; the nearest there is: {one_line(near[0], 80)}" if near else "")
