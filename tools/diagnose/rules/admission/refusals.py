"""Pods that a controller wants and the API server refuses: whose they are, and what was said.

Source: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import msgspec

from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.naming import said
from tools.diagnose.facts.owners import controller, newest_replicaset
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.reading.snapshot import event_time
from tools.diagnose.terms import Json, Kind, ObjectRef, Snapshot

TRIED_AGAIN_WITHIN = timedelta(minutes=20)
"""A controller tries again after 1000 seconds at the latest: an older event is over."""

_PREFIXES = re.compile(
    r"^\(combined from similar events\): |^Error creating(?: job)?: |^Failed to create new replica set \"[^\"]*\": "
    r"|^create \w+ \S+ (?:for Pod \S+ )?in StatefulSet \S+ failed error: "
)
_FORBIDDEN = re.compile(r'^[\w.]+ "[^"]*" is forbidden: ')
_API: dict[str, str] = {"Job": "batch/v1", "CronJob": "batch/v1"}
_CONTROLLERS = ("ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob")


class Refusal(msgspec.Struct, frozen=True):
    """One workload whose pods are refused; `message` without what every such message begins with."""

    owner: ObjectRef
    message: str
    source: str
    """What was read, for the evidence: `ReplicaFailure: ...` or an event's text."""
    about: str
    pod_spec: Json
    wanted: int
    created: int

    @property
    def refused(self) -> str:
        """`the pods of Deployment shop`; of a CronJob it may be its Jobs."""
        what = "Jobs" if self.about.startswith("CronJob ") else "pods"
        return f"the {what} of {said(self.owner)}"

    @property
    def is_event(self) -> bool:
        return not self.about.startswith("Deployment ")


def refusals(snapshot: Snapshot) -> list[Refusal]:
    """What is refused now, one for each workload; not what was refused once and is there since."""
    of_deployments = [found for item in snapshot.of("Deployment") if (found := _of_deployment(item, snapshot))]
    of_others = [
        found
        for (kind, name), events in _failed(snapshot).items()
        if (found := _of_controller(kind, name, events, snapshot))
    ]
    by_owner = {found.owner: found for found in (*of_others, *of_deployments)}
    return [by_owner[owner] for owner in sorted(by_owner, key=lambda one: (one.kind, one.name))]


def stripped(message: str) -> str:
    """A refusal without what names the pod, which is another one each time."""
    return _FORBIDDEN.sub("", _PREFIXES.sub("", _PREFIXES.sub("", message)))


def _of_deployment(item: Json, snapshot: Snapshot) -> Refusal | None:
    wanted, created = (
        _number(item["spec"].get("replicas"), 1),
        _number(status_of(item).get("updatedReplicas")),
    )
    condition = _failure(item)
    if condition is None or created >= wanted:
        return None
    newest = newest_replicaset(item)
    events = [
        each for each in snapshot.events_of("ReplicaSet", newest or "") if each.get("reason") == "FailedCreate"
    ]
    name = str(item["metadata"]["name"])
    message = str((events[0] if events else condition).get("message") or "")
    return Refusal(
        ObjectRef("apps/v1", "Deployment", snapshot.namespace, name),
        stripped(message),
        f"{condition.get('type')} is {condition.get('status')}: {_PREFIXES.sub('', message)}",
        f"Deployment {name}",
        _pod_spec(item),
        wanted,
        created,
    )


def _failure(deployment: Json) -> Json | None:
    for condition in conditions_of(deployment):
        kind, status = condition.get("type"), condition.get("status")
        if kind == "ReplicaFailure" and status == "True":
            return condition
        if kind == "Progressing" and condition.get("reason") == "ReplicaSetCreateError":
            return condition
    return None


def _failed(snapshot: Snapshot) -> dict[tuple[str, str], list[Json]]:
    """The FailedCreate events by what they are about, newest first; those of Deployments' ReplicaSets left out."""
    found: dict[tuple[str, str], list[Json]] = {}
    for event in sorted(snapshot.of("Event"), key=event_time, reverse=True):
        about = event.get("involvedObject") or {}
        kind, name = str(about.get("kind")), str(about.get("name"))
        is_deployments = kind == "ReplicaSet" and snapshot.named("Deployment", name.rpartition("-")[0])
        if event.get("reason") == "FailedCreate" and kind in _CONTROLLERS and not is_deployments:
            found.setdefault((kind, name), []).append(event)
    return found


def _of_controller(kind: str, name: str, events: list[Json], snapshot: Snapshot) -> Refusal | None:
    item = snapshot.named(cast("Kind", kind), name)
    if item is None or item["metadata"].get("deletionTimestamp"):
        return None
    if not _younger(event_time(events[0]), TRIED_AGAIN_WITHIN, snapshot):
        return None
    wanted, created = _counts(kind, item, event_time(events[0]), snapshot)
    if created >= wanted:
        return None
    above = controller(item)
    owner = ObjectRef(_API.get(kind, "apps/v1"), kind, snapshot.namespace, name)
    if above is not None:
        owner = ObjectRef(str(above.get("apiVersion")), str(above["kind"]), snapshot.namespace, str(above["name"]))
    message = str(events[0].get("message") or "")
    source = f"FailedCreate: {_PREFIXES.sub('', message)}"
    about = said(ObjectRef("", kind, None, name))
    return Refusal(owner, stripped(message), source, about, _pod_spec(item), wanted, created)


def _counts(kind: str, item: Json, refused_at: str, snapshot: Snapshot) -> tuple[int, int]:
    """How many pods (of a CronJob: jobs) there should be, and how many there are."""
    spec, status = item.get("spec") or {}, status_of(item)
    match kind:
        case "DaemonSet":
            return _number(status.get("desiredNumberScheduled")), _number(status.get("currentNumberScheduled"))
        case "Job":
            return _job_counts(spec, status)
        case "CronJob":
            made = [_created(job) for job in snapshot.of("Job") if _is_of(job, item)]
            return int(not spec.get("suspend")), int(any(moment >= refused_at for moment in made))
        case _:
            return _number(spec.get("replicas"), 1), _number(status.get("replicas"))


def _job_counts(spec: Json, status: Json) -> tuple[int, int]:
    conditions = status.get("conditions") or ()
    if spec.get("suspend") or any(each.get("status") == "True" for each in conditions):
        return 0, 0
    parallelism = _number(spec.get("parallelism"), 1)
    left = _number(spec.get("completions"), 1) - _number(status.get("succeeded"))
    return min(parallelism, left), _number(status.get("active"))


def _is_of(job: Json, cron_job: Json) -> bool:
    above = controller(job)
    return above is not None and above["name"] == cron_job["metadata"]["name"]


def _created(item: Json) -> str:
    return str(item["metadata"].get("creationTimestamp") or "")


def _pod_spec(item: Json) -> Json:
    spec = item.get("spec") or {}
    inner = (spec.get("jobTemplate") or {}).get("spec") or spec
    return dict((inner.get("template") or {}).get("spec") or {})


def containers_of(refusal: Refusal) -> Iterator[Json]:
    """The containers of the pod template, init containers last."""
    yield from refusal.pod_spec.get("containers") or ()
    yield from refusal.pod_spec.get("initContainers") or ()


def _number(value: object, default: int = 0) -> int:
    return int(value) if isinstance(value, int) else default


def _younger(moment: object, span: timedelta, snapshot: Snapshot) -> bool:
    parsed = parse_time(moment)
    return parsed is not None and snapshot.taken_at - parsed < span
