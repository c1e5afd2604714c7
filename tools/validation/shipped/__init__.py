"""The schemas that ship with Desk: which fields the kinds of Kubernetes and OpenShift have, and when an API goes.

They are made by `make schemas`, which says from what (`__main__`).
"""

from __future__ import annotations

import json
import lzma
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, TypeAlias

Code: TypeAlias = Any
"""A field's type: a number, that of an object type; `s` text, `i` integer, `n` number, `b` boolean, `x` integer
or text, `q` quantity, `o` anything; or a pair: `["l", CODE]` list, `["m", CODE]` map, `["e", VALUES]` one of these.
"""

OPENSHIFT = ".openshift.io"


class ObjectType(NamedTuple):
    """The fields of an object, and those it must have."""

    fields: dict[str, Code]
    required: list[str]


class Schemas(NamedTuple):
    """The kinds of one version, by "apiVersion kind"."""

    version: str
    kinds: dict[str, int]
    types: list[list[Any]]

    def type(self, number: int) -> ObjectType:
        """An object type by its number."""
        return ObjectType(*self.types[number])


class Life(NamedTuple):
    """From which minor of Kubernetes 1 an API is deprecated, is no longer served, and what takes its place."""

    deprecated: int | None
    removed: int | None
    replacement: str


@cache
def minors() -> tuple[int, ...]:
    """The minors of Kubernetes 1 whose schemas are there, the newest last."""
    names = (file.name for file in resources.files(__name__).iterdir())
    return tuple(
        sorted(int(name.split(".")[1]) for name in names if name.startswith("kubernetes-") and name.endswith(".xz"))
    )


def nearest_minor(wanted: int | None) -> int:
    """The minor that is there and nearest to one; the newest for None."""
    return minors()[-1] if wanted is None else min(minors(), key=lambda minor: abs(minor - wanted))


@cache
def kubernetes(minor: int) -> Schemas:
    """The schemas of a minor that is there."""
    return Schemas(**_read(f"kubernetes-1.{minor}"))


@cache
def openshift() -> Schemas:
    """The schemas of OpenShift's kinds."""
    return Schemas(**_read("openshift"))


@cache
def lifecycle() -> dict[str, Life]:
    """When an API goes, by "apiVersion kind"."""
    return {kind: Life(*entry) for kind, entry in _read("lifecycle").items()}


def _read(name: str) -> dict[str, Any]:
    packed = resources.files(__name__).joinpath(f"{name}.json.xz").read_bytes()
    document: dict[str, Any] = json.loads(lzma.decompress(packed))
    return document
