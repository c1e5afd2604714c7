"""The vocabulary of remedies: one call gives what a person types, and the tool that does it with its arguments.

No rule writes a `kubectl patch` or the arguments that say an object by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from tools.diagnose.facts.containers import Container
from tools.diagnose.facts.edits import change, edit
from tools.diagnose.facts.naming import TEMPLATE_KINDS, quoted, typed
from tools.diagnose.terms import Json, ObjectRef, Remedy, Risk

Operations = list[dict[str, Any]]
"""A JSON patch, RFC 6902."""
_TEMPLATE = "/spec/template/spec/"


def patch(ref: ObjectRef, body: Mapping[str, Any] | Operations, *, merge: bool = False) -> str:
    """`kubectl patch`: a list is a JSON patch, a mapping a strategic merge patch, with `merge` a plain one."""
    how = " --type json" if isinstance(body, list) else " --type merge" if merge else ""
    return f"kubectl patch {typed(ref)}{how} -p {quoted(json.dumps(body, ensure_ascii=False))}"


def patch_piped(kind: str, name: str, namespace: str) -> str:
    """`kubectl patch` with what the command before it prints; `kind` as kubectl takes it."""
    return f"kubectl patch {kind} {quoted(name)} -n {namespace} --type merge --patch-file /dev/stdin"


def patched(
    ref: ObjectRef, title: str, body: Mapping[str, Any] | Operations, *, merge: bool = False, risk: Risk = "change"
) -> Remedy:
    """A change of an object; what `body` and `merge` are: `patch`."""
    return Remedy(title, patch(ref, body, merge=merge), risk)


def set_fields(title: str, ref: ObjectRef, values: Mapping[str, object]) -> Remedy:
    """Fields that are there get other values: a JSON pointer (RFC 6901) and a value each."""
    return patched(ref, title, [replaced(path, value) for path, value in values.items()])


def template_patched(owner: ObjectRef, title: str, pod_spec: Json) -> Remedy:
    """A change of the pod template by a strategic merge patch; an edit where the owner's cannot be patched."""
    if owner.kind not in TEMPLATE_KINDS:
        return edit(owner, title)
    return patched(owner, title, {"spec": {"template": {"spec": pod_spec}}})


def container_patched(container: Container, title: str, fields: Json) -> Remedy:
    """The same for one container."""
    listed = "initContainers" if container.init else "containers"
    return template_patched(container.owner, title, {listed: [{"name": container.name, **fields}]})


def set_in_template(owner: ObjectRef, title: str, field: str, value: object) -> Remedy:
    """A field of the pod template that is there gets another value; `field` by a path, as volumes/0/name."""
    return _in_template(owner, title, replaced(_TEMPLATE + field, value))


def dropped_from_template(owner: ObjectRef, title: str, field: str) -> Remedy:
    """A field of the pod template goes."""
    return _in_template(owner, title, {"op": "remove", "path": _TEMPLATE + field})


def without_finalizers(typed_object: str) -> Remedy:
    """What holds an object that is being deleted goes; `typed_object`: it, as kubectl takes it (`typed`)."""
    body = quoted(json.dumps({"metadata": {"finalizers": None}}))
    title = "Only if that controller is gone for good: take the finalizers off"
    return Remedy(title, f"kubectl patch {typed_object} --type merge -p {body}", "delete")


def by_tool(remedy: Remedy, tool: str, ref: ObjectRef, *, of_kinds: bool = True, **arguments: Any) -> Remedy:
    """The remedy, which Desk does by this tool: on this object, and with these arguments of its own.

    `of_kinds`: it is told the kind, too; False for a tool that is of one kind only.
    """
    kind = {"kind": ref.kind} if of_kinds else {}
    where = {"namespace": ref.namespace or "", **kind, "name": ref.name}
    return replace(remedy, tool=tool, arguments={**where, **arguments})


def deleted(ref: ObjectRef, title: str) -> Remedy:
    """The object goes."""
    return by_tool(Remedy(title, f"kubectl delete {typed(ref)}", "delete"), "delete", ref)


def scaled(owner: ObjectRef, title: str, replicas: int) -> Remedy:
    """Another number of pods."""
    command = f"kubectl scale {typed(owner)} --replicas={replicas}"
    return by_tool(Remedy(title, command, "change"), "scale", owner, replicas=replicas)


def restarted(owner: ObjectRef, title: str) -> Remedy:
    """Its pods are made anew; an edit where nothing makes them anew."""
    if owner.kind not in TEMPLATE_KINDS:
        return edit(owner, title)
    return by_tool(Remedy(title, f"kubectl rollout restart {typed(owner)}", "change"), "restart", owner)


def then_restarted(owner: ObjectRef) -> str:
    """How a command goes on that changes what pods read at their start; empty where nothing makes them anew."""
    return f" && kubectl rollout restart {typed(owner)}" if owner.kind in TEMPLATE_KINDS else ""


def described(ref: ObjectRef, title: str) -> Remedy:
    """All that the API says of an object, and its events."""
    return Remedy(title, f"kubectl describe {typed(ref)}", "read")


def log_read(container: Container, title: str, *, previous: bool = False) -> Remedy:
    """What a container says, or said in its run before."""
    where = f"{container.pod_name} -n {container.owner.namespace} -c {container.name}"
    return Remedy(title, f"kubectl logs {where}{' --previous' if previous else ''}", "read")


def replaced(path: str, value: object) -> dict[str, Any]:
    """An operation of a JSON patch: a field that is there gets another value."""
    return {"op": "replace", "path": path, "value": value}


def _in_template(owner: ObjectRef, title: str, operation: dict[str, Any]) -> Remedy:
    if owner.kind not in TEMPLATE_KINDS:
        return edit(owner, title)
    return change(owner, title, patch(owner, [operation]))
