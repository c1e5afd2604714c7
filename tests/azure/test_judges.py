"""checkov's guardrails hold for what is made in Azure by default: the specifications, as Terraform has them.

What it asks for and Desk does not do is listed with the reason; `make judge` gets checkov.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azure.server import PlayedAzure
from tests.azure.test_wrong_worlds import REGISTRY, VAULT, planned, sent
from tests.clouds.sessions import OWNER
from tests.judges.judges import checkov
from tools.json import Json

LEFT = {
    "CKV_AZURE_139": "a registry without an address outside needs Premium and a private endpoint of the platform's",
    "CKV_AZURE_164": "signed images are for whoever has keys to sign with, and Premium",
    "CKV_AZURE_165": "a copy in another region needs Premium, at twice the price",
    "CKV_AZURE_166": "quarantine needs a scanner that lets images out again",
    "CKV_AZURE_167": "untagged images expire in Premium only",
    "CKV_AZURE_233": "zones are Premium's: --sku Premium has them where the region does",
    "CKV_AZURE_237": "endpoints of its own for data are Premium's",
    "CKV2_AZURE_32": "the private endpoint of a vault is its network's owner's; no address comes in without",
    "CKV2_AZURE_33": "the private endpoint of an account is the network's owner's to make, likewise",
    "CKV2_AZURE_56": "a private endpoint or subnet of MySQL is the network's owner's: --subnet",
    "CKV2_AZURE_57": "a private endpoint or subnet of PostgreSQL is the network's owner's: --subnet",
    "CKV_AZURE_94": "backups in a second region are for what runs beyond dev, where they are the default",
    "CKV_AZURE_136": "backups in a second region are for what runs beyond dev, where they are the default",
    "CKV_AZURE_206": "a copy in another region or zone is for what runs beyond dev: ZRS is the default there",
    "CKV_AZURE_33": "queues are not what the account is for: nobody has a key for them",
    "CKV2_AZURE_1": "a key of one's own is Shield's to give; Azure's own encrypts it",
    "CKV2_AZURE_21": "logging each read writes data into logs: the platform's diagnostic settings do",
}
"""Id -> why what it asks for is not done by default."""


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedAzure]:
    played = PlayedAzure(tmp_path)
    played.start()
    for name, value in played.environment.items():
        monkeypatch.setenv(name, value)
    yield played
    played.stop()


def terraform(registry: Json, vault: Json, postgres: Json, mysql: Json, account: Json, container: Json) -> Json:
    """The resources of Terraform that have these specifications."""
    place = {"resource_group_name": "shop-rg", "location": "westeurope"}
    return {
        "resource": {
            "azurerm_container_registry": {"r": {
                **place, "name": "acmeshopdev", "sku": registry["sku"], "admin_enabled": registry["admin_user"],
                "anonymous_pull_enabled": registry["anonymous_pull"], "tags": registry["tags"],
            }},
            "azurerm_key_vault": {"v": {
                **place, "name": "acme-shop-dev", "sku_name": "standard", "tags": vault["tags"],
                "enable_rbac_authorization": vault["rbac"], "purge_protection_enabled": vault["purge_protection"],
                "soft_delete_retention_days": vault["soft_delete_days"],
                "public_network_access_enabled": bool(vault["allow"]),
                "network_acls": {"default_action": vault["default"], "bypass": "AzureServices"},
            }},
            **{
                f"azurerm_{engine}_flexible_server": {"d": {
                    **place, "name": "acme-shop", "sku_name": server["sku"], "version": server["version"],
                    "public_network_access_enabled": server["public"], "tags": server["tags"],
                    "backup_retention_days": server["backup_days"],
                    "geo_redundant_backup_enabled": server["geo_backup"],
                }}
                for engine, server in (("postgresql", postgres), ("mysql", mysql))
            },
            "azurerm_storage_account": {"s": {
                **place, "name": "acmeshopdev", "account_tier": "Standard", "tags": account["tags"],
                "account_replication_type": account["sku"].removeprefix("Standard_"),
                "allow_nested_items_to_be_public": account["public_blobs"],
                "shared_access_key_enabled": account["shared_key"], "min_tls_version": account["tls"],
                "https_traffic_only_enabled": account["https_only"],
                "public_network_access_enabled": bool(account["allow"]),
                "network_rules": {"default_action": account["default"], "bypass": ["AzureServices"]},
                "blob_properties": {
                    "versioning_enabled": account["versioning"],
                    "delete_retention_policy": {"days": account["soft_delete_days"]},
                },
            }},
            "azurerm_storage_container": {"c": {
                "name": "uploads", "storage_account_name": "${azurerm_storage_account.s.name}",
                "container_access_type": "private" if container["public"] == "None" else "blob",
            }},
        }
    }  # fmt: skip


def test_what_is_made_by_default_holds_what_checkov_asks_for(azure: PlayedAzure, tmp_path: Path) -> None:
    account = {**OWNER, "account": "acmeshopdev"}
    database = {**OWNER, "database": "acme-shop", "vault": "acme-shop-dev"}
    made = [planned("create_key_vault", VAULT), planned("create_storage_account", account)]
    for each in made:
        sent(each)
    box = planned("create_storage_container", {"account": "acmeshopdev", "container": "uploads"})
    prod = {**database, "environment": "staging", "engine": "postgres"}
    assert planned("create_azure_database", prod).body["geo_backup"] is True
    bodies = [
        planned("create_acr_registry", REGISTRY).body, made[0].body,
        planned("create_azure_database", {**database, "engine": "postgres"}).body,
        planned("create_azure_database", {**database, "engine": "mysql"}).body, made[1].body, box.body,
    ]  # fmt: skip
    folder = tmp_path / "terraform"
    folder.mkdir()
    (folder / "main.tf.json").write_text(json.dumps(terraform(*bodies)))
    complaints = checkov(folder, "terraform_json")
    assert {each.partition(" ")[0] for each in complaints} == set(LEFT), complaints
