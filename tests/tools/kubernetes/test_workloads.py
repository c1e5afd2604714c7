"""Changing tools only plan: what they would do to a workload of the sandbox, in words and as a patch."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from agent.sandbox import Sandbox
from agent.sandbox.patching import strategic_merge_patch
from tools.changes.build import version
from tools.changes.plan import Plan
from tools.changes.strategic import contains
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.cluster.errors import NotFound
from tools.cluster.resources import ObjectRef
from tools.errors import ArgumentsError
from tools.frame import Tool, ToolContext
from tools.kubernetes.workloads import RESTARTED_AT, restart, set_resources
from tools.risk import Risk

SET, RESTART = Tool(set_resources, Risk.CHANGE), Tool(restart, Risk.CHANGE)
CHECKOUT = {"namespace": "shop-dev", "name": "checkout"}
TARGET = ObjectRef("apps/v1", "Deployment", "shop-dev", "checkout")


@pytest.fixture(scope="module")
def cluster() -> Iterator[HttpCluster]:
    with Sandbox() as sandbox:
        connected = connect(Where(document=sandbox.kubeconfig()))
        cart = ObjectRef("apps/v1", "Deployment", "shop-dev", "cart")
        sidecar = {"name": "proxy", "image": "envoy:1"}
        connected.patch(cart, {"spec": {"template": {"spec": {"containers": [sidecar]}}}})
        yield connected


def planned(cluster: HttpCluster, tool: Tool, arguments: dict[str, Any]) -> Plan:
    plan = tool(ToolContext(cluster), arguments)
    assert isinstance(plan, Plan)
    return plan


def resources_of(body: dict[str, Any]) -> dict[str, Any]:
    (container,) = body["spec"]["template"]["spec"]["containers"]
    assert container["name"] == "app"
    found: dict[str, Any] = container["resources"]
    return found


@pytest.mark.parametrize(
    ("given", "resources", "undo", "said"),
    [
        (
            {"memory_limit": "64Mi"},
            {"limits": {"memory": "64Mi"}},
            {"limits": {"memory": "16Mi"}},
            "set memory limit 16Mi -> 64Mi of Deployment checkout in shop-dev, container app",
        ),
        (
            {"memory_limit": "64Mi", "memory_request": "32Mi", "cpu_limit": "1", "cpu_request": "0.1"},
            {"limits": {"memory": "64Mi", "cpu": "1"}, "requests": {"memory": "32Mi", "cpu": "0.1"}},
            {"limits": {"memory": "16Mi", "cpu": None}, "requests": {"memory": "16Mi", "cpu": "50m"}},
            "limit 16Mi -> 64Mi, cpu limit unset -> 1, memory request 16Mi -> 32Mi, cpu request 50m -> 0.1 of",
        ),
        (
            {"cpu_limit": "200m", "container": "app"},
            {"limits": {"cpu": "200m"}},
            {"limits": {"cpu": None}},
            "set cpu limit unset -> 200m",
        ),
    ],
)
def test_resources_are_planned_with_what_undoes_them(
    cluster: HttpCluster, given: dict[str, str], resources: dict[str, Any], undo: dict[str, Any], said: str
) -> None:
    plan = planned(cluster, SET, CHECKOUT | given)
    (change,) = plan.changes
    assert said in plan.summary
    assert (change.target, change.resource) == (TARGET, "deployments")
    assert (resources_of(change.body), resources_of(change.undo)) == (resources, undo)


def test_a_plan_changes_nothing_and_knows_the_version_it_was_made_on(cluster: HttpCluster) -> None:
    live = cluster.get("deployment", "checkout", "shop-dev")
    (change,) = planned(cluster, SET, CHECKOUT | {"memory_limit": "64Mi"}).changes
    assert (change.uid, change.version) == (live["metadata"]["uid"], version(live))
    assert cluster.get("deployment", "checkout", "shop-dev")["spec"] == live["spec"]


def test_the_server_takes_the_plan_and_its_undo(cluster: HttpCluster) -> None:
    (change,) = planned(cluster, SET, CHECKOUT | {"memory_limit": "64Mi", "cpu_limit": "1"}).changes
    live = cluster.get("deployment", "checkout", "shop-dev")
    after = cluster.patch(change.target, change.body, dry_run=True)
    assert contains(after, change.body)
    assert strategic_merge_patch(after, change.undo)["spec"] == live["spec"]


def test_nothing_to_set_is_told(cluster: HttpCluster) -> None:
    with pytest.raises(ArgumentsError, match="give at least one of memory_limit, memory_request"):
        planned(cluster, SET, CHECKOUT)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "cart"}, r'no container "" to choose: name one of \w+, \w+\.'),
        ({"name": "cart", "container": "db"}, 'no container "db" to choose: name one of '),
        ({"name": "checkout", "container": "db"}, 'no container "db" to choose: name one of app'),
    ],
)
def test_the_container_must_be_one_there_is(cluster: HttpCluster, given: dict[str, str], said: str) -> None:
    with pytest.raises(ArgumentsError, match=said):
        planned(cluster, SET, {"namespace": "shop-dev", "memory_limit": "64Mi", **given})


def test_one_of_two_containers_is_chosen_by_name(cluster: HttpCluster) -> None:
    given = {"namespace": "shop-dev", "name": "cart", "container": "app", "memory_limit": "64Mi"}
    (change,) = planned(cluster, SET, given).changes
    assert resources_of(change.body) == {"limits": {"memory": "64Mi"}}


@pytest.mark.parametrize(
    "quantity", ["64", "64Mi", "1.5Gi", "0.5", ".5", "5.", "100m", "128e6", "1E3", "1e-3", "2k", "1Ei", "0"]
)
def test_what_is_a_quantity(quantity: str) -> None:
    assert SET.check(CHECKOUT | {"memory_limit": quantity})["memory_limit"] == quantity


@pytest.mark.parametrize(
    "quantity",
    ["", "64mb", "64 Mi", "64MiB", "-1", "Mi", ".", "1.2.3", "64Mi\n", "1e", "0x10", "1Mi; rm", "1" * 31],
)
def test_what_is_no_quantity(quantity: str) -> None:
    with pytest.raises(ArgumentsError, match="memory_limit"):
        SET.check(CHECKOUT | {"memory_limit": quantity})


@pytest.mark.parametrize("tool", [SET, RESTART], ids=lambda tool: tool.name)
@pytest.mark.parametrize("kind", ["Pod", "deployment", "Job", ""])
def test_only_workloads_that_roll_are_changed(tool: Tool, kind: str) -> None:
    with pytest.raises(ArgumentsError, match="kind: Input should be 'Deployment', 'StatefulSet' or 'DaemonSet'"):
        tool.check(CHECKOUT | {"kind": kind})


@pytest.mark.parametrize(("tool", "given"), [(SET, {"memory_limit": "1Gi"}), (RESTART, {})])
def test_a_workload_that_is_not_there_is_told(cluster: HttpCluster, tool: Tool, given: dict[str, str]) -> None:
    with pytest.raises(NotFound, match=r'get deployments/chekout: .*"chekout" not found'):
        planned(cluster, tool, {"namespace": "shop-dev", "name": "chekout", **given})


def test_a_restart_is_kubectls(cluster: HttpCluster) -> None:
    plan = planned(cluster, RESTART, CHECKOUT)
    (change,) = plan.changes
    assert plan.summary == "restart Deployment checkout in shop-dev"
    annotations = change.body["spec"]["template"]["metadata"]["annotations"]
    assert list(annotations) == [RESTARTED_AT] == ["kubectl.kubernetes.io/restartedAt"]
    assert datetime.fromisoformat(annotations[RESTARTED_AT]).tzinfo is not None
    after = cluster.patch(change.target, change.body, dry_run=True)
    live = cluster.get("deployment", "checkout", "shop-dev")
    assert after["spec"]["template"] != live["spec"]["template"]
    undone = strategic_merge_patch(after, change.undo)["spec"]["template"]
    assert not undone["metadata"].get("annotations")
