"""JSON merge patches (RFC 7386), for kinds that no strategic merge patch is taken for: what undoes one. Pure."""

from __future__ import annotations

from typing import Any

from tools.json import Json


def inverse(patch: Json, live: Json) -> Json:
    """The patch that puts back what `patch` changes in `live`; null deletes, a list is replaced whole.

    Of the object after a patch, it is the values that the patch brought about.
    """
    return {key: _inverse_value(value, live.get(key)) for key, value in patch.items()}


def _inverse_value(patched: Any, live: Any) -> Any:
    if isinstance(patched, dict) and isinstance(live, dict):
        return inverse(patched, live)
    return live


def contains(live: Any, patch: Json) -> bool:
    """Whether the object `live` already is as `patch` wants it."""
    there = live if isinstance(live, dict) else {}
    return all(
        contains(there.get(key), value) if isinstance(value, dict) else bool(there.get(key) == value)
        for key, value in patch.items()
    )


def difference(before: Json, after: Json) -> Json:
    """The patch that makes `after` of `before`; empty when they are equal."""
    patch: Json = dict.fromkeys(key for key in before if key not in after)
    for key, wanted in after.items():
        was = before.get(key)
        if isinstance(was, dict) and isinstance(wanted, dict):
            if changed := difference(was, wanted):
                patch[key] = changed
        elif was != wanted or key not in before:
            patch[key] = wanted
    return patch
