"""What lies behind a symptom: the object to change, what decides, and what one does about it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from tools.diagnose.terms import Cause, Evidence, Finding, ObjectRef, Remedy


class Root(msgspec.Struct, frozen=True):
    """`said` goes on after what the symptom says; `object` is what a person changes."""

    object: ObjectRef
    said: str
    why: str
    remedies: tuple[Remedy, ...]
    evidence: tuple[Evidence, ...] = ()
    cause: Cause | None = None
    """Where it has one of its own; else that of the symptom."""


def rooted(found: Finding, root: Root, own: Iterable[Remedy]) -> Finding:
    """The finding on what lies behind it, with the root's remedies before those that are its own."""
    return replace(
        found,
        cause=root.cause or found.cause,
        object=root.object,
        why=root.why,
        evidence=(*found.evidence, *root.evidence),
        remedies=(*root.remedies, *own),
        concerns=(found.object,) if root.object != found.object else (),
    )
