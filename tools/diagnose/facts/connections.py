"""Which NetworkPolicies decide on a connection: egress of the caller, ingress of the called, in both namespaces.

Policies are judged by the pods at both ends and the pod's own port, not by the Service between them.
Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

import msgspec

from tools.apimachinery.selectors import labels_of, matches_plain
from tools.diagnose.facts import network_policies as netpol
from tools.diagnose.facts.hosts import parsed
from tools.diagnose.facts.network_policies import Direction, Peer, Port
from tools.diagnose.facts.service_pods import (
    container_ports,
    number_named,
    pods_behind,
    ports_of,
    selector_of,
    service_at,
    target_of,
)
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.reading.snapshot import Question
from tools.diagnose.terms import Json, Snapshot


class Called(msgspec.Struct, frozen=True):
    """A Service, and the pods behind it, of this or another namespace."""

    service: Json
    namespace: str
    pods: tuple[Json, ...]
    ports: tuple[Json, ...]

    @property
    def name(self) -> str:
        return str(self.service["metadata"]["name"])


class Refusing(msgspec.Struct, frozen=True):
    """The policies that select one end, and let this connection not through; `peer` is who is at the other end."""

    direction: Direction
    namespace: str
    policies: tuple[Json, ...]
    peer: Peer
    port: Port


def called(host: str, port: int | None, snapshot: Snapshot) -> Called | None:
    """What an address means: a Service by its name or its cluster IP; None where it is none that is known."""
    own = service_at(host, snapshot)
    name = None if own else parsed(host, snapshot)
    if own is None and name is not None and name.namespace == snapshot.namespace:
        own = snapshot.named("Service", name.service)
    if own is not None:
        return Called(own, snapshot.namespace, pods_behind(own, snapshot), _ports(own, port))
    if name is None or name.namespace == snapshot.namespace:
        return None
    answer = snapshot.ask(Question("services", name.namespace, name.service))
    if answer is None or answer.one is None:
        return None
    listed = snapshot.ask(Question("pods", name.namespace))
    selector = selector_of(answer.one)
    pods = (
        [each for each in listed.objects if selector and matches_plain(selector, labels_of(each))] if listed else []
    )
    return Called(answer.one, name.namespace, tuple(pods), _ports(answer.one, port))


def refusing(caller: Json, target: Called, snapshot: Snapshot) -> Refusing | None:
    """Who certainly lets the connection not through: egress of the caller first; None where nobody is known to."""
    ends = [
        (pod, port)
        for pod in target.pods
        if not pod["spec"].get("hostNetwork")
        for each in target.ports
        if (port := pod_port(each, pod)) is not None
    ]
    for side in (_outward, _inward):
        found = [side(caller, pod, port, target, snapshot) for pod, port in ends]
        if found and all(map(_is_certain, found)):
            return found[0]
    return None


def _outward(caller: Json, pod: Json, port: Port, target: Called, snapshot: Snapshot) -> Refusing:
    policies = isolating("Egress", snapshot.namespace, snapshot).of(labels_of(caller))
    return Refusing("Egress", snapshot.namespace, policies, _peer(pod, target.namespace), port)


def _inward(caller: Json, pod: Json, port: Port, target: Called, snapshot: Snapshot) -> Refusing:
    policies = isolating("Ingress", target.namespace, snapshot).of(labels_of(pod))
    return Refusing("Ingress", target.namespace, policies, _peer(caller, snapshot.namespace), port)


def isolating(direction: Direction, namespace: str, snapshot: Snapshot) -> netpol.Isolating:
    """The policies of a namespace that isolate pods in that direction."""
    return snapshot.once(
        f"isolating {direction} in {namespace}",
        lambda: netpol.Isolating(_policies_of(namespace, snapshot), direction),
    )


def pod_port(port: Json, pod: Json) -> Port | None:
    """The port of a pod that a Service's port leads to, and its names there; None where it leads to none."""
    wanted = target_of(port)
    number = number_named(pod["spec"], wanted, port) if isinstance(wanted, str) else wanted
    if number is None:
        return None
    protocol = str(port.get("protocol") or "TCP")
    names = frozenset(
        str(each["name"])
        for each in container_ports(pod["spec"])
        if each.get("containerPort") == number and each.get("name") and (each.get("protocol") or "TCP") == protocol
    )
    return Port(number, protocol, names)


def _is_certain(this: Refusing) -> bool:
    return netpol.allowed(this.policies, this.direction, this.peer, this.port, this.namespace) is False


def _peer(pod: Json, namespace: str) -> Peer:
    return Peer(namespace, labels_of(pod), address=str(status_of(pod).get("podIP") or "") or None)


def _policies_of(namespace: str, snapshot: Snapshot) -> tuple[Json, ...]:
    if namespace == snapshot.namespace:
        return snapshot.of("NetworkPolicy")
    answer = snapshot.ask(Question("networkpolicies", namespace))
    return answer.objects if answer else ()


def _ports(service: Json, wanted: int | None) -> tuple[Json, ...]:
    """The port of a Service that an address means; all of them, where it says none."""
    return tuple(each for each in ports_of(service) if wanted in (None, each.get("port")))
