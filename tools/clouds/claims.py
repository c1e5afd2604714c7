"""A resource of a cloud as objects of the namespace, for a controller of the cluster to make: `as_claim`.

No credentials of the cloud are asked for: the controller has its own. Where an object is deleted, the resource
stays, so that an undo loses no data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from tools.changes.build import apply_change
from tools.changes.plan import Change, Plan, Step
from tools.cloud.tags import MANAGED
from tools.clouds.owner import Owner
from tools.cluster.client import Cluster
from tools.cluster.errors import NotFound
from tools.cluster.namespaces import refuse_unless_there
from tools.cluster.resources import ObjectRef
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import ToolContext
from tools.json import Json

AsClaim = Annotated[
    bool,
    Field(description="Have a controller of the cluster (ACK, Crossplane) make it, by objects of the namespace."),
]
MADE_OF = "desk.dev/resource"
"""The annotation that says which resource an object is of: its name in the cloud has signs that no object's may."""
SESSION = "session"
"""The label, as the tag, that says which session made it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One object: its kind, what makes the controller keep the resource, what the resource is to be like."""

    api_version: str
    kind: str
    spec: Json
    annotations: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind} of {self.api_version}"


Render = Callable[[Json], Mapping[str, tuple[Claim, ...]]]
"""From a specification, with its tags: controller -> the objects by which it makes the resource."""


def claimed(context: ToolContext, owner: Owner, resource: str, what: str, spec: Json, render: Render) -> Plan:
    """The plan of the objects that a served controller makes a resource of; `what` is the resource in words.

    Raises `ArgumentsError` without a namespace, or where no controller's kinds are served; `ToolFailed` for an
    object of that name that is of something else.
    """
    if not (namespace := owner.get("namespace")):
        raise ArgumentsError("A claim is an object of a namespace: say which (--namespace).")
    refuse_unless_there(context.cluster, namespace)
    by = _served(context.cluster, what, render(spec))
    name = re.sub(r"[^a-z0-9.]+", "-", resource.lower()).strip("-.")
    there = [_live(context.cluster, claim, namespace, name, resource) for claim in render(spec)[by]]
    first = next((live for live in there if live is not None), None)
    session = first["metadata"]["labels"].get(SESSION) if first else context.session
    tags = {**spec["tags"], "session": session}
    changes = [
        _change(context.cluster, claim, live, namespace, name, resource, tags)
        for claim, live in zip(render({**spec, "tags": tags})[by], there, strict=True)
    ]
    kinds = ", ".join(change.target.kind for change in changes)
    summary = f"have {by} make {what}, by {kinds} {name} in {namespace}"
    subject = ObjectRef(changes[0].target.api_version, changes[0].target.kind, namespace, resource)
    return Plan(summary, (Step(summary, tuple(changes)),), subjects=(subject,))


def _served(cluster: Cluster, what: str, offers: Mapping[str, tuple[Claim, ...]]) -> str:
    for by, claims in offers.items():
        if all(cluster.serves(claim.api_version, claim.kind) for claim in claims):
            return by
    looked_for = "; ".join(f"for {by} {', '.join(map(str, claims))}" for by, claims in offers.items())
    raise ArgumentsError(
        f"The cluster serves no kinds of a controller that would make {what}. Looked for: {looked_for}. Leave "
        "--as-claim out, or ask who runs the cluster for one of them."
    )


def _live(cluster: Cluster, claim: Claim, namespace: str, name: str, resource: str) -> Json | None:
    try:
        live = cluster.read(ObjectRef(claim.api_version, claim.kind, namespace, name))
    except NotFound:
        return None
    metadata = live["metadata"]
    is_ours = MANAGED.items() <= (metadata.get("labels") or {}).items()
    if not is_ours or (metadata.get("annotations") or {}).get(MADE_OF) != resource:
        raise ToolFailed(
            f"{claim.kind} {name} is there in {namespace} already, and is not Desk's claim of {resource}: it is "
            "left as it is. Choose another name."
        )
    return live


def _change(
    cluster: Cluster, claim: Claim, live: Json | None, namespace: str, name: str, resource: str, tags: Json
) -> Change:
    group = claim.api_version.partition("/")[0]
    body: Json = {
        "apiVersion": claim.api_version, "kind": claim.kind,
        "metadata": {
            "name": name, "namespace": namespace, "labels": {**MANAGED, SESSION: tags["session"]},
            "annotations": {**claim.annotations, MADE_OF: resource},
        },
        "spec": claim.spec,
    }  # fmt: skip
    return apply_change(cluster.find(f"{claim.kind.lower()}.{group}").plural, body, live)
