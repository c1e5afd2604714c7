"""Services, Ingresses, Routes and NetworkPolicies: do they lead to something that is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.apimachinery.selectors import matches
from tools.diagnose.facts.nearest import nearest
from tools.validation.fault import Fault
from tools.validation.manifests import MAX_PORT, Manifest, PodTemplate, mapping, mappings, whole
from tools.validation.parsing import Path
from tools.validation.rule import Context, Rule

_SERVICE = "https://kubernetes.io/docs/concepts/services-networking/service/"
_INGRESS = "https://kubernetes.io/docs/concepts/services-networking/ingress/"


def _said(labels: Mapping[str, Any]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _services(context: Context) -> Iterator[Manifest]:
    return (each for each in context.manifests.of("Service") if each.group == "")


def _selected(context: Context, service: Manifest) -> list[PodTemplate]:
    return context.manifests.selected(service.namespace, mapping(service.spec.get("selector")))


def _selects_nothing(context: Context) -> Iterator[Fault]:
    for each in _services(context):
        selector = mapping(each.spec.get("selector"))
        if not selector or _selected(context, each) or each.spec.get("type") == "ExternalName":
            continue
        meant = _nearest(context, each.namespace, selector)
        if meant is not None:
            differs = [key for key, value in selector.items() if meant.labels.get(key) != value]
            has = _said({key: meant.labels.get(key, "(not there)") for key in differs})
            says = f"it selects {_said(selector)}, and {meant.manifest.kind} {meant.manifest.name} has {has}"
            yield Fault(each, ("spec", "selector", differs[0]), says)


_OF_APPLICATION = ("app", "name", "k8s-app", "app.kubernetes.io/name", "app.kubernetes.io/instance")


def _nearest(context: Context, namespace: str | None, selector: Mapping[str, Any]) -> PodTemplate | None:
    """The workload that is meant: its application is the selector's, or is called so but for a slip; else None."""
    pods = [pod for pod in context.manifests.workloads if pod.namespace == namespace]
    for pod in pods:
        if any(key in selector and pod.labels.get(key) == selector[key] for key in _OF_APPLICATION):
            return pod
    wanted = {str(value) for key, value in selector.items() if key in _OF_APPLICATION}
    for pod in pods:
        called = {pod.manifest.name, *(value for key, value in pod.labels.items() if key in _OF_APPLICATION)}
        if wanted & called or any(nearest(value, called) for value in wanted):
            return pod
    return None


def _ports(context: Context) -> Iterator[Fault]:
    for each in _services(context):
        ports = list(mappings(each.spec.get("ports")))
        names: set[Any] = set()
        numbers: set[tuple[Any, Any]] = set()
        for index, port in ports:
            path: Path = ("spec", "ports", index)
            name, number = port.get("name"), (port.get("port"), port.get("protocol", "TCP"))
            if len(ports) > 1 and not name:
                yield Fault(each, path, f"port {port.get('port')} has no name, and there are {len(ports)} ports")
            elif name and name in names:
                yield Fault(each, (*path, "name"), f"a second port is called {name}")
            elif number in numbers:
                yield Fault(each, (*path, "port"), f"port {number[0]} is there twice")
            names.add(name)
            numbers.add(number)
            for field in ("port", "targetPort", "nodePort"):
                value = whole(port.get(field))
                if value is not None and not 1 <= value <= MAX_PORT:
                    yield Fault(each, (*path, field), f"{field} {value} is none: 1 to 65535")


def _led(context: Context) -> Iterator[tuple[Manifest, Path, Any, list[PodTemplate]]]:
    """Where each port of a Service leads to: the field that says it, the port, the workloads that are selected."""
    for each in _services(context):
        pods = [pod for pod in _selected(context, each) if pod.is_workload]
        for index, port in mappings(each.spec.get("ports")):
            if pods:
                field = "targetPort" if "targetPort" in port else "port"
                yield each, ("spec", "ports", index, field), port.get(field), pods


def _no_target(context: Context) -> Iterator[Fault]:
    for each, path, target, pods in _led(context):
        if isinstance(target, str) and not any(port.get("name") == target for pod in pods for port in _opened(pod)):
            yield Fault(each, path, f"it leads to the port {target}, and {_opened_said(pods)}")


def _undeclared(context: Context) -> Iterator[Fault]:
    for each, path, target, pods in _led(context):
        declared = [[port.get("containerPort") for port in _opened(pod)] for pod in pods]
        if isinstance(target, int) and all(ports and target not in ports for ports in declared):
            yield Fault(each, path, f"it leads to port {target}, and {_opened_said(pods)}")


def _opened(pod: PodTemplate) -> list[dict[str, Any]]:
    listed = [*mappings(pod.spec.get("containers")), *mappings(pod.spec.get("initContainers"))]
    return [port for _, container in listed for _, port in mappings(container.get("ports"))]


def _opened_said(pods: list[PodTemplate]) -> str:
    ports = sorted({_port_said(port) for pod in pods for port in _opened(pod)})
    return f"{pods[0].manifest.name} has {', '.join(ports) or 'no ports'}"


def _port_said(port: dict[str, Any]) -> str:
    name = port.get("name")
    return f"{port.get('containerPort')} ({name})" if name else str(port.get("containerPort"))


def _backends(each: Manifest) -> Iterator[tuple[Path, str, Any]]:
    """The Services that an Ingress or Route leads to: the path, the name, the port as a number, a name or None."""
    if each.kind == "Route" and each.group == "route.openshift.io":
        port = mapping(each.spec.get("port")).get("targetPort")
        yield ("spec", "to", "name"), str(mapping(each.spec.get("to")).get("name", "")), port
        return
    if each.kind != "Ingress":
        return
    places: list[tuple[Path, Any]] = [(("spec", "defaultBackend"), each.spec.get("defaultBackend"))]
    for index, rule in mappings(each.spec.get("rules")):
        for number, one in mappings(mapping(rule.get("http")).get("paths")):
            places.append((("spec", "rules", index, "http", "paths", number, "backend"), one.get("backend")))
    for path, backend in places:
        service = mapping(mapping(backend).get("service"))
        if isinstance(service.get("name"), str):
            port = mapping(service.get("port"))
            yield (*path, "service"), service["name"], port.get("number", port.get("name"))


def _no_backend(context: Context) -> Iterator[Fault]:
    for each in context.manifests.of("Ingress", "Route"):
        for path, name, port in _backends(each):
            service = context.manifests.get("Service", each.namespace, name)
            if service is None:
                if name and context.lacks("Service", each.namespace, name):
                    yield Fault(each, path, context.missing("Service", each.namespace, name))
            elif port is not None and not _leads(service, port, of_route=each.kind == "Route"):
                ports = [_service_port_said(one) for _, one in mappings(service.spec.get("ports"))]
                yield Fault(each, path, f"Service {name} has no port {port}; it has {', '.join(ports) or 'none'}")


def _leads(service: Manifest, port: Any, *, of_route: bool) -> bool:
    fields = ("name", "targetPort", "port") if of_route else ("name", "port")
    is_named = service.spec.get("type") == "ExternalName"
    return is_named or any(
        port == one.get(field) for _, one in mappings(service.spec.get("ports")) for field in fields
    )


def _service_port_said(port: dict[str, Any]) -> str:
    return f"{port.get('port')} ({port['name']})" if port.get("name") else str(port.get("port"))


def _policies(context: Context) -> Iterator[Fault]:
    for each in context.manifests.of("NetworkPolicy"):
        selector = each.spec.get("podSelector")
        if each.group != "networking.k8s.io" or not isinstance(selector, dict) or not selector:
            continue
        pods = context.manifests.pods_in(each.namespace)
        if any(matches(selector, pod.labels) for pod in pods):
            continue
        labels = mapping(selector.get("matchLabels"))
        meant = _nearest(context, each.namespace, labels) if labels else None
        if meant is not None:
            says = f"it selects {_said(labels)}, which no pod of these manifests has"
            yield Fault(each, ("spec", "podSelector"), f"{says}; the nearest is {meant.manifest.ref}")


def _shared(context: Context) -> Iterator[Fault]:
    owners: dict[tuple[str | None, str], PodTemplate] = {}
    for pod in context.manifests.workloads:
        labels = mapping(mapping(pod.manifest.spec.get("selector")).get("matchLabels"))
        if not labels or mapping(pod.manifest.spec.get("selector")).get("matchExpressions"):
            continue
        first = owners.setdefault((pod.namespace, _said(dict(sorted(labels.items())))), pod)
        if first is not pod and first.manifest.identity != pod.manifest.identity:
            says = f"{first.manifest.kind} {first.manifest.name} selects {_said(labels)}, too"
            yield Fault(pod.manifest, ("spec", "selector"), says)


RULES = (
    Rule(
        "ServiceSelectsNothing",
        "error",
        "A Service's selector matches no pod of the manifests, and nearly matches one.",
        "It has no endpoints: every request to it fails.",
        "Write the labels of the pod template, without the version.",
        f"{_SERVICE}#defining-a-service",
        _selects_nothing,
        is_taken=True,
    ),
    Rule(
        "ServicePortsInvalid",
        "error",
        "A Service's ports are none that it can have.",
        "The API server refuses it.",
        "Each port a name of its own where there are several; 1 to 65535.",
        f"{_SERVICE}#multi-port-services",
        _ports,
    ),
    Rule(
        "ServiceTargetMissing",
        "error",
        "A Service's port leads to a port by a name that no pod has.",
        "It has no endpoint: every request to it fails.",
        "Correct targetPort, or name the port in the container.",
        f"{_SERVICE}#field-spec-ports",
        _no_target,
        is_taken=True,
    ),
    Rule(
        "ServiceTargetUndeclared",
        "info",
        "A Service's port leads to a number that the containers do not declare, while they declare others.",
        "Ports need not be declared; but if nothing listens there, requests are refused.",
        "Correct targetPort, or declare the port in the container.",
        f"{_SERVICE}#field-spec-ports",
        _undeclared,
    ),
    Rule(
        "IngressBackendMissing",
        "error",
        "An Ingress or Route leads to a Service or a port that is not there.",
        "Requests are answered with 503 or 404.",
        "Correct the Service's name, or the port's number or name.",
        _INGRESS,
        _no_backend,
        is_taken=True,
    ),
    Rule(
        "NetworkPolicySelectsNothing",
        "warning",
        "A NetworkPolicy's selector matches no pod of the manifests, and nearly matches one.",
        "What it was to protect is open, or what it was to let through stays blocked.",
        "Write the labels of the pod template.",
        "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        _policies,
    ),
    Rule(
        "SelectorShared",
        "warning",
        "Two workloads have the same selector.",
        "Each counts the other's pods as its own: the controllers fight, and a Service mixes both.",
        "Give each a label of its own, such as app.kubernetes.io/name.",
        "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector",
        _shared,
    ),
)
