"""Where Ingresses and Routes lead: each backend, with its place in the object."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tools.diagnose.terms import Json, ObjectRef, Snapshot, grouped, once

INGRESS_API, ROUTE_API = "networking.k8s.io/v1", "route.openshift.io/v1"


class Backend(msgspec.Struct, frozen=True):
    """One Service that an Ingress or Route sends to.

    `port` None: none named. `pointer` and `port_pointer` are the JSON pointers (RFC 6901) of the Service's
    name and of the port; `host` and `path` say for what.
    """

    owner: ObjectRef
    service: str
    port: int | str | None
    pointer: str
    port_pointer: str
    host: str = ""
    path: str = ""
    path_type: str = ""


@once
def backends(snapshot: Snapshot) -> list[Backend]:
    """All that the Ingresses and Routes of the namespace lead to; worked out once for a snapshot."""
    return [*_ingress_backends(snapshot), *_route_backends(snapshot)]


def backends_of(service: str, snapshot: Snapshot) -> list[Backend]:
    """Those that lead to one Service, by its name."""
    return _by_service(snapshot).get(service, [])


@once
def _by_service(snapshot: Snapshot) -> dict[str, list[Backend]]:
    return grouped(backends(snapshot), lambda each: each.service)


def ingress_ref(item: Json, snapshot: Snapshot) -> ObjectRef:
    """An Ingress by name."""
    return ObjectRef(INGRESS_API, "Ingress", snapshot.namespace, item["metadata"]["name"])


def route_ref(item: Json, snapshot: Snapshot) -> ObjectRef:
    """A Route by name."""
    return ObjectRef(ROUTE_API, "Route", snapshot.namespace, item["metadata"]["name"])


def _ingress_backends(snapshot: Snapshot) -> Iterator[Backend]:
    for item in snapshot.of("Ingress"):
        ref, spec = ingress_ref(item, snapshot), item.get("spec") or {}
        yield from _ingress_backend(ref, spec.get("defaultBackend"), "/spec/defaultBackend")
        for number, rule in enumerate(spec.get("rules") or ()):
            for index, path in enumerate((rule.get("http") or {}).get("paths") or ()):
                yield from _ingress_backend(
                    ref,
                    path.get("backend"),
                    f"/spec/rules/{number}/http/paths/{index}/backend",
                    host=str(rule.get("host") or ""),
                    path=str(path.get("path") or "/"),
                    path_type=str(path.get("pathType") or ""),
                )


def _ingress_backend(
    ref: ObjectRef, backend: Json | None, pointer: str, *, host: str = "", path: str = "", path_type: str = ""
) -> Iterator[Backend]:
    service = (backend or {}).get("service") or {}
    port = service.get("port") or {}
    if service.get("name"):
        yield Backend(
            owner=ref,
            service=str(service["name"]),
            port=port.get("number") or port.get("name"),
            pointer=f"{pointer}/service/name",
            port_pointer=f"{pointer}/service/port",
            host=host,
            path=path,
            path_type=path_type,
        )


def _route_backends(snapshot: Snapshot) -> Iterator[Backend]:
    for item in snapshot.of("Route"):
        ref, spec = route_ref(item, snapshot), item.get("spec") or {}
        others = [
            (f"/spec/alternateBackends/{index}", each)
            for index, each in enumerate(spec.get("alternateBackends") or ())
        ]
        for pointer, target in (("/spec/to", spec.get("to") or {}), *others):
            if target.get("kind", "Service") == "Service" and target.get("name"):
                yield Backend(
                    owner=ref,
                    service=str(target["name"]),
                    port=(spec.get("port") or {}).get("targetPort"),
                    pointer=f"{pointer}/name",
                    port_pointer="/spec/port/targetPort",
                    host=str(spec.get("host") or ""),
                    path=str(spec.get("path") or ""),
                )
