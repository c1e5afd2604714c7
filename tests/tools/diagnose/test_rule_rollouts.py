"""Rollouts, Jobs, autoscalers and budgets: what stands still, and the healthy twins."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, snapshot
from tools.diagnose.diagnose import findings_of

Json = dict[str, Any]


def made(name: str, spec: Json, status: Json) -> Json:
    meta = {"name": name, "namespace": "shop-dev", "generation": 1, "creationTimestamp": ago(600)}
    return {"metadata": meta, "spec": spec, "status": {"observedGeneration": 1, **status}}


def causes(**kinds: list[Json]) -> list[tuple[str, str, str]]:
    found = findings_of(snapshot(logs=None, **kinds))
    return [(one.cause, one.object.name, one.severity) for one in found]


def paused(updated: int) -> Json:
    return made("web", {"paused": True, "replicas": 1, "template": {}}, {"updatedReplicas": updated})


def budget(healthy: int, wanted: int) -> Json:
    status = {"expectedPods": 2, "currentHealthy": healthy, "desiredHealthy": wanted, "disruptionsAllowed": 0}
    return made("web", {"minAvailable": wanted}, status)


def failed(reason: str) -> Json:
    condition = {"type": "Failed", "status": "True", "reason": reason, "message": "m"}
    return made(
        "migrate", {"backoffLimit": 0, "activeDeadlineSeconds": 9}, {"failed": 1, "conditions": [condition]}
    )


@pytest.mark.parametrize(
    ("kind", "item", "expected"),
    [
        ("Deployment", paused(0), [("RolloutPaused", "web", "warning")]),
        ("Deployment", paused(1), []),
        ("PodDisruptionBudget", budget(2, 2), [("PDBBlocksDisruption", "web", "warning")]),
        ("PodDisruptionBudget", budget(1, 2), []),
        ("Job", failed("BackoffLimitExceeded"), [("BackoffLimitExceeded", "migrate", "error")]),
        ("Job", failed("DeadlineExceeded"), [("DeadlineExceeded", "migrate", "error")]),
    ],
)
def test_found_or_not(kind: str, item: Json, expected: list[tuple[str, str, str]]) -> None:
    assert causes(**{kind: [item]}) == expected
