"""Provision a namespace: read what there is, and plan what is missing, other than wanted, or no longer wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field

from tools.apimachinery.quantity import amount
from tools.changes.build import apply_change, create_change, delete_change, reference
from tools.changes.plan import Change, Check, Plan, Step
from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden, NotFound
from tools.cluster.resources import ObjectRef
from tools.environments import Environment
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Namespace, ToolContext
from tools.json import Json
from tools.kubernetes.pull_secrets import Registry, Username
from tools.provisioning import guardrails, openshift
from tools.provisioning.adoption import consequences
from tools.provisioning.guardrails import PROVISIONED, Surroundings, is_managed
from tools.provisioning.pulling import NAME as PULL_SECRET
from tools.provisioning.pulling import Source, credentials_from, pull_secret_changes
from tools.provisioning.specification import (
    Opening,
    Specification,
    SpecificationError,
    joined,
    memory_said,
    specified,
)

KINDS = ("ResourceQuota", "LimitRange", "NetworkPolicy", "ServiceAccount", "RoleBinding")
"""What a namespace is given."""
_TELLERS = ("ResourceQuota", "RoleBinding")
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
    def teller(self) -> Json | None:
        """The object in which it is written down what was provisioned; None where Desk wrote it in none."""
        return next((live for kind in _TELLERS for live in self.of(kind) if _told(live) is not None), None)

    @property
    def provisioned(self) -> Json | None:
        """What was written down when it was provisioned; None where it was not, or not by Desk."""
        return _told(self.teller) if self.teller else None

    @property
    def is_desks(self) -> bool:
        """Whether Desk provisioned it: the Namespace says so, or what was written down in it does."""
        return self.namespace is not None and (is_managed(self.namespace) or self.provisioned is not None)

    @property
    def limit_ranges(self) -> list[Json]:
        """Those that are not Desk's: the project template's, or somebody's."""
        return [live for live in self.of("LimitRange") if not is_managed(live)]

    def of(self, kind: str) -> list[Json]:
        """The objects of one kind."""
        return [live for key, live in self.objects.items() if key[0] == kind]

    def live(self, target: ObjectRef) -> Json | None:
        """The object as it is; None where there is none."""
        return self.namespace if target.kind == "Namespace" else self.objects.get((target.kind, target.name))


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
    pull_secret: Source | None = None,
    registry: Registry | None = None,
    username: Username | None = None,
) -> Plan:
    """Make a namespace with its guardrails (quota, limits, network policies, access), or bring it up to them.

    What is not given stays as it was provisioned; for a new namespace the platform's defaults are taken. A second
    run changes nothing. People are named as the cluster's login names them.
    """
    cluster = context.cluster
    around = surroundings(cluster)
    given = {
        "environment": environment, "team": team, "cost_center": cost_center, "storage": storage,
        "cpu": cpu, "memory": memory, "cpu_requests": cpu_requests, "memory_requests": memory_requests,
        "group": group, "members": members, "viewers": viewers, "closed": closed,
        "pull_secret": PULL_SECRET if pull_secret else None,
    }  # fmt: skip
    login = credentials_from(pull_secret, registry, username)
    found = read_to_change(cluster, namespace, around)
    wanted = wanted_of(found, namespace, given, "provision_namespace")
    plan = planned(cluster, wanted, around, found)
    if login is None or plan.continues:
        return plan
    said = f"{plan.summary}; images are pulled with the login in {login.source}"
    pulls = Step(f"pull secret of namespace {namespace}", pull_secret_changes(cluster, found, namespace, login))
    return replace(plan, summary=said, steps=openshift.before_handing_over(plan.steps, [pulls]))


def read_to_change(cluster: Cluster, namespace: str, around: Surroundings) -> Found:
    """What there is of a namespace; raises `ToolFailed` where it is being deleted."""
    found = read(cluster, namespace, openshift=around.openshift)
    _refuse_terminating(found)
    return found


def wanted_of(found: Found, namespace: str, given: Mapping[str, Any], tool: str) -> Specification:
    """What a namespace is to have, checked; raises `ArgumentsError` for values that it cannot have."""
    try:
        return specified(namespace, given, found.provisioned)
    except SpecificationError as error:
        raise ArgumentsError(f"{tool}: {error}") from error


def planned(cluster: Cluster, wanted: Specification, around: Surroundings, found: Found) -> Plan:
    """The plan for one namespace. On OpenShift it first asks for the project, and continues in it."""
    if not around.openshift:
        return _plan(cluster, wanted, around, found)
    return _requested(wanted) if found.namespace is None else _in_project(cluster, wanted, around, found)


def _refuse_terminating(found: Found) -> None:
    metadata = (found.namespace or {"metadata": {}})["metadata"]
    if "deletionTimestamp" in metadata:
        raise ToolFailed(
            f"Namespace {metadata['name']} is being deleted since {metadata['deletionTimestamp']}: nothing can be "
            f"made in it. Ask again when it is gone; `desk debug-pod {metadata['name']}` tells what holds it."
        )


def _plan(
    cluster: Cluster, wanted: Specification, around: Surroundings, found: Found, *, is_new: bool = False
) -> Plan:
    objects = guardrails.objects(wanted, around, found.limit_ranges)
    steps = [_step(cluster, title, bodies, found) for title, bodies in objects]
    said = [_summary(wanted, around, found, is_new=is_new), *_besides(wanted, found)]
    if found.namespace is not None and not is_new:
        namespace, limit_range, quota = objects[0][1]
        before = found.objects.get((quota["kind"], quota["metadata"]["name"])) if found.is_desks else None
        said += consequences(cluster, namespace, quota, limit_range, before)
    return Plan(
        "; ".join(said),
        _checked(steps, wanted),
        subjects=_subjects(wanted),
        environments={wanted.namespace: wanted.environment},
        always_asked=found.namespace is not None and not found.is_desks and not is_new,
    )


def _checked(steps: Sequence[Step], wanted: Specification, without: Sequence[str] = ()) -> tuple[Step, ...]:
    """The last step ends with a look whether all is there."""
    arguments: Json = {"namespace": wanted.namespace, **({"without": list(without)} if without else {})}
    return (*steps[:-1], replace(steps[-1], holds=(Check("check_namespace", arguments),)))


def _subjects(wanted: Specification) -> tuple[ObjectRef, ...]:
    return (ObjectRef("v1", "Namespace", None, wanted.namespace),)


def _requested(wanted: Specification) -> Plan:
    """The project first: what its template makes, and what may be done in it, shows when it is there."""
    doing = f"request project {wanted.namespace} from OpenShift"
    return Plan(
        f"{doing}, then {_asked(wanted, 'provision')}",
        (Step(doing, (openshift.project(wanted),)),),
        subjects=_subjects(wanted),
        environments={wanted.namespace: wanted.environment},
        continues=True,
    )


def _in_project(cluster: Cluster, wanted: Specification, around: Surroundings, found: Found) -> Plan:
    """The guardrails beside what the project's template made, as far as this identity may make them."""
    username = cluster.whoami().username
    own = openshift.is_requested_by(username, found.namespace or {"metadata": {}})
    plan = _plan(cluster, wanted, around, found, is_new=own and not found.is_desks)
    basis, *rest = plan.steps
    reach = openshift.reach(cluster, basis.changes, [found.live(change.target) for change in basis.changes])
    left = openshift.left(wanted, reach.others)
    if "ResourceQuota" in reach.kinds:
        rest = [_telling(step, wanted, around) for step in rest]
    steps = [step for step in (replace(basis, changes=reach.mine), *rest) if step.changes]
    plural = cluster.find("RoleBinding").plural
    given_up = openshift.given_up(found.of("RoleBinding"), username, plural) if own else []
    said = [
        plan.summary,
        *([openshift.handed_over(wanted, username)] if given_up else []),
    ]
    page = openshift.console(cluster, wanted.namespace)
    last = [openshift.handing_over(wanted, username, given_up)] if given_up else []
    return replace(
        plan,
        summary="; ".join([*said, *([f"console: {page}"] if page else [])]),
        steps=(*_checked(steps, wanted, reach.kinds), *last),
        left=left,
    )


def _telling(step: Step, wanted: Specification, around: Surroundings) -> Step:
    """The step in which the binding of the CI's account tells what was provisioned, as no quota does."""
    told = guardrails.provisioned(wanted, around)
    name = guardrails.access(wanted)[1]["metadata"]["name"]
    changes = (
        replace(each, body=guardrails.annotated(each.body, told)) if each.target.name == name else each
        for each in step.changes
    )
    return replace(step, changes=tuple(changes))


def _step(cluster: Cluster, title: str, bodies: Sequence[Json], found: Found) -> Step:
    """What is to be there, then what Desk made before and is not wanted any more."""
    kinds = {body["kind"] for body in bodies}
    stay = {(body["kind"], body["metadata"]["name"]) for body in bodies}
    gone = [
        delete_change(cluster.find(key[0]).plural, live)
        for key, live in found.objects.items()
        if key[0] in kinds and key not in stay and is_managed(live)
    ]
    return Step(title, (*(change for body in bodies for change in _changes(cluster, body, found)), *gone))


def _changes(cluster: Cluster, body: Json, found: Found) -> tuple[Change, ...]:
    """What makes the object so. The role of a binding cannot be changed: another one of its name replaces it."""
    plural, live = cluster.find(body["kind"]).plural, found.live(reference(body))
    if live is not None and live.get("roleRef") != body.get("roleRef"):
        return delete_change(plural, live), create_change(plural, body)
    return (apply_change(plural, body, live),)


def _summary(wanted: Specification, around: Surroundings, found: Found, *, is_new: bool = False) -> str:
    """One sentence, and what somebody should know before it is done."""
    doing = "provision" if is_new or found.namespace is None else "keep" if found.is_desks else "adopt"
    unknown = guardrails.left_closed(wanted, around)
    closed = [f"{', '.join(unknown)} stay closed, for the cluster does not show where they are"] if unknown else []
    return "; ".join([_asked(wanted, doing), *closed])


def _asked(wanted: Specification, doing: str) -> str:
    people = [*filter(None, [wanted.group]), *wanted.members]
    said = (
        f"{doing} namespace {wanted.namespace} ({wanted.environment}, team {wanted.team}) with CPU "
        f"{wanted.cpu_requests}/{wanted.cpu}, memory {memory_said(wanted.memory_requests)}/"
        f"{memory_said(wanted.memory)}, "
        f"edit for {joined(people)}"
    )
    return said + (f", view for {joined(wanted.viewers)}" if wanted.viewers else "")


def _besides(wanted: Specification, found: Found) -> Iterator[str]:
    """Which quotas that are not Desk's are lower: the API server holds all of them, and the lowest counts."""
    hard = guardrails.quota(wanted, Surroundings())["spec"]["hard"]
    for live in found.of("ResourceQuota"):
        theirs = {} if is_managed(live) else live.get("spec", {}).get("hard") or {}
        lower = [
            f"{each} {bound}"
            for each, bound in theirs.items()
            if each in hard and amount(bound) < amount(hard[each])
        ]
        if lower:
            name = live["metadata"]["name"]
            yield f"ResourceQuota {name} is there already and lower, so it counts: {', '.join(lower)}"


def read(cluster: Cluster, namespace: str, *, openshift: bool = False) -> Found:
    """What there is of a namespace. On OpenShift, one that may not be read counts as not there: who may ask for a
    project may not look at all the others."""
    try:
        live = cluster.read(ObjectRef("v1", "Namespace", None, namespace))
    except NotFound:
        return Found(None, {})
    except Forbidden:
        if openshift:
            return Found(None, {})
        raise
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
        is_openshift = pool.submit(openshift.is_served, cluster)
        namespaces = pool.submit(_listed, cluster, "Namespace", None, f"kubernetes.io/metadata.name in ({known})")
        slices = pool.submit(_listed, cluster, "EndpointSlice", "default", "kubernetes.io/service-name=kubernetes")
        service = pool.submit(_listed, cluster, "Service", "default", "component=apiserver")
    listed = [each["metadata"]["name"] for each in namespaces.result()]
    names = {*listed, *(openshift.NAMESPACES if is_openshift.result() else ())}
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
        is_openshift.result(),
    )


def _listed(cluster: Cluster, kind: str, namespace: str | None, selector: str) -> list[Json]:
    try:
        return cluster.list(kind, namespace, label_selector=selector)
    except Forbidden:
        return []


def _told(live: Json) -> Json | None:
    """What an object of Desk's tells of what was provisioned."""
    written = (live["metadata"].get("annotations") or {}).get(PROVISIONED)
    return _parsed(written) if written and is_managed(live) else None


def _parsed(text: str) -> Json | None:
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
