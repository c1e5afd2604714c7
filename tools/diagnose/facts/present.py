"""What was read: the conditions on which a rule has something to judge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tools.diagnose.facts.containers import ContainerCause, broken
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.reading.decoding import looks_well
from tools.diagnose.terms import Json, Kind, Snapshot, once

Condition = Callable[["Snapshot"], bool]


def anything(_snapshot: Snapshot) -> bool:
    """Whatever was read."""
    return True


def some(*kinds: Kind) -> Condition:
    """An object of one of these kinds."""
    return lambda snapshot: any(snapshot.of(kind) for kind in kinds)


def either(*conditions: Condition) -> Condition:
    """One of these."""
    return lambda snapshot: any(condition(snapshot) for condition in conditions)


def events(*reasons: str) -> Condition:
    """An event of one of these reasons."""
    return lambda snapshot: any(event.get("reason") in reasons for event in snapshot.of("Event"))


def broken_by(cause: ContainerCause) -> Condition:
    """A container that this keeps from running."""
    return lambda snapshot: bool(broken(snapshot, cause))


def logs(snapshot: Snapshot) -> bool:
    """The log of a container that failed."""
    return bool(snapshot.logs)


@once
def unwell_pods(snapshot: Snapshot) -> bool:
    """A pod that something may be wrong with."""
    return any(not looks_well(pod) for pod in snapshot.of("Pod"))


def evicted_pods(snapshot: Snapshot) -> bool:
    """A pod that its kubelet has ended."""
    return any(status_of(pod).get("reason") == "Evicted" for pod in snapshot.of("Pod"))


def pods_of_lost_nodes(snapshot: Snapshot) -> bool:
    """A pod of which its kubelet no longer tells, or that was ended with its node."""
    return any(
        (status := pod.get("status") or {}).get("reason") or status.get("phase") == "Unknown" or _node_lost(pod)
        for pod in snapshot.of("Pod")
    )


def _node_lost(pod: Json) -> bool:
    """The node's kubelet no longer answers: the pod is not Ready though its containers say they are."""
    conditions = {each.get("type"): each.get("status") for each in conditions_of(pod)}
    not_ready = conditions.get("Ready") == "False" and conditions.get("ContainersReady") == "True"
    return not_ready or bool(pod["metadata"].get("deletionTimestamp"))


def leaving_pods(snapshot: Snapshot) -> bool:
    """A pod that is being deleted."""
    return any(pod["metadata"].get("deletionTimestamp") for pod in snapshot.of("Pod"))


def deleted_namespace(snapshot: Snapshot) -> bool:
    """The namespace itself, while it is being deleted."""
    item = snapshot.named("Namespace", snapshot.namespace)
    return item is not None and bool(item["metadata"].get("deletionTimestamp"))


def creation_refused(snapshot: Snapshot) -> bool:
    """A pod that the API server did not let a controller make."""
    return any(True for _ in refused(snapshot))


def refused(snapshot: Snapshot) -> Iterator[str]:
    """What the API server said to a controller that could not make a pod."""
    for event in snapshot.of("Event"):
        if event.get("reason") == "FailedCreate":
            yield str(event.get("message"))
    for item in snapshot.of("Deployment"):
        for condition in conditions_of(item):
            failed = condition.get("type") == "ReplicaFailure" and condition.get("status") == "True"
            if failed or condition.get("reason") == "ReplicaSetCreateError":
                yield str(condition.get("message"))


def events_say(snapshot: Snapshot, reason: str, pattern: re.Pattern[str]) -> bool:
    """Whether there is an event of this reason whose message matches."""
    return any(
        event.get("reason") == reason and pattern.search(str(event.get("message")))
        for event in snapshot.of("Event")
    )
