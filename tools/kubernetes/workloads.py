"""Change a workload: resources, image, probe, references, command, nodes. The functions only plan."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from tools.changes.plan import Plan
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Name, Namespace, ToolContext
from tools.json import Json
from tools.kubernetes.pod_template import (
    Templated,
    Workload,
    container_of,
    container_patch,
    template_of,
    template_plan,
    where,
)
from tools.kubernetes.references import Redirection, Referred

# Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
Quantity = Annotated[
    str,
    Field(
        pattern=r"^([0-9]+(\.[0-9]*)?|\.[0-9]+)(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei|[eE][+-]?[0-9]+)?$",
        max_length=30,
        description="A Kubernetes quantity: 256Mi, 1Gi, 500m, 2.",
    ),
]

Port = Annotated[
    Annotated[int, Field(ge=1, le=65535)] | Annotated[str, Field(pattern=r"^[a-zA-Z0-9-]{1,63}$")],
    Field(description="Port number, or the name of a port of the container."),
]
_HANDLERS = ("httpGet", "tcpSocket", "grpc", "exec")
ConfigKey = Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253, description="A key in it.")]

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
    """
    wanted = _wanted(memory_limit, memory_request, cpu_limit, cpu_request)
    if not wanted:
        raise ArgumentsError(
            "set_resources: give at least one of memory_limit, memory_request, cpu_limit, cpu_request."
        )
    live = context.cluster.get(kind, name, namespace)
    field, chosen = container_of(live, container)
    said = _difference(chosen.get("resources") or {}, wanted)
    patch = container_patch(field, chosen["name"], {"resources": wanted})
    return template_plan(context, live, patch, f"set {said} of {where(live)}, container {chosen['name']}")


def restart(context: ToolContext, *, namespace: Namespace, name: Name, kind: Workload = "Deployment") -> Plan:
    """Restart a workload's pods, one after the other, as `kubectl rollout restart` does."""
    live = context.cluster.get(kind, name, namespace)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return template_plan(
        context,
        live,
        {"metadata": {"annotations": {RESTARTED_AT: now}}},
        f"restart {where(live)}",
        volatile=(("metadata", "annotations", RESTARTED_AT),),
    )


def set_image(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    image: Annotated[
        str, Field(pattern=r"^\S+$", max_length=500, description="Image with its tag or digest: registry/app:1.2.")
    ],
    kind: Templated = "Deployment",
    container: Name | None = None,
) -> Plan:
    """Set the image of one container of a workload, which rolls its pods anew.

    The container may be left out when the workload has only one.
    """
    live = context.cluster.get(kind, name, namespace)
    field, chosen = container_of(live, container)
    patch = container_patch(field, chosen["name"], {"image": image})
    said = f"set image {chosen.get('image', 'unset')} -> {image} of {where(live)}, container {chosen['name']}"
    return template_plan(context, live, patch, said)


def set_probe(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    probe: Annotated[Literal["liveness", "readiness", "startup"], Field(description="Which of the probes.")],
    kind: Workload = "Deployment",
    container: Name | None = None,
    port: Port | None = None,
    path: Annotated[str | None, Field(max_length=500, description="Path of an HTTP probe: /healthz.")] = None,
    scheme: Annotated[Literal["HTTP", "HTTPS"] | None, Field(description="Of an HTTP probe.")] = None,
    initial_delay_s: Annotated[int | None, Field(ge=0, le=86400, description="Before the first.")] = None,
    period_s: Annotated[int | None, Field(ge=1, le=86400, description="Between two.")] = None,
    timeout_s: Annotated[int | None, Field(ge=1, le=86400, description="For one answer.")] = None,
    failure_threshold: Annotated[int | None, Field(ge=1, le=10000, description="Failures in a row.")] = None,
) -> Plan:
    """Set a probe of one container: its port, path, scheme or timing; what is not given stays as it is.

    A port alone makes a TCP probe where there is none yet; a path or a scheme makes an HTTP probe.
    """
    live = context.cluster.get(kind, name, namespace)
    field, chosen = container_of(live, container)
    before = chosen.get(f"{probe}Probe") or {}
    timing = {
        "initialDelaySeconds": initial_delay_s,
        "periodSeconds": period_s,
        "timeoutSeconds": timeout_s,
        "failureThreshold": failure_threshold,
    }
    handler = _handler(before, {"port": port, "path": path, "scheme": scheme})
    wanted = {**handler, **{key: value for key, value in timing.items() if value is not None}}
    if not wanted:
        raise ArgumentsError("set_probe: give at least one of port, path, scheme, or of the times.")
    if not before and not handler:
        raise ArgumentsError(f"Container {chosen['name']} has no {probe} probe yet: give a port.")
    patch = container_patch(field, chosen["name"], {f"{probe}Probe": wanted})
    said = ", ".join(_settings(before, wanted))
    return template_plan(context, live, patch, f"set {probe} probe of {where(live)}, {chosen['name']}: {said}")


def set_reference(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    source: Annotated[Referred, Field(description="What is referred to.")],
    from_name: Annotated[Name, Field(description="The ConfigMap or Secret that is referred to now.")],
    to_name: Annotated[Name, Field(description="The one to refer to.")],
    kind: Templated = "Deployment",
    container: Name | None = None,
    from_key: ConfigKey | None = None,
    to_key: ConfigKey | None = None,
) -> Plan:
    """Point a workload's references to a ConfigMap or Secret (env, envFrom, volumes) to another one.

    With from_key, only references to that key; with to_key, they get that key. from_name and to_name may be the
    same. Without a container, those of all containers.
    """
    live = context.cluster.get(kind, name, namespace)
    redirection = Redirection(source, from_name, to_name, from_key, to_key)
    patch = redirection.patch(template_of(live), container)
    if not patch:
        key = f", key {from_key}" if from_key else ""
        raise ToolFailed(f"{where(live)} has no reference to {source} {from_name}{key} to change.")
    sides = (f"{each}{f'/{key}' if key else ''}" for each, key in ((from_name, from_key), (to_name, to_key)))
    return template_plan(context, live, patch, f"point {source} {' -> '.join(sides)} in {where(live)}")


def set_command(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    kind: Templated = "Deployment",
    container: Name | None = None,
    command: Annotated[
        list[str] | None, Field(max_length=100, description="The entrypoint; [] the image's.")
    ] = None,
    args: Annotated[list[str] | None, Field(max_length=100, description="Its arguments; [] the image's.")] = None,
) -> Plan:
    """Set the command or the arguments of one container; what is not given stays as it is."""
    if command is None and args is None:
        raise ArgumentsError("set_command: give command or args.")
    live = context.cluster.get(kind, name, namespace)
    field, chosen = container_of(live, container)
    given = {key: value for key, value in (("command", command), ("args", args)) if value is not None}
    patch = container_patch(field, chosen["name"], {key: value or None for key, value in given.items()})
    said = f"set {' and '.join(given)} of {where(live)}, container {chosen['name']}"
    return template_plan(context, live, patch, said)


def set_node_selector(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    node_selector: Annotated[
        dict[str, str], Field(description="Labels that a node must have; {} lets it run on any.")
    ],
    kind: Templated = "Deployment",
) -> Plan:
    """Set which nodes a workload's pods may run on, by their labels; an empty one lets them run on any."""
    live = context.cluster.get(kind, name, namespace)
    before: Json = template_of(live)["spec"].get("nodeSelector") or {}
    wanted: Json | None = {**dict.fromkeys(before), **node_selector} if node_selector else None
    said = f"set nodeSelector {_labels(before)} -> {_labels(node_selector)} of {where(live)}"
    return template_plan(context, live, {"spec": {"nodeSelector": wanted}}, said)


def _handler(before: Json, given: Json) -> Json:
    """What changes of how a probe asks; a TCP probe that gets a path becomes an HTTP probe."""
    wanted = {key: value for key, value in given.items() if value is not None}
    if not wanted:
        return {}
    known = before.get("httpGet") or before.get("tcpSocket") or before.get("grpc") or {}
    kind = next((kind for kind in _HANDLERS[:3] if kind in before), "tcpSocket")
    kind = "httpGet" if {"path", "scheme"} & set(wanted) else kind
    if "port" not in wanted and "port" not in known:
        raise ArgumentsError("set_probe: there is no port to ask at yet: give a port.")
    others = {other: None for other in _HANDLERS if other in before and other != kind}
    return {**others, kind: wanted if kind in before else {"port": known.get("port"), **wanted}}


def _settings(before: Json, wanted: Json, of: str = "") -> list[str]:
    said: list[str] = []
    for key, value in wanted.items():
        was = before.get(key)
        if isinstance(value, dict):
            said += _settings(was if isinstance(was, dict) else {}, value, f"{key}.")
        else:
            said.append(
                f"no {of}{key}" if value is None else f"{of}{key} {'unset' if was is None else was} -> {value}"
            )
    return said


def _labels(labels: Json) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items()) or "none"


def _wanted(
    memory_limit: str | None, memory_request: str | None, cpu_limit: str | None, cpu_request: str | None
) -> Json:
    asked = {
        "limits": {"memory": memory_limit, "cpu": cpu_limit},
        "requests": {"memory": memory_request, "cpu": cpu_request},
    }
    given = {side: {key: value for key, value in values.items() if value} for side, values in asked.items()}
    return {side: values for side, values in given.items() if values}


def _difference(before: Json, wanted: Json) -> str:
    return ", ".join(
        f"{resource} {side.removesuffix('s')} {(before.get(side) or {}).get(resource, 'unset')} -> {value}"
        for side, values in wanted.items()
        for resource, value in values.items()
    )
