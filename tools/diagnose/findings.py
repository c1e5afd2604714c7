"""What the rules find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from tools.cluster.resources import ObjectRef

RunCause = Literal[
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
    "NamespaceTerminating",
    "UnhealthyCondition",
    "NodeNotReady",
    "TerminatingStuck",
    "ProgressDeadlineExceeded",
    "RolloutPaused",
    "RolloutBlocked",
    "DaemonSetNotScheduled",
    "BackoffLimitExceeded",
    "DeadlineExceeded",
    "JobHeldBySidecar",
    "CronJobSuspended",
    "CronJobScheduleInvalid",
    "CronJobMissedRuns",
    "CronJobForbidden",
    "CronJobNotSucceeding",
    "ServiceSelectorMismatch",
    "ServiceNotReady",
    "ServicePortMismatch",
    "LoadBalancerPending",
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
"""Why something does not run."""
DeliveryCause = Literal[
    "ApplicationDeleting",
    "ApplicationNotWatched",
    "ReconcilePaused",
    "ApplicationNotRefreshed",
    "PathFilterExcludes",
    "ApplicationInvalid",
    "ComparisonError",
    "ComparisonErrorCached",
    "SharedResource",
    "SyncRetryHoldsBack",
    "SyncWaiting",
    "SyncNotRetried",
    "SyncFailed",
    "AutoSyncOff",
    "SyncWindowClosed",
    "PruneDisabled",
    "OutOfSyncAfterSync",
    "ImageUpdaterIdle",
    "RevisionPinned",
    "SyncedAtOldRevision",
    "ImageNotInGit",
    "SameTagRebuilt",
    "ApplicationUnhealthy",
    "PipelineRunInvalid",
    "TaskStepFailed",
    "TaskImageNotPulled",
    "TaskQuotaExceeded",
    "TaskUnschedulable",
    "TaskResultTooLarge",
    "TaskPodFailed",
    "PipelineTimedOut",
    "PipelineCancelled",
    "PipelinePending",
    "TaskSkipped",
    "FinallyFailed",
    "TriggerInvalid",
    "TriggerNoRun",
    "BuildFailed",
    "BuildSecretMissing",
    "BuildNotStarted",
    "BuildCancelled",
    "BuildConfigPaused",
    "ImageImportFailed",
    "WebhookFailing",
    "WebhookMissing",
]
"""Why a commit does not get there (`tools.delivery`)."""
Cause = Literal[RunCause, DeliveryCause]
"""The closed vocabulary: Kubernetes' own word where it has one. docs/causes.md explains each."""
Severity = Literal["error", "warning", "info"]
Source = Literal["status", "event", "log", "spec", "metric"]
Risk = Literal["read", "render", "provision", "change", "secret", "delete", "cluster"]


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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
