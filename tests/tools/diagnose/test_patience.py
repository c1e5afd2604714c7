"""`diagnose` looks again for a while where not all is settled and no fault shows yet."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.sandbox import Sandbox
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.diagnose.tool import LOOK_AGAIN_S, diagnose
from tools.frame import Result, Tool, ToolContext
from tools.risk import Risk

DIAGNOSE = Tool(diagnose, Risk.READ)


@pytest.fixture
def cluster() -> Iterator[HttpCluster]:
    with Sandbox() as sandbox:
        yield connect(Where(document=sandbox.kubeconfig()))


class Clock:
    """Time passes only while somebody sleeps; after so many sleeps, something happens."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


def looked(cluster: Any, clock: Clock, **asked: object) -> Result:
    context = ToolContext(cluster, sleep=clock.sleep, monotonic=clock.monotonic)
    outcome = DIAGNOSE(context, {"namespace": "shop-dev", **asked})
    assert isinstance(outcome, Result)
    return outcome


def test_a_fault_that_shows_is_told_at_once(cluster: HttpCluster) -> None:
    clock = Clock()
    outcome = looked(cluster, clock, name="checkout", patience_s=30)
    assert outcome.data is not None
    assert outcome.data["findings"]
    assert clock.now == 0


def test_what_is_ready_is_not_looked_at_again(cluster: HttpCluster) -> None:
    clock = Clock()
    outcome = looked(cluster, clock, name="web", patience_s=30)
    assert outcome.data is not None
    assert outcome.data["findings"] == []
    assert clock.now == 0


class NotYet:
    """A cluster in which a Deployment has only just been made, and has no pods ready, for so many looks."""

    def __init__(self, cluster: HttpCluster, looks: int) -> None:
        self._cluster, self._left = cluster, looks

    def pages(self, word: str, namespace: str | None, **given: Any) -> Generator[bytes, str, None]:
        if word != "deployments" or not self._left:
            yield from self._cluster.pages(word, namespace, **given)
            return
        self._left -= 1
        objects = self._cluster.list(word, namespace)
        made = datetime.now(UTC).isoformat()
        young = [
            {**each, "metadata": {**each["metadata"], "creationTimestamp": made}, "status": {}} for each in objects
        ]
        yield json.dumps({"metadata": {}, "items": young}).encode()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)


@pytest.mark.parametrize(("looks", "waited_s"), [(0, 0.0), (1, LOOK_AGAIN_S), (2, 2 * LOOK_AGAIN_S), (99, 6.0)])
def test_a_workload_without_the_pods_it_wants_is_looked_at_again(
    cluster: HttpCluster, looks: int, waited_s: float
) -> None:
    clock = Clock()
    outcome = looked(NotYet(cluster, looks), clock, name="web", patience_s=6)
    assert outcome.data is not None
    assert outcome.data["findings"] == []
    assert clock.now == waited_s


def test_without_patience_it_looks_once(cluster: HttpCluster) -> None:
    clock = Clock()
    looked(cluster, clock)
    assert clock.now == 0
