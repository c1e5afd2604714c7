"""What keeps a rollout from its end, and how long it must have been seen before it counts. Pure.

A refused pull may succeed the next second, and a node may join for a pod that finds none: so each block says for
how long it has to stand. What a look at the pods cannot tell, `certain_probe`, `certain_mount` and `fits_somewhere`
judge by events and nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tools.apimachinery.quantity import amount
from tools.diagnose.facts.capacity import requested, shortages
from tools.json import Json
from tools.kubernetes.rollouts.state import (
    Seen,
    containers,
    counts,
    states,
)
from tools.plaintext import one_line

REFUSED_S = 5.0
QUOTA_S = 45.0
CONFIGURATION_S = 5.0
PULL_FOR_GOOD_S = 5.0
PULL_S = 45.0
MOUNT_S = 15.0
UNPLACED_S = 15.0
NO_ROOM_S = 60.0
PROBE_S = 20.0
UNSURE_PROBE_S = 120.0
"""An application may still be starting: its probe is given twice its own time, and this at least."""

_STARTING = ("ContainerCreating", "PodInitializing")
_PULLS = ("ErrImagePull", "ImagePullBackOff")
_CONFIGURATION = ("CreateContainerConfigError", "CreateContainerError")
_PREEMPTION = re.compile(r"\.?\s+(?:no new claims to deallocate|still not schedulable|preemption:).*", re.DOTALL)
_NO_SUCH_IMAGE = re.compile(r"not found|manifest unknown|does not exist|repository name not known", re.IGNORECASE)
_NO_SUCH_SOURCE = re.compile(r"(?:configmap|secret) \"[^\"]*\" not found|references non-existent")
_CERTAIN = re.compile(
    r"statuscode: 40[134]|server gave HTTP response to HTTPS|invalid syntax|executable file not found|no such file"
    r"|does not implement the grpc health"
)
# Source: https://kubernetes.io/docs/concepts/workloads/pods/probes/
_THRESHOLD, _PERIOD_S = 3, 10

Sort = Literal["refused", "configuration", "pull", "unplaced", "probe", "mount", "uncreated", "held"]
TENTATIVE: tuple[Sort, ...] = ("mount", "uncreated")
"""Nothing is wrong with these by themselves: only an event tells."""


@dataclass(frozen=True, slots=True)
class Block:
    """Something that a rollout does not get past by itself; `pod` is where it shows, if it is one.

    Of the same `sort` and `container` it is the same block, whichever pod it shows on.
    """

    sort: Sort
    why: str
    after_s: float
    container: str = ""
    pod: Json | None = None
    spec: Json = field(default_factory=dict)
    """The container's."""
    probe: Json = field(default_factory=dict)
    which: str = ""
    """Which probe it is: readiness or startup."""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the others."""
        return self.sort, self.container


def blocks(seen: Seen) -> Iterator[Block]:
    """What blocks a rollout, going by the workload and its pods of the newest template."""
    live, newest = seen.workload, seen.of_newest()
    wanted, _, _ = counts(live, live.get("status") or {})
    if len(newest) < wanted:
        yield from _uncreated(live, may_leave=len(seen.pods) > len(newest))
    for pod in newest:
        yield from _of_pod(pod)


def _uncreated(live: Json, *, may_leave: bool) -> Iterator[Block]:
    """Why there are too few pods; `may_leave`: there are others, and a quota has room again when they go."""
    if live["spec"].get("paused"):
        yield Block("held", "it is paused: resume it (resume_rollout)", REFUSED_S)
    if (live["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        yield Block("held", "its updateStrategy is OnDelete: a pod is made anew only once it is deleted", REFUSED_S)
    if refusal := _refusal(live):
        after_s = QUOTA_S if may_leave and "exceeded quota" in refusal else REFUSED_S
        yield Block("refused", f"its pods are refused: {one_line(refusal)}", after_s)
    elif live["kind"] != "Deployment":
        yield Block("uncreated", "its pods are not created", QUOTA_S if may_leave else REFUSED_S)


def _refusal(live: Json) -> str:
    """What the API server said when it refused a pod of a Deployment."""
    conditions = (live.get("status") or {}).get("conditions") or ()
    is_true = (each for each in conditions if each.get("type") == "ReplicaFailure" and each.get("status") == "True")
    return next((str(each.get("message") or each.get("reason")) for each in is_true), "")


def _of_pod(pod: Json) -> Iterator[Block]:
    status = pod.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            said = one_line(_PREEMPTION.sub("", str(condition.get("message"))))
            yield Block("unplaced", f"no node takes pod {pod['metadata']['name']}: {said}", UNPLACED_S, pod=pod)
    for state in states(pod):
        if waiting := (state.get("state") or {}).get("waiting"):
            yield from _of_waiting(pod, state["name"], waiting)
        elif "running" in (state.get("state") or {}) and not state.get("ready"):
            yield from _of_unready(pod, state)


def _of_waiting(pod: Json, container: str, waiting: Json) -> Iterator[Block]:
    reason, message = str(waiting.get("reason", "")), str(waiting.get("message", ""))
    said = f": {one_line(message)}" if message else ""
    why = f"container {container} of pod {pod['metadata']['name']} is in {reason}{said}"
    if reason in _STARTING:
        yield Block("mount", f"pod {pod['metadata']['name']} does not get its volumes", MOUNT_S, container, pod)
    if reason in _CONFIGURATION:
        yield Block("configuration", why, CONFIGURATION_S, container, pod)
    if reason in _PULLS:
        after_s = PULL_FOR_GOOD_S if _NO_SUCH_IMAGE.search(message) else PULL_S
        yield Block("pull", why, after_s, container, pod)


def _of_unready(pod: Json, state: Json) -> Iterator[Block]:
    """A container that runs and whose startup or readiness probe does not succeed."""
    which = "readiness" if state.get("started") else "startup"
    spec = next((each for each in containers(pod) if each["name"] == state["name"]), {})
    if probe := spec.get(f"{which}Probe"):
        why = f"container {state['name']} of pod {pod['metadata']['name']} does not pass its {which} probe"
        yield Block("probe", why, max(PROBE_S, allowed_s(probe)), state["name"], pod, spec, probe, which)


def allowed_s(probe: Json) -> float:
    """How long a probe may fail."""
    failing = probe.get("failureThreshold", _THRESHOLD) * probe.get("periodSeconds", _PERIOD_S)
    return float(probe.get("initialDelaySeconds", 0) + failing)


def is_about(event: Json, block: Block) -> bool:
    """Whether an event tells of a failure of this very probe of this very container."""
    path = str((event.get("involvedObject") or {}).get("fieldPath") or "")
    of_probe = f"{block.which} probe" in str(event.get("message")).lower()
    return event.get("reason") == "Unhealthy" and of_probe and path.endswith(f"{{{block.container}}}")


def certain_probe(said: str, probe: Json, container: Json) -> bool:
    """Whether what the kubelet says of a probe is no matter of time: it asks what is not there."""
    if _CERTAIN.search(said):
        return True
    handler = probe.get("httpGet") or probe.get("tcpSocket") or probe.get("grpc") or {}
    declared = [
        name for port in container.get("ports") or () for name in (port.get("containerPort"), port.get("name"))
    ]
    return "connection refused" in said and bool(declared) and handler.get("port") not in declared


def certain_mount(said: str) -> bool:
    """Whether a volume is made of what is not there."""
    return _NO_SUCH_SOURCE.search(said) is not None


def fits_somewhere(pod: Json, sentence: str, nodes: Sequence[Json]) -> bool:
    """Whether an empty node would have what the scheduler says is insufficient: then it may become free."""
    short = shortages(sentence)
    offered = [(node.get("status") or {}).get("allocatable") or {} for node in nodes]
    return bool(short) and any(
        all(requested(pod, each) <= amount(there.get(each)) for each in short) for there in offered
    )
