"""The part of an object that its controller writes; an object that none has seen yet has none."""

from __future__ import annotations

from tools.json import Json


def status_of(item: Json) -> Json:
    """`status`, as far as it was written."""
    status: Json = item.get("status") or {}
    return status


def conditions_of(item: Json) -> list[Json]:
    """`status.conditions`."""
    conditions: list[Json] = status_of(item).get("conditions") or []
    return conditions
