"""Strategic merge patches: what undoes one, whether it is in effect, and the one between two templates. Pure.

Source: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ and the
`patchMergeKey` of the types in https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/
"""

from __future__ import annotations

from typing import Any

from tools.json import Json

# The keys that lists are joined by, in the order to try them; `port` is that of a Service's ports.
_MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "resourceClaims": ("name",),
    "schedulingGates": ("name",),
    "ports": ("containerPort", "port"),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "ownerReferences": ("uid",),
}
_WHOLE_AT_ROOT = ("imagePullSecrets",)  # a ServiceAccount's are replaced whole, a pod's are merged
_ORDER = "$setElementOrder/"
_REPLACED: Json = {"$patch": "replace"}
"""At the head of a list: it is replaced by what follows."""


def inverse(patch: Json, live: Json) -> Json:
    """The strategic merge patch that puts back what `patch` changes in `live`, an object; null deletes.

    Of the object after a patch, it is the values that the patch brought about, as the server wrote them.
    """
    return {
        key: live.get(key) if key in _WHOLE_AT_ROOT else _inverse_value(key, value, live.get(key))
        for key, value in patch.items()
    }


def _inverse_map(patch: Json, live: Json) -> Json:
    put_back = {
        key: _inverse_value(key, value, live.get(key)) for key, value in patch.items() if not key.startswith("$")
    }
    orders = {
        key: _names(live[name], merge_key)
        for key in patch
        if key.startswith(_ORDER)
        and (name := key.removeprefix(_ORDER)) in live
        and (merge_key := merge_key_of(name, live[name]))
    }
    return orders | put_back


def _inverse_value(key: str, patched: Any, live: Any) -> Any:
    if isinstance(patched, dict) and isinstance(live, dict):
        return _inverse_map(patched, live)
    if _is_replaced(patched):
        return [_REPLACED, *live] if live else None
    merge_key = merge_key_of(key, patched)
    if merge_key:
        names = [item.get(merge_key) for item in live or ()]
        placed = sorted(patched, key=lambda item: names.index(item[merge_key]) if item[merge_key] in names else -1)
        return [_inverse_item(item, live or [], merge_key) for item in placed]
    return live


def _inverse_item(item: Json, live: list[Json], merge_key: str) -> Json:
    before = _same(live, item, merge_key)
    if before is None:
        return {merge_key: item.get(merge_key), "$patch": "delete"}
    if item.get("$patch") == "delete":
        return before
    return {**_inverse_map(item, before), merge_key: item[merge_key]}


def contains(live: Any, patch: Json) -> bool:
    """Whether the object `live` already is as `patch` (a strategic merge patch) wants it."""
    there = live or {}
    return all(
        bool(there.get(key) == value) if key in _WHOLE_AT_ROOT else _contains(there.get(key), value, key)
        for key, value in patch.items()
    )


def _contains(live: Any, patch: Any, key: str) -> bool:
    if isinstance(patch, dict) and patch.get("$patch") == "delete":
        return live is None
    if isinstance(patch, dict):
        there = live or {}
        return all(_contains(there.get(name), value, name) for name, value in patch.items() if name[:1] != "$")
    if _is_replaced(patch):
        return bool((live or []) == patch[1:])
    merge_key = merge_key_of(key, patch)
    if merge_key:
        return all(_contains(_same(live or [], item, merge_key), item, "") for item in patch)
    return bool(live == patch)


def difference(before: Json, after: Json) -> Json:
    """The strategic merge patch that makes the map `after` (a pod template) of `before`; empty when they are equal.

    Where a list gets, loses or reorders elements, it says their order.
    """
    patch: Json = {}
    for key in sorted({*before, *after}):
        was, wanted = before.get(key), after.get(key)
        if was == wanted:
            continue
        if isinstance(was, dict) and isinstance(wanted, dict):
            patch[key] = difference(was, wanted)
        elif merge_key := merge_key_of(key, [*(was or []), *(wanted or [])] if _are_lists(was, wanted) else None):
            patch |= _list_difference(key, was or [], wanted or [], merge_key)
        else:
            patch[key] = wanted
    return patch


def _are_lists(*values: Any) -> bool:
    return all(value is None or isinstance(value, list) for value in values)


def _list_difference(key: str, before: list[Json], after: list[Json], merge_key: str) -> Json:
    if _is_ambiguous(before, merge_key) or _is_ambiguous(after, merge_key):
        return {key: [_REPLACED, *after] if after else None}
    gone = [item for item in before if _same(after, item, merge_key) is None]
    pairs = [(_same(before, item, merge_key) or {}, item) for item in after]
    changed = [{**difference(was, item), merge_key: item[merge_key]} for was, item in pairs if was != item]
    removed = [{merge_key: item[merge_key], "$patch": "delete"} for item in gone]
    patch: Json = {key: [*changed, *removed]} if changed or removed else {}
    names = _names(after, merge_key)
    if names and names != _names(before, merge_key):
        patch = {f"{_ORDER}{key}": names, **patch}
    return patch


def _is_replaced(patched: Any) -> bool:
    return isinstance(patched, list) and patched[:1] == [_REPLACED]


def _is_ambiguous(items: list[Json], merge_key: str) -> bool:
    """Whether the server cannot tell the elements apart by their key: one port, served by TCP and by UDP."""
    keys = [item[merge_key] for item in items]
    return len(keys) != len(set(keys))


def _names(items: list[Json], merge_key: str) -> list[Json]:
    """The elements of a list by their key alone, as `$setElementOrder` has them."""
    return [{merge_key: item[merge_key]} for item in items]


def merge_key_of(key: str, items: Any) -> str:
    """What joins a list's elements; empty when it is replaced whole."""
    if not isinstance(items, list):
        return ""
    return next((name for name in _MERGE_KEYS.get(key, ()) if all(name in item for item in items)), "")


def _same(live: list[Json], item: Json, merge_key: str) -> Json | None:
    return next((other for other in live if other.get(merge_key) == item.get(merge_key)), None)
