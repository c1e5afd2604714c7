"""Ingresses and Routes: what they name and is not there, and who may share a host."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, snapshot
from tests.tools.diagnose.service_faults import ADMITTED, REFUSED, ingress, route, service
from tests.tools.diagnose.test_rule_services import READ, running
from tools.diagnose.diagnose import judge
from tools.json import Json

NGINX = {"metadata": {"name": "nginx"}}
DEFAULT = {"metadata": {"name": "nginx", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}}
PORT = {"number": 80}
TLS = [{"hosts": ["shop.test"], "secretName": "shop-tls"}]


def findings(**kinds: Any) -> list[Json]:
    objects: Any = {
        **READ,
        "Service": [service("web", {"app": "web"})],
        "IngressClass": [NGINX],
        "Secret": [],
        **kinds,
    }
    found: list[Json] = judge(snapshot(running(), **objects))["findings"]
    return found


def annotated(item: Json, **annotations: str) -> Json:
    return {**item, "metadata": {**item["metadata"], "annotations": annotations}}


def created(item: Json, seconds_ago: float) -> Json:
    return {**item, "metadata": {**item["metadata"], "creationTimestamp": ago(seconds_ago)}}


def without_class(item: Json) -> Json:
    return {**item, "spec": {key: value for key, value in item["spec"].items() if key != "ingressClassName"}}


def test_a_service_that_does_not_exist() -> None:
    [found] = findings(Ingress=[ingress("shop", "wbe", PORT)])

    assert (found["cause"], found["object"]["kind"]) == ("BackendServiceMissing", "Ingress")
    assert found["summary"] == (
        "Ingress shop sends shop.test/ to Service wbe, which does not exist; the nearest there is: web"
    )
    assert (
        '"path": "/spec/rules/0/http/paths/0/backend/service/name", "value": "web"'
        in found["remedies"][0]["command"]
    )


def test_one_finding_for_one_service_however_often_it_is_named() -> None:
    twice = ingress("shop", "wbe", PORT)
    twice["spec"]["defaultBackend"] = {"service": {"name": "wbe", "port": PORT}}
    [found] = findings(Ingress=[twice])

    assert "sends everything and 1 more to Service wbe" in found["summary"]
    assert found["remedies"][0]["command"].count("replace") == 2


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ({"number": 8080}, "asks for port 8080 of Service web, which has 80; 8080 is where its port 80 leads"),
        ({"name": "http"}, "asks for port http of Service web, which has 80"),
    ],
)
def test_a_port_that_the_service_does_not_have(port: Json, said: str) -> None:
    [found] = findings(Ingress=[ingress("shop", "web", port)])

    assert found["cause"] == "BackendPortMissing"
    assert said in found["summary"]
    assert '"value": {"number": 80}' in found["remedies"][0]["command"]


@pytest.mark.parametrize(("port", "count"), [(None, 0), ("http", 1), (8080, 0), ("8080", 0), (80, 1)])
def test_a_route_asks_for_a_port_of_the_pods(port: object, count: int) -> None:
    chosen = {"port": {"targetPort": port}} if port else {}
    found = findings(Route=[route("shop", "web", **chosen)])

    assert [each["cause"] for each in found] == ["BackendPortMissing"] * count


def test_a_route_may_name_a_port_of_the_service() -> None:
    named = service("web", {"app": "web"})
    named["spec"]["ports"][0]["name"] = "web"

    assert findings(Service=[named], Route=[route("shop", "web", port={"targetPort": "web"})]) == []


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (service("web", {"app": "wbe"}), "ServiceSelectorMismatch"),
        (service("web", {"app": "web"}, "htpp"), "ServicePortMismatch"),
    ],
)
def test_a_port_that_the_service_lacks_is_a_fault_beside_its_own(wrong: Json, cause: str) -> None:
    found = findings(Service=[wrong], Ingress=[ingress("shop", "web", {"name": "metrics"})])

    assert [each["cause"] for each in found] == ["BackendPortMissing", cause]


def test_a_route_asks_where_a_wrong_service_leads() -> None:
    wrong = service("web", {"app": "wbe"}, 9090)
    found = findings(Service=[wrong], Route=[route("shop", "web", port={"targetPort": 8080})])

    assert [each["cause"] for each in found] == ["ServiceSelectorMismatch"]


@pytest.mark.parametrize(
    ("item", "classes", "said"),
    [
        (
            ingress("shop", "web", PORT, ingressClassName="ngnix"),
            [NGINX],
            "names the class ngnix, which does not exist; the nearest there is: nginx",
        ),
        (
            ingress("shop", "web", PORT, ingressClassName="traefik"),
            [],
            "names the class traefik, which does not exist; there is no IngressClass at all",
        ),
        (
            without_class(ingress("shop", "web", PORT)),
            [NGINX],
            "names no class, and no class is the default; there is: nginx",
        ),
    ],
)
def test_a_class_that_does_not_exist(item: Json, classes: list[Json], said: str) -> None:
    [found] = findings(Ingress=[item], IngressClass=classes)

    assert found["cause"] == "IngressClassMissing"
    assert said in found["summary"]


CLASSLESS = without_class(ingress("shop", "web", PORT))


@pytest.mark.parametrize(
    "kinds",
    [
        {"Ingress": [ingress("shop", "web", PORT)]},
        {"Ingress": [CLASSLESS], "IngressClass": [DEFAULT]},
        {"Ingress": [CLASSLESS], "Route": []},
        {"Ingress": [annotated(CLASSLESS, **{"kubernetes.io/ingress.class": "gce"})]},
        {"Ingress": [{**CLASSLESS, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}]},
        {"Ingress": [ingress("shop", "ssl-redirect", {"name": "use-annotation"})]},
        {
            "Service": [service("web", None, type="ExternalName", externalName="example.org")],
            "Ingress": [ingress("shop", "web", {"number": 443})],
        },
        {"Ingress": [ingress("shop", "web", PORT, tls=[{"hosts": ["shop.test"]}])]},
        {
            "Ingress": [ingress("shop", "web", PORT, tls=TLS)],
            "Secret": [{"metadata": {"name": "shop-tls"}}],
        },
    ],
)
def test_what_is_there_or_need_not_be(kinds: Any) -> None:
    assert findings(**kinds) == []


@pytest.mark.parametrize("unread", ["Service", "IngressClass", "Secret"])
def test_what_was_not_read_is_not_missing(unread: str) -> None:
    objects: Any = {
        "Service": [service("web", {"app": "web"})],
        "IngressClass": [NGINX],
        "Secret": [{"metadata": {"name": "shop-tls"}}],
        "Ingress": [ingress("shop", "web", PORT, tls=TLS)],
    }
    objects.pop(unread)

    assert judge(snapshot(running(), **READ, **objects))["findings"] == []  # type: ignore[arg-type]


def test_a_certificate_that_does_not_exist() -> None:
    [found] = findings(
        Ingress=[ingress("shop", "web", PORT, tls=[{"secretName": "shop-tsl"}])],
        Secret=[{"metadata": {"name": "shop-tls"}}, {"metadata": {"name": "default-token"}}],
    )

    assert found["summary"] == (
        "Ingress shop takes its certificate from Secret shop-tsl, which does not exist; "
        "the nearest there is: shop-tls"
    )
    assert [each["risk"] for each in found["remedies"]] == ["change", "secret"]


def test_a_secret_of_another_type() -> None:
    secret = {"metadata": {"name": "shop-tls"}, "type": "Opaque", "data": {"cert.pem": ""}}
    [found] = findings(Ingress=[ingress("shop", "web", PORT, tls=TLS)], Secret=[secret])

    assert "Secret shop-tls, which is of type Opaque, not kubernetes.io/tls" in found["summary"]


def test_the_certificate_of_a_route() -> None:
    tls = {"termination": "edge", "externalCertificate": {"name": "shop-tls"}}
    [found] = findings(Route=[route("shop", "web", tls=tls)])

    assert (found["cause"], found["object"]["kind"]) == ("TLSSecretMissing", "Route")


def test_a_certificate_that_is_to_be_issued() -> None:
    item = ingress("shop", "web", PORT, tls=TLS)
    [found] = findings(Ingress=[annotated(item, **{"cert-manager.io/cluster-issuer": "letsencrypt"})])

    assert found["severity"] == "warning"
    assert "describe ingress shop" in found["remedies"][0]["command"]


TWO = [service("web", {"app": "web"}), service("api", {"app": "web"})]


def test_a_host_that_is_claimed_twice() -> None:
    older = created(ingress("shop", "web", PORT), 9000)
    newer = created(ingress("a-shop", "api", PORT, host="shop.test"), 60)
    [found] = findings(Service=TWO, Ingress=[newer, older])

    assert found["summary"] == (
        "Ingress a-shop claims shop.test/ as Ingress shop does already, for another Service or port"
    )


@pytest.mark.parametrize(
    "other",
    [
        ingress("shop-2", "web", PORT, host="shop.test"),
        ingress("shop-2", "api", PORT),
        annotated(
            ingress("shop-2", "api", PORT, host="shop.test"), **{"nginx.ingress.kubernetes.io/canary": "true"}
        ),
    ],
)
def test_hosts_that_may_be_shared(other: Json) -> None:
    assert findings(Service=TWO, Ingress=[ingress("shop", "web", PORT), other]) == []


@pytest.mark.parametrize(
    ("conditions", "count"), [([REFUSED], 1), ([ADMITTED], 0), ([REFUSED, ADMITTED], 0), ([], 0)]
)
def test_what_the_router_refuses(conditions: list[Json], count: int) -> None:
    status = {"ingress": [{"routerName": "default", "conditions": [each]} for each in conditions]}
    found = findings(Route=[{**route("shop", "web"), "status": status}])

    assert [each["cause"] for each in found] == ["HostConflict"] * count
    if count:
        assert "route route-right already exposes route-right.test" in found[0]["summary"]
