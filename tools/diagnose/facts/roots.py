"""What lies behind a symptom: the object to change, what decides, and what one does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tools.diagnose.findings import Evidence, Remedy

if TYPE_CHECKING:
    from tools.cluster.resources import ObjectRef


class Root(msgspec.Struct, frozen=True):
    """`said` goes on after what the symptom says; `object` is what a person changes."""

    object: ObjectRef
    said: str
    why: str
    remedies: tuple[Remedy, ...]
    evidence: tuple[Evidence, ...] = ()
