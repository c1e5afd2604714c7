"""The gate's table as data, and the one rule on top of it that can only be stricter."""

import itertools

import pytest

from agent.gate.policy import (
    EXPIRES_AFTER_MIN,
    Environment,
    Verdict,
    decide,
    environment_of,
)
from tools.changes.guardrails import risk_of
from tools.changes.plan import Change, Verb
from tools.cluster.resources import ObjectRef
from tools.risk import Risk

A, K, D = Verdict.ALLOW, Verdict.ASK, Verdict.DENY
DEV, TEST, STAGING, PROD = Environment.DEV, Environment.TEST, Environment.STAGING, Environment.PROD
STRICTNESS = (A, K, D)

DESIGN = {  #           dev test stag prod
    Risk.READ: (A, A, A, A),
    Risk.RENDER: (A, A, A, A),
    Risk.PROVISION: (A, K, K, K),
    Risk.CHANGE: (A, K, K, D),
    Risk.SECRET: (K, K, K, D),
    Risk.DELETE: (K, K, K, D),
    Risk.CLOUD: (K, K, K, K),
    Risk.CLUSTER: (D, D, D, D),
}
CELLS = [
    (risk, environment, verdict)
    for risk, row in DESIGN.items()
    for environment, verdict in zip((DEV, TEST, STAGING, PROD), row, strict=True)
]


def test_the_table_has_every_risk_and_environment() -> None:
    assert {(risk, environment) for risk, environment, _ in CELLS} == set(itertools.product(Risk, Environment))


@pytest.mark.parametrize(("risk", "environment", "verdict"), CELLS)
def test_a_change_the_task_names_is_decided_by_the_table(
    risk: Risk, environment: Environment, verdict: Verdict
) -> None:
    decision = decide(risk, environment, named=True)
    assert (decision.verdict, decision.environment) == (verdict, environment)
    assert decision.reason


@pytest.mark.parametrize(("risk", "environment", "verdict"), CELLS)
def test_a_change_the_task_does_not_name_is_never_decided_looser(
    risk: Risk, environment: Environment, verdict: Verdict
) -> None:
    decision = decide(risk, environment, named=False)
    assert STRICTNESS.index(decision.verdict) >= STRICTNESS.index(verdict)
    harmless = risk in (Risk.READ, Risk.RENDER)
    assert decision.verdict is (K if verdict is A and not harmless else verdict)


@pytest.mark.parametrize(
    ("tool", "verb", "kind", "namespace", "risk"),
    [
        (Risk.CHANGE, "patch", "Deployment", "shop", Risk.CHANGE),
        (Risk.CHANGE, "delete", "Deployment", "shop", Risk.DELETE),
        (Risk.DELETE, "delete", "Pod", "shop", Risk.DELETE),
        (Risk.CHANGE, "create", "Secret", "shop", Risk.SECRET),
        (Risk.DELETE, "delete", "ResourceQuota", "shop", Risk.CLUSTER),
        (Risk.DELETE, "delete", "NetworkPolicy", "shop", Risk.CLUSTER),
        (Risk.CHANGE, "patch", "Node", None, Risk.CLUSTER),
    ],
)
def test_what_it_is_done_to_can_only_make_it_stricter(
    tool: Risk, verb: Verb, kind: str, namespace: str | None, risk: Risk
) -> None:
    change = Change(ObjectRef("v1", kind, namespace, "x"), "", {}, {}, "u", "1", "v", verb)
    assert risk_of(change, tool) is risk


def test_an_unnamed_change_in_dev_asks_and_says_why() -> None:
    decision = decide(Risk.CHANGE, DEV, named=False)
    assert decision.verdict is K
    assert decision.reason.startswith("the task did not name this change")


@pytest.mark.parametrize(
    ("risk", "environment", "owner"),
    [(risk, env, "Atlas" if risk is Risk.CLUSTER else "Flow") for risk, env, verdict in CELLS if verdict is D],
)
def test_what_is_denied_names_whose_it_is(risk: Risk, environment: Environment, owner: str) -> None:
    decision = decide(risk, environment, named=True)
    assert decision.owner == owner
    assert f"ask {owner}" in decision.reason


def test_what_is_not_denied_is_nobody_elses() -> None:
    assert {decide(risk, env, named=True).owner for risk, env, verdict in CELLS if verdict is not D} == {""}


@pytest.mark.parametrize(
    ("risk", "environment", "priority"),
    [
        (Risk.CHANGE, DEV, "MEDIUM"),
        (Risk.CHANGE, TEST, "MEDIUM"),
        (Risk.CHANGE, STAGING, "HIGH"),
        (Risk.PROVISION, PROD, "CRITICAL"),
        (Risk.CLOUD, PROD, "CRITICAL"),
        (Risk.CLOUD, DEV, "MEDIUM"),
        (Risk.DELETE, DEV, "HIGH"),
        (Risk.SECRET, TEST, "HIGH"),
    ],
)
def test_how_urgent_an_approval_is(risk: Risk, environment: Environment, priority: str) -> None:
    assert decide(risk, environment, named=True).priority == priority


def test_every_priority_has_its_end() -> None:
    assert dict(EXPIRES_AFTER_MIN) == {"CRITICAL": 30, "HIGH": 60, "MEDIUM": 60}


@pytest.mark.parametrize(
    ("label", "environment"),
    [
        ("dev", DEV),
        ("Development", DEV),
        ("DEV", DEV),
        ("  dev ", DEV),
        ("qa", TEST),
        ("QA", TEST),
        ("test", TEST),
        ("Testing", TEST),
        ("stage", STAGING),
        ("Staging\n", STAGING),
        ("prod", PROD),
        ("Production", PROD),
        ("", PROD),
        (" ", PROD),
        ("developement", PROD),
        ("dev-prod", PROD),
        ("dev prod", PROD),
        ("nonprod", PROD),
        ("sandbox", PROD),
        ("d\u0435v", PROD),
    ],
)
def test_the_environment_is_the_label_and_unknown_is_prod(label: str, environment: Environment) -> None:
    assert environment_of({"environment": label, "team": "shop"}) is environment


@pytest.mark.parametrize("labels", [None, {}, {"env": "dev"}, {"Environment": "dev"}, {"team": "dev"}])
def test_without_the_label_it_is_prod(labels: dict[str, str] | None) -> None:
    assert environment_of(labels) is PROD
