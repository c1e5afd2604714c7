"""Every fault made at once on a real cluster: the same cause at every instant, from its first to the last."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.tools.diagnose.diagnose_faults import FAULTS
from tests.tools.diagnose.diagnose_recordings import broken_namespace
from tests.tools.diagnose.event_lag import once_told, skip_if_late
from tests.tools.diagnose.real_cluster import ON_A_CLUSTER, diagnosed
from tests.tools.diagnose.typed_remedies import not_working
from tools.cluster.client import HttpCluster
from tools.diagnose.diagnose import diagnose

pytestmark = ON_A_CLUSTER

WATCHED_S = 45
EVERY_S = 2

Seen = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def cluster() -> HttpCluster:
    return diagnosed()


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    with broken_namespace(os.environ["DESK_TEST_KUBECONFIG"], f"diag-{uuid.uuid4().hex[:8]}") as name:
        yield name


@pytest.fixture(scope="module")
def instants(cluster: HttpCluster, namespace: str) -> list[Seen]:
    """What each diagnosis said, by the object's name."""
    until = time.monotonic() + WATCHED_S
    instants: list[Seen] = []
    while time.monotonic() < until:
        by_name: Seen = {}
        for finding in diagnose(cluster, namespace=namespace)["findings"]:
            by_name.setdefault(finding["object"]["name"], []).append(finding)
        instants.append(by_name)
        time.sleep(EVERY_S)
    return instants


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_cause_is_the_same_at_every_instant(
    fault: Any, instants: list[Seen], cluster: HttpCluster, namespace: str
) -> None:
    shown = [instant.get(fault.name, []) for instant in instants]
    first = next((index for index, findings in enumerate(shown) if findings), None)

    assert first is not None, "never found"
    assert [[each["cause"] for each in findings] for findings in shown[first:]] == [[fault.cause]] * (
        len(shown) - first
    )

    def look() -> dict[str, Any]:
        [finding] = diagnose(cluster, namespace=namespace, name=f"{fault.kind}/{fault.name}")["findings"]
        return dict(finding)

    last = once_told(cluster, look, lambda finding: fault.detail in finding["summary"], within_s=60)
    if fault.detail not in last["summary"]:
        skip_if_late(cluster)
    assert fault.detail in last["summary"]
    assert last["object"]["kind"] == fault.kind


def test_nothing_else_is_found(instants: list[Seen]) -> None:
    assert {name for instant in instants for name in instant} == {fault.name for fault in FAULTS}


def test_one_workload_by_name(cluster: HttpCluster, namespace: str, instants: list[Seen]) -> None:
    report = diagnose(cluster, namespace=namespace, name="deployment/oom-checkout")

    assert [finding["cause"] for finding in report["findings"]] == ["OOMKilled"]
    assert len(report["findings"][0]["affected"]) == 2
    assert report["checked"]["Pod"] == 2


def test_the_remedies_can_be_typed(instants: list[Seen], tmp_path: Path) -> None:
    assert not_working(chain.from_iterable(instants[-1].values()), tmp_path) == []
