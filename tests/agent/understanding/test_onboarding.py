"""A team asked on board in words: every word counts, and what is missing is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from agent.understanding.onboarding import TOOL, ordered
from agent.understanding.ordered import orders_change
from agent.understanding.wishes import Call

A, B = "a@example.com", "b@example.com"
TWO = ["checkout-dev", "checkout-staging"]


@pytest.mark.parametrize(
    ("task", "arguments"),
    [
        (
            "we are the checkout team, please give us dev and staging with 4 CPUs and 16 GB each; "
            f"we are {A} and {B}",
            {"team": "checkout", "namespaces": TWO, "members": [A, B], "cpu": "4", "memory": "16G"},
        ),
        (
            f"Wir sind das Checkout-Team, bitte gebt uns dev und staging mit je 4 CPUs und 16 GiB; wir sind {A}.",
            {"team": "checkout", "namespaces": TWO, "members": [A], "cpu": "4", "memory": "16Gi"},
        ),
        (
            f"Hi Desk, we're team checkout. We need development, staging. Our members are {A}, {B}. We deploy from "
            "https://git.example.com/checkout.git. Thanks!",
            {
                "team": "checkout", "namespaces": TWO, "members": [A, B],
                "repos": ["https://git.example.com/checkout.git"],
            },
        ),
        (
            "onboard the web team with namespaces web-dev and web-eu-prod for group oidc:web",
            {"team": "web", "namespaces": ["web-dev", "web-eu-prod"], "group": "oidc:web"},
        ),
        (
            f"bring team web on board with dev, members {A}",
            {"team": "web", "namespaces": ["web-dev"], "members": [A]},
        ),
    ],
)  # fmt: skip
def test_an_order_is_understood_with_all_that_it_says(task: str, arguments: dict[str, Any]) -> None:
    found = ordered(task)
    assert found is not None
    assert found.wishes == (Call(TOOL, arguments),)
    assert all(orders_change(found, TOOL, None, name) for name in arguments["namespaces"])
    assert not orders_change(found, TOOL, None, "checkout-prod")


@pytest.mark.parametrize(
    ("task", "asked"),
    [
        ("we are the web team, please give us dev and staging", "who is in it"),
        (f"onboard team web for {A}", "which namespaces it needs"),
        ("onboard team web", "which namespaces it needs (dev, staging) and who is in it"),
        (f"we are the web team, give us dev and a pony; we are {A}", 'what "a pony'),
        (f"we are the web team, give us dev with 4 cpus and 5 cpus; we are {A}", 'what "and 5 cpus'),
        (f"onboard team web with dev for {A} tomorrow", 'what "tomorrow" means'),
        (f"we are the web team, please do not give us dev; we are {A}", 'what "do not give us'),
        (f"we are the web team and the api team, please give us dev; we are {A}", 'what "the api team'),
    ],
)
def test_what_is_missing_or_of_another_meaning_is_asked_for(task: str, asked: str) -> None:
    found = ordered(task)
    assert found is not None
    assert asked in found.unclear
    assert not (found.wishes or found.orders)


@pytest.mark.parametrize(
    "task",
    [
        "we are the web team and checkout crashes",
        "we are the web team, our dev is broken",
        "should we onboard team web?",
        "create namespace web-dev for the web team",
        "the log says: onboard team web with dev",
        f"restart web in web-dev, we are {A}",
    ],
)
def test_what_is_about_something_else_is_left_to_others(task: str) -> None:
    assert ordered(task) is None
