"""Evicted: the kubelet ended a pod for what it, or its node, used.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import msgspec

from tools.apimachinery import quantity
from tools.apimachinery.quantity import amount
from tools.diagnose.facts.containers import STEADY_AFTER, parse_time
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import TEMPLATE_KINDS, about_owner, event_said, typed
from tools.diagnose.facts.owners import controller, current_pods_of, newest_replicaset, owner_of
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.reading.decoding import looks_well
from tools.diagnose.reading.snapshot import event_time
from tools.diagnose.terms import (
    Cause,
    Evidence,
    Finding,
    Json,
    Known,
    ObjectRef,
    Remedy,
    Rule,
    Severity,
    Snapshot,
    Subject,
    grouped,
)
from tools.plaintext import one_line

EVICTED = Cause(
    "Evicted",
    topic="scaling",
    means="The kubelet ended the pod, because it or its node used too much of a resource.",
    why=(
        "A container's ephemeral-storage limit and an emptyDir's sizeLimit are watched by the kubelet, which "
        "ends the whole pod beyond them. When the node itself runs short of memory or disk, it ends those "
        "pods first that use most beyond their requests."
    ),
    mend=(
        "Write less to the container's own file system and log, raise the limit, or keep data on a volume. "
        "Give requests that match the use, so that the node is not overfilled."
    ),
    example=(
        "pods of Deployment checkout are evicted again and again: its containers use more ephemeral storage "
        "than their limits of 20Mi together"
    ),
    source="https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/",
    called=r"\bevict\w*",
)

REPLACED_WITHIN = timedelta(minutes=1)

_CONTAINERS_TOTAL = re.compile(r"ephemeral local storage usage exceeds the total limit of containers (\S+?)\.?\s*$")
_CONTAINER = re.compile(r'Container (\S+) exceeded its local ephemeral storage limit "([^"]+)"')
_EMPTY_DIR = re.compile(r'Usage of EmptyDir volume "([^"]+)" exceeds the limit "([^"]+)"')
_NODE_LOW = re.compile(
    r"The node was low on resource: ([\w./-]+\w)\.(?: Threshold quantity: (\S+), available: ([^.\s]+)\.)?"
)
_USED = re.compile(r"Container (\S+) was using (\S+), request is ([^,\s]+)")
_NODE_IS_SHORT = re.compile(r"The node (was low|had condition)")
_PRESSURE = re.compile(r"node had condition: \[(\w+)\]")


class Eviction(msgspec.Struct, frozen=True):
    """One evicted pod."""

    pod: Json
    owner: ObjectRef
    message: str
    at: datetime | None


def evicted(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Workloads that lost pods: again and again, with nothing in their place, or once and well since."""
    evictions = [each for pod in snapshot.of("Pod") if (each := _eviction(pod, snapshot))]
    groups = grouped(evictions, lambda each: each.owner).values()
    for group in groups:
        group.sort(key=lambda each: (str(each.at), each.pod["metadata"]["name"]), reverse=True)
    return [found for group in groups if (found := _finding(group, snapshot))]


def _eviction(pod: Json, snapshot: Snapshot) -> Eviction | None:
    status = status_of(pod)
    if (
        status.get("phase") != "Failed"
        or status.get("reason") != "Evicted"
        or pod["metadata"].get("deletionTimestamp")
    ):
        return _of_same_name(pod, snapshot)
    if not _is_of_newest(pod, snapshot):
        return None
    moments = [str(item.get("lastTransitionTime") or "") for item in status.get("conditions") or ()]
    at = parse_time(max([*moments, str(status.get("startTime") or "")]))
    return Eviction(pod, owner_of(pod, snapshot), str(status.get("message") or ""), at)


def _of_same_name(pod: Json, snapshot: Snapshot) -> Eviction | None:
    """The StatefulSet's controller deletes an evicted pod at once and makes it anew under its name."""
    direct = controller(pod)
    if direct is None or direct["kind"] != "StatefulSet":
        return None
    events = [
        each for each in snapshot.events_of("Pod", pod["metadata"]["name"]) if each.get("reason") == "Evicted"
    ]
    if len(events) < 2 and sum(int(each.get("count") or 1) for each in events) < 2:
        return None
    return Eviction(pod, owner_of(pod, snapshot), str(events[0].get("message")), parse_time(event_time(events[0])))


def _is_of_newest(pod: Json, snapshot: Snapshot) -> bool:
    direct = controller(pod)
    if direct is None or direct["kind"] != "ReplicaSet":
        return True
    deployment = snapshot.named("Deployment", owner_of(pod, snapshot).name)
    newest = newest_replicaset(deployment) if deployment else None
    return newest in (None, direct["name"])


def _finding(group: list[Eviction], snapshot: Snapshot) -> Finding | None:
    newest = group[0]
    severity = _severity(group, snapshot)
    if severity is None:
        return None
    what, container, limit = _cause(newest.message)
    again = severity == "error" and newest.owner.kind not in ("Pod", "Job", "CronJob")
    subject, befell = (Subject("pods", newest.owner), "are evicted again and again") if again else _once(newest)
    own = current_pods_of(newest.owner, snapshot)
    replaced = "" if severity == "error" or not any(map(looks_well, own)) else "; a new one runs"
    names = [each.pod["metadata"]["name"] for each in group]
    return Finding(
        cause=EVICTED,
        object=newest.owner,
        container=container,
        affected=tuple(dict.fromkeys([*names, *(pod["metadata"]["name"] for pod in own)])),
        subject=subject,
        detail=f"{befell}: {what}{replaced}",
        why=_why(newest.message),
        evidence=tuple(_evidence(group, snapshot)),
        remedies=tuple(_remedies(newest, container, limit, snapshot)),
        severity=severity,
    )


def _once(eviction: Eviction) -> tuple[Subject | None, str]:
    if eviction.owner.kind == "Pod":
        return None, f"Pod {eviction.pod['metadata']['name']} was evicted"
    return Subject("a pod", eviction.owner), "was evicted"


def _severity(group: list[Eviction], snapshot: Snapshot) -> Severity | None:
    """None of a Job that is complete; info where what was evicted runs well again, and may go on to."""
    newest = group[0]
    direct = controller(newest.pod)
    if direct is None:
        return "error"
    if direct["kind"] == "Job":
        return _severity_of_job(direct["name"], snapshot)
    own = current_pods_of(newest.owner, snapshot)
    recent = [each for each in group if each.at is not None and snapshot.taken_at - each.at < STEADY_AFTER]
    if len(recent) > max(1, len(own)) or (recent and direct["kind"] == "StatefulSet"):
        return "error"
    is_late = newest.at is None or snapshot.taken_at - newest.at >= REPLACED_WITHIN
    if any(looks_well(pod) for pod in own):
        return "warning" if recent and not _NODE_IS_SHORT.search(newest.message) else "info"
    return "warning" if recent and is_late else "info"


def _severity_of_job(name: str, snapshot: Snapshot) -> Severity | None:
    status = (snapshot.named("Job", name) or {}).get("status") or {}
    if any(
        item.get("type") == "Complete" and item.get("status") == "True" for item in status.get("conditions") or ()
    ):
        return None
    return "warning" if status.get("active") else "error"


def _cause(message: str) -> tuple[str, str | None, str | None]:
    """What was used up, by which container (where it is said), and the limit."""
    if match := _CONTAINER.search(message):
        return f"container {match[1]} used more ephemeral storage than its limit of {match[2]}", match[1], match[2]
    if match := _CONTAINERS_TOTAL.search(message):
        return f"its containers use more ephemeral storage than their limits of {match[1]} together", None, match[1]
    if match := _EMPTY_DIR.search(message):
        return f"its emptyDir volume {match[1]} holds more than its sizeLimit of {match[2]}", None, None
    if match := _NODE_LOW.search(message):
        used = _USED.search(message)
        left = f" ({match[3]} left, the threshold is {match[2]})" if match[2] else ""
        who = f", and container {used[1]} was using {used[2]} with a request of {used[3]}" if used else ""
        return one_line(f"its node was short of {match[1]}{left}{who}", 240), used[1] if used else None, None
    if match := _PRESSURE.search(message):
        return f"its node had {match[1]}", None, None
    return one_line(message, 200) or "the kubelet does not say why", None, None


def _why(message: str) -> str:
    if _CONTAINER.search(message) or _CONTAINERS_TOTAL.search(message):
        return (
            "Ephemeral storage is what a container writes to its own file system, its logs, and emptyDir volumes. "
            "The kubelet measures it now and then, and ends the whole pod when it is beyond the limit."
        )
    if _EMPTY_DIR.search(message):
        return "The kubelet measures emptyDir volumes now and then, and ends a pod whose volume outgrew its limit."
    return (
        "When a node runs short of memory or disk, the kubelet ends pods until there is enough again: first those "
        "that use more than they requested."
    )


def _evidence(group: list[Eviction], snapshot: Snapshot) -> list[Evidence]:
    newest = group[0]
    name = newest.pod["metadata"]["name"]
    evidence = [Evidence("status", f"Pod {name}", one_line(f"Evicted: {newest.message}"))]
    if len(group) > 1:
        evidence.append(about_owner("status", newest.owner, f"evicted pods: {len(group)}"))
    events = [each for each in snapshot.events_of("Pod", name) if each.get("reason") == "Evicted"]
    return evidence + [Evidence("event", f"Pod {name}", one_line(event_said(each))) for each in events[:1]]


def _remedies(eviction: Eviction, container: str | None, limit: str | None, snapshot: Snapshot) -> list[Remedy]:
    owner = eviction.owner
    remedies = []
    containers: list[Json] = eviction.pod["spec"].get("containers") or []
    name = container or (str(containers[0]["name"]) if len(containers) == 1 else None)
    if limit and name and owner.kind in TEMPLATE_KINDS and amount(limit):
        double = quantity.size(int(amount(limit) * 2))
        command = f"kubectl set resources {typed(owner)} -c {name} --limits=ephemeral-storage={double}"
        remedies.append(Remedy(f"Raise the limit of ephemeral storage from {limit} to {double}", command, "change"))
    elif owner.kind == "Pod":
        keep = f"kubectl get {typed(owner)} -o yaml > {owner.name}.yaml"
        remedies.append(Remedy("Create the pod anew: nothing does that for a bare pod", keep, "read"))
    else:
        remedies.append(edit(owner, "Change the limit, or the request to match the use"))
    see = f"kubectl get pods -n {snapshot.namespace} --field-selector=status.phase=Failed"
    return [*remedies, Remedy("See the pods that failed", see, "read")]


RULE = Rule(causes=(EVICTED,), find=evicted)
