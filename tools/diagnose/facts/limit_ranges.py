"""What the LimitRanges of a namespace give a container, and which requests they allow it.

Source: https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tools.apimachinery.quantity import amount
from tools.diagnose.terms import Json, Snapshot


def default_request(resource: str, snapshot: Snapshot) -> tuple[str, str] | None:
    """(LimitRange, amount) that a container gets which requests none; None where that is not one amount.

    A maximum or a minimum is no default, though the API server makes one of it.
    """
    found = {
        (name, str(item["defaultRequest"][resource]))
        for name, item in bounds(snapshot, "Container")
        if resource in (item.get("defaultRequest") or {})
        and item["defaultRequest"][resource] != (item.get("max") or {}).get(resource)
        and item["defaultRequest"][resource] != (item.get("min") or {}).get(resource)
    }
    return found.pop() if len(found) == 1 else None


def may_request(container: Json, resource: str, wanted: Decimal, snapshot: Snapshot) -> bool:
    """Whether a container may request so much, with the limit that it has."""
    limit = amount(((container.get("resources") or {}).get("limits") or {}).get(resource))
    for _, item in bounds(snapshot, "Container"):
        ratio = amount((item.get("maxLimitRequestRatio") or {}).get(resource))
        if wanted < amount((item.get("min") or {}).get(resource)) or (ratio and limit > wanted * ratio):
            return False
    return True


def bounds(snapshot: Snapshot, kind: str) -> Iterator[tuple[str, Json]]:
    """Each entry of the LimitRanges for Containers or Pods, with the LimitRange's name."""
    for limit_range in snapshot.of("LimitRange"):
        for item in (limit_range.get("spec") or {}).get("limits") or ():
            if item.get("type") == kind:
                yield str(limit_range["metadata"]["name"]), item
