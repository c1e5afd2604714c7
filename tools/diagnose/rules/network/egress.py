"""Policies that keep a program from the Service that its log says it calls in vain.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.apimachinery.selectors import labels_of
from tools.cluster.resources import ObjectRef
from tools.diagnose.facts import network_policies as netpol
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.network_policies import Peer, Port
from tools.diagnose.facts.service_pods import pods_behind, ports_of, selector_of
from tools.diagnose.findings import Evidence, Finding
from tools.diagnose.rule import Cause
from tools.diagnose.rules.network.remedy import apply_policy
from tools.diagnose.rules.network.service_words import service_ref
from tools.diagnose.rules.network.target import pod_port
from tools.diagnose.rules.network.words import peers_said, ports_said
from tools.plaintext import one_line

if TYPE_CHECKING:
    from tools.diagnose.facts.callers import Call
    from tools.diagnose.findings import Remedy
    from tools.diagnose.reading.snapshot import Snapshot
    from tools.json import Json

NETWORK_POLICY_BLOCKS_EGRESS = Cause(
    "NetworkPolicyBlocksEgress",
    topic="networking",
    means="NetworkPolicies keep a program from the Service that it calls.",
    why=(
        "As soon as one policy selects a pod for Egress, the pod may reach only what some policy allows: the pods "
        "behind a Service by their labels, on their own port (targetPort). The address and the port of the "
        "Service count for nothing. What is not allowed is dropped, so that the program waits until it gives up."
    ),
    mend="Allow the pods behind the Service, on the targetPort, in this policy or in another: policies add up.",
    example=(
        "NetworkPolicy worker-out keeps Deployment worker from Service api: on port 8080 it lets out only to pods "
        'with app=apii; Deployment worker crashes for it, its log says "dial tcp api:8080: i/o timeout"'
    ),
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors",
    called=r"\bnetwork ?polic(y|ies)\b|\begress\b",
)


def egress_blocked(call: Call, service: Json, snapshot: Snapshot) -> Finding | None:
    """The policy that lets a caller out to none of the pods behind a Service; None where one may be reached."""
    isolating = netpol.selecting(snapshot.of("NetworkPolicy"), call.caller.labels, "Egress")
    asked = [each for each in ports_of(service) if call.port in (None, each.get("port"))]
    ends = [
        (Peer(snapshot.namespace, labels_of(pod)), port)
        for pod in pods_behind(service, snapshot)
        for each in asked
        if (port := pod_port(each, pod)) is not None
    ]
    if not isolating or not ends or not _all_kept_in(isolating, ends, snapshot):
        return None
    policy = min(isolating, key=lambda each: (-_meant(each, ends, snapshot), str(each["metadata"]["name"])))
    ref = ObjectRef("networking.k8s.io/v1", "NetworkPolicy", snapshot.namespace, policy["metadata"]["name"])
    called = service_ref(service, snapshot)
    rules = netpol.rules_of(policy, "Egress")
    return Finding(
        cause=NETWORK_POLICY_BLOCKS_EGRESS,
        object=ref,
        container=None,
        affected=(),
        summary=f"{said(ref)} keeps {said(call.caller.ref)} from {said(called)}: {_how(rules, ends, snapshot)}",
        why=NETWORK_POLICY_BLOCKS_EGRESS.why,
        evidence=(Evidence("spec", said(ref), one_line(f"spec.egress: {rules}")),),
        remedies=(_allow(call, service, ends, snapshot),),
        concerns=(call.caller.ref,),
    )


def _all_kept_in(isolating: tuple[Json, ...], ends: list[tuple[Peer, Port]], snapshot: Snapshot) -> bool:
    return all(netpol.allowed(isolating, "Egress", peer, port, snapshot.namespace) is False for peer, port in ends)


def _on_port(rule: Json, ends: list[tuple[Peer, Port]]) -> bool:
    return bool(rule.get("ports")) and any(netpol.port_allowed(rule, port) for _, port in ends)


def _to_them(rule: Json, ends: list[tuple[Peer, Port]], snapshot: Snapshot) -> bool:
    peers = netpol.peers_of(rule, "Egress")
    return bool(peers) and any(netpol.peer_allowed(rule, "Egress", peer, snapshot.namespace) for peer, _ in ends)


def _meant(policy: Json, ends: list[tuple[Peer, Port]], snapshot: Snapshot) -> bool:
    """Whether one of its rules is about these pods, or about their port."""
    rules = netpol.rules_of(policy, "Egress")
    return any(_on_port(rule, ends) or _to_them(rule, ends, snapshot) for rule in rules)


def _how(rules: list[Json], ends: list[tuple[Peer, Port]], snapshot: Snapshot) -> str:
    numbers = one_line(", ".join(dict.fromkeys(str(port.number) for _, port in ends)), 80)
    if to_them := [rule for rule in rules if _to_them(rule, ends, snapshot)]:
        return f"to its pods it lets out on {ports_said(to_them)}, not on {numbers}, where the Service leads"
    if on_port := [rule for rule in rules if _on_port(rule, ends)]:
        peers = [peer for rule in on_port for peer in netpol.peers_of(rule, "Egress")]
        return f"on port {numbers} it lets out only to {peers_said(peers)}"
    return f"it lets nothing out to the Service's pods on port {numbers}, and no other policy does"


def _allow(call: Call, service: Json, ends: list[tuple[Peer, Port]], snapshot: Snapshot) -> Remedy:
    ports = list(dict.fromkeys((port.protocol, port.number) for _, port in ends))
    to = [{"podSelector": {"matchLabels": dict(selector_of(service))}}]
    spec = {
        "podSelector": {"matchLabels": dict(call.caller.selector or call.caller.labels)},
        "policyTypes": ["Egress"],
        "egress": [{"to": to, "ports": [{"protocol": each, "port": number} for each, number in ports]}],
    }
    name = str(service["metadata"]["name"])
    return apply_policy(f"Let it out to Service {name}", f"allow-{call.caller.ref.name}-to-{name}", spec, snapshot)
