"""What lies behind a symptom: the object to change, what decides, and what one does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tools.diagnose.findings import Evidence, Remedy

if TYPE_CHECKING:
    from tools.cluster.resources import ObjectRef
    from tools.diagnose.rule import Cause


class Root(msgspec.Struct, frozen=True):
    """`said` goes on after what the symptom says; `object` is what a person changes."""

    object: ObjectRef
    said: str
    why: str
    remedies: tuple[Remedy, ...]
    evidence: tuple[Evidence, ...] = ()
    cause: Cause | None = None
    """Where it has one of its own; else that of the symptom."""
