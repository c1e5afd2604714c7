"""How late a kubelet's events are: it may send only a few a second, and the tests' namespaces make hundreds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from tools.cluster.client import HttpCluster
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.reading.snapshot import event_time

LATE_S = 20.0
LATER_AT_MOST_S = 300.0
EVERY_S = 2.0

Look = TypeVar("Look")


def lag_s(cluster: HttpCluster) -> float:
    """Seconds since the newest of the events that have come: they come in the order in which they happened.

    Where containers restart all the time, one happens every few seconds.
    """
    times = (
        parse_time(event_time(event))
        for event in cluster.list("events", None)
        if (event.get("source") or {}).get("component") == "kubelet"
    )
    newest = max((moment for moment in times if moment is not None), default=None)
    return 0.0 if newest is None else (datetime.now(UTC) - newest).total_seconds()


def once_told(
    cluster: HttpCluster, look: Callable[[], Look], told: Callable[[Look], bool], within_s: float
) -> Look:
    """What `look` gives once it tells all, or at the end: of the time, and of the events' lateness."""
    begun = time.monotonic()
    while True:
        found, waited_s = look(), time.monotonic() - begun
        is_over = waited_s > within_s and lag_s(cluster) <= LATE_S
        if told(found) or is_over or waited_s > within_s + LATER_AT_MOST_S:
            return found
        time.sleep(EVERY_S)


def skip_if_late(cluster: HttpCluster) -> None:
    """What only an event tells cannot be known while events are late; otherwise the test goes on, and fails."""
    lag = lag_s(cluster)
    if lag > LATE_S:
        pytest.skip(f"the kubelet's events are {lag:.0f} s late here")
