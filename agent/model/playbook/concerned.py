"""Which findings a diagnosis in words is about: those of the objects it names, of a container, of a cause. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent.understanding.wishes import Diagnosis
from agent.understanding.world import is_pod_of
from tools.json import Json

_CAUSES = {
    "OOMKilled": r"\boom\w*|\bout of memory\b|\bmemory kill\w*",
    "CrashLoopBackOff": r"\bcrash ?loop\w*",
    "LivenessProbeFailed": r"\bliveness\b",
    "StartupProbeFailed": r"\bstartup probe\w*",
    "ReadinessProbeFailed": r"\breadiness\b|\b(not|n't|never) (get |become )?ready\b",
    "ImagePullBackOff": r"\bimage ?pull\w*|\berrimage\w*|\bpull\w* (the )?image|\bimage\b",
    "CreateContainerConfigError": r"\bcreatecontainer\w*|\bconfig ?error\b|\bconfigmap\b|\bmissing config\b",
    "InitContainerStuck": r"\binit(ialisation|ialization)? ?containers?\b",
    "Pending": r"\bpending\b|\bnot (be )?scheduled\b|\bunschedulable\b",
    "FailedMount": r"\bmount\w*",
    "QuotaExceeded": r"\bquotas?\b",
    "LimitRangeViolated": r"\blimit ?ranges?\b",
    "PodSecurityViolated": r"\bpod ?security\b",
    "WebhookDenied": r"\bwebhooks?\b",
    "WebhookUnavailable": r"\bwebhooks?\b",
    "FailedCreate": r"\b(not|never|cannot be) created\b",
    "Evicted": r"\bevict\w*",
    "Preempted": r"\bpreempt\w*",
    "PodFailed": r"\bfailed pods?\b|\bpods? (has |have )?failed\b|\bsysctls?\b|\boutof\w+",
    "NamespaceTerminating": r"\bterminating\b|\bnamespace\b.*\b(stuck|hangs|not go(ne)?|delet\w+)\b",
    "UnhealthyCondition": r"\bconditions?\b|\bstatus\b",
    "NodeNotReady": r"\bnode (is )?(lost|gone|not ready)\b",
    "TerminatingStuck": r"\bterminating\b",
    "ProgressDeadlineExceeded": r"\bprogress deadline\b|\brollout\b",
    "RolloutPaused": r"\bpaused?\b|\brollout\b",
    "RolloutBlocked": r"\brollout\b",
    "DaemonSetNotScheduled": r"\bdaemon ?sets?\b",
    "BackoffLimitExceeded": r"\bback-?off ?limit\b|\bjob fail\w*",
    "DeadlineExceeded": r"\b(active )?deadline\b",
    "JobHeldBySidecar": r"\bside-?cars?\b|\bnever (ends|completes|finishes)\b",
    "CronJobSuspended": r"\bsuspend\w*",
    "CronJobScheduleInvalid": r"\bschedule\b(?! on)",
    "CronJobMissedRuns": r"\bmissed\b",
    "CronJobForbidden": r"\bforbid\w* concurren\w*|\bconcurrency\b",
    "CronJobNotSucceeding": r"\bnever succe\w+\b|\bcron ?jobs? fail\w*",
    "ServiceSelectorMismatch": r"\bselector\b|\bendpoints?\b",
    "ServiceNotReady": r"\bendpoints?\b",
    "ServicePortMismatch": r"\btarget ?port\b",
    "LoadBalancerPending": r"\bload ?balancers?\b|\bexternal[- ]ip\b",
    "BackendServiceMissing": r"\bbackends?\b|\bingress\b",
    "BackendPortMissing": r"\bbackends?\b|\bingress\b",
    "IngressClassMissing": r"\bingress ?class\b|\bingress\b",
    "TLSSecretMissing": r"\btls\b|\bcertificate\b",
    "HostConflict": r"\bhost ?names?\b|\bhost conflict\b",
    "NetworkPolicyBlocksDNS": r"\bnetwork ?polic(y|ies)\b|\bdns\b",
    "NetworkPolicyBlocksIngress": r"\bnetwork ?polic(y|ies)\b",
    "HPATargetMissing": r"\bhpa\b|\bautoscal\w*",
    "HPANoRequests": r"\bhpa\b|\bautoscal\w*",
    "HPANoMetrics": r"\bhpa\b|\bautoscal\w*|\bmetrics\b",
    "HPAAtMaximum": r"\bhpa\b|\bautoscal\w*",
    "PDBBlocksDisruption": r"\bpdb\b|\bdisruption\b",
    "RBACForbidden": r"\brbac\b|\bforbidden\b|\bpermissions?\b",
}
"""What people say of a cause, each of `tools.diagnose.findings.RunCause`; its own name counts too."""


def concerned(task: str, wish: Diagnosis, findings: list[Json]) -> list[Json]:
    """The findings a wish is about. Where it names nothing, the task may say a container or a cause; else all."""
    left = [finding for finding in findings if not _is_of(finding, wish.excluded)]
    if wish.names:
        return [finding for finding in left if _is_of(finding, wish.names)]
    if _EVERYTHING.search(task):
        return left
    words = set(re.findall(r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?", task.lower()))
    of_object = [finding for finding in left if words & set(_own_names(finding))]
    of_container = [finding for finding in left if str(finding.get("container") or "").lower() in words]
    causes = {
        cause for cause, pattern in _CAUSES.items() if re.search(rf"{pattern}|\b{cause}\b", task, re.IGNORECASE)
    }
    return of_object or of_container or [finding for finding in left if finding["cause"] in causes] or left


_EVERYTHING = re.compile(r"\b(?:everything|all|every\w*|whatever|anything|alles|alle)\b", re.IGNORECASE)


def _is_of(finding: Json, names: Iterable[str]) -> bool:
    """Whether a finding is about an object of one of these names: itself, or a pod of it."""
    own = _own_names(finding)
    return any(name == each or is_pod_of(each, name) or is_pod_of(name, each) for name in names for each in own)


def _own_names(finding: Json) -> list[str]:
    return [finding["object"]["name"].lower(), *(pod.lower() for pod in finding.get("affected", []))]
