"""The pods behind a Service that policies isolate, as those who call it meet them.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

import msgspec

from tools.apimachinery.selectors import labels_of
from tools.diagnose.facts import network_policies as netpol
from tools.diagnose.facts.connections import pod_port
from tools.diagnose.facts.network_policies import Peer
from tools.diagnose.facts.service_pods import container_ports, is_headless, pods_behind, ports_of, target_of
from tools.diagnose.terms import Json, ObjectRef, Snapshot


class Target(msgspec.Struct, frozen=True):
    """The pods behind a Service that policies isolate; `distinct` has one of those that are alike to policies."""

    service: Json
    pods: tuple[Json, ...]
    distinct: tuple[tuple[Json, tuple[Json, ...]], ...]
    namespace: str

    @property
    def name(self) -> str:
        return str(self.service["metadata"]["name"])

    @property
    def is_headless(self) -> bool:
        return is_headless(self.service)

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef("v1", "Service", self.namespace, self.name)

    def ports(self, asked: int | str | None = None) -> list[Json]:
        """The Service's ports; with `asked` (a number or name) the one it means, if it has it."""
        every = ports_of(self.service)
        if asked is None:
            return every
        return [port for port in every if asked in (port.get("port"), port.get("name"), target_of(port))]

    def keeps_out(self, peer: Peer, ports: list[Json]) -> bool:
        """Whether the peer certainly reaches none of the pods, on none of these ports."""
        answers = [
            netpol.allowed(policies, "Ingress", peer, port, self.namespace)
            for pod, policies in self.distinct
            for each in ports
            if (port := pod_port(each, pod)) is not None
        ]
        return bool(answers) and all(answer is False for answer in answers)


def target_behind(service: Json, isolating: netpol.Isolating, snapshot: Snapshot) -> Target | None:
    """The pods of a Service; None when one of them is open: then the Service answers, though not always."""
    if (service.get("spec") or {}).get("type") == "ExternalName":
        return None
    pods = [pod for pod in pods_behind(service, snapshot) if not pod["spec"].get("hostNetwork")]
    distinct: dict[object, tuple[Json, tuple[Json, ...]]] = {}
    for pod in pods:
        policies = isolating.of(labels_of(pod))
        if not policies:
            return None
        ports = tuple((each.get("name"), each.get("containerPort")) for each in container_ports(pod["spec"]))
        distinct.setdefault((tuple(map(id, policies)), ports), (pod, policies))
    return Target(service, tuple(pods), tuple(distinct.values()), snapshot.namespace) if pods else None
