"""Storage accounts of Azure that nobody reads without a login, their containers, blobs, and links that end.

| key of an account's specification | is |
|---|---|
| `sku` | how it is copied: Standard_LRS in dev, else Standard_ZRS |
| `public_blobs`, `shared_key` | false: no blob is public, and there is no key that opens all |
| `https_only`, `tls` | true, TLS1_2 |
| `default`, `allow` | Deny, and the addresses that may come in; without any, only private endpoints |
| `versioning`, `soft_delete_days` | what a blob was before, and what was deleted, can be had again for so long |
| of a container: `public` | None |

Sources: https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent,
https://learn.microsoft.com/azure/storage/blobs/security-recommendations, checkov CKV_AZURE_3, CKV_AZURE_34,
CKV_AZURE_35, CKV_AZURE_44, CKV_AZURE_59, CKV_AZURE_190, CKV2_AZURE_38, CKV2_AZURE_40, CKV2_AZURE_47.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.cloud.azure import arm
from tools.cloud.azure.errors import translated
from tools.cloud.resource import HOW, Live
from tools.cluster.errors import NotFound
from tools.errors import ArgumentsError, ToolFailed
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.azure.client import Azure

ACCOUNT = "storage.azure/Account"
CONTAINER = "storage.azure/Container"
BLOB = "storage.azure/Blob"
SIGNED_URL = "storage.azure/SignedUrl"
LONGEST_URL_S = 7 * 24 * 3600
"""Of a link that a login signs. Source: https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas"""
LARGEST_BYTES = 5 * 1024**3
KEPT_DAYS = 30
"""How long what was deleted can be restored."""
_NAME = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")


def check_name(name: str) -> None:
    """Raises `ArgumentsError` for what Azure takes for no name of a storage account."""
    if not _NAME.fullmatch(name):
        raise ArgumentsError(
            f"{name!r} cannot be a storage account: 3 to 24 small letters and digits, nothing else. All "
            "subscriptions share one space of names: take the company's and the team's into it: acmeshopdev."
        )


def check_container(name: str) -> None:
    """Raises `ArgumentsError` for what Azure takes for no name of a container."""
    if not _CONTAINER.fullmatch(name) or len(name) > 63:
        raise ArgumentsError(f"{name!r} cannot be a container: 3 to 63 small letters, digits and single hyphens.")


@dataclass(frozen=True, slots=True)
class Accounts:
    """`Kind` of storage accounts. All subscriptions share one space of names."""

    azure: Azure
    reasons = (
        "no blob is public, no request without TLS 1.2, no address may come in but those that are named",
        "there is no connection string (az storage account show-connection-string): its key opens all, for ever; "
        "who works there logs in, and links end",
    )

    def read(self, name: str) -> Live | None:
        """The account with what its blobs are kept by."""
        account = found(self.azure, name)
        if account is None:
            return None
        said = account["properties"]
        state = said.get("provisioningState")
        rules = said.get("networkAcls") or {}
        spec: Json = {
            "sku": str((account.get("sku") or {}).get("name") or ""),
            "public_blobs": said.get("allowBlobPublicAccess") is not False,
            "shared_key": said.get("allowSharedKeyAccess") is not False,
            "https_only": bool(said.get("supportsHttpsTrafficOnly")),
            "tls": str(said.get("minimumTlsVersion") or ""),
            "default": str(rules.get("defaultAction") or "Allow"),
            "allow": sorted(str(each["value"]).removesuffix("/32") for each in rules.get("ipRules") or ()),
            **self._kept(name, is_there=not arm.making(state)),
            "tags": account.get("tags") or {},
        }
        return Live(
            arm.uid(account), spec, making=arm.making(state), failed=arm.failed(state), holds=self._holds(name),
            told=f"storage account {name} at {(said.get('primaryEndpoints') or {}).get('blob')}",
        )  # fmt: skip

    def _kept(self, name: str, *, is_there: bool) -> Json:
        said: Json = {}
        if is_there:
            where = (self.azure.group, name)
            said = (
                self.azure.call("storage.blob_services", "get_service_properties", *where).get("properties") or {}
            )
        rule = said.get("deleteRetentionPolicy") or {}
        return {
            "versioning": bool(said.get("isVersioningEnabled")),
            "soft_delete_days": int(rule.get("days") or 0) if rule.get("enabled") else 0,
        }

    def _holds(self, name: str) -> str:
        there = self.azure.listed("storage.blob_containers", "list", self.azure.group, name)
        return f"{len(there)} container{'s' if len(there) > 1 else ''}" if there else ""

    def create(self, name: str, spec: Json, token: str) -> str:
        """Closed from the first moment; how its blobs are kept is left to `settle`."""
        body: Json = {
            "location": self.azure.account.region, "kind": "StorageV2", "sku": {"name": spec["sku"]},
            "tags": spec["tags"], "properties": _properties(spec),
        }  # fmt: skip
        return self.azure.begin("storage.storage_accounts", "begin_create", self.azure.group, name, body=body)

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """What it lacks, the closing first."""
        lacks = {key for key, value in spec.items() if key != HOW and live.spec.get(key) != value}
        wanted = {**live.spec, **spec, "tags": {**live.tags, **spec.get("tags", {})}}
        if not spec.get("tags", {}).items() <= live.tags.items() or lacks - {
            "versioning",
            "soft_delete_days",
            "tags",
        }:
            body = {"sku": {"name": wanted["sku"]}, "tags": wanted["tags"], "properties": _properties(wanted)}
            self.azure.call("storage.storage_accounts", "update", self.azure.group, name, body=body)
        if {"versioning", "soft_delete_days"} & lacks:
            rule = {"enabled": wanted["soft_delete_days"] > 0, "days": wanted["soft_delete_days"] or None}
            kept = {
                "isVersioningEnabled": wanted["versioning"], "deleteRetentionPolicy": rule,
                "containerDeleteRetentionPolicy": rule,
            }  # fmt: skip
            where = (self.azure.group, name)
            self.azure.call("storage.blob_services", "set_service_properties", *where, body={"properties": kept})

    def deletion(self, name: str, live: Live) -> Json:
        """Only one without containers."""
        if live.holds:
            raise ToolFailed(
                f"Storage account {name} holds {live.holds}, and is not deleted with them. Nothing was changed. "
                "Next: copy what is needed (azcopy), remove the containers, then undo this again."
            )
        return {"only_if": "it has no containers"}

    def delete(self, name: str, how: Json) -> None:
        """Azure itself would not ask. Raises `ToolFailed` where a container was made meanwhile."""
        if there := self._holds(name):
            raise ToolFailed(f"Storage account {name} holds {there} by now, and is not deleted.")
        self.azure.call("storage.storage_accounts", "delete", self.azure.group, name)


def found(azure: Azure, name: str) -> Json | None:
    """The account as Azure tells it; None where there is none."""
    try:
        return azure.call("storage.storage_accounts", "get_properties", azure.group, name)
    except NotFound:
        return None


def _properties(spec: Json) -> Json:
    rules = [{"value": each, "action": "Allow"} for each in spec["allow"]]
    return {
        "allowBlobPublicAccess": spec["public_blobs"], "allowSharedKeyAccess": spec["shared_key"],
        "supportsHttpsTrafficOnly": spec["https_only"], "minimumTlsVersion": spec["tls"],
        "publicNetworkAccess": "Enabled" if rules else "Disabled", "defaultToOAuthAuthentication": True,
        "networkAcls": {"bypass": "AzureServices", "defaultAction": spec["default"], "ipRules": rules},
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Containers:
    """`Kind` of containers, `ACCOUNT/NAME`. They have the tags of their account."""

    azure: Azure
    reasons = ("nobody reads it without a login",)

    def read(self, name: str) -> Live | None:
        """The container."""
        account, _, named = name.partition("/")
        try:
            container = self.azure.call("storage.blob_containers", "get", self.azure.group, account, named)
        except NotFound:
            return None
        owner = found(self.azure, account) or {}
        spec: Json = {
            "public": str(container["properties"].get("publicAccess") or "None"), "tags": owner.get("tags") or {},
        }  # fmt: skip
        return Live(str(container["id"]), spec, told=f"container {named} of {account}")

    def create(self, name: str, spec: Json, token: str) -> None:
        """Not public."""
        where = (self.azure.group, *name.split("/"))
        body = {"properties": {"publicAccess": spec["public"]}}
        self.azure.call("storage.blob_containers", "create", *where, body=body)

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """Not public any more."""
        where = (self.azure.group, *name.split("/"))
        self.azure.call("storage.blob_containers", "update", *where, body={"properties": {"publicAccess": "None"}})

    def deletion(self, name: str, live: Live) -> Json:
        """Only an empty one."""
        account, _, named = name.partition("/")
        if self.azure.blobs(account, named, ""):
            raise ToolFailed(
                f"Container {named} of {account} holds blobs, and is not deleted with them. Nothing was changed. "
                "Next: copy what is needed (azcopy), remove them, then undo this again."
            )
        return {"recovery_days": KEPT_DAYS}

    def delete(self, name: str, how: Json) -> None:
        """It can be restored for so many days."""
        self.azure.call("storage.blob_containers", "delete", self.azure.group, *name.split("/"))


@dataclass(frozen=True, slots=True)
class Blobs:
    """`Kind` of blobs, `ACCOUNT/CONTAINER/KEY`. What it was before stays as a version."""

    azure: Azure
    reasons = ("what the blob was before stays as a version of it",)

    def read(self, name: str) -> Live | None:
        """By its own checksum, which Desk keeps in its metadata; with the tags of its account."""
        account, container, key = name.split("/", 2)
        try:
            with translated("get blob properties"):
                blob = self.azure.blob(account, container, key).get_blob_properties()
        except NotFound:
            return None
        owner = found(self.azure, account) or {}
        spec: Json = {
            "sha256": (blob.metadata or {}).get("sha256", ""), "size_bytes": int(blob.size),
            "tags": owner.get("tags") or {},
        }  # fmt: skip
        return Live(f"azure://{name}", spec, told=f"{container}/{key} of {account}, {spec['size_bytes']:,} bytes")

    def create(self, name: str, spec: Json, token: str) -> None:
        """From the file; else from the version that has these bytes."""
        account, container, key = name.split("/", 2)
        client = self.azure.blob(account, container, key)
        if HOW not in spec:
            with translated("put blob back"):
                self._upload(client, self._before(account, container, key, spec["sha256"]), spec)
            return
        try:
            with translated("put blob"), Path(spec[HOW]["file"]).open("rb") as file:
                self._upload(client, file, spec)
        except OSError as error:
            raise ToolFailed(f"The file {spec[HOW]['file']} cannot be read: {error.strerror}.") from error

    def _upload(self, client: Any, data: Any, spec: Json) -> None:
        client.upload_blob(data, overwrite=True, metadata={"sha256": spec["sha256"]}, length=spec["size_bytes"])

    def _before(self, account: str, container: str, key: str, sha256: str) -> Iterator[bytes]:
        for version, metadata in self.azure.versions(account, container, key):
            if metadata.get("sha256") == sha256:
                blob = self.azure.blob(account, container, key)
                chunks: Iterator[bytes] = blob.download_blob(version_id=version).chunks()
                return chunks
        raise ToolFailed(f"{container}/{key} of {account}: the version that was there before is kept no more.")

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """A new version."""
        self.create(name, {**live.spec, **spec}, "")

    def deletion(self, name: str, live: Live) -> Json:
        """Its versions stay."""
        return {"versions": "are kept"}

    def delete(self, name: str, how: Json) -> None:
        """It can be restored."""
        account, container, key = name.split("/", 2)
        with translated("delete blob"):
            self.azure.blob(account, container, key).delete_blob()


def signed_url(azure: Azure, name: str, expires_s: str) -> bytes:
    """A link by which whoever has it may read the blob, for so many seconds; signed by a login, and no key."""
    account, container, key = name.split("/", 2)
    now = datetime.now(UTC)
    return f"{azure.signed(account, container, key, now, now + timedelta(seconds=int(expires_s)))}\n".encode()
