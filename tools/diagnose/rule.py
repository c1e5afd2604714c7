"""What a rule is: the causes it finds, what it must have read for that, and how it finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tools.diagnose.findings import Finding, Known
    from tools.diagnose.reading.snapshot import Kind, Snapshot
    from tools.topics import Topic


class Cause(str):
    """A word of the closed vocabulary, Kubernetes' own where it has one, with what it teaches who meets it first.

    `topic` is the page of the platform's documentation, `desk docs TOPIC`. `means` is one sentence; `why` how it
    comes about; `mend` what one does about it; `example` a finding's summary as Desk says it; `source` the
    documentation page that the rule rests on; `called` a regular expression for what people say of it, besides
    its own name. `debug-pod --explain CAUSE` and docs/causes.md tell it.
    """

    topic: Topic
    means: str
    why: str
    mend: str
    example: str
    source: str
    called: str

    def __new__(
        cls,
        name: str,
        *,
        topic: Topic,
        means: str,
        why: str,
        mend: str,
        example: str,
        source: str,
        called: str = "",
    ) -> Cause:
        made = super().__new__(cls, name)
        made.topic, made.means, made.why, made.mend = topic, means, why, mend
        made.example, made.source, made.called = example, source, called
        return made


def _finds_nothing(_snapshot: Snapshot, _known: Known) -> Iterable[Finding]:
    return ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, `RULE` of its module; `tools.diagnose.rules` lists them in their order of precedence.

    `find` sees by `known` what the rules before it have found, and leaves out what follows from that. `retell` is
    given what all rules have found, and tells some of it otherwise: as history, as following from something else.
    `reads` are the kinds that it needs besides those that are always read, each with when.
    """

    causes: tuple[Cause, ...] = ()
    find: Callable[[Snapshot, Known], Iterable[Finding]] = _finds_nothing
    retell: Callable[[list[Finding], Snapshot], list[Finding]] | None = None
    reads: Mapping[Kind, Callable[[Snapshot], bool]] = {}
