"""Whose a resource is, for what, paid by whom, who manages it, and which session made it.

They are given in the request that makes a resource, so that there is none without. Source: the platform's labels of
namespaces (tools/provisioning/guardrails.py), and
https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tools.cluster.client import FIELD_MANAGER
from tools.environments import WORDS
from tools.errors import ArgumentsError

MANAGED = {"managed-by": FIELD_MANAGER}
ASKED = ("team", "environment", "cost-center")
_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.:/@ -]{0,61}[A-Za-z0-9])?")


def tags_of(labels: Mapping[str, str], given: Mapping[str, str | None], session: str) -> dict[str, str]:
    """The tags of a new resource: as given, else as the namespace is labelled. Raises `ArgumentsError`."""
    told = {name: given.get(name) or labels.get(name) or "" for name in ASKED}
    if lacking := [name for name, value in told.items() if not value]:
        raise ArgumentsError(
            f"Nobody says {', '.join(lacking)}, which every resource is tagged with. Give it (--team, "
            "--environment, --cost-center), or with --namespace a namespace that is labelled with it."
        )
    if wrong := [f"{name} {value!r}" for name, value in told.items() if not _VALUE.fullmatch(value)]:
        raise ArgumentsError(
            f"This cannot be a tag: {', '.join(wrong)}. Use up to 63 letters, digits and _.:/@-, no sign at "
            "either end."
        )
    if told["environment"] not in WORDS:
        raise ArgumentsError(
            f"There is no environment {told['environment']}. There are dev, qa, test, staging, prod."
        )
    return {**told, **MANAGED, "session": session}


def tags_like(tags: Mapping[str, str], session: str) -> dict[str, str]:
    """The tags of what belongs to another resource, and to whom that one does."""
    return {**{name: value for name, value in tags.items() if name in ASKED}, **MANAGED, "session": session}


def is_ours(tags: Mapping[str, str]) -> bool:
    """Whether Desk made what has these tags."""
    return MANAGED.items() <= tags.items()
