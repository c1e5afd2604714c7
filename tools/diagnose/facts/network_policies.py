"""NetworkPolicy, evaluated: may this peer reach that pod on that port?

Exactly as networking.k8s.io/v1 says it, with a third answer: None where it depends on what was not read (labels
of other namespaces and of their pods, addresses). Policies are a union: what one of them allows is allowed.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Literal

import msgspec

from tools.apimachinery.selectors import Labels, matches
from tools.json import Json

Allowed = bool | None
Direction = Literal["Ingress", "Egress"]

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label that every namespace has, with its own name."""


class Peer(msgspec.Struct, frozen=True):
    """Who is at the other end, as far as it is known.

    `namespace` None: one of the other namespaces. `all_labels` False: it may have more labels than these.
    `address` None: not known. `bare_namespace`: its namespace has no label but the one that says its name.
    """

    namespace: str | None
    labels: Labels = msgspec.field(default_factory=dict)
    all_labels: bool = True
    address: str | None = None
    bare_namespace: bool = False


class Port(msgspec.Struct, frozen=True):
    """The port of the pod that is reached; `names` are the names it has there, None when they are not known."""

    number: int
    protocol: str = "TCP"
    names: frozenset[str] | None = frozenset()


def policy_types(policy: Json) -> frozenset[str]:
    """The directions a policy isolates in: without policyTypes Ingress, and Egress when it has egress rules."""
    spec = policy.get("spec") or {}
    types = spec.get("policyTypes")
    if types:
        return frozenset(types)
    return frozenset(("Ingress", "Egress") if spec.get("egress") else ("Ingress",))


def selecting(policies: Iterable[Json], labels: Labels, direction: Direction) -> tuple[Json, ...]:
    """The policies that isolate a pod of these labels in that direction."""
    return tuple(
        policy for policy in policies if direction in policy_types(policy) and matches(_selector_of(policy), labels)
    )


class Isolating:
    """`selecting` for many pods: a pod is compared with those policies only that ask for a label which it has."""

    def __init__(self, policies: Iterable[Json], direction: Direction) -> None:
        self._asking: dict[tuple[str, str] | None, list[tuple[int, Json]]] = {}
        for at, policy in enumerate(policies):
            if direction in policy_types(policy):
                labels = (_selector_of(policy).get("matchLabels") or {}).items()
                self._asking.setdefault(next(iter(labels), None), []).append((at, policy))

    def of(self, labels: Labels) -> tuple[Json, ...]:
        """The policies that isolate a pod of these labels."""
        found = [each for label in (None, *labels.items()) for each in self._asking.get(label, ())]
        ordered = sorted(found, key=lambda each: each[0])
        return tuple(policy for _, policy in ordered if matches(_selector_of(policy), labels))


def _selector_of(policy: Json) -> Json:
    return (policy.get("spec") or {}).get("podSelector") or {}


def rules_of(policy: Json, direction: Direction) -> list[Json]:
    """Its rules of one direction."""
    return (policy.get("spec") or {}).get(direction.lower()) or []


def peers_of(rule: Json, direction: Direction) -> list[Json]:
    """Who a rule is about; empty: everybody."""
    return rule.get("from" if direction == "Ingress" else "to") or []


def allowed(policies: Iterable[Json], direction: Direction, peer: Peer, port: Port, own_namespace: str) -> Allowed:
    """Whether the pod that these policies isolate may be reached by, or may reach, the peer on the port.

    `policies` are those of `selecting`; with none of them everything is allowed. `port` is that of the pod
    which is reached.
    """
    isolating = tuple(policies)
    if not isolating:
        return True
    return _any(
        _both(port_allowed(rule, port), peer_allowed(rule, direction, peer, own_namespace))
        for policy in isolating
        for rule in rules_of(policy, direction)
    )


def port_allowed(rule: Json, port: Port) -> Allowed:
    """Whether a rule is about this port; one without ports is about all."""
    ports = rule.get("ports")
    return True if not ports else _any(_port_matches(each, port) for each in ports)


def peer_allowed(rule: Json, direction: Direction, peer: Peer, own_namespace: str) -> Allowed:
    """Whether a rule is about this peer; one without peers is about everybody."""
    peers = peers_of(rule, direction)
    return True if not peers else _any(_peer_matches(each, peer, own_namespace) for each in peers)


def _port_matches(wanted: Json, port: Port) -> Allowed:
    if (wanted.get("protocol") or "TCP") != port.protocol:
        return False
    number = wanted.get("port")
    if number is None:
        return True
    if isinstance(number, str):
        return None if port.names is None else number in port.names
    last = wanted.get("endPort")
    return int(number) <= port.number <= int(number if last is None else last)


def _peer_matches(wanted: Json, peer: Peer, own_namespace: str) -> Allowed:
    if "ipBlock" in wanted:
        return _in_block(wanted["ipBlock"] or {}, peer)
    namespaces = wanted.get("namespaceSelector")
    if namespaces is None:
        in_namespace: Allowed = peer.namespace == own_namespace
    else:
        in_namespace = _namespace_matches(namespaces, peer, own_namespace)
    pods = wanted.get("podSelector")
    if pods is None:
        return in_namespace
    return _both(in_namespace, matches_partly(pods, peer.labels, complete=peer.all_labels))


def _namespace_matches(selector: Json, peer: Peer, own_namespace: str) -> Allowed:
    """Of a namespace only the name is known; of another one not even that, only what it is not."""
    if peer.namespace is not None:
        return matches_partly(selector, {NAMESPACE_NAME: peer.namespace}, complete=peer.bare_namespace)
    if _only_names(selector, own_namespace):
        return False
    return matches_partly(selector, {}, complete=False)


def _only_names(selector: Json, namespace: str) -> bool:
    """Whether the selector can match no other namespace than this one."""
    if (selector.get("matchLabels") or {}).get(NAMESPACE_NAME) == namespace:
        return True
    return any(
        each.get("key") == NAMESPACE_NAME and each.get("operator") == "In" and each.get("values") == [namespace]
        for each in selector.get("matchExpressions") or ()
    )


def matches_partly(selector: Json, known: Mapping[str, str], *, complete: bool) -> Allowed:
    """Whether a selector matches labels of which only some are known; None when that depends on the others."""
    if complete:
        return matches(selector, known)
    single: list[Json] = [
        {"matchLabels": {key: value}} for key, value in (selector.get("matchLabels") or {}).items()
    ]
    keys = list(selector.get("matchLabels") or {})
    for each in selector.get("matchExpressions") or ():
        single.append({"matchExpressions": [each]})
        keys.append(each.get("key"))
    answer: Allowed = True
    for key, requirement in zip(keys, single, strict=True):
        answer = _both(answer, matches(requirement, known) if key in known else None)
    return answer


def _in_block(block: Json, peer: Peer) -> Allowed:
    """Addresses of pods that were not read are unknown; a block of all addresses holds them all the same."""
    cidr, excepted = str(block.get("cidr") or ""), block.get("except") or ()
    if peer.address is None:
        return True if cidr.endswith("/0") and not excepted else None
    try:
        address = ip_address(peer.address)
        inside = address in ip_network(cidr, strict=False)
        return inside and not any(address in ip_network(str(each), strict=False) for each in excepted)
    except ValueError:
        return None


def _any(answers: Iterable[Allowed]) -> Allowed:
    """True if one is, None if one may be."""
    may_be = False
    for answer in answers:
        if answer:
            return True
        may_be = may_be or answer is None
    return None if may_be else False


def _both(one: Allowed, other: Allowed) -> Allowed:
    """False if one is, None if one may be."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True
