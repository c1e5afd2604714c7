"""Which NetworkPolicies decide on a connection: egress of the caller, ingress of the called, in both namespaces.

Policies are judged by the pods at both ends and the pod's own port, not by the Service between them.
Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from tools.apimachinery.selectors import labels_of, matches_plain
from tools.diagnose.facts import network_policies as netpol
from tools.diagnose.facts.hosts import parsed
from tools.diagnose.facts.network_policies import Peer, Port
from tools.diagnose.facts.service_pods import (
    container_ports,
    number_named,
    pods_behind,
    ports_of,
    selector_of,
    target_of,
)
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.reading.snapshot import Question

if TYPE_CHECKING:
    from tools.diagnose.facts.network_policies import Direction
    from tools.diagnose.reading.snapshot import Snapshot
    from tools.json import Json


class Called(msgspec.Struct, frozen=True):
    """A Service, and the pods behind it, of this or another namespace."""

    service: Json
    namespace: str
    pods: tuple[Json, ...]
    port: Json | None

    @property
    def name(self) -> str:
        return str(self.service["metadata"]["name"])


class Refusing(msgspec.Struct, frozen=True):
    """The policies that select one end, and let this connection not through."""

    direction: Direction
    namespace: str
    policies: tuple[Json, ...]
    port: Port


def called(host: str, port: int | None, snapshot: Snapshot) -> Called | None:
    """What an address means: a Service by its name or its cluster IP; None where it is none that is known."""
    own = next((each for each in snapshot.of("Service") if host and host == each["spec"].get("clusterIP")), None)
    name = None if own else parsed(host, snapshot)
    if own is None and name is not None and name.namespace == snapshot.namespace:
        own = snapshot.named("Service", name.service)
    if own is not None:
        return Called(own, snapshot.namespace, pods_behind(own, snapshot), _port(own, port))
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
    return Called(answer.one, name.namespace, tuple(pods), _port(answer.one, port))


def refusing(caller: Json, target: Called, snapshot: Snapshot) -> Refusing | None:
    """Who certainly lets the connection not through: egress of the caller first; None where nobody is known to."""
    reached = [(pod, port) for pod in target.pods if (port := _reached(target.port, pod)) is not None]
    if not reached:
        return None
    outward = netpol.selecting(snapshot.of("NetworkPolicy"), labels_of(caller), "Egress")
    if outward and all(
        _is_kept(outward, "Egress", pod, target.namespace, port, snapshot.namespace) for pod, port in reached
    ):
        return Refusing("Egress", snapshot.namespace, outward, reached[0][1])
    if target.namespace == snapshot.namespace:
        policies = snapshot.of("NetworkPolicy")
    else:
        answer = snapshot.ask(Question("networkpolicies", target.namespace))
        policies = answer.objects if answer else ()
    for pod, port in reached:
        inward = netpol.selecting(policies, labels_of(pod), "Ingress")
        if not inward or not _is_kept(inward, "Ingress", caller, snapshot.namespace, port, target.namespace):
            return None
    return Refusing("Ingress", target.namespace, inward, reached[0][1])


def _is_kept(
    policies: tuple[Json, ...], direction: Literal["Ingress", "Egress"], other: Json, of: str, port: Port, own: str
) -> bool:
    address = str(status_of(other).get("podIP") or "") or None
    peer = Peer(of, labels_of(other), address=address)
    return netpol.allowed(policies, direction, peer, port, own) is False


def _port(service: Json, wanted: int | None) -> Json | None:
    """The port of a Service that an address means: the only one, where it says none."""
    ports = ports_of(service)
    if wanted is None:
        return ports[0] if len(ports) == 1 else None
    return next((each for each in ports if each.get("port") == wanted), None)


def _reached(port: Json | None, pod: Json) -> Port | None:
    """The port of the pod, with the names that its containers give it."""
    if port is None or pod["spec"].get("hostNetwork"):
        return None
    wanted = target_of(port)
    number = wanted if isinstance(wanted, int) else number_named(pod["spec"], wanted, port)
    if number is None:
        return None
    protocol = str(port.get("protocol") or "TCP")
    names = frozenset(
        str(each["name"])
        for each in container_ports(pod["spec"])
        if each.get("name") and each.get("containerPort") == number
    )
    return Port(number, protocol, names)
