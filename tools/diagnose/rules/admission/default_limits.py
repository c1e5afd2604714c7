"""Refusals of a request that is above the limit which a LimitRange gives a container that names none.

Source: https://kubernetes.io/docs/concepts/policy/limit-range/#resource-limit-range-and-pod-validation
"""

from __future__ import annotations

import re

from tools.apimachinery.quantity import amount
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import said
from tools.diagnose.rules.admission.quotas import LIMIT_RANGE_VIOLATED, Rejection, set_resources
from tools.diagnose.rules.admission.refusals import Refusal
from tools.diagnose.terms import Evidence, Json, ObjectRef, Remedy, Snapshot
from tools.plaintext import one_line

_ABOVE_LIMIT = re.compile(
    r'spec\.(containers|initContainers)\[(\d+)\]\.resources\.requests: Invalid value: "([^"]+)": '
    r"must be less than or equal to (\S+) limit of ([\w.]+)"
)


def default_limit_rejection(refusal: Refusal, snapshot: Snapshot) -> Rejection | None:
    """None when the limit is the container's own, or no LimitRange that could be read gives it."""
    match = _ABOVE_LIMIT.search(refusal.message)
    if match is None:
        return None
    listed, _, request, resource, limit = match.groups()
    container = _container(refusal, listed, int(match[2]))
    own = container.get("resources") or {}
    asked = (own.get("requests") or {}).get(resource)
    name = _limit_range(resource, limit, snapshot)
    if not name or resource in (own.get("limits") or {}) or asked is None or amount(asked) != amount(request):
        return None
    target = ObjectRef("v1", "LimitRange", snapshot.namespace, name)
    shown = one_line(str(container.get("name")), 80)
    title = f"Give container {shown} a {resource} limit of its own, at least its request of {request}"
    return Rejection(
        LIMIT_RANGE_VIOLATED,
        refusal.owner,
        f"container {shown} of {said(refusal.owner)} requests {resource} {request} and names no limit, and the "
        f"default limit of LimitRange {one_line(name, 120)} is {limit}: its pods are refused",
        "A LimitRange gives its default limit to each container that names none, whatever that one requests; a "
        "request above the limit is refused.",
        (
            set_resources(refusal, str(container["name"]), {f"{resource}_limit": request}, title)
            if listed == "containers"
            else edit(refusal.owner, title),
            Remedy("See the defaults", f"kubectl describe limitrange {name} -n {snapshot.namespace}", "read"),
        ),
        (Evidence("spec", said(target), f"default: {one_line(resource, 80)} {limit}"),),
        container=shown,
    )


def _container(refusal: Refusal, listed: str, index: int) -> Json:
    containers = refusal.pod_spec.get(listed) or ()
    return dict(containers[index]) if index < len(containers) else {}


def _limit_range(resource: str, limit: str, snapshot: Snapshot) -> str | None:
    """The LimitRange whose default this limit is."""
    for limit_range in snapshot.of("LimitRange"):
        for item in (limit_range.get("spec") or {}).get("limits") or ():
            default = (item.get("default") or {}).get(resource)
            if item.get("type") == "Container" and default is not None and amount(default) == amount(limit):
                return str(limit_range["metadata"]["name"])
    return None
