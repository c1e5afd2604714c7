"""From a Kubernetes object and what is to become of it: the change, its version and its undo. Pure."""

from __future__ import annotations

import hashlib
import json

from tools.apimachinery.manifests import without_noise
from tools.changes.patches import inverse
from tools.changes.plan import Change, CloudValue, Credentials, Password
from tools.cluster.resources import ObjectRef
from tools.json import Json

# Written by controllers, not by people: they do not make a change of the object.
_CONTROLLERS_METADATA = ("managedFields", "resourceVersion", "generation")
_CONTROLLERS_ANNOTATIONS = ("deployment.kubernetes.io/revision",)
_SERVER_METADATA = ("resourceVersion", "generation", "uid", "creationTimestamp")


def reference(live: Json) -> ObjectRef:
    """Which object this is."""
    metadata = live["metadata"]
    return ObjectRef(live["apiVersion"], live["kind"], metadata.get("namespace"), metadata["name"])


def patch_change(resource: str, live: Json, body: Json, volatile: tuple[tuple[str, ...], ...] = ()) -> Change:
    """The patch `body` of the object `live`, with what undoes it; strategic where its kind takes that."""
    target = reference(live)
    return Change(
        target=target,
        resource=resource,
        body=body,
        undo=inverse(target, body, live),
        uid=live["metadata"].get("uid", ""),
        resource_version=live["metadata"].get("resourceVersion", ""),
        version=version(live),
        volatile=volatile,
    )


def apply_change(resource: str, body: Json, live: Json | None) -> Change:
    """The server-side apply of `body`: these fields are to be so. `live` is None where there is no object yet."""
    target, metadata = reference(body), (live or {}).get("metadata") or {}
    return Change(
        target=target,
        resource=resource,
        body=body,
        undo={} if live is None else inverse(target, _fields(body), live),
        uid=metadata.get("uid", ""),
        resource_version=metadata.get("resourceVersion", ""),
        version="" if live is None else version(live),
        verb="apply",
    )


def _fields(body: Json) -> Json:
    """What of an applied object can be put back: all but what says which object it is."""
    metadata = {key: value for key, value in body["metadata"].items() if key not in ("name", "namespace")}
    rest = {key: value for key, value in body.items() if key not in ("apiVersion", "kind", "metadata")}
    return {**rest, **({"metadata": metadata} if metadata else {})}


def delete_change(resource: str, live: Json) -> Change:
    """The deletion of the object `live`; undone by making it again, unless a controller does that."""
    owners = live["metadata"].get("ownerReferences") or ()
    controlled = any(owner.get("controller") for owner in owners)
    return Change(
        target=reference(live),
        resource=resource,
        body={},
        undo={} if controlled else written(live),
        uid=live["metadata"].get("uid", ""),
        resource_version=live["metadata"].get("resourceVersion", ""),
        version=version(live),
        verb="delete",
    )


def create_change(
    resource: str, body: Json, credentials: Credentials | Password | CloudValue | None = None
) -> Change:
    """The creation of the object `body`, filled with `credentials` where it is to hold any."""
    return Change(
        target=reference(body),
        resource=resource,
        body=body,
        undo={},
        uid="",
        resource_version="",
        version="",
        verb="create",
        credentials=credentials,
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
