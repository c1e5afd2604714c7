"""Probes: are they there, do they ask a port that is there, do the two differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.validation.fault import Fault
from tools.validation.manifests import Container, PodTemplate, containers_of, mapping, mappings
from tools.validation.rule import Context, Rule

_PROBES = "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/"
_SORTS = ("startupProbe", "readinessProbe", "livenessProbe")
_ACTIONS = ("exec", "httpGet", "tcpSocket", "grpc")


def _probed(context: Context) -> Iterator[tuple[Container, str, dict[str, Any]]]:
    for container in context.manifests.containers:
        for sort in _SORTS:
            if isinstance(container.spec.get(sort), dict):
                yield container, sort, container.spec[sort]


def _invalid(context: Context) -> Iterator[Fault]:
    for container, sort, probe in _probed(context):
        actions = [action for action in _ACTIONS if probe.get(action) is not None]
        if len(actions) != 1:
            said = f"asks in {len(actions)} ways: {', '.join(actions)}" if actions else "does not say what to ask"
            yield Fault(container.pod.manifest, (*container.path, sort), f"{sort} {said}", container.name)
        elif sort != "readinessProbe" and probe.get("successThreshold") not in (None, 1):
            path = (*container.path, sort, "successThreshold")
            yield Fault(container.pod.manifest, path, f"successThreshold of a {sort} must be 1", container.name)


def _ports(context: Context) -> Iterator[Fault]:
    for container, sort, probe in _probed(context):
        names = {port.get("name") for _, port in mappings(container.spec.get("ports"))}
        for action in ("httpGet", "tcpSocket"):
            port = mapping(probe.get(action)).get("port")
            if isinstance(port, str) and not port.isdigit() and port not in names:
                path = (*container.path, sort, action, "port")
                there = ", ".join(sorted(str(name) for name in names if name)) or "none with a name"
                says = f"{sort} asks port {port}, which {container.name} does not have; it has {there}"
                yield Fault(container.pod.manifest, path, says, container.name)


def _serving(context: Context) -> Iterator[tuple[PodTemplate, list[Container]]]:
    """The workloads that a Service of the set sends requests to, with the containers that open a port."""
    served: dict[int, PodTemplate] = {}
    for service in context.manifests.of("Service"):
        selected = context.manifests.selected(service.namespace, mapping(service.spec.get("selector")))
        served |= {id(pod): pod for pod in selected if pod.is_workload}
    for pod in served.values():
        containers = [each for each in containers_of(pod) if each.sort == "containers" and each.spec.get("ports")]
        yield pod, containers


def _no_readiness(context: Context) -> Iterator[Fault]:
    for pod, opening in _serving(context):
        if opening and not any(container.spec.get("readinessProbe") for container in opening):
            first = opening[0]
            says = f"no readinessProbe, and a Service sends requests to {pod.manifest.name}"
            yield Fault(pod.manifest, first.path, says, first.name)


def _no_liveness(context: Context) -> Iterator[Fault]:
    for pod, opening in _serving(context):
        if opening and not any(container.spec.get("livenessProbe") for container in opening):
            yield Fault(pod.manifest, opening[0].path, "no livenessProbe", opening[0].name)


def _alike(context: Context) -> Iterator[Fault]:
    for container in context.manifests.containers:
        ready, live = container.spec.get("readinessProbe"), container.spec.get("livenessProbe")
        if not isinstance(ready, dict) or not isinstance(live, dict):
            continue
        same = [
            action for action in ("httpGet", "exec") if ready.get(action) and ready.get(action) == live.get(action)
        ]
        if (
            same
            and ready.get("failureThreshold", 3) >= live.get("failureThreshold", 3)
            and _period(ready) >= _period(live)
        ):
            says = "livenessProbe asks the same as readinessProbe, and is not more patient"
            yield Fault(container.pod.manifest, (*container.path, "livenessProbe"), says, container.name)


def _period(probe: dict[str, Any]) -> float:
    period = probe.get("periodSeconds", 10)
    return period if isinstance(period, int | float) else 10


RULES = (
    Rule(
        "ProbeInvalid",
        "error",
        "A probe asks in no way or in two, or has a successThreshold that only readiness may have.",
        "The API server refuses the pod.",
        "Give it one of httpGet, tcpSocket, grpc and exec.",
        _PROBES,
        _invalid,
        of_text=True,
    ),
    Rule(
        "ProbePortMissing",
        "error",
        "A probe asks a port by a name that the container does not have.",
        "The kubelet cannot find the port, the probe fails, and the pod is never ready or is restarted for ever.",
        "Name the port under the container's ports, or correct the probe.",
        _PROBES,
        _ports,
        is_taken=True,
    ),
    Rule(
        "ReadinessProbeMissing",
        "warning",
        "A Service sends requests to pods that have no readiness probe.",
        "A pod gets requests as soon as its process exists: each rollout and restart answers some with errors.",
        "Add a readinessProbe that is true once the application can answer.",
        _PROBES,
        _no_readiness,
    ),
    Rule(
        "LivenessProbeMissing",
        "info",
        "A container that serves requests has no liveness probe.",
        "An application that hangs and does not exit is not restarted.",
        "Add one if the application can hang, on a path that asks nothing of other systems.",
        _PROBES,
        _no_liveness,
    ),
    Rule(
        "ProbesAlike",
        "warning",
        "The liveness probe asks the same as the readiness probe, as impatiently.",
        "Whenever the pod should only get no requests for a while, it is killed instead: under load, all of them.",
        "Give liveness a path of its own that asks nothing of other systems, or a higher failureThreshold.",
        _PROBES,
        _alike,
    ),
)
