"""Wait until a workload's rollout is complete and its pods stay up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from tools.cluster.client import Json
from tools.frame import Name, Namespace, Result, ToolContext
from tools.workloads import Workload

POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rollout is. `restarts` counts those of the newest pods; `why` says what it waits for."""

    state: Literal["complete", "progressing", "failed"]
    why: str
    restarts: int = 0


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

    Asked as: wait for {name}; wait for {kind} {name}; watch the rollout of {name}
    """
    deadline = context.monotonic() + timeout_s
    steady_since: float | None = None
    while True:
        progress = read_progress(context, kind, name, namespace)
        now = context.monotonic()
        if progress.state == "complete":
            steady_since = steady_since if steady_since is not None else now
            if now - steady_since >= stable_s:
                return Result(f"{kind} {name} in {namespace} is rolled out and healthy: {progress.why}.")
        else:
            steady_since = None
        if progress.state == "failed" or now >= deadline:
            return _bad_news(kind, name, namespace, progress, timeout_s)
        context.progress(f"{kind} {name}: {progress.why}")
        context.sleep(POLL_S)


def read_progress(context: ToolContext, kind: str, name: str, namespace: str) -> Progress:
    """Read a workload and its pods, and judge."""
    live = context.cluster.get(kind, name, namespace)
    selector = ",".join(
        f"{key}={value}" for key, value in (live["spec"]["selector"].get("matchLabels") or {}).items()
    )
    pods = context.cluster.list("pods", namespace, label_selector=selector)
    return judge(live, pods, _newest_hash(context, live, selector))


def _newest_hash(context: ToolContext, live: Json, selector: str) -> str:
    """The label value that marks the pods of the newest template."""
    if live["kind"] != "Deployment":
        return str((live.get("status") or {}).get("updateRevision", ""))
    owned = [
        item
        for item in context.cluster.list("replicasets", live["metadata"]["namespace"], label_selector=selector)
        if any(
            owner.get("uid") == live["metadata"]["uid"] for owner in item["metadata"].get("ownerReferences") or ()
        )
    ]
    newest = max(owned, key=_revision, default=None)
    return str(((newest or {}).get("metadata", {}).get("labels") or {}).get("pod-template-hash", ""))


def _revision(replica_set: Json) -> int:
    annotations = replica_set["metadata"].get("annotations") or {}
    return int(annotations.get("deployment.kubernetes.io/revision", 0))


def judge(live: Json, pods: list[Json], newest_hash: str) -> Progress:
    """How far the rollout of `live` is, by its status and its newest pods. Pure.

    Source: `kubectl rollout status`, and
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
    """
    status = live.get("status") or {}
    if status.get("observedGeneration", 0) < live["metadata"].get("generation", 0):
        return Progress("progressing", "the controller has not seen the change yet")
    newest = [pod for pod in _alive(pods) if _is_newest(pod, newest_hash)]
    broken = next((why for pod in newest if (why := _broken(pod))), "")
    restarts = sum(state.get("restartCount", 0) for pod in newest for state in _states(pod))
    if broken or _deadline_exceeded(status):
        return Progress("failed", broken or "the progress deadline is exceeded", restarts)
    wanted, updated, available = _counts(live, status)
    if updated < wanted or available < wanted or len(_alive(pods)) > wanted:
        return Progress("progressing", f"{updated} of {wanted} updated, {available} available", restarts)
    return Progress("complete", f"{available} of {wanted} available", restarts)


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


def _alive(pods: list[Json]) -> list[Json]:
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


def _broken(pod: Json) -> str:
    name = pod["metadata"]["name"]
    for state in _states(pod):
        waiting = (state.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _WAITING_FOR_GOOD:
            return f"container {state['name']} of pod {name} is in {waiting['reason']}"
        ended = (state.get("state") or {}).get("terminated") or (state.get("lastState") or {}).get("terminated")
        if ended and ended.get("exitCode") != 0:
            how = f"{ended.get('reason')}, exit code {ended['exitCode']}"
            return f"container {state['name']} of pod {name} ended: {how}"
    return ""


def _deadline_exceeded(status: Json) -> bool:
    return any(
        condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded"
        for condition in status.get("conditions") or ()
    )


def _bad_news(kind: str, name: str, namespace: str, progress: Progress, timeout_s: int) -> Result:
    reached = "failed" if progress.state == "failed" else f"is not complete after {timeout_s} s"
    return Result(
        f"The rollout of {kind} {name} in {namespace} {reached}: {progress.why}. Diagnose it to learn why.",
        ok=False,
    )
