"""The ports of a pod's containers, and where a Service's port leads. Pure.

Source: https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
"""

from __future__ import annotations

from tools.json import Json


def declared(spec: Json) -> list[Json]:
    """The ports that the containers of a pod spec declare, sidecars' too."""
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return [port for container in containers for port in container.get("ports") or ()]


def target_of(port: Json) -> int | str:
    """The port of the pods that a Service's port leads to, as it is written there."""
    target: int | str = port.get("targetPort") or port["port"]
    return target


def number_of(spec: Json, wanted: int | str) -> int | None:
    """The number of a port of a pod spec; None for a name that no container's port has."""
    if isinstance(wanted, int) or wanted.isdecimal():
        return int(wanted)
    return next((int(port["containerPort"]) for port in declared(spec) if port.get("name") == wanted), None)


def protocol_of(port: Json) -> str:
    """TCP where a port does not say another."""
    return str(port.get("protocol") or "TCP")
