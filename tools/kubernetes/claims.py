"""Change a PersistentVolumeClaim. The functions only plan."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.changes.build import create_change, delete_change, written
from tools.changes.plan import Plan
from tools.errors import ToolFailed
from tools.frame import Name, Namespace, ToolContext
from tools.json import Json
from tools.kubernetes.pod_template import where

# What the controllers note on a claim while they look for a volume.
# Source: https://kubernetes.io/docs/reference/labels-annotations-taints/
_CONTROLLERS = ("volume.kubernetes.io/", "volume.beta.kubernetes.io/storage-provisioner", "pv.kubernetes.io/")


def set_claim_class(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    storage_class: Annotated[Name, Field(description="Name of the StorageClass.")],
) -> Plan:
    """Give a claim that has no volume yet another storage class: it is deleted and made again.

    Nobody may change the class of a claim that is there. A person approves it.
    """
    live = context.cluster.get("PersistentVolumeClaim", name, namespace)
    if (live.get("status") or {}).get("phase") == "Bound" or live["spec"].get("volumeName"):
        raise ToolFailed(f"{where(live)} has a volume: its data would be lost. Make a new claim and copy them.")
    context.cluster.get("StorageClass", storage_class, None)
    resource = context.cluster.find("PersistentVolumeClaim").plural
    before = _fresh(written(live))
    after = {**before, "spec": {**before["spec"], "storageClassName": storage_class}}
    said = f"{before['spec'].get('storageClassName', 'unset')} -> {storage_class}"
    return Plan.of(
        f"set storage class {said} of {where(live)}", delete_change(resource, live), create_change(resource, after)
    )


def _fresh(claim: Json) -> Json:
    """A claim as it was written, without what the controllers noted on it."""
    metadata: Json = {key: value for key, value in claim["metadata"].items() if key != "finalizers"}
    annotations = {
        key: value
        for key, value in (metadata.pop("annotations", None) or {}).items()
        if not key.startswith(_CONTROLLERS)
    }
    return {**claim, "metadata": {**metadata, **({"annotations": annotations} if annotations else {})}}
