"""The API server's ways to change an object by a patch, as pure functions on JSON values."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

Object = dict[str, Any]

MERGE_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "ports": ("containerPort", "port"),
    "volumeMounts": ("mountPath",),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
}
"""Field of a list that is merged by key: the keys to try, `port` being that of a Service's ports.

Source: `x-kubernetes-patch-merge-key` in the API server's OpenAPI document.
"""


class PatchError(ValueError):
    """A patch that can't be applied to this object."""


def merge_patch(target: Any, patch: Any) -> Any:
    """Applies a JSON merge patch (RFC 7386): null deletes, lists are replaced."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for field, value in patch.items():
        if value is None:
            result.pop(field, None)
        else:
            result[field] = merge_patch(result.get(field), value)
    return result


def json_patch(target: Object, operations: Any) -> Object:
    """Applies a JSON patch (RFC 6902). Raises PatchError when an operation does not fit."""
    from jsonpatch import JsonPatchException, JsonPointerException, apply_patch

    try:
        result: Object = apply_patch(target, operations)
    except (JsonPatchException, JsonPointerException, TypeError) as error:
        raise PatchError(str(error)) from error
    return result


ORDER = "$setElementOrder/"


def strategic_merge_patch(target: Any, patch: Any) -> Any:
    """Applies a strategic merge patch: as a merge patch, but lists in MERGE_KEYS merge by their key.

    The directives `$patch: delete`, `$patch: replace`, `$retainKeys` and `$setElementOrder` are obeyed.
    Source: https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
    """
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return {field: value for field, value in patch.items() if field != "$patch"}
    if patch.get("$patch") == "delete":
        return {}
    result = dict(target) if isinstance(target, dict) else {}
    if (kept := patch.get("$retainKeys")) is not None:
        result = {field: value for field, value in result.items() if field in kept}
    for field, value in patch.items():
        if value is None:
            result.pop(field, None)
        elif not field.startswith("$"):
            result[field] = _merge_field(field, result.get(field), value)
    for directive in (field for field in patch if field.startswith(ORDER)):
        field = directive.removeprefix(ORDER)
        if field in result:
            result[field] = _ordered(result[field], patch[directive])
    return result


def _ordered(merged: list[Any], order: list[Any]) -> list[Any]:
    """The elements that `$setElementOrder` names, in its order; the others stay where they are."""
    key = next(iter(order[0])) if order and isinstance(order[0], dict) else None
    wanted = [_known_by(element, key) for element in order]
    named = {_known_by(element, key): element for element in merged if _known_by(element, key) in wanted}
    following = iter([named[each] for each in wanted if each in named])
    return [next(following) if _known_by(element, key) in named else element for element in merged]


def _known_by(element: Any, key: str | None) -> Any:
    return element[key] if key else element


def _merge_field(field: str, target: Any, patch: Any) -> Any:
    key = _merge_key(field, patch)
    if key is None:
        return strategic_merge_patch(target, patch)
    return _merge_list(field, target if isinstance(target, list) else [], patch, key)


def _merge_key(field: str, patch: Any) -> str | None:
    if not isinstance(patch, list) or not all(isinstance(element, dict) for element in patch):
        return None
    keys = MERGE_KEYS.get(field, ())
    return next((key for key in keys if any(key in element for element in patch)), keys[0] if keys else None)


def _merge_list(field: str, target: Sequence[Object], patch: Sequence[Object], key: str) -> list[Object]:
    if {"$patch": "replace"} in patch:
        return [copy.deepcopy(element) for element in patch if element != {"$patch": "replace"}]
    merged = {element.get(key): element for element in target}
    for element in patch:
        if key not in element:
            raise PatchError(f"map: {element} does not contain declared merge key: {key} (list {field})")
        if element.get("$patch") == "delete":
            merged.pop(element[key], None)
        else:
            merged[element[key]] = strategic_merge_patch(merged.get(element[key]), element)
    return list(merged.values())
