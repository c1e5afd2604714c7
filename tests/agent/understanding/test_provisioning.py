"""A namespace asked for in words: every word counts, or nothing is done."""

from __future__ import annotations

from typing import Any

import pytest

from agent.understanding.ordered import orders_change
from agent.understanding.provisioning import TOOL, ordered

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.mark.parametrize(
    ("task", "calls"),
    [
        ("create namespace payments-dev", [{"namespace": "payments-dev"}]),
        ("Please provision the project web.", [{"namespace": "web"}]),
        (
            f"provision namespace web-dev with 4 CPUs and 16Gi of memory for {ANN} and {BOB}",
            [{"namespace": "web-dev", "cpu": "4", "memory": "16Gi", "members": [ANN, BOB]}],
        ),
        (
            f"we need namespaces web-dev and web-staging for the web team, 16 GB, 500m cpu, for {ANN}, {BOB}",
            [
                {"namespace": name, "team": "web", "memory": "16G", "cpu": "500m", "members": [ANN, BOB]}
                for name in ("web-dev", "web-staging")
            ],
        ),
        (
            "can you create a namespace web-staging in staging for group oidc:web, cost center 4711",
            [{"namespace": "web-staging", "environment": "staging", "group": "oidc:web", "cost_center": "4711"}],
        ),
        (
            f"erstelle bitte den Namespace web-dev mit 4 Kernen und 8 GiB Speicher für {ANN}",
            [{"namespace": "web-dev", "cpu": "4", "memory": "8Gi", "members": [ANN]}],
        ),
        ("wir brauchen einen Namespace web-dev für das Team web", [{"namespace": "web-dev", "team": "web"}]),
    ],
)
def test_an_order_is_understood_with_all_that_it_says(task: str, calls: list[dict[str, Any]]) -> None:
    found = ordered(task)
    assert found is not None
    assert [getattr(wish, "arguments", None) for wish in found.wishes] == calls
    for call in calls:
        assert orders_change(found, TOOL, None, call["namespace"])
    assert not orders_change(found, TOOL, None, "other-dev")
    assert not orders_change(found, "delete", None, calls[0]["namespace"])


@pytest.mark.parametrize(
    "task",
    [
        "create namespace web-dev tomorrow",
        "create namespace web-dev unless it exists",
        "create namespace web-dev but not today",
        "create namespace web-dev and delete web",
        "create namespace web-dev for ann",
        "create namespace web-dev with 2 cpus and 3 cpus",
        "create namespace web-dev with 4 apples",
        "should I create namespace web-dev?",
        "create namespace web-dev?",
        "do not create namespace web-dev",
        "namespace web-dev",
        "create namespace please",
        "create a namespace for team web",
        "create namespace and quota",
        "the log says: create namespace web-dev",
        "create deployment web-dev",
    ],
)
def test_what_has_a_word_of_another_meaning_is_not_understood(task: str) -> None:
    assert ordered(task) is None
