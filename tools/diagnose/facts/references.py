"""What the kubelet misses: a ConfigMap, a Secret, or a key of one, as its messages name it."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

SourceKind = Literal["ConfigMap", "Secret"]

_OBJECT = re.compile(r'(configmap|secret)s? "([^"]+)" not found', re.I)
_KEY = re.compile(r"couldn't find key (\S+) in (ConfigMap|Secret) [^/\s]+/(\S+)")
_KINDS: dict[str, SourceKind] = {"configmap": "ConfigMap", "secret": "Secret"}


class Missing(msgspec.Struct, frozen=True):
    """What is not there: an object, or with `key` one key of an object that is."""

    kind: SourceKind
    name: str
    key: str | None = None

    def __str__(self) -> str:
        return f"key {self.key} of {self.kind} {self.name}" if self.key else f"{self.kind} {self.name}"


def missing_in(message: str) -> Missing | None:
    """What the kubelet misses, from its message; None when it complains of something else."""
    if match := _KEY.search(message):
        return Missing(_KINDS[match[2].lower()], match[3], match[1])
    if match := _OBJECT.search(message):
        return Missing(_KINDS[match[1].lower()], match[2])
    return None
