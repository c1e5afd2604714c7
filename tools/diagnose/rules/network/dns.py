"""Policies that keep pods from the cluster's DNS.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from tools.apimachinery.selectors import labels_of
from tools.diagnose.facts import network_policies as netpol
from tools.diagnose.facts.callers import calls
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.network_policies import Peer, Port
from tools.diagnose.facts.owners import current_pods, owner_of
from tools.diagnose.facts.remedies import set_fields
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.reading.decoding import looks_well
from tools.diagnose.rules.network.remedy import apply_policy
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

NETWORK_POLICY_BLOCKS_DNS = Cause(
    "NetworkPolicyBlocksDNS",
    topic="networking",
    means="NetworkPolicies keep pods from the cluster's DNS, so they can resolve no name.",
    why=(
        "As soon as one policy selects a pod for Egress, the pod may reach only what some policy allows, and "
        "DNS is no exception: it must be allowed to the DNS pods on port 53, over UDP (a port without a "
        "protocol means TCP). On OpenShift those pods are in openshift-dns and listen on 5353. Applications "
        "then report names that cannot be resolved, or that time out, not the policy."
    ),
    mend="Add a policy that allows port 53 over UDP and TCP to the DNS pods; policies add up.",
    example=(
        "NetworkPolicy web-out keeps Deployment web from DNS: it allows port 53 only over TCP, "
        "and names are asked over UDP"
    ),
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-egress-traffic",
    called=r"\bnetwork ?polic(y|ies)\b|\bdns\b",
)

_KUBE_DNS = Peer("kube-system", {"k8s-app": "kube-dns"}, all_labels=False)
_OPENSHIFT_DNS = Peer("openshift-dns", {"dns.operator.openshift.io/daemonset-dns": "default"}, all_labels=False)
_SERVERS = ((_KUBE_DNS, 53), (_OPENSHIFT_DNS, 5353))
"""The DNS pods and where they listen. Source: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
and https://docs.openshift.com/container-platform/latest/networking/dns-operator.html
"""
_UNLABELLED = tuple((replace(server, bare_namespace=True), port) for server, port in _SERVERS)
"""The same, as far as nobody has labelled their namespaces."""
_BY_CLUSTER_DNS = (None, "ClusterFirst", "ClusterFirstWithHostNet")
_UNRESOLVED = re.compile(
    r"name resolution|could(?: not|n't) resolve|can't resolve|cannot resolve|bad address|EAI_AGAIN|UnknownHost"
    r"|Name or service not known|no servers could be reached|Resolving timed out"
    r"|lookup \S+.*(?:i/o timeout|timed out|server misbehaving|:53:)",
    re.I,
)
_UNANSWERED = re.compile(
    r"EAI_AGAIN|temporary failure in name resolution|no servers could be reached|Resolving timed out"
    r"|:53: .*(?:i/o timeout|timed out)",
    re.I,
)
"""No server has answered; a host that does not exist is said in other words."""
_LINE_CHARS = 2000

Barrier = Literal["all", "UDP", "label"]
"""Everything is kept back, or only UDP is, or what DNS is allowed to has a label that namespaces seldom have."""


class Kept(msgspec.Struct, frozen=True):
    """One pod that is kept from DNS, and the policies that isolate it."""

    pod: Json
    policies: tuple[Json, ...]
    barrier: Barrier


def names_unresolved(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Policies that keep pods from DNS whose logs say so: what these pods suffer follows from that."""
    return [finding for finding in dns_blocked(snapshot) if finding.severity == "error"]


@once
def dns_blocked(snapshot: Snapshot) -> list[Finding]:
    """One finding for each policy to change; an error where a log says that a name was not resolved."""
    policies = snapshot.of("NetworkPolicy")
    groups: dict[str, list[Kept]] = {}
    outward = netpol.Isolating(policies, "Egress")
    barriers: dict[tuple[int, ...], Barrier | None] = {}
    unanswered = _unanswered(snapshot) if policies else frozenset()
    for pod in current_pods(snapshot):
        if not _asks_cluster_dns(pod):
            continue
        isolating = outward.of(labels_of(pod))
        key = tuple(map(id, isolating))
        if key not in barriers:
            barriers[key] = _barrier(isolating, snapshot.namespace)
        barrier = barriers[key]
        if barrier is None or (barrier == "label" and owner_of(pod, snapshot) not in unanswered):
            continue
        name = str(_to_change(isolating)["metadata"]["name"])
        groups.setdefault(name, []).append(Kept(pod, isolating, barrier))
    found = [_finding(name, group, snapshot) for name, group in groups.items()]
    return [each for each in found if each.severity != "info"]  # closed on purpose


def unresolved(line: str) -> bool:
    """Whether a line of a log says that a name was not resolved."""
    return _UNRESOLVED.search(line[:_LINE_CHARS]) is not None


def _unanswered(snapshot: Snapshot) -> frozenset[ObjectRef]:
    """Whose pods' logs say that no DNS server has answered."""
    asked = {pod for (pod, _), log in snapshot.logs.items() if _last_line(_UNANSWERED, log) is not None}
    pods = (pod for pod in current_pods(snapshot) if pod["metadata"]["name"] in asked)
    return frozenset(owner_of(pod, snapshot) for pod in pods)


def _last_line(pattern: re.Pattern[str], log: str) -> str | None:
    return next((line for line in reversed(log.splitlines()) if pattern.search(line[:_LINE_CHARS])), None)


def _asks_cluster_dns(pod: Json) -> bool:
    spec = pod.get("spec") or {}
    ended = status_of(pod).get("phase") in ("Succeeded", "Failed")
    return not ended and not spec.get("hostNetwork") and spec.get("dnsPolicy") in _BY_CLUSTER_DNS


def _barrier(isolating: tuple[Json, ...], namespace: str) -> Barrier | None:
    """What keeps the pods that these policies isolate from DNS; None where nothing does, for all that is known."""
    if _is_blocked(isolating, "UDP", namespace, _SERVERS):
        return "all" if _is_blocked(isolating, "TCP", namespace, _SERVERS) else "UDP"
    return "label" if _is_blocked(isolating, "UDP", namespace, _UNLABELLED) else None


def _is_blocked(
    policies: tuple[Json, ...], protocol: str, namespace: str, servers: tuple[tuple[Peer, int], ...]
) -> bool:
    """Only what is certain: no server may be reached, whatever else its labels and its address are."""
    return all(
        netpol.allowed(policies, "Egress", server, Port(number, protocol, None), namespace) is False
        for server, number in servers
    )


def _to_change(policies: tuple[Json, ...]) -> Json:
    """The policy that means to allow DNS and does not, else one that allows nothing, else the first."""
    ranked = sorted(policies, key=lambda each: (-_meant(each), str(each["metadata"]["name"])))
    return ranked[0]


def _meant(policy: Json) -> int:
    rules = netpol.rules_of(policy, "Egress")
    for rule in rules:
        if rule.get("ports") and any(
            netpol.port_allowed(rule, Port(number, protocol, None))
            for _, number in _SERVERS
            for protocol in ("UDP", "TCP")
        ):
            return 2
    return 0 if rules else 1


def _finding(name: str, group: list[Kept], snapshot: Snapshot) -> Finding:
    ref = ObjectRef("networking.k8s.io/v1", "NetworkPolicy", snapshot.namespace, name)
    owners = list(dict.fromkeys(owner_of(kept.pod, snapshot) for kept in group))
    logged = _logged(group, snapshot)
    policy = snapshot.named("NetworkPolicy", name) or {}
    log_said = f'; its log says "{logged[2]}"' if logged else ""
    evidence = [Evidence("spec", said(ref), _egress_said(policy))]
    if logged:
        evidence.append(Evidence("log", f"Pod {logged[0]}", logged[2]))
    others = {str(each["metadata"]["name"]) for kept in group for each in kept.policies} - {name}
    return Finding(
        cause=NETWORK_POLICY_BLOCKS_DNS,
        object=ref,
        affected=tuple(str(kept.pod["metadata"]["name"]) for kept in group),
        detail=f"{said(ref)} keeps {_owners_said(owners)} from DNS: {_how(policy, group[0])}{log_said}",
        why=(
            "A pod that a policy selects for Egress may reach only what some policy allows, and DNS is no "
            "exception. Names are asked on port 53 of the DNS pods, over UDP first; a port without a protocol "
            "means TCP."
        ),
        evidence=tuple(evidence),
        remedies=(_remedy(ref, policy, group[0], snapshot),),
        severity=_severity(group, owners, snapshot, logged=bool(logged)),
        concerns=(
            *owners,
            *(ObjectRef(ref.api_version, ref.kind, ref.namespace, each) for each in sorted(others)),
        ),
    )


def _how(policy: Json, kept: Kept) -> str:
    if kept.barrier == "label" and (wanted := _labels_wanted(policy)):
        return (
            f"most likely it allows port 53 to nobody, for its namespaceSelector asks for the label {wanted}, "
            "which namespaces do not have by themselves"
        )
    if kept.barrier == "UDP":
        return "it allows port 53 only over TCP, and names are asked over UDP"
    rules = netpol.rules_of(policy, "Egress")
    if not rules:
        return "it allows nothing to go out, and no other policy allows port 53"
    if _meant(policy) == 2:
        return "it allows port 53, but not to the DNS pods (k8s-app=kube-dns in namespace kube-system)"
    return "it does not allow port 53 over UDP, and no other policy does"


def _labels_wanted(policy: Json) -> str:
    labels = {
        f"{key}={value}"
        for _, selector in _unlikely_selectors(policy)
        for key, value in (selector.get("matchLabels") or {}).items()
        if key != netpol.NAMESPACE_NAME
    }
    return one_line(", ".join(sorted(labels)), 120)


def _unlikely_selectors(policy: Json) -> Iterator[tuple[str, Json]]:
    """The namespaceSelectors that DNS is allowed to and that no namespace of DNS meets, each with its pointer."""
    for at, rule in enumerate(netpol.rules_of(policy, "Egress")):
        if not any(netpol.port_allowed(rule, Port(number, "UDP", None)) for _, number in _SERVERS):
            continue
        for which, peer in enumerate(netpol.peers_of(rule, "Egress")):
            if selector := peer.get("namespaceSelector"):
                yield f"/spec/egress/{at}/to/{which}/namespaceSelector", selector


def _remedy(ref: ObjectRef, policy: Json, kept: Kept, snapshot: Snapshot) -> Remedy:
    selectors = list(_unlikely_selectors(policy)) if kept.barrier == "label" else []
    if not selectors or snapshot.of("Route"):
        return apply_policy("Allow DNS", f"{ref.name}-allow-dns", _allow_dns(policy, snapshot), snapshot)
    namespace = {"matchLabels": {netpol.NAMESPACE_NAME: _KUBE_DNS.namespace}}
    title = f"Select the namespace by the label that it has by itself: {netpol.NAMESPACE_NAME}"
    return set_fields(title, ref, {selectors[0][0]: namespace})


def _egress_said(policy: Json) -> str:
    spec = policy.get("spec") or {}
    return one_line(f"spec.egress: {netpol.rules_of(policy, 'Egress')}, policyTypes: {spec.get('policyTypes')}")


def _logged(group: list[Kept], snapshot: Snapshot) -> tuple[str, str, str] | None:
    """The pod, the container, and the line of its log that says that a name was not resolved."""
    by_pod = _logs_by_pod(snapshot)
    for pod in sorted(str(kept.pod["metadata"]["name"]) for kept in group):
        for container, log in by_pod.get(pod, ()):
            if (line := _last_line(_UNRESOLVED, log)) is not None:
                return pod, container, one_line(line, 160)
    return None


@once
def _logs_by_pod(snapshot: Snapshot) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for (pod, container), log in sorted(snapshot.logs.items()):
        found.setdefault(pod, []).append((container, log))
    return found


def _severity(group: list[Kept], owners: list[ObjectRef], snapshot: Snapshot, *, logged: bool) -> Severity:
    """Pods that may reach nobody at all, run well and name nobody to call are closed on purpose, it seems."""
    if logged:
        return "error"
    closed = not any(netpol.rules_of(policy, "Egress") for kept in group for policy in kept.policies)
    callers = {call.caller.ref for call in calls(snapshot)}
    quiet = all(looks_well(kept.pod) for kept in group) and not callers.intersection(owners)
    return "info" if closed and quiet else "warning"


def _owners_said(owners: list[ObjectRef]) -> str:
    more = f" and {len(owners) - 1} more" if len(owners) > 1 else ""
    return f"{said(owners[0])}{more}"


def _allow_dns(policy: Json, snapshot: Snapshot) -> Json:
    servers = _SERVERS if snapshot.has("Route") else _SERVERS[:1]
    return {
        "podSelector": (policy.get("spec") or {}).get("podSelector") or {},
        "policyTypes": ["Egress"],
        "egress": [
            {
                "to": [
                    {
                        "namespaceSelector": {"matchLabels": {netpol.NAMESPACE_NAME: server.namespace}},
                        "podSelector": {"matchLabels": dict(server.labels)},
                    }
                ],
                "ports": [{"protocol": protocol, "port": number} for protocol in ("UDP", "TCP")],
            }
            for server, number in servers
        ],
    }


RULE = Rule(causes=(NETWORK_POLICY_BLOCKS_DNS,), find=names_unresolved)
