"""Key vaults of Azure, the secrets in them, and who may read those.

| key of the specification | is |
|---|---|
| of a vault: `rbac` | who may read is said by roles, and not by the vault's own policies |
| `purge_protection`, `soft_delete_days` | what was deleted can be restored for so long, and not be purged sooner |
| `default`, `allow` | Deny, and the addresses that may come in; without any, only private endpoints |
| `deleted` | until when it can be restored, of what was deleted; empty: it was not |
| of a secret: `change` | which change of Desk's made its current version: the tag `change` of that version |
| of an access: `role`, `principal` | who has which role on the vault; its tags stand in its description |

Sources: https://learn.microsoft.com/azure/key-vault/general/rbac-guide, soft-delete-overview and network-security
there, checkov CKV_AZURE_42, CKV_AZURE_109, CKV_AZURE_110, CKV_AZURE_111, CKV2_AZURE_38.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from tools.cloud.azure import arm
from tools.cloud.azure.errors import translated
from tools.cloud.resource import HOW, Live
from tools.cloud.secret_values import value_of_key
from tools.cluster.errors import NotFound
from tools.errors import ArgumentsError, ToolFailed
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.azure.client import Azure

VAULT = "keyvault.azure/Vault"
SECRET = "keyvault.azure/Secret"  # noqa: S105  a kind
VALUE = "keyvault.azure/Value"
ACCESS = "keyvault.azure/Access"
RECOVERY_DAYS = 90
"""How long what was deleted can be restored: the longest that Azure knows."""
ROLES: Mapping[str, str] = MappingProxyType(
    {
        "reader": "4633458b-17de-408a-b874-0445c86b69e6",  # Key Vault Secrets User
        "writer": "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",  # Key Vault Secrets Officer
    }
)
"""What somebody may do -> the role. Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"""
CHANGE = "change"
GENERATED = "generated"
"""Of how a secret is made: its value is one that nobody chooses."""
_NAME = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9]){2,23}")
_SECRET = re.compile(r"[0-9A-Za-z-]{1,127}")


def check_name(name: str) -> None:
    """Raises `ArgumentsError` for what Azure takes for no name of a vault."""
    if not (3 <= len(name) <= 24 and _NAME.fullmatch(name)):
        raise ArgumentsError(
            f"{name!r} cannot be a key vault: 3 to 24 letters, digits and single hyphens, beginning with a letter. "
            "All subscriptions share one space of names: take the company's and the team's into it, such as "
            "acme-shop-dev."
        )


def check_secret(name: str) -> None:
    """Raises `ArgumentsError` for what Key Vault takes for no name of a secret."""
    if not _SECRET.fullmatch(name):
        raise ArgumentsError(
            f"{name!r} is no name for a secret: up to 127 letters, digits and hyphens, such as api-key."
        )


@dataclass(frozen=True, slots=True)
class Vaults:
    """`Kind` of vaults. All subscriptions share one space of names."""

    azure: Azure
    reasons = (
        "who may read a value is said by roles that are given and taken singly; the usual command (az keyvault "
        "set-policy) lets whoever may write the vault give himself all",
        "no address may come in but those that are named; what is deleted can be restored for 90 days",
    )

    def read(self, name: str) -> Live | None:
        """The vault, or one that was deleted and can be restored."""
        try:
            found = self.azure.call("vaults.vaults", "get", self.azure.group, name)
        except NotFound:
            return self._deleted(name)
        said = found["properties"]
        rules = said.get("networkAcls") or {}
        spec: Json = {
            "rbac": bool(said.get("enableRbacAuthorization")),
            "purge_protection": bool(said.get("enablePurgeProtection")),
            "soft_delete_days": int(said.get("softDeleteRetentionInDays") or 0),
            "default": str(rules.get("defaultAction") or "Allow"),
            "allow": sorted(str(each["value"]).removesuffix("/32") for each in rules.get("ipRules") or ()),
            "deleted": "",
            "tags": found.get("tags") or {},
        }
        state = said.get("provisioningState")
        told = f"vault {name} at {said.get('vaultUri')}"
        return Live(str(found["id"]), spec, making=arm.making(state), failed=arm.failed(state), told=told)

    def _deleted(self, name: str) -> Live | None:
        try:
            found = self.azure.call("vaults.vaults", "get_deleted", name, self.azure.account.region)
        except NotFound:
            return None
        said = found["properties"]
        if str(said.get("vaultId") or "").lower() != self._id(name).lower():
            return None
        until = str(said.get("scheduledPurgeDate") or "")
        gone = f"it is deleted for good on {until}, and can be restored until then"
        return Live(str(said["vaultId"]), {"deleted": until, "tags": said.get("tags") or {}}, gone=gone)

    def create(self, name: str, spec: Json, token: str) -> str:
        """With all of it, in one request."""
        return self._put(name, spec, {})

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """Restore it, or give it what it lacks."""
        if live.gone and not spec.get("deleted", "-"):
            self._put(name, {"tags": live.tags}, {"createMode": "recover"})
            return
        wanted = {**live.spec, **spec, "tags": {**live.tags, **spec.get("tags", {})}}
        body = {"properties": _properties(wanted), "tags": wanted["tags"]}
        self.azure.call("vaults.vaults", "update", self.azure.group, name, body=body)

    def _put(self, name: str, spec: Json, mode: Json) -> str:
        properties = mode or _properties(spec)
        body: Json = {
            "location": self.azure.account.region, "tags": spec["tags"],
            "properties": {
                "tenantId": self.azure.tenant, "sku": {"family": "A", "name": "standard"}, **properties,
            },
        }  # fmt: skip
        where = (self.azure.group, name)
        return self.azure.begin("vaults.vaults", "begin_create_or_update", *where, body=body)

    def deletion(self, name: str, live: Live) -> Json:
        """It can be restored with all that is in it."""
        return {"recovery_days": live.spec["soft_delete_days"]}

    def delete(self, name: str, how: Json) -> None:
        """It can be restored for so many days."""
        self.azure.call("vaults.vaults", "delete", self.azure.group, name)

    def _id(self, name: str) -> str:
        return vault_id(self.azure, name)


def vault_id(azure: Azure, name: str) -> str:
    """The id of a vault."""
    return f"{azure.group_id}/providers/Microsoft.KeyVault/vaults/{name}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """`Kind` of secrets, `VAULT/NAME`."""

    azure: Azure
    reasons = (
        "the value comes from a file, standard input or a Secret of the cluster, and not from the command line "
        "(az keyvault secret set --value), where the shell's history and every process of the machine would see it",
    )

    def read(self, name: str) -> Live | None:
        """What there is of it but its value."""
        vault, _, named = name.partition("/")
        client = self.azure.secrets(vault)
        try:
            with translated("get secret"):
                found = client.get_secret(named).properties
        except NotFound:
            return self._deleted(name)
        tags = dict(found.tags or {})
        spec: Json = {
            "change": tags.pop(CHANGE, f"version {found.version}"), "deleted": "", "tags": tags,
        }  # fmt: skip
        return Live(f"{found.vault_url}/secrets/{named}", spec, told=f"secret {named} of vault {vault}")

    def _deleted(self, name: str) -> Live | None:
        vault, _, named = name.partition("/")
        try:
            with translated("get deleted secret"):
                found = self.azure.secrets(vault).get_deleted_secret(named)
        except NotFound:
            return None
        until = str(found.scheduled_purge_date or "")
        tags = dict(found.properties.tags or {})
        spec: Json = {"change": tags.pop(CHANGE, ""), "deleted": until, "tags": tags}
        gone = f"it is deleted for good on {until}, and can be restored until then"
        return Live(f"{found.properties.vault_url}/secrets/{named}", spec, gone=gone)

    def create(self, name: str, spec: Json, token: str) -> None:
        """With its first value and its tags, in one request."""
        self._set(name, spec, self._value(name, spec))

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """Restore it, then its value, then its tags."""
        vault, _, named = name.partition("/")
        if live.gone and not spec.get("deleted", "-"):
            with translated("recover secret"):
                self.azure.secrets(vault).begin_recover_deleted_secret(named, retry_total=0).wait()
            return
        wanted = {**live.spec, **spec, "tags": {**live.tags, **spec.get("tags", {})}}
        if wanted["change"] != live.spec["change"]:
            self._set(name, wanted, self._value(name, spec))
        elif wanted["tags"] != live.tags:
            with translated("update secret"):
                tags = {**wanted["tags"], CHANGE: wanted["change"]}
                self.azure.secrets(vault).update_secret_properties(named, tags=tags, retry_total=0)

    def _set(self, name: str, spec: Json, value: str) -> None:
        vault, _, named = name.partition("/")
        with translated("set secret"):
            tags = {**spec["tags"], CHANGE: spec["change"]}
            self.azure.secrets(vault).set_secret(named, value, tags=tags, retry_total=0)

    def _value(self, name: str, spec: Json) -> str:
        """A new value; without one, that of the version which the change made that is wanted again."""
        how = spec.get(HOW) or {}
        if "value" in how:
            return str(how["value"])
        if how.get(GENERATED):
            return password()
        vault, _, named = name.partition("/")
        client = self.azure.secrets(vault)
        with translated("list versions"):
            versions = list(client.list_properties_of_secret_versions(named))
        wanted = str(spec["change"])
        for each in versions:
            if (each.tags or {}).get(CHANGE, f"version {each.version}") == wanted:
                with translated("get secret"):
                    return str(client.get_secret(named, each.version).value)
        raise ToolFailed(f"Secret {named} of vault {vault}: the version that was there before is kept no more.")

    def deletion(self, name: str, live: Live) -> Json:
        """It can be restored as long as the vault keeps what was deleted."""
        vault = Vaults(self.azure).read(name.partition("/")[0])
        return {"recovery_days": vault.spec.get("soft_delete_days", 0) if vault else 0}

    def delete(self, name: str, how: Json) -> None:
        """It can be restored for so many days."""
        vault, _, named = name.partition("/")
        with translated("delete secret"):
            self.azure.secrets(vault).begin_delete_secret(named, retry_total=0).wait()


@dataclass(frozen=True, slots=True)
class Accesses:
    """`Kind` of roles that somebody has on a vault, `VAULT/WHAT/OBJECT-ID`."""

    azure: Azure
    reasons = ("a role for this vault alone, which is taken away by undoing it",)

    def read(self, name: str) -> Live | None:
        """The role that was given, by the name that Desk gives it."""
        vault, role, principal = name.split("/")
        try:
            found = self.azure.call("roles.role_assignments", "get", vault_id(self.azure, vault), _assigned(name))
        except NotFound:
            return None
        said = found["properties"]
        spec: Json = {
            "role": role if str(said["roleDefinitionId"]).endswith(ROLES[role]) else "another",
            "principal": str(said["principalId"]),
            "tags": arm.from_text(said.get("description")),
        }
        return Live(
            f"{found['id']} {said.get('createdOn') or ''}", spec, told=f"{principal} is {role} of vault {vault}"
        )

    def create(self, name: str, spec: Json, token: str) -> None:
        """By a name that is the same each try."""
        vault, role, principal = name.split("/")
        body = {
            "properties": {
                "roleDefinitionId": f"/subscriptions/{self.azure.subscription}/providers/Microsoft.Authorization/"
                f"roleDefinitions/{ROLES[role]}",
                "principalId": principal, "description": arm.as_text(spec["tags"]),
                **({"principalType": spec[HOW]["principal_type"]} if spec.get(HOW) else {}),
            }
        }  # fmt: skip
        where = (vault_id(self.azure, vault), _assigned(name))
        self.azure.call("roles.role_assignments", "create", *where, body=body)

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """A role that was given is not changed. Raises `ToolFailed`."""
        raise ToolFailed(
            f"{name} was given otherwise than Desk gives it. Take it away first (az role assignment delete)."
        )

    def deletion(self, name: str, live: Live) -> Json:
        """Nothing is lost."""
        return {"role": "is taken away"}

    def delete(self, name: str, how: Json) -> None:
        """By its name."""
        vault = vault_id(self.azure, name.partition("/")[0])
        self.azure.call("roles.role_assignments", "delete", vault, _assigned(name))


def _assigned(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"desk-agent/{name}"))


def _properties(spec: Json) -> Json:
    """Purge protection can be had, and never be taken away."""
    protected = {"enablePurgeProtection": True} if spec["purge_protection"] else {}
    rules = [{"value": each} for each in spec["allow"]]
    return {
        "enableRbacAuthorization": spec["rbac"], "enableSoftDelete": True, **protected,
        "softDeleteRetentionInDays": spec["soft_delete_days"],
        "publicNetworkAccess": "Enabled" if rules else "Disabled",
        "networkAcls": {"bypass": "AzureServices", "defaultAction": spec["default"], "ipRules": rules},
    }  # fmt: skip


def password() -> str:
    """One that nobody chooses, of all the kinds of characters that databases ask for."""
    import secrets
    import string

    signs = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    return "".join(
        [*(secrets.choice(each) for each in signs), *(secrets.choice("".join(signs)) for _ in range(33))]
    )


def value(azure: Azure, name: str, key: str) -> bytes:
    """The value of a secret, or of one key of a value that is a JSON object. Raises `ToolFailed` without it."""
    vault, _, named = name.partition("/")
    with translated("get secret"):
        text = str(azure.secrets(vault).get_secret(named).value)
    return value_of_key(named, text, key) if key else text.encode()
