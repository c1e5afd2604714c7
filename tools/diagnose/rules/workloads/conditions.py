"""UnhealthyCondition: what an object's own status states, where no finding of another cause tells of it.

Source: the condition types of https://kubernetes.io/docs/reference/kubernetes-api/, each with the meaning that its
documentation gives it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from tools.diagnose import timing
from tools.diagnose.facts.autoscalers import measured_by
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.owners import controller, current_pods, current_pods_on, owner_of
from tools.diagnose.facts.remedies import described
from tools.diagnose.facts.service_pods import pods_matching
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Kind, Known, ObjectRef, Rule, Severity, Snapshot
from tools.plaintext import one_line

UNHEALTHY_CONDITION = Cause(
    "UnhealthyCondition",
    topic="debugging",
    means="An object's own status states trouble, in a condition that no other cause explains.",
    why=(
        "Controllers write what they make of an object into its status.conditions: a type, True or False, a "
        "reason and a message. Which of the two is bad depends on the type: Available is bad when it is "
        "False, ReplicaFailure when it is True."
    ),
    mend="Read the condition's reason and message: they are the controller's own words.",
    example=(
        "HorizontalPodAutoscaler web: ScalingActive is False (AmbiguousSelector): pods by selector app=web are "
        "controlled by multiple HPAs: [shop-dev/web shop-dev/web2]"
    ),
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/#object-spec-and-status",
    called=r"\bconditions?\b|\bstatus\b",
)

_SOON = timedelta(seconds=30)
_MEASURED = timedelta(minutes=3)
_LONG = timedelta(minutes=5)


class Sign(msgspec.Struct, frozen=True):
    """When a condition states trouble: while its status is `bad`, for longer than `after`, and what that means.

    `normal` are reasons with which it states none, `at_once` those that no time mends, `minor` those that are
    only worth knowing.
    """

    bad: str
    means: str
    severity: Severity = "warning"
    after: timedelta = timedelta(0)
    normal: frozenset[str] = frozenset()
    at_once: frozenset[str] = frozenset()
    minor: frozenset[str] = frozenset()


_READY = "Services send it no traffic, and a rollout waits for it."
SIGNS: dict[Kind, dict[str, Sign]] = {
    "Pod": {
        "PodScheduled": Sign("False", "No node has been found for the pod.", "error"),
        "PodReadyToStartContainers": Sign("False", "The pod's sandbox or its network is not set up.", "error"),
        "Initialized": Sign("False", "Its init containers have not all ended well.", "error"),
        "ContainersReady": Sign("False", f"Not all of its containers are ready: {_READY}", "error"),
        "Ready": Sign("False", f"The pod is not ready: {_READY}", "error"),
        "DisruptionTarget": Sign("True", "The pod is about to be ended by a disruption.", after=_SOON),
        "PodResizePending": Sign(
            "True",
            "The node cannot give the pod the resources that it was resized to; it runs on with the old ones.",
            at_once=frozenset(("Infeasible",)),
            after=_SOON,
        ),
        "PodResizeInProgress": Sign("True", "The resize of the pod's resources does not end.", after=_LONG),
        "AllContainersRestarting": Sign("True", "All containers of the pod are being restarted.", after=_LONG),
    },
    "Deployment": {
        "Available": Sign("False", "Fewer pods than the Deployment must have are available.", "error"),
        "Progressing": Sign("False", "The rollout does not go on.", "error", _SOON),
        "ReplicaFailure": Sign("True", "Pods could not be created or deleted.", "error", _SOON),
    },
    "ReplicaSet": {"ReplicaFailure": Sign("True", "Pods could not be created or deleted.", "error", _SOON)},
    "Job": {
        "Suspended": Sign("True", "A suspended Job has no pods until spec.suspend is false again.", "info"),
        "Failed": Sign("True", "A Job that has failed is not tried again.", "error"),
        "FailureTarget": Sign("True", "The Job is about to fail: its pods are being ended.", "error", _SOON),
    },
    "HorizontalPodAutoscaler": {
        "AbleToScale": Sign(
            "False", "The autoscaler cannot read or set the number of replicas of its target.", "error", _SOON
        ),
        "ScalingActive": Sign(
            "False",
            "The autoscaler does not compute a number of replicas: it changes nothing, whatever the load.",
            "error",
            _MEASURED,
            at_once=frozenset(
                ("AmbiguousSelector", "InvalidSelector", "InvalidMetricSourceType", "ScalingDisabled")
            ),
            minor=frozenset(("ScalingDisabled",)),
        ),
        "ScalingLimited": Sign(
            "True",
            "The autoscaler wants another number of replicas than its minReplicas and maxReplicas allow.",
            after=_LONG,
            normal=frozenset(("TooFewReplicas", "ScaleUpLimit", "ScaleDownLimit")),
        ),
    },
    "PodDisruptionBudget": {
        "DisruptionAllowed": Sign(
            "False",
            "No pod of the budget may be evicted now: draining a node waits for it.",
            after=_LONG,
            at_once=frozenset(("SyncFailed",)),
            minor=frozenset(("InsufficientPods",)),
        ),
    },
    "PersistentVolumeClaim": {
        "Resizing": Sign("True", "The volume is being resized, and that does not end.", after=_LONG),
        "FileSystemResizePending": Sign(
            "True",
            "The volume has its new size, the file system on it not yet: that grows when a pod mounts it next.",
            after=_SOON,
        ),
        "ControllerResizeError": Sign("True", "The storage system refuses to resize the volume.", "error"),
        "NodeResizeError": Sign("True", "The node cannot grow the file system of the volume.", "error"),
        "ModifyVolumeError": Sign("True", "The storage system refuses the VolumeAttributesClass.", "error"),
        "ModifyingVolume": Sign("True", "The change of the VolumeAttributesClass does not end.", after=_LONG),
    },
    "Service": {
        "LoadBalancerPortsError": Sign(
            "True", "The load balancer does not take the ports of the Service.", "error"
        ),
    },
    "Node": {
        "Ready": Sign("False", "The kubelet of the node does not run pods.", "error"),
        "MemoryPressure": Sign("True", "The node is short of memory."),
        "DiskPressure": Sign("True", "The node is short of disk space."),
        "PIDPressure": Sign("True", "The node is short of process numbers."),
        "NetworkUnavailable": Sign(
            "True", "The network of the node is not set up: its pods reach nobody.", "error"
        ),
    },
}
"""What each condition type of the API states; a type that is not here states trouble as `_UNKNOWN` says."""
_PASSES_WITH_THE_ROLLOUT = frozenset(
    ("PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready", "Available")
)
_READINESS = frozenset(("ContainersReady", "Ready"))
_BAD_WHEN_TRUE = re.compile(
    r"Fail|Error|Degraded|Stalled|Pressure|Unavailable|Problem|Deadlock|Corrupt|Readonly|Frequent"
)
_WORST_FIRST: tuple[Severity, ...] = ("error", "warning", "info")
_NEUTRAL = frozenset(("Complete", "SuccessCriteriaMet"))
_OTHERS = "A condition that is not of Kubernetes itself; who writes it says what it means."
_API_VERSIONS: dict[Kind, str] = {
    "Pod": "v1",
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Job": "batch/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "PersistentVolumeClaim": "v1",
    "Service": "v1",
    "Node": "v1",
}


class Stated(msgspec.Struct, frozen=True):
    """One condition that states trouble."""

    condition: Json
    sign: Sign

    @property
    def kind(self) -> str:
        return str(self.condition.get("type"))

    @property
    def reason(self) -> str:
        return str(self.condition.get("reason") or "")

    @property
    def severity(self) -> Severity:
        return "info" if self.reason in self.sign.minor else self.sign.severity

    def said(self) -> str:
        """`ScalingActive is False (AmbiguousSelector): the message`."""
        because = f" ({self.reason})" if self.reason else ""
        message = f": {self.condition['message']}" if self.condition.get("message") else ""
        return f"{self.kind} is {self.condition.get('status')}{because}{message}"


def unhealthy_conditions(snapshot: Snapshot, known: Known) -> list[Finding]:
    """What the status of an object states, where no finding tells of the object: one finding an object."""
    return [
        _finding(ref, item, stated, snapshot)
        for kind in SIGNS
        for item in _judged(kind, snapshot)
        if not _is_told(ref := _ref(kind, item, snapshot), item, snapshot, known)
        and (stated := [each for each in stated_by(kind, item) if _is_due(each, ref, item, snapshot)])
    ]


def stated_by(kind: Kind, item: Json) -> list[Stated]:
    """The conditions of an object that state trouble, however young they are."""
    told = conditions_of(item)
    conditions = {str(each.get("type")): each for each in told if each.get("type") not in _NEUTRAL}
    ordered = sorted(conditions, key=lambda each: list(SIGNS[kind]).index(each) if each in SIGNS[kind] else 99)
    signs = ((conditions[each], SIGNS[kind].get(each) or _unknown(each, kind)) for each in ordered)
    return [
        Stated(condition, sign)
        for condition, sign in signs
        if condition.get("status") == sign.bad and condition.get("reason") not in sign.normal
    ]


def _unknown(name: str, kind: Kind) -> Sign:
    """A type that is somebody's own; those of a node mostly name a problem."""
    names_problem = _BAD_WHEN_TRUE.search(name) or (kind == "Node" and not name.endswith("Ready"))
    return Sign("True" if names_problem else "False", _OTHERS, "info", _SOON)


def _judged(kind: Kind, snapshot: Snapshot) -> Iterator[Json]:
    """The objects of a kind whose status counts: of what is being deleted, or has ended, it says nothing more."""
    if kind == "Pod":
        for pod in current_pods(snapshot):
            if status_of(pod).get("phase") in ("Pending", "Running"):
                yield pod
        return
    for item in snapshot.of(kind):
        if item["metadata"].get("deletionTimestamp"):
            continue
        above = controller(item)
        if kind == "ReplicaSet" and above is not None:
            continue  # its Deployment has the same condition
        if kind == "Job" and above is not None and above["kind"] == "CronJob":
            continue  # what became of a run is told with its CronJob
        yield item


def _is_told(ref: ObjectRef, item: Json, snapshot: Snapshot, known: Known) -> bool:
    """Whether a finding is on the object, on what it is about, or on what owns it."""
    match ref.kind:
        case "Pod":
            owner = owner_of(item, snapshot)
            return known.tells_of_pod(ref.name) or known.explains_exactly(owner)
        case "Node":
            return not current_pods_on(ref.name, snapshot) or known.tells_of(ref)
        case "HorizontalPodAutoscaler":
            target = item["spec"].get("scaleTargetRef") or {}
            return known.tells_of(ref) or known.explains(str(target.get("kind")), str(target.get("name")))
        case "PodDisruptionBudget":
            pods = pods_matching(item["spec"].get("selector"), snapshot)
            return known.tells_of(ref) or any(known.explains_pod(pod["metadata"]["name"]) for pod in pods)
        case _:
            return known.tells_of(ref)


def _is_due(stated: Stated, ref: ObjectRef, item: Json, snapshot: Snapshot) -> bool:
    """Whether it lasts longer than such a state may while all is well."""
    if ref.kind == "PodDisruptionBudget" and not (item["status"].get("expectedPods") or stated.severity != "info"):
        return False  # a budget for pods that are scaled to zero
    if ref.kind == "Pod" and owner_of(item, snapshot).kind in ("Job", "CronJob") and stated.kind in _READINESS:
        return False  # its containers end one by one
    until = _until(stated, ref, item, snapshot)
    return until is None or until <= snapshot.taken_at


def _until(stated: Stated, ref: ObjectRef, item: Json, snapshot: Snapshot) -> datetime | None:
    if stated.reason in stated.sign.at_once:
        return None
    if stated.kind == "ScalingActive" and (until := measured_by(item, snapshot)) is not None:
        return until
    since = parse_time(stated.condition.get("lastTransitionTime")) or timing.created(item)
    if since is None:
        return None
    if stated.kind not in _PASSES_WITH_THE_ROLLOUT or ref.kind == "Node":
        return since + stated.sign.after
    owner = owner_of(item, snapshot) if ref.kind == "Pod" else ref
    return since + timedelta(seconds=timing.deadline_s(owner, snapshot))


def _finding(ref: ObjectRef, item: Json, stated: list[Stated], snapshot: Snapshot) -> Finding:
    first = min(stated, key=lambda each: _WORST_FIRST.index(each.severity))
    pods = (item,) if ref.kind == "Pod" else ()
    owner = owner_of(item, snapshot) if ref.kind == "Pod" else ref
    on_node = current_pods_on(ref.name, snapshot) if ref.kind == "Node" else ()
    return Finding(
        cause=UNHEALTHY_CONDITION,
        object=owner,
        affected=tuple(str(each["metadata"]["name"]) for each in pods),
        detail=f"{said(ref)}{'' if owner == ref else f' of {said(owner)}'}: {one_line(first.said(), 300)}",
        why=first.sign.means,
        evidence=tuple(Evidence("status", said(ref), one_line(each.said())) for each in stated),
        remedies=(described(ref, "See all of its status, and its events"),),
        severity=first.severity,
        concerns=tuple(dict.fromkeys(owner_of(pod, snapshot) for pod in on_node)),
    )


def _ref(kind: Kind, item: Json, snapshot: Snapshot) -> ObjectRef:
    namespace = None if kind == "Node" else snapshot.namespace
    return ObjectRef(_API_VERSIONS[kind], kind, namespace, str(item["metadata"]["name"]))


RULE = Rule(causes=(UNHEALTHY_CONDITION,), find=unhealthy_conditions)
