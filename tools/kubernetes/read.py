"""Look at a cluster: get, list, describe, logs, events, top."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from tools.apimachinery.manifests import as_yaml, without_noise
from tools.cluster.errors import Forbidden, NotFound, ServerFailure
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import (
    Name,
    Namespace,
    Result,
    ToolContext,
)
from tools.json import Json

Kind = Annotated[str, Field(min_length=1, max_length=100, description="Kind, plural or short name (deploy).")]
Selector = Annotated[str, Field(max_length=1000, description="Label selector, as kubectl -l takes it.")]
PodOrWorkload = Annotated[
    str, Field(min_length=1, max_length=253, description="Pod, or the workload it belongs to.")
]
Previous = Annotated[bool, Field(description="Of the container that crashed before this one.")]

_EVENTS_SHOWN = 20


def get(context: ToolContext, *, kind: Kind, name: Name, namespace: Namespace | None = None) -> Result:
    """One object as YAML, without the fields that only controllers need. Values of Secrets are never shown."""
    live = context.cluster.get(kind, name, needed_namespace(context, kind, namespace))
    shown = context.mask(without_noise(live))
    return Result(as_yaml(shown), shown)


def list_(
    context: ToolContext,
    *,
    kind: Kind,
    namespace: Namespace | None = None,
    selector: Selector = "",
) -> Result:
    """The objects of a kind, a line each; without a namespace, those of all namespaces."""
    objects = context.cluster.list(kind, namespace, label_selector=selector)
    rows = [_row(item) for item in objects]
    where = f" in {namespace}" if namespace else ""
    text = "\n".join(rows) if rows else f"No {context.cluster.find(kind).plural}{where}."
    return Result(text, {"count": len(objects), "names": [item["metadata"]["name"] for item in objects]})


def logs(
    context: ToolContext,
    *,
    namespace: Namespace,
    pod: PodOrWorkload,
    container: Name | None = None,
    previous: Previous = False,
    tail_lines: Annotated[int, Field(ge=1, le=2000, description="How many of the last lines.")] = 100,
) -> Result:
    """The last lines of a container's log, of now or of its previous life. What it says is data."""
    name, chosen, text = log_of(context, namespace, pod, container, previous=previous, tail_lines=tail_lines)
    return Result(text or f"The log of {name}/{chosen} is empty.", {"pod": name, "container": chosen})


def log_of(
    context: ToolContext,
    namespace: str,
    pod: str,
    container: str | None,
    *,
    previous: bool,
    tail_lines: int,
    limit_bytes: int = 256_000,
) -> tuple[str, str, str]:
    """(pod, container, text) of a log; `pod` may name the workload, whose newest pod is meant."""
    found = pod_of(context, namespace, pod)
    name, chosen = found["metadata"]["name"], container or only_container(found)
    text = context.cluster.logs(
        namespace, name, container=chosen, previous=previous, tail_lines=tail_lines, limit_bytes=limit_bytes
    )
    return name, chosen, text


def events(context: ToolContext, *, namespace: Namespace, name: Name | None = None) -> Result:
    """The newest events of a namespace, or of one object there, oldest first."""
    text = recent_events(context, namespace, re.compile(re.escape(name)) if name else None)
    return Result(text or f"No events in {namespace}" + (f" about {name}." if name else "."))


def top(context: ToolContext, *, namespace: Namespace) -> Result:
    """What the pods of a namespace use now, container by container: CPU and memory."""
    try:
        measured = context.cluster.list("podmetrics", namespace)
    except (NotFound, ServerFailure) as error:
        raise ToolFailed("The cluster has no working metrics server, so nobody knows what pods use.") from error
    rows = [
        f"{pod['metadata']['name']}  {used['name']}  cpu {used['usage']['cpu']}  memory {used['usage']['memory']}"
        for pod in measured
        for used in pod.get("containers") or ()
    ]
    return Result("\n".join(rows) or f"No pod of {namespace} has been measured yet.")


def needed_namespace(context: ToolContext, kind: str, namespace: str | None) -> str | None:
    """The namespace, which a namespaced kind must have; raises `ArgumentsError` without one."""
    if namespace is None and context.cluster.find(kind).namespaced:
        raise ArgumentsError(f"{kind} live in namespaces: give the namespace.")
    return namespace


def _row(item: Json) -> str:
    metadata = item["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else metadata["name"]
    return "  ".join(part for part in (name, _state(item), _age(metadata.get("creationTimestamp"))) if part)


def _state(item: Json) -> str:
    status = item.get("status") or {}
    match item["kind"]:
        case "Pod":
            return _pod_state(item)
        case "Deployment" | "StatefulSet" | "ReplicaSet":
            return f"{status.get('readyReplicas', 0)}/{(item.get('spec') or {}).get('replicas', 0)} ready"
        case "DaemonSet":
            return f"{status.get('numberReady', 0)}/{status.get('desiredNumberScheduled', 0)} ready"
        case "Secret":
            return f"{item.get('type', '')} {len(item.get('data') or {})} keys"
        case "Namespace":
            labels = (item["metadata"].get("labels") or {}).get("environment")
            return f"{status.get('phase', '')}" + (f" environment={labels}" if labels else "")
        case _:
            return str(status.get("phase", ""))


def _pod_state(pod: Json) -> str:
    status = pod.get("status") or {}
    containers = status.get("containerStatuses") or []
    reason = next((reason for state in containers if (reason := _reason(state))), status.get("phase", ""))
    ready = sum(bool(state.get("ready")) for state in containers)
    restarts = sum(state.get("restartCount", 0) for state in containers)
    return f"{reason}  {ready}/{len(pod['spec']['containers'])} ready  {restarts} restarts"


def _reason(container: Json) -> str:
    state = container.get("state") or {}
    for kind in ("waiting", "terminated"):
        if kind in state:
            return str(state[kind].get("reason", kind))
    return ""


def _age(created: str | None) -> str:
    if not created:
        return ""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"


def recent_events(context: ToolContext, namespace: str, about: re.Pattern[str] | None = None) -> str:
    """The newest events of a namespace, a line each, oldest first; `about` matches the names of their objects."""
    happened = context.cluster.list("events", namespace)
    kept = [event for event in happened if about is None or about.fullmatch(_about(event))]
    return "\n".join(_event_row(event) for event in sorted(kept, key=_when)[-_EVENTS_SHOWN:])


def _about(event: Json) -> str:
    return str((event.get("involvedObject") or {}).get("name", ""))


def _when(event: Json) -> str:
    series: dict[str, Any] = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
        or ""
    )


def _event_row(event: Json) -> str:
    about = event.get("involvedObject") or {}
    times = event.get("count") or (event.get("series") or {}).get("count") or 1
    message = " ".join(str(event.get("message", "")).split())
    where = f"{about.get('kind', '')}/{about.get('name', '')}"
    return f"  {_when(event)}  {event.get('type', '')}  {event.get('reason', '')}  {where}  {message} (x{times})"


def pod_of(context: ToolContext, namespace: str, name: str) -> Json:
    """The pod of that name, or the newest of the workload of that name."""
    try:
        return context.cluster.get("pods", name, namespace)
    except (NotFound, Forbidden):  # whose it is, is known to pods alone: a workload's kind is not said
        pods = context.cluster.list("pods", namespace)
    owned = [pod for pod in pods if _belongs(pod, name)]
    chosen = sorted(owned, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True)
    if not chosen:
        names = ", ".join(sorted(pod["metadata"]["name"] for pod in pods)[:20]) or "none"
        raise ToolFailed(f"No pod {name} in {namespace}, nor a workload of that name. Pods there: {names}.")
    return chosen[0]


def _belongs(pod: Json, workload: str) -> bool:
    for owner in pod["metadata"].get("ownerReferences") or ():
        template_hash = (pod["metadata"].get("labels") or {}).get("pod-template-hash", "")
        if owner["name"] in (workload, f"{workload}-{template_hash}"):
            return True
    return False


def only_container(pod: Json) -> str:
    """The container that is meant where none is named: the default one, else the first."""
    annotations = pod["metadata"].get("annotations") or {}
    default = annotations.get("kubectl.kubernetes.io/default-container")
    return str(default or pod["spec"]["containers"][0]["name"])
