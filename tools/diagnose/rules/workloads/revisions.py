"""What a rollout adds to what befell its pods: whom they hold up, and whether another version serves."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from tools.diagnose.facts.naming import said, typed
from tools.diagnose.facts.owners import controller
from tools.diagnose.facts.remedies import deleted, patched
from tools.diagnose.facts.rollback import is_ready, rollback_remedy, serves_still
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.rules.workloads.sharing import shared_claim
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Kind, ObjectRef, Remedy, Rule, Snapshot

ROLLOUT_BLOCKED = Cause(
    "RolloutBlocked",
    topic="deploying-apps",
    means="The new template of a StatefulSet or DaemonSet does not come to a broken pod of another revision.",
    why=(
        "With OrderedReady no pod is replaced before all others are Ready, so that a mended "
        "template, or one that was rolled back to, does not reach the broken one. With updateStrategy OnDelete no "
        "pod is replaced before somebody deletes it, and with a partition none below that ordinal."
    ),
    mend="Delete the broken pod: it comes back with the new template; or take the partition away.",
    example=(
        "StatefulSet db does not roll out its new template: it waits for pod db-0 of another: container app "
        "ends with exit code 3 (an error of the application's own)"
    ),
    source="https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback",
    called=r"\brollout\b",
)

_OF_A_VERSION: frozenset[str] = frozenset(
    (
        "OOMKilled",
        "CrashLoopBackOff",
        "LivenessProbeFailed",
        "StartupProbeFailed",
        "ReadinessProbeFailed",
        "InitContainerStuck",
        "ImagePullBackOff",
        "CreateContainerConfigError",
        "FailedMount",
        "Pending",
        "RBACForbidden",
    )
)
"""What a change of the template may bring about."""
_HELD = re.compile(r"free ports for the requested pod ports|didn't match pod anti-affinity rules")
"""What keeps a pod from a node because the pod that it shall replace is there."""


def blocked(findings: Iterable[Finding], snapshot: Snapshot) -> list[Finding]:
    """What befell pods of a StatefulSet's old revision is told as why its new template does not come."""
    told: list[Finding] = []
    held: set[ObjectRef] = set()
    for finding in findings:
        item = _found(finding, "StatefulSet", snapshot)
        if item is None or not _waits_for_old(item, finding, snapshot):
            told.append(finding)
        elif finding.object not in held:
            held.add(finding.object)
            told.append(_blocked(item, finding))
    return told


def _waits_for_old(item: Json, finding: Finding, snapshot: Snapshot) -> bool:
    """Whether only pods of another revision suffer than is wanted now: an earlier one, or one rolled back from."""
    spec, status = item["spec"], status_of(item)
    new, strategy = status.get("updateRevision"), spec.get("updateStrategy") or {}
    if new is None or spec.get("podManagementPolicy") == "Parallel":
        return False
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return False
    if (strategy.get("rollingUpdate") or {}).get("partition"):
        return False  # pods below the partition keep the old template on purpose
    if status.get("observedGeneration") != item["metadata"].get("generation"):
        return False
    revisions = {_revision(name, finding.object, snapshot) for name in finding.affected}
    return bool(revisions) and revisions.isdisjoint((None, new))


def _blocked(item: Json, finding: Finding) -> Finding:
    ref, pod = finding.object, finding.affected[0]
    revision = f"updateRevision: {item['status']['updateRevision']}"
    delete = deleted(
        ObjectRef("v1", "Pod", ref.namespace, pod), f"Delete pod {pod}: it comes back with the new template"
    )
    return replace(
        finding,
        cause=ROLLOUT_BLOCKED,
        subject=None,
        passing="",
        detail=f"{said(ref)} does not roll out its new template: it waits for pod {pod} of another: "
        f"{finding.summary_within}",
        why=(
            "With OrderedReady the controller replaces a pod only when all others are Ready; a broken "
            "one must be deleted by hand."
        ),
        evidence=(
            Evidence("status", said(ref), revision),
            *(each for each in finding.evidence if each.source != "spec"),  # that is the other template's
        ),
        remedies=(delete, *(each for each in finding.remedies if each.risk == "read")),
    )


def _revision(pod_name: str, ref: ObjectRef, snapshot: Snapshot) -> str | None:
    """The revision of a StatefulSet's pod; None of other pods."""
    pod = snapshot.named("Pod", pod_name)
    above = None if pod is None else controller(pod)
    if pod is None or above is None or (above["kind"], above["name"]) != ("StatefulSet", ref.name):
        return None
    return (pod["metadata"].get("labels") or {}).get("controller-revision-hash")


def not_made(findings: Iterable[Finding], snapshot: Snapshot) -> list[Finding]:
    """Where a StatefulSet's further pods wait for the one that suffers, that too."""
    return [_not_made(finding, snapshot) for finding in findings]


def _not_made(finding: Finding, snapshot: Snapshot) -> Finding:
    item = _found(finding, "StatefulSet", snapshot)
    if item is None or not finding.affected or item["spec"].get("podManagementPolicy") == "Parallel":
        return finding
    wanted, made = item["spec"].get("replicas"), status_of(item).get("replicas") or 0
    more = (1 if wanted is None else wanted) - made
    if more <= 0 or not made:
        return finding
    waits = f"{more} more pod{' is' if more == 1 else 's are'} not made before it is Ready"
    return replace(finding, detail=f"{finding.detail}; {waits}")


def still_served(findings: Iterable[Finding], snapshot: Snapshot) -> list[Finding]:
    """Where only pods of a workload's new version suffer and an earlier one serves: that, and the way back."""
    return [_in_context(finding, snapshot) for finding in findings]


def _in_context(finding: Finding, snapshot: Snapshot) -> Finding:
    if finding.cause not in _OF_A_VERSION or not finding.affected:
        return finding
    if (item := _found(finding, "Deployment", snapshot)) is not None:
        return _of_deployment(item, finding, snapshot)
    if (item := _found(finding, "StatefulSet", snapshot)) is not None:
        return _of_statefulset(item, finding, snapshot)
    return finding


def _found(finding: Finding, kind: Kind, snapshot: Snapshot) -> Json | None:
    """The object of a finding, where it is of that kind."""
    return snapshot.named(kind, finding.object.name) if finding.object.kind == kind else None


def _of_statefulset(item: Json, finding: Finding, snapshot: Snapshot) -> Finding:
    """Its pods are replaced from the last to the first: where the new template fails, the first ones are old."""
    ref, status = finding.object, status_of(item)
    new, old = status.get("updateRevision"), status.get("currentRevision")
    if new in (None, old) or any(_revision(name, ref, snapshot) != new for name in finding.affected):
        return finding
    serving = [pod["metadata"]["name"] for pod in snapshot.of("Pod") if is_ready(pod)]
    if not any(_revision(name, ref, snapshot) == old for name in serving):
        return finding
    pod = finding.affected[0]
    return replace(
        finding,
        detail=f"{finding.detail}; pods of the template before still serve",
        remedies=(
            *finding.remedies,
            Remedy(
                f"Go back to the template before, and delete pod {pod}, which is not replaced while it is broken",
                f"kubectl rollout undo {typed(ref)} && kubectl delete pod {pod} -n {ref.namespace}",
                "delete",
            ),
        ),
    )


def _of_deployment(item: Json, finding: Finding, snapshot: Snapshot) -> Finding:
    ref = finding.object
    if not serves_still(snapshot, ref.name, finding.affected):
        return finding
    if _none_may_go(item) and (shared := shared_claim(finding, item, snapshot)):
        return shared
    in_turn = _none_may_go(item) and _is_held(finding, snapshot)
    waits = ", and with maxUnavailable 0 none of its pods goes first" if in_turn else ""
    back = None if in_turn else rollback_remedy(snapshot, ref)
    return replace(
        finding,
        detail=f"{finding.detail}; the version before still serves{waits}",
        remedies=(*([_in_turn(ref)] if in_turn else []), *finding.remedies, *([back] if back else [])),
    )


def _none_may_go(deployment: Json) -> bool:
    """Whether no old pod may go before a new one is ready; a percentage is rounded down.

    Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-unavailable
    """
    strategy, replicas = deployment["spec"].get("strategy") or {}, deployment["spec"].get("replicas")
    most = str((strategy.get("rollingUpdate") or {}).get("maxUnavailable", "25%"))
    number, percent, _ = most.partition("%")
    if strategy.get("type", "RollingUpdate") != "RollingUpdate" or not number.isdecimal():
        return False
    return (int(number) * (1 if replicas is None else replicas) // 100 if percent else int(number)) == 0


def _is_held(finding: Finding, snapshot: Snapshot) -> bool:
    """Whether the pods wait for what the pods that they shall replace have."""
    pods = [pod for name in finding.affected if (pod := snapshot.named("Pod", name)) is not None]
    conditions = [each for pod in pods for each in conditions_of(pod)]
    return finding.cause == "Pending" and any(_HELD.search(str(each.get("message"))) for each in conditions)


def _in_turn(ref: ObjectRef) -> Remedy:
    return patched(
        ref,
        "Let each pod go before its successor comes: for that moment there is one less",
        {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}}},
    )


def retold(findings: list[Finding], snapshot: Snapshot) -> list[Finding]:
    """What rollouts add to what befell their pods."""
    return still_served(not_made(blocked(findings, snapshot), snapshot), snapshot)


RULE = Rule(causes=(ROLLOUT_BLOCKED,), retell=retold)
