"""Refusals by ResourceQuotas and LimitRanges: which amount, and what fits.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/ and
https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from tools.apimachinery.quantity import amount
from tools.diagnose.facts.edits import change, is_fixed
from tools.diagnose.facts.limit_ranges import bounds
from tools.diagnose.facts.naming import TEMPLATE_KINDS, said, typed
from tools.diagnose.facts.remedies import by_tool
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.rules.admission.refusals import Refusal, containers_of
from tools.diagnose.rules.scheduling import amounts
from tools.diagnose.terms import Cause, Evidence, Json, ObjectRef, Remedy, Snapshot
from tools.plaintext import one_line

LIMIT_RANGE_VIOLATED = Cause(
    "LimitRangeViolated",
    topic="scaling",
    means="A container or pod asks for more, or for less, than a LimitRange of the namespace allows one.",
    why="A LimitRange bounds single containers and pods, and the ratio of limit to request, at creation.",
    mend="Set the amount within the bound; kubectl describe limitrange shows all of them.",
    example=(
        "container app of Deployment checkout breaks LimitRange bounds: the maximum memory for each Container "
        "is 64Mi, and its limit is 1Gi"
    ),
    source="https://kubernetes.io/docs/concepts/policy/limit-range/",
    called=r"\blimit ?ranges?\b",
)

QUOTA_EXCEEDED = Cause(
    "QuotaExceeded",
    topic="scaling",
    means="A ResourceQuota of the namespace leaves no room for the pod, or counts what the pod does not name.",
    why=(
        "A quota bounds the sum over all pods of a namespace: their requests, their limits, their number. The "
        "Deployment is accepted; each pod is counted when it is created, and refused when it would go beyond."
    ),
    mend=(
        "Run fewer replicas, ask for less, delete what is not needed any more, or ask for a larger quota. "
        "Where the quota counts limits, name them for every container."
    ),
    example=(
        "ResourceQuota team is exceeded, so 2 of 3 pods of Deployment checkout cannot be created: "
        "limits.memory has 100Mi used of 150Mi, and 100Mi more is needed"
    ),
    source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    called=r"\bquotas?\b",
)

_EXCEEDED = re.compile(r"exceeded quota: ([^,\s]+), requested: (.+?), used: (.+?), limited: (.+)$", re.S)
_DEMANDS = re.compile(r"failed quota: ([^:\s]+): must specify (.+)$", re.S)
_FOR = re.compile(r"([\w./-]+(?:,[\w./-]+)*)(?: for: ([\w.,-]+))?")
_BOUND = re.compile(
    r"(maximum|minimum) (\S+) usage per (\w+) is ([\w.]+?)"
    r"(?:, but (limit|request) is ([\w.]+)|\.\s+No (?:limit|request))"
)
_RATIO = re.compile(
    r"(\S+) max limit to request ratio per (\w+) is ([\w.]+), but (?:no|provided ratio is ([\d.]+))"
)
_EXAMPLES = {"cpu": "250m", "memory": "128Mi"}


class Rejection(msgspec.Struct, frozen=True):
    """What a refusal comes to, and the object a person would change."""

    cause: Cause
    target: ObjectRef
    summary: str
    why: str
    remedies: tuple[Remedy, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    container: str | None = None


def quota_rejection(refusal: Refusal, snapshot: Snapshot) -> Rejection | None:
    """By a quota that is full, or that demands what the pod does not say; None when it is neither."""
    if match := _DEMANDS.search(refusal.message):
        return _demanded(match[1], match[2], refusal, snapshot)
    if match := _EXCEEDED.search(refusal.message):
        return _exceeded(match[1], [_amounts(match[at]) for at in (2, 3, 4)], refusal, snapshot)
    return None


def has_room(refusal: Refusal, snapshot: Snapshot) -> bool:
    """Whether the quota that refused has room by now: the controller has only not tried again."""
    match = _EXCEEDED.search(refusal.message)
    quota = snapshot.named("ResourceQuota", match[1]) if match else None
    if match is None or quota is None:
        return False
    used, hard = _now(quota, "used"), _now(quota, "hard")
    return all(
        amount(asked) + amount(used.get(each)) <= amount(hard.get(each))
        for each, asked in _amounts(match[2]).items()
        if each in hard
    )


def _exceeded(name: str, said_amounts: list[dict[str, str]], refusal: Refusal, snapshot: Snapshot) -> Rejection:
    asked, used, hard = said_amounts
    quota = snapshot.named("ResourceQuota", name)
    used_now, hard_now = (_now(quota, "used"), _now(quota, "hard")) if quota else (used, hard)
    told = [
        f"{each} has {used_now.get(each, used.get(each))} used of {hard_now.get(each, hard.get(each))}, "
        f"and {wanted} more is needed"
        for each, wanted in asked.items()
    ]
    target = ObjectRef("v1", "ResourceQuota", snapshot.namespace, name)
    missing = refusal.wanted - refusal.created
    count = f"{missing} of {refusal.wanted} pods" if refusal.wanted > 1 else "the pod"
    see = f"kubectl describe resourcequota {name} -n {snapshot.namespace}"
    return Rejection(
        QUOTA_EXCEEDED,
        target,
        f"ResourceQuota {one_line(name, 120)} is exceeded, so {count} of {said(refusal.owner)} cannot be created: "
        f"{one_line('; '.join(told), 300)}",
        "A ResourceQuota bounds what all pods of a namespace request together, or may use at most. A pod that "
        "would go beyond it is refused; the controller tries again, at the latest after 17 minutes.",
        (
            *amounts.fewer(refusal.owner, refusal.created, refusal.wanted),
            Remedy("See what uses it up", see, "read"),
        ),
        tuple(
            Evidence("status", said(target), f"{each}: {used_now[each]} of {hard_now[each]}")
            for each in asked
            if quota and each in used_now and each in hard_now
        ),
    )


def _demanded(name: str, words: str, refusal: Refusal, snapshot: Snapshot) -> Rejection:
    missing: dict[str, list[str]] = {}
    for part in words.split(";"):
        match = _FOR.match(part.strip())
        if match:
            for container in (match[2] or "").split(","):
                missing.setdefault(container, []).extend(match[1].split(","))
    first, resources = next(iter(missing.items()))
    who = (
        f"container {one_line(first, 80)} of {said(refusal.owner)}"
        if first
        else f"a container of {said(refusal.owner)}"
    )
    named = one_line(", ".join(dict.fromkeys(resources)), 160)
    return Rejection(
        QUOTA_EXCEEDED,
        refusal.owner,
        f"{who} must name {named}, because ResourceQuota {one_line(name, 120)} counts it: its pods are refused",
        "Where a quota bounds a resource, every container of the namespace must say how much of it it requests or "
        "may use, else the pod is refused. A LimitRange can give containers a default.",
        tuple(
            _name_amounts(refusal, container, wanted, snapshot.named("ResourceQuota", name))
            for container, wanted in missing.items()
        ),
        container=first or None,
    )


def _name_amounts(refusal: Refusal, container: str, wanted: list[str], quota: Json | None) -> Remedy:
    name = container or str(next(containers_of(refusal), {}).get("name"))
    values: dict[str, str] = {}
    for each in wanted:
        which, _, resource = each.rpartition(".")
        values[f"{resource}_{'limit' if which == 'limits' else 'request'}"] = _example(resource, each, quota)
    return set_resources(refusal, name, values, f"Name amounts for container {one_line(name, 80)}, such as these")


def _example(resource: str, counted: str, quota: Json | None) -> str:
    example = _EXAMPLES.get(resource, "1Gi")
    if quota is None:
        return example
    left = amount(_now(quota, "hard").get(counted)) - amount(_now(quota, "used").get(counted))
    return amounts.shown(resource, left) if Decimal(0) < left < amount(example) else example


def limit_range_rejection(refusal: Refusal, snapshot: Snapshot) -> Rejection | None:
    """By a LimitRange's bound or ratio."""
    ratio, bound = _RATIO.search(refusal.message), _BOUND.search(refusal.message)
    if bound is None and ratio is None:
        return None
    ratios: tuple[str, str] | None = None
    if bound is not None:
        which, resource, scope, allowed, field, given = bound.groups()
        has = f"its {field} is {given}" if given else "it names none"
        detail = f"{which} {resource} for each {scope} is {allowed}, and {has}"
    else:
        resource, scope, allowed, given = ratio.groups() if ratio else ("", "", "", None)
        which, field = "ratio", "request"
        is_given = f"it is {Decimal(given).normalize():f}" if given else "it names no such amounts"
        detail = f"largest ratio of {resource} limit to request for each {scope} is {allowed}, and {is_given}"
        ratios = (resource, allowed)
    container = (
        _culprit(refusal, resource, field or "limit", given, which) if scope == "Container" else _only(refusal)
    )
    name = _limit_range(snapshot)
    spec: Json = next((each for each in containers_of(refusal) if each.get("name") == container), {})
    defaults = _ratio_said(spec, ratios[0], snapshot) if ratios and container else ""
    subject = f"container {one_line(container, 80)} of {said(refusal.owner)}" if container else said(refusal.owner)
    see = Remedy("See the bounds", f"kubectl describe limitrange -n {snapshot.namespace}", "read")
    mend = (
        _within(refusal, container, _breaches(refusal, container) or [(which, resource, allowed)])
        if container
        else []
    )
    if ratios and container:
        mend = _within_ratio(refusal, spec, *ratios, snapshot)
    return Rejection(
        LIMIT_RANGE_VIOLATED,
        refusal.owner,
        f"{subject} breaks LimitRange{name}: the {one_line(detail, 200)}{defaults}",
        "A LimitRange bounds what one container or pod of the namespace may request and use; a pod outside of the "
        "bounds is refused when it is created, not when the workload is.",
        (*mend, see),
        container=container,
    )


def _both(spec: Json, resource: str, snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """The limit and the request that a container gets, each with the LimitRange that gives it (empty: its own)."""
    own = spec.get("resources") or {}
    found: dict[str, tuple[str, str]] = {}
    for which, field in (("limit", "default"), ("request", "defaultRequest")):
        if (amount_ := (own.get(f"{which}s") or {}).get(resource)) is not None:
            found[which] = (str(amount_), "")
        elif which == "request" and "limit" in found and not found["limit"][1]:
            found[which] = (found["limit"][0], "")  # the API server takes the limit for it
        else:
            for name, item in bounds(snapshot, "Container"):
                if resource in (item.get(field) or {}):
                    found[which] = (str(item[field][resource]), name)
    return found


def _ratio_said(spec: Json, resource: str, snapshot: Snapshot) -> str:
    """`: its limit of 500m is the default of LimitRange sizing, for it names none; its request is 20m`."""
    told = [
        f"its {which} of {value} is the default of LimitRange {one_line(name, 120)}, for it names none"
        if name
        else f"its {which} is {value}"
        for which, (value, name) in _both(spec, resource, snapshot).items()
    ]
    return f": {'; '.join(told)}" if told else ""


def _within_ratio(refusal: Refusal, spec: Json, resource: str, allowed: str, snapshot: Snapshot) -> list[Remedy]:
    """A limit that the request allows, or a request that the limit does."""
    found, most = _both(spec, resource, snapshot), amount(allowed)
    if not {"limit", "request"} <= found.keys() or not most:
        return []
    name = str(spec["name"])
    limit = amounts.shown(resource, amount(found["request"][0]) * most)
    request = amounts.shown(resource, amount(found["limit"][0]) / most)
    return [
        set_resources(refusal, name, {f"{resource}_limit": limit}, f"Set its {resource} limit to {limit} at most"),
        set_resources(refusal, name, {f"{resource}_request": request}, f"Or its {resource} request to {request}"),
    ]


def _only(refusal: Refusal) -> str | None:
    """The only container of the pod: what bounds the pod bounds it."""
    names = [str(each["name"]) for each in containers_of(refusal)]
    return names[0] if len(names) == 1 else None


def _breaches(refusal: Refusal, container: str) -> list[tuple[str, str, str]]:
    """(maximum or minimum, resource, what is allowed) of all the bounds that a container breaks."""
    return [
        (which, resource, allowed)
        for which, resource, scope, allowed, field, given in _BOUND.findall(refusal.message)
        if container
        == (
            _culprit(refusal, resource, field or "limit", given or None, which)
            if scope == "Container"
            else _only(refusal)
        )
    ]


def _within(refusal: Refusal, container: str, breaches: list[tuple[str, str, str]]) -> list[Remedy]:
    """Amounts within all the bounds at once."""
    spec = next((each for each in containers_of(refusal) if each.get("name") == container), {})
    values: dict[str, str] = {}
    for which, resource, allowed in breaches:
        values |= _kept(spec.get("resources") or {}, which, resource, allowed)
    return [set_resources(refusal, container, values, "Keep within the bounds")] if values else []


def _kept(resources: Json, which: str, resource: str, allowed: str) -> dict[str, str]:
    limit, request = (str((resources.get(each) or {}).get(resource) or "") for each in ("limits", "requests"))
    values: dict[str, str] = {}
    match which:
        case "maximum":
            values[f"{resource}_limit"] = allowed
            if request and amount(request) > amount(allowed):
                values[f"{resource}_request"] = allowed
        case "minimum":
            values[f"{resource}_request"] = allowed
            if limit and amount(limit) < amount(allowed):
                values[f"{resource}_limit"] = allowed
        case _:
            if limit and amount(allowed):
                values[f"{resource}_request"] = amounts.shown(resource, amount(limit) / amount(allowed))
    return values


def set_resources(refusal: Refusal, container: str, values: dict[str, str], title: str) -> Remedy:
    """`kubectl set resources`, and the tool where it knows every resource; keys such as `memory_limit`."""
    owner = refusal.owner
    flags = []
    for field, flag in (("limit", "--limits"), ("request", "--requests")):
        of_field = [
            f"{key.rpartition('_')[0]}={value}" for key, value in values.items() if key.endswith(f"_{field}")
        ]
        if of_field:
            flags.append(f"{flag}={','.join(of_field)}")
    known = all(key.rpartition("_")[0] in _EXAMPLES for key in values) and owner.kind in TEMPLATE_KINDS
    values_said = f" ({' '.join(flags)})" if is_fixed(owner) else ""
    command = f"kubectl set resources {typed(owner)} -c {container} {' '.join(flags)}"
    remedy = change(owner, title + values_said, command)
    arguments: dict[str, Any] = {"container": container, **values}
    return by_tool(remedy, "set_resources", owner, **arguments) if known else remedy


def _culprit(refusal: Refusal, resource: str, field: str, given: str | None, which: str) -> str | None:
    """The container whose amount is the one that was refused."""
    containers = list(containers_of(refusal))
    for container in containers:
        amounts_of = (container.get("resources") or {}).get(f"{field}s") or {}
        has = amounts_of.get(resource)
        is_it = has is None if given is None else has is not None and amount(has) == amount(given)
        if which != "ratio" and is_it:
            return str(container["name"])
    return str(containers[0]["name"]) if len(containers) == 1 else None


def _limit_range(snapshot: Snapshot) -> str:
    names = snapshot.names("LimitRange")
    return f" {one_line(names[0], 120)}" if len(names) == 1 else ""


def _amounts(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(","))
    return {one_line(key.strip(), 120): one_line(value.strip(), 40) for key, _, value in pairs if value}


def _now(quota: Json, which: str) -> dict[str, str]:
    found = status_of(quota).get(which) or {}
    return {str(key): str(value) for key, value in found.items()}
