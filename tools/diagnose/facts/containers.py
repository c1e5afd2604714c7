"""Which containers are broken now, and by what: one cause for each, the same at every instant.

A container that crashes again and again shows Running, Error (or OOMKilled, or Completed) and
CrashLoopBackOff in turn. What decides is not the word of the moment but its last end, and how long ago
that was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from tools.diagnose.facts.owners import current_pods, owner_of
from tools.diagnose.reading.decoding import looks_well
from tools.diagnose.terms import Json, ObjectRef, Snapshot, grouped, once

ContainerCause = Literal["OOMKilled", "CrashLoopBackOff", "ImagePullBackOff", "CreateContainerConfigError"]

# Source: https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff and kubelet's
# pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime/kuberuntime_container.go.
IMAGE_REASONS = (
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
CONFIG_REASONS = ("CreateContainerConfigError", "CreateContainerError")
START_REASONS = ("StartError", "ContainerCannotRun", "RunContainerError")
_MOUNT_REFUSED = re.compile(r'error mounting .* to rootfs at "')
_INIT_KILLED = "container init was OOM-killed"
"""What runc says where the memory of the pod's volumes leaves a container not even enough to start."""
_LOST_REASONS = ("Unknown", "ContainerStatusUnknown")

STEADY_AFTER = timedelta(minutes=10)
"""A container that has run this long is no longer in a crash loop: then the kubelet forgets its back-off.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts
"""
UNREADY_FORGIVEN_AFTER = timedelta(hours=1)
"""An end longer ago than this is not why a container is unready now."""


class Termination(msgspec.Struct, frozen=True):
    """How a container's last run ended; `exit_code` None where the API does not say."""

    exit_code: int | None
    reason: str
    message: str
    finished_at: str


class Container(msgspec.Struct, frozen=True):
    """One container of a current pod, what it should be and what it is."""

    pod: Json
    owner: ObjectRef
    spec: Json
    status: Json
    init: bool

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def pod_name(self) -> str:
        return str(self.pod["metadata"]["name"])

    @property
    def pod_ref(self) -> ObjectRef:
        return ObjectRef("v1", "Pod", self.owner.namespace, self.pod_name)

    @property
    def waiting(self) -> Json:
        return self._state("waiting")

    @property
    def running(self) -> Json:
        return self._state("running")

    @property
    def terminated(self) -> Json:
        return self._state("terminated")

    @property
    def last_terminated(self) -> Json:
        return (self.status.get("lastState") or {}).get("terminated") or {}

    @property
    def restarts(self) -> int:
        return int(self.status.get("restartCount") or 0)

    @property
    def must_run_on(self) -> bool:
        """Whether even exit 0 is an end too early: containers and sidecars that are always restarted."""
        if self.init:
            return self.spec.get("restartPolicy") == "Always"
        return (self.pod["spec"].get("restartPolicy") or "Always") == "Always"

    def memory_limit(self) -> str | None:
        """`resources.limits.memory` as written, a LimitRange's default included."""
        limits = (self.spec.get("resources") or {}).get("limits") or {}
        return str(limits["memory"]) if "memory" in limits else None

    def _state(self, which: str) -> Json:
        return (self.status.get("state") or {}).get(which) or {}


def broken(snapshot: Snapshot, cause: ContainerCause) -> list[list[Container]]:
    """The containers with that cause, in groups of one owner and container name, each sorted by pod."""
    return _broken(snapshot).get(cause, [])


@once
def _broken(snapshot: Snapshot) -> dict[ContainerCause, list[list[Container]]]:
    by_cause = grouped(containers(snapshot), lambda each: cause_of(each, snapshot.taken_at))
    return {cause: alike(those) for cause, those in by_cause.items() if cause is not None}


def alike(those: Iterable[Container]) -> list[list[Container]]:
    """Containers in groups of one owner and one name: what befalls them is one finding."""
    return list(grouped(those, lambda each: (each.owner, each.name)).values())


@once
def containers(snapshot: Snapshot) -> tuple[Container, ...]:
    """The containers of the current pods that do not look well, init containers first; worked out once."""
    return tuple(_containers(snapshot))


def containers_of(pod: str, snapshot: Snapshot) -> Sequence[Container]:
    """Those of one pod, by its name."""
    return _by_pod(snapshot).get(pod, ())


@once
def _by_pod(snapshot: Snapshot) -> dict[str, list[Container]]:
    return grouped(containers(snapshot), lambda container: container.pod_name)


def _containers(snapshot: Snapshot) -> Iterator[Container]:
    for pod in current_pods(snapshot):
        if looks_well(pod):
            continue
        owner = owner_of(pod, snapshot)
        for init, specs, statuses in (
            (True, "initContainers", "initContainerStatuses"),
            (False, "containers", "containerStatuses"),
        ):
            by_name = {item["name"]: item for item in pod["status"].get(statuses) or ()}
            for spec in pod["spec"].get(specs) or ():
                yield Container(pod, owner, spec, by_name.get(spec["name"], {}), init)


def cause_of(container: Container, now: datetime) -> ContainerCause | None:
    """The one cause that keeps a container from running; None when it runs, ended well, or is starting."""
    reason = container.waiting.get("reason")
    if reason in IMAGE_REASONS:
        return "ImagePullBackOff"
    if reason in CONFIG_REASONS:
        return "CreateContainerConfigError"
    if refused_mount(container):
        return "CreateContainerConfigError"
    ended = crash(container, now)
    if ended is None:
        return None
    return "OOMKilled" if ended.reason == "OOMKilled" else "CrashLoopBackOff"


def refused_mount(container: Container) -> str | None:
    """What the container runtime says of a mount that it cannot make, as long as the container does not run."""
    if container.running:
        return None
    for state in (container.waiting, container.terminated, container.last_terminated):
        if _MOUNT_REFUSED.search(message := str(state.get("message") or "")):
            return message
    return None


def crash(container: Container, now: datetime) -> Termination | None:
    """How the container last ended, when that end is why it does not run steadily now.

    An exit by SIGKILL without a reason counts as OOMKilled when the run before was: container runtimes
    now and then miss the kernel's note.
    """
    if container.waiting.get("reason") in START_REASONS:
        return _termination({**container.waiting, "exitCode": None}, missed_oom=False)
    ended = container.terminated or container.last_terminated
    if not ended:
        is_looping = container.waiting.get("reason") == "CrashLoopBackOff"
        return Termination(None, "", "", "") if is_looping else None
    if not _is_failure(container, ended) or _is_over(container, ended, now):
        return None
    return _termination(ended, missed_oom=_missed_oom(container))


def parse_time(text: object) -> datetime | None:
    """An API timestamp; None when there is none."""
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None


def _is_failure(container: Container, ended: Json) -> bool:
    reason, code = ended.get("reason"), ended.get("exitCode")
    if reason in _LOST_REASONS:
        return False
    if reason == "OOMKilled" and container.init:  # the kubelet takes even exit code 0 for a failure then
        return True
    return code != 0 or container.must_run_on


def _is_over(container: Container, ended: Json, now: datetime) -> bool:
    if not container.running:
        return False
    if container.status.get("ready"):
        return _longer_ago(container.running.get("startedAt"), STEADY_AFTER, now)
    return _longer_ago(ended.get("finishedAt"), UNREADY_FORGIVEN_AFTER, now)


def _longer_ago(moment: object, span: timedelta, now: datetime) -> bool:
    parsed = parse_time(moment)
    return parsed is not None and now - parsed > span


def _missed_oom(container: Container) -> bool:
    return container.terminated.get("exitCode") == 137 and container.last_terminated.get("reason") == "OOMKilled"


def _termination(ended: Json, *, missed_oom: bool) -> Termination:
    message = str(ended.get("message") or "")
    return Termination(
        exit_code=ended.get("exitCode"),
        reason="OOMKilled" if missed_oom or _INIT_KILLED in message else str(ended.get("reason") or ""),
        message=message,
        finished_at=str(ended.get("finishedAt") or ""),
    )
