"""What a kubelet's or container runtime's complaint comes to."""

from __future__ import annotations

import msgspec

from tools.diagnose.findings import Evidence, Remedy


class Trouble(msgspec.Struct, frozen=True):
    """What a finding says of it; `subject` in place of what it is mostly about (a container, a volume)."""

    said: str
    why: str
    remedies: tuple[Remedy, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    subject: str | None = None
