"""Narrow a snapshot to one workload or pod, by the name a person would use."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tools.cluster import errors
from tools.cluster.resources import find
from tools.diagnose.owners import controller, owner_of

if TYPE_CHECKING:
    from tools.cluster.client import Json
    from tools.diagnose.snapshot import Kind, Snapshot

_WORKLOADS: tuple[Kind, ...] = ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet")
_NAMES_OFFERED = 3


def select(snapshot: Snapshot, name: str | None) -> Snapshot:
    """The snapshot with only the pods that `name` means; the whole of it when `name` is None.

    `name` is a pod, any of its controllers (Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob), or
    TYPE/NAME as kubectl takes it (`deploy/checkout`). Raises `NotFound` with the nearest names.
    """
    if name is None:
        return snapshot
    kind, wanted = _parse(name)
    known = _known(snapshot)
    if not any(wanted == one and kind in (None, of_kind) for of_kind, one in known):
        raise errors.NotFound(_nothing(name, wanted, known, snapshot.namespace))
    pods = tuple(pod for pod in snapshot.of("Pod") if _means(kind, wanted, pod, snapshot))
    return replace(snapshot, objects={**snapshot.objects, "Pod": pods})


def _parse(name: str) -> tuple[str | None, str]:
    word, slash, rest = name.partition("/")
    if not slash:
        return None, name
    resource = find(word)
    return (resource.kind if resource else word), rest


def _known(snapshot: Snapshot) -> set[tuple[str, str]]:
    known: set[tuple[str, str]] = set()
    for kind in (*_WORKLOADS, "Pod"):
        known |= {(kind, item["metadata"]["name"]) for item in snapshot.of(kind)}
    for pod in snapshot.of("Pod"):
        known |= _chain(pod, snapshot)
    return known


def _means(kind: str | None, wanted: str, pod: Json, snapshot: Snapshot) -> bool:
    return any(wanted == one and kind in (None, of_kind) for of_kind, one in _chain(pod, snapshot))


def _chain(pod: Json, snapshot: Snapshot) -> set[tuple[str, str]]:
    owner = owner_of(pod, snapshot)
    chain = {("Pod", pod["metadata"]["name"]), (owner.kind, owner.name)}
    if direct := controller(pod):
        chain.add((direct["kind"], direct["name"]))
    return chain


def _nothing(name: str, wanted: str, known: set[tuple[str, str]], namespace: str) -> str:
    names = {f"{kind.lower()}/{one}": one for kind, one in sorted(known, reverse=True)}
    near = get_close_matches(wanted, sorted(set(names.values())), n=_NAMES_OFFERED, cutoff=0.5)
    offered = [full for one in near for full, plain in names.items() if plain == one][:_NAMES_OFFERED]
    hint = (
        f"Nearest: {', '.join(offered)}."
        if offered
        else f"kubectl get deployments,statefulsets,daemonsets,jobs,pods -n {namespace} lists what there is."
    )
    return f'There is no workload or pod "{name}" in {namespace}. {hint}'
