"""What is known of a cluster and a team, each fact with where it was read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from tools.apimachinery.quantity import parse, size
from tools.diagnose.report import moment

T = TypeVar("T")

State = Literal["known", "absent", "unreadable"]
"""absent: the cluster was asked, and has none. unreadable: it was asked, and did not tell us."""


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """One fact. `said` is it in a line for people, whatever its state; `source` an object or a URL's path.

    `moves`: it changes by itself in everyday work (what is left of a quota), so that a page is not stale for it.
    """

    name: str
    title: str
    state: State
    value: T | None
    said: str
    source: str
    moves: bool = False
    parts: Mapping[str, str] = field(default_factory=dict)
    """Of a fact of several things: the name of each, and what is said of it."""

    def __str__(self) -> str:
        return self.said

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.state == "known"

    @property
    def absent(self) -> bool:
        """Whether there is none, for sure."""
        return self.state == "absent"


class Bound(NamedTuple):
    """One resource of a quota; `left` as a quantity."""

    resource: str
    hard: str
    used: str
    left: str
    quota: str


class Limit(NamedTuple):
    """What a LimitRange says of one resource of a type; empty where it says nothing."""

    type: str
    resource: str
    default_request: str
    default: str
    least: str
    most: str


class StorageClass(NamedTuple):
    """How volumes of a class are made."""

    name: str
    provisioner: str
    is_default: bool
    expands: bool
    waits_for_pod: bool
    reclaim: str


class Class(NamedTuple):
    """An IngressClass, a GatewayClass or a VolumeSnapshotClass; `by` is its controller or driver."""

    name: str
    by: str
    is_default: bool


class Policy(NamedTuple):
    """A NetworkPolicy; `why` is empty where nobody wrote it down."""

    name: str
    why: str


class Named(NamedTuple):
    """An object of some namespace."""

    namespace: str
    name: str


class TeamNamespace(NamedTuple):
    """One of the team's namespaces; `environment` is empty where no label says it."""

    name: str
    environment: str


class Nodes(NamedTuple):
    """How many nodes there are, and what the largest can give to pods, as quantities."""

    number: int
    largest_cpu: str
    largest_memory: str


@dataclass(frozen=True, slots=True)
class Apis:
    """Which parts the cluster has, by the API groups that it serves. The value is the group's version."""

    metrics: Fact[str]
    vertical_autoscaler: Fact[str]
    karpenter: Fact[str]
    argocd: Fact[str]
    tekton: Fact[str]
    openshift_builds: Fact[str]
    openshift_security: Fact[str]
    routes: Fact[str]
    gateways: Fact[str]
    prometheus_operator: Fact[str]
    cert_manager: Fact[str]
    external_secrets: Fact[str]
    sealed_secrets: Fact[str]
    image_scanner: Fact[str]
    snapshots: Fact[str]
    backups: Fact[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts, as one user read them at one time."""

    as_of: datetime
    user: str
    cluster: str
    namespace: str

    api_server: Fact[str]
    version: Fact[str]
    team: Fact[str]
    environment: Fact[str]
    team_namespaces: Fact[list[TeamNamespace]]
    may_deploy: Fact[bool]
    members: Fact[list[str]]
    pod_security: Fact[dict[str, str]]
    quota: Fact[list[Bound]]
    quota_left: Fact[list[Bound]]
    limits: Fact[list[Limit]]
    policies: Fact[list[Policy]]
    ci_account: Fact[str]
    pull_secrets: Fact[list[str]]
    registry: Fact[list[str]]
    registries_in_use: Fact[list[str]]
    storage_classes: Fact[list[StorageClass]]
    snapshot_classes: Fact[list[Class]]
    ingress_classes: Fact[list[Class]]
    gateway_classes: Fact[list[Class]]
    apps_domain: Fact[str]
    nodes: Fact[Nodes]
    cluster_autoscaler: Fact[str]
    argocd_project: Fact[Named]
    argocd_url: Fact[str]
    argocd_applications: Fact[list[Named]]
    prometheus: Fact[list[str]]
    grafana: Fact[list[str]]
    console: Fact[str]
    apis: Apis

    def __iter__(self) -> Iterator[Fact[Any]]:
        for holder in (self, self.apis):
            for each in fields(holder):
                value = getattr(holder, each.name)
                if isinstance(value, Fact):
                    yield value

    @property
    def at(self) -> str:
        """When they were read, RFC 3339 in UTC."""
        return moment(self.as_of)

    @property
    def defaults_are_given(self) -> bool:
        """Whether a container that asks for nothing is given requests and limits by a LimitRange."""
        given = {limit.resource for limit in self.limits.value or () if limit.type == "Container" and limit.default}
        return given >= {"cpu", "memory"}

    @property
    def is_open_inside(self) -> bool:
        """Whether the pods of the namespace reach one another, as far as its policies tell."""
        return self.policies.absent or any(
            each.name == "allow-same-namespace" for each in self.policies.value or ()
        )

    @property
    def claim_size(self) -> str:
        """A volume of 1Gi, or of the least that a claim may ask for here."""
        return max(["1Gi", *(limit.least for limit in self._claim_limits if limit.least)], key=parse)

    @property
    def larger_claim(self) -> str:
        """A claim twice as large; empty where that is more than a claim may ask for."""
        larger = 2 * parse(self.claim_size)
        fits = all(larger <= parse(limit.most) for limit in self._claim_limits if limit.most)
        return size(int(larger)) if fits else ""

    @property
    def _claim_limits(self) -> list[Limit]:
        return [limit for limit in self.limits.value or () if limit.type == "PersistentVolumeClaim"]

    @property
    def storage_class(self) -> StorageClass | None:
        """The class that a claim gets which names none; else the first by name."""
        classes = self.storage_classes.value or []
        return next((each for each in classes if each.is_default), classes[0] if classes else None)

    @property
    def ingress_class(self) -> Class | None:
        """The default IngressClass; else the first by name."""
        classes = self.ingress_classes.value or []
        return next((each for each in classes if each.is_default), classes[0] if classes else None)
