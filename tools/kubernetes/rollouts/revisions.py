"""The earlier pod templates of a workload that its controller keeps, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.apimachinery.selectors import as_text
from tools.changes.strategic import merge_key_of
from tools.frame import ToolContext
from tools.json import Json

# Source: https://kubernetes.io/docs/reference/labels-annotations-taints/
_REVISION = "deployment.kubernetes.io/revision"
_EARLIER = "deployment.kubernetes.io/revision-history"
_CHANGE_CAUSE = "kubernetes.io/change-cause"
_HASH = "pod-template-hash"


@dataclass(frozen=True, slots=True)
class Revision:
    """One pod template that a workload has or had. `earlier`: numbers it had before it was rolled back to."""

    number: int
    created: str
    template: Json
    change_cause: str = ""
    earlier: str = ""


def revisions(context: ToolContext, live: Json) -> list[Revision]:
    """What the controller keeps of a Deployment, StatefulSet or DaemonSet, the newest first."""
    word = "replicasets" if live["kind"] == "Deployment" else "controllerrevisions"
    kept = owned(context, word, live, {live["metadata"]["uid"]})
    found = [_of_replica_set(item) if live["kind"] == "Deployment" else _of_revision(item) for item in kept]
    return sorted(found, key=lambda revision: revision.number, reverse=True)


def owned(context: ToolContext, word: str, workload: Json, owners: set[str]) -> list[Json]:
    """What a workload's selector selects of a kind, and whose owner is one of these uids."""
    selected = as_text(workload["spec"]["selector"])
    return [
        item
        for item in context.cluster.list(word, workload["metadata"]["namespace"], label_selector=selected)
        if any(owner.get("uid") in owners for owner in item["metadata"].get("ownerReferences") or ())
    ]


def number_of(replica_set: Json) -> int:
    """The revision that a ReplicaSet is."""
    return int(_annotations(replica_set).get(_REVISION, 0))


def _of_replica_set(item: Json) -> Revision:
    said, created = _annotations(item), str(item["metadata"].get("creationTimestamp", ""))
    template = _template(item["spec"]["template"])
    return Revision(
        number_of(item), created, template, str(said.get(_CHANGE_CAUSE, "")), str(said.get(_EARLIER, ""))
    )


def _of_revision(item: Json) -> Revision:
    created = str(item["metadata"].get("creationTimestamp", ""))
    template = _template(item["data"]["spec"]["template"])
    return Revision(int(item["revision"]), created, template, str(_annotations(item).get(_CHANGE_CAUSE, "")))


def _annotations(item: Json) -> Json:
    return item["metadata"].get("annotations") or {}


def _template(kept: Json) -> Json:
    """A kept template as people wrote it: without the controller's label and the marks of how it is kept."""
    metadata: dict[str, Any] = {
        key: value for key, value in (kept.get("metadata") or {}).items() if value is not None
    }
    if "labels" in metadata:
        metadata["labels"] = {key: value for key, value in metadata["labels"].items() if key != _HASH}
    return {"metadata": metadata, "spec": kept["spec"]}


def differences(before: Json, after: Json, *, mask: Any = lambda value: value) -> list[str]:
    """What differs between two templates, a line a field: `containers[app].image a:1 -> a:2`. Pure.

    `mask` takes the secrets out of a template; a secret that differs is told, and not its values.
    """
    was, is_now = dict(_leaves(before)), dict(_leaves(after))
    shown_was, shown_now = dict(_leaves(mask(before))), dict(_leaves(mask(after)))
    changed = [
        path for path in (*was, *(new for new in is_now if new not in was)) if was.get(path) != is_now.get(path)
    ]
    return [f"{path} {shown_was.get(path, 'unset')} -> {shown_now.get(path, 'removed')}" for path in changed]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that is no map, under its path; the elements of lists that are maps by their merge key."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            skipped = path == "" and key in ("spec", "metadata")
            yield from _member(key, inner, "" if skipped else f"{path}.{key}" if path else key)
    elif value not in ({}, [], None):
        yield path, value


def _member(key: str, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if joined_by := merge_key_of(key, value):
        for item in value:
            rest = {name: inner for name, inner in item.items() if name != joined_by}
            yield from (
                _leaves(rest, f"{path}[{item[joined_by]}]") if rest else [(f"{path}[{item[joined_by]}]", "there")]
            )
    else:
        yield from _leaves(value, path)
