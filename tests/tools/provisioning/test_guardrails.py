"""The limits beside those that somebody else has set, and who gives up which role."""

from __future__ import annotations

import random

import pytest

from tools.apimachinery.quantity import amount
from tools.changes.build import delete_change
from tools.changes.guardrails import risk_of
from tools.json import Json
from tools.provisioning import guardrails, openshift
from tools.provisioning.guardrails import Surroundings
from tools.provisioning.specification import specified
from tools.risk import Risk

WANTED = specified("shop-dev", {"members": ["ann"], "cpu": "1"}, None)
CORES = ("20m", "50m", "100m", "200m", "500m", "1", "2", "4")


def limit_range(**parts: str) -> Json:
    item = {part: {"cpu": value} for part, value in parts.items()}
    return {"spec": {"limits": [{"type": "Container", **item}]}}


def test_whatever_others_set_the_limits_are_in_order_and_no_looser() -> None:
    chance = random.Random(1)
    for _ in range(300):
        parts = [part for part in ("min", "max", "default", "defaultRequest") if chance.random() < 0.6]
        others = [{part: chance.choice(CORES) for part in parts} for _ in range(chance.randrange(3))]
        check_order(others)


def check_order(others: list[dict[str, str]]) -> None:
    container = guardrails.limits(WANTED, [limit_range(**each) for each in others])["spec"]["limits"][0]
    least, request, default, most = (
        amount(container[part]["cpu"]) for part in ("min", "defaultRequest", "default", "max")
    )
    assert least <= request <= default <= most <= 1
    assert all(most <= amount(each["max"]) for each in others if "max" in each)


def test_the_defaults_that_others_give_are_given_too() -> None:
    container = guardrails.limits(WANTED, [limit_range(default="500m", max="800m", defaultRequest="60m")])["spec"][
        "limits"
    ][0]
    assert [container[part]["cpu"] for part in ("defaultRequest", "default", "max")] == ["60m", "500m", "800m"]
    assert container["default"]["memory"] == "256Mi"


def test_on_openshift_the_labels_of_pod_security_are_not_desks() -> None:
    labels = guardrails.namespace(WANTED, Surroundings(openshift=True))["metadata"]["labels"]
    assert labels == {"team": "shop", "environment": "dev", "managed-by": "desk-agent"}


def binding(role: str, *users: str) -> Json:
    subjects = [{"kind": "User", "name": user} for user in users]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "admin", "namespace": "shop-dev", "uid": "1"},
        "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": subjects,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("live", "risk"),
    [
        (binding("admin", "kim"), Risk.PROVISION),
        (binding("admin", "eve"), Risk.DELETE),
        (binding("admin", "kim", "eve"), Risk.DELETE),
        (binding("edit", "kim"), Risk.DELETE),
    ],
)
def test_only_what_gives_up_ones_own_admin_is_not_asked(live: Json, risk: Risk) -> None:
    assert risk_of(delete_change("rolebindings", live), Risk.PROVISION, username="kim") is risk
    assert risk_of(delete_change("rolebindings", live), Risk.CHANGE, username="kim") is Risk.CLUSTER


def test_who_shares_a_binding_keeps_it() -> None:
    (change,) = openshift.given_up([binding("admin", "kim", "eve"), binding("edit", "kim")], "kim", "rolebindings")
    assert (change.verb, change.body) == ("patch", {"subjects": [{"kind": "User", "name": "eve"}]})
