"""The pod template of a workload: where it stands, its containers, and patches of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from tools.changes.build import patch_change
from tools.changes.plan import Plan
from tools.errors import ArgumentsError
from tools.frame import ToolContext
from tools.json import Json

Workload = Annotated[Literal["Deployment", "StatefulSet", "DaemonSet"], Field(description="Kind of the workload.")]
Templated = Annotated[
    Literal["Deployment", "StatefulSet", "DaemonSet", "CronJob"],
    Field(description="Kind of what has the pod template."),
]


def template_of(live: Json) -> Json:
    """The pod template of a workload or CronJob."""
    spec = live["spec"]["jobTemplate"]["spec"] if live["kind"] == "CronJob" else live["spec"]
    template: Json = spec["template"]
    return template


def template_plan(
    context: ToolContext, live: Json, template: Json, summary: str, volatile: tuple[tuple[str, ...], ...] = ()
) -> Plan:
    """The plan that patches the pod template of `live`; `volatile` are paths in a workload's template."""
    spec: Json = {"template": template}
    body: Json = {"spec": {"jobTemplate": {"spec": spec}} if live["kind"] == "CronJob" else spec}
    paths = tuple(("spec", "template", *path) for path in volatile)
    return Plan.of(summary, patch_change(context.cluster.find(live["kind"]).plural, live, body, paths))


def containers_of(template: Json) -> Iterator[tuple[str, Json]]:
    """Each container with the field it stands in: `initContainers` first, as they run."""
    for field in ("initContainers", "containers"):
        for container in template["spec"].get(field) or ():
            yield field, container


def container_of(live: Json, name: str | None) -> tuple[str, Json]:
    """The container of that name, with the field it stands in; the only one where none is named.

    Raises `ArgumentsError` when there is no such container, or more than one to choose from.
    """
    template = template_of(live)
    if name is None and len(template["spec"]["containers"]) == 1:
        return "containers", template["spec"]["containers"][0]
    found = next((pair for pair in containers_of(template) if pair[1]["name"] == name), None)
    if found is None:
        names = ", ".join(container["name"] for _, container in containers_of(template))
        raise ArgumentsError(f'There is no container "{name or ""}" to choose: name one of {names}.')
    return found


def container_patch(field: str, name: str, changed: Json) -> Json:
    """The patch of a pod template that changes one container."""
    return {"spec": {field: [{"name": name, **changed}]}}


def where(live: Json) -> str:
    """`Deployment web in shop-dev`, for a plan's summary."""
    metadata = live["metadata"]
    return f"{live['kind']} {metadata['name']} in {metadata['namespace']}"
