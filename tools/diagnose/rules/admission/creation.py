"""Pods that are never created: a controller asks for them, and the API server refuses.

Source: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.diagnose import timing
from tools.diagnose.facts.naming import said
from tools.diagnose.findings import Evidence, Finding
from tools.diagnose.lesson import Lesson
from tools.diagnose.rules.admission.refusals import Refusal, refusals
from tools.plaintext import one_line

if TYPE_CHECKING:
    from tools.cluster.resources import ObjectRef
    from tools.diagnose.findings import Cause
    from tools.diagnose.reading.snapshot import Snapshot
    from tools.diagnose.rules.admission.quotas import Rejection

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        cause="QuotaExceeded",
        means="A ResourceQuota of the namespace leaves no room for the pod, or counts what the pod does not name.",
        why=(
            "A quota bounds the sum over all pods of a namespace: their requests, their limits, their number. The "
            "Deployment is accepted; each pod is counted when it is created, and refused when it would go beyond."
        ),
        mend=(
            "Run fewer replicas, ask for less, delete what is not needed any more, or ask for a larger quota. "
            "Where the quota counts limits, name them for every container."
        ),
        example=(
            "ResourceQuota team is exceeded, so 2 of 3 pods of Deployment checkout cannot be created: "
            "limits.memory has 100Mi used of 150Mi, and 100Mi more is needed"
        ),
        source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    ),
    Lesson(
        cause="LimitRangeViolated",
        means="A container or pod asks for more, or for less, than a LimitRange of the namespace allows one.",
        why="A LimitRange bounds single containers and pods, and the ratio of limit to request, at creation.",
        mend="Set the amount within the bound; kubectl describe limitrange shows all of them.",
        example=(
            "container app of Deployment checkout breaks LimitRange bounds: the maximum memory for each Container "
            "is 64Mi, and its limit is 1Gi"
        ),
        source="https://kubernetes.io/docs/concepts/policy/limit-range/",
    ),
    Lesson(
        cause="PodSecurityViolated",
        means="The namespace enforces a Pod Security Standard that the pod does not meet.",
        why=(
            "The label pod-security.kubernetes.io/enforce of a namespace names a level (baseline, restricted). "
            "Pods that ask for more rights, or do not give up rights they do not need, are refused."
        ),
        mend="Set the fields that the message names in the pod's or the container's securityContext.",
        example=(
            "Pod Security level restricted of the namespace forbids the pods of Deployment checkout: runAsNonRoot "
            "!= "
            'true (pod or container "app" must set securityContext.runAsNonRoot=true)'
        ),
        source="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    ),
    Lesson(
        cause="WebhookDenied",
        means="A validating webhook of the cluster refuses the pod.",
        why="Clusters enforce rules of their own by webhooks, which see every object before it is created.",
        mend="Comply with what its message asks for, or ask the owner of the policy for an exception.",
        example=(
            "admission webhook check.policy.example.com denies the pods of Deployment checkout: images must come "
            "from registry.example.com"
        ),
        source="https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/",
    ),
    Lesson(
        cause="WebhookUnavailable",
        means="A webhook that must see the pod before it is created does not answer.",
        why=(
            "With failurePolicy: Fail, the API server refuses what it cannot show to the webhook. Often the "
            "webhook's own pods are down, its Service selects none, or its certificate has expired."
        ),
        mend="Bring the pods behind the webhook's Service up again; who owns it may relax its failurePolicy.",
        example=(
            "admission webhook check.policy.example.com (Service check in namespace policy) does not answer, so "
            "the "
            'pods of Deployment checkout cannot be created: no endpoints available for service "check"'
        ),
        source="https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/",
    ),
    Lesson(
        cause="FailedCreate",
        means="The API server refuses the pods of a workload for another reason.",
        why=(
            "What a pod names must exist when it is created: its service account, PriorityClass, RuntimeClass. On "
            "OpenShift, a SecurityContextConstraint must allow it."
        ),
        mend="Create what is missing or name what exists; the controller tries again by itself.",
        example=(
            "no pod of Deployment checkout can be created: ServiceAccount checkot does not exist; the nearest "
            "there is: checkout"
        ),
        source="https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/",
    ),
)


def failed_creations(snapshot: Snapshot) -> list[Finding]:
    """Workloads whose pods the API server refuses."""
    groups: dict[tuple[Cause, ObjectRef], list[tuple[Refusal, Rejection]]] = {}
    for refusal in refusals(snapshot):
        if rejection := _rejection(refusal, snapshot):
            groups.setdefault((rejection.cause, rejection.target), []).append((refusal, rejection))
    found = [_finding(group) for group in groups.values()]
    leaving = timing.gone_by(snapshot)
    return [timing.so_far(each, leaving, snapshot) if each.cause == "QuotaExceeded" else each for each in found]


def _rejection(refusal: Refusal, snapshot: Snapshot) -> Rejection | None:
    from tools.diagnose.rules.admission.admission import admission_rejection
    from tools.diagnose.rules.admission.default_limits import default_limit_rejection
    from tools.diagnose.rules.admission.quotas import has_room, limit_range_rejection, quota_rejection

    if has_room(refusal, snapshot):
        return None
    return (
        quota_rejection(refusal, snapshot)
        or limit_range_rejection(refusal, snapshot)
        or default_limit_rejection(refusal, snapshot)
        or admission_rejection(refusal, snapshot)
    )


def _finding(group: list[tuple[Refusal, Rejection]]) -> Finding:
    refusal, rejection = group[0]
    others = tuple(dict.fromkeys(each.owner for each, _ in group if each.owner != rejection.target))
    more = len(group) - 1
    suffix = f" (and those of {more} more workload{'' if more == 1 else 's'})" if more else ""
    event = Evidence("event" if refusal.is_event else "status", refusal.about, one_line(refusal.source))
    return Finding(
        cause=rejection.cause,
        object=rejection.target,
        container=rejection.container,
        affected=(),
        summary=rejection.summary + suffix,
        why=rejection.why,
        evidence=(event, *rejection.evidence, *(_also(each) for each, _ in group[1:])),
        remedies=rejection.remedies,
        severity="error" if refusal.created == 0 else "warning" if refusal.wanted > 1 else "error",
        concerns=others,
    )


def _also(refusal: Refusal) -> Evidence:
    return Evidence("event" if refusal.is_event else "status", said(refusal.owner), one_line(refusal.source, 240))
