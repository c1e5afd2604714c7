"""The patches of a Kubernetes object, in the one of two formats that its kind takes. Pure.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply
"""

from __future__ import annotations

from typing import Literal

from tools.changes import merge_patch, strategic
from tools.cluster.resources import ObjectRef, takes_strategic_merge
from tools.json import Json

Format = Literal["strategic", "merge"]


def format_of(target: ObjectRef) -> Format:
    """Which patches the API server takes for this kind."""
    return "strategic" if takes_strategic_merge(target.api_version) else "merge"


def inverse(target: ObjectRef, patch: Json, live: Json) -> Json:
    """The patch that puts back what `patch` changes in `live`; of the object after it, what it brought about."""
    return strategic.inverse(patch, live) if format_of(target) == "strategic" else merge_patch.inverse(patch, live)


def difference(target: ObjectRef, before: Json, after: Json) -> Json:
    """The patch that makes `after` of `before`; empty when they are equal."""
    if format_of(target) == "strategic":
        return strategic.difference(before, after)
    return merge_patch.difference(before, after)


def contains(target: ObjectRef, live: Json, patch: Json) -> bool:
    """Whether the object `live` already is as `patch` wants it."""
    return (
        strategic.contains(live, patch) if format_of(target) == "strategic" else merge_patch.contains(live, patch)
    )
