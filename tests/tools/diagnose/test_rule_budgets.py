"""PodDisruptionBudgets: which let nothing go, and which are right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, pod, snapshot, status
from tools.diagnose.diagnose import findings_of
from tools.json import Json

RUNS = pod(
    status({"running": {"startedAt": ago(600)}}, ready=True), metadata={"labels": {"app": "shop", "tier": "web"}}
)


def budget(
    name: str = "shop",
    *,
    expected: int = 2,
    healthy: int = 2,
    wanted: int = 1,
    created: float = 600,
    selector: Json | None = None,
    **spec: Any,
) -> Json:
    return {
        "metadata": {"name": name, "namespace": "shop-dev", "generation": 1, "creationTimestamp": ago(created)},
        "spec": {"selector": selector or {"matchLabels": {"app": name}}, **(spec or {"minAvailable": wanted})},
        "status": {
            "observedGeneration": 1,
            "expectedPods": expected,
            "currentHealthy": healthy,
            "desiredHealthy": wanted,
            "disruptionsAllowed": max(0, healthy - wanted) if expected else 0,
        },
    }


def summaries(*budgets: Json) -> list[str]:
    return [each.summary for each in findings_of(snapshot(RUNS, PodDisruptionBudget=list(budgets)))]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (budget(wanted=2), "with minAvailable 2 it wants 2 healthy, and there are 2 in all"),
        (budget(wanted=2, maxUnavailable="0%"), "with maxUnavailable 0% it wants 2 healthy"),
        (budget(expected=0, healthy=1, wanted=0, maxUnavailable=1), "its pods have no controller"),
    ],
)
def test_nothing_may_go(item: Json, said: str) -> None:
    [summary] = summaries(item)

    assert said in summary


@pytest.mark.parametrize(
    "item",
    [
        budget(),
        budget(healthy=1, wanted=2),  # a pod is away already
        budget(expected=0, healthy=0, wanted=1),
        {**budget(wanted=2), "status": None},
        budget(wanted=2) | {"metadata": {"name": "shop", "generation": 2, "creationTimestamp": ago(60)}},
    ],
)
def test_a_budget_that_is_right_or_waits(item: Json) -> None:
    assert summaries(item) == []


def test_a_pod_with_two_budgets_cannot_go() -> None:
    other = budget("web", selector={"matchLabels": {"tier": "web"}}, created=300)

    [finding] = findings_of(snapshot(RUNS, PodDisruptionBudget=[other, budget()]))
    assert (finding.object.name, [each.name for each in finding.concerns]) == ("web", ["shop"])
    assert "PodDisruptionBudget shop chooses already (shop-abc-1)" in finding.summary
    apart = budget("web", selector={"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["shop"]}]})
    assert summaries(apart, budget()) == []


@pytest.mark.parametrize(
    ("item", "title"),
    [
        (budget(wanted=2), "Allow one pod to be away; or run 3, and keep the budget"),
        (budget(wanted=5), "Allow one pod to be away; or run 6, and keep the budget"),
        (budget(wanted=2, minAvailable="100%"), "Allow one pod to be away"),
        (budget(wanted=2, maxUnavailable=0), "Allow one pod to be away"),
    ],
)
def test_more_pods_are_proposed_where_they_help(item: Json, title: str) -> None:
    [finding] = findings_of(snapshot(RUNS, PodDisruptionBudget=[item]))

    assert finding.remedies[0].title == title
