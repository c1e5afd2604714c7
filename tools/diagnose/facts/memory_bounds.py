"""How much memory a container may be given: what LimitRanges and ResourceQuotas of its namespace leave.

Source: https://kubernetes.io/docs/concepts/policy/limit-range/ and
https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tools.apimachinery import quantity
from tools.diagnose.facts.containers import Container
from tools.diagnose.facts.limit_ranges import bounds
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.reading.snapshot import Snapshot


class Bound(msgspec.Struct, frozen=True):
    """The most a container's memory limit may be, and what says so."""

    limit_bytes: int
    said: str
    ask_for: str
    command: str


def smallest(container: Container, limit_bytes: int, pods: int, snapshot: Snapshot) -> Bound | None:
    """The tightest bound; None when nothing bounds it. `pods`: how many there are with the present limit."""
    bounds = [*_limit_ranges(container, snapshot), *_quotas(limit_bytes, pods, snapshot)]
    return min(bounds, key=lambda bound: bound.limit_bytes, default=None)


def request_for(limit_bytes: int, request_bytes: int | None, snapshot: Snapshot) -> int | None:
    """The request that a new limit takes along, where a LimitRange bounds the ratio of the two; else None."""
    ratios = [
        quantity.parse(item["maxLimitRequestRatio"]["memory"])
        for _, item in bounds(snapshot, "Container")
        if "memory" in (item.get("maxLimitRequestRatio") or {})
    ]
    if not ratios or request_bytes is None or limit_bytes <= request_bytes * min(ratios):
        return None
    needed = int(limit_bytes / min(ratios))
    return -(-needed // quantity.MIB) * quantity.MIB


def _limit_ranges(container: Container, snapshot: Snapshot) -> Iterator[Bound]:
    command = f"kubectl describe limitrange -n {snapshot.namespace}"
    for kind, used in (("Container", 0), ("Pod", _of_the_others(container))):
        for _, item in bounds(snapshot, kind):
            if "memory" in (item.get("max") or {}):
                most = int(quantity.parse(item["max"]["memory"]))
                what = f"the LimitRange allows a {kind.lower()} {quantity.memory(most)} at most"
                yield Bound(most - used, what, "a larger LimitRange", command)


def _of_the_others(container: Container) -> int:
    """The memory limits of the pod's other containers; init containers run before them."""
    return sum(
        int(quantity.parse(limits["memory"]))
        for other in container.pod["spec"].get("containers") or ()
        if other.get("name") != container.name
        and "memory" in (limits := (other.get("resources") or {}).get("limits") or {})
    )


def _quotas(limit_bytes: int, pods: int, snapshot: Snapshot) -> Iterator[Bound]:
    """What is left must hold one pod more while a rollout makes the new one first, and all of them then."""
    for quota in snapshot.of("ResourceQuota"):
        status = status_of(quota)
        hard, used = (
            (status.get("hard") or {}).get("limits.memory"),
            (status.get("used") or {}).get("limits.memory"),
        )
        if hard is None or (quota.get("spec") or {}).get("scopes"):
            continue
        left = max(0, int(quantity.parse(hard) - quantity.parse(used or 0)))
        most = min(left, limit_bytes + left // max(1, pods))
        name = quota["metadata"]["name"]
        yield Bound(
            most,
            f"ResourceQuota {name} has {quantity.memory(left)} of limits.memory {hard} left",
            "a larger quota",
            f"kubectl describe resourcequota {name} -n {snapshot.namespace}",
        )
