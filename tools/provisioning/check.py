"""Is a namespace still as it was provisioned? What differs, and who changed it last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tools.cluster.client import FIELD_MANAGER
from tools.frame import Namespace, Result, ToolContext, ToolFailed
from tools.json import Json
from tools.provisioning import guardrails
from tools.provisioning.guardrails import PROVISIONED, Surroundings
from tools.provisioning.provision import Found, is_managed, read
from tools.provisioning.specification import Specification, specified

_OPENS = ("NetworkPolicy", "RoleBinding")
"""What people with `edit` or more may add, to let something or somebody in."""


def check_namespace(context: ToolContext, *, namespace: Namespace) -> Result:
    """Whether a namespace that Desk provisioned still has its guardrails: what differs, and who changed it."""
    found = read(context.cluster, namespace)
    if found.namespace is None:
        raise ToolFailed(f"There is no namespace {namespace}. provision_namespace makes it.")
    told = found.provisioned
    if told is None:
        raise ToolFailed(
            f"Namespace {namespace} has no quota that tells how it was provisioned: it is not Desk's, or the quota "
            "is gone. provision_namespace adopts it, or makes the quota again."
        )
    wanted = specified(namespace, {}, told)
    around = guardrails.surroundings_from(told.get("surroundings") or {})
    drifts = list(_drifts(wanted, around, found))
    others = sorted(name for (kind, name), live in found.objects.items() if kind in _OPENS and not is_managed(live))
    besides = f" Besides, not of Desk's making: {', '.join(others)}." if others else ""
    data = {"namespace": namespace, "provisioned": wanted.as_json(), "drift": drifts, "besides": others}
    if not drifts:
        return Result(f"Namespace {namespace} is as it was provisioned.{besides}", data)
    lines = [f"- {drift['object']}: {drift['what']}{_by(drift)}" for drift in drifts]
    text = f"Namespace {namespace} is no longer as it was provisioned:\n" + "\n".join(lines)
    return Result(f"{text}\nprovision_namespace brings it back.{besides}", data, ok=False)


def _drifts(wanted: Specification, around: Surroundings, found: Found) -> Iterator[Json]:
    """Object by object: what is not as provisioned, and who wrote it last (empty: nobody tells)."""
    for _, bodies in guardrails.objects(wanted, around):
        for body in bodies:
            kind, name = body["kind"], body["metadata"]["name"]
            live = found.namespace if kind == "Namespace" else found.objects.get((kind, name))
            for what in ["is gone"] if live is None else _differences(body, live):
                manager, at = _last_writer(live or {})
                yield {"object": f"{kind}/{name}", "what": what, "by": manager, "at": at}


def _differences(body: Json, live: Json) -> Iterator[str]:
    """Labels and annotations that were given; every other field as a whole, so that what was added shows too."""
    there = live.get("metadata", {})
    for part in ("labels", "annotations"):
        for name, value in (body["metadata"].get(part) or {}).items():
            if (is_now := (there.get(part) or {}).get(name)) != value and name != PROVISIONED:
                yield f"{part[:-1]} {name} is {is_now or 'gone'} and was {value}"
    for name, value in body.items():
        if name not in ("apiVersion", "kind", "metadata"):
            yield from _different(name, value, live.get(name))


def _different(path: str, wanted: Any, live: Any) -> Iterator[str]:
    if not (isinstance(wanted, dict) and isinstance(live, dict)):
        if wanted != live:
            yield f"{path} is {_said(live)} and was {_said(wanted)}"
        return
    for name in sorted({*wanted, *live}):
        yield from _different(f"{path}.{name}", wanted.get(name), live.get(name))


def _said(value: Any) -> str:
    return "unset" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _last_writer(live: Json) -> tuple[str, str]:
    """The manager that wrote an object last, when it was not Desk, and when; empty where nobody else did."""
    entries = [
        (each.get("time", ""), each.get("manager", ""))
        for each in live.get("metadata", {}).get("managedFields") or ()
        if each.get("manager") != FIELD_MANAGER and each.get("subresource") != "status"
    ]
    at, manager = max(entries, default=("", ""))
    return manager, at


def _by(drift: Json) -> str:
    return f", by {drift['by']} at {drift['at']}" if drift["by"] else ""
