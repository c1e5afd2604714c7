"""How late a kubelet's events are: it may send only a few a second, and a test namespace makes hundreds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tools.cluster.client import HttpCluster
from tools.diagnose.containers import parse_time

LATE_S = 10.0


def lag_s(cluster: HttpCluster, namespace: str) -> float:
    """Seconds between the moment an event tells of and its arrival, for the newest that came; 0 when none did."""
    lags = [(datetime.min.replace(tzinfo=UTC), 0.0)]
    for event in cluster.list("events", namespace):
        told, arrived = parse_time(event.get("firstTimestamp")), parse_time(event["metadata"]["creationTimestamp"])
        if told is not None and arrived is not None:
            lags.append((arrived, (arrived - told).total_seconds()))
    return max(lags)[1]


def skip_if_late(cluster: HttpCluster, namespace: str) -> None:
    """What only an event tells cannot be known while events are late; otherwise the test goes on, and fails."""
    lag = lag_s(cluster, namespace)
    if lag > LATE_S:
        pytest.skip(f"the kubelet's events are {lag:.0f} s late here")
