"""Scale a workload, roll it back to an earlier template, resume a paused rollout. The functions only plan."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.changes.build import patch_change
from tools.changes.plan import Plan
from tools.changes.strategic import difference
from tools.errors import ToolFailed
from tools.frame import Name, Namespace, ToolContext
from tools.json import Json
from tools.kubernetes.pod_template import (
    Workload,
    template_of,
    template_plan,
    where,
)
from tools.kubernetes.rollouts.revisions import revisions


def scale(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    replicas: Annotated[int, Field(ge=0, le=1000, description="How many pods.")],
    kind: Annotated[
        Literal["Deployment", "StatefulSet"], Field(description="Kind of the workload.")
    ] = "Deployment",
) -> Plan:
    """Set how many pods a workload has."""
    live = context.cluster.get(kind, name, namespace)
    change = patch_change(context.cluster.find(kind).plural, live, {"spec": {"replicas": replicas}})
    return Plan.of(f"scale {where(live)} from {live['spec'].get('replicas', 1)} to {replicas}", change)


def rollback_rollout(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    kind: Workload = "Deployment",
    to_revision: Annotated[int | None, Field(ge=1, description="The revision; without it, the one before.")] = None,
) -> Plan:
    """Roll a workload back to an earlier pod template, as `kubectl rollout undo` does."""
    live = context.cluster.get(kind, name, namespace)
    if live["spec"].get("paused"):
        raise ToolFailed(f"The rollout of {where(live)} is paused: resume it first (resume_rollout).")
    revision, template = _earlier(context, live, to_revision)
    patch = difference(template_of(live), template)
    return template_plan(context, live, patch, f"roll {where(live)} back to revision {revision}")


def resume_rollout(context: ToolContext, *, namespace: Namespace, name: Name) -> Plan:
    """Resume a Deployment's paused rollout, as `kubectl rollout resume` does."""
    live = context.cluster.get("Deployment", name, namespace)
    change = patch_change(context.cluster.find("Deployment").plural, live, {"spec": {"paused": None}})
    return Plan.of(f"resume the rollout of {where(live)}", change)


def _earlier(context: ToolContext, live: Json, wanted: int | None) -> tuple[int, Json]:
    """(revision, pod template) to go back to; raises `ToolFailed` when it is not kept."""
    kept = {revision.number: revision.template for revision in revisions(context, live)}
    others = sorted(kept)[:-1]
    chosen = wanted if wanted is not None else (others[-1] if others else None)
    if chosen is None:
        raise ToolFailed(f"{where(live)} has no earlier revision to roll back to.")
    if chosen not in kept:
        known = ", ".join(str(revision) for revision in sorted(kept))
        raise ToolFailed(f"{where(live)} has no revision {chosen}. It has {known}.")
    return chosen, kept[chosen]
