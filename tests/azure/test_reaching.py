"""Cluster and Azure together: why a pod cannot pull or reach its database, how a secret arrives by a store."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from tests.azure.server import PlayedAzure
from tests.azure.test_wrong_worlds import ALLOW, BY_NAME, DATABASE, REGISTRY, VAULT, planned, sent
from tests.clouds.sessions import clouds
from tests.tools.diagnose.conftest import PlayedApi
from tools.changes.plan import Plan
from tools.cloud.azure import keyvault
from tools.errors import ToolFailed
from tools.frame import Result, ToolContext
from tools.json import Json

GROUP, SHOP = "external-secrets.io/v1", "/apis/external-secrets.io/v1/namespaces/shop-dev"
SECRET: Json = {"vault": "acme-shop-dev", "secret_name": "db"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedApi]:
    """A cluster that answers, and a registry with an image."""
    folder = tmp_path_factory.mktemp("azure")
    (folder / "value").write_text('{"url": "x"}')
    azure = PlayedAzure(folder)
    azure.start()
    with pytest.MonkeyPatch.context() as patch, PlayedApi() as api:
        for name, value in azure.environment.items():
            patch.setenv(name, value)
        sent(planned("create_acr_registry", REGISTRY))
        sent(planned("create_key_vault", VAULT))
        sent(planned("set_key_vault_secret", {**SECRET, "file": str(folder / "value")}))
        database = {**DATABASE, "vault": "acme-shop-dev"}
        plan = BY_NAME["create_azure_database"](ToolContext(api.cluster(), clouds=clouds(), session="s1"), database)
        assert isinstance(plan, Plan)
        for change in plan.changes:
            sent(change)
        azure.images["acmeshopdev"] = {"shop/web": {"v1": f"sha256:{'a' * 64}"}}
        Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield api
        api.shutdown()
    azure.stop()


def called(api: PlayedApi, tool: str, **arguments: Any) -> Any:
    context = ToolContext(api.cluster(), clouds=clouds(), session="s1")
    return BY_NAME[tool](context, {"namespace": "shop-dev", **arguments})


def pod(image: str) -> Json:
    return {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": image}]}}


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (
            "acmeshopdev.azurecr.io/shop/web:v1",
            "ok       acmeshopdev.azurecr.io/shop/web:v1: it is in the registry",
        ),
        ("acmeshopdev.azurecr.io/shop/web:v9", "the repository has no v9"),
        ("acmeshopdev.azurecr.io/shop/api:v1", "registry acmeshopdev has no repository shop/api"),
        ("elsewhere.azurecr.io/shop/web:v1", "registry elsewhere is not in "),
        ("acmeshopdev.azurecr.io/shop/web:v1", "no pull secret of it is for acmeshopdev.azurecr.io"),
        ("nginx:1", "No image of pods of shop-dev is in ACR"),
    ],
)
def test_why_a_pod_cannot_pull(world: PlayedApi, image: str, said: str) -> None:
    world.serve("/api/v1/namespaces/shop-dev/pods", pod(image))
    told = called(world, "why_no_acr_pull")
    assert isinstance(told, Result)
    assert said in told.text


def test_why_a_namespace_cannot_reach_its_database(world: PlayedApi) -> None:
    policy = {"metadata": {"name": "default-deny"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"]}}
    world.serve("/apis/networking.k8s.io/v1/namespaces/shop-dev/networkpolicies", policy)
    asked = {"engine": "postgres", "database": "acme-shop"}
    told = called(world, "why_no_azure_database", **asked)
    assert not told.ok
    assert "ok       state: Azure says Ready" in told.text
    assert "acme-shop.played.example.com leads nowhere from this machine" in told.text
    assert "unknown  firewall: only private endpoints come in" in told.text
    assert "broken   network policies: default-deny let nothing out to port 5432" in told.text
    plan = BY_NAME["allow_azure_address"](ToolContext(world.cluster(), clouds=clouds(), session="s1"), ALLOW)
    assert isinstance(plan, Plan)
    sent(plan.changes[0])
    text = called(world, "why_no_azure_database", **asked).text
    assert "broken   firewall: it has an address outside, and no rule lets anybody in" in text
    sent(plan.changes[1])
    assert "it lets in 203.0.113.7 to 203.0.113.7 (office)" in called(world, "why_no_azure_database", **asked).text
    with pytest.raises(ToolFailed, match="There is no mysql database acme-shop"):
        called(world, "why_no_azure_database", engine="mysql", database="acme-shop")


def test_where_external_secrets_is_served_a_secret_arrives_by_the_store_of_its_vault(world: PlayedApi) -> None:
    kinds = [
        {"name": plural, "kind": kind, "namespaced": kind != "ClusterSecretStore", "verbs": ["get", "list"]}
        for plural, kind in (
            ("externalsecrets", "ExternalSecret"), ("secretstores", "SecretStore"),
            ("clustersecretstores", "ClusterSecretStore"),
        )
    ]  # fmt: skip
    version = {"groupVersion": GROUP, "version": "v1"}
    group = {"name": "external-secrets.io", "versions": [version], "preferredVersion": version}
    world.answers["/apis"] = (200, {"groups": [group]})
    world.answers[f"/apis/{GROUP}"] = (200, {"groupVersion": GROUP, "resources": kinds})
    world.answers[f"{SHOP}/externalsecrets/shop"] = (404, {"reason": "NotFound"})
    live = clouds()("azure").kind(keyvault.SECRET).read("acme-shop-dev/db")
    assert live is not None
    ours, others = live.uid.partition("/secrets/")[0], "https://acme-pay.vault.azure.net"
    stores = [
        {"metadata": {"name": name}, "spec": {"provider": {"azurekv": {"vaultUrl": url}}}}
        for name, url in (("pay", others), ("shop", f"{ours}/"))
    ]
    world.serve(f"{SHOP}/secretstores", stores[0])
    with pytest.raises(ToolFailed, match="key vault acme-shop-dev"):
        called(world, "deliver_key_vault_secret", **SECRET, name="shop", keys=["url"])
    world.serve(f"{SHOP}/secretstores", *stores)
    (change,) = called(world, "deliver_key_vault_secret", **SECRET, name="shop", keys=["url"]).changes
    assert (change.target.kind, change.verb, change.credentials) == ("ExternalSecret", "apply", None)
    assert change.body["spec"]["secretStoreRef"] == {"kind": "SecretStore", "name": "shop"}
    assert change.body["spec"]["data"] == [{"secretKey": "url", "remoteRef": {"key": "db", "property": "url"}}]
