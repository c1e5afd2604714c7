"""No cluster: for work that can be done without one. All that is asked of it is `Absent`, with the reason."""

from __future__ import annotations

from typing import Any, NoReturn

from tools.cluster.client import HttpCluster, Identity
from tools.cluster.errors import Absent

FINGERPRINT = "none"
"""Of which cluster a session is that has none."""


class AbsentCluster(HttpCluster):
    """`Cluster` where there is none; `why` is one sentence."""

    def __init__(self, why: str) -> None:
        self.namespace = "default"
        self.fingerprint = FINGERPRINT
        self.address = "no cluster"
        self.why = why
        self._discovered = None
        self._groups = None
        self._served = {}

    def whoami(self) -> Identity:
        """Nobody who could say it is there."""
        return Identity("")

    def bearer_token(self) -> None:
        """None is sent."""

    def version(self, *, timeout_s: float | None = None) -> str:
        """That of nothing."""
        return "none"

    def _send(self, *_: Any, **__: Any) -> NoReturn:
        raise Absent(self.why)
