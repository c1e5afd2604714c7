"""Narrow a diagnosis to what a person asks about: a workload, a pod, any object by name, or a label selector."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec.structs import replace

from tools.cluster import errors
from tools.cluster.resources import find
from tools.diagnose import decoding
from tools.diagnose.owners import controller, owner_of

if TYPE_CHECKING:
    from tools.cluster.client import Cluster, Json
    from tools.diagnose.findings import Finding, Starting
    from tools.diagnose.snapshot import Kind, Snapshot

Told = TypeVar("Told", "Finding", "Starting")

_NOT_ASKED_FOR: tuple[Kind, ...] = ("Event", "PodMetrics", "PlacedPod")
_NAMES_OFFERED = 3


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

    Raises `NotFound` with the nearest names when nothing has the name.
    """
    if asked.selector is not None:
        chosen = _selected(snapshot, asked.selector, cluster)
        pods = [pod for pod in snapshot.of("Pod") if pod["metadata"]["name"] in chosen]
    elif asked.name is not None:
        kind, wanted = _parse(asked.name)
        known = _known(snapshot)
        if not any(wanted == one and kind in (None, of_kind) for of_kind, one in known):
            raise errors.NotFound(_nothing(asked.name, wanted, known, snapshot.namespace))
        pods = [pod for pod in snapshot.of("Pod") if _means(kind, wanted, pod, snapshot)]
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
        or any(one == wanted and kind in (None, of_kind) for of_kind, one in named)
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
    word, slash, rest = name.partition("/")
    if not slash:
        return None, name
    resource = find(word)
    return (resource.kind if resource else word), rest


def _known(snapshot: Snapshot) -> set[tuple[str, str]]:
    known: set[tuple[str, str]] = set()
    for kind in snapshot.objects:
        if kind not in _NOT_ASKED_FOR:
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
