"""What a pod asks for and what nodes have: the resources that keep a pod from its node.

Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
"""

from __future__ import annotations

from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tools.diagnose import quantity
from tools.diagnose.findings import Remedy
from tools.diagnose.naming import TEMPLATE_KINDS, quoted, typed
from tools.diagnose.plaintext import one_line
from tools.diagnose.rules.taints import open_nodes

if TYPE_CHECKING:
    from tools.cluster.client import Json
    from tools.cluster.resources import ObjectRef
    from tools.diagnose.snapshot import Snapshot

_BYTES = ("memory", "ephemeral-storage")
_SETTABLE = {"cpu": "cpu_request", "memory": "memory_request"}


def requested(pod: Json, resource: str) -> Decimal:
    """What a pod asks for: its containers and sidecars, or its largest init container when that is more.

    Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    """
    spec = pod["spec"]
    together = sum((_request(each, resource) for each in spec.get("containers") or ()), Decimal(0))
    sidecars = first = Decimal(0)
    for each in spec.get("initContainers") or ():
        asked = _request(each, resource)
        if each.get("restartPolicy") == "Always":
            sidecars += asked
        else:
            first = max(first, sidecars + asked)
    of_pod = amount((((spec.get("resources") or {}).get("requests")) or {}).get(resource))
    overhead = amount((spec.get("overhead") or {}).get(resource))
    return (of_pod or max(together + sidecars, first)) + overhead


def amount(text: object) -> Decimal:
    """The number of a quantity; 0 where there is none."""
    try:
        return quantity.parse("0" if text is None else text)
    except (ValueError, ArithmeticError):
        return Decimal(0)


def largest_allocatable(resource: str, pod: Json, snapshot: Snapshot) -> Decimal | None:
    """The most that one node whose taints the pod tolerates offers; None where none is known to offer any."""
    offered = [(node.get("status") or {}).get("allocatable") or {} for node in open_nodes(pod, snapshot)]
    return max((amount(each[resource]) for each in offered if resource in each), default=None)


def shown(resource: str, number: Decimal) -> str:
    """An amount as people write it: `1Gi`, `500m`, `3`."""
    if resource.rpartition(".")[2] in _BYTES or resource.endswith("storage") or resource.startswith("hugepages-"):
        return quantity.size(int(number))
    return quantity.cpu(number)


def shortage(resource: str, pod: Json, snapshot: Snapshot) -> str:
    """`it asks for cpu 100, the largest node has 2`."""
    asked = requested(pod, resource)
    largest = largest_allocatable(resource, pod, snapshot)
    said = f"it asks for {one_line(resource, 80)} {shown(resource, asked)}"
    if largest is None or not largest:
        return said + _none_has(resource, snapshot)
    has = f"{said}, the largest node has {shown(resource, largest)}"
    return has if asked > largest else f"{has}, too much of it promised to other pods already"


def less(pod: Json, owner: ObjectRef, resource: str, snapshot: Snapshot) -> Remedy | None:
    """Half of the largest node, where even an empty node could not take the pod."""
    largest = largest_allocatable(resource, pod, snapshot)
    is_own = "/" in resource or resource.startswith("hugepages-")
    if is_own or not largest or requested(pod, resource) <= largest or owner.kind not in TEMPLATE_KINDS:
        return None
    container = max(pod["spec"]["containers"], key=lambda each: _request(each, resource))
    half = quantity.memory(int(largest / 2)) if resource in _BYTES else quantity.cpu(largest / 2)
    wanted = f"-c {container['name']} --requests={resource}={half}"
    arguments: dict[str, Any] = {
        "namespace": owner.namespace or "",
        "kind": owner.kind,
        "name": owner.name,
        "container": container["name"],
    }
    if resource in _SETTABLE:
        arguments[_SETTABLE[resource]] = half
    return Remedy(
        title=f"Ask for less {resource} than a node has, such as half of the largest",
        command=f"kubectl set resources {typed(owner)} {wanted}",
        risk="change",
        tool="set_resources" if resource in _SETTABLE else None,
        arguments=arguments if resource in _SETTABLE else {},
    )


def fewer(owner: ObjectRef, placed: int, asked: int) -> list[Remedy]:
    """As many replicas as have found a place; nothing where none has."""
    if owner.kind not in ("Deployment", "StatefulSet") or not placed:
        return []
    return [
        Remedy(
            title=f"Run {placed} replica{'' if placed == 1 else 's'} instead of {asked}",
            command=f"kubectl scale {typed(owner)} --replicas={placed}",
            risk="change",
            tool="scale",
            arguments={
                "namespace": owner.namespace or "",
                "kind": owner.kind,
                "name": owner.name,
                "replicas": placed,
            },
        )
    ]


def patched(owner: ObjectRef, patch: str, title: str) -> Remedy:
    """A merge patch of a workload, as a person types it."""
    return Remedy(
        title=title, command=f"kubectl patch {typed(owner)} --type merge -p {quoted(patch)}", risk="change"
    )


def _none_has(resource: str, snapshot: Snapshot) -> str:
    if not snapshot.of("Node"):
        return ""
    offered = {key for node in snapshot.of("Node") for key in (node.get("status") or {}).get("allocatable") or {}}
    near = get_close_matches(resource, sorted(key for key in offered if "/" in key), n=1)
    return ", no node has any" + (f"; the nearest there is: {one_line(near[0], 80)}" if near else "")


def _request(container: Json, resource: str) -> Decimal:
    resources = container.get("resources") or {}
    asked = (resources.get("requests") or {}).get(resource)
    return amount((resources.get("limits") or {}).get(resource) if asked is None else asked)
