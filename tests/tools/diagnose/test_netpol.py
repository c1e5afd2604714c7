"""NetworkPolicy as networking.k8s.io/v1 means it: who may reach whom, and where that cannot be told."""

from __future__ import annotations

import pytest

from tools.apimachinery.selectors import matches
from tools.diagnose.facts.network_policies import (
    Allowed,
    Peer,
    Port,
    allowed,
    policy_types,
    selecting,
)
from tools.json import Json

HERE = "shop"
WEB = Peer(HERE, {"app": "web"})
ELSEWHERE = Peer(None, all_labels=False)
DNS = Peer("kube-system", {"k8s-app": "kube-dns"}, all_labels=False)
HTTP = Port(8080, "TCP", frozenset({"http"}))


def pods(**labels: str) -> Json:
    return {"podSelector": {"matchLabels": labels}}


def named(namespace: str) -> Json:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}


def ingress(*rules: Json) -> Json:
    return {"metadata": {"name": "p"}, "spec": {"podSelector": {}, "ingress": list(rules)}}


def egress(*rules: Json) -> Json:
    return {
        "metadata": {"name": "p"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": list(rules)},
    }


@pytest.mark.parametrize(
    ("selector", "matched"),
    [
        ({}, True),
        (None, False),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "web", "tier": "front"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Gt", "values": ["1"]}]}, False),
        ({"matchLabels": None, "matchExpressions": None}, True),
    ],
)
def test_selectors(selector: Json | None, matched: bool) -> None:
    assert matches(selector, {"app": "web"}) is matched


@pytest.mark.parametrize(
    ("spec", "types"),
    [
        ({}, {"Ingress"}),
        ({"egress": []}, {"Ingress"}),
        ({"egress": [{}]}, {"Ingress", "Egress"}),
        ({"policyTypes": ["Egress"]}, {"Egress"}),
        ({"policyTypes": ["Egress"], "ingress": [{}]}, {"Egress"}),
    ],
)
def test_directions(spec: Json, types: set[str]) -> None:
    assert policy_types({"spec": spec}) == types


def test_policies_select_by_labels_and_direction() -> None:
    mine = {"spec": {"podSelector": {"matchLabels": {"app": "web"}}}}
    other = {"spec": {"podSelector": {"matchLabels": {"app": "api"}}}}

    assert selecting([mine, other, egress()], {"app": "web"}, "Ingress") == (mine,)


@pytest.mark.parametrize(
    ("policies", "peer", "verdict"),
    [
        ([], WEB, True),
        ([ingress()], WEB, False),
        ([ingress({})], ELSEWHERE, True),
        ([ingress({"from": []})], ELSEWHERE, True),
        ([ingress({"from": [pods(app="web")]})], WEB, True),
        ([ingress({"from": [pods(app="api")]})], WEB, False),
        ([ingress(), ingress({"from": [pods(app="web")]})], WEB, True),
        ([ingress({"from": [pods()]})], WEB, True),
        ([ingress({"from": [pods()]})], ELSEWHERE, False),
        ([ingress({"from": [{"namespaceSelector": {}}]})], ELSEWHERE, True),
        ([ingress({"from": [{"namespaceSelector": {}, **pods(app="web")}]})], ELSEWHERE, None),
        ([ingress({"from": [{"namespaceSelector": {}, **pods(app="api")}]})], WEB, False),
        ([ingress({"from": [named(HERE)]})], WEB, True),
        ([ingress({"from": [named(HERE)]})], ELSEWHERE, False),
        ([ingress({"from": [named("ingress-nginx")]})], ELSEWHERE, None),
        ([ingress({"from": [named("ingress-nginx")]})], WEB, False),
        ([ingress({"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]})], WEB, None),
        ([ingress({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]})], WEB, None),
        ([ingress({"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]})], WEB, True),
        ([ingress({"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]})], WEB, None),
        ([ingress({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]})], Peer(HERE, address="10.1.2.3"), True),
        (
            [ingress({"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]})],
            Peer(HERE, address="10.1.2.3"),
            False,
        ),
        ([ingress({"from": [{"ipBlock": {"cidr": "fd00::/8"}}]})], Peer(HERE, address="10.1.2.3"), False),
        ([ingress({"from": [{"ipBlock": {"cidr": "no address"}}]})], Peer(HERE, address="10.1.2.3"), None),
    ],
)
def test_peers(policies: list[Json], peer: Peer, verdict: Allowed) -> None:
    assert allowed(policies, "Ingress", peer, HTTP, HERE) is verdict


@pytest.mark.parametrize(
    ("ports", "verdict"),
    [
        ([], True),
        ([{"port": 8080}], True),
        ([{"port": 80}], False),
        ([{"port": 80}, {"port": 8080}], True),
        ([{"port": 8080, "protocol": "UDP"}], False),
        ([{"protocol": "TCP"}], True),
        ([{"protocol": "UDP"}], False),
        ([{"port": "http"}], True),
        ([{"port": "metrics"}], False),
        ([{"port": 8000, "endPort": 8100}], True),
        ([{"port": 8000, "endPort": 8079}], False),
    ],
)
def test_ports(ports: list[Json], verdict: Allowed) -> None:
    assert allowed([ingress({"ports": ports})], "Ingress", WEB, HTTP, HERE) is verdict


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ({"ports": [{"port": 53, "protocol": "UDP"}]}, True),
        ({"ports": [{"port": 53}]}, False),
        ({"to": [{"namespaceSelector": {}}]}, True),
        ({"to": [{**named("kube-system"), **pods(**{"k8s-app": "kube-dns"})}]}, True),
        ({"to": [{**named("kube-system"), **pods(app="coredns")}]}, None),
        ({"to": [{**named("kube-system"), **pods(**{"k8s-app": "coredns"})}]}, False),
        ({"to": [{"namespaceSelector": {"matchLabels": {"name": "kube-system"}}}]}, None),
        ({"to": [pods()]}, False),
        ({"ports": [{"port": "dns", "protocol": "UDP"}]}, None),
    ],
)
def test_the_way_out_to_pods_that_were_not_read(rule: Json, verdict: Allowed) -> None:
    assert allowed([egress(rule)], "Egress", DNS, Port(53, "UDP", None), HERE) is verdict
