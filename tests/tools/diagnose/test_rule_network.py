"""NetworkPolicies: whom they keep from what, and where nothing can be told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, owned_by, pod, snapshot, status
from tests.tools.diagnose.service_faults import ingress, policy, route, service, web
from tests.tools.diagnose.test_rule_services import READ
from tools.diagnose.diagnose import judge
from tools.diagnose.facts.callers import calls
from tools.json import Json

API = {"matchLabels": {"app": "api"}}
DNS_PORTS = [{"port": 53, "protocol": "UDP"}, {"port": 53}]


def running(name: str, **changes: Any) -> Json:
    """A pod of Deployment NAME that is well."""
    return pod(
        status({"running": {"startedAt": ago(3600)}}, ready=True, name="web"),
        name=f"{name}-abc-1",
        owner=owned_by("apps/v1", "ReplicaSet", f"{name}-abc"),
        metadata={"labels": {"app": name, "pod-template-hash": "abc"}, "creationTimestamp": ago(3600)},
        spec={
            "containers": [{"name": "web", "ports": [{"name": "http", "containerPort": 8080}]}],
            **changes.pop("spec", {}),
        },
        status={"conditions": [{"type": "Ready", "status": "True"}]},
        **changes,
    )


def calling(name: str, value: str, variable: str = "URL") -> Json:
    return web(name, container={"env": [{"name": variable, "value": value}]})


def findings(*policies: Json, logs: Any = None, pods: Any = None, **kinds: Any) -> list[Json]:
    objects: Any = {
        **READ,
        "Deployment": [web("api"), calling("front", "http://api/v1")],
        "Service": [service("api", {"app": "api"})],
        "NetworkPolicy": list(policies),
        **kinds,
    }
    taken = snapshot(*(pods or (running("api"), running("front"))), logs=logs, **objects)
    return [each for each in judge(taken)["findings"] if each["object"]["kind"] == "NetworkPolicy"]


def lets_in(*peers: Json, port: Any = 8080) -> Json:
    return policy("api-in", API, ingress=[{"from": list(peers), "ports": [{"port": port}]}])


def lets_out(*rules: Json, name: str = "front-out") -> Json:
    return policy(name, {"matchLabels": {"app": "front"}}, policyTypes=["Egress"], egress=list(rules))


def test_a_caller_is_kept_out() -> None:
    [found] = findings(lets_in({"podSelector": {"matchLabels": {"app": "frnt"}}}))

    assert (found["cause"], found["severity"]) == ("NetworkPolicyBlocksIngress", "error")
    assert found["summary"] == (
        "NetworkPolicy api-in keeps Deployment front from Service api: "
        "on port 8080 it lets in only pods with app=frnt, and there are none"
    )
    assert found["affected"] == ["front-abc-1"]
    assert '"podSelector": {"matchLabels": {"app": "front"}}' in found["remedies"][0]["command"]
    assert found["remedies"][0]["tool"] is None


def test_the_port_of_the_service_is_not_that_of_the_pods() -> None:
    [found] = findings(lets_in({"podSelector": {}}, port=80))

    assert "it lets in on port 80, not on 8080, where the Service leads" in found["summary"]


def test_ingress_from_nobody() -> None:
    [found] = findings(policy("deny", API), Deployment=[web("api")])

    assert found["summary"] == (
        "NetworkPolicy deny keeps everybody from Service api: it lets nobody in, and no other policy does"
    )
    assert found["affected"] == ["api-abc-1"]


def test_a_policy_that_waits_for_pods_is_only_likely_wrong() -> None:
    [found] = findings(lets_in({"podSelector": {"matchLabels": {"access": "true"}}}), Deployment=[web("api")])

    assert found["severity"] == "warning"


@pytest.mark.parametrize("kind", ["Ingress", "Route"])
def test_the_controller_of_an_ingress_is_in_another_namespace(kind: str) -> None:
    leading = {"Ingress": [ingress("shop", "api", {"number": 80})], "Route": [route("shop", "api")]}
    only_here = lets_in({"podSelector": {"matchLabels": {"app": "front"}}})
    [found] = findings(only_here, IngressClass=[], Secret=[], **{kind: leading[kind]})

    assert f"keeps the controller of {kind} shop from Service api" in found["summary"]


FROM_FRONT = {"podSelector": {"matchLabels": {"app": "front"}}}
SOMEWHERE = {"namespaceSelector": {"matchLabels": {"team": "web"}}}


@pytest.mark.parametrize(
    ("policies", "kinds"),
    [
        ([lets_in(FROM_FRONT)], {}),
        ([lets_in(FROM_FRONT, port="http")], {}),
        ([policy("deny", {}), lets_in(FROM_FRONT)], {}),
        ([lets_in(FROM_FRONT, SOMEWHERE)], {"Ingress": [ingress("shop", "api", {"number": 80})]}),
        ([lets_in({"ipBlock": {"cidr": "10.0.0.0/8"}})], {}),
        ([lets_in(SOMEWHERE)], {}),
        ([policy("deny", API)], {"Service": []}),
        ([policy("deny", API)], {"Service": [service("api", {"app": "api"}, clusterIP="None")], "Deployment": []}),
    ],
)
def test_who_is_let_in_or_may_be(policies: list[Json], kinds: Any) -> None:
    assert findings(*policies, **kinds) == []


@pytest.mark.parametrize(
    ("value", "variable", "named"),
    [
        ("http://api", "URL", True),
        ("postgres://user:secret@api:5432/db", "DSN", True),
        ("api:8080", "X", True),
        ("api.shop-dev.svc.cluster.local", "X", True),
        ("api", "API_HOST", True),
        ("api", "MODE", False),
        ("http://api.example.org", "URL", False),
        ("http://api.other-ns", "URL", False),
        ("https://example.org/api:1", "URL", False),
        ("my-api:8080", "URL", False),
        ("http://example.org/v1/api", "URL", False),
    ],
)
def test_who_calls(value: str, variable: str, named: bool) -> None:
    taken: Any = {"Deployment": [calling("front", value, variable)], "Service": [service("api", {"app": "api"})]}
    found = calls(snapshot(**taken))

    assert [call.service for call in found] == (["api"] if named else [])
    assert not any("secret" in call.said for call in found)


def test_port_53_is_tcp_when_nothing_else_is_said() -> None:
    [found] = findings(lets_out({"ports": [{"port": 53}]}))

    assert (found["cause"], found["severity"]) == ("NetworkPolicyBlocksDNS", "warning")
    assert found["summary"] == (
        "NetworkPolicy front-out keeps Deployment front from DNS: "
        "it allows port 53 only over TCP, and names are asked over UDP"
    )
    assert '"ports": [{"protocol": "UDP", "port": 53}' in found["remedies"][0]["command"]


def test_the_log_says_that_names_are_not_resolved() -> None:
    logs = {("front-abc-1", "web"): "start\nwget: bad address 'api'\n"}
    [found] = findings(lets_out({"to": [{"podSelector": {}}]}), logs=logs)

    assert found["severity"] == "error"
    assert "its log says \"wget: bad address 'api'\"" in found["summary"]
    assert {"source": "log", "object": "Pod front-abc-1", "text": "wget: bad address 'api'"} in found["evidence"]


def test_dns_pods_of_another_label() -> None:
    to = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kubedns"}},
    }
    [found] = findings(lets_out({"to": [to], "ports": DNS_PORTS}))

    assert (
        "it allows port 53, but not to the DNS pods (k8s-app=kube-dns in namespace kube-system)" in found["summary"]
    )


def test_the_port_of_openshift() -> None:
    to = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "openshift-dns"}}}]

    assert len(findings(lets_out({"to": to, "ports": DNS_PORTS}))) == 1
    assert findings(lets_out({"to": to, "ports": [{"port": 5353, "protocol": "UDP"}]})) == []


def test_pods_closed_on_purpose_are_no_finding() -> None:
    assert findings(policy("out", API, policyTypes=["Egress"])) == []


def test_the_remedy_takes_no_name_that_is_taken() -> None:
    [found] = findings(lets_out(), lets_out({"ports": [{"port": 1}]}, name="front-out-allow-dns"))

    assert 'metadata: {"name": "front-out-allow-dns-2"}' in found["remedies"][0]["command"]


@pytest.mark.parametrize(
    ("rules", "spec"),
    [
        ([{}], {}),
        ([{"ports": DNS_PORTS}], {}),
        ([{"to": [{"namespaceSelector": {}}]}], {}),
        ([{"to": [{"namespaceSelector": {"matchLabels": {"name": "kube-system"}}}], "ports": DNS_PORTS}], {}),
        ([{"to": [{"ipBlock": {"cidr": "10.96.0.0/12"}}], "ports": DNS_PORTS}], {}),
        ([], {"dnsPolicy": "None"}),
        ([], {"hostNetwork": True}),
    ],
)
def test_dns_that_is_allowed_or_may_be(rules: list[Json], spec: Json) -> None:
    assert findings(lets_out(*rules), pods=[running("front", spec=spec)]) == []


BY_A_LABEL = {"to": [{"namespaceSelector": {"matchLabels": {"name": "kube-system"}}}], "ports": DNS_PORTS}
NO_ANSWER = "Error: getaddrinfo EAI_AGAIN api"


@pytest.mark.parametrize("line", [NO_ANSWER, "dial tcp: lookup api on 10.96.0.10:53: read udp: i/o timeout"])
def test_dns_is_allowed_to_a_label_that_namespaces_do_not_have(line: str) -> None:
    logs = {("front-abc-1", "web"): line}
    [found] = findings(lets_out(), lets_out(BY_A_LABEL, name="dns"), logs=logs, Route=[])

    assert (found["cause"], found["object"]["name"], found["severity"]) == (
        "NetworkPolicyBlocksDNS",
        "dns",
        "error",
    )
    assert (
        "its namespaceSelector asks for the label name=kube-system, which namespaces do not have by themselves"
        in found["summary"]
    )
    [remedy] = found["remedies"]
    assert remedy["command"].startswith("kubectl patch networkpolicy/dns ")
    assert '"path": "/spec/egress/0/to/0/namespaceSelector"' in remedy["command"]
    assert '"kubernetes.io/metadata.name": "kube-system"' in remedy["command"]


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        ([BY_A_LABEL], "Error: getaddrinfo ENOTFOUND api"),
        ([BY_A_LABEL, {"to": [{"ipBlock": {"cidr": "10.96.0.0/12"}}], "ports": DNS_PORTS}], NO_ANSWER),
        ([BY_A_LABEL, {"to": [{"namespaceSelector": {}}]}], NO_ANSWER),
    ],
    ids=["an answer", "addresses", "every namespace"],
)
def test_a_label_of_namespaces_that_may_be_right(rules: list[Json], line: str) -> None:
    assert findings(lets_out(*rules), logs={("front-abc-1", "web"): line}) == []


def test_a_port_that_a_sidecar_names() -> None:
    proxy = {"name": "proxy", "restartPolicy": "Always", "ports": [{"name": "in", "containerPort": 9000}]}
    behind = running("api", spec={"containers": [{"name": "app"}], "initContainers": [proxy]})

    assert (
        findings(
            lets_in({"podSelector": {"matchLabels": {"app": "front"}}}, port="in"),
            pods=(behind, running("front")),
            Service=[service("api", {"app": "api"}, "in")],
        )
        == []
    )
