"""Requests and limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.apimachinery.quantity import parse
from tools.validation.fault import Fault
from tools.validation.manifests import Container, is_filled_in, mapping
from tools.validation.parsing import Path
from tools.validation.rule import Context, Rule

_RESOURCES = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"


def _quantities(context: Context) -> Iterator[tuple[Container, Path, Any]]:
    for container in context.manifests.containers:
        resources = mapping(container.spec.get("resources"))
        for side in ("requests", "limits"):
            for name, value in mapping(resources.get(side)).items():
                yield container, (*container.path, "resources", side, name), value


def _invalid(context: Context) -> Iterator[Fault]:
    for container, path, value in _quantities(context):
        name = path[-1]
        if not isinstance(value, str | int | float) or isinstance(value, bool) or is_filled_in(str(value)):
            continue
        try:
            number = parse(value)
        except (ValueError, ArithmeticError):
            says = f"{value!r} is no quantity of {name}: write {_like(str(name))}"
            yield Fault(container.pod.manifest, path, says, container.name)
            continue
        if number < 0:
            yield Fault(container.pod.manifest, path, f"{name} cannot be less than 0", container.name)
        elif name in ("memory", "ephemeral-storage") and str(value).endswith("m"):
            says = f"{value} of {name} are thousandths of a byte: write {str(value)[:-1]}Mi"
            yield Fault(container.pod.manifest, path, says, container.name)


def _like(name: str) -> str:
    return "500m or 2" if name == "cpu" else "512Mi or 2Gi"


def _above(context: Context) -> Iterator[Fault]:
    for container in context.manifests.containers:
        resources = mapping(container.spec.get("resources"))
        limits = mapping(resources.get("limits"))
        for name, request in mapping(resources.get("requests")).items():
            if name in limits and _is_more(request, limits[name]):
                path = (*container.path, "resources", "requests", name)
                says = f"the {name} request {request} is more than the limit {limits[name]}"
                yield Fault(container.pod.manifest, path, says, container.name)


def _is_more(one: Any, other: Any) -> bool:
    try:
        return parse(one) > parse(other)
    except (ValueError, ArithmeticError):
        return False


def _no_requests(context: Context) -> Iterator[Fault]:
    for container in _kept(context):
        resources = mapping(container.spec.get("resources"))
        set_ = {**mapping(resources.get("limits")), **mapping(resources.get("requests"))}
        missing = [name for name in ("cpu", "memory") if name not in set_]
        if missing and not _is_of_pod(container):
            path = (*container.path, "resources") if "resources" in container.spec else container.path
            yield Fault(container.pod.manifest, path, f"no request of {' and '.join(missing)}", container.name)


def _no_memory_limit(context: Context) -> Iterator[Fault]:
    for container in _kept(context):
        limits = mapping(mapping(container.spec.get("resources")).get("limits"))
        if "memory" not in limits and not _is_of_pod(container):
            path = (*container.path, "resources") if "resources" in container.spec else container.path
            yield Fault(container.pod.manifest, path, "no limit of memory", container.name)


def _kept(context: Context) -> Iterator[Container]:
    return (container for container in context.manifests.containers if container.keeps_running)


def _is_of_pod(container: Container) -> bool:
    """Whether the pod as a whole has requests and limits."""
    return bool(container.pod.spec.get("resources"))


RULES = (
    Rule(
        "InvalidQuantity",
        "error",
        "A request or limit is no quantity, or one that nobody can mean.",
        "The API server refuses it; `128m` of memory is 0.128 bytes, and no container starts with that.",
        "cpu: 500m or 2; memory: 512Mi or 2Gi.",
        "https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/",
        _invalid,
        of_text=True,
    ),
    Rule(
        "RequestAboveLimit",
        "error",
        "A container asks for more than it may have.",
        "The API server refuses the pod.",
        "Raise the limit or lower the request.",
        _RESOURCES,
        _above,
        of_text=True,
    ),
    Rule(
        "RequestsMissing",
        "warning",
        "A container says no request of CPU or memory.",
        "The scheduler counts it as nothing: nodes are overfilled, it is evicted first, no autoscaler can measure "
        "it, and a namespace with a quota refuses it.",
        "Set resources.requests to what it usually takes.",
        _RESOURCES,
        _no_requests,
    ),
    Rule(
        "MemoryLimitMissing",
        "warning",
        "A container has no limit of memory.",
        "A leak takes the memory of the whole node, and others are killed for it.",
        "Set resources.limits.memory, best equal to the request.",
        _RESOURCES,
        _no_memory_limit,
    ),
)
