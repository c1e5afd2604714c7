"""The tools that mend plan patches that bring about what was asked, and undos that bring back what was."""

from collections.abc import Iterator

import pytest

from agent.sandbox import Sandbox
from agent.sandbox.patching import strategic_merge_patch
from tools.catalog import TOOLS
from tools.changes.plan import Plan
from tools.changes.strategic import contains, difference, inverse
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.errors import ArgumentsError, Refused, ToolFailed
from tools.frame import ToolContext
from tools.json import Json
from tools.kubernetes.roles import _with

BY_NAME = {tool.name: tool for tool in TOOLS}
CHECKOUT = {"namespace": "shop-dev", "name": "checkout"}
APP: Json = {"name": "app", "image": "a:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}


@pytest.fixture(scope="module")
def cluster() -> Iterator[HttpCluster]:
    with Sandbox() as sandbox:
        yield connect(Where(document=sandbox.kubeconfig()))


def after(cluster: HttpCluster, tool: str, arguments: Json) -> tuple[Plan, Json]:
    """The plan, and the object as it would be; its undo brings back what is there."""
    plan = BY_NAME[tool](ToolContext(cluster), CHECKOUT | arguments)
    assert isinstance(plan, Plan)
    (change,) = plan.changes
    live = cluster.get(change.target.kind, change.target.name, change.target.namespace)
    patched: Json = strategic_merge_patch(live, change.body)
    assert contains(patched, change.body)
    assert strategic_merge_patch(patched, change.undo)["spec"] == live["spec"]
    return plan, patched


def container(patched: Json) -> Json:
    found: Json = patched["spec"]["template"]["spec"]["containers"][0]
    return found


def test_an_image(cluster: HttpCluster) -> None:
    plan, patched = after(cluster, "set_image", {"image": "shop/checkout:9"})
    assert container(patched)["image"] == "shop/checkout:9"
    assert "-> shop/checkout:9 of Deployment checkout in shop-dev, container app" in plan.summary


@pytest.mark.parametrize(
    ("given", "probe"),
    [
        ({"port": 8080}, {"tcpSocket": {"port": 8080}}),
        ({"port": "http", "path": "/ok"}, {"httpGet": {"port": "http", "path": "/ok"}}),
        ({"port": 1, "period_s": 3}, {"tcpSocket": {"port": 1}, "periodSeconds": 3}),
    ],
)  # fmt: skip
def test_a_probe_where_there_is_none(cluster: HttpCluster, given: Json, probe: Json) -> None:
    _, patched = after(cluster, "set_probe", {"probe": "startup", **given})
    assert container(patched)["startupProbe"] == probe


@pytest.mark.parametrize(
    ("given", "said"),
    [({"period_s": 1}, "give a port"), ({}, "give at least one of"), ({"path": "/"}, "give a port")],
)
def test_a_probe_without_a_port(cluster: HttpCluster, given: Json, said: str) -> None:
    with pytest.raises(ArgumentsError, match=said):
        after(cluster, "set_probe", {"probe": "startup", **given})


def test_a_command_and_its_end(cluster: HttpCluster) -> None:
    _, patched = after(cluster, "set_command", {"command": ["sh", "-c"], "args": []})
    assert container(patched)["command"] == ["sh", "-c"]
    assert "args" not in container(patched)


def test_a_node_selector(cluster: HttpCluster) -> None:
    _, patched = after(cluster, "set_node_selector", {"node_selector": {"disk": "ssd"}})
    assert patched["spec"]["template"]["spec"]["nodeSelector"] == {"disk": "ssd"}


def test_replicas(cluster: HttpCluster) -> None:
    plan, patched = after(cluster, "scale", {"replicas": 3})
    assert patched["spec"]["replicas"] == 3
    assert plan.summary.endswith("to 3")


def test_a_reference_that_is_not_there_is_told(cluster: HttpCluster) -> None:
    with pytest.raises(ToolFailed, match="has no reference to ConfigMap nothing"):
        after(cluster, "set_reference", {"source": "ConfigMap", "from_name": "nothing", "to_name": "b"})


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ({"containers": [APP]}, {"containers": [{**APP, "image": "a:2"}]}),
        ({"containers": [APP]}, {"containers": [{**APP, "env": [{"name": "A", "value": "3"}]}]}),
        ({"containers": [APP]}, {"containers": [APP, {"name": "proxy", "image": "p"}], "nodeSelector": {"a": "b"}}),
        ({"containers": [APP], "nodeSelector": {"a": "b"}}, {"containers": [{**APP, "command": ["x"]}]}),
        ({"containers": [APP], "volumes": [{"name": "v", "emptyDir": {}}]}, {"containers": [APP]}),
    ],
)
def test_a_difference_is_the_patch_from_one_template_to_the_other(before: Json, wanted: Json) -> None:
    patch = difference(before, wanted)
    patched = strategic_merge_patch(before, patch)
    assert {key: value for key, value in patched.items() if value} == wanted
    assert difference(patched, wanted) in ({}, {"volumes": None})
    live: Json = {"spec": before}
    undo = inverse({"spec": patch}, live)
    assert strategic_merge_patch({"spec": patched}, undo)["spec"] == before


def test_a_difference_says_the_order_where_it_changes() -> None:
    turned = {"env": [APP["env"][1], APP["env"][0]]}
    assert difference({"env": APP["env"]}, turned) == {"$setElementOrder/env": [{"name": "B"}, {"name": "A"}]}
    removed = difference({"spec": {"env": APP["env"]}}, {"spec": {"env": APP["env"][1:]}})
    assert inverse(removed, {"spec": {"env": APP["env"]}}) == {
        "spec": {"$setElementOrder/env": [{"name": "A"}, {"name": "B"}], "env": [APP["env"][0]]}
    }


def test_the_pull_secrets_of_a_service_account_are_a_list_that_is_replaced_whole() -> None:
    body = {"imagePullSecrets": [{"name": "a"}, {"name": "b"}]}
    assert inverse(body, {"imagePullSecrets": [{"name": "a"}]}) == {"imagePullSecrets": [{"name": "a"}]}
    assert not contains({"imagePullSecrets": [{"name": "a"}]}, body)
    assert contains(dict(body), body)


READ = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ([], [{**READ, "verbs": ["list"]}]),
        ([READ], [{**READ, "verbs": ["get", "list"]}]),
        ([{**READ, "resourceNames": ["x"]}], [{**READ, "resourceNames": ["x"]}, {**READ, "verbs": ["list"]}]),
        ([{**READ, "verbs": ["list"]}], [{**READ, "verbs": ["list"]}]),
    ],
)
def test_a_verb_joins_the_rule_of_its_resource(rules: list[Json], wanted: list[Json]) -> None:
    assert _with(rules, "list", "pods", "") == wanted


@pytest.mark.parametrize(
    ("verb", "resource"),
    [("*", "pods"), ("get", "*"), ("get", "secrets"), ("bind", "roles"), ("escalate", "clusterroles"),
     ("impersonate", "users"), ("create", "serviceaccounts/token"), ("create", "pods/exec"), ("update", "roles")],
)  # fmt: skip
def test_what_would_give_more_rights_is_shields(cluster: HttpCluster, verb: str, resource: str) -> None:
    asked = {"namespace": "shop-dev", "role": "reader", "verb": verb, "resource": resource}
    with pytest.raises(Refused, match="ask Shield"):
        BY_NAME["allow"](ToolContext(cluster), asked)


def test_a_change_of_a_role_and_the_end_of_a_namespace_or_an_access_are_asked_always() -> None:
    always = [tool.name for tool in TOOLS if tool.always_asked]
    assert always == ["deprovision_namespace", "offboard_member", "allow"]
