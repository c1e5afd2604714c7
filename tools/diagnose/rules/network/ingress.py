"""Policies that keep out those who call a Service.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

import re

import msgspec

from tools.apimachinery.selectors import labels_of, matches
from tools.diagnose.facts import network_policies as netpol
from tools.diagnose.facts.backends import backends_of
from tools.diagnose.facts.callers import Call, calls_of
from tools.diagnose.facts.connections import isolating, pod_port
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.network_policies import Peer, Port
from tools.diagnose.facts.owners import current_pods_of, owner_of
from tools.diagnose.facts.remedies import patched
from tools.diagnose.facts.service_pods import pods_matching, selector_of
from tools.diagnose.facts.workloads import Workload, workloads, workloads_matching
from tools.diagnose.rules.network.dns import NETWORK_POLICY_BLOCKS_DNS, dns_blocked
from tools.diagnose.rules.network.remedy import apply_policy
from tools.diagnose.rules.network.target import Target, target_behind
from tools.diagnose.rules.network.words import labels_said, peers_said, ports_said
from tools.diagnose.terms import (
    Cause,
    Evidence,
    Finding,
    Json,
    Known,
    ObjectRef,
    Remedy,
    Rule,
    Severity,
    Snapshot,
    once,
)
from tools.plaintext import one_line

NETWORK_POLICY_BLOCKS_INGRESS = Cause(
    "NetworkPolicyBlocksIngress",
    topic="networking",
    means="NetworkPolicies keep out those who call a Service, or everybody.",
    why=(
        "As soon as one policy selects a pod for Ingress, only what some policy allows reaches it. Policies "
        "look at the port of the pod (targetPort), not at that of the Service, and at the labels of the "
        "caller's pods. A podSelector alone means pods of the policy's own namespace; an ingress controller "
        "is in another one and needs a namespaceSelector. What is not allowed is dropped: callers time out."
    ),
    mend="Allow the pods of the callers on the targetPort, in this policy or in another: policies add up.",
    example=(
        "NetworkPolicy api-in keeps Deployment web from Service api: on port 8080 it lets in "
        "only pods with app=webb"
    ),
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors",
    called=r"\bnetwork ?polic(y|ies)\b",
)

_CONTROLLERS = re.compile(r"ingress|router|traefik|haproxy|contour|envoy|gateway|kong|nginx", re.I)


class KeptOut(msgspec.Struct, frozen=True):
    """Who cannot reach a Service."""

    callers: tuple[Call, ...]
    routes: tuple[ObjectRef, ...]
    everybody: bool


def ingress_blocked(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Services whose pods no policy lets their callers reach, or anybody."""
    inward = isolating("Ingress", snapshot.namespace, snapshot)
    findings = []
    for service in snapshot.of("Service"):
        target = target_behind(service, inward, snapshot)
        if target is None or known.explains_exactly(target.ref):
            continue
        kept = KeptOut(_callers(target, snapshot), _routes(target, snapshot), _is_closed(target, snapshot))
        if kept.callers or kept.routes or kept.everybody:
            findings.append(_finding(target, kept, snapshot))
    return findings


def _callers(target: Target, snapshot: Snapshot) -> tuple[Call, ...]:
    called = [call for call in calls_of(target.name, snapshot) if call.caller.wanted != 0]
    own = {owner_of(pod, snapshot) for pod in target.pods} if called else set()
    found: dict[ObjectRef, Call] = {}
    for call in called:
        if call.caller.ref in own:
            continue
        peer = Peer(snapshot.namespace, call.caller.labels)
        ports = target.ports(call.port) or ([] if target.is_headless else target.ports())
        if target.keeps_out(peer, ports):
            found.setdefault(call.caller.ref, call)
    return tuple(found.values())


def _routes(target: Target, snapshot: Snapshot) -> tuple[ObjectRef, ...]:
    """The Ingresses and Routes that lead here, when no other namespace is let in, as their controllers are."""
    leading = backends_of(target.name, snapshot)
    if not leading or _has_controller(snapshot):
        return ()
    outside = Peer(None, all_labels=False)
    return tuple(
        dict.fromkeys(backend.owner for backend in leading if target.keeps_out(outside, target.ports(backend.port)))
    )


@once
def _has_controller(snapshot: Snapshot) -> bool:
    """Whether a workload of this very namespace may be what serves its Ingresses."""
    return any(
        _CONTROLLERS.search(" ".join((each.ref.name, *each.labels.values())))
        and any(word in str(each.pod_spec).lower() for word in ("ingress", "traefik", "router", "gateway"))
        for each in workloads(snapshot)
    )


def _is_closed(target: Target, snapshot: Snapshot) -> bool:
    """Whether nobody is let in on any port; a headless Service may only name its pods, and not be called."""
    if target.is_headless or not target.ports():
        return False
    rules = [
        (rule, port)
        for pod, policies in target.distinct
        for each in target.ports()
        if (port := pod_port(each, pod)) is not None
        for policy in policies
        for rule in netpol.rules_of(policy, "Ingress")
    ]
    return not any(
        netpol.port_allowed(rule, port) is not False and _may_be_someone(rule, snapshot) for rule, port in rules
    )


def _may_be_someone(rule: Json, snapshot: Snapshot) -> bool:
    peers = netpol.peers_of(rule, "Ingress")
    return not peers or any(
        "podSelector" not in peer
        or "namespaceSelector" in peer
        or _match_anyone(peer["podSelector"] or {}, snapshot)
        for peer in peers
    )


def _match_anyone(selector: Json, snapshot: Snapshot) -> bool:
    found = snapshot.once("matched by policies", dict[str, bool])
    key = str(selector)
    if key not in found:
        wanted = selector.get("matchLabels") or {}
        made = workloads_matching(wanted, snapshot) if wanted else workloads(snapshot)
        found[key] = bool(pods_matching(selector, snapshot)) or any(matches(selector, each.labels) for each in made)
    return found[key]


def _finding(target: Target, kept: KeptOut, snapshot: Snapshot) -> Finding:
    policy, missed = _to_change(target, kept), _missed(target, kept, snapshot)
    how = _how(policy, target, kept, snapshot)
    if missed is not None:
        how = f"{_missed_said(missed, target)}; as for NetworkPolicy {policy['metadata']['name']}, {how}"
        policy = missed
    ref = ObjectRef("networking.k8s.io/v1", "NetworkPolicy", snapshot.namespace, policy["metadata"]["name"])
    refs = [call.caller.ref for call in kept.callers]
    return Finding(
        cause=NETWORK_POLICY_BLOCKS_INGRESS,
        object=ref,
        affected=_affected(target, kept, snapshot),
        detail=f"{said(ref)} keeps {_who(kept)} from {said(target.ref)}: {how}",
        why=(
            "A pod that a policy selects for Ingress is reached only by what some policy allows, on the pod's "
            "own port (the Service's targetPort). Everything else is dropped, so callers wait until they give up."
        ),
        evidence=tuple(_evidence(ref, policy, kept)),
        remedies=(*_select(ref, missed, target), *_remedies(target, kept, snapshot)),
        severity=_severity(target, kept),
        concerns=(target.ref, *refs, *kept.routes),
    )


def _severity(target: Target, kept: KeptOut) -> Severity:
    """Where nobody is known to call, and a policy waits for pods that are to come, it is only likely."""
    expected = any(netpol.rules_of(policy, "Ingress") for _, policies in target.distinct for policy in policies)
    return "error" if kept.callers or kept.routes or not expected else "warning"


def _affected(target: Target, kept: KeptOut, snapshot: Snapshot) -> tuple[str, ...]:
    """The pods kept out; where those are not of this namespace, the pods that are not reached."""
    refs = {call.caller.ref for call in kept.callers}
    if refs and not kept.routes:
        pods = [pod for ref in sorted(refs, key=str) for pod in current_pods_of(ref, snapshot)]
    else:
        pods = list(target.pods)
    return tuple(str(pod["metadata"]["name"]) for pod in pods)


def _to_change(target: Target, kept: KeptOut) -> Json:
    """The policy that lets somebody else in on that port, else one that lets in on another, else the first."""
    pod, policies = target.distinct[0]
    ports = [port for each in _asked_ports(target, kept) if (port := pod_port(each, pod)) is not None]
    return min(policies, key=lambda each: (-_meant(each, ports), str(each["metadata"]["name"])))


def _missed(target: Target, kept: KeptOut, snapshot: Snapshot) -> Json | None:
    """A policy that would let the callers in, was it not for a slip in its podSelector: that matches no pod."""
    ports = [port for each in _asked_ports(target, kept) if (port := pod_port(each, target.pods[0])) is not None]
    peers = [Peer(snapshot.namespace, call.caller.labels) for call in kept.callers]
    return next(
        (
            policy
            for policy in _of_nobody(snapshot)
            if _nearly_selects(policy, target)
            and all(
                netpol.allowed((policy,), "Ingress", peer, port, snapshot.namespace)
                for peer in peers
                for port in ports
            )
        ),
        None,
    )


@once
def _of_nobody(snapshot: Snapshot) -> list[Json]:
    """The policies that let somebody in to pods of certain labels, which none has."""
    selectors = [(policy, policy["spec"].get("podSelector") or {}) for policy in snapshot.of("NetworkPolicy")]
    return [
        policy
        for policy, selector in selectors
        if selector.get("matchLabels")
        and not selector.get("matchExpressions")
        and netpol.rules_of(policy, "Ingress")
        and not _match_anyone(selector, snapshot)
    ]


def _nearly_selects(policy: Json, target: Target) -> bool:
    labels = labels_of(target.pods[0])
    return all(
        key in labels and (labels[key] == value or nearest(value, [labels[key]]))
        for key, value in policy["spec"]["podSelector"]["matchLabels"].items()
    )


def _missed_said(policy: Json, target: Target) -> str:
    wanted, labels = policy["spec"]["podSelector"]["matchLabels"], labels_of(target.pods[0])
    wrong = {key: value for key, value in wanted.items() if labels[key] != value}
    have = {key: labels[key] for key in wrong}
    return f"it selects pods with {labels_said(wrong)}, and there are none: the Service's have {labels_said(have)}"


def _select(ref: ObjectRef, missed: Json | None, target: Target) -> list[Remedy]:
    if missed is None:
        return []
    labels = labels_of(target.pods[0])
    mended = {key: labels[key] for key in missed["spec"]["podSelector"]["matchLabels"]}
    body = {"spec": {"podSelector": {"matchLabels": mended}}}
    return [patched(ref, f"Select the pods of {said(target.ref)}", body, merge=True)]


def _asked_ports(target: Target, kept: KeptOut) -> list[Json]:
    asked = [port for call in kept.callers for port in target.ports(call.port)]
    return asked or target.ports()


def _meant(policy: Json, ports: list[Port]) -> int:
    rules = netpol.rules_of(policy, "Ingress")
    if any(netpol.port_allowed(rule, port) for rule in rules for port in ports):
        return 2
    return 1 if rules else 0


def _who(kept: KeptOut) -> str:
    names = [f"{said(call.caller.ref)}" for call in kept.callers]
    names += [f"the controller of {said(ref)}" for ref in kept.routes]
    if not names:
        return "everybody"
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return (", " if more else " and ").join(names[:2]) + more


def _how(policy: Json, target: Target, kept: KeptOut, snapshot: Snapshot) -> str:
    rules = netpol.rules_of(policy, "Ingress")
    ports = [port for each in _asked_ports(target, kept) if (port := pod_port(each, target.pods[0])) is not None]
    numbers = one_line(", ".join(str(port.number) for port in dict.fromkeys(ports)), 80)
    if not rules:
        return "it lets nobody in, and no other policy does"
    on_port = [rule for rule in rules if any(netpol.port_allowed(rule, port) for port in ports)]
    if not on_port:
        return f"it lets in on {ports_said(rules)}, not on {numbers}, where the Service leads"
    peers = [peer for rule in on_port for peer in netpol.peers_of(rule, "Ingress")]
    nobody = ", and there are none" if kept.everybody and not _any_of(peers, snapshot) else ""
    return f"on port {numbers} it lets in only {peers_said(peers)}{nobody}"


def _any_of(peers: list[Json], snapshot: Snapshot) -> bool:
    return any(_match_anyone(peer.get("podSelector") or {}, snapshot) for peer in peers)


def _evidence(ref: ObjectRef, policy: Json, kept: KeptOut) -> list[Evidence]:
    spec = policy.get("spec") or {}
    ingress = netpol.rules_of(policy, "Ingress")
    evidence = [
        Evidence("spec", said(ref), one_line(f"spec.podSelector: {spec.get('podSelector')}, ingress: {ingress}"))
    ]
    return evidence + [Evidence("spec", said(call.caller.ref), call.said) for call in kept.callers[:3]]


def _remedies(target: Target, kept: KeptOut, snapshot: Snapshot) -> list[Remedy]:
    if not kept.callers and not kept.routes:
        return [_allow(target, "pods of this namespace", "namespace", [{"podSelector": {}}], snapshot)]
    remedies = [
        _allow(
            target, said(call.caller.ref), call.caller.ref.name, [{"podSelector": _labelled(call.caller)}], snapshot
        )
        for call in kept.callers[:3]
    ]
    if kept.routes:
        everywhere = "other namespaces, that of the controller among them"
        remedies.append(_allow(target, everywhere, "ingress", [{"namespaceSelector": {}}], snapshot))
    return remedies


def _labelled(workload: Workload) -> Json:
    return {"matchLabels": dict(workload.selector or workload.labels)}


def _allow(target: Target, whom: str, suffix: str, peers: list[Json], snapshot: Snapshot) -> Remedy:
    ports = [
        {"protocol": port.protocol, "port": port.number}
        for each in target.ports()
        if (port := pod_port(each, target.pods[0])) is not None
    ]
    spec = {
        "podSelector": {"matchLabels": dict(selector_of(target.service))},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": peers, "ports": ports}],
    }
    return apply_policy(f"Let in {whom}", f"allow-{target.name}-from-{suffix}", spec, snapshot)


def network_policies(snapshot: Snapshot, known: Known) -> list[Finding]:
    """What else the policies of the namespace take from pods that need it."""
    if not snapshot.of("NetworkPolicy"):
        return []
    untold = [finding for finding in dns_blocked(snapshot) if finding.severity != "error"]
    return [*untold, *ingress_blocked(snapshot, known)]


RULE = Rule(causes=(NETWORK_POLICY_BLOCKS_DNS, NETWORK_POLICY_BLOCKS_INGRESS), find=network_policies)
