"""What the kubelet asks of a container, and what it says when the answer is wrong.

Source: https://kubernetes.io/docs/concepts/workloads/pods/probes/ and kubelet's pkg/kubelet/prober/prober.go.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from tools.diagnose.facts.commands import listed
from tools.diagnose.facts.containers import (
    START_REASONS,
    Container,
    Termination,
    alike,
    broken,
    containers,
    crash,
    parse_time,
)
from tools.diagnose.reading.snapshot import event_time, times
from tools.diagnose.terms import Json, ObjectRef, Snapshot, once

ProbeName = Literal["liveness", "startup", "readiness"]
Group = tuple["ObjectRef", str]
"""The owner and the name of containers that fail alike."""

_KILLED_BY = re.compile(r"failed (liveness|startup) probe")
_STOPPED_CODES = (0, 137, 143)
_EVENTS_MAY_LAG = timedelta(seconds=2)
_FRESH = timedelta(seconds=15)
_DECISIVE_FIRST = (
    re.compile(r"statuscode|HTTP response|invalid syntax|executable file not found"),
    re.compile(r"^(?!.*(connection refused|connection reset|EOF|readLoopPeek))", re.DOTALL),
    re.compile(r"connection reset|EOF|readLoopPeek"),
    re.compile(r"connection refused"),
)
_KILLERS: tuple[ProbeName, ...] = ("startup", "liveness")
_ABOUT_S = 5
_EVENTS_IN_A_BURST = 25
_PERIOD_S = 10
_FAILURES = 3


class Probe(msgspec.Struct, frozen=True):
    """A container's probe, with the defaults of the API filled in."""

    name: ProbeName
    spec: Json

    @property
    def initial_delay_s(self) -> int:
        return int(self.spec.get("initialDelaySeconds") or 0)

    @property
    def timeout_s(self) -> int:
        return int(self.spec.get("timeoutSeconds") or 1)

    @property
    def allowed_s(self) -> int:
        """How long after its start a container may fail before it counts."""
        period = int(self.spec.get("periodSeconds") or _PERIOD_S)
        return self.initial_delay_s + period * int(self.spec.get("failureThreshold") or _FAILURES)

    @property
    def soonest_s(self) -> int:
        """How long after its start a container can be killed at the earliest."""
        return self.allowed_s - int(self.spec.get("periodSeconds") or _PERIOD_S)

    @property
    def handler(self) -> Json:
        for kind in ("httpGet", "tcpSocket", "grpc", "exec"):
            if isinstance(found := self.spec.get(kind), dict):
                return found
        return {}

    @property
    def port(self) -> int | str | None:
        return self.handler.get("port")

    @property
    def scheme(self) -> str:
        return str(self.handler.get("scheme") or "HTTP")

    @property
    def asks(self) -> str:
        """`GET :8080/healthz`, as a finding says it."""
        if "httpGet" in self.spec:
            scheme = "" if self.scheme == "HTTP" else "https "
            return f"{scheme}GET :{self.port}{self.handler.get('path') or '/'}"
        if "exec" in self.spec:
            return " ".join(self.command)
        return f"{'gRPC' if 'grpc' in self.spec else 'TCP'} :{self.port}"

    @property
    def command(self) -> list[str]:
        """The words that an exec probe runs; empty for another."""
        return [str(word) for word in (self.spec.get("exec") or {}).get("command") or ()]

    @property
    def written(self) -> str:
        """`asks`, a command as the list that the spec has."""
        return listed(self.command) if self.command else self.asks


def probe_of(container: Container, name: ProbeName) -> Probe | None:
    """The container's probe of that name."""
    spec = container.spec.get(f"{name}Probe")
    return Probe(name, spec) if isinstance(spec, dict) else None


def named_ports(container: Container) -> dict[str, int]:
    """The container's ports that have a name."""
    return {str(each["name"]): each["containerPort"] for each in _ports(container) if each.get("name")}


def declared_ports(container: Container) -> list[int]:
    """The TCP ports that the container declares."""
    return [each["containerPort"] for each in _ports(container) if (each.get("protocol") or "TCP") == "TCP"]


def _ports(container: Container) -> list[Json]:
    return [each for each in container.spec.get("ports") or () if isinstance(each.get("containerPort"), int)]


@once
def killed(snapshot: Snapshot) -> dict[Group, tuple[ProbeName, list[Container]]]:
    """The containers that a probe's failure kills again and again, and which probe: those are no crashes."""
    found: dict[Group, tuple[ProbeName, list[Container]]] = {}
    for group in broken(snapshot, "CrashLoopBackOff"):
        for container in group:
            if name := _killed_by(container, snapshot):
                found[container.owner, container.name] = (name, group)
                break
    return found


def _killed_by(container: Container, snapshot: Snapshot) -> ProbeName | None:
    """The probe that killed the run which ended: as the kubelet's event says, else as its end tells."""
    ended = crash(container, snapshot.taken_at)
    if ended is None or ended.reason in START_REASONS:
        return None
    event = killing(container, snapshot)
    if event is None:
        return None if _events_are_complete(container, snapshot) else _most_likely(container, ended)
    if ended.exit_code not in _STOPPED_CODES and not _since_last_start(event, container):
        return None
    match = _KILLED_BY.search(str(event.get("message")))
    return "startup" if match and match[1] == "startup" else "liveness"


def _most_likely(container: Container, ended: Termination) -> ProbeName | None:
    """Without an event (they come late, and are kept for an hour): a run that was stopped when a probe would.

    Stopped by SIGKILL or SIGTERM, or ended well: a server that is asked to stop does that; then the run must have
    lasted about as long as the probe allows.
    """
    ran_s = _ran_s(container)
    if ended.exit_code not in _STOPPED_CODES or ran_s is None or container.restarts == 0:
        return None
    for name in _KILLERS:
        probe = probe_of(container, name)
        if probe is None or ran_s < probe.soonest_s:
            continue
        grace_s = int(container.pod["spec"].get("terminationGracePeriodSeconds") or 0)
        in_time = ran_s <= probe.allowed_s + grace_s + _ABOUT_S
        if in_time or (name == "liveness" and ended.exit_code != 0):
            return name
    return None


def _events_are_complete(container: Container, snapshot: Snapshot) -> bool:
    """Whether the kubelet's events go on after the end: it sends them in order, and drops some only of many.

    Source: client-go's tools/record/events_cache.go (25 of one object in a burst).
    """
    events = events_about(container, snapshot)
    ended = container.terminated or container.last_terminated
    finished = parse_time(ended.get("finishedAt"))
    seen = [moment for event in events if (moment := parse_time(event_time(event))) is not None]
    many = sum(int(event.get("count") or 1) for event in events) >= _EVENTS_IN_A_BURST
    return finished is not None and not many and any(moment > finished for moment in seen)


def _ran_s(container: Container) -> float | None:
    ended = container.terminated or container.last_terminated
    started, finished = parse_time(ended.get("startedAt")), parse_time(ended.get("finishedAt"))
    return (finished - started).total_seconds() if started and finished else None


def _since_last_start(event: Json, container: Container) -> bool:
    ended = container.terminated or container.last_terminated
    started, seen = parse_time(ended.get("startedAt")), parse_time(event_time(event))
    return started is not None and seen is not None and seen >= started - _EVENTS_MAY_LAG


def killing(container: Container, snapshot: Snapshot) -> Json | None:
    """The kubelet's newest event that a probe made it kill the container."""
    return next(
        (event for event in events_about(container, snapshot) if _KILLED_BY.search(str(event.get("message")))),
        None,
    )


def undecided(container: Container, snapshot: Snapshot) -> bool:
    """Whether the first kill is so fresh that the event of a probe which tells why may still be on its way."""
    ended = container.terminated or container.last_terminated
    finished = parse_time(ended.get("finishedAt"))
    return (
        container.restarts <= 1
        and ended.get("exitCode") in _STOPPED_CODES
        and finished is not None
        and snapshot.taken_at - finished < _FRESH
        and _may_have_killed(container, parse_time(ended.get("startedAt")), finished)
        and not _events_are_complete(container, snapshot)
    )


def _may_have_killed(container: Container, started: datetime | None, finished: datetime) -> bool:
    """Whether a run was as long as one of its probes takes to give up, to the second."""
    probes = filter(None, (probe_of(container, name) for name in _KILLERS))
    soonest_s = min((each.soonest_s for each in probes), default=None)
    return soonest_s is not None and (started is None or (finished - started).total_seconds() + 1 >= soonest_s)


def events_about(container: Container, snapshot: Snapshot) -> list[Json]:
    """The events about one container, newest first: the kubelet names it in the field path."""
    return [
        event
        for event in snapshot.events_of("Pod", container.pod_name)
        if f"{{{container.name}}}" in str((event.get("involvedObject") or {}).get("fieldPath") or "")
    ]


def unhealthy(container: Container, name: ProbeName, snapshot: Snapshot) -> Json | None:
    """The event that says best why a probe fails, the newest of those: a wrong answer says more than none."""
    seen = _failures(container, name, snapshot)
    return min(seen, key=lambda event: _vagueness(str(event.get("message"))), default=None)


def _failures(container: Container, name: ProbeName, snapshot: Snapshot) -> list[Json]:
    about = re.compile(rf"\b{name} probe (failed|errored)", re.IGNORECASE)
    return [
        event
        for event in events_about(container, snapshot)
        if event.get("reason") == "Unhealthy" and about.search(str(event.get("message")))
    ]


def _vagueness(message: str) -> int:
    """0 an answer that decides, 1 another, 2 a connection that broke, 3 nobody there, as at every start."""
    for rank, pattern in enumerate(_DECISIVE_FIRST):
        if pattern.search(message):
            return rank
    return 1


@once
def waits_unready(snapshot: Snapshot) -> list[list[Container]]:
    """Containers that run and are not ready, or have not passed their startup probe, and whose probe has failed.

    It has when the kubelet says so, when it cannot be made, or when the time that it allows is over. Not those that
    ended lately. In groups of one owner and container name.
    """
    return alike(each for each in containers(snapshot) if _has_failed(each, snapshot))


def _has_failed(container: Container, snapshot: Snapshot) -> bool:
    name = None if crash(container, snapshot.taken_at) else waits_for(container)
    probe = probe_of(container, name) if name else None
    if probe is None:
        return False
    if lacks_port(probe, container) or unready_for_s(container, snapshot) > probe.allowed_s + probe.timeout_s:
        return True
    since = parse_time(container.running.get("startedAt"))
    seen = (parse_time(event_time(event)) for event in _failures(container, probe.name, snapshot))
    return any(moment is not None and (since is None or moment >= since) for moment in seen)


def lacks_port(probe: Probe, container: Container) -> bool:
    """Whether it asks a port by a name that no port of its container has."""
    return isinstance(probe.port, str) and not probe.port.isdecimal() and probe.port not in named_ports(container)


def failures(container: Container, name: ProbeName, snapshot: Snapshot) -> int:
    """How often the kubelet has seen a probe of this container fail, in all its runs."""
    return sum(times(event) for event in _failures(container, name, snapshot))


def waits_for(container: Container) -> ProbeName | None:
    """The probe that a running container has not passed; None when it has, or does not run."""
    if not container.running or container.status.get("ready"):
        return None
    if container.status.get("started") is False and container.spec.get("startupProbe"):
        return "startup"
    return "readiness" if container.spec.get("readinessProbe") else None


def unready_for_s(container: Container, snapshot: Snapshot) -> float:
    """How long it has run and not been ready, in seconds; 0 where the API does not say."""
    since = unready_since(container)
    return (snapshot.taken_at - since).total_seconds() if since else 0.0


def unready_since(container: Container) -> datetime | None:
    """Since when it has run and not been ready."""
    moments = (parse_time(container.running.get("startedAt")), _lost_at(container))
    return max((moment for moment in moments if moment is not None), default=None)


def was_ready(container: Container) -> bool:
    """Whether its pod was ready in this run of the container, and is not any more."""
    started, lost = parse_time(container.running.get("startedAt")), _lost_at(container)
    return started is not None and lost is not None and lost > started


def _lost_at(container: Container) -> datetime | None:
    """When the containers of its pod were last seen to become unready: at its making, for those that never were."""
    lost = (
        parse_time(each.get("lastTransitionTime"))
        for each in container.pod["status"].get("conditions") or ()
        if each.get("type") == "ContainersReady" and each.get("status") == "False"
    )
    return max((moment for moment in lost if moment is not None), default=None)
