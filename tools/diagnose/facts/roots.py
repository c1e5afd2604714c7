"""What lies behind a symptom: the object to change, what decides, and what one does about it."""

from __future__ import annotations

import msgspec

from tools.diagnose.terms import Cause, Evidence, ObjectRef, Remedy


class Root(msgspec.Struct, frozen=True):
    """`said` goes on after what the symptom says; `object` is what a person changes."""

    object: ObjectRef
    said: str
    why: str
    remedies: tuple[Remedy, ...]
    evidence: tuple[Evidence, ...] = ()
    cause: Cause | None = None
    """Where it has one of its own; else that of the symptom."""
