"""What a diagnosis says: `desk.findings/v1`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from tools.cluster.resources import ObjectRef

SCHEMA = "desk.findings/v1"

Cause = Literal[
    "OOMKilled",
    "CrashLoopBackOff",
    "InitContainerStuck",
    "LivenessProbeFailed",
    "StartupProbeFailed",
    "ReadinessProbeFailed",
    "ImagePullBackOff",
    "CreateContainerConfigError",
    "Pending",
    "FailedMount",
    "QuotaExceeded",
    "LimitRangeViolated",
    "PodSecurityViolated",
    "WebhookDenied",
    "WebhookUnavailable",
    "FailedCreate",
    "Evicted",
    "Preempted",
    "PodFailed",
    "UnhealthyCondition",
    "NodeNotReady",
    "TerminatingStuck",
    "ProgressDeadlineExceeded",
    "RolloutPaused",
    "RolloutBlocked",
    "DaemonSetNotScheduled",
    "BackoffLimitExceeded",
    "DeadlineExceeded",
    "CronJobSuspended",
    "CronJobScheduleInvalid",
    "CronJobMissedRuns",
    "CronJobForbidden",
    "ServiceSelectorMismatch",
    "ServiceNotReady",
    "ServicePortMismatch",
    "BackendServiceMissing",
    "BackendPortMissing",
    "IngressClassMissing",
    "TLSSecretMissing",
    "HostConflict",
    "NetworkPolicyBlocksDNS",
    "NetworkPolicyBlocksIngress",
    "HPATargetMissing",
    "HPANoRequests",
    "HPANoMetrics",
    "HPAAtMaximum",
    "PDBBlocksDisruption",
    "RBACForbidden",
]
"""The closed vocabulary: Kubernetes' own word where it has one. docs/causes.md explains each."""
Severity = Literal["error", "warning", "info"]
Source = Literal["status", "event", "log", "spec", "metric"]
Risk = Literal["read", "render", "provision", "change", "secret", "delete", "cluster"]

_WORST_FIRST: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


class Evidence(msgspec.Struct, frozen=True):
    """Where a finding rests: `object` is the kind and name it was read from, `text` what was read."""

    source: Source
    object: str
    text: str


class Remedy(msgspec.Struct, frozen=True):
    """What a person could type; and, where Desk can do it, the tool with its arguments."""

    title: str
    command: str
    risk: Risk
    tool: str | None = None
    arguments: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Finding(msgspec.Struct, frozen=True):
    """One cause on one object: `object` is what a person would change, `affected` the pods that suffer.

    `concerns` are further objects that suffer (the Deployment that a quota holds back): who asks about one of
    them is told of this finding, and what follows from it there is not a finding of its own.

    `settles_at` is there while time alone may still mend it: until then it is a warning, "so far" (`timing`).
    """

    cause: Cause
    object: ObjectRef
    container: str | None
    affected: tuple[str, ...]
    summary: str
    why: str
    evidence: tuple[Evidence, ...]
    remedies: tuple[Remedy, ...] = ()
    severity: Severity = "error"
    concerns: tuple[ObjectRef, ...] = ()
    settles_at: datetime | None = None

    @property
    def so_far(self) -> bool:
        """Whether time alone may still mend it."""
        return self.settles_at is not None


class Starting(msgspec.Struct, frozen=True):
    """What may still become well or bad, and of which no finding tells: `said` is what it lacks.

    `affected` are the pods meant; `settles_at` is when it is judged at the latest.
    """

    object: ObjectRef
    affected: tuple[str, ...]
    said: str
    settles_at: datetime
    concerns: tuple[ObjectRef, ...] = ()


class Known:
    """What the findings so far explain: a symptom of it is not a finding of its own."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        findings = list(findings)
        told = [finding for finding in findings if finding.severity != "info"]
        self._pods = {pod for finding in told for pod in finding.affected}
        self._containers = {(pod, finding.container) for finding in told for pod in finding.affected}
        self._refs = {one for each in told for one in (each.object, *each.concerns)}
        self._told_pods = {pod for finding in findings for pod in finding.affected}
        self._told_refs = {one for each in findings for one in (each.object, *each.concerns)}
        self._objects = {(one.kind, one.name) for one in self._refs}

    def explains_pod(self, name: str) -> bool:
        """Whether a finding names this pod among those that suffer."""
        return name in self._pods

    def explains_container(self, pod: str, name: str) -> bool:
        """Whether a finding is on this container, or on the whole pod: not one on another container of the pod."""
        return not self._containers.isdisjoint(((pod, None), (pod, name)))

    def explains(self, kind: str, name: str) -> bool:
        """Whether a finding is on this object, or concerns it."""
        return (kind, name) in self._objects

    def explains_exactly(self, ref: ObjectRef) -> bool:
        """The same with the namespace: a webhook's Service may be of another one."""
        return ref in self._refs

    def tells_of(self, ref: ObjectRef) -> bool:
        """Whether any finding, even one that is only worth knowing, is on this object or concerns it."""
        return ref in self._told_refs

    def tells_of_pod(self, name: str) -> bool:
        """The same of a pod."""
        return name in self._told_pods


def report(
    findings: Iterable[Finding],
    starting: Iterable[Starting] = (),
    *,
    cluster: str,
    namespace: str | None,
    checked: Mapping[str, int],
    not_checked: Iterable[str] = (),
) -> dict[str, Any]:
    """The JSON of `desk.findings/v1`, worst first, then by object.

    `namespace` is None for a report on all of them. `checked` counts the objects read of each kind. The report is
    settled when nothing is `starting` and no finding is so far; else `settles_at` is when the last of them is
    judged, RFC 3339 in UTC.
    `not_checked` is there only when something was not readable: each entry says what and why.
    """
    findings, starting = sorted(findings, key=_order), sorted(starting, key=_where)
    open_until = [each.settles_at for each in starting]
    open_until += [each.settles_at for each in findings if each.settles_at is not None]
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "cluster": cluster,
        "namespace": namespace,
        "checked": dict(checked),
        "settled": not open_until,
        "settles_at": moment(max(open_until)) if open_until else None,
        "starting": [each.said for each in starting],
        "findings": [_finding(finding) for finding in findings],
    }
    if missing := list(not_checked):
        document["not_checked"] = missing
    return document


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _order(finding: Finding) -> tuple[int, tuple[str, str, str], str, str]:
    return _WORST_FIRST[finding.severity], _where(finding), finding.container or "", finding.cause


def _where(found: Finding | Starting) -> tuple[str, str, str]:
    return found.object.namespace or "", found.object.kind, found.object.name


def _finding(finding: Finding) -> dict[str, Any]:
    target = finding.object
    return {
        "cause": finding.cause,
        "severity": finding.severity,
        "so_far": finding.so_far,
        "settles_at": moment(finding.settles_at) if finding.settles_at else None,
        "object": {
            "apiVersion": target.api_version,
            "kind": target.kind,
            "namespace": target.namespace,
            "name": target.name,
        },
        "container": finding.container,
        "affected": list(finding.affected),
        "summary": finding.summary,
        "why": finding.why,
        "evidence": [
            {"source": item.source, "object": item.object, "text": item.text} for item in finding.evidence
        ],
        "remedies": [_remedy(remedy) for remedy in finding.remedies],
    }


def _remedy(remedy: Remedy) -> dict[str, Any]:
    return {
        "title": remedy.title,
        "command": remedy.command,
        "tool": remedy.tool,
        "arguments": dict(remedy.arguments) if remedy.tool else None,
        "risk": remedy.risk,
    }
