"""The workloads of a namespace as what makes pods: with what labels, how many, and what they name."""

from __future__ import annotations

import msgspec

from tools.apimachinery.selectors import Labels, labels_of, matches_plain, template_labels
from tools.diagnose.facts.owners import controller
from tools.diagnose.terms import Json, Kind, ObjectRef, Snapshot, once

_STANDING: dict[Kind, str] = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
}
_PASSING: dict[Kind, str] = {"Job": "batch/v1", "CronJob": "batch/v1"}


class Workload(msgspec.Struct, frozen=True):
    """What makes pods, or a pod that nothing made; `wanted` is the number of pods, None where it has none."""

    ref: ObjectRef
    labels: Labels
    selector: Labels
    pod_spec: Json
    wanted: int | None


@once
def workloads(snapshot: Snapshot) -> tuple[Workload, ...]:
    """Every workload that was read, with the pods that stand alone; worked out once for a snapshot."""
    return (*_controllers(snapshot), *_lone_pods(snapshot))


def workload_of(ref: ObjectRef, snapshot: Snapshot) -> Workload | None:
    """One of them; None where it was not read."""
    return snapshot.once("workloads_by_ref", lambda: {each.ref: each for each in workloads(snapshot)}).get(ref)


def workloads_matching(selector: Labels, snapshot: Snapshot) -> list[Workload]:
    """Those whose pods have all these labels; none where there are no labels to match."""
    by_label = _by_label(snapshot)
    fewest = min((by_label.get(label, []) for label in selector.items()), key=len, default=[])
    return [each for each in fewest if matches_plain(selector, each.labels)]


@once
def _by_label(snapshot: Snapshot) -> dict[tuple[str, str], list[Workload]]:
    found: dict[tuple[str, str], list[Workload]] = {}
    for each in workloads(snapshot):
        for label in each.labels.items():
            found.setdefault(label, []).append(each)
    return found


def _controllers(snapshot: Snapshot) -> list[Workload]:
    found = []
    for kind, api_version in (_STANDING | _PASSING).items():
        for item in snapshot.of(kind):
            if controller(item) is None:
                found.append(_workload(kind, api_version, item, snapshot))
    return found


def _workload(kind: Kind, api_version: str, item: Json, snapshot: Snapshot) -> Workload:
    spec = item.get("spec") or {}
    template = (spec.get("jobTemplate") or {}) if kind == "CronJob" else item
    wanted = None
    if kind not in ("DaemonSet", *_PASSING):
        replicas = spec.get("replicas")
        wanted = 1 if replicas is None else int(replicas)
    return Workload(
        ref=ObjectRef(api_version, kind, snapshot.namespace, item["metadata"]["name"]),
        labels=template_labels(template),
        selector=(spec.get("selector") or {}).get("matchLabels") or {},
        pod_spec=(((template.get("spec") or {}).get("template")) or {}).get("spec") or {},
        wanted=wanted,
    )


def _lone_pods(snapshot: Snapshot) -> list[Workload]:
    return [
        Workload(
            ref=ObjectRef("v1", "Pod", snapshot.namespace, pod["metadata"]["name"]),
            labels=labels_of(pod),
            selector={},
            pod_spec=pod.get("spec") or {},
            wanted=1,
        )
        for pod in snapshot.of("Pod")
        if controller(pod) is None and not pod["metadata"].get("deletionTimestamp")
    ]
