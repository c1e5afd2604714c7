"""Hosts that two Ingresses or Routes claim.

Source: https://kubernetes.io/docs/concepts/services-networking/ingress/
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.diagnose.facts.backends import Backend, backends, ingress_ref, route_ref
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import first_of, said
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.terms import Cause, Evidence, Finding, Json, ObjectRef, Snapshot
from tools.plaintext import one_line

HOST_CONFLICT = Cause(
    "HostConflict",
    topic="networking",
    means="Two Ingresses, or two Routes, claim the same host and path: only one of them gets the traffic.",
    why=(
        "The API accepts both. Which one wins is the controller's choice, most often the older one; OpenShift's "
        "router refuses the newer Route (HostAlreadyClaimed), also when the other is in another namespace."
    ),
    mend="Give one of them another host or path, or delete the one that is left over.",
    example="Ingress shop-new claims shop.example.com/ as Ingress shop does already, for another Service",
    source="https://kubernetes.io/docs/concepts/services-networking/ingress/#name-based-virtual-hosting",
    called=r"\bhost ?names?\b|\bhost conflict\b",
)

_CLASS = "kubernetes.io/ingress.class"
_MAY_SHARE = (
    "nginx.ingress.kubernetes.io/canary",
    "alb.ingress.kubernetes.io/group.name",
    "traefik.ingress.kubernetes.io/router.entrypoints",
    "nginx.org/mergeable-ingress-type",
)
"""Annotations by which controllers let several Ingresses have one host and path."""

_ELSEWHERE = "Give it another host or path"

Claim = tuple[str, str, str, str]
"""Class, host, path, and whether the path is meant exactly."""


def host_conflicts(snapshot: Snapshot) -> list[Finding]:
    """What is claimed twice in this namespace, or refused by a router."""
    return [*_ingresses(snapshot), *_routes(snapshot)]


def _ingresses(snapshot: Snapshot) -> Iterator[Finding]:
    items = {item["metadata"]["name"]: item for item in snapshot.of("Ingress") if _is_judged(item)}
    claims: dict[Claim, list[Backend]] = {}
    for backend in backends(snapshot):
        if backend.owner.kind == "Ingress" and backend.path and backend.owner.name in items:
            claims.setdefault(_claim(backend, items[backend.owner.name]), []).append(backend)
    found: dict[tuple[str, str], list[Backend]] = {}
    for group in claims.values():
        oldest, *later = sorted(group, key=lambda each: _age(items[each.owner.name]))
        for each in later:
            if (each.service, each.port) != (oldest.service, oldest.port):
                found.setdefault((each.owner.name, oldest.owner.name), []).append(each)
    for (name, first), group in found.items():
        yield _conflict(ingress_ref(items[name], snapshot), ingress_ref(items[first], snapshot), group)


def _is_judged(item: Json) -> bool:
    annotations = item["metadata"].get("annotations") or {}
    return not any(key in annotations for key in _MAY_SHARE)


def _claim(backend: Backend, item: Json) -> Claim:
    annotations = item["metadata"].get("annotations") or {}
    of_class = (item.get("spec") or {}).get("ingressClassName") or annotations.get(_CLASS) or ""
    return str(of_class), backend.host, backend.path, "exact" if backend.path_type == "Exact" else ""


def _age(item: Json) -> tuple[str, str]:
    return str(item["metadata"].get("creationTimestamp") or ""), str(item["metadata"]["name"])


def _conflict(newer: ObjectRef, older: ObjectRef, group: list[Backend]) -> Finding:
    places = first_of([one_line(f"{each.host or '*'}{each.path}", 160) for each in group])
    if newer == older:
        summary = f"{said(newer)} claims {places} twice, for different Services or ports"
    else:
        summary = f"{said(newer)} claims {places} as {said(older)} does already, for another Service or port"
    return Finding(
        cause=HOST_CONFLICT,
        object=newer,
        detail=summary,
        why=(
            "The API accepts both; which of them gets the traffic is the controller's choice, most often the "
            "older one. The other is as if it were not there."
        ),
        evidence=tuple(
            Evidence("spec", said(newer), one_line(f"{each.host or '*'}{each.path} to Service {each.service}"))
            for each in group[:3]
        ),
        remedies=(edit(newer, _ELSEWHERE),),
        severity="warning",
        concerns=() if newer == older else (older,),
    )


def _routes(snapshot: Snapshot) -> Iterator[Finding]:
    for item in snapshot.of("Route"):
        refusal = _refusal(item)
        if refusal is not None:
            yield _refused(item, refusal, snapshot)


def _refusal(route: Json) -> Json | None:
    """The condition by which every router that looked at it refuses the host; None when one of them took it."""
    conditions = [
        condition
        for router in status_of(route).get("ingress") or ()
        for condition in router.get("conditions") or ()
        if condition.get("type") == "Admitted"
    ]
    if any(each.get("status") == "True" for each in conditions):
        return None
    return next((each for each in conditions if each.get("reason") == "HostAlreadyClaimed"), None)


def _refused(route: Json, refusal: Json, snapshot: Snapshot) -> Finding:
    ref = route_ref(route, snapshot)
    spec = route.get("spec") or {}
    place = one_line(f"{spec.get('host', '')}{spec.get('path') or ''}", 160)
    older = _older(route, snapshot)
    by = f"{said(older)} has it" if older else one_line(str(refusal.get("message") or "another Route has it"), 160)
    return Finding(
        cause=HOST_CONFLICT,
        object=ref,
        detail=f"{said(ref)} is refused by the router: its host {place} is claimed already ({by})",
        why=(
            "A host belongs to the oldest Route that claims it, across all namespaces unless the administrator "
            "allows otherwise. The router leaves a later one out."
        ),
        evidence=(
            Evidence(
                "status",
                said(ref),
                one_line(f"Admitted is False: HostAlreadyClaimed: {refusal.get('message') or ''}"),
            ),
        ),
        remedies=(edit(ref, _ELSEWHERE),),
        concerns=(older,) if older else (),
    )


def _older(route: Json, snapshot: Snapshot) -> ObjectRef | None:
    """The Route of this namespace with the same host and path, if that is the other one."""
    spec = route.get("spec") or {}
    claim = (spec.get("host"), spec.get("path") or "")
    for other in sorted(snapshot.of("Route"), key=_age):
        its = other.get("spec") or {}
        if other is not route and (its.get("host"), its.get("path") or "") == claim and _age(other) < _age(route):
            return route_ref(other, snapshot)
    return None
