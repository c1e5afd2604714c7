"""An application's objects as a cluster, or nobody, says what they follow; what was supposed, and what lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.json import Json
from tools.manifests.application import files, objects
from tools.manifests.judges import Excepted, exceptions
from tools.manifests.served import ASSUMED, Served, taken_for_granted
from tools.manifests.specification import Specification, specified

if TYPE_CHECKING:
    from tools.cluster.client import Cluster


@dataclass(frozen=True, slots=True)
class Generated:
    """The objects of an application, in the order in which they are applied."""

    wanted: Specification
    objects: tuple[Json, ...]
    assumed: tuple[str, ...] = ()
    """What is supposed, a sentence each."""
    lacking: tuple[str, ...] = ()
    """What the namespace lacks for it, a sentence each."""

    @property
    def files(self) -> list[tuple[str, str]]:
        """Names and texts."""
        return files(self.objects)

    @property
    def excepted(self) -> list[Excepted]:
        """What judges demand and it cannot have."""
        return list(exceptions(self.objects))

    @property
    def controller(self) -> Json:
        """What runs the pods."""
        return next(each for each in self.objects if each["kind"].lower() == self.wanted.type)

    @property
    def remarks(self) -> list[str]:
        """What whoever asked should know."""
        return [*(f"assumed: {each}" for each in self.assumed), *(f"lacking: {each}" for each in self.lacking)]


def generated(asked: Mapping[str, Any], cluster: Cluster | None = None) -> Generated:
    """What `specified` takes, generated. Without a cluster, or where it is absent, something is supposed.

    Raises `SpecificationError`; of a cluster that is there and does not answer, its `ClusterError`.
    """
    wanted = specified(**asked)
    served = _served(cluster)
    made = tuple(objects(wanted, served))
    so_far = Generated(wanted, made, tuple(taken_for_granted(wanted, served)))
    if cluster is None or not served.is_known:
        return so_far
    return Generated(wanted, made, so_far.assumed, _lacking(so_far, cluster, served))


def _served(cluster: Cluster | None) -> Served:
    if cluster is None:
        return ASSUMED
    from tools.cluster.errors import Absent
    from tools.manifests.discovered import discovered

    try:
        return discovered(cluster)
    except Absent:
        return ASSUMED


def _lacking(made: Generated, cluster: Cluster, served: Served) -> tuple[str, ...]:
    from tools.cluster.did_you_mean import NotThere
    from tools.cluster.namespaces import refuse_unless_there
    from tools.manifests.discovered import live, rations
    from tools.manifests.fitting import shortfalls

    wanted, controller = made.wanted, made.controller
    try:
        refuse_unless_there(cluster, wanted.namespace)
    except NotThere as error:
        return (str(error),)
    quotas, limit_ranges = rations(cluster, wanted.namespace)
    there = live(cluster, controller["kind"], wanted.app, wanted.namespace)
    lacking = shortfalls(wanted, controller, quotas, limit_ranges, there)
    if wanted.service_monitor and not served.service_monitors:
        lacking.append("the cluster has no Prometheus operator, so no ServiceMonitor is made")
    if wanted.host and not served.exposures and not wanted.exposure:
        lacking.append(f"the cluster has no IngressClass, Gateway or Route: nothing leads {wanted.host} to it yet")
    return tuple(lacking)
