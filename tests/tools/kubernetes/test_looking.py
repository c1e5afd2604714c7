"""What show_container, port_forward, rollout_status, who_can and whoami say of the sandbox, over HTTP."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from agent.redaction import MARK, Redactor
from agent.sandbox import Sandbox
from tools.catalog import TOOLS
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.cluster.resources import ObjectRef
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Result, ToolContext
from tools.json import Json

BY_NAME = {tool.name: tool for tool in TOOLS}
VALUE = base64.b64encode(b"geheim-1234").decode()


def service(name: str, *ports: Json, **spec: Any) -> Json:
    metadata = {"name": name, "namespace": "shop-dev"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": list(ports), **spec}}


SERVICES = (
    service("web", {"name": "http", "port": 80, "targetPort": "http"}, selector={"app": "web"}),
    service(
        "admin",
        {"port": 81, "targetPort": 9090},
        {"name": "x", "port": 82, "targetPort": "nope"},
        selector={"app": "web"},
    ),
    service("outside", {"port": 80}),
    service("plain", {"name": "http", "port": 80, "targetPort": 8080}, selector={"app": "web"}),
    service("dns", {"port": 53, "protocol": "UDP"}, selector={"app": "web"}),
    service("nobody", {"port": 80}, selector={"app": "nobody"}),
    service("broken", {"port": 8080}, selector={"app": "checkout"}),
)
CONTAINER = {
    "name": "app",
    "ports": [{"containerPort": 8080, "name": "http"}],
    "env": [
        {"name": "MODE", "value": "fast"},
        {"name": "API_TOKEN", "value": "literal-9f8e7d"},
        {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "web-config", "key": "LOG_LEVEL"}}},
        {"name": "PGPASSWORD", "valueFrom": {"secretKeyRef": {"name": "payments-database", "key": "PGPASSWORD"}}},
        {"name": "WRONG", "valueFrom": {"secretKeyRef": {"name": "payments-database", "key": "PGPASS"}}},
        {"name": "GONE", "valueFrom": {"configMapKeyRef": {"name": "no", "key": "K", "optional": True}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ],
    "envFrom": [
        {"configMapRef": {"name": "web-config"}, "prefix": "X_"},
        {"secretRef": {"name": "payments-database"}},
    ],
    "volumeMounts": [
        {"name": "config", "mountPath": "/etc/web", "readOnly": True},
        {"name": "secret", "mountPath": "/run/db", "subPath": "pw"},
        {"name": "data", "mountPath": "/data"},
        {"name": "absent", "mountPath": "/absent"},
    ],
}
VOLUMES = [
    {"name": "config", "configMap": {"name": "web-config", "items": [{"key": "LOG_LEVEL"}, {"key": "NOPE"}]}},
    {"name": "secret", "secret": {"secretName": "no-such"}},
    {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[HttpCluster]:
    with Sandbox() as sandbox:
        connected = connect(Where(document=sandbox.kubeconfig()))
        for each in SERVICES:
            connected.create(ObjectRef("v1", "Service", "shop-dev", each["metadata"]["name"]), each)
        pod = {"containers": [CONTAINER], "volumes": VOLUMES}
        target = ObjectRef("apps/v1", "Deployment", "shop-dev", "web")
        connected.patch(target, {"spec": {"paused": True, "template": {"spec": pod}}})
        yield connected


def masked(value: Json) -> Json:
    shown = Redactor().redact(value)
    assert isinstance(shown, dict)
    return shown


def called(cluster: HttpCluster, tool: str, **arguments: Any) -> Result:
    outcome = BY_NAME[tool](ToolContext(cluster, mask=masked), arguments)
    assert isinstance(outcome, Result)
    return outcome


WEB = {"namespace": "shop-dev", "name": "web"}

SHOWN = f"""\
Container app of Deployment web in shop-dev, image ghcr.io/shop/web:5.0.3
env:
  MODE=fast
  API_TOKEN={MARK}
  LEVEL  from ConfigMap web-config key LOG_LEVEL: info
  PGPASSWORD  from Secret payments-database key PGPASSWORD
  WRONG  from Secret payments-database key PGPASS  MISSING: Secret payments-database has no key PGPASS, only PGPASSWORD
  GONE  from ConfigMap no key K  MISSING: there is no ConfigMap no (optional)
  IP  from field status.podIP
  all keys of ConfigMap web-config with prefix X_: X_LOG_LEVEL, X_PAGE_SIZE
  all keys of Secret payments-database: PGPASSWORD
ports:
  8080/TCP http  Service plain port 80 leads to 8080; Service web port 80 leads to http
  Service admin port 81 leads to 9090, which no container declares
  Service admin port 82 leads to nope: MISSING, no container has a port of that name
  Service dns port 53 leads to 53, which no container declares
mounts:
  /etc/web, read-only  volume config: ConfigMap web-config (LOG_LEVEL, NOPE), MISSING: ConfigMap web-config has no key NOPE, only LOG_LEVEL, PAGE_SIZE
  /run/db (pw of it)  volume secret: Secret no-such, MISSING: there is no Secret no-such
  /data  volume data: PersistentVolumeClaim data, MISSING: there is no PersistentVolumeClaim data
  /absent  volume absent: MISSING: there is no such volume"""  # noqa: E501


def test_all_of_a_container_is_shown_with_its_origin_and_what_is_missing(cluster: HttpCluster) -> None:
    shown = called(cluster, "show_container", **WEB)
    assert shown.text == SHOWN
    assert VALUE not in shown.text
    assert "geheim" not in shown.text


def test_a_part_is_shown_alone(cluster: HttpCluster) -> None:
    shown = called(cluster, "show_container", **WEB, what="ports")
    assert "8080/TCP http" in shown.text
    assert "env:" not in shown.text
    assert list(shown.data or {}) == ["container", "ports"]


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ({"name": "plain"}, "kubectl port-forward service/plain 8080:80 -n shop-dev"),
        (
            {"name": "plain", "port": "http", "local_port": 9000},
            "kubectl port-forward service/plain 9000:80 -n shop-dev",
        ),
        ({"name": "web", "kind": "Deployment"}, "kubectl port-forward deployment/web 8080:8080 -n shop-dev"),
        (
            {"name": "web", "kind": "Deployment", "port": "http"},
            "kubectl port-forward deployment/web 8080:8080 -n shop-dev",
        ),
    ],
)
def test_the_command_to_type_is_told(cluster: HttpCluster, given: Json, command: str) -> None:
    told = called(cluster, "port_forward", namespace="shop-dev", **given)
    assert told.ok
    assert told.text.startswith(f"Type: {command}\nlocalhost:")
    assert told.text.endswith("until you end it (Ctrl-C).")


def test_a_port_that_no_container_declares_is_told_with_a_doubt(cluster: HttpCluster) -> None:
    told = called(cluster, "port_forward", namespace="shop-dev", name="admin", port=81)
    assert told.ok
    assert "But no container declares port 9090" in told.text


@pytest.mark.parametrize(
    ("name", "said"), [("nobody", "no pod behind it"), ("broken", "none of its pods is ready (checkout-")]
)
def test_bad_news_when_nothing_would_answer(cluster: HttpCluster, name: str, said: str) -> None:
    told = called(cluster, "port_forward", namespace="shop-dev", name=name)
    assert not told.ok
    assert said in told.text


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"name": "admin"}, ArgumentsError, "has several ports: name one of 81, 82 x"),
        ({"name": "web", "port": 99}, ArgumentsError, "has no port 99: name one of 80 http"),
        (
            {"name": "admin", "port": 82},
            ToolFailed,
            "the pods' port nope, and no container has a port of that name",
        ),
        ({"name": "outside"}, ToolFailed, "selects no pods"),
        ({"name": "dns"}, ToolFailed, "kubectl forwards TCP only"),
        ({"name": "web", "kind": "Deployment", "port": "metrics"}, ArgumentsError, "has no port metrics"),
    ],
)
def test_what_cannot_be_forwarded_is_told(
    cluster: HttpCluster, given: Json, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        called(cluster, "port_forward", namespace="shop-dev", **given)


def test_a_rollout_is_looked_at_once(cluster: HttpCluster) -> None:
    broken = called(cluster, "rollout_status", namespace="shop-dev", name="cart")
    assert broken.text.startswith(
        "The rollout of Deployment cart in shop-dev is not complete: 1 of 1 pods updated, 0 ready, 0 "
    )
    assert 'is in CreateContainerConfigError: configmap "cart-config" not found' in broken.text
    assert broken.data is not None
    assert broken.data["deadline_s"] == 600
    crashed = called(cluster, "rollout_status", namespace="shop-dev", name="checkout")
    assert "is failing: 1 of 1 pods updated, 0 ready" in crashed.text
    assert "Container app of pod checkout-" in crashed.text
    assert "it is paused" in called(cluster, "rollout_status", **WEB).text


def test_who_we_are_and_what_we_may(cluster: HttpCluster) -> None:
    told = called(cluster, "whoami")
    assert told.text.startswith("User sandbox-user, in the groups system:authenticated.\nCluster http://127.0.0.1:")
    assert told.data is not None
    assert all(told.data["may"].values())


def test_who_can_knows_kubectl_s_words(cluster: HttpCluster) -> None:
    given = {"namespace": "shop-dev", "verb": "get"}
    assert (
        "Nobody may get deployments.apps in shop-dev" in called(cluster, "who_can", **given, resource="deploy").text
    )
    assert "get nodes in the cluster" in called(cluster, "who_can", **given, resource="no").text
    assert called(cluster, "who_can", **given, resource="po/log", user="ana").text == (
        "Yes: ana may get pods/log in shop-dev, says the API server."
    )
    with pytest.raises(ArgumentsError, match='no kind "flowers"'):
        called(cluster, "who_can", **given, resource="flowers")
