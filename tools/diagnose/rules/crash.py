"""CrashLoopBackOff: a container ends again and again, and the kubelet waits longer each time.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.diagnose.containers import START_REASONS, Container, Termination, broken, crash
from tools.diagnose.exits import meaning
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.logs import decisive_line
from tools.diagnose.naming import about_owner, about_pod, container_said, event_said, pod_names, typed
from tools.diagnose.plaintext import one_line

if TYPE_CHECKING:
    from tools.diagnose.lesson import Lesson
    from tools.cluster.client import Json
    from tools.diagnose.snapshot import Snapshot

LESSONS: tuple[Lesson, ...] = ()

_PROBE_KILL = re.compile(r"failed (liveness|startup) probe")
_PROBE_EXIT_CODES = (0, 137, 143)
_START_MESSAGE = re.compile(r"(exec: .*?|starting container process caused: .*?)(: unknown)?$")
_NOT_RUNNABLE_CODES = (126, 127)


@dataclass(frozen=True, slots=True)
class Crash:
    """One crashing container with what decides its finding."""

    container: Container
    ended: Termination
    line: str | None
    """What its log says last; None when the log was not read."""
    probe: Json | None
    """The event that says a probe's failure killed it."""

    @property
    def never_started(self) -> bool:
        return self.ended.reason in START_REASONS


def crash_loop(snapshot: Snapshot) -> list[Finding]:
    """Containers that end and are not OOM-killed."""
    return [_finding(group, snapshot) for group in broken(snapshot, "CrashLoopBackOff")]


def _finding(group: list[Container], snapshot: Snapshot) -> Finding:
    this = _crash(group[0], snapshot)
    return Finding(
        cause="CrashLoopBackOff",
        object=this.container.owner,
        container=this.container.name,
        affected=pod_names(group),
        summary=f"{container_said(this.container)} {_what(this)}",
        why=_why(this),
        evidence=tuple(_evidence(this, snapshot)),
        remedies=tuple(_remedies(this)),
    )


def _crash(container: Container, snapshot: Snapshot) -> Crash:
    ended = crash(container, snapshot.taken_at) or Termination(None, "", "", "")
    log = snapshot.logs.get((container.pod_name, container.name))
    line = None if log is None else decisive_line(log)
    may_be_probe = ended.exit_code in _PROBE_EXIT_CODES
    return Crash(container, ended, line, _probe_event(container, snapshot) if may_be_probe else None)


def _probe_event(container: Container, snapshot: Snapshot) -> Json | None:
    """The kubelet's Killing event. It names the container in its field path."""
    for event in snapshot.events_of("Pod", container.pod_name):
        about = (event.get("involvedObject") or {}).get("fieldPath", "")
        if f"{{{container.name}}}" in about and _PROBE_KILL.search(str(event.get("message"))):
            return event
    return None


def _what(this: Crash) -> str:
    if this.never_started:
        return f"cannot start: {_start_message(this.ended.message)}"
    if this.ended.exit_code is None:
        return "crashes again and again; the cluster does not say with which exit code"
    if this.probe is not None:
        return f"is killed by its {_probe_name(this.probe)} probe (exit code {this.ended.exit_code})"
    return f"ends with exit code {this.ended.exit_code} ({meaning(this.ended.exit_code)}){_log_said(this)}"


def _log_said(this: Crash) -> str:
    if this.line is None:
        return ""
    return f'; its log says "{this.line}"' if this.line else "; its log is empty"


def _start_message(message: str) -> str:
    plain = one_line(message)
    match = _START_MESSAGE.search(plain)
    return match[1] if match else plain or "the container runtime does not say why"


def _probe_name(event: Json) -> str:
    match = _PROBE_KILL.search(str(event.get("message")))
    return match[1] if match else "liveness"


def _why(this: Crash) -> str:
    if this.never_started or this.ended.exit_code in _NOT_RUNNABLE_CODES:
        return (
            "The container's command does not exist in its image, or cannot be executed there: a wrong path, "
            "a missing shell, a file without the x bit, or an image without that program."
        )
    if this.probe is not None:
        return (
            "The kubelet restarts a container whose probe fails failureThreshold times in a row. Either the "
            "probe asks in the wrong place or too early, or the application hangs."
        )
    return _why_of_code(this.ended.exit_code)


def _why_of_code(exit_code: int | None) -> str:
    match exit_code:
        case 0:
            return (
                "A container that is always restarted must keep running. This one's command ends by itself: "
                "it belongs in a Job, or its server runs in the background."
            )
        case 137:
            return (
                "Something outside killed it: a probe, a grace period that was too short, or the node. The "
                "kernel's memory killer would be reported as OOMKilled."
            )
        case 139:
            return "It touched memory that is not its own: a bug in native code, or an image for another CPU."
        case 143:
            return "It was asked to stop and did. Something stops it again and again: a probe, a script, itself."
        case _:
            return (
                "The application itself gives up, and its log says why. Where the pod's restartPolicy says "
                "so, the kubelet starts it again, after 10 s, 20 s, 40 s and so on up to 5 minutes."
            )


def _evidence(this: Crash, snapshot: Snapshot) -> list[Evidence]:
    container, pod = this.container, this.container.pod
    evidence = [about_pod("status", pod, _status(this))]
    if this.line and not this.never_started:
        evidence.append(about_pod("log", pod, this.line))
    if this.probe is not None:
        evidence += [about_pod("event", pod, event_said(event)) for event in _probe_events(this, snapshot)]
    if command := [*(container.spec.get("command") or ()), *(container.spec.get("args") or ())]:
        evidence.append(about_owner("spec", container.owner, f"command: {' '.join(map(str, command))}"))
    return evidence


def _probe_events(this: Crash, snapshot: Snapshot) -> list[Json]:
    unhealthy = [
        event
        for event in snapshot.events_of("Pod", this.container.pod_name)
        if event.get("reason") == "Unhealthy" and "probe failed" in str(event.get("message"))
    ]
    return [event for event in (this.probe, *unhealthy[:1]) if event is not None]


def _status(this: Crash) -> str:
    ended = this.ended
    code = "unknown" if ended.exit_code is None else ended.exit_code
    message = f": {ended.message}" if ended.message else ""
    reason = f" ({ended.reason})" if ended.reason else ""
    return (
        f"container {this.container.name} ended with exit code {code}{reason}, "
        f"restarts: {this.container.restarts}{message}"
    )


def _remedies(this: Crash) -> list[Remedy]:
    owner, container = this.container.owner, this.container
    previous = " --previous" if container.last_terminated else ""
    if this.probe is not None:
        title = f"Compare the {_probe_name(this.probe)} probe with where the application listens, and mend it"
        return [_edit(title, this)]
    logs = Remedy(
        title="Read what the run that failed said",
        command=f"kubectl logs {container.pod_name} -n {owner.namespace} -c {container.name}{previous}",
        risk="read",
    )
    if this.never_started or this.ended.exit_code in _NOT_RUNNABLE_CODES:
        return [_edit("Correct the command, or take an image that has it", this)]
    if this.ended.exit_code == 0:
        return [_edit("Give it a command that keeps running, or make it a Job", this), logs]
    return [logs]


def _edit(title: str, this: Crash) -> Remedy:
    return Remedy(title=title, command=f"kubectl edit {typed(this.container.owner)}", risk="change")
