"""Change a workload: resources, restart. Each function only plans; the agent gates and applies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from tools.change import patch_change
from tools.cluster.client import Json
from tools.frame import ArgumentsError, Name, Namespace, Plan, ToolContext

Workload = Annotated[Literal["Deployment", "StatefulSet", "DaemonSet"], Field(description="Kind of the workload.")]
# Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
Quantity = Annotated[
    str,
    Field(
        pattern=r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|[eE][+-]?[0-9]+)?$",
        max_length=30,
        description="A Kubernetes quantity: 256Mi, 1Gi, 500m, 2.",
    ),
]

# What `kubectl rollout restart` writes. Source: https://kubernetes.io/docs/reference/labels-annotations-taints/
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def set_resources(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    kind: Workload = "Deployment",
    container: Name | None = None,
    memory_limit: Quantity | None = None,
    memory_request: Quantity | None = None,
    cpu_limit: Quantity | None = None,
    cpu_request: Quantity | None = None,
) -> Plan:
    """Set the requests and limits of one container of a workload; what is not given stays as it is.

    The container may be left out when the workload has only one. Changing them rolls the pods anew.

    Asked as: set memory limit of {name} to {memory_limit}; set memory of {name} to {memory_limit};
    raise memory limit of {name} to {memory_limit}; raise memory of {name} to {memory_limit};
    increase memory limit of {name} to {memory_limit}; increase memory of {name} to {memory_limit};
    lower memory limit of {name} to {memory_limit}; change memory limit of {name} to {memory_limit};
    set cpu limit of {name} to {cpu_limit}; raise cpu limit of {name} to {cpu_limit};
    set memory request of {name} to {memory_request}; set cpu request of {name} to {cpu_request}
    """
    wanted = _wanted(memory_limit, memory_request, cpu_limit, cpu_request)
    if not wanted:
        raise ArgumentsError(
            "set_resources: give at least one of memory_limit, memory_request, cpu_limit, cpu_request."
        )
    live = context.cluster.get(kind, name, namespace)
    chosen = _container(live, container)
    resources = {"name": chosen["name"], "resources": wanted}
    body = {"spec": {"template": {"spec": {"containers": [resources]}}}}
    said = _difference(chosen.get("resources") or {}, wanted)
    summary = f"set {said} of {kind} {name} in {namespace}, container {chosen['name']}"
    return Plan(summary, (patch_change(context.cluster.find(kind), live, body),))


def restart(context: ToolContext, *, namespace: Namespace, name: Name, kind: Workload = "Deployment") -> Plan:
    """Restart a workload's pods, one after the other, as `kubectl rollout restart` does.

    Asked as: restart {name}; restart {kind} {name}; bounce {name}; restart the {kind} {name}
    """
    live = context.cluster.get(kind, name, namespace)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    body = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: now}}}}}
    change = patch_change(context.cluster.find(kind), live, body)
    return Plan(f"restart {kind} {name} in {namespace}", (change,))


def _wanted(
    memory_limit: str | None, memory_request: str | None, cpu_limit: str | None, cpu_request: str | None
) -> Json:
    asked = {
        "limits": {"memory": memory_limit, "cpu": cpu_limit},
        "requests": {"memory": memory_request, "cpu": cpu_request},
    }
    given = {side: {key: value for key, value in values.items() if value} for side, values in asked.items()}
    return {side: values for side, values in given.items() if values}


def _container(live: Json, name: str | None) -> Json:
    containers: list[Json] = live["spec"]["template"]["spec"]["containers"]
    if name is None and len(containers) == 1:
        return containers[0]
    found = next((container for container in containers if container["name"] == name), None)
    if found is None:
        names = ", ".join(container["name"] for container in containers)
        raise ArgumentsError(f'There is no container "{name or ""}" to choose: name one of {names}.')
    return found


def _difference(before: Json, wanted: Json) -> str:
    return ", ".join(
        f"{resource} {side.removesuffix('s')} {(before.get(side) or {}).get(resource, 'unset')} -> {value}"
        for side, values in wanted.items()
        for resource, value in values.items()
    )
