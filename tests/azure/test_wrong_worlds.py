"""Bad inputs and wrong worlds of Azure: each is told with what to do next, and nothing is half made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.azure.server import ROOT, Fault, PlayedAzure
from tests.clouds.sessions import OWNER, clouds
from tools.azure.tools import TOOLS
from tools.changes.clouds import CloudDriver
from tools.changes.driver import Running, Stale
from tools.changes.plan import Change, Plan
from tools.cloud.connect import Clouds
from tools.cluster.absent import AbsentCluster
from tools.cluster.errors import (
    ClusterError,
    ClusterSettingsError,
    Conflict,
    Forbidden,
    Invalid,
    ServerFailure,
    Throttled,
    Unauthorized,
    Unreachable,
)
from tools.errors import ToolError, ToolFailed
from tools.frame import ToolContext
from tools.json import Json

BY_NAME = {tool.name: tool for tool in TOOLS}
REGISTRY: Json = {"registry": "acmeshopdev", **OWNER}
BUILD: Json = {"registry": "acmenone", "repository": "shop/web", "tag": "1.4.2", "folder": "/web"}
VAULT: Json = {"vault": "acme-shop-dev", **OWNER}
NONE: Json = {"vault": "acme-none"}
DATABASE: Json = {"engine": "postgres", "database": "acme-shop", **NONE, **OWNER}
ALLOW: Json = {
    "engine": "postgres", "database": "acme-shop", "rule": "office", "addresses": "203.0.113.7",
    "because": "the office reads it",
}  # fmt: skip
SUBNET = f"{ROOT}/providers/Microsoft.Network/virtualNetworks/shop/subnets/db"
BLOB: Json = {"account": "acmeshop", "container": "uploads", "key": "a", "file": "/none"}
NO_SECRET: Json = {**NONE, "secret_name": "db"}
WHO = "aaaaaaaa-0000-4000-8000-000000000009"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedAzure]:
    played = PlayedAzure(tmp_path_factory.mktemp("azure"))
    played.start()
    yield played
    played.stop()


@pytest.fixture
def azure(server: PlayedAzure, monkeypatch: pytest.MonkeyPatch) -> PlayedAzure:
    server.reset()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return server


def context(told: Clouds | None = None, session: str = "s1") -> ToolContext:
    return ToolContext(AbsentCluster("there is none"), clouds=told or clouds(), session=session)


def planned(tool: str, arguments: Json, told: Clouds | None = None, session: str = "s1") -> Change:
    plan = BY_NAME[tool](context(told, session), arguments)
    assert isinstance(plan, Plan)
    return plan.changes[-1]


def driver(told: Clouds | None = None) -> CloudDriver:
    return CloudDriver("azure", told or clouds(), AbsentCluster("there is none"))


def sent(change: Change) -> Any:
    return driver().send(change, driver().filled(change), "token")


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("create_acr_registry", {**REGISTRY, "registry": "Acme-Shop"}, "5 to 50 small letters and digits"),
        ("create_acr_registry", {**REGISTRY, "registry": "acme"}, "cannot be a registry"),
        ("create_acr_registry", {**REGISTRY, "sku": "Huge"}, "Input should be 'Basic', 'Standard' or 'Premium'"),
        ("create_acr_registry", {"registry": "acmeshopdev"}, "Nobody says team, environment, cost-center"),
        ("create_acr_registry", {**REGISTRY, "admin_user": True}, "admin_user: Extra inputs are not permitted"),
        ("acr_images", {"registry": "acmenone"}, "There is no registry acmenone"),
        ("build_acr_image", {**BUILD, "tag": "latest"}, "says not what runs"),
        ("build_acr_image", {**BUILD, "tag": "-1"}, "is no tag"),
        ("build_acr_image", {**BUILD, "repository": "Shop"}, "is no repository"),
        ("build_acr_image", BUILD, "There is no registry acmenone"),
        ("create_key_vault", {**VAULT, "vault": "1shop"}, "cannot be a key vault"),
        ("create_key_vault", {**VAULT, "vault": "a--b"}, "single hyphens"),
        ("create_key_vault", {**VAULT, "soft_delete_days": 1}, "greater than or equal to 7"),
        ("create_key_vault", {**VAULT, "allow": ["0.0.0.0"]}, "whatever runs in Azure, other companies' machines"),
        ("create_key_vault", {**VAULT, "allow": ["0.0.0.0/0"]}, "4,294,967,296 addresses, and is public"),
        ("create_key_vault", {**VAULT, "allow": ["10.1.2.3"]}, "is a private address"),
        ("create_key_vault", {**VAULT, "allow": ["shop.example.com"]}, "is no IPv4 address or range"),
        ("set_key_vault_secret", {**NO_SECRET, "file": "/x"}, "There is no Vault acme-none"),
        ("set_key_vault_secret", {**NONE, "secret_name": "my_db"}, "is no name for a secret"),
        ("recover_key_vault", NONE, "not even a deleted one"),
        ("give_key_vault_access", {**NONE, "principal": "ann@example.com"}, "principal: String should match"),
        ("give_key_vault_access", {**NONE, "principal": WHO}, "Make it: desk cloud azure keyvault create"),
        ("create_azure_database", {**DATABASE, "database": "Acme"}, "is no name for a database"),
        ("create_azure_database", {**DATABASE, "engine": "oracle"}, "Input should be 'postgres' or 'mysql'"),
        ("create_azure_database", {**DATABASE, "storage_gb": 1}, "greater than or equal to 32"),
        ("create_azure_database", DATABASE, "There is no Vault acme-none"),
        ("create_azure_database", {**DATABASE, "subnet": SUBNET}, "go together"),
        ("allow_azure_address", {**ALLOW, "addresses": "0.0.0.0"}, "that is public"),
        ("allow_azure_address", {**ALLOW, "addresses": "0.0.0.0/0"}, "the whole internet could try passwords"),
        ("allow_azure_address", {**ALLOW, "addresses": "203.0.0.0/16"}, "65,536 addresses"),
        ("allow_azure_address", {**ALLOW, "because": "so"}, "at least 10 characters"),
        ("allow_azure_address", ALLOW, "There is no Server acme-shop"),
        ("azure_databases", {"engine": "mysql", "database": "acme-shop"}, "There is no mysql database acme-shop"),
        ("create_storage_account", {**OWNER, "account": "Acme-Shop"}, "cannot be a storage account"),
        ("create_storage_account", {**OWNER, "account": "acmeshop", "allow": ["0.0.0.0/1"]}, "is public in all"),
        ("create_storage_account", {**OWNER, "account": "acmeshop", "allow": ["fe80::1"]}, "is no IPv4 address"),
        ("create_azure_database", {**DATABASE, "engine_version": "new"}, "engine_version: String should match"),
        ("allow_azure_address", {**ALLOW, "addresses": "203.0.113.7/28"}, "is no IPv4 address or range"),
        ("create_storage_container", {"account": "acmeshop", "container": "a--b"}, "cannot be a container"),
        ("create_storage_container", {"account": "acmeshop", "container": "uploads"}, "no Account acmeshop"),
        ("put_storage_blob", BLOB, "Make it: desk cloud azure storage create acmeshop"),
        ("sign_storage_url", {**BLOB, "expires_s": 700_000}, "less than or equal to 604800"),
        ("storage_blobs", {"account": "acmeshop", "container": "uploads"}, "There is no storage account acmeshop"),
        ("key_vaults", NONE, "There is no key vault acme-none"),
        ("save_key_vault_secret", {**NO_SECRET, "file": "/tmp/x"}, "There is no key vault"),
    ],
)  # fmt: skip
def test_a_bad_input_is_told_before_anything_is_sent(
    azure: PlayedAzure, tool: str, arguments: Json, said: str
) -> None:
    with pytest.raises(ToolError) as caught:
        BY_NAME[tool](context(), arguments)
    assert said in str(caught.value)
    assert not [each for each in azure.calls if not each.startswith("GET")]


@pytest.mark.parametrize(
    ("code", "status", "kind", "said"),
    [
        ("ExpiredAuthenticationToken", 401, Unauthorized, "Log in again (az login)"),
        ("AuthorizationFailed", 403, Forbidden, "Ask who administers the subscription"),
        ("QuotaExceeded", 409, Invalid, "az quota"),
        ("AlreadyInUse", 409, Invalid, "All subscriptions share one space of names"),
        ("RequestDisallowedByPolicy", 403, Invalid, "A policy of the subscription forbids it"),
        ("TooManyRequests", 429, Throttled, "slow down"),
        ("InternalServerError", 500, ServerFailure, "Azure failed: try again"),
    ],
)
def test_what_azure_refuses_is_told_with_what_to_do_next(
    azure: PlayedAzure, code: str, status: int, kind: type[ClusterError], said: str
) -> None:
    change = planned("create_acr_registry", REGISTRY)
    azure.faults.append(Fault("PUT", "registries", code, status, times=9, headers={"Retry-After": "7"}))
    with pytest.raises(kind) as caught:
        sent(change)
    assert type(caught.value) is kind
    assert said in str(caught.value)
    assert caught.value.retry_after_s == 7.0
    assert azure.writes("registries") == ["PUT registries"]
    assert not azure.resources


def test_a_name_that_a_deleted_vault_of_another_group_has_is_told_with_what_to_do(azure: PlayedAzure) -> None:
    change = planned("create_key_vault", VAULT)
    other = "/subscriptions/other/resourceGroups/pay-rg/providers/Microsoft.KeyVault/vaults/acme-shop-dev"
    azure.deleted["acme-shop-dev"] = {"deleted": {"properties": {"vaultId": other}}}
    with pytest.raises(
        Conflict, match=r"already exists in deleted state\. A deleted vault keeps its name: .* Choose"
    ):
        sent(change)
    assert not azure.resources


@pytest.mark.parametrize(
    ("tool", "arguments", "kind"),
    [
        ("create_key_vault", VAULT, "vaults"),
        ("create_storage_account", {"account": "acmeshop", **OWNER}, "storageAccounts"),
    ],
)
def test_what_is_throttled_or_changed_at_the_same_time_is_sent_once_and_said(
    azure: PlayedAzure, tool: str, arguments: Json, kind: str
) -> None:
    change = planned(tool, arguments)
    for code, status, error in (("TooManyRequests", 429, Throttled), ("OperationInProgress", 409, Conflict)):
        azure.calls.clear()
        azure.faults[:] = [Fault("PUT", kind, code, status, headers={"Retry-After": "7"})]
        with pytest.raises(error) as caught:
            sent(change)
        assert caught.value.retry_after_s == 7.0
        assert azure.writes(kind) == [f"PUT {kind}"]
    assert not azure.resources
    sent(change)
    assert len(azure.resources) == 1


def test_an_operation_that_azure_gives_up_on_is_told_with_its_reason(azure: PlayedAzure) -> None:
    change = planned("create_acr_registry", REGISTRY)
    azure.making, azure.gives_up = 2, "ZoneRedundancyNotSupported"
    running = sent(change)
    assert isinstance(running, Running)
    running = driver().follow(change, running.operation)
    assert isinstance(running, Running)
    with pytest.raises(Invalid, match=r"Azure gave up on it\. ZoneRedundancyNotSupported: told so by the test"):
        driver().follow(change, running.operation)


def test_a_token_goes_to_no_other_host_than_azures(azure: PlayedAzure) -> None:
    change = planned("create_acr_registry", REGISTRY)
    sent(change)
    assert not isinstance(driver().follow(change, "https://elsewhere.example.com/operations/1"), Running)


def test_what_desk_did_not_make_is_left_as_it_is(azure: PlayedAzure) -> None:
    sent(planned("create_acr_registry", REGISTRY))
    next(iter(azure.resources.values()))["tags"] = {"team": "other"}
    with pytest.raises(ToolFailed, match="Desk did not make it"):
        planned("create_acr_registry", REGISTRY)


def test_what_somebody_else_makes_meanwhile_is_left_as_it_is(azure: PlayedAzure) -> None:
    mine = planned("create_acr_registry", REGISTRY, session="s1")
    sent(planned("create_acr_registry", REGISTRY, session="s2"))
    with pytest.raises(Stale):
        sent(mine)


def test_no_subscription_no_group_and_another_place_do_nothing(azure: PlayedAzure) -> None:
    with pytest.raises(ClusterSettingsError, match="No Azure subscription is said"):
        planned("create_acr_registry", REGISTRY, clouds(azure_subscription=None))
    with pytest.raises(ClusterSettingsError, match="No resource group of Azure is said"):
        planned("create_acr_registry", REGISTRY, clouds(azure_group=None))
    with pytest.raises(ClusterSettingsError, match="az account list"):
        planned("create_acr_registry", REGISTRY, clouds(azure_subscription="22222222-2222-4333-8444-555555555555"))
    with pytest.raises(ClusterSettingsError, match="name a resource group that is there"):
        planned("create_acr_registry", REGISTRY, clouds(azure_group="none-rg"))
    change = planned("create_acr_registry", REGISTRY)
    elsewhere = driver(clouds(azure_region="northeurope"))
    with pytest.raises(
        ClusterSettingsError, match=r"was planned there, and these credentials are of .*northeurope"
    ):
        elsewhere.send(change, change.body, "token")
    assert not azure.writes("registries")


def test_credentials_that_work_no_more_and_no_answer(azure: PlayedAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("AZURE_CLIENT_SECRET", "Qdl9-another-horse")
        with pytest.raises(Unauthorized, match="no Azure credentials work") as caught:
            planned("create_acr_registry", REGISTRY)
        assert "Qdl9" not in str(caught.value)
    with pytest.raises(Unreachable, match="gave no answer"):
        planned("create_acr_registry", REGISTRY, clouds(azure_endpoint="https://127.0.0.1:9", timeout_s=2))


def test_a_vault_that_lets_us_in_no_more_says_what_to_do(azure: PlayedAzure) -> None:
    sent(planned("create_key_vault", VAULT))
    asked = {"vault": "acme-shop-dev", "secret_name": "db", "file": "/etc/hostname"}
    azure.faults.append(Fault("GET", "secrets", "ForbiddenByFirewall", 403, times=9))
    with pytest.raises(Forbidden, match=r"--allow"):
        planned("set_key_vault_secret", asked)
    azure.faults[:] = [Fault("GET", "secrets", "ForbiddenByRbac", 403, times=9)]
    with pytest.raises(Forbidden, match="desk cloud azure keyvault access"):
        planned("set_key_vault_secret", asked)
