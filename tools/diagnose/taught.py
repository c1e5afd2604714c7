"""Which page of the platform's documentation teaches what a cause is about: `desk docs TOPIC`."""

from __future__ import annotations

from collections.abc import Mapping

from tools.diagnose.findings import Cause
from tools.topics import Topic

_CAUSES: Mapping[Topic, tuple[Cause, ...]] = {
    "debugging": (
        *("CrashLoopBackOff", "InitContainerStuck", "LivenessProbeFailed", "StartupProbeFailed"),
        *("ReadinessProbeFailed", "PodFailed", "UnhealthyCondition", "TerminatingStuck", "NamespaceTerminating"),
        *("FailedCreate", "BackoffLimitExceeded", "DeadlineExceeded", "JobHeldBySidecar", "CronJobSuspended"),
        *("CronJobScheduleInvalid", "CronJobMissedRuns", "CronJobForbidden", "CronJobNotSucceeding"),
    ),
    "deploying-apps": (
        *("ProgressDeadlineExceeded", "RolloutPaused", "RolloutBlocked", "DaemonSetNotScheduled"),
        *("ApplicationDeleting", "ApplicationNotWatched", "ReconcilePaused", "ApplicationNotRefreshed"),
        *("PathFilterExcludes", "ApplicationInvalid", "ComparisonError", "ComparisonErrorCached", "SharedResource"),
        *("SyncRetryHoldsBack", "SyncWaiting", "SyncNotRetried", "SyncFailed", "AutoSyncOff", "SyncWindowClosed"),
        *("PruneDisabled", "OutOfSyncAfterSync", "RevisionPinned", "SyncedAtOldRevision", "ApplicationUnhealthy"),
    ),
    "scaling": (
        *("OOMKilled", "Pending", "QuotaExceeded", "LimitRangeViolated", "Evicted", "Preempted", "NodeNotReady"),
        *("HPATargetMissing", "HPANoRequests", "HPANoMetrics", "HPAAtMaximum", "PDBBlocksDisruption"),
    ),
    "security": (
        *("CreateContainerConfigError", "PodSecurityViolated", "WebhookDenied", "WebhookUnavailable"),
        "RBACForbidden",
    ),
    "ci-cd": (
        *("ImagePullBackOff", "ImageUpdaterIdle", "ImageNotInGit", "SameTagRebuilt", "PipelineRunInvalid"),
        *("TaskStepFailed", "TaskImageNotPulled", "TaskQuotaExceeded", "TaskUnschedulable", "TaskResultTooLarge"),
        *("TaskPodFailed", "PipelineTimedOut", "PipelineCancelled", "PipelinePending", "TaskSkipped"),
        *("FinallyFailed", "TriggerInvalid", "TriggerNoRun", "BuildFailed", "BuildSecretMissing"),
        *("BuildNotStarted", "BuildCancelled", "BuildConfigPaused", "ImageImportFailed", "WebhookFailing"),
        "WebhookMissing",
    ),
    "storage": ("FailedMount",),
    "networking": (
        *("ServiceSelectorMismatch", "ServiceNotReady", "ServicePortMismatch", "LoadBalancerPending"),
        *("BackendServiceMissing", "BackendPortMissing", "IngressClassMissing", "TLSSecretMissing", "HostConflict"),
        *("NetworkPolicyBlocksDNS", "NetworkPolicyBlocksIngress"),
    ),
}
TOPIC_OF: Mapping[Cause, Topic] = {cause: topic for topic, causes in _CAUSES.items() for cause in causes}
"""Every cause has one."""
