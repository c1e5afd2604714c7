"""From a change and the object it is for: the version it was planned on, and what undoes it. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tools.cluster.client import Json
from tools.cluster.resources import ObjectRef, Resource
from tools.frame import Change
from tools.read import without_noise

# Written by controllers, not by people: they do not make a change of the object.
_CONTROLLERS_METADATA = ("managedFields", "resourceVersion", "generation")
_CONTROLLERS_ANNOTATIONS = ("deployment.kubernetes.io/revision",)
_SERVER_METADATA = ("resourceVersion", "generation", "uid", "creationTimestamp")

# The keys strategic merge joins the lists of a pod template by. Source: the `patchMergeKey` of the types in
# https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/
_MERGE_KEYS: dict[str, str] = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "ports": "containerPort",
    "volumeMounts": "mountPath",
}


def reference(live: Json) -> ObjectRef:
    """Which object this is."""
    metadata = live["metadata"]
    return ObjectRef(live["apiVersion"], live["kind"], metadata.get("namespace"), metadata["name"])


def patch_change(resource: Resource, live: Json, body: Json) -> Change:
    """The strategic merge patch `body` of the object `live`, with what undoes it."""
    return Change(
        target=reference(live),
        resource=resource.plural,
        body=body,
        undo=inverse(body, live),
        uid=live["metadata"].get("uid", ""),
        resource_version=live["metadata"].get("resourceVersion", ""),
        version=version(live),
    )


def delete_change(resource: Resource, live: Json) -> Change:
    """The deletion of the object `live`; undone by making it again, unless a controller does that."""
    owners = live["metadata"].get("ownerReferences") or ()
    controlled = any(owner.get("controller") for owner in owners)
    return Change(
        target=reference(live),
        resource=resource.plural,
        body={},
        undo={} if controlled else written(live),
        uid=live["metadata"].get("uid", ""),
        resource_version=live["metadata"].get("resourceVersion", ""),
        version=version(live),
        verb="delete",
    )


def create_change(resource: Resource, body: Json) -> Change:
    """The creation of the object `body`."""
    return Change(
        reference(body), resource.plural, body, {}, uid="", resource_version="", version="", verb="create"
    )


def written(live: Json) -> Json:
    """What people wrote of an object: no status, and no fields of the API server's own."""
    clean = {key: value for key, value in without_noise(live).items() if key != "status"}
    metadata = {key: value for key, value in clean["metadata"].items() if key not in _SERVER_METADATA}
    return {**clean, "metadata": metadata}


def version(live: Json) -> str:
    """A digest of what people wrote of an object.

    `resourceVersion` moves with each status update, and a crashing Deployment's status moves all the time;
    this moves only when somebody changes the object itself.
    """
    metadata = {key: value for key, value in live["metadata"].items() if key not in _CONTROLLERS_METADATA}
    annotations = dict(metadata.get("annotations") or {})
    for key in _CONTROLLERS_ANNOTATIONS:
        annotations.pop(key, None)
    metadata["annotations"] = annotations
    written = {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}
    return hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()


def inverse(patch: Json, live: Json) -> Json:
    """The strategic merge patch that puts back what `patch` changes in `live`; null deletes.

    Of the object after a patch, it is the values that the patch brought about, as the server wrote them.
    """
    return {key: _inverse_value(key, value, live.get(key)) for key, value in patch.items()}


def _inverse_value(key: str, patched: Any, live: Any) -> Any:
    if isinstance(patched, dict) and isinstance(live, dict):
        return inverse(patched, live)
    merge_key = _MERGE_KEYS.get(key)
    if isinstance(patched, list) and merge_key:
        return [_inverse_item(item, live or [], merge_key) for item in patched]
    return live


def _inverse_item(item: Json, live: list[Json], merge_key: str) -> Json:
    before = next((other for other in live if other.get(merge_key) == item.get(merge_key)), None)
    if before is None:
        return {merge_key: item.get(merge_key), "$patch": "delete"}
    if item.get("$patch") == "delete":
        return before
    return {**inverse(item, before), merge_key: item[merge_key]}


def contains(live: Any, patch: Any, key: str = "") -> bool:
    """Whether `live` already is as `patch` (a strategic merge patch) wants it."""
    if isinstance(patch, dict) and patch.get("$patch") == "delete":
        return live is None
    if isinstance(patch, dict):
        return all(contains((live or {}).get(name), value, name) for name, value in patch.items())
    merge_key = _MERGE_KEYS.get(key)
    if isinstance(patch, list) and merge_key:
        return all(contains(_same(live or [], item, merge_key), item) for item in patch)
    return bool(live == patch)


def _same(live: list[Json], item: Json, merge_key: str) -> Json | None:
    return next((other for other in live if other.get(merge_key) == item.get(merge_key)), None)
