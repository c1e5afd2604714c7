"""Databases in Azure: make one, let an address in, see how it is and where it is reached, and why it is not."""

from __future__ import annotations

import hashlib
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Annotated, Literal, Unpack
from uuid import UUID

from pydantic import Field

from tools.azure.account import azure_of, ours, refuse_deleted
from tools.changes.clouds import cloud_change
from tools.changes.plan import Change, Plan, Step
from tools.cloud.azure import arm, keyvault
from tools.cloud.azure import databases as api
from tools.cloud.connect import AZURE
from tools.cloud.resource import HOW
from tools.clouds.links import Link, address_of, dns, policies, told
from tools.clouds.owner import Owner, Reason, environment_of, owner_tags, said_tags
from tools.cluster.namespaces import refuse_unless_there
from tools.cluster.resources import ObjectRef
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.azure.client import Azure

Database = Annotated[str, Field(min_length=1, max_length=63, description="The database's name: acme-shop-dev.")]
Engine = Annotated[Literal["postgres", "mysql"], Field(description="Which database it is.")]
_ID = r"^/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[^/]+/providers/Microsoft\.Network/"
SIZES = {"dev": ("Standard_B1ms", "Burstable")}
"""Environment -> sku and tier; elsewhere `SIZE_ELSEWHERE`, for a burstable one has no second zone."""
SIZE_ELSEWHERE = ("Standard_D2ds_v4", "GeneralPurpose")
VERSIONS = {"postgres": "16", "mysql": "8.0.21"}
BACKUP_DAYS = {"dev": 7}
BACKUP_DAYS_ELSEWHERE = 14


def create_azure_database(
    context: ToolContext,
    *,
    engine: Engine,
    database: Database,
    vault: Annotated[
        str, Field(max_length=24, description="Key vault of Desk's that keeps the administrator's password.")
    ],
    engine_version: Annotated[
        str | None, Field(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2}){0,2}$", description="Without it, a usual one.")
    ] = None,
    storage_gb: Annotated[int, Field(ge=32, le=16_384, description="GiB.")] = 32,
    subnet: Annotated[
        str | None, Field(pattern=_ID + "virtualNetworks/", max_length=300, description="Id of its own subnet.")
    ] = None,
    private_dns_zone: Annotated[
        str | None,
        Field(pattern=_ID + "privateDnsZones/", max_length=300, description="Id of the zone for its name."),
    ] = None,
    single_zone_because: Annotated[
        Reason | None, Field(description="Why one zone is enough beyond dev; without it, it is two.")
    ] = None,
    **owner: Unpack[Owner],
) -> Plan:
    """Make a PostgreSQL or MySQL server in Azure, or bring one that Desk made up to this. A person approves it.

    Nobody reaches it from outside (checkov CKV_AZURE_68, CKV_AZURE_53), it is backed up, in two zones beyond dev.
    Its administrator's password is made in a key vault and seen by nobody; deliver_key_vault_secret has it in a
    namespace. It takes some ten minutes.
    """
    api.check_name(database)
    if bool(subnet) != bool(private_dns_zone):
        raise ArgumentsError(
            "A subnet and a private DNS zone go together: give both, or none for private endpoints."
        )
    azure, tags = azure_of(context), owner_tags(context, owner)
    environment = tags["environment"]
    is_dev = environment == "dev"
    sku, tier = SIZES.get(environment, SIZE_ELSEWHERE)
    kind, secret = api.SERVERS[engine], f"{vault}/{database}-admin"
    spec: Json = {
        "sku": sku, "tier": tier, "storage_gb": storage_gb,
        "backup_days": BACKUP_DAYS.get(environment, BACKUP_DAYS_ELSEWHERE), "geo_backup": not is_dev,
        "high_availability": not is_dev and single_zone_because is None,
        "version": engine_version or VERSIONS[engine], **({"subnet": subnet} if subnet else {}), "tags": tags,
        HOW: {api.SECRET_NAME: secret, "private_dns_zone": private_dns_zone},
    }  # fmt: skip
    there = azure.kind(kind).read(database)
    if there is None:  # of one that is there it stays as it is: an address may have been let in
        spec["public"] = False
    because = f", in one zone because {single_zone_because}" if single_zone_because else ""
    change = cloud_change(AZURE, azure, kind, database, spec)
    steps = [Step(f"database {database} in {azure.account.place}{because}", (change,))]
    if there is None:
        steps.insert(
            0, Step(f"password of {database} in key vault {vault}", (_password(context, azure, secret, tags),))
        )
    return Plan(
        f"make {engine} database {database} ({sku}) in {azure.account.place}{because}", tuple(steps),
        subjects=(ObjectRef(change.target.api_version, change.target.kind, None, database),),
    )  # fmt: skip


def allow_azure_address(
    context: ToolContext,
    *,
    engine: Engine,
    database: Database,
    rule: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$", description="What it is for: office.")],
    addresses: Annotated[str, Field(max_length=18, description="Public addresses: 203.0.113.7, 203.0.113.0/28.")],
    because: Annotated[Reason, Field(description="Why they have to come in from outside.")],
) -> Plan:
    """Let named public addresses reach a database of Azure, by a firewall rule. A person approves it.

    All of the internet and all of Azure (0.0.0.0) are refused (checkov CKV2_AZURE_26).
    """
    found = IPv4Network(arm.checked_range(addresses))
    azure = azure_of(context)
    live = ours(azure, api.SERVERS[engine], database, f"desk cloud azure {engine} create {database}")
    if live.spec["subnet"]:
        raise ToolFailed(
            f"Database {database} stands in a subnet, and has no address outside. Work from within that network."
        )
    tags = environment_of(live)
    body: Json = {"start": str(found[0]), "end": str(found[-1]), "tags": tags}
    changes = (
        cloud_change(AZURE, azure, api.SERVERS[engine], database, {"public": True, "tags": tags}),
        cloud_change(AZURE, azure, api.RULES[engine], f"{database}/{rule}", body),
    )
    summary = f"let {addresses} reach {engine} database {database} in {azure.account.place} because {because}"
    subjects = [ObjectRef(each.target.api_version, each.target.kind, None, each.target.name) for each in changes]
    return Plan(summary, (Step(summary, changes),), subjects=tuple(subjects))


def azure_databases(
    context: ToolContext,
    *,
    engine: Engine,
    database: Annotated[str | None, Field(max_length=63, description="One database; without it, all.")] = None,
) -> Result:
    """The databases of Azure of an engine with their guardrails and tags; of one, its address, rules and state."""
    azure = azure_of(context)
    kind = azure.kind(api.SERVERS[engine])
    if database is not None:
        if (live := kind.read(database)) is None:
            raise ToolFailed(f"There is no {engine} database {database} in Azure {azure.account.place}.")
        lines = [live.told, live.making or live.failed or "available"]
        lines += [f"{key}: {value}" for key, value in live.spec.items() if key != "tags"]
        lines += [f"rule {name}: {start} to {end}" for name, start, end in _rules(azure, engine, database)]
        return Result("\n".join([*lines, said_tags(live.tags)]), {"database": {"name": database, **live.spec}})
    lister = "list_by_resource_group"
    names = sorted(each["name"] for each in azure.listed(f"{engine}.servers", lister, azure.group))
    found = {name: live for name in names if (live := kind.read(name)) is not None}
    lines = [
        f"{name}  {live.spec['version']}  {live.making or live.failed or 'available'}  "
        f"{'named addresses' if live.spec['public'] else 'not public'}  {said_tags(live.tags)}"
        for name, live in found.items()
    ]
    data = {"databases": [{"name": name, **live.spec} for name, live in found.items()]}
    return Result("\n".join([f"{len(names)} {engine} databases in Azure {azure.account.place}", *lines]), data)


def why_no_azure_database(
    context: ToolContext,
    *,
    engine: Engine,
    database: Database,
    namespace: Namespace,
    pod: Annotated[Name | None, Field(description="The pod that cannot reach it.")] = None,
) -> Result:
    """Find out why a namespace cannot reach its database in Azure: state, DNS, firewall, network policies."""
    azure, cluster = azure_of(context), context.cluster
    refuse_unless_there(cluster, namespace)
    found = api.found(azure, engine, database)
    live = azure.kind(api.SERVERS[engine]).read(database)
    if found is None or live is None:
        raise ToolFailed(f"There is no {engine} database {database} in Azure {azure.account.place}.")
    host = str(found["properties"].get("fullyQualifiedDomainName") or "")
    address = address_of(host)
    labels = cluster.get("Pod", pod, namespace)["metadata"].get("labels") or {} if pod else {}
    links = [
        _state(engine, database, found),
        dns(host, address),
        _firewall(azure, engine, database, live.spec),
        policies(cluster, namespace, labels, address, api.PORTS[engine]),
    ]
    return told(f"database {database} from {namespace}", links)


def _state(engine: str, database: str, found: Json) -> Link:
    state = str(found["properties"].get("state") or found["properties"].get("provisioningState") or "unknown")
    if state == "Stopped":
        start = f"az {engine} flexible-server start --name {database}"
        return Link("state", "broken", "it is stopped", start)
    is_well = state in ("Ready", "Succeeded")
    return Link(
        "state", "ok" if is_well else "broken", f"Azure says {state}", "" if is_well else "wait, or ask Azure"
    )


def _firewall(azure: Azure, engine: str, database: str, spec: Json) -> Link:
    """Who may come in. With which address pods leave the cluster, only its own network knows."""
    if spec["subnet"]:
        subnet = str(spec["subnet"]).rpartition("/")[2]
        return Link(
            "firewall", "unknown", f"it stands in subnet {subnet}: the cluster's network has to be joined to that"
        )
    if not spec["public"]:
        return Link(
            "firewall", "unknown", "only private endpoints come in: the cluster's network needs one",
            "ask who runs the network for a private endpoint, never for 0.0.0.0",
        )  # fmt: skip
    rules = _rules(azure, engine, database)
    if not rules:
        return Link(
            "firewall", "broken", "it has an address outside, and no rule lets anybody in",
            f"desk cloud azure {engine} allow {database} RULE ADDRESS BECAUSE",
        )  # fmt: skip
    said = ", ".join(f"{start} to {end} ({name})" for name, start, end in rules)
    return Link("firewall", "unknown", f"it lets in {said}: is the cluster's outgoing address among them?")


def _rules(azure: Azure, engine: str, database: str) -> list[tuple[str, str, str]]:
    rules = azure.listed(f"{engine}.firewall_rules", "list_by_server", azure.group, database)
    return [
        (each["name"], each["properties"]["startIpAddress"], each["properties"]["endIpAddress"]) for each in rules
    ]


def _password(context: ToolContext, azure: Azure, secret: str, tags: dict[str, str]) -> Change:
    """The secret with a password that nobody chooses; one that is there already stays as it is."""
    vault = secret.partition("/")[0]
    ours(azure, keyvault.VAULT, vault, f"desk cloud azure keyvault create {vault}")
    live = azure.kind(keyvault.SECRET).read(secret)
    if live is not None:
        refuse_deleted(secret, live)
        return cloud_change(AZURE, azure, keyvault.SECRET, secret, {"tags": environment_of(live)})
    same = hashlib.sha256(f"{context.session}\n{secret}".encode()).digest()
    spec: Json = {"change": str(UUID(bytes=same[:16], version=4)), "tags": tags, HOW: {keyvault.GENERATED: True}}
    return cloud_change(AZURE, azure, keyvault.SECRET, secret, spec)
