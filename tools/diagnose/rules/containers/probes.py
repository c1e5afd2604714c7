"""Probes that fail: a container that is killed for it, that never counts as started, or that is not ready.

Source: https://kubernetes.io/docs/concepts/workloads/pods/probes/
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from tools.apimachinery.selectors import labels_of
from tools.diagnose import timing
from tools.diagnose.facts import probing
from tools.diagnose.facts.containers import Container, crash
from tools.diagnose.facts.naming import about_owner, about_pod, event_said, log_says, pod_names, subject_of
from tools.diagnose.facts.owners import current_pods_of
from tools.diagnose.facts.probe_failures import ProbeFailure, probe_failure
from tools.diagnose.facts.probing import Probe, ProbeName
from tools.diagnose.facts.remedies import log_read, template_patched
from tools.diagnose.facts.roots import Root, rooted
from tools.diagnose.facts.service_pods import is_ready
from tools.diagnose.logs.context import in_context
from tools.diagnose.logs.decisive import QUOTE_CHARS, around
from tools.diagnose.logs.errors import recognised
from tools.diagnose.rules.containers.behind import Symptom, behind
from tools.diagnose.rules.containers.probe_remedy import set_probe
from tools.diagnose.rules.containers.unasked_probes import LIVENESS_PROBE_FAILED, never_asked
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, Remedy, Rule, Severity, Snapshot
from tools.plaintext import one_line

STARTUP_PROBE_FAILED = Cause(
    "StartupProbeFailed",
    topic="debugging",
    means="A container does not pass its startup probe: it is killed for that, or never counts as started.",
    why=(
        "Until the startup probe has succeeded once, the other probes wait. It has failureThreshold times "
        "periodSeconds for that; then the kubelet kills the container. A probe that cannot be made at all, "
        "because its port's name or its command does not exist, neither succeeds nor kills."
    ),
    mend="Correct what it asks, or raise failureThreshold so that the slowest start fits in.",
    example=(
        "container app of Deployment web does not pass its startup probe, which asks port metrics, and no "
        "port of the container has that name: it declares http (8080)"
    ),
    source="https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
    called=r"\bstartup probe\w*",
)
READINESS_PROBE_FAILED = Cause(
    "ReadinessProbeFailed",
    topic="debugging",
    means="A container runs, and its readiness probe keeps failing: no Service sends it traffic.",
    why=(
        "Only pods whose containers are all ready receive traffic, and a rollout waits for them. The probe "
        "asks the wrong port, path or scheme, or the application says itself that it is not ready: a "
        "database it needs is away, its cache is still being filled."
    ),
    mend="Correct what the probe asks, or mend what the application waits for: its log says what that is.",
    example=(
        "container app of Deployment web is not ready: its readiness probe asks GET :8080/ready, and gets "
        "404: the server has no path /ready"
    ),
    source="https://kubernetes.io/docs/concepts/workloads/pods/probes/",
    called=r"\breadiness\b|\b(not|n't|never) (get |become )?ready\b",
)

_CAUSES: dict[ProbeName, Cause] = {
    "liveness": LIVENESS_PROBE_FAILED,
    "startup": STARTUP_PROBE_FAILED,
    "readiness": READINESS_PROBE_FAILED,
}
_OFTEN = 2
"""One failure says nothing of what starts: it has one at every start."""
_REVISIONS = ("pod-template-hash", "controller-revision-hash")
_STANDS_BY = re.compile(
    r"[^\n]*(?:attempting to acquire leader|waiting for (?:the )?lead|\bstand(?:s|ing)?[- ]?by\b"
    r"|not (?:the )?leader|(?:another|other) (?:instance|replica|pod) (?:is|has) |became (?:a )?follower)[^\n]*",
    re.IGNORECASE,
)
_OVER_NETWORK = re.compile(r"localhost|127\.0\.0\.1|://|\bnc\b")
_KILLED_CODE = 137
_GRACE_S = 30
_LONG_ENOUGH_S = 5


def failed_probes(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Containers that a liveness or startup probe kills, or that cannot pass their startup probe."""
    killed = [_killed(name, group, snapshot) for name, group in probing.killed(snapshot).values()]
    stuck = [
        _waiting("startup", group, snapshot)
        for group in probing.waits_unready(snapshot)
        if probing.waits_for(group[0]) == "startup"
    ]
    return [*killed, *(finding for finding in stuck if finding is not None)]


def not_ready(snapshot: Snapshot, known: Known) -> list[Finding]:
    """What nothing explains: containers that run and are not ready, and liveness probes that nobody can ask.

    What befalls another container of the pod may explain it too, where the probe's answer can depend on that one.
    """
    unready = []
    for group in probing.waits_unready(snapshot):
        rest = [container for container in group if not known.explains_pod(container.pod_name)]
        own = [each for each in group if not known.explains_container(each.pod_name, each.name)]
        if not own or probing.waits_for(own[0]) != "readiness":
            continue
        if rest:
            unready.append(_waiting("readiness", rest, snapshot))
        elif severity := _by_itself(own[0], snapshot):
            found = _waiting("readiness", own, snapshot)
            unready.append(found and replace(found, severity=severity))
    findings = [finding for finding in unready if finding is not None]
    told = {name for finding in findings for name in finding.affected}
    return findings + [
        finding
        for finding in never_asked(snapshot)
        if not any(name in told or known.explains_pod(name) for name in finding.affected)
    ]


def _by_itself(container: Container, snapshot: Snapshot) -> Severity | None:
    """How sure it is that a probe fails whatever befalls the pod's other containers; None where that may be why.

    A port where nobody listens is this container's own affair, unless another one declares it. An application
    that answers that it is not well may wait for the other.
    """
    event = probing.unhealthy(container, "readiness", snapshot)
    probe = probing.probe_of(container, "readiness")
    judged = _failure(probe, container, event, snapshot)
    if event is None or probe is None or judged is None:
        return None
    if "exec" in probe.spec:
        return None if _OVER_NETWORK.search(probe.asks) else "error"
    if "refused" not in str(event.get("message")):
        return "error" if judged.certain else None
    return None if _declared_by_another(probe.port, container) else "warning"


def _declared_by_another(port: int | str | None, container: Container) -> bool:
    return any(
        port in (each.get("containerPort"), each.get("name"))
        for other in container.pod["spec"].get("containers") or ()
        if other.get("name") != container.name
        for each in other.get("ports") or ()
    )


def _killed(name: ProbeName, group: list[Container], snapshot: Snapshot) -> Finding:
    container = next((each for each in group if probing.killing(each, snapshot)), group[0])
    probe = probing.probe_of(container, name)
    event = probing.unhealthy(container, name, snapshot)
    judged = _failure(probe, container, event, snapshot)
    which = f", which {judged.said}" if judged else ""
    likely = "" if probing.killing(container, snapshot) else ", most likely"
    ending = _not_in_time(container, probe, snapshot)
    heard = _heard(container, judged, snapshot) if judged else None
    ending += heard.said if heard else ""
    found = Finding(
        cause=_CAUSES[name],
        object=container.owner,
        container=container.name,
        affected=pod_names(group),
        subject=subject_of(container),
        detail=f"is killed{likely} by its {name} probe{which}{ending}",
        why=f"The kubelet restarts a container whose {name} probe fails failureThreshold times in a row. "
        f"{judged.why if judged else ''}".strip(),
        evidence=tuple(_evidence(container, probe, (event, probing.killing(container, snapshot)), snapshot)),
        remedies=tuple(_remedies(container, name, judged)),
    )
    return _rooted(found, heard, container) if heard and heard.root else found


def _not_in_time(container: Container, probe: Probe | None, snapshot: Snapshot) -> str:
    """Worth a word where it had the time to stop."""
    ended = crash(container, snapshot.taken_at)
    own = probe.spec.get("terminationGracePeriodSeconds") if probe else None
    grace = own or container.pod["spec"].get("terminationGracePeriodSeconds", _GRACE_S)
    if ended is None or ended.exit_code != _KILLED_CODE or grace < _LONG_ENOUGH_S:
        return ""
    return f"; it does not stop by itself in its {grace} s of grace (exit code 137)"


def _waiting(name: ProbeName, group: list[Container], snapshot: Snapshot) -> Finding | None:
    container = next((each for each in group if probing.unhealthy(each, name, snapshot)), group[0])
    probe = probing.probe_of(container, name)
    event = probing.unhealthy(container, name, snapshot)
    judged = _failure(probe, container, event, snapshot)
    if probe is None or judged is None:
        return None
    if name == "readiness" and (passes := _alike_and_ready(container, snapshot)):
        return _beside(passes, group, (event,), snapshot)
    heard = _heard(container, judged, snapshot)
    until = None if heard and heard.root else _passes_by(probe, container, judged, snapshot)
    is_open = until is not None and until > snapshot.taken_at
    if is_open and not judged.certain and probing.failures(container, name, snapshot) < _OFTEN:
        return None
    found = Finding(
        cause=_CAUSES[name],
        object=container.owner,
        container=container.name,
        affected=pod_names(group),
        subject=subject_of(container),
        detail=f"{_begins(container, name, snapshot, is_open=is_open)} {judged.said}"
        + (heard.said if heard else ""),
        passing=_limit_said(probe, judged) if is_open else "",
        why=judged.why,
        evidence=tuple(_evidence(container, probe, (event,), snapshot)),
        remedies=tuple(_remedies(container, name, judged)),
    )
    return timing.so_far(_rooted(found, heard, container) if heard else found, until, snapshot)


class _Heard(msgspec.Struct, frozen=True):
    """What the log of a container that is not ready says of why, and what lies behind it."""

    line: str
    said: str
    root: Root | None


def _heard(container: Container, judged: ProbeFailure, snapshot: Snapshot) -> _Heard | None:
    """None where the probe's own answer decides, or the log tells of no error."""
    log = snapshot.logs.get((container.pod_name, container.name), "")
    if judged.certain or not log:
        return None
    lines = around(log)
    error = recognised(lines)
    root = behind(Symptom(container, snapshot, error, lines))
    if error is None and root is None:
        return None
    line = one_line(error.line if error else lines[0], QUOTE_CHARS)
    context = root.said if root else in_context(error, container, snapshot) if error else ""
    return _Heard(line, log_says(line, context), root)


def _rooted(found: Finding, heard: _Heard, container: Container) -> Finding:
    """The finding on what lies behind it, with what the log says."""
    evidence = (*found.evidence, about_pod("log", container.pod, heard.line))
    root = heard.root
    if root is None:
        return replace(found, evidence=evidence, remedies=tuple(reversed(found.remedies)))
    own = (each for each in found.remedies if each.risk == "read")
    return rooted(replace(found, evidence=evidence), root, own)


def _alike_and_ready(container: Container, snapshot: Snapshot) -> str:
    """A pod of the same template that is ready: what this one is asked, that one answers. Empty where none is."""
    labels = labels_of(container.pod)
    revision = {key: labels[key] for key in _REVISIONS if key in labels}
    alike = (pod for pod in current_pods_of(container.owner, snapshot) if revision and is_ready(pod))
    return next((pod["metadata"]["name"] for pod in alike if revision.items() <= labels_of(pod).items()), "")


def _beside(passes: str, group: list[Container], events: tuple[Json | None, ...], snapshot: Snapshot) -> Finding:
    """A pod that is not ready, though another of the same template is: by design, where it stands by."""
    container = group[0]
    stands_by = _STANDS_BY.search(snapshot.logs.get((container.pod_name, container.name), ""))
    said_so = ", which passes the same probe"
    because = f'; its log says that it stands by: "{one_line(stands_by[0], 120)}"' if stands_by else ""
    return Finding(
        cause=READINESS_PROBE_FAILED,
        object=container.owner,
        container=container.name,
        affected=pod_names(group),
        subject=subject_of(container),
        detail=f"is not ready in pod {container.pod_name}, unlike {passes}{said_so}" + because,
        why="The template is the same, so it is not the probe that is wrong: this pod answers otherwise. Of "
        "several replicas of which one leads, the others are mostly not ready by design.",
        evidence=tuple(_evidence(container, probing.probe_of(container, "readiness"), events, snapshot)),
        remedies=tuple(_remedies(container, "readiness", None)),
        severity="info" if stands_by else "warning",
    )


def _passes_by(probe: Probe, container: Container, judged: ProbeFailure, snapshot: Snapshot) -> datetime | None:
    """Until when it may become ready: as long as the probe allows, or the rollout where nothing is certain.

    None where no time makes it ready, and where it was ready: then the probe has failed as often as it may.
    """
    if probing.lacks_port(probe, container) or (probe.name == "readiness" and probing.was_ready(container)):
        return None
    allowed = timing.after(container.running.get("startedAt"), timedelta(seconds=probe.allowed_s + probe.timeout_s))
    if judged.certain or probe.name == "startup":
        return allowed
    ends = timing.rollout_ends(container.pod, container.owner, snapshot)
    return max((each for each in (allowed, ends) if each is not None), default=None)


def _begins(container: Container, name: ProbeName, snapshot: Snapshot, *, is_open: bool) -> str:
    lasts = f" for {probing.unready_for_s(container, snapshot):.0f} s" if is_open else ""
    if name == "readiness":
        return f"is not ready{lasts}: its readiness probe"
    return (
        f"has not passed its startup probe{lasts}, which" if is_open else "does not pass its startup probe, which"
    )


def _limit_said(probe: Probe, judged: ProbeFailure) -> str:
    if probe.name == "startup":
        return f"; it is killed at {probe.allowed_s} s"
    return f"; it has {probe.allowed_s} s for that" if judged.certain else "; it may still be starting"


def _failure(
    probe: Probe | None, container: Container, event: Json | None, snapshot: Snapshot
) -> ProbeFailure | None:
    if probe is None:
        return None
    message = str((event or {}).get("message") or "")
    log = snapshot.logs.get((container.pod_name, container.name), "")
    return probe_failure(probe, container, message, log)


def _evidence(
    container: Container, probe: Probe | None, events: tuple[Json | None, ...], snapshot: Snapshot
) -> list[Evidence]:
    evidence = [about_pod("status", container.pod, _status(container, snapshot))]
    hooks = [
        each for each in probing.events_about(container, snapshot) if each.get("reason") == "FailedPreStopHook"
    ]
    for event in (*events, *hooks[:1]):
        if event is not None:
            evidence.append(about_pod("event", container.pod, event_said(event)))
    if probe is not None:
        timing = f"{probe.allowed_s} s allowed, timeout {probe.timeout_s} s"
        evidence.append(about_owner("spec", container.owner, f"{probe.name}Probe: {probe.written} ({timing})"))
    return evidence


def _status(container: Container, snapshot: Snapshot) -> str:
    ended = crash(container, snapshot.taken_at)
    if ended is not None:
        return (
            f"container {container.name} ended with exit code {ended.exit_code} ({ended.reason}), "
            f"restarts: {container.restarts}"
        )
    since = container.running.get("startedAt")
    return f"container {container.name} runs since {since} and is not ready, restarts: {container.restarts}"


def _remedies(container: Container, name: ProbeName, judged: ProbeFailure | None) -> list[Remedy]:
    owner = container.owner
    logs = log_read(container, "Read what the application says", previous=bool(container.last_terminated))
    if judged is None:
        return [logs]
    change = {} if container.init else judged.change
    if judged.host_header and not container.init:
        header = {"httpHeaders": [{"name": "Host", "value": judged.host_header}]}
        patch = {"containers": [{"name": container.name, f"{name}Probe": {"httpGet": header}}]}
        return [template_patched(owner, judged.title, patch), logs]
    return [set_probe(owner, container.spec, name, change, judged.title), logs]


RULE = Rule(causes=(LIVENESS_PROBE_FAILED, STARTUP_PROBE_FAILED), find=failed_probes)


UNREADY = Rule(causes=(READINESS_PROBE_FAILED, LIVENESS_PROBE_FAILED), find=not_ready)
