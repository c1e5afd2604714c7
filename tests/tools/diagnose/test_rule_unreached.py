"""Crashes whose cause lies on the way to what the program calls: one finding where it is certain, else two."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import event, pod, snapshot, status, terminated
from tests.tools.diagnose.service_faults import policy, service, web
from tests.tools.diagnose.test_rule_services import READ, running
from tools.diagnose.diagnose import judge
from tools.json import Json

REFUSED = "wget: can't connect to remote host (10.96.0.7): Connection refused"
TIMED_OUT = "dial tcp db:5432: i/o timeout"
UNRESOLVED = "wget: bad address 'db'"
CLOSED = policy("closed", {"matchLabels": {"app": "shop"}}, policyTypes=["Egress"])


def db(target: int | str = 8080, *, selector: Json | None = None, **spec: Any) -> Json:
    ports = spec.pop("ports", [{"port": 5432, "targetPort": target}])
    return service("db", selector or {"app": "web"}, clusterIP="10.96.0.7", ports=ports, **spec)


def found(log: str, *pods: Json, service: Json | None = None, code: int = 1, **kinds: Any) -> list[tuple[str, str]]:
    return [
        (each["cause"], each["object"]["kind"])
        for each in reported(log, *pods, service=service, code=code, **kinds)
    ]


def reported(log: str, *pods: Json, service: Json | None = None, code: int = 1, **kinds: Any) -> list[Json]:
    crashing = pod(
        status({"waiting": {"reason": "CrashLoopBackOff"}}, terminated(code), restarts=2),
        metadata={"labels": {"app": "shop", "pod-template-hash": "abc"}},
    )
    objects: Any = {**READ, "Service": [service] if service else [], **kinds}
    findings: list[Json] = judge(snapshot(crashing, *pods, logs={("shop-abc-1", "app"): log}, **objects))[
        "findings"
    ]
    return findings


def test_a_service_without_pods_is_the_cause_of_who_calls_it() -> None:
    [one] = reported(REFUSED, running(), service=db(selector={"app": "wbe"}))

    assert (one["cause"], one["object"]["name"]) == ("ServiceSelectorMismatch", "db")
    assert one["affected"] == ["shop-abc-1"]
    assert one["summary"] == (
        "Service db selects pods with app=wbe, and there are none: Pod web-1 has app=web; "
        f'Deployment shop crashes for it, its log says "{REFUSED}"'
    )
    assert one["evidence"][-1] == {"source": "log", "object": "Pod shop-abc-1", "text": REFUSED}


@pytest.mark.parametrize("log", [REFUSED, "dial tcp 10.96.0.7:5432: connect: connection refused", TIMED_OUT])
def test_a_service_that_sends_to_a_port_that_is_not_there(log: str) -> None:
    assert found(log, running(), service=db("htpp")) == [("ServicePortMismatch", "Service")]


@pytest.mark.parametrize(
    ("log", "service"),
    [
        ("dial tcp 10.96.0.7:5433: connect: connection refused", db("htpp")),
        ("dial tcp 10.96.0.9:5432: connect: connection refused", db("htpp")),
        ("dial tcp db.elsewhere:5432: connect: connection refused", db("htpp")),
        (REFUSED, db(ports=[{"name": "a", "port": 1, "targetPort": "htpp"}, {"name": "b", "port": 2}])),
        ("FATAL: no licence", db("htpp")),
    ],
    ids=["another port", "another address", "another namespace", "one port of two", "another error"],
)
def test_what_is_not_certain_stays_two(log: str, service: Json) -> None:
    assert ("CrashLoopBackOff", "Deployment") in found(log, running(), service=service)


def test_who_calls_a_service_that_is_not_ready_is_told_of_there() -> None:
    unready = running(status={"conditions": [{"type": "Ready", "status": "False"}]})

    [one] = reported(REFUSED, unready, service=db())

    assert (one["cause"], one["object"]["name"]) == ("ServiceNotReady", "db")
    assert one["affected"][-1] == "shop-abc-1"
    assert one["summary"].endswith(f'is not ready; Deployment shop crashes for it, its log says "{REFUSED}"')


def test_who_calls_what_is_scaled_to_zero_makes_it_an_error() -> None:
    idle = web("web", replicas=0)

    [one] = reported(REFUSED, service=db(), Deployment=[idle])

    assert (one["cause"], one["severity"]) == ("ServiceNotReady", "error")


def test_what_crashes_for_what_crashes_is_told_of_at_the_first() -> None:
    crash = status({"waiting": {"reason": "CrashLoopBackOff"}}, terminated(1), restarts=2)
    middle = pod(crash, name="web-1", owner=[], metadata={"name": "web-1", "labels": {"app": "web"}})
    last = pod(crash, name="disk-1", owner=[], metadata={"name": "disk-1", "labels": {"app": "disk"}})
    disk = service("disk", {"app": "disk"}, clusterIP="10.96.0.8", ports=[{"port": 5000}])
    logs = {
        ("shop-abc-1", "app"): TIMED_OUT,
        ("web-1", "app"): "dial tcp disk:5000: connect: connection refused",
        ("disk-1", "app"): "no space left on device",
    }
    first = pod(crash, metadata={"labels": {"app": "shop", "pod-template-hash": "abc"}})
    objects: Any = {**READ, "Service": [db(), disk]}

    [one] = judge(snapshot(first, middle, last, logs=logs, **objects))["findings"]

    assert one["object"]["name"] == "disk-1"
    assert {*one["affected"]} == {"disk-1", "web-1", "shop-abc-1"}
    assert " and 1 more crashes for it" in one["summary"]


def _out(*egress: Json) -> Json:
    return policy("shop-out", {"matchLabels": {"app": "shop"}}, policyTypes=["Egress"], egress=list(egress))


_DNS = {"ports": [{"port": 53, "protocol": "UDP"}]}


@pytest.mark.parametrize(
    ("rule", "how"),
    [
        (
            {"to": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 8081}]},
            "to them it allows port 8081 only",
        ),
        (
            {"to": [{"podSelector": {"matchLabels": {"app": "wbe"}}}], "ports": [{"port": 8080}]},
            "only pods with app=wbe",
        ),
        ({"ports": [{"port": 443}]}, "on their port 8080: it allows port 53 (UDP), 443 only"),
    ],
    ids=["port", "label", "neither"],
)
def test_a_policy_that_does_not_let_the_caller_out_is_the_cause_of_its_crash(rule: Json, how: str) -> None:
    caller = web("shop")

    [one] = reported(TIMED_OUT, running(), service=db(), NetworkPolicy=[_out(_DNS, rule)], Deployment=[caller])

    assert (one["cause"], one["object"]["name"]) == ("NetworkPolicyBlocksEgress", "shop-out")
    assert how in one["summary"]


def test_a_policy_that_lets_the_caller_out_is_not_blamed() -> None:
    to_web = {"to": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 8080}]}
    policies = [_out(_DNS), _out(to_web)]

    causes = found(TIMED_OUT, running(), service=db(), NetworkPolicy=policies, Deployment=[web("shop")])

    assert causes == [("CrashLoopBackOff", "Deployment")]


def test_a_caller_that_only_its_log_tells_of_is_kept_out_too() -> None:
    keeps = policy("db-in", {"matchLabels": {"app": "web"}}, policyTypes=["Ingress"], ingress=[_FROM_NOBODY])

    [one] = reported(TIMED_OUT, running(), service=db(), NetworkPolicy=[keeps], Deployment=[web("shop")])

    assert (one["cause"], one["object"]["name"]) == ("NetworkPolicyBlocksIngress", "db-in")
    assert "lets in only pods with app=shp" in one["summary"]


_FROM_NOBODY = {"from": [{"podSelector": {"matchLabels": {"app": "shp"}}}], "ports": [{"port": 8080}]}


def test_a_policy_whose_selector_has_a_slip_is_named_and_not_the_one_that_closes_all() -> None:
    closed = policy("default-deny", {}, policyTypes=["Ingress"])
    from_shop = {"from": [{"podSelector": {"matchLabels": {"app": "shop"}}}], "ports": [{"port": 8080}]}
    missed = policy("db-in", {"matchLabels": {"app": "wbe"}}, policyTypes=["Ingress"], ingress=[from_shop])

    [one] = reported(TIMED_OUT, running(), service=db(), NetworkPolicy=[closed, missed], Deployment=[web("shop")])

    assert one["object"]["name"] == "db-in"
    assert "it selects pods with app=wbe, and there are none: the Service's have app=web" in one["summary"]
    assert one["remedies"][0]["command"].startswith("kubectl patch networkpolicy/db-in")


def test_a_policy_that_keeps_a_pod_from_dns_is_the_cause_of_its_crash() -> None:
    [one] = reported(UNRESOLVED, NetworkPolicy=[CLOSED])

    assert one["cause"] == "NetworkPolicyBlocksDNS"
    assert one["affected"] == ["shop-abc-1"]


@pytest.mark.parametrize("log", ["no such file or directory: /etc/shop.conf", ""])
def test_another_error_of_a_pod_without_dns_stays_a_crash(log: str) -> None:
    assert ("CrashLoopBackOff", "Deployment") in found(log, NetworkPolicy=[CLOSED])


def test_a_policy_that_keeps_a_caller_out_is_the_cause_of_its_crash() -> None:
    keeps = policy("db-in", {"matchLabels": {"app": "web"}}, policyTypes=["Ingress"])
    caller = web("shop", container={"env": [{"name": "DB", "value": "http://db:5432"}]})

    [one] = reported(TIMED_OUT, running(), service=db(), NetworkPolicy=[keeps], Deployment=[caller])

    assert (one["cause"], one["affected"]) == ("NetworkPolicyBlocksIngress", ["shop-abc-1"])
    assert one["summary"].endswith(f'Deployment shop crashes for it, its log says "{TIMED_OUT}"')


@pytest.mark.parametrize("namespace", ["shop-dev", "elsewhere"])
def test_the_service_of_a_webhook_has_one_finding(namespace: str) -> None:
    said = (
        'Error creating: Internal error occurred: failed calling webhook "check.example.com": failed to call '
        f'webhook: Post "https://hook.{namespace}.svc:443/v?timeout=2s": no endpoints available for service "hook"'
    )
    refused = event("web", "FailedCreate", said, kind="DaemonSet")
    daemon_set = {"metadata": {"name": "web"}, "spec": {"template": {}}, "status": {"desiredNumberScheduled": 1}}

    report = judge(
        snapshot(
            Deployment=[],
            StatefulSet=[],
            DaemonSet=[daemon_set],
            Event=[refused],
            Service=[service("hook", {"app": "x"})],
        )
    )["findings"]

    causes = {each["cause"] for each in report}
    if namespace == "elsewhere":
        assert causes == {"WebhookUnavailable", "ServiceSelectorMismatch"}
    else:
        assert causes == {"WebhookUnavailable"}
        assert report[0]["summary"].endswith("(Service hook selects pods with app=x, and there are none)")


def test_dns_that_is_allowed_to_a_label_nobody_has_is_the_cause_of_the_crash() -> None:
    to = {"namespaceSelector": {"matchLabels": {"name": "kube-system"}}}
    rule = {"to": [to], "ports": [{"port": 53, "protocol": "UDP"}]}
    dns = policy("dns", {}, policyTypes=["Egress"], egress=[rule])

    assert found("Error: getaddrinfo EAI_AGAIN db", NetworkPolicy=[CLOSED, dns]) == [
        ("NetworkPolicyBlocksDNS", "NetworkPolicy")
    ]
