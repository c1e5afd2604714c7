"""A connection that NetworkPolicies do not let through, told by the log of who calls in vain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tools.apimachinery.selectors import labels_of
from tools.cluster.resources import ObjectRef
from tools.diagnose.facts import connections
from tools.diagnose.facts import network_policies as netpol
from tools.diagnose.facts.naming import quoted, said
from tools.diagnose.facts.network_policies import Peer
from tools.diagnose.facts.roots import Root
from tools.diagnose.facts.service_pods import selector_of
from tools.diagnose.findings import Evidence, Remedy
from tools.diagnose.logs.context import host_and_port
from tools.diagnose.logs.errors import subjects
from tools.diagnose.rules.network.egress import NETWORK_POLICY_BLOCKS_EGRESS
from tools.diagnose.rules.network.ingress import NETWORK_POLICY_BLOCKS_INGRESS
from tools.diagnose.rules.network.words import peers_said, ports_said
from tools.plaintext import one_line

if TYPE_CHECKING:
    from tools.diagnose.facts.connections import Called, Refusing
    from tools.diagnose.facts.containers import Container
    from tools.diagnose.logs.errors import LogError
    from tools.diagnose.reading.snapshot import Snapshot
    from tools.json import Json

_GENERATED = (
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io",
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
            return _root(target, found, container)
    return None


def _root(target: Called, found: Refusing, container: Container) -> Root:
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
        (_allow(target, found, container),),
        (Evidence("spec", said(ref), one_line(f"{found.direction.lower()}: {json.dumps(rules)}")),),
        NETWORK_POLICY_BLOCKS_EGRESS if found.direction == "Egress" else NETWORK_POLICY_BLOCKS_INGRESS,
    )


def _to_change(found: Refusing) -> Json:
    """The policy that says most of that direction."""
    return max(found.policies, key=lambda each: len(netpol.rules_of(each, found.direction)))


def _allows(rules: list[Json], found: Refusing, target: Called) -> str:
    if not rules:
        return "it allows nothing, and no other policy does"
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


def _allow(target: Called, found: Refusing, container: Container) -> Remedy:
    """One more policy, which adds to the others."""
    here, there = str(container.owner.namespace), target.namespace
    caller = {key: value for key, value in labels_of(container.pod).items() if not key.startswith(_GENERATED)}
    own, other = (caller, dict(selector_of(target.service)))
    if found.direction == "Ingress":
        own, other = other, own
    peer: Json = {"podSelector": {"matchLabels": other}}
    if here != there:
        namespace = there if found.direction == "Egress" else here
        peer["namespaceSelector"] = {"matchLabels": {netpol.NAMESPACE_NAME: namespace}}
    side = "egress" if found.direction == "Egress" else "ingress"
    name = f"allow-{container.owner.name}-to-{target.name}"[:63].rstrip("-.")
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": found.namespace},
        "spec": {
            "podSelector": {"matchLabels": own},
            "policyTypes": [found.direction],
            side: [
                {
                    "to" if side == "egress" else "from": [peer],
                    "ports": [{"protocol": found.port.protocol, "port": found.port.number}],
                }
            ],
        },
    }
    return Remedy(
        f"Allow it: a policy of its own in namespace {found.namespace}",
        f"printf %s {quoted(json.dumps(manifest))} | kubectl apply -f -",
        "provision",
    )
