"""OOMKilled: a container needed more memory than it may have.

Source: https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tools.diagnose import quantity
from tools.diagnose.containers import Container, broken, crash
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.naming import (
    TEMPLATE_KINDS,
    about_owner,
    about_pod,
    container_said,
    pod_names,
    typed,
)

if TYPE_CHECKING:
    from tools.diagnose.lesson import Lesson
    from tools.diagnose.snapshot import Snapshot

LESSONS: tuple[Lesson, ...] = ()

_BUMP_UP_RATIO = Decimal("1.2")
_MIN_BUMP_UP_BYTES = 100 * quantity.MIB


def oom_killed(snapshot: Snapshot) -> list[Finding]:
    """Containers killed by the kernel for want of memory."""
    return [_finding(group, snapshot) for group in broken(snapshot, "OOMKilled")]


def next_limit_bytes(limit_bytes: int) -> int:
    """The memory limit to try after an OOM kill at `limit_bytes`: 16Mi, 128Mi, 256Mi, 512Mi.

    The larger of limit * 1.2 and limit + 100Mi, as the Vertical Pod Autoscaler bumps up after an OOM
    (its --oom-bump-up-ratio and --oom-min-bump-up-bytes), rounded up to a power of two of Mi.
    Source: https://github.com/kubernetes/autoscaler/blob/master/vertical-pod-autoscaler/docs/flags.md
    """
    needed = max(int(limit_bytes * _BUMP_UP_RATIO), limit_bytes + _MIN_BUMP_UP_BYTES)
    whole_mi = -(-needed // quantity.MIB)
    return quantity.MIB * (1 << (whole_mi - 1).bit_length())


def _finding(group: list[Container], snapshot: Snapshot) -> Finding:
    container = group[0]
    limit = container.memory_limit()
    return Finding(
        cause="OOMKilled",
        object=container.owner,
        container=container.name,
        affected=pod_names(group),
        summary=_summary(container, limit),
        why=_why(limit),
        evidence=_evidence(container, limit, snapshot),
        remedies=_remedies(container, limit, snapshot),
    )


def _summary(container: Container, limit: str | None) -> str:
    if limit is None:
        return f"{container_said(container)} is OOMKilled: it has no memory limit, its node ran out of memory"
    return f"{container_said(container)} is OOMKilled: its memory limit is {limit}"


def _why(limit: str | None) -> str:
    if limit is None:
        return (
            "When a node has no memory left, the kernel kills what uses much more than it requested. "
            "A request that matches the use makes the scheduler place the pod where there is room."
        )
    return (
        "The kernel kills a container the moment it needs more memory than its limit, with SIGKILL: it "
        "cannot catch that, and its log often ends in mid-sentence. Either it needs more, or it leaks."
    )


def _evidence(container: Container, limit: str | None, snapshot: Snapshot) -> tuple[Evidence, ...]:
    ended = crash(container, snapshot.taken_at)
    code = ended.exit_code if ended else None
    evidence = [
        about_pod(
            "status",
            container.pod,
            f"container {container.name} was OOMKilled, exit code {code}; restarts: {container.restarts}",
        )
    ]
    if limit is not None:
        evidence.append(about_owner("spec", container.owner, f"resources.limits.memory: {limit}"))
    if use := _memory_use(container, snapshot):
        evidence.append(about_pod("metric", container.pod, f"memory in use now: {use}"))
    return tuple(evidence)


def _memory_use(container: Container, snapshot: Snapshot) -> str | None:
    metrics = snapshot.named("PodMetrics", container.pod_name) or {}
    for measured in metrics.get("containers") or ():
        if measured.get("name") == container.name:
            return str((measured.get("usage") or {}).get("memory") or "") or None
    return None


def _remedies(container: Container, limit: str | None, snapshot: Snapshot) -> tuple[Remedy, ...]:
    if limit is None:
        return (_see_nodes(),)
    limit_bytes = int(quantity.parse(limit))
    bound = _largest_allowed_bytes(snapshot)
    wanted = next_limit_bytes(limit_bytes)
    if bound is not None and bound <= limit_bytes:
        return (_bounded_out(bound, snapshot.namespace),)
    new = quantity.memory(wanted if bound is None else min(wanted, bound))
    if container.owner.kind == "Pod":
        return (_recreate(container, new),)
    return (_raise(container, limit, new),)


def _raise(container: Container, old: str, new: str) -> Remedy:
    owner = container.owner
    can_do = owner.kind in TEMPLATE_KINDS and not container.init
    return Remedy(
        title=f"Raise the memory limit from {old} to {new}",
        command=f"kubectl set resources {typed(owner)} -c {container.name} --limits=memory={new}",
        risk="change",
        tool="set_resources" if can_do else None,
        arguments={
            "namespace": owner.namespace or "",
            "kind": owner.kind,
            "name": owner.name,
            "container": container.name,
            "memory_limit": new,
        },
    )


def _recreate(container: Container, new: str) -> Remedy:
    owner = container.owner
    return Remedy(
        title=f"Create the pod anew with a memory limit of {new}: nothing does that for a bare pod",
        command=f"kubectl get {typed(owner)} -o yaml > {owner.name}.yaml",
        risk="read",
    )


def _see_nodes() -> Remedy:
    return Remedy(
        title="See which node is short of memory, and give the container a request that matches its use",
        command="kubectl top nodes",
        risk="read",
    )


def _bounded_out(bound: int, namespace: str) -> Remedy:
    return Remedy(
        title=f"Ask for a larger LimitRange: it allows a container {quantity.memory(bound)} at most",
        command=f"kubectl describe limitrange -n {namespace}",
        risk="read",
    )


def _largest_allowed_bytes(snapshot: Snapshot) -> int | None:
    """The smallest `max.memory` of the namespace's LimitRanges for containers; None when there is none."""
    bounds = [
        int(quantity.parse(item["max"]["memory"]))
        for limit_range in snapshot.of("LimitRange")
        for item in limit_range["spec"].get("limits") or ()
        if item.get("type") == "Container" and "memory" in (item.get("max") or {})
    ]
    return min(bounds, default=None)
