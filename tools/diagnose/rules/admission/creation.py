"""Pods that are never created: a controller asks for them, and the API server refuses.

Source: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
"""

from __future__ import annotations

import re

from tools.diagnose import timing
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.present import Condition, anything, refused
from tools.diagnose.rules.admission.admission import (
    FAILED_CREATE,
    POD_SECURITY_VIOLATED,
    WEBHOOK_DENIED,
    WEBHOOK_UNAVAILABLE,
    admission_rejection,
)
from tools.diagnose.rules.admission.default_limits import default_limit_rejection
from tools.diagnose.rules.admission.quotas import (
    LIMIT_RANGE_VIOLATED,
    QUOTA_EXCEEDED,
    Rejection,
    has_room,
    limit_range_rejection,
    quota_rejection,
)
from tools.diagnose.rules.admission.refusals import Refusal, refusals
from tools.diagnose.terms import Evidence, Finding, Known, Rule, Snapshot, grouped
from tools.plaintext import one_line

_NO_SERVICE_ACCOUNT = re.compile(r'serviceaccount "[^"]*" not found|service account [^ ]+ was not found', re.I)


def failed_creations(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Workloads whose pods the API server refuses."""
    judged = ((each, rejection) for each in refusals(snapshot) if (rejection := _rejection(each, snapshot)))
    groups = grouped(judged, lambda each: (each[1].cause, each[1].target))
    found = [_finding(group) for group in groups.values()]
    leaving = timing.gone_by(snapshot)
    return [timing.so_far(each, leaving, snapshot) if each.cause == QUOTA_EXCEEDED else each for each in found]


def _rejection(refusal: Refusal, snapshot: Snapshot) -> Rejection | None:
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
        detail=rejection.summary + suffix,
        why=rejection.why,
        evidence=(event, *rejection.evidence, *(_also(each) for each, _ in group[1:])),
        remedies=rejection.remedies,
        severity="error" if refusal.created == 0 else "warning" if refusal.wanted > 1 else "error",
        concerns=others,
    )


def _also(refusal: Refusal) -> Evidence:
    return Evidence("event" if refusal.is_event else "status", said(refusal.owner), one_line(refusal.source, 240))


def _lacks(what: str) -> Condition:
    """Whether a refusal names such an object."""
    return lambda snapshot: any(what in each for each in refused(snapshot))


def _lacks_account(snapshot: Snapshot) -> bool:
    return any(_NO_SERVICE_ACCOUNT.search(each) for each in refused(snapshot))


RULE = Rule(
    causes=(
        QUOTA_EXCEEDED,
        LIMIT_RANGE_VIOLATED,
        POD_SECURITY_VIOLATED,
        WEBHOOK_DENIED,
        WEBHOOK_UNAVAILABLE,
        FAILED_CREATE,
    ),
    find=failed_creations,
    reads={
        "LimitRange": anything,
        "ResourceQuota": anything,
        "ServiceAccount": _lacks_account,
        "PriorityClass": _lacks("PriorityClass"),
        "RuntimeClass": _lacks("RuntimeClass"),
    },
)
