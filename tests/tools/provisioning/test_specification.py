"""What a namespace may have, and what is refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from tools.apimachinery.quantity import parse
from tools.changes.guardrails import may_be_given
from tools.conventions import WHY
from tools.provisioning import guardrails
from tools.provisioning.guardrails import Surroundings
from tools.provisioning.specification import SpecificationError, environment_in, listed, specified, team_of

AROUND = Surroundings(("ingress-nginx",), ("monitoring",), ("10.0.0.1", "fd00::1"), (6443, 16443))


def test_a_new_namespace_has_the_platforms_figures() -> None:
    wanted = specified("payments-dev", {}, None)
    assert (wanted.environment, wanted.team) == ("dev", "payments")
    assert guardrails.quota(wanted, AROUND)["spec"]["hard"] == {
        "requests.cpu": "4", "requests.memory": "8Gi", "limits.cpu": "8", "limits.memory": "16Gi",
        "persistentvolumeclaims": "10", "pods": "50", "services": "20", "secrets": "50", "configmaps": "50",
        "services.loadbalancers": "2",
    }  # fmt: skip
    container, claim = guardrails.limits(wanted)["spec"]["limits"]
    assert container == {
        "type": "Container", "default": {"cpu": "200m", "memory": "256Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "128Mi"}, "max": {"cpu": "2", "memory": "4Gi"},
        "min": {"cpu": "50m", "memory": "64Mi"},
    }  # fmt: skip
    assert (claim["min"], claim["max"]) == ({"storage": "1Gi"}, {"storage": "50Gi"})
    assert guardrails.namespace(wanted, Surroundings())["metadata"]["labels"].items() >= {
        "team": "payments", "environment": "dev", "managed-by": "desk-agent",
    }.items()  # fmt: skip


@pytest.mark.parametrize(
    ("given", "requests", "limits"),
    [
        ({"cpu": "4"}, "2", "4"),
        ({"cpu": "3"}, "1500m", "3"),
        ({"cpu": "4000m"}, "2", "4"),
        ({"cpu": "0.5"}, "250m", "500m"),
        ({"cpu": "4", "cpu_requests": "1"}, "1", "4"),
    ],
)
def test_a_limit_alone_halves_into_requests_as_the_api_writes_it(
    given: dict[str, str], requests: str, limits: str
) -> None:
    wanted = specified("web-dev", given, None)
    assert (wanted.cpu_requests, wanted.cpu) == (requests, limits)


@pytest.mark.parametrize(
    ("memory", "requests", "limit"),
    [("16Gi", "8Gi", "16Gi"), ("1.5Gi", "768Mi", "1536Mi"), ("16G", "8G", "16G"), ("1024Mi", "512Mi", "1Gi")],
)
def test_binary_stays_binary_and_decimal_decimal(memory: str, requests: str, limit: str) -> None:
    wanted = specified("web-dev", {"memory": memory}, None)
    assert (wanted.memory_requests, wanted.memory) == (requests, limit)


@pytest.mark.parametrize("cpu", ["100m", "150m", "1", "8"])
@pytest.mark.parametrize("memory", ["128Mi", "200Mi", "1Gi", "3G", "64Gi"])
def test_the_limits_fit_into_the_quota(cpu: str, memory: str) -> None:
    wanted = specified("web-dev", {"cpu": cpu, "memory": memory}, None)
    container = guardrails.limits(wanted)["spec"]["limits"][0]
    for resource, limit in (("cpu", wanted.cpu), ("memory", wanted.memory)):
        bounds = [container[each][resource] for each in ("min", "defaultRequest", "default", "max")]
        assert sorted(map(parse, bounds)) == [parse(each) for each in bounds]
        assert parse(bounds[-1]) <= parse(limit)


@pytest.mark.parametrize(
    ("namespace", "given", "said"),
    [
        ("web-dev", {"cpu": "0"}, "out of bounds"),
        ("web-dev", {"cpu": "-1"}, "is no quantity"),
        ("web-dev", {"cpu": "1m"}, "out of bounds"),
        ("web-dev", {"cpu": "1e99"}, "is no quantity"),
        ("web-dev", {"cpu": "4 cores"}, "is no quantity"),
        ("web-dev", {"cpu": ""}, "is no quantity"),
        ("web-dev", {"cpu": "four"}, "is no quantity"),
        ("web-dev", {"cpu": "100000000"}, "out of bounds"),
        ("web-dev", {"cpu": "2", "cpu_requests": "3"}, "is more than cpu 2"),
        ("web-dev", {"cpu_requests": "9"}, "is more than cpu 8"),
        ("web-dev", {"memory": "0"}, "out of bounds"),
        ("web-dev", {"memory": "1m"}, "thousandths of a byte"),
        ("web-dev", {"memory": "4GiB"}, "write 4Gi"),
        ("web-dev", {"memory": "4 GB"}, "4Gi (binary) or 4G (decimal)"),
        ("web-dev", {"memory": "4gi"}, "is no quantity"),
        ("web-dev", {"memory": "64"}, "out of bounds"),
        ("web-dev", {"memory": "9Ei"}, "is no quantity"),
        ("web-dev", {"storage": "1Mi"}, "out of bounds"),
        ("web-dev", {"storage": "lots"}, "is no quantity"),
        ("web-dev", {"team": "-x"}, "cannot be a label's value"),
        ("web-dev", {"team": "a" * 64}, "cannot be a label's value"),
        ("web-dev", {"cost_center": "4711/2"}, "cannot be a label's value"),
        ("web-prod", {"environment": "dev"}, "says prod"),
        ("prod-tools-dev", {"environment": "staging"}, "says prod and dev"),
        ("kube-system", {}, "belongs to the cluster"),
        ("openshift-logging", {}, "belongs to the cluster"),
        ("web-dev", {"members": ["system:masters"]}, "part of the cluster, or everybody"),
        ("web-dev", {"group": "system:authenticated"}, "part of the cluster, or everybody"),
        ("web-dev", {"members": ['ann"x']}, "QUOTATION MARK"),
        ("web-dev", {"members": ["ann\u202ex"]}, "RIGHT-TO-LEFT OVERRIDE"),
        ("web-dev", {"members": ["ann\nx"]}, "U+000A"),
        ("web-dev", {"members": [" ann"]}, "no space at its ends"),
        ("web-dev", {"members": ["a" * 254]}, "1 to 253 characters"),
        ("web-dev", {"members": ["ann"], "viewers": ["ann"]}, "as member and as viewer"),
    ],
)
def test_what_no_namespace_can_have_is_refused_with_a_reason(
    namespace: str, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(SpecificationError) as refused:
        specified(namespace, given, None)
    assert said in str(refused.value)


def test_what_is_not_given_stays_as_it_was_provisioned() -> None:
    before = specified("web-dev", {"cpu": "4", "members": ["ann"], "cost_center": "4711"}, None)
    now = specified("web-dev", {"memory": "32Gi"}, before.as_json())
    assert (now.cpu, now.members, now.cost_center, now.memory) == ("4", ("ann",), "4711", "32Gi")


@pytest.mark.parametrize(
    ("name", "environments", "team"),
    [
        ("dr-products-dev", ("dev",), "dr-products"),
        ("dr-latest-dev", ("dev",), "dr-latest"),
        ("contest", (), "contest"),
        ("payments-production", ("prod",), "payments"),
        ("dev", ("dev",), "dev"),
    ],
)
def test_an_environment_is_a_word_of_a_name(name: str, environments: tuple[str, ...], team: str) -> None:
    assert (environment_in(name), team_of(name)) == (environments, team)


def test_names_with_commas_in_them_stay_whole() -> None:
    assert listed("ann@x, CN=bob,OU=shop,cy@x,CN=dan") == ("ann@x", "CN=bob,OU=shop", "cy@x", "CN=dan")


def test_two_people_of_one_name_have_two_bindings_and_all_of_them_may_be_given() -> None:
    people = ["ann@one.example.com", "ann@two.example.com", "o'neil", "CN=a,OU=b", "jürgen@example.com"]
    wanted = specified("web-dev", {"members": people, "group": "oidc:web", "viewers": ["eve"]}, None)
    account, *bindings = guardrails.access(wanted)
    assert account["automountServiceAccountToken"] is False
    assert len({binding["metadata"]["name"] for binding in bindings}) == len(people) + 3
    assert all(may_be_given(binding, "web-dev") for binding in bindings)


def test_what_is_closed_or_unknown_is_not_let_through() -> None:
    def names(around: Surroundings, *closed: str) -> set[str]:
        policies = guardrails.network(specified("web-dev", {"closed": list(closed)}, None), around)
        assert all(policy["metadata"]["annotations"][WHY] for policy in policies)
        return {policy["metadata"]["name"] for policy in policies}

    openings = {
        "allow-dns",
        "allow-same-namespace",
        "allow-ingress-controller",
        "allow-monitoring",
        "allow-api-server",
    }
    assert names(AROUND) == {"default-deny", *openings}
    assert names(AROUND, "dns", "monitoring") == {"default-deny", *openings} - {"allow-dns", "allow-monitoring"}
    assert names(Surroundings()) == {"default-deny", "allow-dns", "allow-same-namespace"}
