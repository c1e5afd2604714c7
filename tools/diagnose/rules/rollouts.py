"""Rollouts that do not end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef
from tools.diagnose.containers import ContainerCause, broken
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.lesson import Lesson
from tools.diagnose.naming import typed
from tools.diagnose.owners import controller
from tools.diagnose.plaintext import one_line
from tools.diagnose.rollback import rollback_remedy
from tools.diagnose.workloads import settled

if TYPE_CHECKING:
    from tools.cluster.client import Json
    from tools.diagnose.findings import Known
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
        example="StatefulSet db does not roll out its new template: pod db-0 of the old revision is broken",
        source=_DOC + "statefulset/#forced-rollback",
    ),
    Lesson(
        cause="DaemonSetNotScheduled",
        means="A DaemonSet runs on no node at all.",
        why="No node matches its nodeSelector or affinity, or each has a taint that it does not tolerate.",
        mend="Correct the nodeSelector, or tolerate the taint.",
        example="DaemonSet agent runs on no node: none of 3 has disk=ssd",
        source=_DOC + "daemonset/#running-pods-on-select-nodes",
    ),
)


def rollouts(snapshot: Snapshot, known: Known) -> list[Finding]:
    """Rollouts that stand still where no finding on a pod says why, and DaemonSets without a node."""
    found = [
        *(_deployment(item, snapshot, known) for item in snapshot.of("Deployment")),
        *(_statefulset(item, snapshot) for item in snapshot.of("StatefulSet")),
        *(_daemonset(item, snapshot, known) for item in snapshot.of("DaemonSet")),
    ]
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
            f"pods are available{wait}"
        ),
        why=(
            "After progressDeadlineSeconds without one more available pod, the rollout counts as "
            "failed; nothing is undone."
        ),
        evidence=(Evidence("status", f"Deployment {ref.name}", one_line(str(progressing.get("message")))),),
        remedies=(see, back) if back else (see,),
    )


def _statefulset(item: Json, snapshot: Snapshot) -> Finding | None:
    """A mended template that waits for a broken pod of the old one."""
    spec, status, ref = item["spec"], item.get("status") or {}, _ref(item, "StatefulSet", snapshot)
    new = status.get("updateRevision")
    rolling = (spec.get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
    if not rolling or spec.get("podManagementPolicy") == "Parallel" or new in (None, status.get("currentRevision")):
        return None
    if status.get("observedGeneration") != item["metadata"].get("generation"):
        return None
    if ((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition"):
        return None  # pods below the partition keep the old template on purpose
    names = sorted(
        {
            one.pod_name
            for cause in _CAUSES
            for group in broken(snapshot, cause)
            for one in group
            if _is_old(one.pod, ref, new)
        }
    )
    if not names:
        return None
    return Finding(
        cause="RolloutBlocked",
        object=ref,
        container=None,
        affected=tuple(names),
        summary=(
            f"StatefulSet {ref.name} does not roll out its new template: pod {names[0]} of the old "
            "revision is broken"
        ),
        why=(
            "With OrderedReady the controller replaces a pod only when all others are Ready; a broken "
            "one must be deleted by hand."
        ),
        evidence=(
            Evidence(
                "status",
                f"StatefulSet {ref.name}",
                one_line(f"updateRevision: {new}, currentRevision: {status.get('currentRevision')}"),
            ),
        ),
        remedies=(
            Remedy(
                f"Delete pod {names[0]}: it comes back with the new template",
                f"kubectl delete pod {names[0]} -n {snapshot.namespace}",
                "delete",
                "delete",
                {"kind": "Pod", "name": names[0], "namespace": snapshot.namespace},
            ),
        ),
    )


_CAUSES: tuple[ContainerCause, ...] = (
    "OOMKilled",
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "CreateContainerConfigError",
)


def _is_old(pod: Json, ref: ObjectRef, new: str) -> bool:
    above = controller(pod)
    revision = (pod["metadata"].get("labels") or {}).get("controller-revision-hash")
    mine = above is not None and (above["kind"], above["name"]) == ("StatefulSet", ref.name)
    return mine and revision not in (None, new)


def _daemonset(item: Json, snapshot: Snapshot, known: Known) -> Finding | None:
    ref, status = _ref(item, "DaemonSet", snapshot), item.get("status") or {}
    nodes = snapshot.of("Node")
    seen = status.get("observedGeneration") == item["metadata"].get("generation")
    if not (seen and nodes and settled(item, snapshot)) or known.explains("DaemonSet", ref.name):
        return None
    if status.get("desiredNumberScheduled") != 0 or status.get("currentNumberScheduled"):
        return None
    selector = (item["spec"]["template"].get("spec") or {}).get("nodeSelector") or {}
    matching = [node for node in nodes if selector.items() <= (node["metadata"].get("labels") or {}).items()]
    wanted = one_line(", ".join(f"{key}={value}" for key, value in sorted(selector.items())))
    because = f"none of {len(nodes)} has {wanted}" if selector and not matching else "every node is left out"
    return Finding(
        cause="DaemonSetNotScheduled",
        object=ref,
        container=None,
        affected=(),
        summary=f"DaemonSet {ref.name} runs on no node: {because}",
        why="A DaemonSet runs on the nodes that match its nodeSelector and affinity and whose taints it tolerates.",
        evidence=(Evidence("status", f"DaemonSet {ref.name}", "desiredNumberScheduled: 0"),),
        remedies=(
            Remedy("See the labels of the nodes", "kubectl get nodes --show-labels", "read"),
            Remedy("Correct its nodeSelector or tolerations", f"kubectl edit {typed(ref)}", "change"),
        ),
        severity="warning",
    )
