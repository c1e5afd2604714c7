"""Any namespaced object: delete it; save its manifest in the workspace."""

from __future__ import annotations

from tools.change import delete_change, written
from tools.cluster.client import Json
from tools.frame import ArgumentsError, Name, Namespace, Plan, Rendering, ToolContext, ToolFailed
from tools.read import Kind, as_yaml

MANIFESTS = "manifests"


def delete(context: ToolContext, *, namespace: Namespace, kind: Kind, name: Name) -> Plan:
    """Delete one object, and in the background what it owns. It can be made again from the history.

    Asked as: delete {kind} {name}; remove {kind} {name}; delete the {kind} {name}
    """
    live = _live(context, namespace, kind, name)
    change = delete_change(context.cluster.find(kind), live)
    return Plan(f"delete {change.target}", (change,))


def save_manifest(context: ToolContext, *, namespace: Namespace, kind: Kind, name: Name) -> Rendering:
    """Save an object's manifest in the workspace, as it could be applied again: manifests/NAMESPACE/KIND-NAME.yaml.

    Asked as: save manifest of {kind} {name}; save {kind} {name}; export {kind} {name};
    save the manifest of {kind} {name}
    """
    live = _live(context, namespace, kind, name)
    if live["kind"] == "Secret":
        raise ToolFailed(f"Secret {name} is not saved: its values must not get into git.")
    path = f"{MANIFESTS}/{namespace}/{live['kind'].lower()}-{name}.yaml"
    return Rendering(f"save the manifest of {live['kind']} {name} in {namespace}", {path: _manifest(context, live)})


def _manifest(context: ToolContext, live: Json) -> str:
    return as_yaml(context.mask(written(live)))


def _live(context: ToolContext, namespace: str, kind: str, name: str) -> Json:
    if not context.cluster.find(kind).namespaced:
        raise ArgumentsError(f"{kind} are cluster-scoped, and so Atlas's: refer to Atlas.")
    return context.cluster.get(kind, name, namespace)
