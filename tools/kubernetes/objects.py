"""Any object: delete it; save its manifest in the workspace."""

from __future__ import annotations

from tools.apimachinery.manifests import as_yaml
from tools.changes.build import delete_change, reference, written
from tools.changes.plan import Plan
from tools.errors import ToolFailed
from tools.frame import (
    File,
    Folder,
    Name,
    Namespace,
    Rendering,
    ToolContext,
)
from tools.kubernetes.read import Kind, needed_namespace

MANIFESTS = "manifests"


def delete(context: ToolContext, *, kind: Kind, name: Name, namespace: Namespace | None = None) -> Plan:
    """Delete one object, and in the background what it owns. It can be made again from the history."""
    live = context.cluster.get(kind, name, needed_namespace(context, kind, namespace))
    change = delete_change(context.cluster.find(kind).plural, live)
    return Plan.of(f"delete {change.target}", change)


def save_manifest(
    context: ToolContext, *, kind: Kind, name: Name, namespace: Namespace | None = None, folder: Folder = ""
) -> Rendering:
    """Save an object's manifest in the workspace or another folder, as it could be applied again."""
    live = context.cluster.get(kind, name, needed_namespace(context, kind, namespace))
    if live["kind"] == "Secret":
        raise ToolFailed(f"Secret {name} is not saved: its values must not get into git.")
    target = reference(live)
    path = f"{MANIFESTS}/{target.namespace or 'cluster'}/{target.kind.lower()}-{name}.yaml"
    content = as_yaml(context.mask(written(live))).encode()
    return Rendering(f"save the manifest of {target}", (File(path, content),), folder)
