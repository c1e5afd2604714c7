"""What a namespace uses of a quota, and which rollouts do not fit into what is left. Pure.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/ and
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tools.apimachinery import quantity
from tools.apimachinery.pod_resources import Part, of_pod
from tools.apimachinery.quantity import amount
from tools.json import Json

COUNTED = {
    "Pod": "pods", "PersistentVolumeClaim": "persistentvolumeclaims", "Service": "services", "Secret": "secrets",
    "ConfigMap": "configmaps",
}  # fmt: skip
"""Kind -> the resource by which a quota counts its objects."""
WORKLOADS = ("Deployment", "StatefulSet")

_COMPUTE: tuple[tuple[str, Part, str], ...] = tuple(
    (f"{part}.{resource}", part, resource) for part in ("requests", "limits") for resource in ("cpu", "memory")
)
_OVER = ("Succeeded", "Failed")
_STATUS = ("hard", "used")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Quota:
    """What a quota allows together, and what of it is used."""

    name: str
    hard: Mapping[str, Decimal]
    used: Mapping[str, Decimal]

    @classmethod
    def of(cls, live: Json) -> Quota:
        """As the quota's controller has counted."""
        status = live.get("status") or {}
        hard, used = ({each: amount(value) for each, value in (status.get(part) or {}).items()} for part in _STATUS)
        return cls(live["metadata"]["name"], hard, used)

    def exceeded(self) -> Iterator[str]:
        """Where more is used than it allows."""
        for resource, bound in self.hard.items():
            if (used := self.used.get(resource, _NOTHING)) > bound:
                yield f"{resource}: {shown(resource, used)} are used and {shown(resource, bound)} would be allowed"

    def told(self) -> list[str]:
        """What is used of it, as `pods 3 of 50`; what is not used at all is left out."""
        return [
            f"{resource} {shown(resource, self.used[resource])} of {shown(resource, bound)}"
            for resource, bound in self.hard.items()
            if self.used.get(resource)
        ]

    def lacks(self, needed: Mapping[str, Decimal], freed: int) -> list[str]:
        """What one more pod needs and does not get, when as many such pods are gone before."""
        return [
            f"{shown(resource, need)} of {resource}, where {shown(resource, self.used.get(resource, _NOTHING))} of "
            f"{shown(resource, bound)} are used"
            for resource, bound in self.hard.items()
            if (need := needed.get(resource)) and self.used.get(resource, _NOTHING) + need * (1 - freed) > bound
        ]


def used(objects: Mapping[str, Sequence[Json]]) -> dict[str, Decimal]:
    """What the objects of a namespace, by their kinds, use of what a quota may bound."""
    found: Counter[str] = Counter()
    pods = [pod for pod in objects.get("Pod", ()) if pod.get("status", {}).get("phase") not in _OVER]
    for kind, resource in COUNTED.items():
        found[resource] = len(pods if kind == "Pod" else objects.get(kind, ()))
    balancers = [each for each in objects.get("Service", ()) if each.get("spec", {}).get("type") == "LoadBalancer"]
    found["services.loadbalancers"] = len(balancers)
    amounts = {each: Decimal(number) for each, number in found.items()}
    for resource, part, name in _COMPUTE:
        amounts[resource] = sum((of_pod(pod["spec"], part, name) for pod in pods), _NOTHING)
    claims = (
        each["spec"].get("resources", {}).get("requests", {}) for each in objects.get("PersistentVolumeClaim", ())
    )
    amounts["requests.storage"] = sum((amount(each.get("storage")) for each in claims), _NOTHING)
    return amounts


def stuck(workloads: Iterable[Json], quotas: Sequence[Quota], limit_ranges: Sequence[Json]) -> Iterator[str]:
    """The rollouts that would not end, because no quota has room for a new pod, and why."""
    defaults = _defaults(limit_ranges)
    for workload in workloads:
        replicas = workload["spec"].get("replicas", 1)
        freed = _freed(workload, replicas)
        needed = _needed(workload, defaults)
        lacking = [(quota.name, lacks) for quota in quotas if (lacks := quota.lacks(needed, freed))]
        if replicas and lacking:
            name, lacks = lacking[0]
            who = f"{workload['kind']} {workload['metadata']['name']}"
            yield f"{who}: {_why(freed)} would need {' and '.join(lacks)} (ResourceQuota {name})"


def _why(freed: int) -> str:
    if not freed:
        return (
            "its next rollout can never end, for with maxUnavailable 0 no old pod goes before a new one is ready, "
            "and that"
        )
    return f"its next rollout stops when {freed} of its pods {'is' if freed == 1 else 'are'} gone, for a new one"


def _freed(workload: Json, replicas: int) -> int:
    """How many old pods go before there is a new one."""
    strategy = workload["spec"].get("strategy") or {}
    if workload["kind"] != "Deployment":
        return 1
    if strategy.get("type") == "Recreate":
        return int(replicas)
    rolling = strategy.get("rollingUpdate") or {}
    unavailable = _number(rolling.get("maxUnavailable", "25%"), replicas, math.floor)
    surge = _number(rolling.get("maxSurge", "25%"), replicas, math.ceil)
    return unavailable or (0 if surge else 1)  # of two that come to 0, the controller takes one


def _number(given: Any, replicas: int, rounded: Any) -> int:
    text = str(given)
    return int(rounded(replicas * int(text[:-1]) / 100)) if text.endswith("%") else int(text)


def _needed(workload: Json, defaults: Mapping[tuple[Part, str], str]) -> dict[str, Decimal]:
    """What one pod of the template counts for, with what LimitRanges give it."""
    spec = workload["spec"]["template"]["spec"]
    filled = {
        **spec,
        **{
            name: [_filled(each, defaults) for each in spec.get(name) or ()]
            for name in ("containers", "initContainers")
        },
    }
    return {"pods": Decimal(1), **{each: of_pod(filled, part, name) for each, part, name in _COMPUTE}}


def _filled(container: Json, defaults: Mapping[tuple[Part, str], str]) -> Json:
    """A container with the defaults for what it does not say; a limit of its own is its request, too."""
    resources = container.get("resources") or {}
    own = {part: dict(resources.get(part) or {}) for part in ("limits", "requests")}
    for (part, resource), value in defaults.items():
        if part == "limits" or resource not in (resources.get("limits") or {}):
            own[part].setdefault(resource, value)
    return {**container, "resources": own}


def _defaults(limit_ranges: Sequence[Json]) -> dict[tuple[Part, str], str]:
    items = [item for each in limit_ranges for item in each["spec"]["limits"] if item.get("type") == "Container"]
    found: dict[tuple[Part, str], str] = {}
    for item in items:
        for name, value in (item.get("default") or {}).items():
            found.setdefault(("limits", name), value)
        for name, value in (item.get("defaultRequest") or {}).items():
            found.setdefault(("requests", name), value)
    return found


def shown(resource: str, number: Decimal) -> str:
    """An amount as people write it."""
    if resource.endswith("cpu"):
        return quantity.cpu(number)
    return quantity.size(int(number)) if resource.endswith(("memory", "storage")) else str(int(number))
