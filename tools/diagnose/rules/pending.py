"""Pending: no node takes the pod, or its volumes do not come.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/ and
https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/#my-pod-stays-pending
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef
from tools.diagnose import quantity
from tools.diagnose.containers import parse_time
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.naming import TEMPLATE_KINDS, about_owner, about_pod, event_said, quoted, said, typed
from tools.diagnose.owners import current_pods, owner_of
from tools.diagnose.plaintext import one_line
from tools.diagnose.rules.configuration import missing_in, missing_remedies

if TYPE_CHECKING:
    from tools.diagnose.lesson import Lesson
    from tools.cluster.client import Json
    from tools.diagnose.snapshot import Snapshot

LESSONS: tuple[Lesson, ...] = ()

MOUNTS_SETTLE_WITHIN = timedelta(seconds=20)
"""In a pod's first seconds, volumes that do not mount yet are no failure."""

_INSUFFICIENT = re.compile(r"Insufficient ([\w./-]+\w)")
_NODE_MISMATCH = re.compile(r"didn't match Pod's node affinity/selector|didn't match Pod's node affinity")
_CLAIM_ABSENT = re.compile(r'persistentvolumeclaim "([^"]+)" not found')
_UNBOUND = "unbound immediate PersistentVolumeClaims"
_TAIL = re.compile(r"\.?\s+(no new claims to deallocate|preemption:|not found$).*", re.S)
_MOUNT_REASONS = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox")


@dataclass(frozen=True, slots=True)
class Stuck:
    """A pod that waits: the scheduler's sentence, or the event that tells why its volumes do not come."""

    pod: Json
    owner: ObjectRef
    sentence: str
    event: Json | None
    scheduled: bool


def pending(snapshot: Snapshot) -> list[Finding]:
    """Pods that no node takes, and pods on a node whose volumes or network do not come."""
    groups: dict[ObjectRef, list[Stuck]] = {}
    for pod in current_pods(snapshot):
        if stuck := _stuck(pod, snapshot):
            groups.setdefault(stuck.owner, []).append(stuck)
    return [_finding(group, snapshot) for group in groups.values()]


def _stuck(pod: Json, snapshot: Snapshot) -> Stuck | None:
    if pod["status"].get("phase") != "Pending":
        return None
    condition = _scheduled_condition(pod)
    if condition.get("status") == "False":
        event = _newest(pod, ("FailedScheduling",), snapshot)
        sentence = str(condition.get("message") or (event or {}).get("message") or condition.get("reason"))
        return Stuck(pod, owner_of(pod, snapshot), sentence, event, scheduled=False)
    event = _newest(pod, _MOUNT_REASONS, snapshot)
    if event is None or not _only_creating(pod) or _is_young(pod, snapshot):
        return None
    return Stuck(pod, owner_of(pod, snapshot), str(event.get("message")), event, scheduled=True)


def _scheduled_condition(pod: Json) -> Json:
    conditions: list[Json] = pod["status"].get("conditions") or []
    return next((item for item in conditions if item.get("type") == "PodScheduled"), {})


def _newest(pod: Json, reasons: tuple[str, ...], snapshot: Snapshot) -> Json | None:
    events = snapshot.events_of("Pod", pod["metadata"]["name"])
    return next((event for event in events if event.get("reason") in reasons), None)


def _only_creating(pod: Json) -> bool:
    """Whether every container still waits for what comes before it: volumes, network, sandbox."""
    statuses = [*(pod["status"].get(kind) or () for kind in ("initContainerStatuses", "containerStatuses"))]
    waiting = [(status.get("state") or {}).get("waiting") or {} for each in statuses for status in each]
    return all(state.get("reason") in ("ContainerCreating", "PodInitializing") for state in waiting)


def _is_young(pod: Json, snapshot: Snapshot) -> bool:
    created = parse_time(pod["metadata"].get("creationTimestamp"))
    return created is not None and snapshot.taken_at - created < MOUNTS_SETTLE_WITHIN


def _finding(group: list[Stuck], snapshot: Snapshot) -> Finding:
    stuck = group[0]
    return Finding(
        cause="Pending",
        object=stuck.owner,
        container=None,
        affected=tuple(each.pod["metadata"]["name"] for each in group),
        summary=_summary(stuck, snapshot),
        why=_why(stuck),
        evidence=tuple(_evidence(stuck, snapshot)),
        remedies=tuple(_remedies(stuck, snapshot)),
    )


def _summary(stuck: Stuck, snapshot: Snapshot) -> str:
    who = "Pod" if stuck.owner.kind == "Pod" else "a pod of"
    subject = f"{who} {stuck.owner.name}" if who == "Pod" else f"{who} {said(stuck.owner)}"
    if stuck.scheduled:
        return f"{subject} cannot start on its node: {one_line(stuck.sentence, 200)}"
    return f"{subject} is Pending: {_core(stuck.sentence)}{_detail(stuck, snapshot)}"


def _core(sentence: str) -> str:
    """The scheduler's sentence without what it says of preemption."""
    return one_line(_TAIL.sub("", sentence), 200).rstrip(".")


def _detail(stuck: Stuck, snapshot: Snapshot) -> str:
    if shortages := _shortages(stuck, snapshot):
        return f" ({'; '.join(shortages)})"
    if _NODE_MISMATCH.search(stuck.sentence) and (selector := stuck.pod["spec"].get("nodeSelector")):
        wanted = ", ".join(f"{key}={value}" for key, value in sorted(selector.items()))
        return f" (it asks for nodes labelled {one_line(wanted)})"
    if claims := [_claim_said(claim, snapshot) for claim in _unbound_claims(stuck, snapshot)]:
        return f" ({'; '.join(claims)})"
    return ""


def _shortages(stuck: Stuck, snapshot: Snapshot) -> list[str]:
    said_short = dict.fromkeys(_INSUFFICIENT.findall(stuck.sentence))
    return [_shortage(resource, stuck.pod, snapshot) for resource in said_short]


def _shortage(resource: str, pod: Json, snapshot: Snapshot) -> str:
    asked = _shown(resource, requested(pod, resource))
    largest = _largest_allocatable(resource, snapshot)
    has = "" if largest is None else f", the largest node has {_shown(resource, largest)}"
    return f"it asks for {resource} {asked}{has}"


def requested(pod: Json, resource: str) -> Decimal:
    """What a pod asks for: the sum over its containers, or its largest init container when that is more.

    Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
    """
    asked = [_request(container, resource) for container in pod["spec"].get("containers") or ()]
    first = [_request(container, resource) for container in pod["spec"].get("initContainers") or ()]
    return max(sum(asked, Decimal(0)), max(first, default=Decimal(0)))


def _request(container: Json, resource: str) -> Decimal:
    requests = (container.get("resources") or {}).get("requests") or {}
    return quantity.parse(requests.get(resource, "0"))


def _largest_allocatable(resource: str, snapshot: Snapshot) -> Decimal | None:
    offered = [(node.get("status") or {}).get("allocatable") or {} for node in snapshot.of("Node")]
    return max((quantity.parse(each[resource]) for each in offered if resource in each), default=None)


def _shown(resource: str, amount: Decimal) -> str:
    if resource == "memory" or "storage" in resource:
        return quantity.memory(int(amount))
    return quantity.cpu(amount)


def _unbound_claims(stuck: Stuck, snapshot: Snapshot) -> list[Json]:
    if _UNBOUND not in stuck.sentence:
        return []
    claims = [snapshot.named("PersistentVolumeClaim", name) for name in _claim_names(stuck.pod)]
    return [claim for claim in claims if claim and claim["status"].get("phase") != "Bound"]


def _claim_names(pod: Json) -> list[str]:
    volumes: list[Json] = pod["spec"].get("volumes") or []
    return [str(each["persistentVolumeClaim"]["claimName"]) for each in volumes if "persistentVolumeClaim" in each]


def _claim_said(claim: Json, snapshot: Snapshot) -> str:
    name = claim["metadata"]["name"]
    event = _newest_claim_event(name, snapshot)
    because = f": {one_line(str(event.get('message')), 160)}" if event else ""
    return f"PersistentVolumeClaim {name} is not bound{because}"


def _claim_evidence(stuck: Stuck, snapshot: Snapshot) -> list[Evidence]:
    names = [claim["metadata"]["name"] for claim in _unbound_claims(stuck, snapshot)]
    return [
        Evidence("event", f"PersistentVolumeClaim {name}", one_line(event_said(event)))
        for name in names
        if (event := _newest_claim_event(name, snapshot))
    ]


def _newest_claim_event(name: str, snapshot: Snapshot) -> Json | None:
    return next(iter(snapshot.events_of("PersistentVolumeClaim", name)), None)


def _why(stuck: Stuck) -> str:
    sentence = stuck.sentence
    if stuck.scheduled:
        return (
            "Before its first container is made, the kubelet mounts all volumes and sets up the network. It "
            "tries again, so the pod starts by itself once what is missing is there."
        )
    if _INSUFFICIENT.search(sentence):
        return (
            "The scheduler places a pod by what it requests, not by what it uses, and only where that much "
            "is not yet promised to other pods."
        )
    if _NODE_MISMATCH.search(sentence):
        return "A pod goes only to nodes whose labels match its nodeSelector and required node affinity."
    if "PersistentVolumeClaim" in sentence or "persistentvolumeclaim" in sentence:
        return "A pod waits until every claim it names exists and can be bound to a volume."
    if "taint" in sentence:
        return "A node with a taint takes only pods that tolerate it."
    return "The scheduler looks for a node that meets every condition of the pod, and goes on looking."


def _evidence(stuck: Stuck, snapshot: Snapshot) -> list[Evidence]:
    evidence: list[Evidence] = []
    if not stuck.scheduled:
        evidence.append(about_pod("status", stuck.pod, f"PodScheduled is False: {stuck.sentence}"))
    if stuck.event is not None and stuck.scheduled:
        evidence.append(about_pod("event", stuck.pod, event_said(stuck.event)))
    for resource in dict.fromkeys(_INSUFFICIENT.findall(stuck.sentence)):
        evidence.append(_asked(resource, stuck))
    if selector := stuck.pod["spec"].get("nodeSelector"):
        evidence.append(about_owner("spec", stuck.owner, f"nodeSelector: {json.dumps(selector, sort_keys=True)}"))
    return [*evidence, *_claim_evidence(stuck, snapshot)]


def _asked(resource: str, stuck: Stuck) -> Evidence:
    amount = _shown(resource, requested(stuck.pod, resource))
    return about_owner("spec", stuck.owner, f"the pod's requests of {resource}: {amount}")


def _remedies(stuck: Stuck, snapshot: Snapshot) -> list[Remedy]:
    namespace = snapshot.namespace
    missing = missing_in(stuck.sentence)
    if stuck.scheduled and missing is not None:
        return missing_remedies(missing, typed(stuck.owner), namespace, [])
    if _CLAIM_ABSENT.search(stuck.sentence):
        return [_see("Name a claim that exists, or create this one", f"get pvc -n {namespace}"), _edit(stuck)]
    if _UNBOUND in stuck.sentence:
        names = " ".join(_claim_names(stuck.pod))
        return [_see("See why the claim is not bound", f"describe pvc {names} -n {namespace}")]
    if short := _INSUFFICIENT.findall(stuck.sentence):
        return _ask_for_less(stuck, short, snapshot)
    if _NODE_MISMATCH.search(stuck.sentence):
        return _other_nodes(stuck)
    return [_see("See what the scheduler says", f"describe pod {stuck.pod['metadata']['name']} -n {namespace}")]


def _ask_for_less(stuck: Stuck, short: list[str], snapshot: Snapshot) -> list[Remedy]:
    remedies = [_less(stuck, resource, snapshot) for resource in dict.fromkeys(short)]
    see = _see("See what the nodes have and what is promised already", "describe nodes")
    return [*(remedy for remedy in remedies if remedy is not None), see]


def _less(stuck: Stuck, resource: str, snapshot: Snapshot) -> Remedy | None:
    """Half of the largest node, where even an empty node could not take the pod."""
    largest = _largest_allocatable(resource, snapshot)
    if largest is None or requested(stuck.pod, resource) <= largest or stuck.owner.kind not in TEMPLATE_KINDS:
        return None
    container = max(stuck.pod["spec"]["containers"], key=lambda each: _request(each, resource))
    half = _shown(resource, largest / 2)
    wanted = f"-c {container['name']} --requests={resource}={half}"
    return Remedy(
        title=f"Ask for less {resource} than a node has, such as half of the largest",
        command=f"kubectl set resources {typed(stuck.owner)} {wanted}",
        risk="change",
    )


def _other_nodes(stuck: Stuck) -> list[Remedy]:
    see = _see("See the labels of the nodes", "get nodes --show-labels")
    if stuck.owner.kind not in TEMPLATE_KINDS or not stuck.pod["spec"].get("nodeSelector"):
        return [see, _edit(stuck)]
    patch = quoted('[{"op": "remove", "path": "/spec/template/spec/nodeSelector"}]')
    drop = f"kubectl patch {typed(stuck.owner)} --type json -p {patch}"
    return [see, Remedy(title="Let it run on any node", command=drop, risk="change")]


def _see(title: str, words: str) -> Remedy:
    return Remedy(title=title, command=f"kubectl {words}", risk="read")


def _edit(stuck: Stuck) -> Remedy:
    return Remedy(title="Change what the pod asks for", command=f"kubectl edit {typed(stuck.owner)}", risk="change")
