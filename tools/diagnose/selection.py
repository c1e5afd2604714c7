"""Narrow a diagnosis to what a person asks about: a workload, a pod, any object by name, or a label selector."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from tools.cluster import errors
from tools.cluster.client import Cluster
from tools.cluster.did_you_mean import NotThere, near
from tools.cluster.resources import find, words_of_types
from tools.diagnose.facts.owners import controller, owner_of
from tools.diagnose.facts.service_pods import pods_behind
from tools.diagnose.findings import Starting
from tools.diagnose.reading import decoding
from tools.diagnose.terms import Finding, Json, Kind, Snapshot

Told = TypeVar("Told", "Finding", "Starting")

_NOT_ASKED_FOR: tuple[Kind, ...] = ("Event", "PodMetrics", "PlacedPod")
_WORKLOADS: tuple[Kind, ...] = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job")
_OFFERED_OF_TYPE = 5
_READ_WHERE_NEEDED: tuple[Kind, ...] = ("StatefulSet", "ReplicaSet")
"""Workloads that are not in every snapshot: that one of them is not in it does not say that it is not there."""


class Asked(msgspec.Struct, frozen=True):
    """What is asked about. `name`: an object's plain name, or TYPE/NAME as kubectl takes it (`deploy/checkout`).

    `selector`: a label selector of pods, in the API server's own syntax.
    """

    name: str | None = None
    selector: str | None = None

    def pod_name(self) -> str | None:
        """The pod that `name` may mean."""
        kind, wanted = _parse(self.name) if self.name else (None, None)
        return wanted if kind in (None, "Pod") else None


EVERYTHING = Asked()


def narrowed(snapshot: Snapshot, asked: Asked, cluster: Cluster) -> Snapshot:
    """The snapshot with only the pods that are asked about; as it is when everything is.

    Raises `NotThere` with the nearest names when nothing has the name.
    """
    if asked.selector is not None:
        chosen = _selected(snapshot, asked.selector, cluster)
        pods = [pod for pod in snapshot.of("Pod") if pod["metadata"]["name"] in chosen]
    elif asked.name is not None:
        kind, wanted = _parse(asked.name)
        known = _known(snapshot)
        if not _is_there(kind, wanted, known, snapshot, cluster):
            raise _nothing(kind, wanted, known, snapshot.namespace)
        pods = _of_service(wanted, snapshot) if kind == "Service" else _of_name(kind, wanted, snapshot)
    else:
        return snapshot
    return replace(snapshot, objects={**snapshot.objects, "Pod": tuple(pods)})


def about(found: Iterable[Told], asked: Asked, part: Snapshot) -> list[Told]:
    """Those about what is asked for: its pods, what owns them, or what is named; `part` is narrowed."""
    if asked == EVERYTHING:
        return list(found)
    pods = {pod["metadata"]["name"] for pod in part.of("Pod")}
    objects = set().union(*(_chain(pod, part) for pod in part.of("Pod")))
    kind, wanted = _parse(asked.name) if asked.name else (None, None)
    return [each for each in found if _is_about(each, pods, objects, kind, wanted)]


def _is_about(
    told: Finding | Starting, pods: set[str], objects: set[tuple[str, str]], kind: str | None, wanted: str | None
) -> bool:
    named = {(one.kind, one.name) for one in (told.object, *told.concerns)}
    return (
        not pods.isdisjoint(told.affected)
        or not objects.isdisjoint(named)
        or (wanted is not None and _named_so(kind, wanted, named))
    )


def _selected(snapshot: Snapshot, selector: str, cluster: Cluster) -> set[str]:
    """The names of the pods with those labels: the API server knows best what a selector means."""
    pages = cluster.pages("pods", snapshot.namespace, label_selector=selector, names_only=True)
    names: set[str] = set()
    data = next(pages)
    while True:
        page, token = decoding.keys_only(data)
        names |= {item["metadata"]["name"] for item in page}
        if not token:
            return names
        data = pages.send(token)


def _parse(name: str) -> tuple[str | None, str]:
    """The kind, None where any may be meant, and the plain name; a type that is not known stays as it was typed."""
    word, slash, rest = name.partition("/")
    if not slash:
        return None, name
    resource = find(word)
    return (resource.kind if resource else word), rest


def _named_so(kind: str | None, wanted: str, objects: Iterable[tuple[str, str]]) -> bool:
    """Whether one of the objects (kind, name) has this name, and is of this kind where one is said."""
    return any(name == wanted and (kind is None or kind.lower() == of_kind.lower()) for of_kind, name in objects)


def _is_there(
    kind: str | None, wanted: str, known: set[tuple[str, str]], snapshot: Snapshot, cluster: Cluster
) -> bool:
    """Whether it is among what was read, or what was not read has it."""
    if _named_so(kind, wanted, known):
        return True
    if kind is not None and find(kind) is None:
        return False
    unread = [each for each in (_READ_WHERE_NEEDED if kind is None else (kind,)) if each not in snapshot.objects]
    return any(_exists(cluster, each, wanted, snapshot.namespace) for each in unread)


def _exists(cluster: Cluster, kind: str, name: str, namespace: str) -> bool:
    try:
        cluster.get(kind, name, namespace)
    except (errors.NotFound, errors.Forbidden):
        return False
    return True


def _known(snapshot: Snapshot) -> set[tuple[str, str]]:
    known: set[tuple[str, str]] = set()
    for kind in snapshot.objects:
        if kind not in _NOT_ASKED_FOR:
            known |= {(kind, item["metadata"]["name"]) for item in snapshot.of(kind)}
    for pod in snapshot.of("Pod"):
        known |= _chain(pod, snapshot)
    return known


def _of_name(kind: str | None, wanted: str, snapshot: Snapshot) -> list[Json]:
    """The pods of this name, and of the workload of this name."""
    return [pod for pod in snapshot.of("Pod") if _named_so(kind, wanted, _chain(pod, snapshot))]


def _of_service(name: str, snapshot: Snapshot) -> list[Json]:
    service = snapshot.named("Service", name)
    return list(pods_behind(service, snapshot)) if service else []


def _chain(pod: Json, snapshot: Snapshot) -> set[tuple[str, str]]:
    owner = owner_of(pod, snapshot)
    chain = {("Pod", pod["metadata"]["name"]), (owner.kind, owner.name)}
    if direct := controller(pod):
        chain.add((direct["kind"], direct["name"]))
    return chain


def _nothing(kind: str | None, wanted: str, known: set[tuple[str, str]], namespace: str) -> NotThere:
    """What is not there, and what may be meant: the name of something else, a type, or an object of a type."""
    if kind is not None and find(kind) is None:
        types = near(kind, words_of_types())
        return NotThere(f'There is no type "{kind}".', types, "kubectl api-resources lists them.")
    said = f'There is no {kind.lower() if kind else "workload or pod"} "{wanted}" in {namespace}.'
    if kind is None and (meant := find(wanted)):
        of_type = [f"{one.lower()}/{name}" for one, name in sorted(known) if one == meant.kind]
        return NotThere(f"{said} It is a type: name an object of it.", of_type[:_OFFERED_OF_TYPE])
    likeliest_last = sorted(known, key=lambda each: (each[0] == kind, each[0] in _WORKLOADS, each))
    full = {name: f"{one.lower()}/{name}" for one, name in likeliest_last}
    listing = f"kubectl get deployments,statefulsets,daemonsets,jobs,pods -n {namespace} lists what there is."
    return NotThere(said, [full[name] for name in near(wanted, full)], listing)
