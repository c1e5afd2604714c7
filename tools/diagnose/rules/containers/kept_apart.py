"""A connection that NetworkPolicies do not let through, told by the log of who calls in vain."""

from __future__ import annotations

import json

from tools.diagnose.facts import connections
from tools.diagnose.facts import network_policies as netpol
from tools.diagnose.facts.connections import Called, Refusing
from tools.diagnose.facts.containers import Container
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.network_policies import Peer
from tools.diagnose.facts.roots import Root
from tools.diagnose.facts.service_pods import labels_given, selector_of
from tools.diagnose.logs.context import host_and_port
from tools.diagnose.logs.errors import LogError, subjects
from tools.diagnose.rules.network.ingress import NETWORK_POLICY_BLOCKS_INGRESS
from tools.diagnose.rules.network.remedy import apply_policy
from tools.diagnose.rules.network.words import peers_said, ports_said
from tools.diagnose.terms import Cause, Evidence, Json, ObjectRef, Remedy, Snapshot
from tools.plaintext import one_line

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
        "container app of Deployment worker ends with exit code 1 (an application error); its log says "
        '"dial tcp api:8080: i/o timeout" (NetworkPolicy worker-out lets nothing go from Deployment worker to the '
        "pods of Service api on their port 8080: on that port it allows only pods with app=apii)"
    ),
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors",
    called=r"\bnetwork ?polic(y|ies)\b|\begress\b",
)
_WHY = (
    "As soon as one policy selects a pod in a direction, only what some policy allows goes through there; the "
    "egress of the caller and the ingress of the called must both allow it. Policies look at the pods and at the "
    "pod's own port (the Service's targetPort): an ipBlock with a Service's address allows nothing."
)


def kept_apart(
    container: Container, error: LogError | None, lines: tuple[str, ...], snapshot: Snapshot
) -> Root | None:
    """The policy that decides; None where none is known to keep the two apart."""
    if error is None or error.kind not in ("connection refused", "timeout"):
        return None
    for address in subjects(error.kind, lines):
        host, port = host_and_port(address)
        target = connections.called(host, port, snapshot)
        found = connections.refusing(container.pod, target, snapshot) if target else None
        if target and found:
            return _root(target, found, container, snapshot)
    return None


def _root(target: Called, found: Refusing, container: Container, snapshot: Snapshot) -> Root:
    policy = _to_change(found)
    ref = ObjectRef("networking.k8s.io/v1", "NetworkPolicy", found.namespace, str(policy["metadata"]["name"]))
    rules = netpol.rules_of(policy, found.direction)
    where = "" if target.namespace == container.owner.namespace else f" of namespace {target.namespace}"
    whom = f"the pods of Service {target.name}{where} on their port {found.port.number}"
    if found.direction == "Egress":
        what = f"{said(ref)} lets nothing go from {said(container.owner)} to {whom}"
    else:
        what = f"{said(ref)}{where} does not let {said(container.owner)} in to {whom}"
    return Root(
        ref,
        f"{what}: {_allows(rules, found, target)}",
        _WHY,
        (_allow(target, found, container, snapshot),),
        (Evidence("spec", said(ref), one_line(f"{found.direction.lower()}: {json.dumps(rules)}")),),
        NETWORK_POLICY_BLOCKS_EGRESS if found.direction == "Egress" else NETWORK_POLICY_BLOCKS_INGRESS,
    )


def _to_change(found: Refusing) -> Json:
    """The policy with a rule about that port or those pods, else the one that says most of that direction."""
    return max(
        found.policies, key=lambda each: (_is_meant(each, found), len(netpol.rules_of(each, found.direction)))
    )


def _is_meant(policy: Json, found: Refusing) -> bool:
    rules = netpol.rules_of(policy, found.direction)
    return any(
        (rule.get("ports") and netpol.port_allowed(rule, found.port)) or _names(rule, found) for rule in rules
    )


def _names(rule: Json, found: Refusing) -> bool:
    """Whether the rule says whom it is about, and means who is at the other end."""
    peers = netpol.peers_of(rule, found.direction)
    return bool(peers and netpol.peer_allowed(rule, found.direction, found.peer, found.namespace))


def _allows(rules: list[Json], found: Refusing, target: Called) -> str:
    if not rules:
        return "it allows nothing, and no other policy does"
    if named := [rule for rule in rules if _names(rule, found)]:
        return f"to them it allows {ports_said(named)} only"
    on_port = [rule for rule in rules if netpol.port_allowed(rule, found.port)]
    if not on_port:
        return f"it allows {ports_said(rules)} only"
    peers = [peer for rule in on_port for peer in netpol.peers_of(rule, found.direction)]
    service = Peer(None, all_labels=False, address=str((target.service.get("spec") or {}).get("clusterIP")))
    is_services = any(
        netpol.peer_allowed({"to": [peer]}, "Egress", service, "") for peer in peers if "ipBlock" in peer
    )
    hint = ", where the Service's address is and not its pods'" if is_services else ""
    return f"on that port it allows only {peers_said(peers)}{hint}"


def _allow(target: Called, found: Refusing, container: Container, snapshot: Snapshot) -> Remedy:
    """One more policy, which adds to the others."""
    own, other = labels_given(container.pod), dict(selector_of(target.service))
    side, end = ("egress", "to") if found.direction == "Egress" else ("ingress", "from")
    if found.direction == "Ingress":
        own, other = other, own
    peer: Json = {"podSelector": {"matchLabels": other}}
    if found.peer.namespace != found.namespace:
        peer["namespaceSelector"] = {"matchLabels": {netpol.NAMESPACE_NAME: found.peer.namespace}}
    ports = [{"protocol": found.port.protocol, "port": found.port.number}]
    spec = {
        "podSelector": {"matchLabels": own},
        "policyTypes": [found.direction],
        side: [{end: [peer], "ports": ports}],
    }
    name = f"allow-{container.owner.name}-to-{target.name}"
    title = f"Allow it: a policy of its own in namespace {found.namespace}"
    return apply_policy(title, name, spec, snapshot, found.namespace)
