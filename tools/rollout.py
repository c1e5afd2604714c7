"""Wait until a workload's rollout is complete and its pods stay up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from tools.cluster.client import Json
from tools.cluster.errors import PASSING
from tools.frame import Name, Namespace, Result, ToolContext
from tools.templates import Workload

POLL_S = 1.0


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

    def settled(self) -> dict[tuple[str, str], int]:
        """The restarts of the containers that are well now: what is past is no reason to call it broken."""
        return {
            (pod["metadata"]["name"], state["name"]): state.get("restartCount", 0)
            for pod in self.pods
            for state in _states(pod)
            if state.get("ready")
        }


def wait_for_rollout(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    kind: Workload = "Deployment",
    timeout_s: Annotated[int, Field(ge=1, le=1800, description="How long to wait at most, in seconds.")] = 120,
    stable_s: Annotated[
        int, Field(ge=0, le=600, description="How long it must stay healthy without a restart, in seconds.")
    ] = 10,
) -> Result:
    """Wait until every pod is of the newest template, available, and stays so without a restart.

    A crash of a new pod ends the wait at once: the rollout failed, and diagnose tells why.
    """
    deadline = context.monotonic() + timeout_s
    settled: Restarts | None = None
    steady_since: float | None = None
    while True:
        try:
            seen = see(context, kind, name, namespace)
        except PASSING as error:
            progress = Progress("progressing", f"the cluster does not answer: {error}")
        else:
            settled = seen.settled() if settled is None else settled
            progress = judge(seen.workload, seen.pods, seen.newest, settled)
        now = context.monotonic()
        steady_since = (now if steady_since is None else steady_since) if progress.state == "complete" else None
        if steady_since is not None and now - steady_since >= stable_s:
            return Result(f"{kind} {name} in {namespace} is rolled out and healthy: {progress.why}.")
        if progress.state == "failed" or now >= deadline:
            return _bad_news(kind, name, namespace, progress, timeout_s)
        context.progress(f"{kind} {name}: {progress.why}")
        context.sleep(POLL_S)


def see(context: ToolContext, kind: str, name: str, namespace: str) -> Seen:
    """Read a workload and the pods that are its own."""
    live = context.cluster.get(kind, name, namespace)
    if kind == "Deployment":
        replica_sets = _owned(context, "replicasets", namespace, {live["metadata"]["uid"]})
        newest = _label(replica_sets, _revision, "pod-template-hash")
        owners = {item["metadata"]["uid"] for item in replica_sets}
    else:
        newest = str((live.get("status") or {}).get("updateRevision", ""))
        owners = {live["metadata"]["uid"]}
    if kind == "DaemonSet":
        revisions = _owned(context, "controllerrevisions", namespace, owners)
        newest = _label(revisions, lambda item: int(item.get("revision", 0)), "controller-revision-hash")
    return Seen(live, tuple(_owned(context, "pods", namespace, owners)), newest)


def _owned(context: ToolContext, word: str, namespace: str, owners: set[str]) -> list[Json]:
    """The objects of a kind whose owner is one of these uids."""
    return [
        item
        for item in context.cluster.list(word, namespace)
        if any(owner.get("uid") in owners for owner in item["metadata"].get("ownerReferences") or ())
    ]


def _label(items: list[Json], revision: Callable[[Json], int], label: str) -> str:
    """A label of the newest of these objects; empty when there is none."""
    newest = max(items, key=revision, default=None)
    return str((newest["metadata"].get("labels") or {}).get(label, "")) if newest else ""


def _revision(replica_set: Json) -> int:
    annotations = replica_set["metadata"].get("annotations") or {}
    return int(annotations.get("deployment.kubernetes.io/revision", 0))


def judge(live: Json, pods: Sequence[Json], newest_hash: str, settled: Restarts = MappingProxyType({})) -> Progress:
    """How far the rollout of `live` is, by its status and its newest pods. Pure.

    Restarts up to those in `settled` are past; each further one fails the rollout. Source: `kubectl rollout
    status`, and https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
    """
    status = live.get("status") or {}
    if status.get("observedGeneration", 0) < live["metadata"].get("generation", 0):
        return Progress("progressing", "the controller has not seen the change yet")
    alive = _alive(pods)
    broken = next((why for pod in alive if _is_newest(pod, newest_hash) and (why := _broken(pod, settled))), "")
    if broken or _deadline_exceeded(status):
        return Progress("failed", broken or "the progress deadline is exceeded")
    wanted, updated, available = _counts(live, status)
    if updated < wanted or available < wanted or len(alive) > wanted:
        return Progress("progressing", f"{updated} of {wanted} updated, {available} available")
    return Progress("complete", f"{available} of {wanted} available")


def _counts(live: Json, status: Json) -> tuple[int, int, int]:
    if live["kind"] == "DaemonSet":
        names = ("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable")
        wanted, updated, available = (int(status.get(name, 0)) for name in names)
        return wanted, updated, available
    wanted = int(live["spec"].get("replicas", 1))
    return wanted, int(status.get("updatedReplicas", 0)), int(status.get("availableReplicas", 0))


def _is_newest(pod: Json, newest_hash: str) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return newest_hash in (labels.get("pod-template-hash"), labels.get("controller-revision-hash"))


def _alive(pods: Sequence[Json]) -> list[Json]:
    """Without those that are going, or are over (evicted): no controller counts them."""
    over = ("Failed", "Succeeded")
    return [
        pod
        for pod in pods
        if not pod["metadata"].get("deletionTimestamp") and (pod.get("status") or {}).get("phase") not in over
    ]


def _states(pod: Json) -> list[Json]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


_WAITING_FOR_GOOD = (
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
)


def _broken(pod: Json, settled: Restarts) -> str:
    name = pod["metadata"]["name"]
    for state in _states(pod):
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


def _bad_news(kind: str, name: str, namespace: str, progress: Progress, timeout_s: int) -> Result:
    reached = {
        "failed": "failed",
        "progressing": f"is not complete after {timeout_s} s",
        "complete": f"is complete, but was not healthy for long enough within {timeout_s} s",
    }[progress.state]
    return Result(
        f"The rollout of {kind} {name} in {namespace} {reached}: {progress.why}. Diagnose it to learn why.",
        ok=False,
    )
