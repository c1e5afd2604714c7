"""What becomes of a container that failed: it fails on, may yet run well, or does: then that is history.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from tools.diagnose import timing
from tools.diagnose.facts.containers import START_REASONS, STEADY_AFTER, Container, containers, parse_time
from tools.diagnose.terms import Finding, Rule, Snapshot

_KILLED_BY_PROBES = ("LivenessProbeFailed", "StartupProbeFailed")
_OF_RUNS = ("CrashLoopBackOff", "OOMKilled", "RBACForbidden", *_KILLED_BY_PROBES)
"""The causes by which containers end again and again."""
_NOT_RUNNABLE_CODES = (126, 127)
_FIRST_PAUSE = timedelta(seconds=10)
"""What the kubelet waits for before it starts a container again, the first time that it waits."""

_LONGEST_PAUSE = timedelta(minutes=5)


def aged(findings: Iterable[Finding], snapshot: Snapshot) -> list[Finding]:
    """What befell containers that run well again is history; so far, where the next run may hold."""
    return [_aged(finding, snapshot) for finding in findings]


def is_certain(container: Container) -> bool:
    """Whether the next run will end as the last did: its command cannot be run, or its memory does not do."""
    ended = container.terminated or container.last_terminated
    reason = container.waiting.get("reason") or ended.get("reason")
    return (
        reason in START_REASONS
        or ended.get("reason") in (*START_REASONS, "OOMKilled")
        or ended.get("exitCode") in _NOT_RUNNABLE_CODES
    )


def lasted(container: Container) -> timedelta:
    """How long its last run took; nothing where the API does not say."""
    ended = container.terminated or container.last_terminated
    began, end = parse_time(ended.get("startedAt")), parse_time(ended.get("finishedAt"))
    return end - began if began and end else timedelta()


def _aged(finding: Finding, snapshot: Snapshot) -> Finding:
    if finding.cause not in _OF_RUNS or finding.container is None or finding.severity == "info":
        return finding
    own = [each for name in finding.affected if (each := _container(name, finding.container, snapshot))]
    if len(own) < len(finding.affected) or not own:
        return finding
    well = [_well_at(each, snapshot) for each in own]
    if all(moment is not None and moment <= snapshot.taken_at for moment in well):
        return _as_history(finding, own)
    may_hold = finding.cause not in _KILLED_BY_PROBES
    until = [
        moment or (_after_the_first(each) if may_hold else None) for each, moment in zip(own, well, strict=True)
    ]
    moments = [moment for moment in until if moment is not None]
    if len(moments) < len(own) or finding.so_far:
        return finding
    return timing.so_far(finding, max(moments), snapshot)


def _container(pod: str, name: str, snapshot: Snapshot) -> Container | None:
    known = snapshot.once(
        "containers by name", lambda: {(each.pod_name, each.name): each for each in containers(snapshot)}
    )
    return known.get((pod, name))


def _well_at(container: Container, snapshot: Snapshot) -> datetime | None:
    """When its failures are history: it is ready, and runs for more than twice as long as it did the last time.

    Of a pod that is not young any more they are not of its start: then when it has run for longer than the
    kubelet's pauses have grown. None while it may fail as before.
    """
    started = parse_time(container.running.get("startedAt"))
    if started is None or not container.status.get("ready"):
        return None
    if snapshot.taken_at - started < (outlasts := _outlasts(container)):
        return None
    ends = timing.rollout_ends(container.pod, container.owner, snapshot)
    is_young = ends is not None and ends > snapshot.taken_at
    return started + (outlasts if is_young else min(max(outlasts, _pause(container)), STEADY_AFTER))


def _pause(container: Container) -> timedelta:
    """How long the kubelet would wait before it starts the container once more."""
    return min(_FIRST_PAUSE * (1 << min(max(container.restarts - 1, 0), 10)), _LONGEST_PAUSE)


def _outlasts(container: Container) -> timedelta:
    return min(max(timing.RUNS_WELL_AFTER, 2 * lasted(container)), STEADY_AFTER)


def _after_the_first(container: Container) -> datetime | None:
    """When the second run has outlasted the one that failed; None once two have failed, or no time helps."""
    failed = container.restarts + (0 if container.running else 1)
    spec, status = container.pod["spec"], container.pod["status"]
    is_over = spec.get("restartPolicy") == "Never" or status.get("phase") == "Failed"
    if failed != 1 or is_over or is_certain(container):
        return None
    if started := parse_time(container.running.get("startedAt")):
        return started + _outlasts(container)
    ended = container.terminated or container.last_terminated
    return timing.after(ended.get("finishedAt"), _FIRST_PAUSE + _outlasts(container))


def _as_history(finding: Finding, own: list[Container]) -> Finding:
    since = max(str(each.running.get("startedAt")) for each in own)
    times = max(each.restarts for each in own)
    often = "once" if times == 1 else f"{times} times"
    return replace(
        finding,
        severity="info",
        settles_at=None,
        detail=f"{finding.detail}; it was started anew {often}, and runs well since {since}",
        remedies=tuple(each for each in finding.remedies if each.risk == "read" and each.tool is None),
    )


RULE = Rule(retell=aged)
