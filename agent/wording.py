"""Whether words in a task are an order, or only speak of one. Pure, and the same for planner and gate."""

from __future__ import annotations

import re

# A verb is no order when its clause denies it or asks about it, or its sentence makes it depend.
_CLAUSE = re.compile(r"[,:]\s|\b(?:and|then|but)\b")
_SENTENCE = re.compile(r"[.;!?]\s|\n")
_NO_ORDER = re.compile(
    r"\b(?:no|not|never|without|instead|how|should|would|did|does|why|whether|cannot|safe|dont|\w+n't"
    r"|(?:can|may|could|shall|must|do) (?:i|we))\b"
    r"|^\s*(?:is|are|was|were|has|have|had)\b",
    re.IGNORECASE,
)
_DEPENDS = re.compile(r"\b(?:if|unless|when|once|until|after)\b", re.IGNORECASE)


def is_order(before: str) -> bool:
    """Whether a verb is an order, going by what stands before it in the task."""
    sentence = _SENTENCE.split(before)[-1]
    return not _DEPENDS.search(sentence) and not _NO_ORDER.search(_CLAUSE.split(sentence)[-1])
