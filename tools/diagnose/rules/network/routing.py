"""Ingresses and Routes that lead nowhere.

Source: https://kubernetes.io/docs/concepts/services-networking/ingress/
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from tools.diagnose.facts.backends import Backend, backends
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import first_of, said
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.present import some
from tools.diagnose.facts.remedies import set_fields
from tools.diagnose.facts.service_pods import numbers_of, pods_behind, ports_of, target_of
from tools.diagnose.rules.network.routing_hosts import HOST_CONFLICT, host_conflicts
from tools.diagnose.rules.network.routing_needs import (
    INGRESS_CLASS_MISSING,
    TLS_SECRET_MISSING,
    missing_classes,
    missing_tls,
)
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Rule, Snapshot
from tools.plaintext import one_line

_DOCS = "https://kubernetes.io/docs/concepts/services-networking/ingress/"

BACKEND_SERVICE_MISSING = Cause(
    "BackendServiceMissing",
    topic="networking",
    means="An Ingress or Route sends to a Service that does not exist in its namespace.",
    why=(
        "The API server accepts an Ingress or Route without looking whether its Services exist, for they may "
        "come later. Until then the controller answers with 503 or its own 404. A Service of another "
        "namespace cannot be named."
    ),
    mend="Name the Service that exists (kubectl get services), or create the one that is named.",
    example="Ingress shop sends shop.test/ to Service wbe, which does not exist; the nearest there is: web",
    source=_DOCS + "#the-ingress-resource",
    called=r"\bbackends?\b|\bingress\b",
)
BACKEND_PORT_MISSING = Cause(
    "BackendPortMissing",
    topic="networking",
    means="An Ingress or Route names a port that the Service does not have.",
    why=(
        "An Ingress names a port of the Service (its number in spec.ports, or its name), not the port of the "
        "container behind it. A Route's targetPort is the other way round: the name of a Service port, or the "
        "number on which the pods listen."
    ),
    mend="Compare the port with spec.ports of the Service, and name one of those.",
    example="Ingress shop asks for port 8080 of Service web, which has 80; 8080 is where that port leads",
    source=_DOCS + "#the-ingress-resource",
    called=r"\bbackends?\b|\bingress\b",
)
_BY_ANNOTATION = "use-annotation"
"""A backend that the AWS Load Balancer Controller reads from an annotation: no Service.

Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions
"""


def routing(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Ingresses and Routes that miss what they name, or claim what is taken."""
    return [
        *_backend_findings(snapshot, known),
        *missing_classes(snapshot),
        *missing_tls(snapshot),
        *host_conflicts(snapshot),
    ]


def _backend_findings(snapshot: Snapshot, known: Known) -> Iterator[Finding]:
    """One for each Service, and port of it, that an object names in vain, however often."""
    if not snapshot.has("Service"):
        return
    groups: dict[tuple[ObjectRef, str, object], list[Backend]] = {}
    for backend in backends(snapshot):
        if backend.port == _BY_ANNOTATION:
            continue
        service = snapshot.named("Service", backend.service)
        if service is None:
            groups.setdefault((backend.owner, backend.service, None), []).append(backend)
        elif _lacks_port(service, backend, snapshot) and not _follows(backend, known):
            groups.setdefault((backend.owner, backend.service, backend.port), []).append(backend)
    for group in groups.values():
        service = snapshot.named("Service", group[0].service)
        yield _no_service(group, snapshot) if service is None else _no_port(group, service, snapshot)


def _follows(backend: Backend, known: Known) -> bool:
    """Whether a fault of the Service may be why: a Route asks for a port of the pods, where the Service leads."""
    return backend.owner.kind == "Route" and known.explains("Service", backend.service)


def _no_service(group: list[Backend], snapshot: Snapshot) -> Finding:
    first = group[0]
    near = nearest(first.service, snapshot.names("Service"))
    hint = f"; the nearest there is: {near}" if near else ""
    return Finding(
        cause=BACKEND_SERVICE_MISSING,
        object=first.owner,
        detail=(f"{said(first.owner)} sends {_what(group)} to Service {first.service}, which does not exist{hint}"),
        why=(
            "The API accepts an Ingress or Route before its Services exist. As long as one is missing, the "
            "controller answers with an error of its own (503, or 404)."
        ),
        evidence=(Evidence("spec", said(first.owner), f"{first.pointer}: {first.service}"),),
        remedies=(
            set_fields(f"Send it to Service {near}", first.owner, {each.pointer: near for each in group})
            if near
            else edit(first.owner, "Name a Service that exists, or create this one"),
        ),
    )


def _lacks_port(service: Json, backend: Backend, snapshot: Snapshot) -> bool:
    """An ExternalName is asked on any port; without a port, a Route takes them all."""
    if backend.port is None or (service.get("spec") or {}).get("type") == "ExternalName":
        return False
    if backend.owner.kind == "Route":
        return not _route_may_ask(service, backend.port, snapshot)
    return not any(backend.port in (port.get("port"), port.get("name")) for port in ports_of(service))


def _route_may_ask(service: Json, wanted: int | str, snapshot: Snapshot) -> bool:
    """The router takes endpoints whose port has that name, or that number on the pods.

    Source: https://github.com/openshift/router/blob/master/pkg/router/template/template_helper.go
    """
    ports = ports_of(service)
    may_be_any = any(not numbers_of(port, service, snapshot) for port in ports)
    text = str(wanted)
    by_number = any(text in map(str, numbers_of(port, service, snapshot)) for port in ports)
    return by_number or may_be_any or any(text == port.get("name") for port in ports)


def _no_port(group: list[Backend], service: Json, snapshot: Snapshot) -> Finding:
    first = group[0]
    ports = ports_of(service)
    has = ", ".join(_port_said(first, port, service, snapshot) for port in ports) or "no port"
    has = f"{'leads to' if first.owner.kind == 'Route' else 'has'} {has}"
    leads_there = [port for port in ports if first.port in numbers_of(port, service, snapshot)]
    mistaken = leads_there and first.owner.kind == "Ingress"
    hint = f"; {first.port} is where its port {leads_there[0].get('port')} leads" if mistaken else ""
    mended = _mended_port(first, service, snapshot)
    return Finding(
        cause=BACKEND_PORT_MISSING,
        object=first.owner,
        affected=tuple(str(pod["metadata"]["name"]) for pod in pods_behind(service, snapshot)),
        detail=one_line(
            f"{said(first.owner)} asks for port {first.port} of Service {first.service}, which {has}{hint}"
        ),
        why=_port_why(first),
        evidence=(
            Evidence("spec", said(first.owner), one_line(f"{first.port_pointer}: {first.port}")),
            Evidence("spec", f"Service {first.service}", one_line(f"it {has}")),
        ),
        remedies=(
            set_fields(
                f"Ask for port {mended}", first.owner, {each.port_pointer: _value(each, mended) for each in group}
            )
            if mended is not None
            else edit(first.owner, "Name a port that the Service has"),
        ),
    )


def _port_why(backend: Backend) -> str:
    if backend.owner.kind == "Route":
        return (
            "A Route's targetPort is the name of a port of the Service, or the number on which its pods listen. "
            "Without such an endpoint the router answers with 503."
        )
    return (
        "An Ingress names a port of the Service, by number or by name, not the port of the containers behind it. "
        "Without it the controller has no endpoint to send to, and answers with 503."
    )


def _mended_port(backend: Backend, service: Json, snapshot: Snapshot) -> int | str | None:
    """The port that leads to the wanted one, else the nearest by name, else the only one."""
    ports, wanted = ports_of(service), str(backend.port)
    names = [str(port["name"]) for port in ports if port.get("name")]
    leading = [
        port for port in ports if wanted in map(str, (port.get("port"), *numbers_of(port, service, snapshot)))
    ]
    if not leading and (named := get_close_matches(wanted, names, n=1)):
        return named[0]
    only = leading[:1] or (ports if len(ports) == 1 else [])
    if not only:
        return None
    if backend.owner.kind == "Ingress":
        return int(only[0]["port"])
    return only[0].get("name") or next(iter(numbers_of(only[0], service, snapshot)), None)


def _value(backend: Backend, port: int | str) -> Json | int | str:
    if backend.owner.kind == "Route":
        return port
    return {"number": port} if isinstance(port, int) else {"name": port}


def _what(group: list[Backend]) -> str:
    return first_of([one_line(f"{each.host}{each.path}", 120) or "everything" for each in group])


def _port_said(backend: Backend, port: Json, service: Json, snapshot: Snapshot) -> str:
    """`80 (http)`: the Service's number, or for a Route the number on the pods."""
    numbers = numbers_of(port, service, snapshot)
    number = port.get("port")
    if backend.owner.kind == "Route":
        number = next(iter(numbers), target_of(port))
    return f"{number} ({port['name']})" if port.get("name") else str(number)


def _names_certificates(snapshot: Snapshot) -> bool:
    return any((item.get("spec") or {}).get("tls") for item in snapshot.of("Ingress")) or any(
        "externalCertificate" in ((item.get("spec") or {}).get("tls") or {}) for item in snapshot.of("Route")
    )


RULE = Rule(
    causes=(
        BACKEND_SERVICE_MISSING,
        BACKEND_PORT_MISSING,
        INGRESS_CLASS_MISSING,
        TLS_SECRET_MISSING,
        HOST_CONFLICT,
    ),
    find=routing,
    reads={"IngressClass": some("Ingress"), "Secret": _names_certificates},
)
