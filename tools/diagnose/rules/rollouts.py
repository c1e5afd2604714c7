"""Rollouts that do not end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from tools.cluster.resources import ObjectRef
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.lesson import Lesson
from tools.diagnose.naming import said, typed
from tools.diagnose.owners import controller, owner_of
from tools.diagnose.plaintext import one_line
from tools.diagnose.rollback import rollback_remedy, serves_still
from tools.diagnose.workloads import settled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.cluster.client import Json
    from tools.diagnose.findings import Cause, Known
    from tools.diagnose.snapshot import Snapshot

_DOC = "https://kubernetes.io/docs/concepts/workloads/controllers/"

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        cause="ProgressDeadlineExceeded",
        means="A Deployment's new version did not become available in time.",
        why=(
            "The controller only reports it after progressDeadlineSeconds, ten minutes by default; it "
            "goes on trying."
        ),
        mend="See why the new pods do not become available, or roll back.",
        example="Deployment web made no progress for 600 s: 0 of 3 new pods are available",
        source=_DOC + "deployment/#failed-deployment",
    ),
    Lesson(
        cause="RolloutPaused",
        means="A Deployment's new version is not rolled out: it is paused.",
        why="While it is paused, changes of the template wait.",
        mend="Resume it.",
        example="Deployment web is paused: its newest template is not rolled out",
        source=_DOC + "deployment/#pausing-and-resuming-a-deployment",
    ),
    Lesson(
        cause="RolloutBlocked",
        means="A StatefulSet's update waits for a broken pod of the old revision.",
        why=(
            "With OrderedReady no pod is replaced before all others are Ready, so that a mended "
            "template does not reach the broken one."
        ),
        mend="Delete the broken pod: it comes back with the new template.",
        example=(
            "StatefulSet db does not roll out its new template: it waits for pod db-0 of the old one: container "
            "app ends with exit code 3 (an error of the application's own)"
        ),
        source=_DOC + "statefulset/#forced-rollback",
    ),
)


def rollouts(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Rollouts of Deployments that stand still where no finding on a pod says why."""
    found = (_deployment(item, snapshot, known) for item in snapshot.of("Deployment"))
    return [finding for finding in found if finding is not None]


def _ref(item: Json, kind: str, snapshot: Snapshot) -> ObjectRef:
    return ObjectRef("apps/v1", kind, snapshot.namespace, item["metadata"]["name"])


def _deployment(item: Json, snapshot: Snapshot, known: Known) -> Finding | None:
    ref, status = _ref(item, "Deployment", snapshot), item.get("status") or {}
    if known.explains("Deployment", ref.name) or item["metadata"].get("deletionTimestamp"):
        return None
    conditions = {each.get("type"): each for each in status.get("conditions") or ()}
    progressing = conditions.get("Progressing") or {}
    if item["spec"].get("paused"):
        return _paused(ref, progressing, item) if settled(item, snapshot) else None
    if progressing.get("reason") == "ProgressDeadlineExceeded" and progressing.get("status") == "False":
        return _deadline(ref, progressing, item, snapshot)
    return None


def _paused(ref: ObjectRef, progressing: Json, item: Json) -> Finding | None:
    replicas = 1 if item["spec"].get("replicas") is None else item["spec"]["replicas"]
    if not replicas or ((item.get("status") or {}).get("updatedReplicas") or 0) >= replicas:
        return None
    return Finding(
        cause="RolloutPaused",
        object=ref,
        container=None,
        affected=(),
        summary=f"Deployment {ref.name} is paused: its newest template is not rolled out",
        why="While a Deployment is paused, changes of its template wait until it is resumed.",
        evidence=(
            Evidence("status", f"Deployment {ref.name}", one_line(f"Progressing: {progressing.get('message')}")),
        ),
        remedies=(
            Remedy(
                "Resume it",
                f"kubectl rollout resume {typed(ref)}",
                "change",
                "resume_rollout",
                {"namespace": ref.namespace or "", "name": ref.name},
            ),
        ),
        severity="warning",
    )


def _deadline(ref: ObjectRef, progressing: Json, item: Json, snapshot: Snapshot) -> Finding:
    spec, status = item["spec"], item.get("status") or {}
    wait = (
        f"; each must be ready for {spec['minReadySeconds']} s (minReadySeconds)"
        if spec.get("minReadySeconds")
        else ""
    )
    gates = _unmet_gates(item, snapshot)
    back = rollback_remedy(snapshot, ref)
    see = Remedy("See why its pods do not become available", f"kubectl describe {typed(ref)}", "read")
    return Finding(
        cause="ProgressDeadlineExceeded",
        object=ref,
        container=None,
        affected=(),
        summary=(
            f"Deployment {ref.name} made no progress for {spec.get('progressDeadlineSeconds')} s: "
            f"{status.get('availableReplicas') or 0} of {1 if spec.get('replicas') is None else spec['replicas']} "
            f"pods are available{wait}{gates}"
        ),
        why=(
            "After progressDeadlineSeconds without one more available pod, the rollout counts as "
            "failed; nothing is undone."
        ),
        evidence=(Evidence("status", f"Deployment {ref.name}", one_line(str(progressing.get("message")))),),
        remedies=(see, back) if back else (see,),
    )


def _unmet_gates(item: Json, snapshot: Snapshot) -> str:
    """The readiness gates that its pods wait for: conditions that something outside must set."""
    spec = (item["spec"].get("template") or {}).get("spec") or {}
    gates = ", ".join(str(each.get("conditionType")) for each in spec.get("readinessGates") or ())
    waits = any(
        condition.get("reason") == "ReadinessGatesNotReady"
        for pod in snapshot.of("Pod")
        if owner_of(pod, snapshot).name == item["metadata"]["name"]
        for condition in (pod.get("status") or {}).get("conditions") or ()
    )
    return f"; their readiness gate {one_line(gates, 120)} is not met" if gates and waits else ""


def blocked(findings: Iterable[Finding], snapshot: Snapshot) -> list[Finding]:
    """What befell pods of a StatefulSet's old revision is told as why its new template does not come."""
    told: list[Finding] = []
    held: set[ObjectRef] = set()
    for finding in findings:
        item = snapshot.named("StatefulSet", finding.object.name) if finding.object.kind == "StatefulSet" else None
        if item is None or not _waits_for_old(item, finding, snapshot):
            told.append(finding)
        elif finding.object not in held:
            held.add(finding.object)
            told.append(_blocked(item, finding))
    return told


def _waits_for_old(item: Json, finding: Finding, snapshot: Snapshot) -> bool:
    """Whether only pods of the old revision suffer, while a new one should replace them."""
    spec, status = item["spec"], item.get("status") or {}
    new, strategy = status.get("updateRevision"), spec.get("updateStrategy") or {}
    if new in (None, status.get("currentRevision")) or spec.get("podManagementPolicy") == "Parallel":
        return False
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return False
    if (strategy.get("rollingUpdate") or {}).get("partition"):
        return False  # pods below the partition keep the old template on purpose
    if status.get("observedGeneration") != item["metadata"].get("generation"):
        return False
    pods = [snapshot.named("Pod", name) for name in finding.affected]
    return bool(pods) and all(pod is not None and _is_old(pod, finding.object, new) for pod in pods)


def _blocked(item: Json, finding: Finding) -> Finding:
    ref, status, pod = finding.object, item.get("status") or {}, finding.affected[0]
    broken = finding.summary.replace(f" of {said(ref)}", "", 1)
    revisions = f"updateRevision: {status.get('updateRevision')}, currentRevision: {status.get('currentRevision')}"
    delete = Remedy(
        f"Delete pod {pod}: it comes back with the new template",
        f"kubectl delete pod {pod} -n {ref.namespace}",
        "delete",
        "delete",
        {"kind": "Pod", "name": pod, "namespace": ref.namespace or ""},
    )
    return replace(
        finding,
        cause="RolloutBlocked",
        summary=f"{said(ref)} does not roll out its new template: it waits for pod {pod} of the old one: {broken}",
        why=(
            "With OrderedReady the controller replaces a pod only when all others are Ready; a broken "
            "one must be deleted by hand."
        ),
        evidence=(Evidence("status", said(ref), one_line(revisions)), *finding.evidence),
        remedies=(delete, *(each for each in finding.remedies if each.risk == "read")),
    )


def _is_old(pod: Json, ref: ObjectRef, new: str) -> bool:
    above = controller(pod)
    revision = (pod["metadata"].get("labels") or {}).get("controller-revision-hash")
    mine = above is not None and (above["kind"], above["name"]) == ("StatefulSet", ref.name)
    return mine and revision not in (None, new)


def not_made(findings: Iterable[Finding], snapshot: Snapshot) -> list[Finding]:
    """Where a StatefulSet's further pods wait for the one that suffers, that too."""
    return [_not_made(finding, snapshot) for finding in findings]


def _not_made(finding: Finding, snapshot: Snapshot) -> Finding:
    item = snapshot.named("StatefulSet", finding.object.name) if finding.object.kind == "StatefulSet" else None
    if item is None or not finding.affected or item["spec"].get("podManagementPolicy") == "Parallel":
        return finding
    wanted, made = item["spec"].get("replicas"), (item.get("status") or {}).get("replicas") or 0
    more = (1 if wanted is None else wanted) - made
    if more <= 0 or not made:
        return finding
    waits = f"{more} more pod{' is' if more == 1 else 's are'} not made before it is Ready"
    return replace(finding, summary=f"{finding.summary}; {waits}")


def still_served(findings: Iterable[Finding], snapshot: Snapshot) -> list[Finding]:
    """Where only pods of a Deployment's new version suffer and an earlier one serves: that, and the way back."""
    return [_still_served(finding, snapshot) for finding in findings]


def _still_served(finding: Finding, snapshot: Snapshot) -> Finding:
    ref = finding.object
    if finding.cause not in _OF_A_VERSION or ref.kind != "Deployment":
        return finding
    if not (finding.affected and serves_still(snapshot, ref.name, finding.affected)):
        return finding
    back = rollback_remedy(snapshot, ref)
    return replace(
        finding,
        summary=f"{finding.summary}; the version before still serves",
        remedies=(*finding.remedies, back) if back else finding.remedies,
    )


_OF_A_VERSION: frozenset[Cause] = frozenset(
    (
        "OOMKilled",
        "CrashLoopBackOff",
        "LivenessProbeFailed",
        "StartupProbeFailed",
        "ReadinessProbeFailed",
        "ImagePullBackOff",
        "CreateContainerConfigError",
        "FailedMount",
        "Pending",
        "RBACForbidden",
    )
)
