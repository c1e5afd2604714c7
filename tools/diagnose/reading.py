"""Read a snapshot: every kind in one list request, all at once, then the logs of what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tools.cluster import errors
from tools.diagnose.containers import Container, broken, misconfigured
from tools.diagnose.selection import select
from tools.diagnose.snapshot import ContainerKey, Kind, Snapshot

if TYPE_CHECKING:
    from tools.cluster.client import Cluster, Json

Answer = tuple["Json", ...] | errors.ClusterError

_WORDS: dict[Kind, str] = {
    "Pod": "pods",
    "ReplicaSet": "replicasets",
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
    "Job": "jobs",
    "Event": "events",
    "Node": "nodes",
    "LimitRange": "limitranges",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "PodMetrics": "pods.metrics.k8s.io",
}
_CLUSTER_SCOPED = ("Node",)
_PARALLEL_REQUESTS = 8

LOG_LINES = 50
LOG_BYTES = 64_000
LOGS_AT_MOST = 50
_NO_LOG = "unable to retrieve container logs for "
"""What the kubelet answers, with status 200, for a container that was removed meanwhile."""


@dataclass(frozen=True, slots=True)
class WantedLog:
    """A container that failed; `previous`: its log is that of the run before the present one."""

    pod: str
    container: str
    previous: bool


def read_snapshot(
    cluster: Cluster, namespace: str, name: str | None = None, *, now: datetime | None = None
) -> Snapshot:
    """Read a namespace, or the part of it that `name` selects (see `select`).

    The number of requests does not depend on the number of objects: one list per kind, and one log (two
    when it is empty) per failed container of an owner, `LOGS_AT_MOST` at most. Secrets are never read; of a
    ConfigMap, only its keys are kept. What could not be read is listed in `not_checked`.

    Raises `NotFound` when the namespace, or what `name` names, does not exist; and any `ClusterError` that
    keeps the pods from being read.
    """
    with ThreadPoolExecutor(_PARALLEL_REQUESTS) as pool:
        namespace_read = pool.submit(_check_namespace, cluster, namespace)
        reads = {kind: pool.submit(_list, cluster, kind, namespace) for kind in _WORDS}
        namespace_read.result()
        answers = {kind: read.result() for kind, read in reads.items()}
        if isinstance(pods := answers["Pod"], errors.ClusterError):
            raise pods
        everything = _assembled(cluster, namespace, answers, now or datetime.now(UTC))
        selected = _with_configmaps(cluster, select(everything, name))
        return _with_logs(cluster, selected, pool)


def _check_namespace(cluster: Cluster, namespace: str) -> None:
    try:
        cluster.get("namespaces", namespace, None)
    except errors.NotFound as error:
        raise errors.NotFound(
            f'There is no namespace "{namespace}" in this cluster. kubectl get namespaces lists them.'
        ) from error
    except errors.Forbidden:
        return


def _list(cluster: Cluster, kind: Kind, namespace: str) -> Answer:
    try:
        return tuple(cluster.list(_WORDS[kind], None if kind in _CLUSTER_SCOPED else namespace))
    except errors.ClusterError as error:
        return error


def _assembled(cluster: Cluster, namespace: str, answers: Mapping[Kind, Answer], taken_at: datetime) -> Snapshot:
    objects: dict[Kind, tuple[Json, ...]] = {}
    not_checked: list[str] = []
    for kind, answer in answers.items():
        if isinstance(answer, errors.ClusterError):
            not_checked.append(f"{_WORDS[kind]}: {_because(answer)}")
        else:
            objects[kind] = answer
    return Snapshot(cluster.fingerprint, namespace, taken_at, objects, {}, tuple(not_checked))


def _with_configmaps(cluster: Cluster, snapshot: Snapshot) -> Snapshot:
    """ConfigMaps are read only where one may be missing: they can be many and large."""
    if not misconfigured(snapshot):
        return snapshot
    try:
        found = cluster.list("configmaps", snapshot.namespace)
    except errors.ClusterError as error:
        return _missing(snapshot, [f"configmaps: {_because(error)}"])
    keys_only = tuple(_without_values(configmap) for configmap in found)
    return replace(snapshot, objects={**snapshot.objects, "ConfigMap": keys_only})


def _without_values(configmap: Json) -> Json:
    keys = {*(configmap.get("data") or ()), *(configmap.get("binaryData") or ())}
    return {"metadata": {"name": configmap["metadata"]["name"]}, "data": dict.fromkeys(sorted(keys), "")}


def _with_logs(cluster: Cluster, snapshot: Snapshot, pool: ThreadPoolExecutor) -> Snapshot:
    wanted = _wanted_logs(snapshot)
    chosen = wanted[:LOGS_AT_MOST]
    answers = list(pool.map(lambda one: _log(cluster, snapshot.namespace, one), chosen))
    logs: dict[ContainerKey, str] = {}
    not_read: list[str] = []
    for one, answer in zip(chosen, answers, strict=True):
        if isinstance(answer, errors.ClusterError):
            not_read.append(f"log of {one.pod}/{one.container}: {_because(answer)}")
        elif answer is not None:
            logs[one.pod, one.container] = answer
    if len(wanted) > LOGS_AT_MOST:
        not_read.append(f"logs of {len(wanted) - LOGS_AT_MOST} more containers: {LOGS_AT_MOST} at most")
    return _missing(replace(snapshot, logs=logs), not_read)


def _wanted_logs(snapshot: Snapshot) -> list[WantedLog]:
    """One per container of an owner: the pods of one owner fail alike."""
    wanted = []
    for group in (*broken(snapshot, "CrashLoopBackOff"), *broken(snapshot, "OOMKilled")):
        container = group[0]
        wanted.append(WantedLog(container.pod_name, container.name, previous=_wants_previous(container)))
    return wanted


def _wants_previous(container: Container) -> bool:
    """Whether the run that failed is the previous one, or will be in an instant.

    The first restart follows at once; after that the kubelet waits at least ten seconds.
    """
    ends_with_its_pod = container.pod["status"].get("phase") == "Failed"
    return not container.terminated or (container.restarts == 0 and not ends_with_its_pod)


def _log(cluster: Cluster, namespace: str, wanted: WantedLog) -> str | errors.ClusterError | None:
    """The log of the run that failed, else of the other one; None when neither is there any more."""
    found = None
    for previous in (wanted.previous, not wanted.previous):
        try:
            text = cluster.logs(
                namespace,
                wanted.pod,
                container=wanted.container,
                previous=previous,
                tail_lines=LOG_LINES,
                limit_bytes=LOG_BYTES,
            )
        except (errors.NotFound, errors.Invalid):  # there was no such run, or the pod is gone since
            continue
        except errors.ClusterError as error:
            return error
        if text.startswith(_NO_LOG):
            continue
        if text.strip():
            return text
        found = ""
    return found


def _missing(snapshot: Snapshot, what: Iterable[str]) -> Snapshot:
    return replace(snapshot, not_checked=(*snapshot.not_checked, *what))


def _because(error: errors.ClusterError) -> str:
    match error:
        case errors.Forbidden():
            return "forbidden"
        case errors.NotFound():
            return "not served by this cluster"
        case errors.Unreachable():
            return "no answer"
        case _:
            return str(error)
