"""Teach a cause: what it means, how it comes about, what one does about it, and an example."""

from __future__ import annotations

import textwrap

from tools.cluster.did_you_mean import did_you_mean, near
from tools.delivery.rules import CAUSES as OF_DELIVERIES
from tools.diagnose.rule import Cause
from tools.diagnose.rules import causes as of_workloads

CAUSES: dict[str, Cause] = {**of_workloads(), **OF_DELIVERIES}
"""Every cause by its name: why a workload does not run, then why a commit does not get there."""
_WIDTH = 100


class UnknownCause(LookupError):
    """No rule finds such a cause; the text names the nearest, or all."""


def cause_of(name: str) -> Cause:
    """A cause by its name, in any case; raises `UnknownCause`."""
    by_lower = {each.lower(): cause for each, cause in CAUSES.items()}
    found = by_lower.get(name.lower())
    if found is None:
        meant = did_you_mean(near(name, CAUSES)) or f" There are: {', '.join(sorted(CAUSES))}."
        raise UnknownCause(f'There is no cause "{name}".{meant}')
    return found


def said(cause: Cause) -> str:
    """What a cause teaches, as text."""
    parts = (
        ("What it means", cause.means),
        ("Why it happens", cause.why),
        ("What to do", cause.mend),
        ("For example", cause.example),
    )
    told = [f"{heading}:\n{_wrapped(text)}" for heading, text in parts]
    return "\n\n".join([cause, *told, f"More: {cause.source}\nOn this platform: desk docs {cause.topic}"])


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")
