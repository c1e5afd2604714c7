"""One row a chain: the objects of a delivery as their controllers write them, and the one link that is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tools.delivery.reading import READINGS, Deliveries, Wanted
from tools.json import Json

NOW = datetime.now(UTC) + timedelta(hours=3)
"""When the chains are judged: an API server says itself when it made them, and some must be older than a moment.

That is longer after the tests are collected than they take: however late they begin, what they make is old enough.
"""
ARGO_CD, GITOPS, TARGET = "argocd", "openshift-gitops", "shop-dev"
"""Where the Applications are, of one Argo CD and of another, and where they deliver to.

On a cluster the namespaces of a test take their place.
"""


@dataclass(frozen=True)
class Chain:
    """Objects, and what is to be found: no cause where nothing is broken."""

    id: str
    objects: Sequence[Json]
    cause: str = ""
    about: str = ""
    detail: str = ""
    wanted: Wanted = field(default_factory=Wanted)
    severity: str = "error"
    going: bool = False
    """Whether something is on its way, which is no finding."""

    def found(self) -> Deliveries:
        """What a reading of these objects alone gives."""
        kinds: dict[Any, list[Json]] = {kind: [] for kind in READINGS}
        for item in self.objects:
            kinds.setdefault(item["kind"], []).append(item)
        return Deliveries("sha256:test", TARGET, NOW, {kind: tuple(items) for kind, items in kinds.items()})


def ago(seconds: float) -> str:
    """A timestamp as the API has it."""
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def merged(one: Json, other: Json) -> Json:
    """One mapping over another, level by level."""
    both = {**one, **other}
    return {
        key: merged(one[key], value) if isinstance(one.get(key), dict) and isinstance(value, dict) else value
        for key, value in both.items()
    }
