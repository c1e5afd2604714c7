"""Change Jobs and CronJobs: suspend, schedule. The functions only plan."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tools.changes.build import patch_change
from tools.changes.plan import Plan
from tools.frame import Name, Namespace, ToolContext
from tools.kubernetes.pod_template import where


def suspend(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    suspended: Annotated[bool, Field(description="False lets it run again.")],
    kind: Annotated[Literal["CronJob", "Job"], Field(description="Kind of what is suspended.")] = "CronJob",
) -> Plan:
    """Suspend a CronJob or a Job, or let it run again (suspended false). A suspended Job's pods are deleted."""
    live = context.cluster.get(kind, name, namespace)
    change = patch_change(context.cluster.find(kind).plural, live, {"spec": {"suspend": suspended}})
    return Plan.of(f"{'suspend' if suspended else 'unsuspend'} {where(live)}", change)


def set_schedule(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    schedule: Annotated[str, Field(min_length=1, max_length=200, description="Cron's five fields: */5 * * * *.")],
) -> Plan:
    """Set when a CronJob runs."""
    live = context.cluster.get("CronJob", name, namespace)
    change = patch_change(context.cluster.find("CronJob").plural, live, {"spec": {"schedule": schedule}})
    return Plan.of(f'set schedule "{live["spec"]["schedule"]}" -> "{schedule}" of {where(live)}', change)
