"""What a cause teaches: `debug-pod --explain CAUSE`, and docs/causes.md."""

from __future__ import annotations

import msgspec

from tools.diagnose.findings import Cause


class Lesson(msgspec.Struct, frozen=True):
    """One cause, for a developer who meets it for the first time; each rule's module has those it finds.

    `means` is one sentence; `why` how it comes about; `mend` what one does about it; `example` a finding's
    summary as Desk says it; `source` the documentation page that the rule rests on.
    """

    cause: Cause
    means: str
    why: str
    mend: str
    example: str
    source: str
