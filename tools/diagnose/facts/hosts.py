"""Where a host's name leads: a Service of this or another namespace, one pod, a name elsewhere, or nowhere.

Source: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

import msgspec

from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import quoted, said, typed
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.remedies import patched
from tools.diagnose.facts.service_pods import is_headless, is_ready, ports_of, service_ref
from tools.diagnose.reading.snapshot import Question
from tools.diagnose.terms import Json, ObjectRef, Remedy, Snapshot

_OF_A_SET = re.compile(r"(?P<set>[a-z0-9.-]*[a-z0-9])-(?P<ordinal>\d+)")
_DOMAIN = "svc.cluster.local"
_WHY_NAMES = (
    "The cluster's DNS knows a Service of the same namespace by its name, and one of another namespace by "
    "NAME.NAMESPACE or NAME.NAMESPACE.svc.cluster.local."
)
_WHY_PODS = (
    "A pod has a name of its own in DNS only below a headless Service, and below the one that spec.serviceName of "
    "its StatefulSet names: POD.SERVICE.NAMESPACE.svc.cluster.local."
)
_WHY_EXTERNAL = (
    "A Service of type ExternalName is an alias: DNS answers with the name that it gives, and that one must be "
    "known."
)
_MOST_HOPS = 3
_PUBLISH = {"spec": {"publishNotReadyAddresses": True}}


class Host(msgspec.Struct, frozen=True):
    """A name that only the cluster's DNS can know. `pod` is empty where it means the Service."""

    service: str
    namespace: str
    pod: str = ""


class Lead(msgspec.Struct, frozen=True):
    """Why a name leads nowhere. `object` is what is wrong, None where it is the name itself.

    `instead` is the name that was meant, empty where none is evident.
    """

    said: str
    why: str
    object: ObjectRef | None = None
    instead: str = ""
    remedies: tuple[Remedy, ...] = ()


def parsed(host: str, snapshot: Snapshot) -> Host | None:
    """The Service that a name means to this namespace's pods; None where it may be a name of the outside."""
    labels = host.rstrip(".").lower().split(".")
    if not all(labels):
        return None
    if "svc" in labels:
        before = labels[: labels.index("svc")]
        match before:
            case [service, namespace]:
                return Host(service, namespace)
            case [pod, service, namespace]:
                return Host(service, namespace, pod)
            case _:
                return None
    here = snapshot.namespace
    match labels:
        case [service]:
            return Host(service, here)
        case [pod, service] if _OF_A_SET.fullmatch(pod) and _is_here(pod, service, snapshot):
            return Host(service, here, pod)
        case [service, namespace]:
            return Host(service, namespace)
        case [pod, service, namespace] if namespace == here:
            return Host(service, namespace, pod)
        case _:
            return None


def _is_here(pod: str, service: str, snapshot: Snapshot) -> bool:
    """Whether `POD.SERVICE` is meant: the Service is of this namespace, or a StatefulSet that makes such a pod."""
    name = pod.rpartition("-")[0]
    return snapshot.named("Service", service) is not None or snapshot.named("StatefulSet", name) is not None


def dead_end(host: str, snapshot: Snapshot, hops: int = 0) -> Lead | None:
    """Why a name leads nowhere, as far as it can be told; None where it leads somewhere, or nobody knows."""
    name = parsed(host, snapshot)
    if name is None or hops > _MOST_HOPS:
        return None
    is_full = "svc" in host.split(".")
    if name.namespace != snapshot.namespace:
        return _elsewhere(name, snapshot, hops, is_full=is_full)
    service = snapshot.named("Service", name.service)
    if service is None:
        return _absent(name, snapshot) if snapshot.has("Service") else None
    if (service.get("spec") or {}).get("type") == "ExternalName":
        return _external(service, snapshot, hops)
    return _pod(name, service, snapshot) if name.pod else None


def _elsewhere(name: Host, snapshot: Snapshot, hops: int, *, is_full: bool) -> Lead | None:
    namespace = snapshot.ask(Question("namespaces", None, name.namespace))
    here = name.service if snapshot.named("Service", name.service) else ""
    if namespace is None:
        return None
    if namespace.one is None:
        if not (is_full or here):
            return None  # as likely a name of the outside
        if here:
            is_here = (
                f"there is no namespace {name.namespace}; Service {here} is in this namespace, {snapshot.namespace}"
            )
            return Lead(is_here, _WHY_NAMES, instead=here)
        found = _namespaces_of(name.service, snapshot)
        other = f"; there is a Service {name.service} in namespace {found[0]}" if found else ""
        return Lead(
            f"there is no namespace {name.namespace}{other}",
            _WHY_NAMES,
            instead=f"{name.service}.{found[0]}" if len(found) == 1 else "",
        )
    service = snapshot.ask(Question("services", name.namespace, name.service))
    if service is None:
        return None
    if service.one is not None:
        is_external = (service.one.get("spec") or {}).get("type") == "ExternalName"
        return _external(service.one, snapshot, hops) if is_external else None
    return _no_such_service(name, here, snapshot)


def _no_such_service(name: Host, here: str, snapshot: Snapshot) -> Lead:
    missing = f"namespace {name.namespace} has no Service {name.service}"
    if here:
        return Lead(f"{missing}; this namespace, {snapshot.namespace}, has one", _WHY_NAMES, instead=here)
    listed = snapshot.ask(Question("services", name.namespace))
    names = [str(each["metadata"]["name"]) for each in listed.objects] if listed else []
    if near := nearest(name.service, names):
        return Lead(f"{missing}; the nearest there is: {near}", _WHY_NAMES, instead=f"{near}.{name.namespace}")
    found = [each for each in _namespaces_of(name.service, snapshot) if each != name.namespace]
    if found:
        there = f"; there is one in namespace {found[0]}"
        return Lead(
            f"{missing}{there}", _WHY_NAMES, instead=f"{name.service}.{found[0]}" if len(found) == 1 else ""
        )
    return Lead(missing, _WHY_NAMES)


def _absent(name: Host, snapshot: Snapshot) -> Lead | None:
    """No Service of this namespace has the name."""
    if governed := _governed_by(name.service, snapshot):
        return _no_governing(name, governed, snapshot)
    missing = f"no Service of this namespace is called {name.service}"
    if near := nearest(name.service, snapshot.names("Service")):
        pod = f"{name.pod}." if name.pod else ""
        return Lead(f"{missing}; the nearest there is: {near}", _WHY_NAMES, instead=f"{pod}{near}")
    found = _namespaces_of(name.service, snapshot)
    if not found:
        return Lead(missing, _WHY_NAMES) if name.pod else None
    in_which = f"namespace {found[0]}" if len(found) == 1 else f"namespaces {', '.join(found[:3])}"
    return Lead(
        f"{missing}; there is one in {in_which}",
        _WHY_NAMES,
        instead=f"{name.service}.{found[0]}" if len(found) == 1 else "",
    )


def _namespaces_of(service: str, snapshot: Snapshot) -> list[str]:
    """The namespaces that have a Service of that name."""
    answer = snapshot.ask(Question("services", None, service, everywhere=True))
    return sorted(str(each["metadata"].get("namespace")) for each in answer.objects) if answer else []


def _governed_by(service: str, snapshot: Snapshot) -> list[Json]:
    return [each for each in snapshot.of("StatefulSet") if each["spec"].get("serviceName") == service]


def _no_governing(name: Host, governed: list[Json], snapshot: Snapshot) -> Lead:
    """A StatefulSet names its governing Service, and nobody made it."""
    item = governed[0]
    ref = ObjectRef("apps/v1", "StatefulSet", snapshot.namespace, str(item["metadata"]["name"]))
    selector = ((item["spec"].get("selector") or {}).get("matchLabels")) or {}
    ports = [
        {"name": str(port.get("name") or f"port-{port['containerPort']}"), "port": port["containerPort"]}
        for each in item["spec"]["template"]["spec"].get("containers") or ()
        for port in each.get("ports") or ()
    ]
    spec: dict[str, Any] = {"clusterIP": "None", "selector": selector, **({"ports": ports} if ports else {})}
    metadata = {"name": name.service, "namespace": snapshot.namespace}
    manifest = json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    return Lead(
        f"{said(ref)} names it as its spec.serviceName, and there is no Service {name.service}",
        _WHY_PODS,
        ref,
        remedies=(
            Remedy(
                f"Make the headless Service {name.service}",
                f"printf '%s' {quoted(manifest)} | kubectl apply -f -",
                "change",
            ),
        ),
    )


def _external(service: Json, snapshot: Snapshot, hops: int) -> Lead | None:
    ref = service_ref(service, snapshot)
    target = str((service.get("spec") or {}).get("externalName") or "")
    alias = f"{said(ref)} is of type ExternalName and leads to {target}"
    if _is_address(target):
        return Lead(
            f"{alias}, an IP address, which DNS cannot give as a name",
            "DNS takes externalName for a name, also where it looks like an address. A Service without a selector, "
            "with an EndpointSlice of its own, leads to an address.",
            ref,
            remedies=_to_address(ref, target, ports_of(service)),
        )
    further = dead_end(target, snapshot, hops + 1)
    if further is None:
        return (
            None if _resolves(target, snapshot) else Lead(f"{alias}, which DNS does not know", _WHY_EXTERNAL, ref)
        )
    remedies = further.remedies
    if further.instead:
        right = _full(further.instead, ref.namespace or snapshot.namespace)
        remedies = (patched(ref, f"Let it lead to {right}", {"spec": {"externalName": right}}),)
    return Lead(
        f"{alias}: {further.said}",
        _WHY_EXTERNAL,
        further.object or ref,
        remedies=remedies or (edit(ref, "Correct its externalName"),),
    )


def _resolves(target: str, snapshot: Snapshot) -> bool:
    """Whether a Service is known that the name means."""
    name = parsed(target, snapshot)
    if name is None:
        return False
    if name.namespace == snapshot.namespace:
        return snapshot.named("Service", name.service) is not None
    answer = snapshot.ask(Question("services", name.namespace, name.service))
    return answer is None or answer.one is not None


def _full(name: str, namespace: str) -> str:
    """A name as an alias must give it: DNS does not search its target in the pod's namespace."""
    return f"{name}.{_DOMAIN}" if "." in name else f"{name}.{namespace}.{_DOMAIN}"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _to_address(ref: ObjectRef, address: str, ports: list[Json]) -> tuple[Remedy, ...]:
    """A Service without selector and its EndpointSlice; an edit where nobody knows the port."""
    title = "Take a Service without a selector, and an EndpointSlice with the address"
    if not ports:
        return (
            Remedy(
                f"{title}, in place of this one",
                f"kubectl get {typed(ref)} -o yaml",
                "read",
            ),
        )
    given = [{"name": str(each.get("name") or ""), "port": each["port"]} for each in ports]
    metadata = {"name": ref.name, "namespace": ref.namespace}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": given}}
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**metadata, "labels": {"kubernetes.io/service-name": ref.name}},
        "addressType": "IPv6" if ":" in address else "IPv4",
        "endpoints": [{"addresses": [address]}],
        "ports": given,
    }
    manifests = json.dumps({"apiVersion": "v1", "kind": "List", "items": [service, endpoints]})
    return (
        Remedy(
            title,
            f"kubectl delete {typed(ref)} && printf '%s' {quoted(manifests)} | kubectl apply -f -",
            "delete",
        ),
    )


def _pod(name: Host, service: Json, snapshot: Snapshot) -> Lead | None:
    """The name of one pod below a Service of this namespace."""
    match = _OF_A_SET.fullmatch(name.pod)
    item = snapshot.named("StatefulSet", match["set"]) if match else None
    ref = service_ref(service, snapshot)
    if match is None or item is None:
        return None
    workload = ObjectRef("apps/v1", "StatefulSet", snapshot.namespace, match["set"])
    governing = str(item["spec"].get("serviceName") or "")
    if governing != name.service:
        return _other_governing(name, governing, workload, item, snapshot)
    if not is_headless(service):
        return Lead(
            f"{said(ref)} is not headless (its clusterIP is not None), so that no pod has a name below it",
            _WHY_PODS,
            ref,
            remedies=(_made_headless(ref),),
        )
    replicas = item["spec"].get("replicas")
    wanted = 1 if replicas is None else int(replicas)
    if int(match["ordinal"]) >= wanted:
        return Lead(f"{said(workload)} has {wanted} replicas: there is no pod {name.pod}", _WHY_PODS)
    pod = snapshot.named("Pod", name.pod)
    if pod is not None and not is_ready(pod) and not (service.get("spec") or {}).get("publishNotReadyAddresses"):
        return Lead(
            f"pod {name.pod} is not ready, and {said(ref)} gives names to ready pods only: "
            "its publishNotReadyAddresses is not true",
            "Members that find each other before they are ready need a headless Service with "
            "publishNotReadyAddresses: true; otherwise each waits for the other.",
            ref,
            remedies=(patched(ref, "Let it give names to pods that are not ready yet", _PUBLISH),),
        )
    return None


def _other_governing(name: Host, governing: str, workload: ObjectRef, item: Json, snapshot: Snapshot) -> Lead:
    below = snapshot.named("Service", governing) if governing else None
    what = (
        f"below its spec.serviceName, {governing}"
        if governing
        else "only below its spec.serviceName, and it has none"
    )
    state = ""
    if governing and below is None:
        state = ", which does not exist"
    elif below is not None and not is_headless(below):
        state = ", which is not headless"
    usable = below is not None and is_headless(below)
    selector = ",".join(
        f"{key}={value}" for key, value in (((item["spec"].get("selector") or {}).get("matchLabels")) or {}).items()
    )
    old = f"serviceName: {governing}$" if governing else 'serviceName: ""$'
    file = f"{workload.name}.yaml"
    anew = (
        f"kubectl get {typed(workload)} -o yaml | sed {quoted(f's|{old}|serviceName: {name.service}|')} > {file} "
        "&& "
        f"kubectl delete {typed(workload)} --cascade=orphan && kubectl apply -f {file} && "
        f"kubectl delete pods -n {workload.namespace} -l {quoted(selector)}"
    )
    return Lead(
        f"the pods of {said(workload)} have their names {what}{state}: {name.pod}.{name.service} exists only when "
        f"serviceName is {name.service}",
        _WHY_PODS,
        workload,
        instead=f"{name.pod}.{governing}" if usable else "",
        remedies=(
            Remedy(
                f"Name {name.service} as its serviceName, which cannot be changed: delete it without its pods, "
                "create it with that name, then delete its pods, for they keep their names",
                anew,
                "delete",
            ),
        ),
    )


def _made_headless(ref: ObjectRef) -> Remedy:
    """clusterIP cannot be taken away: the Service is made anew."""
    lines = "/^  clusterIPs:/,/^  - /d; s|^  clusterIP: .*|  clusterIP: None|"
    return Remedy(
        "Make it headless, which takes a new Service: clusterIP cannot be changed",
        f"kubectl get {typed(ref)} -o yaml | sed {quoted(lines)} | kubectl replace --force -f -",
        "delete",
    )
