"""What becomes of a pod: where it is scheduled, whether its containers run, and the events that say so.

The shapes and words are those of a 1.34 scheduler and kubelet with containerd.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from agent.sandbox.store import timestamp
from agent.sandbox.workloads import NODE, app_of, repository_and_tag
from tools.apimachinery import quantity

Object = dict[str, Any]
Reason = Literal["Running", "OOMKilled", "Error", "ImagePullBackOff", "CreateContainerConfigError"]

STARTED: frozenset[Reason] = frozenset({"Running", "OOMKilled", "Error"})
CRASHED: frozenset[Reason] = frozenset({"OOMKilled", "Error"})


@dataclass(frozen=True)
class Facts:
    """What a pod meets: what is free on the node (cores, bytes), the `(kind, name)` it may refer to."""

    free: Mapping[str, Decimal]
    configuration: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Outcome:
    """What becomes of one container."""

    reason: Reason
    message: str = ""
    exit_code: int = 0


def requested(pod: Object, resource: str) -> Decimal:
    """The sum of the containers' requests, in cores or bytes; a limit stands in for an absent request."""
    amounts = (container.get("resources") or {} for container in pod["spec"]["containers"])
    both = ({**(each.get("limits") or {}), **(each.get("requests") or {})} for each in amounts)
    return sum((quantity.parse(each.get(resource, "0")) for each in both), Decimal(0))


def lacking(pod: Object, free: Mapping[str, Decimal]) -> tuple[str, ...]:
    """The resources that the pod asks more of than is free."""
    return tuple(resource for resource in free if requested(pod, resource) > free[resource])


def judge(container: Object, facts: Facts) -> Outcome:
    """Pulls, configures and runs a container, in a kubelet's order."""
    image = container["image"]
    app = app_of(image)
    if app.tags and repository_and_tag(image)[1] not in app.tags:
        return Outcome("ImagePullBackOff", _pull_error(image))
    for kind, name in _references(container):
        if (kind, name) not in facts.configuration:
            return Outcome("CreateContainerConfigError", f'{kind.lower()} "{name}" not found')
    if app.exit_code:
        return Outcome("Error", exit_code=app.exit_code)
    limit = ((container.get("resources") or {}).get("limits") or {}).get("memory")
    if limit is not None and quantity.parse(limit) < quantity.parse(app.needs_memory):
        return Outcome("OOMKilled", exit_code=137)
    return Outcome("Running")


def _pull_error(image: str) -> str:
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
        f'failed to resolve reference "{image}": {image}: not found'
    )


def _references(container: Object) -> Iterator[tuple[str, str]]:
    sources = [*container.get("envFrom", []), *(env.get("valueFrom", {}) for env in container.get("env", []))]
    fields = {"configMapRef": "ConfigMap", "configMapKeyRef": "ConfigMap"}
    fields |= {"secretRef": "Secret", "secretKeyRef": "Secret"}
    for source in sources:
        for field, reference in source.items():
            if field in fields and not reference.get("optional"):
                yield fields[field], reference["name"]


def observed(pod: Object, facts: Facts, since: datetime, now: datetime) -> tuple[Object, list[Object]]:
    """The pod as scheduler and kubelet leave it, and the events they write.

    `since` is when they took it up: a crashing container has restarted from then on with the kubelet's
    back-off. A pod whose fate has not changed comes back as it was, without events.
    """
    if not pod["spec"].get("nodeName") and (short := lacking(pod, facts.free)):
        after = pod | {"status": _pending_status(pod, _unschedulable(short), since)}
        return (pod, []) if _fate(pod) == _fate(after) else (after, [_not_scheduled(after, now)])
    outcomes = [judge(container, facts) for container in pod["spec"]["containers"]]
    status = _status(pod, outcomes, since, now)
    after = pod | {"spec": pod["spec"] | {"nodeName": NODE}, "status": status}
    return (pod, []) if _fate(pod) == _fate(after) else (after, list(_events(after, outcomes, since, now)))


def _fate(pod: Object) -> list[Any]:
    statuses = pod["status"].get("containerStatuses", [])
    states = [(each["ready"], str(each["state"].get("waiting", {}).get("reason"))) for each in statuses]
    return [pod["status"].get("conditions") and "decided", pod["spec"].get("nodeName"), *states]


def _unschedulable(short: tuple[str, ...]) -> str:
    causes = ", ".join(f"1 Insufficient {resource}" for resource in short)
    return (
        f"0/1 nodes are available: {causes}. no new claims to deallocate, "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )


def _condition(kind: str, since: datetime, reason: str = "", message: str = "") -> Object:
    times = {"lastProbeTime": None, "lastTransitionTime": timestamp(since)}
    why = {"reason": reason, "message": message} if reason else {}
    return {"type": kind, "status": str(not reason), **times, **why}


def _pending_status(pod: Object, message: str, since: datetime) -> Object:
    condition = _condition("PodScheduled", since, "Unschedulable", message)
    return {"phase": "Pending", "conditions": [condition], "qosClass": qos_class(pod)}


def _status(pod: Object, outcomes: list[Outcome], since: datetime, now: datetime) -> Object:
    pairs = list(zip(pod["spec"]["containers"], outcomes, strict=True))
    unready = [container["name"] for container, outcome in pairs if outcome.reason != "Running"]
    why = ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]") if unready else ()
    return {
        "phase": "Running" if all(outcome.reason in STARTED for outcome in outcomes) else "Pending",
        "conditions": [
            _condition("PodReadyToStartContainers", since),
            _condition("Initialized", since),
            _condition("Ready", since, *why),
            _condition("ContainersReady", since, *why),
            _condition("PodScheduled", since),
        ],
        "hostIP": "10.0.0.1",
        "podIP": f"10.244.0.{int(pod['metadata']['uid'][:2], 16)}",
        "startTime": pod["metadata"]["creationTimestamp"],
        "containerStatuses": [_container(pod, *pair, since, now) for pair in pairs],
        "qosClass": qos_class(pod),
    }


def _container(pod: Object, container: Object, outcome: Outcome, since: datetime, now: datetime) -> Object:
    running = outcome.reason == "Running"
    status = {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"sha256:{_digest(container['image'])}" if outcome.reason in STARTED else "",
        "ready": running,
        "started": running,
        "restartCount": restarts(since, now)[0] if outcome.reason in CRASHED else 0,
        "state": _state(pod, container, outcome, since, now),
        "lastState": _last_state(pod, container, outcome, since, now),
    }
    if outcome.reason in STARTED:
        status["containerID"] = _container_id(pod, container)
    return status


def _state(pod: Object, container: Object, outcome: Outcome, since: datetime, now: datetime) -> Object:
    match outcome.reason:
        case "Running":
            return {"running": {"startedAt": timestamp(since)}}
        case "OOMKilled" | "Error":
            minutes, seconds = divmod(back_off_s(restarts(since, now)[0]), 60)
            wait = f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
            where = f"container={container['name']} pod={_pod_id(pod)}"
            return _waiting("CrashLoopBackOff", f"back-off {wait} restarting failed {where}")
        case "ImagePullBackOff":
            prefix = f'Back-off pulling image "{container["image"]}": ErrImagePull: '
            return _waiting("ImagePullBackOff", prefix + outcome.message)
        case "CreateContainerConfigError":
            return _waiting("CreateContainerConfigError", outcome.message)


def _waiting(reason: str, message: str) -> Object:
    return {"waiting": {"reason": reason, "message": message}}


def _last_state(pod: Object, container: Object, outcome: Outcome, since: datetime, now: datetime) -> Object:
    if outcome.reason not in CRASHED:
        return {}
    end = timestamp(restarts(since, now)[1])
    times = {"startedAt": end, "finishedAt": end, "containerID": _container_id(pod, container)}
    return {"terminated": {"exitCode": outcome.exit_code, "reason": outcome.reason, **times}}


def back_off_s(count: int) -> int:
    """How long a kubelet waits, in seconds, before the restart after `count` of them.

    Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
    """
    return min(10 << count - 1, 300)


def restarts(since: datetime, now: datetime) -> tuple[int, datetime]:
    """How often a container that crashes at once was restarted (one at least), and when it last ended."""
    count, end = 1, since
    while (again := end + timedelta(seconds=back_off_s(count))) <= now:
        count, end = count + 1, again
    return count, end


def qos_class(pod: Object) -> str:
    """Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/"""
    amounts = [container.get("resources") or {} for container in pod["spec"]["containers"]]
    if not any(each.get("limits") or each.get("requests") for each in amounts):
        return "BestEffort"
    whole = ((each.get("limits") or {}, each.get("requests") or each.get("limits")) for each in amounts)
    return "Guaranteed" if all(len(limits) >= 2 and limits == wants for limits, wants in whole) else "Burstable"


def _pod_id(pod: Object) -> str:
    metadata = pod["metadata"]
    return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"


def _container_id(pod: Object, container: Object) -> str:
    return f"containerd://{_digest(pod['metadata']['uid'] + container['name'])}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


EVENTS: Mapping[Reason, tuple[tuple[str, str, str], ...]] = {
    "Running": (
        ("Normal", "Pulled", 'Container image "{image}" already present on machine'),
        ("Normal", "Created", "Created container: {name}"),
        ("Normal", "Started", "Started container {name}"),
    ),
    "ImagePullBackOff": (
        ("Normal", "Pulling", 'Pulling image "{image}"'),
        ("Warning", "Failed", 'Failed to pull image "{image}": {message}'),
        ("Warning", "Failed", "Error: ErrImagePull"),
        ("Normal", "BackOff", 'Back-off pulling image "{image}"'),
        ("Warning", "Failed", "Error: ImagePullBackOff"),
    ),
    "CreateContainerConfigError": (
        ("Normal", "Pulled", 'Container image "{image}" already present on machine'),
        ("Warning", "Failed", "Error: {message}"),
    ),
}
"""A kubelet's events: type, reason, message. A crashing container has those of a running one, and BackOff."""

_BACK_OFF = ("Warning", "BackOff", "Back-off restarting failed container {name} in pod {pod}")


def _events(pod: Object, outcomes: list[Outcome], since: datetime, now: datetime) -> Iterator[Object]:
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    yield _scheduler_event(pod, "Normal", "Scheduled", f"Successfully assigned {namespace}/{name} to {NODE}", since)
    for container, outcome in zip(pod["spec"]["containers"], outcomes, strict=True):
        rows = (*EVENTS["Running"], _BACK_OFF) if outcome.reason in CRASHED else EVENTS[outcome.reason]
        count = 1 if outcome.reason == "Running" else restarts(since, now)[0] + 1
        words = {"image": container["image"], "name": container["name"], "pod": _pod_id(pod)}
        for kind, reason, text in rows:
            told = Told("kubelet", kind, reason, text.format(message=outcome.message, **words))
            event = event_about(pod, told, since, now, count)
            event["involvedObject"]["fieldPath"] = f"spec.containers{{{container['name']}}}"
            yield event


def _not_scheduled(pod: Object, now: datetime) -> Object:
    message = pod["status"]["conditions"][0]["message"]
    return _scheduler_event(pod, "Warning", "FailedScheduling", message, now)


def _scheduler_event(pod: Object, kind: str, reason: str, message: str, at: datetime) -> Object:
    """An event as events.k8s.io/v1 recorders write it: with eventTime, without the older times and count."""
    event = event_about(pod, Told("default-scheduler", kind, reason, message), at, at)
    event |= {"source": {}, "action": "Scheduling", "firstTimestamp": None, "lastTimestamp": None}
    del event["count"]
    return event | {"eventTime": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


@dataclass(frozen=True)
class Told:
    """What an event says, and which component says it."""

    component: str
    type: str
    reason: str
    message: str


def event_about(about: Object, told: Told, first: datetime, last: datetime, count: int = 1) -> Object:
    """A core/v1 Event as kubelet and controllers write it; the same words about one object share a name."""
    metadata = about["metadata"]
    involved = {field: metadata[field] for field in ("name", "namespace", "uid")}
    name = f"{metadata['name']}.{_digest(metadata['uid'] + told.reason + told.message)[:16]}"
    host = {"host": NODE} if told.component == "kubelet" else {}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": metadata["namespace"]},
        "involvedObject": {"apiVersion": about["apiVersion"], "kind": about["kind"], **involved},
        "type": told.type,
        "reason": told.reason,
        "message": told.message,
        "count": count,
        "eventTime": None,
        "firstTimestamp": timestamp(first),
        "lastTimestamp": timestamp(last),
        "source": {"component": told.component, **host},
        "reportingComponent": told.component,
        "reportingInstance": host.get("host", ""),
    }
