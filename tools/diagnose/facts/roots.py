"""What lies behind a symptom: the object to change, what decides, and what one does about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from tools.diagnose.facts.edits import change, edit
from tools.diagnose.facts.naming import TEMPLATE_KINDS, quoted, typed
from tools.diagnose.findings import Evidence, Remedy

if TYPE_CHECKING:
    from tools.cluster.resources import ObjectRef
    from tools.json import Json


class Root(msgspec.Struct, frozen=True):
    """`said` goes on after what the symptom says; `object` is what a person changes."""

    object: ObjectRef
    said: str
    why: str
    remedies: tuple[Remedy, ...]
    evidence: tuple[Evidence, ...] = ()


def patched(owner: ObjectRef, title: str, pod_spec: Json) -> Remedy:
    """A change of the pod template by a strategic merge patch; an edit where the owner's cannot be patched."""
    if owner.kind not in TEMPLATE_KINDS:
        return edit(owner, title)
    body = {"spec": {"template": {"spec": pod_spec}}}
    patch = quoted(json.dumps(body, ensure_ascii=False))
    return change(owner, title, f"kubectl patch {typed(owner)} -p {patch}")


def merged(ref: ObjectRef, title: str, body: Json) -> Remedy:
    """A change of an object by a merge patch."""
    patch = quoted(json.dumps(body, ensure_ascii=False))
    return Remedy(title, f"kubectl patch {typed(ref)} --type merge -p {patch}", "change")
