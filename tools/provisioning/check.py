"""Is a namespace still as it was provisioned? What differs, and who changed it last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from tools.changes.build import reference
from tools.cluster.client import FIELD_MANAGER, Cluster
from tools.errors import ToolFailed
from tools.frame import Namespace, Result, ToolContext
from tools.json import Json
from tools.provisioning import guardrails
from tools.provisioning.adoption import read as read_kinds
from tools.provisioning.adoption import workloads_of
from tools.provisioning.guardrails import PROVISIONED, Surroundings, is_managed
from tools.provisioning.provision import Found, read
from tools.provisioning.specification import Specification, specified
from tools.provisioning.usage import WORKLOADS, Quota, stuck

_OPENS = ("NetworkPolicy", "RoleBinding")
"""What people with `edit` or more may add, to let something or somebody in."""


def check_namespace(
    context: ToolContext,
    *,
    namespace: Namespace,
    without: Annotated[list[str], Field(description="Kinds that are not looked at.")] = [],  # noqa: B006
) -> Result:
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
    drifts = [each for each in _drifts(wanted, around, found) if each["object"].partition("/")[0] not in without]
    others = sorted(name for (kind, name), live in found.objects.items() if kind in _OPENS and not is_managed(live))
    besides = f" Besides, not of Desk's making: {', '.join(others)}." if others else ""
    warnings = list(_unending(context.cluster, namespace, found))
    besides += "".join(f"\n{each[0].upper()}{each[1:]}." for each in warnings)
    data = {
        "namespace": namespace, "provisioned": wanted.as_json(), "drift": drifts, "besides": others,
        "warnings": warnings,
    }  # fmt: skip
    if not drifts:
        return Result(f"Namespace {namespace} is as it was provisioned.{besides}", data)
    lines = [f"- {drift['object']}: {drift['what']}{_by(drift)}" for drift in drifts]
    text = f"Namespace {namespace} is no longer as it was provisioned:\n" + "\n".join(lines)
    return Result(f"{text}\nprovision_namespace brings it back.{besides}", data, ok=False)


def _unending(cluster: Cluster, namespace: str, found: Found) -> Iterator[str]:
    """The rollouts for which the quotas have no room. A quota with a scope is not of all pods, and left out."""
    live = [each for each in found.of("ResourceQuota") if not {"scopes", "scopeSelector"} & each["spec"].keys()]
    workloads = workloads_of(read_kinds(cluster, namespace, WORKLOADS))
    return stuck(workloads, [Quota.of(each) for each in live], found.of("LimitRange"))


def _drifts(wanted: Specification, around: Surroundings, found: Found) -> Iterator[Json]:
    """Object by object: what is not as provisioned, and who wrote it last (empty: nobody tells)."""
    for _, bodies in guardrails.objects(wanted, around, found.limit_ranges):
        for body in bodies:
            kind, name = body["kind"], body["metadata"]["name"]
            live = found.live(reference(body))
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
