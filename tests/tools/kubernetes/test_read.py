"""What the reading tools say of the sandbox's workloads, over HTTP.

Values of Secrets are masked where results are journaled, not by these tools.
"""

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from agent.redaction import MARK, Redactor
from agent.sandbox import Sandbox
from tools.apimachinery.manifests import as_yaml, without_noise
from tools.catalog import TOOLS
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.cluster.errors import ClusterError, Invalid, NotFound
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Result, ToolContext

BY_NAME = {tool.name: tool for tool in TOOLS}
POD_NAME = r"[a-z]+-[a-z0-9]{10}-[a-z0-9]{5}"


@pytest.fixture(scope="module")
def cluster() -> Iterator[HttpCluster]:
    with Sandbox() as sandbox:
        yield connect(Where(document=sandbox.kubeconfig()))


def called(cluster: HttpCluster, tool: str, **arguments: Any) -> Result:
    outcome = BY_NAME[tool](ToolContext(cluster), arguments)
    assert isinstance(outcome, Result)
    assert outcome.ok
    return outcome


# --- get and list ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Deployment", "deployments", "deploy", "DEPLOY", "deployments.apps"])
def test_get_understands_the_words_of_kubectl(cluster: HttpCluster, kind: str) -> None:
    outcome = called(cluster, "get", kind=kind, name="checkout", namespace="shop-dev")
    live = yaml.safe_load(outcome.text)
    assert (live["kind"], live["metadata"]["name"]) == ("Deployment", "checkout")
    assert live == outcome.data


def test_get_leaves_out_what_only_controllers_need(cluster: HttpCluster) -> None:
    assert "managedFields" in cluster.get("deploy", "checkout", "shop-dev")["metadata"]
    assert "managedFields" not in called(cluster, "get", kind="deploy", name="checkout", namespace="shop-dev").text


def test_get_of_what_has_no_namespace(cluster: HttpCluster) -> None:
    assert "cpu: '4'" in called(cluster, "get", kind="node", name="sandbox").text


def test_a_secret_is_masked_at_the_journals_boundary(cluster: HttpCluster) -> None:
    outcome = called(cluster, "get", kind="secret", name="payments-database", namespace="shop-dev")
    assert outcome.data is not None
    value = outcome.data["data"]["PGPASSWORD"]
    masked = Redactor().redact({"text": outcome.text, "data": outcome.data})
    assert value in outcome.text
    assert value not in str(masked)
    assert f"PGPASSWORD: {MARK}" in str(masked).replace("'", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kind": "pod", "name": "nope", "namespace": "shop-dev"}, 'get pods/nope: pods "nope" not found'),
        ({"kind": "widgets", "name": "x"}, 'has no kind "widgets". List its kinds: kubectl api-resources'),
        ({"kind": "deploy", "name": "checkout", "namespace": "nowhere"}, '"checkout" not found'),
    ],
)
def test_what_is_not_there_is_told(cluster: HttpCluster, arguments: dict[str, str], said: str) -> None:
    with pytest.raises(NotFound) as caught:
        called(cluster, "get", **arguments)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (
            {"kind": "pods", "namespace": "shop-dev"},
            [
                r"shop-dev/cart-\S+  CreateContainerConfigError  0/1 ready  0 restarts  4m",
                r"shop-dev/catalog-\S+  ImagePullBackOff  0/1 ready  0 restarts  4m",
                r"shop-dev/checkout-\S+  CrashLoopBackOff  0/1 ready  5 restarts  4m",
                r"shop-dev/payments-\S+  CrashLoopBackOff  0/1 ready  5 restarts  4m",
                r"shop-dev/search-\S+  Pending  0/1 ready  0 restarts  4m",
                r"shop-dev/web-\S+  Running  1/1 ready  0 restarts  4m",
                r"shop-dev/web-\S+  Running  1/1 ready  0 restarts  4m",
            ],
        ),
        (
            {"kind": "pods", "namespace": "shop-dev", "selector": "app=web"},
            [r"shop-dev/web-\S+  Running .*"] * 2,
        ),
        ({"kind": "deploy", "namespace": "shop-prod"}, [r"shop-prod/checkout  0/1 ready  4m"]),
        (
            {"kind": "deploy", "selector": "app=checkout"},
            [r"shop-dev/checkout .*", r"shop-prod/checkout .*", r"shop-staging/checkout .*"],
        ),
        (
            {"kind": "ns"},
            [
                "default  Active  4m",
                "kube-system  Active  4m",
                "shop-dev  Active environment=dev  4m",
                "shop-prod  Active environment=prod  4m",
                "shop-staging  Active environment=staging  4m",
            ],
        ),
        ({"kind": "secrets", "namespace": "shop-dev"}, [r"shop-dev/payments-database  Opaque 1 keys  4m"]),
        ({"kind": "rs", "selector": "app=web"}, [r"shop-dev/web-\S+  2/2 ready  4m"]),
        ({"kind": "jobs", "namespace": "shop-dev"}, [r"No jobs in shop-dev\."]),
        ({"kind": "jobs"}, [r"No jobs\."]),
    ],
)
def test_list_has_a_line_each(cluster: HttpCluster, arguments: dict[str, str], rows: list[str]) -> None:
    said = called(cluster, "list", **arguments).text.splitlines()
    assert len(said) == len(rows), said
    for line, row in zip(said, rows, strict=True):
        assert re.fullmatch(row, line)


def test_list_counts_for_programs(cluster: HttpCluster) -> None:
    assert called(cluster, "list", kind="deploy", selector="app=web").data == {"count": 1, "names": ["web"]}
    assert called(cluster, "list", kind="jobs").data == {"count": 0, "names": []}


def test_a_selector_that_is_none_is_told(cluster: HttpCluster) -> None:
    with pytest.raises(Invalid, match="list pods in shop-dev: unable to parse requirement"):
        called(cluster, "list", kind="pods", namespace="shop-dev", selector="app in (")


# --- describe and events ---------------------------------------------------------------------------------


def test_describe_has_state_and_events(cluster: HttpCluster) -> None:
    (pod,) = cluster.list("pods", "shop-dev", label_selector="app=checkout")
    text = called(cluster, "describe", kind="pod", name=pod["metadata"]["name"], namespace="shop-dev").text
    body, events = text.split("\nevents:\n")
    told = yaml.safe_load(body)
    assert told["states"][0]["lastState"]["terminated"]["reason"] == "OOMKilled"
    assert told["containers"][0]["resources"]["limits"]["memory"] == "16Mi"
    assert "metadata" not in told
    assert f"Pod/{pod['metadata']['name']}  Back-off restarting failed container app" in events


def test_describe_of_a_workload_has_the_events_of_its_pods(cluster: HttpCluster) -> None:
    text = called(cluster, "describe", kind="deployment", name="checkout", namespace="shop-dev").text
    body, events = text.split("\nevents:\n")
    assert yaml.safe_load(body)["replicas"] == 1
    assert "Pod/checkout-" in events
    assert "Pod/payments-" not in events


def test_a_namespaced_kind_needs_its_namespace(cluster: HttpCluster) -> None:
    for tool in ("get", "describe"):
        with pytest.raises(ArgumentsError, match="give the namespace"):
            called(cluster, tool, kind="pod", name="web")


def test_describe_of_what_had_no_events(cluster: HttpCluster) -> None:
    text = called(cluster, "describe", kind="cm", name="web-config", namespace="shop-dev").text
    assert text.endswith("events:\n  none")


def test_events_are_the_newest_twenty_oldest_first(cluster: HttpCluster) -> None:
    rows = called(cluster, "events", namespace="shop-dev").text.splitlines()
    times = [row.split()[0] for row in rows]
    assert len(cluster.list("events", "shop-dev")) > len(rows) == 20
    assert times == sorted(times)


def test_events_of_one_object(cluster: HttpCluster) -> None:
    (pod,) = cluster.list("pods", "shop-dev", label_selector="app=catalog")
    name = pod["metadata"]["name"]
    rows = called(cluster, "events", namespace="shop-dev", name=name).text.splitlines()
    assert rows
    assert all(f"Pod/{name}" in row for row in rows)
    assert any("Warning  Failed" in row and "ErrImagePull" in row for row in rows)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"namespace": "default"}, "No events in default."),
        ({"namespace": "shop-dev", "name": "nope"}, "No events in shop-dev about nope."),
    ],
)
def test_no_events_is_an_answer(cluster: HttpCluster, arguments: dict[str, str], said: str) -> None:
    assert called(cluster, "events", **arguments).text == said


# --- logs ------------------------------------------------------------------------------------------------

PAYMENTS = [
    "payments 3.2.0 starting",
    "ERROR cannot connect to postgres at postgres.shop-data.svc.cluster.local:5432: no such host",
    "giving up: the ledger is not reachable, exiting with status 1",
]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"pod": "payments"}, PAYMENTS),
        ({"pod": "payments", "previous": True}, PAYMENTS),
        ({"pod": "payments", "container": "app", "tail_lines": 2}, PAYMENTS[1:]),
        ({"pod": "web", "tail_lines": 1}, ["GET /healthz 200 0.4ms"]),
    ],
)
def test_logs_of_a_workload_are_those_of_its_pod(
    cluster: HttpCluster, arguments: dict[str, Any], expected: list[str]
) -> None:
    outcome = called(cluster, "logs", namespace="shop-dev", **arguments)
    assert outcome.text.splitlines() == expected
    assert outcome.data is not None
    assert re.fullmatch(POD_NAME, outcome.data["pod"])
    assert outcome.data["container"] == "app"


def test_logs_of_a_pod_by_its_own_name(cluster: HttpCluster) -> None:
    for pod in cluster.list("pods", "shop-dev", label_selector="app=web"):
        name = pod["metadata"]["name"]
        assert called(cluster, "logs", namespace="shop-dev", pod=name).data == {"pod": name, "container": "app"}


def test_an_empty_log_is_an_answer(cluster: HttpCluster) -> None:
    text = called(cluster, "logs", namespace="shop-dev", pod="search").text
    assert re.fullmatch(r"The log of search-\S+/app is empty\.", text)


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ({"pod": "nope"}, ToolFailed, r"No pod nope in shop-dev, nor a workload of that name\. Pods there: cart-"),
        ({"pod": "nope", "namespace": "default"}, ToolFailed, r"Pods there: none\."),
        ({"pod": "check"}, ToolFailed, "No pod check in shop-dev"),
        ({"pod": "web", "previous": True}, Invalid, "previous terminated container .* not found"),
        ({"pod": "web", "container": "db"}, Invalid, "container db is not valid for pod web-"),
        ({"pod": "catalog"}, Invalid, "is waiting to start: trying and failing to pull image"),
    ],
)
def test_logs_that_are_not_there_are_told(
    cluster: HttpCluster, arguments: dict[str, Any], kind: type[ToolFailed | ClusterError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        called(cluster, "logs", **{"namespace": "shop-dev", **arguments})


# --- top -------------------------------------------------------------------------------------------------


def test_top_has_a_line_a_container(cluster: HttpCluster) -> None:
    rows = called(cluster, "top", namespace="shop-dev").text.splitlines()
    assert len(rows) == 2
    for row in rows:
        assert re.fullmatch(rf"{POD_NAME}  app  cpu 3m  memory 24576Ki", row)


def test_top_before_anything_was_measured(cluster: HttpCluster) -> None:
    assert called(cluster, "top", namespace="default").text == "No pod of default has been measured yet."


# --- noise -----------------------------------------------------------------------------------------------


def test_noise_is_taken_out_of_a_copy() -> None:
    last = "kubectl.kubernetes.io/last-applied-configuration"
    live = {
        "metadata": {"name": "x", "managedFields": [{}], "annotations": {last: "{}", "team": "shop"}},
        "spec": {},
    }
    assert without_noise(live) == {"metadata": {"name": "x", "annotations": {"team": "shop"}}, "spec": {}}
    assert "managedFields" in live["metadata"]
    assert without_noise({"metadata": {"annotations": {last: "{}"}}}) == {"metadata": {}}


PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx\n-----END RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize("offset", range(40, 60))
def test_no_line_is_wrapped_where_a_secret_could_hide(offset: int) -> None:
    shown = as_yaml({"data": {"note": "w " * offset + PEM}})
    assert "-----BEGIN RSA PRIVATE KEY-----" in shown
    assert "MIIEow" not in Redactor().text(shown)


def test_an_object_is_masked_before_it_becomes_text(cluster: HttpCluster) -> None:
    def mask(_live: dict[str, Any]) -> dict[str, Any]:
        return {"kind": "Secret", "metadata": {"name": "masked"}}

    context = ToolContext(cluster, mask=mask)
    for tool in ("get", "describe"):
        outcome = BY_NAME[tool](context, {"kind": "deployment", "name": "web", "namespace": "shop-dev"})
        assert isinstance(outcome, Result)
        assert "masked" in outcome.text
        assert "replicas" not in outcome.text


def test_the_log_of_a_pod_lists_no_others(cluster: HttpCluster, caplog: pytest.LogCaptureFixture) -> None:
    pod = next(each for each in cluster.list("pods", "shop-dev") if each["metadata"]["name"].startswith("web-"))
    name = pod["metadata"]["name"]
    with caplog.at_level(logging.DEBUG, "tools.cluster.client"):
        called(cluster, "logs", namespace="shop-dev", pod=name)
    asked = [record.getMessage().partition("?")[0].rpartition("/shop-dev/")[2] for record in caplog.records]
    assert asked == [f"pods/{name}", f"pods/{name}/log"]
