"""Provision a namespace: read what there is, and plan what is missing, other than wanted, or no longer wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from tools.changes.build import apply_change, delete_change
from tools.changes.plan import Change, Check, Plan, Step
from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden, NotFound
from tools.cluster.resources import ObjectRef
from tools.frame import ArgumentsError, Namespace, ToolContext, ToolFailed
from tools.json import Json
from tools.kubernetes.quantity import amount
from tools.provisioning import guardrails
from tools.provisioning.guardrails import MANAGED_BY, PROVISIONED, Surroundings
from tools.provisioning.specification import (
    Environment,
    Opening,
    Specification,
    SpecificationError,
    joined,
    specified,
)

KINDS = ("ResourceQuota", "LimitRange", "NetworkPolicy", "ServiceAccount", "RoleBinding")
"""What a namespace is given."""
INGRESS_CONTROLLERS = ("ingress-nginx", "openshift-ingress", "traefik", "haproxy-controller", "projectcontour")
MONITORING = ("monitoring", "openshift-monitoring", "openshift-user-workload-monitoring", "prometheus")
_PARALLEL = 8

Quantity = Annotated[str, Field(min_length=1, max_length=20)]
Subject = Annotated[str, Field(min_length=1, max_length=253)]


@dataclass(frozen=True, slots=True)
class Found:
    """What the cluster has of a namespace: the Namespace (None: there is none), its objects by kind and name."""

    namespace: Json | None
    objects: dict[tuple[str, str], Json]

    @property
    def provisioned(self) -> Json | None:
        """What was written down when it was provisioned; None where it was not, or not by Desk."""
        for (kind, _), live in self.objects.items():
            written = (live["metadata"].get("annotations") or {}).get(PROVISIONED)
            if kind == "ResourceQuota" and written and is_managed(live):
                return _parsed(written)
        return None


def provision_namespace(
    context: ToolContext,
    *,
    namespace: Namespace,
    environment: Annotated[
        Environment | None,
        Field(description="What it is for. Default: as it is, else what its name says, else dev."),
    ] = None,
    team: Annotated[str | None, Field(description="Whose; default: the name without its environment.")] = None,
    cpu: Annotated[Quantity | None, Field(description="Limit of all pods together: 8 or 500m.")] = None,
    memory: Annotated[Quantity | None, Field(description="Limit of all pods together: 16Gi.")] = None,
    cpu_requests: Annotated[Quantity | None, Field(description="Default: half of cpu.")] = None,
    memory_requests: Annotated[Quantity | None, Field(description="Default: half of memory.")] = None,
    storage: Annotated[Quantity | None, Field(description="All claims together; default: no bound.")] = None,
    cost_center: Annotated[str | None, Field(description="Label cost-center.")] = None,
    group: Annotated[Subject | None, Field(description="A group that gets edit.")] = None,
    members: Annotated[list[Subject] | None, Field(description="Users that get edit; replaces who has it.")] = None,
    viewers: Annotated[list[Subject] | None, Field(description="Users that get view; replaces who has it.")] = None,
    closed: Annotated[list[Opening] | None, Field(description="Traffic that is not let through.")] = None,
) -> Plan:
    """Make a namespace with its guardrails (quota, limits, network policies, access), or bring it up to them.

    What is not given stays as it was provisioned; for a new namespace the platform's defaults are taken. A second
    run changes nothing. People are named as the cluster's login names them.
    """
    found = read(context.cluster, namespace)
    _refuse_terminating(found)
    given = {
        "environment": environment, "team": team, "cost_center": cost_center, "storage": storage,
        "cpu": cpu, "memory": memory, "cpu_requests": cpu_requests, "memory_requests": memory_requests,
        "group": group, "members": members, "viewers": viewers, "closed": closed,
    }  # fmt: skip
    try:
        wanted = specified(namespace, given, found.provisioned)
    except SpecificationError as error:
        raise ArgumentsError(f"provision_namespace: {error}") from error
    around = surroundings(context.cluster)
    return _plan(context.cluster, wanted, around, found)


def _refuse_terminating(found: Found) -> None:
    metadata = (found.namespace or {"metadata": {}})["metadata"]
    if "deletionTimestamp" in metadata:
        raise ToolFailed(
            f"Namespace {metadata['name']} is being deleted since {metadata['deletionTimestamp']}: nothing can be "
            f"made in it. Ask again when it is gone; `desk debug-pod {metadata['name']}` tells what holds it."
        )


def _plan(cluster: Cluster, wanted: Specification, around: Surroundings, found: Found) -> Plan:
    steps = [_step(cluster, title, bodies, found) for title, bodies in guardrails.objects(wanted, around)]
    check = Check("check_namespace", {"namespace": wanted.namespace})
    return Plan(
        _summary(wanted, around, found),
        (*steps[:-1], replace(steps[-1], holds=(check,))),
        subjects=(ObjectRef("v1", "Namespace", None, wanted.namespace),),
        environments={wanted.namespace: wanted.environment},
        always_asked=found.namespace is not None and not is_managed(found.namespace),
    )


def _step(cluster: Cluster, title: str, bodies: Sequence[Json], found: Found) -> Step:
    """What is to be there, then what Desk made before and is not wanted any more."""
    kinds = {body["kind"] for body in bodies}
    stay = {(body["kind"], body["metadata"]["name"]) for body in bodies}
    gone = [
        delete_change(cluster.find(key[0]).plural, live)
        for key, live in found.objects.items()
        if key[0] in kinds and key not in stay and is_managed(live)
    ]
    return Step(title, (*(_apply(cluster, body, found) for body in bodies), *gone))


def _apply(cluster: Cluster, body: Json, found: Found) -> Change:
    kind, name = body["kind"], body["metadata"]["name"]
    live = found.namespace if kind == "Namespace" else found.objects.get((kind, name))
    return apply_change(cluster.find(kind).plural, body, live)


def _summary(wanted: Specification, around: Surroundings, found: Found) -> str:
    """One sentence, and what somebody should know before it is done."""
    doing = "provision" if found.namespace is None else "keep" if is_managed(found.namespace) else "adopt"
    people = [*filter(None, [wanted.group]), *wanted.members]
    said = (
        f"{doing} namespace {wanted.namespace} ({wanted.environment}, team {wanted.team}) with CPU "
        f"{wanted.cpu_requests}/{wanted.cpu}, memory {wanted.memory_requests}/{wanted.memory}, "
        f"edit for {joined(people)}"
    )
    said += f", view for {joined(wanted.viewers)}" if wanted.viewers else ""
    unknown = guardrails.left_closed(wanted, around)
    closed = [f"{', '.join(unknown)} stay closed, for the cluster does not show where they are"] if unknown else []
    return "; ".join([said, *closed, *_exceeded(wanted, found)])


def _exceeded(wanted: Specification, found: Found) -> Iterator[str]:
    """Where more is used than the new quota has."""
    hard = guardrails.quota(wanted, Surroundings())["spec"]["hard"]
    used: dict[str, str] = {}
    for (kind, _), live in found.objects.items():
        if kind == "ResourceQuota":
            used.update(live.get("status", {}).get("used") or {})
    for resource, bound in hard.items():
        if amount(used.get(resource)) > amount(bound):
            yield (
                f"{resource}: {used[resource]} are used and {bound} would be allowed, so what runs stays, and new "
                "pods (the next rollout's, too) are refused"
            )


def read(cluster: Cluster, namespace: str) -> Found:
    """What there is of a namespace. What may not be read counts as not there: the server tells on applying."""
    try:
        live = cluster.read(ObjectRef("v1", "Namespace", None, namespace))
    except NotFound:
        return Found(None, {})
    with ThreadPoolExecutor(_PARALLEL) as pool:
        lists = list(pool.map(lambda kind: cluster.list(kind, namespace), KINDS))
    objects = {
        (kind, each["metadata"]["name"]): {**each, "kind": kind, "apiVersion": cluster.find(kind).api_version}
        for kind, listed in zip(KINDS, lists, strict=True)
        for each in listed
    }
    return Found(live, objects)


def surroundings(cluster: Cluster) -> Surroundings:
    """What of the cluster the network policies name; what may not be read is left out."""
    known = ", ".join([*INGRESS_CONTROLLERS, *MONITORING])
    with ThreadPoolExecutor(_PARALLEL) as pool:
        namespaces = pool.submit(_listed, cluster, "Namespace", None, f"kubernetes.io/metadata.name in ({known})")
        slices = pool.submit(_listed, cluster, "EndpointSlice", "default", "kubernetes.io/service-name=kubernetes")
        service = pool.submit(_listed, cluster, "Service", "default", "component=apiserver")
    names = [each["metadata"]["name"] for each in namespaces.result()]
    addresses = [
        ip for each in slices.result() for point in each.get("endpoints") or () for ip in point["addresses"]
    ]
    ports = [port["port"] for each in slices.result() for port in each.get("ports") or () if port.get("port")]
    addresses += [ip for each in service.result() for ip in each["spec"].get("clusterIPs") or () if ip != "None"]
    return Surroundings(
        tuple(name for name in INGRESS_CONTROLLERS if name in names),
        tuple(name for name in MONITORING if name in names),
        tuple(sorted(set(addresses))),
        tuple(sorted(set(ports))),
    )


def _listed(cluster: Cluster, kind: str, namespace: str | None, selector: str) -> list[Json]:
    try:
        return cluster.list(kind, namespace, label_selector=selector)
    except Forbidden:
        return []


def is_managed(live: Json) -> bool:
    """Whether Desk provisioned it."""
    return (live["metadata"].get("labels") or {}).get("managed-by") == MANAGED_BY


def _parsed(text: str) -> Json | None:
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
