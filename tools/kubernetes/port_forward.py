"""Say how to reach a port in the cluster from here: the kubectl command. Nothing is opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from tools.apimachinery.selectors import labels_of, matches, matches_plain
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import (
    Name,
    Namespace,
    Result,
    ToolContext,
)
from tools.json import Json
from tools.kubernetes.pod_template import template_of, where
from tools.kubernetes.ports import (
    declared,
    number_of,
    protocol_of,
    target_of,
)
from tools.kubernetes.workloads import Port

Reachable = Annotated[
    Literal["Service", "Pod", "Deployment", "StatefulSet", "DaemonSet"],
    Field(description="Kind of what is reached."),
]
_UNPRIVILEGED = 1024
_SHIFTED = 8000


def port_forward(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    kind: Reachable = "Service",
    port: Annotated[
        Port | None, Field(description="Its port, by number or name; the only one if left out.")
    ] = None,
    local_port: Annotated[int | None, Field(ge=1, le=65535, description="On this machine.")] = None,
) -> Result:
    """The kubectl command that forwards a local port to a port in the cluster, checked; it opens nothing itself.

    Says so when nothing is ready behind it, or no container declares the port.
    """
    live = context.cluster.get(kind, name, namespace)
    pods = _pods(context, live)
    remote, target = _of_service(live, port, pods) if kind == "Service" else _of_pods(live, port)
    doubts = _doubts(target, pods)
    local = local_port or (remote if remote >= _UNPRIVILEGED else _SHIFTED + remote)
    command = f"kubectl port-forward {kind.lower()}/{name} {local}:{remote} -n {namespace}"
    reached = where(live) if kind == "Pod" else f"a pod of {where(live)}"
    leads = f"localhost:{local} then leads to port {target} of {reached}, until you end it (Ctrl-C)."
    data = {"command": command, "local_port": local, "port": remote, "target_port": target, "doubts": doubts}
    return Result("\n".join([f"Type: {command}", leads, *doubts]), data, ok=any(map(_is_ready, pods)))


def _pods(context: ToolContext, live: Json) -> list[Json]:
    """The pods that kubectl may choose from."""
    if live["kind"] == "Pod":
        return [live]
    is_service, selector = live["kind"] == "Service", live["spec"].get("selector") or {}
    if is_service and (not selector or live["spec"].get("type") == "ExternalName"):
        raise ToolFailed(f"{where(live)} selects no pods, so there is nothing that kubectl could forward to.")
    fits = matches_plain if is_service else matches
    pods = context.cluster.list("pods", live["metadata"]["namespace"])
    return [pod for pod in pods if fits(selector, labels_of(pod)) and "deletionTimestamp" not in pod["metadata"]]


def _of_service(live: Json, port: int | str | None, pods: Sequence[Json]) -> tuple[int, int | str]:
    """A port of a Service, and the pods' port that it leads to."""
    chosen = _chosen(live, port, live["spec"].get("ports") or [], "port")
    target = target_of(chosen)
    numbers = [number_of(pod["spec"], target) for pod in pods]
    if pods and not any(numbers):
        raise ToolFailed(
            f"Port {chosen['port']} of {where(live)} leads to the pods' port {target}, and no container has a port "
            "of that name: change its targetPort (set_service_port)."
        )
    return int(chosen["port"]), next((number for number in numbers if number), target)


def _of_pods(live: Json, port: int | str | None) -> tuple[int, int]:
    """A port of a pod or of a workload's pods; a number may be one that no container declares."""
    ports = declared(live["spec"] if live["kind"] == "Pod" else template_of(live)["spec"])
    is_undeclared = isinstance(port, int) and all(each["containerPort"] != port for each in ports)
    number = port if is_undeclared else _chosen(live, port, ports, "containerPort")["containerPort"]
    return int(number or 0), int(number or 0)


def _chosen(live: Json, port: int | str | None, ports: Sequence[Json], numbered_by: str) -> Json:
    """The port that is meant; raises `ArgumentsError` where that is none, or several, and for UDP."""
    found = [each for each in ports if port is None or str(port) in (str(each[numbered_by]), each.get("name"))]
    by_tcp = [each for each in found if protocol_of(each) == "TCP"]
    if found and not by_tcp:
        raise ToolFailed(f"kubectl forwards TCP only, and that port of {where(live)} is {protocol_of(found[0])}.")
    if len({each[numbered_by] for each in by_tcp}) == 1:
        return by_tcp[0]
    known = ", ".join(f"{each[numbered_by]}{' ' + each['name'] if each.get('name') else ''}" for each in ports)
    which = f"no port {port}" if port is not None else "several ports" if by_tcp else "no declared port"
    raise ArgumentsError(f"{where(live)} has {which}: name one of {known or 'those its application listens on'}.")


def _doubts(target: int | str, pods: Sequence[Json]) -> list[str]:
    """What speaks against it."""
    if not pods:
        return ["But there is no pod behind it now: kubectl would find nothing to forward to."]
    told = []
    if not any(_is_ready(pod) for pod in pods):
        names = ", ".join(pod["metadata"]["name"] for pod in pods[:5])
        told.append(f"But none of its pods is ready ({names}): it may not answer.")
    if all(port["containerPort"] != target for pod in pods for port in declared(pod["spec"])):
        told.append(f"But no container declares port {target}: it answers only if the application listens there.")
    return told


def _is_ready(pod: Json) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
