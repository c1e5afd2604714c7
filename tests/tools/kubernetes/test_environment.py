"""Environment variables are planned with what undoes them, in their order; secrets are refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from agent.redaction import Redactor
from agent.sandbox import Sandbox
from agent.sandbox.patching import strategic_merge_patch
from tools.changes.plan import Plan
from tools.changes.strategic import contains
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.cluster.resources import ObjectRef
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Tool, ToolContext
from tools.json import Json
from tools.kubernetes.environment import changed, set_env
from tools.risk import Risk

SET = Tool(set_env, Risk.CHANGE)
TARGET = ObjectRef("apps/v1", "Deployment", "shop-dev", "web")
LEVEL: Json = {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "web-config", "key": "LOG_LEVEL"}}}
ENV: list[Json] = [
    {"name": "A", "value": "1"},
    LEVEL,
    {"name": "API_TOKEN", "value": "literal-9f8e7d"},
    {"name": "Z", "value": "z"},
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[HttpCluster]:
    with Sandbox() as sandbox:
        connected = connect(Where(document=sandbox.kubeconfig()))
        container = {"name": "app", "env": ENV}
        connected.patch(TARGET, {"spec": {"template": {"spec": {"containers": [container]}}}})
        yield connected


def masked(value: Json) -> Json:
    shown = Redactor().redact(value)
    assert isinstance(shown, dict)
    return shown


def planned(cluster: HttpCluster, **given: Any) -> Plan:
    plan = SET(ToolContext(cluster, mask=masked), {"namespace": "shop-dev", "name": "web", **given})
    assert isinstance(plan, Plan)
    return plan


def env_of(live: Json) -> list[Json]:
    env: list[Json] = live["spec"]["template"]["spec"]["containers"][0].get("env") or []
    return env


CHANGES: list[tuple[Json, list[Json], str]] = [
    (
        {"variables": {"A": "2", "NEW": "x y"}},
        [{"name": "A", "value": "2"}, *ENV[1:], {"name": "NEW", "value": "x y"}],
        "set env of Deployment web in shop-dev, app: A '1' -> '2', NEW unset -> 'x y'",
    ),
    ({"remove": ["A", "Z"]}, ENV[1:3], "A '1' -> removed, Z 'z' -> removed"),
    (
        {"variables": {"LEVEL": "debug"}},
        [ENV[0], {"name": "LEVEL", "value": "debug"}, *ENV[2:]],
        "LEVEL from ConfigMap web-config key LOG_LEVEL -> 'debug'",
    ),
    ({"remove": ["LEVEL"]}, [ENV[0], *ENV[2:]], "LEVEL from ConfigMap web-config key LOG_LEVEL -> removed"),
    (
        {"variables": {"FIRST": ""}, "remove": ["A", "LEVEL", "Z"]},
        [ENV[2], {"name": "FIRST", "value": ""}],
        "FIRST",
    ),
]


@pytest.mark.parametrize(("given", "after", "said"), CHANGES)
def test_the_server_takes_the_plan_and_its_undo_puts_everything_back(
    cluster: HttpCluster, given: Json, after: list[Json], said: str
) -> None:
    plan = planned(cluster, **given)
    (change,) = plan.changes
    live = cluster.get("deployment", "web", "shop-dev")
    is_now = cluster.patch(TARGET, change.body, dry_run=True)
    assert said in plan.summary
    assert env_of(is_now) == after
    assert contains(is_now, change.body)
    assert env_of(strategic_merge_patch(is_now, change.undo)) == ENV == env_of(live)


def test_the_new_variables_come_last_and_the_others_stay_where_they_are() -> None:
    assert [each["name"] for each in changed(ENV, {"NEW": "1", "Z": "2"}, ["A"])] == [
        "LEVEL",
        "API_TOKEN",
        "Z",
        "NEW",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "geheim-1234"),
        ("ACCESS_TOKEN", "abc"),
        ("CLIENT_SECRET", "abc"),
        ("SIGNING_KEY", "abc"),
        ("SORT_KEY", "abc"),
        ("SESSION", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"),
        ("DATABASE_URL", "postgres://shop:geheim-1234@db/shop"),
        ("LEVEL", "[redacted]"),
    ],
)
def test_what_looks_secret_is_refused_with_the_way_to_do_it(cluster: HttpCluster, name: str, value: str) -> None:
    with pytest.raises(ToolFailed) as refused:
        planned(cluster, variables={name: value})
    assert f"--from=secret/NAME --keys={name}" in str(refused.value)
    assert "kubectl set env deployment/web -n shop-dev -c app" in str(refused.value)
    assert value not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("TOKEN_TTL", "3600"), ("PASSWORD_FILE", "/run/secrets/db"), ("DB_PASSWORD", ""), ("KEY", "v")],
)
def test_what_only_speaks_of_secrets_is_set(cluster: HttpCluster, name: str, value: str) -> None:
    assert f"{name} unset -> {value!r}" in planned(cluster, variables={name: value}).summary


def test_a_secret_that_is_there_is_not_told_when_it_goes(cluster: HttpCluster) -> None:
    assert "API_TOKEN '[redacted]' -> removed" in planned(cluster, remove=["API_TOKEN"]).summary


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "give variables to set, or names to remove"),
        ({"variables": {"A": "1"}, "remove": ["A"]}, "A is to be set and to be removed"),
        (
            {"remove": ["NOPE"]},
            "container app of Deployment web in shop-dev has no variable NOPE: it has A, LEVEL, ",
        ),
        ({"variables": {"A=B": "1"}}, "variables.A=B"),
        ({"variables": {"A": "1"}, "container": "db"}, 'no container "db"'),
    ],
)
def test_what_cannot_be_set_is_told(cluster: HttpCluster, given: Json, said: str) -> None:
    with pytest.raises(ArgumentsError, match=said):
        planned(cluster, **given)


def test_a_variable_that_is_there_twice_is_changed_by_hand(cluster: HttpCluster) -> None:
    live = cluster.get("deployment", "payments", "shop-dev")
    live["spec"]["template"]["spec"]["containers"][0]["env"] = [ENV[0], ENV[0]]

    class Twice:
        def get(self, *_: Any) -> Json:
            return live

    with pytest.raises(ToolFailed, match="has A twice"):
        SET(ToolContext(Twice(), mask=masked), {"namespace": "shop-dev", "name": "web", "remove": ["A"]})  # type: ignore[arg-type]
