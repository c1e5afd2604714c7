"""Secrets in Azure: make a vault, set a secret, have it in a namespace or a file, say who may read, restore it.

No value is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Unpack
from uuid import UUID

from pydantic import Field

from tools.azure.account import Addresses, azure_of, ours, refuse_deleted
from tools.changes.clouds import cloud_change
from tools.changes.credentials import check_source
from tools.changes.plan import Credentials, Plan
from tools.cloud.azure import arm
from tools.cloud.azure import keyvault as api
from tools.cloud.connect import AZURE
from tools.cloud.files import FILE, check_new
from tools.cloud.resource import HOW
from tools.cloud.tags import tags_like
from tools.clouds.delivering import DeliveredName, Keys, Store, Stored, delivery
from tools.clouds.files import LocalFile
from tools.clouds.owner import Owner, environment_of, owner_tags, plan_of, said_tags
from tools.errors import ToolFailed
from tools.frame import Namespace, Result, ToolContext
from tools.json import Json

Vault = Annotated[str, Field(min_length=1, max_length=24, description="The key vault: acme-shop-dev.")]
Secret = Annotated[str, Field(min_length=1, max_length=127, description="The secret's name in the vault: api-key.")]
Source = Annotated[
    str | None, Field(pattern=r"^[~/][^\x00-\x1f]*$", max_length=4096, description="File that holds the value.")
]
_CREATE = "desk cloud azure keyvault create"
_SET = "desk cloud azure keyvault set"


def create_key_vault(
    context: ToolContext,
    *,
    vault: Vault,
    allow: Addresses = None,
    soft_delete_days: Annotated[
        int, Field(ge=7, le=90, description="Days that what was deleted can be restored.")
    ] = api.RECOVERY_DAYS,
    **owner: Unpack[Owner],
) -> Plan:
    """Make a key vault in Azure, or bring one that Desk made up to this. A person approves it.

    Roles say who may read, nobody can purge what was deleted, and only named addresses come in; without any, only
    private endpoints (checkov CKV_AZURE_42, CKV_AZURE_109, CKV_AZURE_110, CKV_AZURE_189).
    """
    api.check_name(vault)
    azure, tags = azure_of(context), owner_tags(context, owner)
    live = azure.kind(api.VAULT).read(vault)
    if live is not None:
        refuse_deleted(vault, live)
    spec: Json = {
        "rbac": True, "purge_protection": True, "soft_delete_days": soft_delete_days, "default": "Deny",
        "allow": sorted(arm.checked_range(each) for each in allow or ()), "tags": tags,
    }  # fmt: skip
    opened = f", open for {', '.join(spec['allow'])}" if allow else ", reached by private endpoints"
    change = cloud_change(AZURE, azure, api.VAULT, vault, spec)
    return plan_of(f"make key vault {vault} in {azure.account.place}{opened}", change)


def set_key_vault_secret(context: ToolContext, *, vault: Vault, secret_name: Secret, file: Source = None) -> Plan:
    """Give a secret of an Azure key vault a value, from a file or standard input. A person approves it.

    Never ask for the value itself. The value before stays a version, and an undo makes it the current one again.
    """
    api.check_secret(secret_name)
    azure = azure_of(context)
    owner = ours(azure, api.VAULT, vault, f"{_CREATE} {vault}")
    name = f"{vault}/{secret_name}"
    live = azure.kind(api.SECRET).read(name)
    if live is not None:
        refuse_deleted(name, live)
    credentials = Credentials("", "", file or "")
    check_source(credentials, "", context.cluster)
    tags = tags_like(owner.tags, context.session)
    spec: Json = {"change": _change(context, name), "tags": tags}
    return plan_of(
        f"set secret {secret_name} of key vault {vault} in {azure.account.place}, value from {credentials.source}",
        cloud_change(AZURE, azure, api.SECRET, name, spec, credentials),
    )


def recover_key_vault(
    context: ToolContext,
    *,
    vault: Vault,
    name: Annotated[str | None, Field(max_length=127, description="A secret of it; without it, the vault.")] = None,
) -> Plan:
    """Restore a key vault of Azure that was deleted, or a secret of one. A person approves it."""
    azure = azure_of(context)
    kind, what = (api.SECRET, f"{vault}/{name}") if name else (api.VAULT, vault)
    live = azure.kind(kind).read(what)
    if live is None:
        raise ToolFailed(f"There is no {what} in Azure {azure.account.place}, not even a deleted one.")
    change = cloud_change(AZURE, azure, kind, what, {"deleted": "", "tags": environment_of(live)})
    return plan_of(f"restore {what} in Azure {azure.account.place}", change)


def deliver_key_vault_secret(
    context: ToolContext,
    *,
    namespace: Namespace,
    vault: Vault,
    secret_name: Secret,
    name: DeliveredName,
    keys: Keys = None,
    store: Store = None,
) -> Plan:
    """Have a secret of an Azure key vault in a namespace, by an ExternalSecret or a Secret. A person approves it.

    The value goes from Azure to the cluster, and is shown to nobody. A Secret has the value of now; an
    ExternalSecret, which is made where the cluster serves that kind, follows it every hour.
    """
    azure = azure_of(context)
    there = f"{vault}/{secret_name}"
    if (live := azure.kind(api.SECRET).read(there)) is None:
        raise ToolFailed(
            f"There is no secret {secret_name} in key vault {vault}. Set it: {_SET} {vault} {secret_name}."
        )
    refuse_deleted(there, live)
    where = f"Azure {azure.account.place}"
    stored = Stored(
        AZURE,
        api.VALUE,
        there,
        secret_name,
        where,
        f"key vault {vault}",
        _is_of(live.uid.partition("/secrets/")[0]),
    )
    return delivery(context, stored, namespace, name, keys or [], store)


def save_key_vault_secret(
    context: ToolContext,
    *,
    vault: Vault,
    secret_name: Secret,
    file: Annotated[LocalFile, Field(description="New file for the value, mode 0600.")],
    key: Annotated[str, Field(max_length=253, description="One key of the value; without it, all of it.")] = "",
) -> Plan:
    """Write the value of a secret of an Azure key vault into a new file that its owner alone may read.

    A person approves it.
    """
    azure, name, path = azure_of(context), f"{vault}/{secret_name}", Path(file).expanduser()
    live = ours(azure, api.SECRET, name, f"{_SET} {vault} {secret_name}")
    check_new(path)
    how = {"kind": api.VALUE, "name": name, "key": key, **environment_of(live)}
    change = cloud_change(AZURE, azure, FILE, str(path), {"mode": "0600", HOW: how})
    return plan_of(f"write secret {secret_name} of key vault {vault} into {path}", change)


def give_key_vault_access(
    context: ToolContext,
    *,
    vault: Vault,
    principal: Annotated[
        str,
        Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", description="Object id in Entra."),
    ],
    role: Annotated[
        Literal["reader", "writer"], Field(description="reader: may read values; writer: set and delete, too.")
    ] = "reader",
    principal_type: Annotated[
        Literal["User", "Group", "ServicePrincipal"] | None,
        Field(description="Of one that is new, whom Azure may not have heard of everywhere."),
    ] = None,
) -> Plan:
    """Let somebody read or set the secrets of an Azure key vault of Desk's, by a role. A person approves it."""
    azure = azure_of(context)
    owner = ours(azure, api.VAULT, vault, f"{_CREATE} {vault}")
    tags = tags_like(owner.tags, context.session)
    principal = principal.lower()
    spec: Json = {
        "role": role, "principal": principal, "tags": tags,
        **({HOW: {"principal_type": principal_type}} if principal_type else {}),
    }  # fmt: skip
    change = cloud_change(AZURE, azure, api.ACCESS, f"{vault}/{role}/{principal}", spec)
    return plan_of(f"let {principal} be {role} of key vault {vault} in {azure.account.place}", change)


def key_vaults(
    context: ToolContext,
    *,
    vault: Annotated[str | None, Field(max_length=24, description="One vault; without it, all.")] = None,
) -> Result:
    """The key vaults of Azure with their guardrails and tags; of one, its secrets. Values are never shown."""
    azure = azure_of(context)
    if vault is not None:
        return _secrets(azure.secret_names(vault), vault)
    names = sorted(each["name"] for each in azure.listed("vaults.vaults", "list_by_resource_group", azure.group))
    kind = azure.kind(api.VAULT)
    found = {name: live for name in names if (live := kind.read(name)) is not None}
    lines = [
        f"{name}  {'roles' if live.spec['rbac'] else 'access policies'}, purge protection "
        f"{'on' if live.spec['purge_protection'] else 'off'}, open for "
        f"{'all' if live.spec['default'] == 'Allow' else ', '.join(live.spec['allow']) or 'private endpoints'}  "
        f"{said_tags(live.tags)}"
        for name, live in found.items()
    ]
    data = {"vaults": [{"name": name, **live.spec} for name, live in found.items()]}
    return Result("\n".join([f"{len(names)} key vaults in Azure {azure.account.place}", *lines]), data)


def _secrets(secrets: list[Json], vault: str) -> Result:
    lines = [
        f"{each['name']}  {'deleted, until ' + each['deleted'] if each['deleted'] else 'there'}  "
        f"{said_tags(each['tags'])}"
        for each in secrets
    ]
    return Result("\n".join([f"{len(secrets)} secrets in key vault {vault}", *lines]), {"secrets": secrets})


def _change(context: ToolContext, secret: str) -> str:
    """The same each time that this session plans it: it marks the version that this session makes."""
    said = hashlib.sha256(f"{context.session}\n{secret}".encode()).digest()
    return str(UUID(bytes=said[:16], version=4))


def _is_of(vault_url: str) -> Callable[[Json], bool]:
    def is_of(provider: Json) -> bool:
        return bool(str(provider.get("azurekv", {}).get("vaultUrl") or "").rstrip("/") == vault_url)

    return is_of
