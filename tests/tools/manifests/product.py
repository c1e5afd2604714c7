"""Specifications in which every pair of options occurs: of a product of thousands, some thirty."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.tools.manifests.samples import IMAGE, PINNED
from tools.manifests.specification import TYPES, Specification, SpecificationError, specified

HOSTILE = (
    *("yes", "on", "n", "NULL", "~", "1e3", "0o14", "012", "1_000", ".inf", "12:30:45", "2001-01-01", "0x1F", "<<"),
    *("a: b", "- a", "# a", "a #b", "'", '"', "\\", "é\U0001f600", "\u2028\x85\x7f", "{{ .Values.x }}", "$(HOME)"),
)  # fmt: skip
"""What a careless YAML writer turns into something else, or breaks at."""

OPTIONS: Mapping[str, tuple[Any, ...]] = {
    "type": TYPES,
    "image": (IMAGE, PINNED),
    "namespace": (None, "shop"),
    "ports": (None, ("none",), ("80", "metrics:9090")),
    "replicas": (None, 1, 3),
    "hpa": (None, "1:3", "2:10"),
    "host": (None, "pay.example.com"),
    "exposure": (None, "ingress", "gateway", "route"),
    "env": (None, tuple(f"V{number}={text}" for number, text in enumerate(HOSTILE))),
    "env_from_secret": (None, ("login",), ("DB_PASSWORD=db/password",)),
    "config": (None, {"a.yaml": "on: yes\n", "b": "".join(f"{text}\n" for text in HOSTILE[:20]), "c": "no"}),
    "volumes": (None, ("cache:/var/cache/pay:2Gi",)),
    "egress": (None, ("postgres:5432", "10.0.0.0/8:443", "fd00::/8:443")),
    "schedule": (None, "0 3 * * *"),
    "command": (None, ("sh", "-c", "exec pay --on=yes # 1e3\nnext", *HOSTILE[:6])),
    "cpu": (None, "1", "250m:2"),
    "service_monitor": (None, True),
    "platform": (None, "openshift"),
}
_TRIES = 4000


@cache
def product() -> dict[str, Specification]:
    """Named specifications: each pair of two options' values that some application can have, in one at least."""
    drawn = random.Random(14)
    candidates = [each for each in (_draw(drawn) for _ in range(_TRIES)) if each is not None]
    uncovered = {pair for given, _ in candidates for pair in _pairs(given)}
    found: dict[str, Specification] = {}
    while uncovered:
        given, wanted = max(candidates, key=lambda each: len(_pairs(each[0]) & uncovered))
        uncovered -= _pairs(given)
        found[f"{wanted.type}-{len(found)}"] = wanted
    return found


def _draw(drawn: random.Random) -> tuple[dict[str, int], Specification] | None:
    """The places of the values that were drawn, and what they make; None where no application can be so."""
    given = {name: drawn.choice((0, drawn.randrange(len(values)))) for name, values in OPTIONS.items()}
    given["type"] = drawn.randrange(len(TYPES))
    try:
        return given, specified("pay", **{name: OPTIONS[name][place] for name, place in given.items()})
    except SpecificationError:
        return None


def _pairs(given: Mapping[str, int]) -> frozenset[Any]:
    return frozenset(itertools.combinations(given.items(), 2))
