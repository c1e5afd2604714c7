"""Change a Service: which pods it sends to, and at which port. The functions only plan."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.changes.build import patch_change
from tools.changes.plan import Plan
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Name, Namespace, ToolContext
from tools.json import Json
from tools.kubernetes.pod_template import where
from tools.kubernetes.workloads import Port


def set_service_selector(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    selector: Annotated[
        dict[str, str], Field(min_length=1, description="The labels of the pods it sends to, all.")
    ],
) -> Plan:
    """Set which pods a Service sends to, by their labels: exactly these, whatever it had before."""
    live = context.cluster.get("Service", name, namespace)
    before: Json = live["spec"].get("selector") or {}
    body = {"spec": {"selector": {**dict.fromkeys(before), **selector}}}
    said = f"set selector {_labels(before)} -> {_labels(selector)} of {where(live)}"
    return Plan.of(said, patch_change(context.cluster.find("Service").plural, live, body))


def set_service_port(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    port: Annotated[Port, Field(description="The Service's port: its number or its name.")],
    target_port: Annotated[Port, Field(description="The pods' port it sends to: its number or its name.")],
) -> Plan:
    """Set which port of the pods a port of a Service sends to."""
    live = context.cluster.get("Service", name, namespace)
    chosen = _port(live, port)
    body = {"spec": {"ports": [{"port": chosen["port"], "targetPort": target_port}]}}
    said = f"set targetPort {chosen.get('targetPort')} -> {target_port} of port {port} of {where(live)}"
    return Plan.of(said, patch_change(context.cluster.find("Service").plural, live, body))


def _port(live: Json, wanted: int | str) -> Json:
    ports: list[Json] = live["spec"].get("ports") or []
    found = next((each for each in ports if str(wanted) in (str(each["port"]), each.get("name"))), None)
    if found is None:
        known = ", ".join(f"{each['port']}{' ' + each['name'] if each.get('name') else ''}" for each in ports)
        raise ArgumentsError(f"{where(live)} has no port {wanted}: it has {known or 'none'}.")
    if [each["port"] for each in ports].count(found["port"]) > 1:  # a patch joins ports by their number alone
        raise ToolFailed(f"{where(live)} has port {found['port']} for two protocols: change it by hand.")
    return found


def _labels(labels: Json) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items()) or "none"
