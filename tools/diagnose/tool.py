"""`diagnose` as a tool."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.cluster.client import Json
from tools.diagnose import diagnose as diagnosis
from tools.diagnose.render import render
from tools.frame import Namespace, Result, ToolContext

LOOK_AGAIN_S = 2.0


def diagnose(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Annotated[
        str | None, Field(max_length=300, description="A workload or pod: its name, or TYPE/NAME; else everything.")
    ] = None,
    patience_s: Annotated[
        int,
        Field(ge=0, le=300, description="Look again for so long while pods are not ready and no fault shows yet."),
    ] = 0,
) -> Result:
    """Find out why workloads of a namespace do not run, and what would mend them.

    Looks at pods, workloads, jobs, Services, Ingresses, NetworkPolicies, autoscalers, claims and quotas. Names the
    cause, the object to change, the evidence, and remedies; a remedy with a tool can be called with its arguments
    as they stand. No findings means that nothing it knows is wrong; what it was not allowed to see, it says.
    """
    deadline = context.monotonic() + patience_s
    while True:
        report = diagnosis.diagnose(context.cluster, namespace=namespace, name=name)
        if report["findings"] or context.monotonic() >= deadline or not _unready(context, namespace, name):
            return Result(render(report), report)
        context.progress("no fault shows yet, and pods are not ready: looking again")
        context.sleep(LOOK_AGAIN_S)


def _unready(context: ToolContext, namespace: str, name: str | None) -> bool:
    """Whether pods, of what is named, are neither ready nor done, or are not there yet."""
    workload = (name or "").rpartition("/")[2]
    pods = context.cluster.list("pods", namespace)
    if any(_is_unready(pod) for pod in pods if pod["metadata"]["name"].startswith(workload)):
        return True
    kinds = ("deployments", "statefulsets", "daemonsets")
    owners = [owner for kind in kinds for owner in context.cluster.list(kind, namespace)]
    return any(_is_short(owner) for owner in owners if not workload or owner["metadata"]["name"] == workload)


def _is_short(owner: Json) -> bool:
    """Whether a workload has fewer ready pods than it wants."""
    status = owner.get("status") or {}
    if owner["kind"] == "DaemonSet":
        return bool(status.get("numberReady", 0) < status.get("desiredNumberScheduled", 0))
    return bool(status.get("readyReplicas", 0) < (owner.get("spec") or {}).get("replicas", 1))


def _is_unready(pod: Json) -> bool:
    status = pod.get("status") or {}
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions") or ())
    return status.get("phase") in ("Pending", "Running") and not ready
