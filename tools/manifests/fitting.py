"""Does an application fit into its namespace: its quotas and LimitRanges, and what lacks. Pure.

Sources: https://kubernetes.io/docs/concepts/policy/resource-quotas/ ,
https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from tools.apimachinery import quantity
from tools.apimachinery.quantity import amount
from tools.json import Json
from tools.manifests.specification import Specification
from tools.plaintext import counted

_SCOPES = frozenset({"NotBestEffort", "NotTerminating"})
"""The scopes that the generated pods are in."""
_SHORT = ("cpu", "memory", "ephemeral-storage")
"""What a quota may bound without `requests.`, and means requests."""


def shortfalls(
    wanted: Specification,
    controller: Json,
    quotas: Sequence[Json],
    limit_ranges: Sequence[Json],
    live: Json | None = None,
) -> list[str]:
    """What the namespace lacks, a sentence each; `live` is the controller that is there already, whose pods go."""
    pods = _pods_at_most(wanted)
    needed = _demand(controller, pods, claims=wanted.replicas_most)
    freed = _demand(live, _replicas_of(live), claims=_replicas_of(live)) if live else {}
    return [
        *(text for quota in quotas for text in _exceeded(quota, needed, freed, pods)),
        *(text for each in limit_ranges for text in _outside(each, controller)),
    ]


def _pods_at_most(wanted: Specification) -> int:
    """With what a rollout starts beside them; of a DaemonSet one, for nobody may know the nodes."""
    match wanted.type:
        case "deployment":
            return wanted.replicas_most + 1
        case "statefulset":
            return wanted.replicas_most
        case _:
            return 1


def _replicas_of(live: Json) -> int:
    return int((live.get("status") or {}).get("replicas") or live["spec"].get("replicas") or 0)


def _demand(controller: Json, pods: int, *, claims: int) -> dict[str, Decimal]:
    """What so many pods take of a quota, by the quota's words."""
    found: dict[str, Decimal] = {"pods": Decimal(pods), "count/pods": Decimal(pods)}
    for container in _containers(controller):
        for side, amounts in (container.get("resources") or {}).items():
            for resource, text in amounts.items():
                name = f"{side}.{resource}"
                found[name] = found.get(name, Decimal(0)) + amount(text) * pods
    for resource in _SHORT:
        found[resource] = found.get(f"requests.{resource}", Decimal(0))
    sizes = [_storage(claim) for claim in controller["spec"].get("volumeClaimTemplates") or ()]
    found["persistentvolumeclaims"] = Decimal(len(sizes) * claims)
    found["requests.storage"] = sum(sizes, Decimal(0)) * claims
    return found


def _containers(controller: Json) -> list[Json]:
    spec = controller["spec"]
    spec = spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec
    containers: list[Json] = spec["template"]["spec"]["containers"]
    return containers


def _storage(claim: Json) -> Decimal:
    return amount(claim["spec"]["resources"]["requests"].get("storage"))


def _exceeded(quota: Json, needed: Mapping[str, Decimal], freed: Mapping[str, Decimal], pods: int) -> Iterator[str]:
    spec, used = quota.get("spec") or {}, (quota.get("status") or {}).get("used") or {}
    if spec.get("scopeSelector") or not _SCOPES.issuperset(spec.get("scopes") or ()):
        return
    for resource, hard in (spec.get("hard") or {}).items():
        free = amount(hard) - amount(used.get(resource)) + freed.get(resource, Decimal(0))
        want = needed.get(resource, Decimal(0))
        if want > free:
            lacks = _said(resource, want - free)
            yield (
                f"quota {quota['metadata']['name']} has {_said(resource, max(free, Decimal(0)))} of {hard} "
                f"{resource} left, and it needs {_said(resource, want)} for {counted(pods, 'pod')}: {lacks} short"
            )


def _outside(limit_range: Json, controller: Json) -> Iterator[str]:
    name = limit_range["metadata"]["name"]
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        if item.get("type") in ("Container", "Pod"):
            for container in _containers(controller):
                yield from _bounds(name, item, container["resources"])
        elif item.get("type") == "PersistentVolumeClaim":
            for claim in controller["spec"].get("volumeClaimTemplates") or ():
                size = claim["spec"]["resources"]["requests"]
                yield from _bounds(name, item, {"requests": size, "limits": size})


def _bounds(name: str, item: Json, resources: Mapping[str, Json]) -> Iterator[str]:
    for resource, most in (item.get("max") or {}).items():
        limit = resources["limits"].get(resource)
        if limit is not None and amount(limit) > amount(most):
            yield f"LimitRange {name} lets a {item['type']} have {most} {resource} at most, and it wants {limit}"
    for resource, least in (item.get("min") or {}).items():
        request = resources["requests"].get(resource)
        if request is not None and amount(request) < amount(least):
            yield f"LimitRange {name} wants {least} {resource} at least, and it requests {request}"
    for resource, ratio in (item.get("maxLimitRequestRatio") or {}).items():
        limit, request = (amount(resources[side].get(resource)) for side in ("limits", "requests"))
        if limit > request * amount(ratio):
            yield f"LimitRange {name} lets a limit be {ratio} times the request of {resource} at most"


def _said(resource: str, number: Decimal) -> str:
    if "cpu" in resource:
        return quantity.cpu(number)
    return quantity.size(int(number)) if "memory" in resource or "storage" in resource else str(int(number))
