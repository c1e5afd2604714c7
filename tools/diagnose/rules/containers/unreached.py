"""Crashes whose cause lies between the program and what it calls: the finding is on that, and names who crashes.

Only what is certain: the log says that a name was not resolved, and a policy keeps the pod from DNS; or that a
Service did not answer, and that Service leads nowhere, or a policy keeps the pod from it.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from tools.diagnose.facts.crashes import Crash, crashes
from tools.diagnose.facts.naming import about_pod, pod_names, said
from tools.diagnose.facts.service_pods import is_ready, pods_behind, ports_of, selector_of, service_ref
from tools.diagnose.facts.workloads import workloads_matching
from tools.diagnose.logs.context import service_called
from tools.diagnose.rules.network.dns import dns_blocked, unresolved
from tools.diagnose.rules.network.ingress import ingress_blocked
from tools.diagnose.rules.network.services import misdirected
from tools.diagnose.terms import Finding, Json, Known, ObjectRef, Rule, Snapshot

_UNANSWERED = ("connection refused", "timeout")
_LOGS_SHOWN = 3


def unreached(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """The Services that crashing programs call in vain, and the policies between them."""
    found: dict[str, tuple[Finding, list[Crash]]] = {}
    for crash in crashes(snapshot):
        if cause := _on_the_way(crash, snapshot):
            found.setdefault(cause.summary, (cause, []))[1].append(crash)
    return [_with_crashes(cause, group) for cause, group in found.values()]


def cause_elsewhere(crash: Crash, snapshot: Snapshot) -> Finding | None:
    """The finding on another object from which a crash follows."""
    return _without_dns(crash, snapshot) or _on_the_way(crash, snapshot)


def _without_dns(crash: Crash, snapshot: Snapshot) -> Finding | None:
    if crash.ended.exit_code == 0 or not any(map(unresolved, (crash.line or "", *crash.lines))):
        return None
    pods = set(pod_names(crash.group))
    return next((each for each in dns_blocked(snapshot) if pods <= set(each.affected)), None)


def _on_the_way(crash: Crash, snapshot: Snapshot) -> Finding | None:
    if crash.error is None or crash.error.kind not in _UNANSWERED:
        return None
    called = service_called(crash.error, snapshot)
    if called is None:
        return None
    service, port = called
    return _misdirected(service, port, snapshot) or _kept_out(crash, service, snapshot)


def _misdirected(service: Json, port: int | None, snapshot: Snapshot) -> Finding | None:
    """The fault of the Service on that port; where the log names none, of its only one."""
    ports = [each.get("port") for each in ports_of(service)]
    if port not in ports and (port is not None or len(ports) != 1):
        return None
    faults = misdirected(service, snapshot, port=port)
    return next((each for each in faults if each.severity == "error"), None)


def _kept_out(crash: Crash, service: Json, snapshot: Snapshot) -> Finding | None:
    """The policy of this namespace that lets the caller not in to the Service."""
    blocked = snapshot.once("ingress_blocked", lambda: _by_concern(ingress_blocked(snapshot, Known(()))))
    found = blocked.get(service_ref(service, snapshot), [])
    return next((each for each in found if crash.container.owner in each.concerns), None)


def _by_concern(findings: list[Finding]) -> dict[ObjectRef, list[Finding]]:
    found: dict[ObjectRef, list[Finding]] = {}
    for each in findings:
        for ref in each.concerns:
            found.setdefault(ref, []).append(each)
    return found


def following(findings: list[Finding], snapshot: Snapshot) -> list[Finding]:
    """Who crashes because none of the pods that it calls is ready is told of where it is said why they are not."""
    led = {crash.container.owner: crash for crash in crashes(snapshot)}
    about = _about(findings)
    causes = {
        at: cause
        for at, each in enumerate(findings)
        if (crash := led.get(each.object)) is not None
        and each.cause == "CrashLoopBackOff"
        and (cause := _of_called(at, crash, about, snapshot)) is not None
    }
    roots: dict[int, list[Crash]] = {}
    told = set()
    for at, root in _ends(causes).items():
        if root is not None:
            told.add(at)
            roots.setdefault(root, []).append(led[findings[at].object])
    return [
        _followed(each, roots[at]) if at in roots else each for at, each in enumerate(findings) if at not in told
    ]


def _ends(causes: Mapping[int, int]) -> dict[int, int | None]:
    """Where each chain of causes ends; None where it goes round."""
    ends: dict[int, int | None] = {}
    for first in causes:
        here, path = first, dict[int, None]()
        while here in causes and here not in ends and here not in path:
            path[here] = None
            here = causes[here]
        ends |= dict.fromkeys(path, ends.get(here, None if here in causes else here))
    return ends


def _about(findings: list[Finding]) -> dict[str | ObjectRef, list[int]]:
    """Which findings are about a pod, by its name, or about an object."""
    found: dict[str | ObjectRef, list[int]] = {}
    for at, each in enumerate(findings):
        keys: list[str | ObjectRef] = [*each.affected, each.object, *each.concerns]
        for key in dict.fromkeys(keys):
            found.setdefault(key, []).append(at)
    return found


def _of_called(
    own: int, crash: Crash, about: Mapping[str | ObjectRef, list[int]], snapshot: Snapshot
) -> int | None:
    """Which other finding says why no pod is ready that a crash calls."""
    if crash.error is None or crash.error.kind not in (*_UNANSWERED, "unknown host"):
        return None
    called = service_called(crash.error, snapshot)
    if called is None or any(map(is_ready, behind := pods_behind(called[0], snapshot))):
        return None
    keys: list[str | ObjectRef] = [str(pod["metadata"]["name"]) for pod in behind]
    keys += [each.ref for each in workloads_matching(selector_of(called[0]), snapshot)]
    firsts = (next((at for at in about.get(key, []) if at != own), None) for key in keys)
    return min((at for at in firsts if at is not None), default=None)


def _followed(cause: Finding, group: list[Crash]) -> Finding:
    told = _with_crashes(cause, group)
    severity = "error" if cause.severity == "info" else cause.severity
    return replace(told, severity=severity, affected=tuple(dict.fromkeys((*cause.affected, *told.affected))))


def _with_crashes(cause: Finding, group: list[Crash]) -> Finding:
    owners = tuple(dict.fromkeys(crash.container.owner for crash in group))
    first = group[0]
    more = f" and {len(owners) - 1} more" if len(owners) > 1 else ""
    logs = tuple(about_pod("log", crash.container.pod, crash.line or "") for crash in group)
    return replace(
        cause,
        affected=tuple(name for crash in group for name in pod_names(crash.group)),
        detail=f'{cause.detail}; {said(first.container.owner)}{more} crashes for it, its log says "{first.line}"',
        evidence=(*cause.evidence, *logs[:_LOGS_SHOWN]),
        concerns=(*cause.concerns, *(owner for owner in owners if owner not in cause.concerns)),
    )


RULE = Rule(find=unreached, retell=following)
