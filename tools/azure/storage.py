"""Files in Azure: make a storage account and a container, put a file there, list what is there, make a link."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

from pydantic import Field

from tools.azure.account import Addresses, azure_of, ours
from tools.changes.clouds import cloud_change
from tools.changes.plan import Plan
from tools.cloud.azure import arm
from tools.cloud.azure import storage as api
from tools.cloud.connect import AZURE
from tools.cloud.files import FILE, check_new
from tools.cloud.resource import HOW
from tools.clouds.files import LocalFile, digest
from tools.clouds.owner import Owner, environment_of, owner_tags, plan_of, said_tags
from tools.errors import ToolFailed
from tools.frame import Result, ToolContext
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.azure.client import Azure
    from tools.cloud.resource import Live

Account = Annotated[str, Field(min_length=1, max_length=24, description="The storage account: acmeshopdev.")]
Container = Annotated[str, Field(min_length=1, max_length=63, description="The container in it: uploads.")]
Key = Annotated[str, Field(min_length=1, max_length=1024, description="The blob's name: reports/may.csv.")]
_CREATE = "desk cloud azure storage create"
SHOWN = 100
"""Blobs that are listed."""


def create_storage_account(
    context: ToolContext, *, account: Account, allow: Addresses = None, **owner: Unpack[Owner]
) -> Plan:
    """Make a storage account in Azure, or bring one that Desk made up to this. A person approves it.

    No blob is public, there are no account keys, TLS 1.2, only named addresses come in; without any, only private
    endpoints; versions and what was deleted are kept (checkov CKV_AZURE_3, CKV_AZURE_35, CKV_AZURE_44,
    CKV_AZURE_190, CKV2_AZURE_40).
    """
    api.check_name(account)
    azure, tags = azure_of(context), owner_tags(context, owner)
    spec: Json = {
        "sku": "Standard_LRS" if tags["environment"] == "dev" else "Standard_ZRS",
        "public_blobs": False, "shared_key": False, "https_only": True, "tls": "TLS1_2", "default": "Deny",
        "allow": sorted(arm.checked_range(each) for each in allow or ()), "versioning": True,
        "soft_delete_days": api.KEPT_DAYS, "tags": tags,
    }  # fmt: skip
    opened = f", open for {', '.join(spec['allow'])}" if allow else ", reached by private endpoints"
    change = cloud_change(AZURE, azure, api.ACCOUNT, account, spec)
    return plan_of(f"make storage account {account} in {azure.account.place}{opened}", change)


def create_storage_container(context: ToolContext, *, account: Account, container: Container) -> Plan:
    """Make a container in a storage account of Azure that Desk made, which nobody reads without a login.

    A person approves it (checkov CKV_AZURE_34).
    """
    api.check_container(container)
    azure = azure_of(context)
    live = _ours(azure, account)
    spec: Json = {"public": "None", "tags": environment_of(live)}
    change = cloud_change(AZURE, azure, api.CONTAINER, f"{account}/{container}", spec)
    return plan_of(f"make container {container} of storage account {account} in {azure.account.place}", change)


def put_storage_blob(
    context: ToolContext, *, account: Account, container: Container, key: Key, file: LocalFile
) -> Plan:
    """Put a file of this machine into a container of Azure that Desk made.

    A person approves it; what was there stays a version.
    """
    azure, path = azure_of(context), Path(file).expanduser()
    live = _container(azure, account, container)
    sha256, size_bytes = digest(path, api.LARGEST_BYTES)
    spec: Json = {
        "sha256": sha256, "size_bytes": size_bytes, "tags": environment_of(live), HOW: {"file": str(path)},
    }  # fmt: skip
    change = cloud_change(AZURE, azure, api.BLOB, f"{account}/{container}/{key}", spec)
    where = f"{container}/{key} of storage account {account} in {azure.account.place}"
    return plan_of(f"put {path} ({size_bytes:,} bytes) into {where}", change)


def sign_storage_url(
    context: ToolContext,
    *,
    account: Account,
    container: Container,
    key: Key,
    file: Annotated[LocalFile, Field(description="New file for the link, mode 0600: whoever has it may read.")],
    expires_s: Annotated[
        int, Field(ge=60, le=api.LONGEST_URL_S, description="Seconds that it works, a week at most.")
    ] = 3600,
) -> Plan:
    """Make a link by which whoever has it may read one blob of Azure, into a file. A person approves it.

    It is shown nowhere else, and is signed by a login, not by the account's key.
    """
    azure, path, name = azure_of(context), Path(file).expanduser(), f"{account}/{container}/{key}"
    live = _container(azure, account, container)
    if azure.kind(api.BLOB).read(name) is None:
        raise ToolFailed(f"There is no blob {key} in container {container} of {account}.")
    check_new(path)
    how = {"kind": api.SIGNED_URL, "name": name, "key": str(expires_s), **environment_of(live)}
    change = cloud_change(AZURE, azure, FILE, str(path), {"mode": "0600", HOW: how})
    return plan_of(f"make a link to {name} in Azure that works for {expires_s:,} s, into {path}", change)


def storage_blobs(
    context: ToolContext,
    *,
    account: Annotated[str | None, Field(max_length=24, description="One account; without it, all.")] = None,
    container: Annotated[str | None, Field(max_length=63, description="One container of it.")] = None,
    prefix: Annotated[str, Field(max_length=1024, description="Only blobs that begin so.")] = "",
) -> Result:
    """The storage accounts of Azure with their guardrails and tags; of one, its containers; of those, the blobs."""
    azure = azure_of(context)
    if account is None:
        return _accounts(azure)
    if container is None:
        there = azure.listed("storage.blob_containers", "list", azure.group, account)
        names = [str(each["name"]) for each in there]
        return Result("\n".join([f"{len(names)} containers in {account}", *names]), {"containers": names})
    blobs = azure.blobs(account, container, prefix)
    lines = [f"{each['key']}  {each['size_bytes']:,} bytes  {each['modified']}" for each in blobs]
    more = [f"and more: give a prefix, for only {SHOWN} are listed"] if len(blobs) == SHOWN else []
    return Result("\n".join([f"{account}/{container}: {len(blobs)} blobs", *lines, *more]), {"blobs": blobs})


def _accounts(azure: Azure) -> Result:
    lister = "list_by_resource_group"
    names = sorted(each["name"] for each in azure.listed("storage.storage_accounts", lister, azure.group))
    kind = azure.kind(api.ACCOUNT)
    found = {name: live for name in names if (live := kind.read(name)) is not None}
    lines = [
        f"{name}  {live.spec['sku']}, blobs {'public' if live.spec['public_blobs'] else 'not public'}, keys "
        f"{'on' if live.spec['shared_key'] else 'off'}, {live.spec['tls']}  {said_tags(live.tags)}"
        for name, live in found.items()
    ]
    data = {"accounts": [{"name": name, **live.spec} for name, live in found.items()]}
    return Result("\n".join([f"{len(names)} storage accounts in Azure {azure.account.place}", *lines]), data)


def _ours(azure: Azure, account: str) -> Live:
    live = ours(azure, api.ACCOUNT, account, f"{_CREATE} {account}")
    if live.spec["public_blobs"]:
        raise ToolFailed(
            f"Storage account {account} lets blobs be public: nothing is put there by Desk. Next: {_CREATE} "
            f"{account} brings it up to the guardrails."
        )
    return live


def _container(azure: Azure, account: str, container: str) -> Live:
    live = _ours(azure, account)
    if azure.kind(api.CONTAINER).read(f"{account}/{container}") is None:
        raise ToolFailed(
            f"There is no container {container} in {account}. Make it: desk cloud azure storage container "
            f"{account} {container}."
        )
    return live
