"""Delete a namespace: what would be lost with it is told first."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tools.changes.build import delete_change
from tools.changes.plan import Plan
from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden, NotFound
from tools.cluster.resources import ObjectRef
from tools.frame import Namespace, ToolContext
from tools.json import Json

_TOLD = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Service", "Ingress", "ConfigMap", "Secret")
"""What is told by number and name, when no other object owns it."""
_NAMES_AT_MOST = 5
_MADE_BY_THE_CLUSTER = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ConfigMap", "openshift-service-ca.crt")})
_PARALLEL = 8


def deprovision_namespace(context: ToolContext, *, namespace: Namespace) -> Plan:
    """Delete a namespace with all that is in it. A person approves it, always; what would be lost is told first."""
    cluster = context.cluster
    try:
        live = cluster.read(ObjectRef("v1", "Namespace", None, namespace))
    except NotFound:
        return Plan(f"namespace {namespace} is not there", ())
    if "deletionTimestamp" in live["metadata"]:
        return Plan(f"namespace {namespace} is being deleted since {live['metadata']['deletionTimestamp']}", ())
    lost = "; ".join(_lost(cluster, namespace)) or "nothing is in it"
    change = delete_change(cluster.find("Namespace").plural, live)
    return Plan.of(f"delete namespace {namespace} for good: {lost}", change)


def _lost(cluster: Cluster, namespace: str) -> Iterator[str]:
    kinds = (*_TOLD, "PersistentVolumeClaim", "RoleBinding")
    with ThreadPoolExecutor(_PARALLEL) as pool:
        lists = dict(zip(kinds, pool.map(lambda kind: _listed(cluster, kind, namespace), kinds), strict=True))
    for kind in _TOLD:
        objects = lists[kind]
        if objects is None:
            yield f"{cluster.find(kind).plural} that may not be listed"
        elif names := [name for each in objects if (name := _own_name(kind, each))]:
            yield f"{_counted(len(names), kind)} ({_some(names)})"
    for claim in lists["PersistentVolumeClaim"] or ():
        yield _of_claim(cluster, claim)
    bound = [subject["name"] for each in lists["RoleBinding"] or () for subject in each.get("subjects") or ()]
    if people := list(dict.fromkeys(name for name in bound if not name.startswith("system:"))):
        yield f"access of {_some(people)}"


def _listed(cluster: Cluster, kind: str, namespace: str) -> list[Json] | None:
    """The objects of a kind; None where they may not be listed."""
    try:
        return cluster.list(kind, namespace)
    except Forbidden:
        return None


def _own_name(kind: str, each: Json) -> str:
    """The name of what somebody made; empty for what belongs to another object, or to the cluster."""
    metadata = each["metadata"]
    is_made = not metadata.get("ownerReferences") and (kind, metadata["name"]) not in _MADE_BY_THE_CLUSTER
    return metadata["name"] if is_made else ""


def _of_claim(cluster: Cluster, claim: Json) -> str:
    name, volume = claim["metadata"]["name"], claim["spec"].get("volumeName")
    size = (claim.get("status", {}).get("capacity") or {}).get("storage", "no volume yet")
    if not volume:
        return f"claim {name} ({size})"
    try:
        policy = cluster.read(ObjectRef("v1", "PersistentVolume", None, volume))["spec"].get(
            "persistentVolumeReclaimPolicy", "Delete"
        )
    except (NotFound, Forbidden):
        return f"claim {name} ({size}, volume {volume}, whose reclaim policy may not be read)"
    data = "its data is deleted, too" if policy == "Delete" else f"its volume {volume} is kept ({policy})"
    return f"claim {name} ({size}, {data})"


def _counted(number: int, kind: str) -> str:
    plural = f"{kind}es" if kind.endswith("s") else f"{kind}s"
    return f"{number} {kind if number == 1 else plural}"


def _some(names: list[str]) -> str:
    more = len(names) - _NAMES_AT_MOST
    return ", ".join(names[:_NAMES_AT_MOST]) + (f" and {more} more" if more > 0 else "")
