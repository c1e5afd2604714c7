"""Rollouts that do not end."""

from __future__ import annotations

from tools.diagnose.facts.naming import typed
from tools.diagnose.facts.owners import current_pods_of
from tools.diagnose.facts.remedies import described
from tools.diagnose.facts.rollback import rollback_remedy
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot
from tools.plaintext import one_line

_DOC = "https://kubernetes.io/docs/concepts/workloads/controllers/"

PROGRESS_DEADLINE_EXCEEDED = Cause(
    "ProgressDeadlineExceeded",
    topic="deploying-apps",
    means="A Deployment's new version did not become available in time.",
    why=(
        "The controller only reports it after progressDeadlineSeconds, ten minutes by default; it goes on trying."
    ),
    mend="See why the new pods do not become available, or roll back.",
    example="Deployment web made no progress for 600 s: 0 of 3 new pods are available",
    source=_DOC + "deployment/#failed-deployment",
    called=r"\bprogress deadline\b|\brollout\b",
)
ROLLOUT_PAUSED = Cause(
    "RolloutPaused",
    topic="deploying-apps",
    means="A Deployment's new version is not rolled out: it is paused.",
    why="While it is paused, changes of the template wait.",
    mend="Resume it.",
    example="Deployment web is paused: its newest template is not rolled out",
    source=_DOC + "deployment/#pausing-and-resuming-a-deployment",
    called=r"\bpaused?\b|\brollout\b",
)


def rollouts(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Rollouts of Deployments that stand still where no finding on a pod says why."""
    found = (_deployment(item, snapshot, known) for item in snapshot.of("Deployment"))
    return [finding for finding in found if finding is not None]


def _ref(item: Json, kind: str, snapshot: Snapshot) -> ObjectRef:
    return ObjectRef("apps/v1", kind, snapshot.namespace, item["metadata"]["name"])


def _deployment(item: Json, snapshot: Snapshot, known: Known) -> Finding | None:
    ref, status = _ref(item, "Deployment", snapshot), status_of(item)
    if known.explains("Deployment", ref.name) or item["metadata"].get("deletionTimestamp"):
        return None
    conditions = {each.get("type"): each for each in status.get("conditions") or ()}
    progressing = conditions.get("Progressing") or {}
    if item["spec"].get("paused"):
        return _paused(ref, progressing, item)
    if progressing.get("reason") == "ProgressDeadlineExceeded" and progressing.get("status") == "False":
        return _deadline(ref, progressing, item, snapshot)
    return None


def _paused(ref: ObjectRef, progressing: Json, item: Json) -> Finding | None:
    replicas = 1 if item["spec"].get("replicas") is None else item["spec"]["replicas"]
    if not replicas or (status_of(item).get("updatedReplicas") or 0) >= replicas:
        return None
    return Finding(
        cause=ROLLOUT_PAUSED,
        object=ref,
        detail=f"Deployment {ref.name} is paused: its newest template is not rolled out",
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
    spec, status = item["spec"], status_of(item)
    wait = (
        f"; each must be ready for {spec['minReadySeconds']} s (minReadySeconds)"
        if spec.get("minReadySeconds")
        else ""
    )
    gates = _unmet_gates(item, snapshot)
    back = rollback_remedy(snapshot, ref)
    see = described(ref, "See why its pods do not become available")
    return Finding(
        cause=PROGRESS_DEADLINE_EXCEEDED,
        object=ref,
        detail=(
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
    ref = ObjectRef("apps/v1", "Deployment", snapshot.namespace, item["metadata"]["name"])
    waits = any(
        condition.get("reason") == "ReadinessGatesNotReady"
        for pod in current_pods_of(ref, snapshot)
        for condition in conditions_of(pod)
    )
    return f"; their readiness gate {one_line(gates, 120)} is not met" if gates and waits else ""


RULE = Rule(causes=(PROGRESS_DEADLINE_EXCEEDED, ROLLOUT_PAUSED), find=rollouts)
