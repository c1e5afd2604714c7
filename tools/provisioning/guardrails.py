"""The objects of a namespace with guardrails, as they are to be. Pure.

Sources: https://kubernetes.io/docs/concepts/policy/ , https://kubernetes.io/docs/concepts/services-networking/
network-policies/ , https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tools.apimachinery import quantity
from tools.conventions import CI_ACCOUNT, WHY
from tools.json import Json
from tools.provisioning.specification import OPENINGS, Opening, Specification

MANAGED_BY = "desk-agent"
PROVISIONED = "desk.dev/provisioned"
"""Annotation of the quota: the specification as JSON. Who has `edit` can write neither a quota nor a binding."""
MEMBER = "desk.dev/member"
"""Annotation of a member's service account: whose it is."""
LIMITS = "default-limits"
POD_SECURITY = {
    "pod-security.kubernetes.io/enforce": "baseline",
    "pod-security.kubernetes.io/warn": "restricted",
    "pod-security.kubernetes.io/audit": "restricted",
}

_RBAC = "rbac.authorization.k8s.io"
_COUNTS = {
    "persistentvolumeclaims": "10", "pods": "50", "services": "20", "secrets": "50", "configmaps": "50",
    "services.loadbalancers": "2",
}  # fmt: skip
_DNS_PORTS = (53, 5353)
"""5353: OpenShift's DNS pods listen there, and policies see a packet after the Service was resolved."""
_API_PORTS = (443, 6443)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of the cluster a namespace's network policies name. What is not there is not let through."""

    ingress_controllers: tuple[str, ...] = ()
    """Namespaces."""
    monitoring: tuple[str, ...] = ()
    api_servers: tuple[str, ...] = ()
    """IP addresses: those behind the Service default/kubernetes, and its own."""
    api_ports: tuple[int, ...] = ()
    openshift: bool = False


def surroundings_from(told: Json) -> Surroundings:
    """Those that were written down with a specification."""
    values: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in told.items()}
    return Surroundings(**values)


def objects(
    wanted: Specification, around: Surroundings, others: Sequence[Json] = ()
) -> list[tuple[str, list[Json]]]:
    """All that a namespace is given, in the order in which it is made: the title of each subtask, and its objects.

    Limits before the quota: a pod that says no requests is refused where a quota is and no limits fill them in.
    `others` are LimitRanges that are there and not Desk's.
    """
    name = wanted.namespace
    return [
        (
            f"namespace {name} with its limits",
            [namespace(wanted, around), limits(wanted, others), quota(wanted, around)],
        ),
        (f"traffic of namespace {name}", network(wanted, around)),
        (f"access to namespace {name}", access(wanted)),
    ]


def namespace(wanted: Specification, around: Surroundings) -> Json:
    """The Namespace with its labels: whose, what for, and which pods it takes.

    On OpenShift the last is the security context constraints' to say, and a controller labels by them.
    """
    labels = {"team": wanted.team, "environment": wanted.environment, "managed-by": MANAGED_BY}
    labels |= {} if around.openshift else POD_SECURITY
    if wanted.cost_center:
        labels["cost-center"] = wanted.cost_center
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": wanted.namespace, "labels": labels}}


def limits(wanted: Specification, others: Sequence[Json] = ()) -> Json:
    """The LimitRange, fitted into the quota: min <= defaultRequest <= default <= max <= quota.

    And into the bounds of `others` of the namespace. The API server takes the defaults of whichever LimitRange it
    comes to first: where others give some, these are the same.
    """
    container: Json = {"type": "Container", "default": {}, "defaultRequest": {}, "max": {}, "min": {}}
    for resource, requests, limit, usual in (
        ("cpu", wanted.cpu_requests, wanted.cpu, ("50m", "100m", "200m", "2")),
        ("memory", wanted.memory_requests, wanted.memory, ("64Mi", "128Mi", "256Mi", "4Gi")),
    ):
        least, request, default, most = usual
        container["min"][resource] = least
        container["defaultRequest"][resource] = _lesser(request, requests)
        container["default"][resource] = _lesser(default, limit)
        container["max"][resource] = _lesser(most, limit)
    claim = {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "50Gi"}}
    if wanted.storage:
        claim["max"] = {"storage": _lesser("50Gi", wanted.storage)}
    for other in others:
        for item in other.get("spec", {}).get("limits") or ():
            for ours in (container, claim):
                if item.get("type") == ours["type"]:
                    _fit(ours, item)
    return _object("v1", "LimitRange", wanted, LIMITS, spec={"limits": [container, claim]})


def _fit(ours: Json, theirs: Json) -> None:
    """Bound what is ours as theirs is bounded, and give the defaults that they give, as far as the bounds let."""
    for resource in ours["max"]:
        most = _lesser(ours["max"][resource], _amount(theirs, "max", resource, ours))
        least = _lesser(_greater(ours["min"][resource], _amount(theirs, "min", resource, ours)), most)
        ours["max"][resource], ours["min"][resource] = most, least
        bound = most
        for part in (each for each in ("default", "defaultRequest") if each in ours):
            bound = _greater(_lesser(_amount(theirs, part, resource, ours), bound), least)
            ours[part][resource] = bound


def _amount(theirs: Json, part: str, resource: str, ours: Json) -> str:
    """What they say; where they say nothing, what we do."""
    return str((theirs.get(part) or {}).get(resource) or ours[part][resource])


def _lesser(one: str, other: str) -> str:
    return one if quantity.parse(one) <= quantity.parse(other) else other


def _greater(one: str, other: str) -> str:
    return one if quantity.parse(one) >= quantity.parse(other) else other


def quota(wanted: Specification, around: Surroundings) -> Json:
    """The ResourceQuota; it tells what was provisioned, for the next run and for whoever checks."""
    hard = {
        "requests.cpu": wanted.cpu_requests, "requests.memory": wanted.memory_requests,
        "limits.cpu": wanted.cpu, "limits.memory": wanted.memory, **_COUNTS,
    }  # fmt: skip
    if wanted.storage:
        hard["requests.storage"] = wanted.storage
    name = quota_name(wanted.team)
    return _object("v1", "ResourceQuota", wanted, name, provisioned(wanted, around), spec={"hard": hard})


def provisioned(wanted: Specification, around: Surroundings) -> Json:
    """The annotation that tells what was provisioned: of the quota, else of the binding of the CI's account."""
    told = {**wanted.as_json(), "surroundings": asdict(around)}
    return {PROVISIONED: json.dumps(told, ensure_ascii=False, sort_keys=True)}


def quota_name(team: str) -> str:
    """An object's name of a team's: labels take capitals and underscores, names do not."""
    return re.sub(r"[^a-z0-9.-]", "-", team.lower()).strip("-.") + "-quota"


def network(wanted: Specification, around: Surroundings) -> list[Json]:
    """The default deny, both ways, and a NetworkPolicy for each thing that is let through."""
    deny = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    why = "What no other policy lets through is denied, to and from every pod."
    policies = [_policy(wanted, "default-deny", why, deny)]
    for opening in OPENINGS:
        if opening not in wanted.closed and (opened := _opening(opening, around)) is not None:
            why, spec = opened
            policies.append(_policy(wanted, f"allow-{opening}", why, spec))
    return policies


def left_closed(wanted: Specification, around: Surroundings) -> tuple[Opening, ...]:
    """What was to be let through, and for which the cluster does not tell from or to where."""
    return tuple(each for each in OPENINGS if each not in wanted.closed and _opening(each, around) is None)


def _opening(opening: Opening, around: Surroundings) -> tuple[str, Json] | None:
    match opening:
        case "dns":
            ports = [{"protocol": protocol, "port": port} for port in _DNS_PORTS for protocol in ("UDP", "TCP")]
            return "Names are resolved, by whichever DNS the node uses.", _egress({"ports": ports})
        case "same-namespace":
            peers: list[Json] = [{"podSelector": {}}]
            both = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{"from": peers}]}
            return "Pods of this namespace reach one another.", {**both, "egress": [{"to": peers}]}
        case "ingress-controller":
            return _from(around.ingress_controllers, "Requests from outside come through the ingress controller.")
        case "monitoring":
            return _from(around.monitoring, "The monitoring reads metrics.")
        case "api-server":
            if not around.api_servers:
                return None
            blocks = [{"ipBlock": {"cidr": f"{ip}/{128 if ':' in ip else 32}"}} for ip in around.api_servers]
            numbers = sorted({*_API_PORTS, *around.api_ports})
            ports = [{"protocol": "TCP", "port": number} for number in numbers]
            return "Pods reach the API server.", _egress({"to": blocks, "ports": ports})


def _egress(rule: Json) -> Json:
    return {"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]}


def _from(namespaces: Sequence[str], why: str) -> tuple[str, Json] | None:
    if not namespaces:
        return None
    # The API server itself sets this label: no namespace can bear another one's name.
    name = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(namespaces)}
    peer = {"namespaceSelector": {"matchExpressions": [name]}}
    return why, {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [peer]}]}


def _policy(wanted: Specification, name: str, why: str, spec: Json) -> Json:
    return _object("networking.k8s.io/v1", "NetworkPolicy", wanted, name, {WHY: why}, spec=spec)


def access(wanted: Specification) -> list[Json]:
    """The CI's service account, a RoleBinding a subject, and the service accounts of members' kubeconfigs."""
    account = {"kind": "ServiceAccount", "name": CI_ACCOUNT, "namespace": wanted.namespace}
    # Who has `edit` may mint the account's tokens: it never has more than that.
    bindings = [_binding(wanted, "edit", account)]
    bindings += [_binding(wanted, "edit", _subject("Group", wanted.group))] if wanted.group else []
    bindings += [_binding(wanted, "edit", _subject("User", member)) for member in wanted.members]
    bindings += [_binding(wanted, "view", _subject("User", viewer)) for viewer in wanted.viewers]
    pulls: Json = {"imagePullSecrets": [{"name": wanted.pull_secret}]} if wanted.pull_secret else {}
    ci = _object("v1", "ServiceAccount", wanted, CI_ACCOUNT, automountServiceAccountToken=False, **pulls)
    return [ci, *bindings, *_members_accounts(wanted)]


def _members_accounts(wanted: Specification) -> list[Json]:
    """Each member's account with its binding: in the namespace itself, for who has `edit` in another one could
    mint the tokens of an account there, and so get into this one."""
    made: list[Json] = []
    for member in wanted.members if wanted.kubeconfigs else ():
        name = member_account(member)
        account = {"kind": "ServiceAccount", "name": name, "namespace": wanted.namespace}
        of = {MEMBER: member}
        made += [
            _object("v1", "ServiceAccount", wanted, name, of, automountServiceAccountToken=False),
            _binding(wanted, "edit", account),
        ]
    return made


def member_account(member: str) -> str:
    """The name of a member's service account: readable, and another one for each member."""
    local = re.sub(r"[^a-z0-9]+", "-", member.partition("@")[0].lower()).strip("-")[:30].rstrip("-")
    return "-".join(filter(None, ["member", local, _digest("User", member)]))


def _subject(kind: str, name: str) -> Json:
    return {"apiGroup": _RBAC, "kind": kind, "name": name}


def _binding(wanted: Specification, role: str, subject: Json) -> Json:
    """Named after the whole subject: two people with the same local part have two bindings."""
    name = f"{role}-{subject['kind'].lower()}-{_digest(subject['kind'], subject['name'])}"
    ref = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role}
    return _object(f"{_RBAC}/v1", "RoleBinding", wanted, name, roleRef=ref, subjects=[subject])


def annotated(body: Json, annotations: Json) -> Json:
    """The object with these annotations, too."""
    metadata = body["metadata"]
    return {**body, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), **annotations}}}


def is_managed(live: Json) -> bool:
    """Whether Desk provisioned it."""
    return (live["metadata"].get("labels") or {}).get("managed-by") == MANAGED_BY


def _digest(kind: str, name: str) -> str:
    whole = json.dumps([kind, name], ensure_ascii=False).encode()
    return hashlib.sha256(whole).hexdigest()[:12]


def _object(
    api_version: str, kind: str, wanted: Specification, name: str, annotations: Json | None = None, **rest: Any
) -> Json:
    metadata: Json = {"name": name, "namespace": wanted.namespace, "labels": {"managed-by": MANAGED_BY}}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}
