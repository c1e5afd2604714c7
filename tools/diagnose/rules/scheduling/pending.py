"""Pending: no node takes the pod, or a claim it names is not there or not bound.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/ and
https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/#my-pod-stays-pending
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from msgspec.structs import replace

from tools.diagnose import timing
from tools.diagnose.facts.capacity import depends_on_others
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.naming import about_owner, about_pod, event_said, said
from tools.diagnose.facts.owners import current_pods, owner_of
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.facts.unplaced import unplaced
from tools.diagnose.rules.scheduling import devices, passed_over
from tools.diagnose.rules.scheduling.obstacles import PENDING, Obstacle, Waiting, described, see
from tools.diagnose.rules.scheduling.placement import obstacles
from tools.diagnose.rules.scheduling.preemption import preemption_of
from tools.diagnose.rules.storage import claims
from tools.diagnose.rules.storage.unbound import is_on_a_node
from tools.diagnose.terms import Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot, Subject
from tools.plaintext import one_line

SCHEDULER_ANSWERS_WITHIN = timedelta(seconds=30)
"""What a scheduler that is busy may take; one that is not looks at a pod at once."""
PREEMPTION_TAKES = timedelta(minutes=1)

_TAIL = re.compile(r"\.?\s+(no new claims to deallocate|still not schedulable|preemption:|not found$).*", re.S)
_CLAIM_ABSENT = re.compile(r'persistentvolumeclaim "([^"]+)" not found')
_UNBOUND = "unbound immediate PersistentVolumeClaims"
_OF_CLAIMS = re.compile(r"unbound immediate PersistentVolumeClaims|persistentvolumeclaim|VolumeBinding", re.I)
_OF_OTHER_PODS = re.compile(r"Insufficient|free ports|anti-affinity|Too many pods")
"""What the pods that are there keep from others, and leave to them when they go."""
_QUEUES = ("kueue.x-k8s.io/",)
"""Gates of job queues: to wait there is what they are for."""


def pending(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Pods that no node takes, and claims that keep pods from their node."""
    held: dict[str, claims.Held] = {}
    groups: dict[ObjectRef, list[Waiting]] = {}
    for pod in current_pods(snapshot):
        if (waiting := _waiting(pod, snapshot)) and not _held_by_claims(waiting, held):
            groups.setdefault(waiting.owner, []).append(waiting)
    found = [_finding(group) for owner, group in groups.items() if not _preempted(owner, group)]
    return [each for each in found if each] + [claims.finding(each, snapshot) for each in held.values()]


def _preempted(owner: ObjectRef, group: list[Waiting]) -> bool:
    """Whether it had its place and lost it: then that is the cause."""
    names = [each.pod["metadata"]["name"] for each in group]
    return not passed_over.gates(group[0]) and preemption_of(owner, names, group[0].snapshot) is not None


def _waiting(pod: Json, snapshot: Snapshot) -> Waiting | None:
    """The pod, when it has no node and a scheduler has said why, or none looks at it."""
    status = status_of(pod)
    if status.get("phase") != "Pending":
        return None
    condition = _scheduled_condition(pod)
    if pod["spec"].get("nodeName"):
        sentence = _NO_SUCH_NODE if _node_is_missing(pod, snapshot) else ""
    elif condition.get("status") == "False":
        event = _newest(pod, "FailedScheduling", snapshot)
        sentence = str(condition.get("message") or (event or {}).get("message") or condition.get("reason"))
    else:
        sentence = _NOBODY if _is_unseen(pod) and _older(pod, timing.APPLIED_WITHIN, snapshot) else ""
    being_made = status.get("nominatedNodeName") and not _older(pod, PREEMPTION_TAKES, snapshot)
    if not sentence or being_made:
        return None
    return Waiting(pod, owner_of(pod, snapshot), _TAIL.sub("", sentence), snapshot)


_NO_SUCH_NODE = "its spec.nodeName is a node that does not exist"
_NOBODY = "no scheduler has looked at it"


def _node_is_missing(pod: Json, snapshot: Snapshot) -> bool:
    nodes = bool(snapshot.of("Node"))
    return _is_unseen(pod) and nodes and snapshot.named("Node", pod["spec"]["nodeName"]) is None


def _is_unseen(pod: Json) -> bool:
    """Whether neither a scheduler nor a kubelet has said anything of it."""
    return not any(
        pod["status"].get(which) for which in ("conditions", "containerStatuses", "initContainerStatuses")
    )


def _held_by_claims(waiting: Waiting, held: dict[str, claims.Held]) -> bool:
    """Whether claims are the cause; they are added to `held`."""
    found = list(claims.troubled(waiting.pod, waiting.snapshot))
    for claim, trouble in found:
        one = held.setdefault(claim["metadata"]["name"], claims.Held(claim, trouble))
        one.pods.append(waiting.pod["metadata"]["name"])
        one.owners.append(waiting.owner)
    waits = waiting.sentence == _NOBODY and any(is_on_a_node(claim) for claim, _ in found)
    return bool(found) and (waits or _OF_CLAIMS.search(waiting.sentence) is not None)


def _scheduled_condition(pod: Json) -> Json:
    conditions: list[Json] = pod["status"].get("conditions") or []
    return next((item for item in conditions if item.get("type") == "PodScheduled"), {})


def _newest(pod: Json, reason: str, snapshot: Snapshot) -> Json | None:
    events = snapshot.events_of("Pod", pod["metadata"]["name"])
    return next((event for event in events if event.get("reason") == reason), None)


def _older(pod: Json, span: timedelta, snapshot: Snapshot) -> bool:
    created = parse_time(pod["metadata"].get("creationTimestamp"))
    return created is None or snapshot.taken_at - created >= span


def _finding(group: list[Waiting]) -> Finding | None:
    waiting = group[0]
    if _UNBOUND in waiting.sentence and not _claims_are_judged(waiting):
        return None
    found = _obstacles(waiting)
    gates = passed_over.gates(waiting)
    severity = "error"
    if gates:
        severity = "info" if all(gate.startswith(_QUEUES) for gate in gates) else "warning"
    elif _grows(waiting):
        severity = "info"
    finding = Finding(
        cause=PENDING,
        object=waiting.owner,
        affected=tuple(each.pod["metadata"]["name"] for each in group),
        subject=None if waiting.owner.kind == "Pod" else Subject("a pod", waiting.owner),
        detail=_detail(waiting, found),
        why=found[0].why if found else _WHY,
        evidence=tuple(_evidence(waiting, found)),
        remedies=tuple(_remedies(waiting, found)),
    )
    return timing.so_far(replace(finding, severity=severity), _passes_by(group), waiting.snapshot)


def _passes_by(group: list[Waiting]) -> datetime | None:
    """Until when it may pass by itself: a scheduler looks at it, or pods that are being deleted make room."""
    pod, snapshot = group[0].pod, group[0].snapshot
    if group[0].sentence == _NOBODY:
        return timing.after(pod["metadata"].get("creationTimestamp"), SCHEDULER_ANSWERS_WITHIN)
    return timing.gone_by(snapshot) if _OF_OTHER_PODS.search(group[0].sentence) else None


_WHY = "The scheduler looks for a node that meets every condition of the pod, and goes on looking."


def _claims_are_judged(waiting: Waiting) -> bool:
    """Whether the claims could not be read, so that the scheduler's word is all there is."""
    snapshot = waiting.snapshot
    return not (snapshot.has("PersistentVolumeClaim") and snapshot.has("StorageClass"))


def _obstacles(waiting: Waiting) -> list[Obstacle]:
    if passed_over.gates(waiting):
        return [passed_over.gated(waiting)]
    if waiting.sentence == _NO_SUCH_NODE:
        return [passed_over.no_such_node(waiting)]
    if waiting.sentence == _NOBODY:
        return [devices.unmade(waiting) if devices.claims_of(waiting.pod) else passed_over.nobody(waiting)]
    if "cannot allocate all claims" in waiting.sentence:
        return [devices.unallocated(waiting)]
    if "device class" in waiting.sentence:
        return [devices.no_class(waiting)]
    if match := _CLAIM_ABSENT.search(waiting.sentence):
        return [claims.absent(waiting, match[1])]
    return obstacles(waiting)


def _grows(waiting: Waiting) -> bool:
    """Whether the cluster's autoscaler is adding a node for it."""
    event = _newest(waiting.pod, "TriggeredScaleUp", waiting.snapshot)
    return event is not None and not _older(waiting.pod, timedelta(minutes=10), waiting.snapshot)


def _detail(waiting: Waiting, found: list[Obstacle]) -> str:
    pending = f"{said(waiting.owner)} is Pending" if waiting.owner.kind == "Pod" else "is Pending"
    detail = "; ".join(each.said for each in found if each.said)
    if passed_over.gates(waiting) or waiting.sentence in (_NO_SUCH_NODE, _NOBODY):
        return f"{pending}: {detail}"
    core = one_line(waiting.sentence, 200).rstrip(".")
    return f"{pending}: {core}{f' ({detail})' if detail else ''}"


def _evidence(waiting: Waiting, found: list[Obstacle]) -> list[Evidence]:
    evidence: list[Evidence] = []
    condition = _scheduled_condition(waiting.pod)
    if condition.get("status") == "False":
        told = str(condition.get("message") or condition.get("reason"))
        evidence.append(about_pod("status", waiting.pod, f"PodScheduled is False: {told}"))
    evidence += [about_owner("spec", waiting.owner, text) for each in found for text in each.spec]
    evidence += [one for each in found for one in each.evidence]
    if event := _newest(waiting.pod, "NotTriggerScaleUp", waiting.snapshot):
        evidence.append(about_pod("event", waiting.pod, event_said(event)))
    if event := _newest(waiting.pod, "TriggeredScaleUp", waiting.snapshot):
        evidence.append(about_pod("event", waiting.pod, event_said(event)))
    return evidence


def _remedies(waiting: Waiting, found: list[Obstacle]) -> list[Remedy]:
    by_command = {remedy.command: remedy for each in reversed(found) for remedy in reversed(each.remedies)}
    remedies = list(reversed(by_command.values()))[:_REMEDIES_AT_MOST]
    return remedies or [see("See what the scheduler says", described(waiting))]


_REMEDIES_AT_MOST = 4


def _waits(snapshot: Snapshot) -> bool:
    return any(unplaced(pod) for pod in snapshot.of("Pod"))


def _depends_on_others(snapshot: Snapshot) -> bool:
    """Where an empty node would do for a pod that waits: what the others take decides."""
    waiting = [pod for pod in snapshot.of("Pod") if unplaced(pod)] if snapshot.of("Node") else []
    return any(depends_on_others(pod, snapshot) for pod in waiting)


def _lacks_room(snapshot: Snapshot) -> bool:
    return any(
        "Insufficient" in str(each.get("message")) for pod in snapshot.of("Pod") for each in conditions_of(pod)
    )


def _claim_waits(snapshot: Snapshot) -> bool:
    claims_there = snapshot.of("PersistentVolumeClaim")
    return any(status_of(item).get("phase") != "Bound" for item in claims_there)


def _claims_devices(snapshot: Snapshot) -> bool:
    return any(unplaced(pod) and pod["spec"].get("resourceClaims") for pod in snapshot.of("Pod"))


RULE = Rule(
    causes=(PENDING,),
    find=pending,
    reads={
        "Node": _waits,
        "PlacedPod": _depends_on_others,
        "LimitRange": _lacks_room,
        "PersistentVolume": _claim_waits,
        "StorageClass": _claim_waits,
        "ResourceClaim": _claims_devices,
    },
)
