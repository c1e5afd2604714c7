"""A workload and its pods at one moment, and how far its rollout is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from tools.frame import ToolContext
from tools.json import Json
from tools.kubernetes.rollouts.revisions import number_of, owned

Restarts = Mapping[tuple[str, str], int]
"""(pod, container) -> restart count."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rollout is; `why` says what it waits for, or what broke."""

    state: Literal["complete", "progressing", "failed"]
    why: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A workload and its pods at one moment; `newest` is the label value that marks those of its template."""

    workload: Json
    pods: tuple[Json, ...]
    newest: str

    def of_newest(self) -> list[Json]:
        """The pods of the newest template that live."""
        return [pod for pod in alive(self.pods) if is_newest(pod, self.newest)]

    def settled(self) -> dict[tuple[str, str], int]:
        """The restarts of the containers that are well now: what is past is no reason to call it broken."""
        return {
            (pod["metadata"]["name"], state["name"]): state.get("restartCount", 0)
            for pod in self.pods
            for state in states(pod)
            if state.get("ready")
        }


def see(context: ToolContext, kind: str, name: str, namespace: str) -> Seen:
    """Read a workload and the pods that are its own."""
    live = context.cluster.get(kind, name, namespace)
    if kind == "Deployment":
        replica_sets = owned(context, "replicasets", live, {live["metadata"]["uid"]})
        newest = _label(replica_sets, number_of, "pod-template-hash")
        owners = {item["metadata"]["uid"] for item in replica_sets}
    else:
        newest = str((live.get("status") or {}).get("updateRevision", ""))
        owners = {live["metadata"]["uid"]}
    if kind == "DaemonSet":
        revisions = owned(context, "controllerrevisions", live, owners)
        newest = _label(revisions, lambda item: int(item.get("revision", 0)), "controller-revision-hash")
    return Seen(live, tuple(owned(context, "pods", live, owners)), newest)


def _label(items: list[Json], revision: Callable[[Json], int], label: str) -> str:
    """A label of the newest of these objects; empty when there is none."""
    newest = max(items, key=revision, default=None)
    return str((newest["metadata"].get("labels") or {}).get(label, "")) if newest else ""


def judge(live: Json, pods: Sequence[Json], newest_hash: str, settled: Restarts = MappingProxyType({})) -> Progress:
    """How far the rollout of `live` is, by its status and its newest pods. Pure.

    Restarts up to those in `settled` are past; each further one fails the rollout. Source: `kubectl rollout
    status`, and https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
    """
    status = live.get("status") or {}
    if status.get("observedGeneration", 0) < live["metadata"].get("generation", 0):
        return Progress("progressing", "the controller has not seen the change yet")
    living = alive(pods)
    broken = next((why for pod in living if is_newest(pod, newest_hash) and (why := _broken(pod, settled))), "")
    if broken or _deadline_exceeded(status):
        return Progress("failed", broken or "the progress deadline is exceeded")
    wanted, updated, available = counts(live, status)
    if updated < wanted - _kept_back(live) or available < wanted or len(living) > wanted:
        return Progress("progressing", f"{updated} of {wanted} updated, {available} available")
    return Progress("complete", f"{available} of {wanted} available")


def _kept_back(live: Json) -> int:
    """How many pods of a StatefulSet keep the old template, for they are below its partition.

    Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#partitions
    """
    rolling = (live["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    return int(rolling.get("partition") or 0)


def counts(live: Json, status: Json) -> tuple[int, int, int]:
    """How many pods are wanted, how many are of the newest template, and how many are available."""
    if live["kind"] == "DaemonSet":
        names = ("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable")
        wanted, updated, available = (int(status.get(name, 0)) for name in names)
        return wanted, updated, available
    wanted = int(live["spec"].get("replicas", 1))
    return wanted, int(status.get("updatedReplicas", 0)), int(status.get("availableReplicas", 0))


def is_newest(pod: Json, newest_hash: str) -> bool:
    """Whether a pod is of the newest template."""
    labels = pod["metadata"].get("labels") or {}
    return newest_hash in (labels.get("pod-template-hash"), labels.get("controller-revision-hash"))


def alive(pods: Sequence[Json]) -> list[Json]:
    """Without those that are going, or are over (evicted): no controller counts them."""
    over = ("Failed", "Succeeded")
    return [
        pod
        for pod in pods
        if not pod["metadata"].get("deletionTimestamp") and (pod.get("status") or {}).get("phase") not in over
    ]


def states(pod: Json) -> list[Json]:
    """The statuses of a pod's containers, init containers first."""
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def containers(pod: Json) -> list[Json]:
    """A pod's containers, init containers first."""
    return [*(pod["spec"].get("initContainers") or ()), *(pod["spec"].get("containers") or ())]


_WAITING_FOR_GOOD = ("CrashLoopBackOff", "InvalidImageName", "ErrImageNeverPull")


def _broken(pod: Json, settled: Restarts) -> str:
    name = pod["metadata"]["name"]
    for state in states(pod):
        where = f"container {state['name']} of pod {name}"
        waiting = (state.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _WAITING_FOR_GOOD:
            return f"{where} is in {waiting['reason']}"
        ended = (state.get("state") or {}).get("terminated") or {}
        if state.get("restartCount", 0) > settled.get((name, state["name"]), 0):
            ended = ended or (state.get("lastState") or {}).get("terminated") or {"exitCode": "unknown"}
            return f"{where} ended: {ended.get('reason', 'Error')}, exit code {ended['exitCode']}"
        if ended and ended.get("exitCode") != 0:
            return f"{where} ended: {ended.get('reason', 'Error')}, exit code {ended['exitCode']}"
    return ""


def _deadline_exceeded(status: Json) -> bool:
    return any(
        condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded"
        for condition in status.get("conditions") or ()
    )
