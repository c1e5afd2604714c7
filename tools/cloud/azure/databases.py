"""PostgreSQL and MySQL of Azure: flexible servers that no one reaches from outside, and the addresses that may.

| key of a server's specification | is |
|---|---|
| `sku`, `tier`, `storage_gb`, `version` | how large, and what it is |
| `public` | false, or true once an address was named |
| `backup_days`, `geo_backup` | how long backups are kept; in a second region, too, beyond dev |
| `high_availability` | a second server in another zone beyond dev |
| `subnet` | the subnet it stands in; empty: it is reached by private endpoints |
| of a rule: `start`, `end` | the addresses that may come in |

The administrator's password is one that nobody chooses: it is a secret of a key vault, and read there when the
server is made. Sources: https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-networking-private
and security-firewall-rules there, checkov CKV_AZURE_53, CKV_AZURE_68 (public access), CKV_AZURE_94, CKV_AZURE_136
(geo-redundant backup), CKV2_AZURE_26 (no rule from 0.0.0.0 to 255.255.255.255).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from tools.cloud.azure import arm, keyvault
from tools.cloud.resource import HOW, Live
from tools.cluster.errors import NotFound
from tools.errors import ArgumentsError, ToolFailed
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.azure.client import Azure

POSTGRES = "postgresql.azure/Server"
POSTGRES_RULE = "postgresql.azure/FirewallRule"
MYSQL = "mysql.azure/Server"
MYSQL_RULE = "mysql.azure/FirewallRule"
ADMIN = "desk_admin"
"""The administrator's name: admin, root and azure_superuser are reserved."""
PORTS: Mapping[str, int] = MappingProxyType({"postgres": 5432, "mysql": 3306})
SERVERS: Mapping[str, str] = MappingProxyType({"postgres": POSTGRES, "mysql": MYSQL})
"""Engine -> the kind of its servers."""
RULES: Mapping[str, str] = MappingProxyType({"postgres": POSTGRES_RULE, "mysql": MYSQL_RULE})
"""Engine -> the kind of its firewall rules."""
CREATES: Mapping[str, str] = MappingProxyType({"postgres": "begin_create_or_update", "mysql": "begin_create"})
SECRET_NAME = "secret_name"  # noqa: S105  a key
"""Of how a server is made: the secret of a key vault, VAULT/SECRET, that is its administrator's password.

A word that reads as a secret would be masked in the journal, and the plan could not be gone on with from there."""
_NAME = re.compile(r"[a-z](?:-?[a-z0-9]){2,62}")


def check_name(name: str) -> None:
    """Raises `ArgumentsError` for what Azure takes for no name of a server."""
    if not _NAME.fullmatch(name) or len(name) > 63:
        raise ArgumentsError(
            f"{name!r} is no name for a database: 3 to 63 small letters, digits and single hyphens, beginning with "
            "a letter. All subscriptions share one space of names: take the company's into it: acme-shop-dev."
        )


def found(azure: Azure, engine: str, name: str) -> Json | None:
    """The server as Azure tells it; None where there is none."""
    try:
        return azure.call(f"{engine}.servers", "get", azure.group, name)
    except NotFound:
        return None


@dataclass(frozen=True, slots=True)
class Servers:
    """`Kind` of flexible servers of one engine. Making one takes minutes, and outlives whoever asked for it."""

    azure: Azure
    engine: str
    reasons: ClassVar[tuple[str, ...]] = (
        "nobody reaches it from outside; the usual firewall rule (0.0.0.0 to 255.255.255.255) lets all of the "
        "internet try passwords, and 0.0.0.0 alone whatever runs in Azure",
        "the administrator's password is made and kept in a key vault: usually it is on the command line",
    )

    def read(self, name: str) -> Live | None:
        """The server, and what is being done with it."""
        server = found(self.azure, self.engine, name)
        if server is None:
            return None
        said, network = server["properties"], server["properties"].get("network") or {}
        backup, storage = said.get("backup") or {}, said.get("storage") or {}
        spec: Json = {
            "sku": str((server.get("sku") or {}).get("name") or ""),
            "tier": str((server.get("sku") or {}).get("tier") or ""),
            "storage_gb": int(storage.get("storageSizeGB") or 0),
            "version": str(said.get("version") or ""),
            "public": network.get("publicNetworkAccess") == "Enabled",
            "subnet": str(network.get("delegatedSubnetResourceId") or ""),
            "backup_days": int(backup.get("backupRetentionDays") or 0),
            "geo_backup": backup.get("geoRedundantBackup") == "Enabled",
            "high_availability": (said.get("highAvailability") or {}).get("mode") == "ZoneRedundant",
            "tags": server.get("tags") or {},
        }
        state = said.get("provisioningState") or said.get("state")
        return Live(
            arm.uid(server), spec, making=arm.making(state), failed=arm.failed(state), holds="a database",
            told=f"database {name}: at {said.get('fullyQualifiedDomainName')}:{PORTS[self.engine]}, administrator "
            f"{said.get('administratorLogin')}",
        )  # fmt: skip

    def create(self, name: str, spec: Json, token: str) -> str:
        """With all of it, in one request; the password is read from its key vault now."""
        how = spec[HOW]
        password = keyvault.value(self.azure, how[SECRET_NAME], "").decode()
        zone = how.get("private_dns_zone")
        network: Json = {"publicNetworkAccess": "Enabled" if spec["public"] else "Disabled"}
        if spec.get("subnet"):
            key = "privateDnsZoneArmResourceId" if self.engine == "postgres" else "privateDnsZoneResourceId"
            network = {"delegatedSubnetResourceId": spec["subnet"], key: zone}
        body: Json = {
            "location": self.azure.account.region, "tags": spec["tags"],
            "sku": {"name": spec["sku"], "tier": spec["tier"]},
            "properties": {
                "administratorLogin": ADMIN, "administratorLoginPassword": password, "version": spec["version"],
                "createMode": "Default" if self.engine == "mysql" else "Create", "network": network,
                **_properties(spec),
            },
        }  # fmt: skip
        return self.azure.begin(f"{self.engine}.servers", CREATES[self.engine], self.azure.group, name, body=body)

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """What can be changed of one that is there. Raises `ArgumentsError` for the rest."""
        fixed = [
            key for key in ("version", "subnet", "geo_backup") if spec.get(key, live.spec[key]) != live.spec[key]
        ]
        if fixed:
            raise ArgumentsError(
                f"Of database {name}, {', '.join(fixed)} cannot be changed. Make one of another name, and move "
                "the data."
            )
        wanted = {**live.spec, **spec, "tags": {**live.tags, **spec.get("tags", {})}}
        network = {"publicNetworkAccess": "Enabled" if wanted["public"] else "Disabled"}
        body: Json = {
            "sku": {"name": wanted["sku"], "tier": wanted["tier"]}, "tags": wanted["tags"],
            "properties": {**_properties(wanted), **({} if wanted["subnet"] else {"network": network})},
        }  # fmt: skip
        self.azure.begin(f"{self.engine}.servers", "begin_update", self.azure.group, name, body=body)

    def deletion(self, name: str, live: Live) -> Json:
        """Azure keeps the backups of a deleted server for five days only: that is losing data, and not done."""
        raise ToolFailed(
            f"Database {name} holds data, and Azure forgets it five days after its deletion: it is not undone by "
            "deleting it. Nothing was changed. Next: dump it (pg_dump, mysqldump), then delete it yourself (az "
            f"{self.engine} flexible-server delete --name {name})."
        )

    def delete(self, name: str, how: Json) -> None:
        """Never asked for."""
        raise LookupError("a database is not deleted")


@dataclass(frozen=True, slots=True)
class FirewallRules:
    """`Kind` of the rules of a server's firewall, `SERVER/RULE`. They have the tags of their server."""

    azure: Azure
    engine: str
    reasons: ClassVar[tuple[str, ...]] = ("only named addresses come in; 0.0.0.0 would be all of Azure",)

    def read(self, name: str) -> Live | None:
        """The rule, with the tags of its server."""
        try:
            rule = self.azure.call(f"{self.engine}.firewall_rules", "get", self.azure.group, *name.split("/"))
        except NotFound:
            return None
        server = found(self.azure, self.engine, name.partition("/")[0]) or {}
        said = rule["properties"]
        spec: Json = {
            "start": said.get("startIpAddress"), "end": said.get("endIpAddress"), "tags": server.get("tags") or {},
        }  # fmt: skip
        return Live(
            arm.uid(rule), spec, told=f"{spec['start']} to {spec['end']} may reach {name.partition('/')[0]}"
        )

    def create(self, name: str, spec: Json, token: str) -> str:
        """One range of addresses."""
        body = {"properties": {"startIpAddress": spec["start"], "endIpAddress": spec["end"]}}
        where = (self.azure.group, *name.split("/"))
        return self.azure.begin(f"{self.engine}.firewall_rules", "begin_create_or_update", *where, body=body)

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """Other addresses."""
        self.create(name, {**live.spec, **spec}, "")

    def deletion(self, name: str, live: Live) -> Json:
        """Who came in by it comes in no more."""
        return {"addresses": "are let in no more"}

    def delete(self, name: str, how: Json) -> None:
        """At once."""
        self.azure.begin(f"{self.engine}.firewall_rules", "begin_delete", self.azure.group, *name.split("/"))


def _properties(spec: Json) -> Json:
    """What can be said when it is made, and later."""
    return {
        "storage": {"storageSizeGB": spec["storage_gb"], "autoGrow": "Enabled"},
        "backup": {
            "backupRetentionDays": spec["backup_days"],
            "geoRedundantBackup": "Enabled" if spec["geo_backup"] else "Disabled",
        },
        "highAvailability": {"mode": "ZoneRedundant" if spec["high_availability"] else "Disabled"},
    }  # fmt: skip
