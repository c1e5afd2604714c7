"""Databases in AWS: make one, see how it is and where it is reached."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal, Unpack

from pydantic import Field

from tools.aws import claims
from tools.aws.account import aws_of
from tools.changes.clouds import cloud_change
from tools.changes.plan import Plan, Step
from tools.cloud.aws import rds
from tools.cloud.connect import AWS
from tools.cloud.resource import HOW
from tools.clouds.claims import AsClaim, claimed
from tools.clouds.owner import Owner, Reason, owner_tags, said_tags
from tools.cluster.resources import ObjectRef
from tools.errors import ToolFailed
from tools.frame import Result, ToolContext
from tools.json import Json

Database = Annotated[str, Field(max_length=63, description="The database's name: shop-dev.")]
Subnet = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]
SecurityGroup = Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")]
BACKUP_DAYS = {"dev": 7}
"""Environment -> how long backups are kept; elsewhere `BACKUP_DAYS_ELSEWHERE`. checkov CKV_AWS_133; RDS.11: 7."""
BACKUP_DAYS_ELSEWHERE = 14


def create_rds_database(
    context: ToolContext,
    *,
    database: Database,
    engine: Annotated[Literal["postgres", "mysql"], Field(description="Which database it is.")] = "postgres",
    engine_version: Annotated[
        str | None, Field(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2}){0,2}$", description="Without it, AWS' default.")
    ] = None,
    instance_class: Annotated[
        str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$", description="How large.")
    ] = "db.t4g.micro",
    storage_gb: Annotated[int, Field(ge=20, le=16_384, description="GiB.")] = 20,
    subnets: Annotated[
        list[Subnet] | None, Field(min_length=2, max_length=20, description="Of two zones at least, for a group.")
    ] = None,
    security_groups: Annotated[
        list[SecurityGroup] | None, Field(min_length=1, max_length=5, description="Who may reach it.")
    ] = None,
    single_zone_because: Annotated[
        Reason | None, Field(description="Why one zone is enough beyond dev; without it, it is two.")
    ] = None,
    as_claim: AsClaim = False,
    **owner: Unpack[Owner],
) -> Plan:
    """Make a database in Amazon RDS, or bring one that Desk made up to this. A person approves it.

    It is encrypted, not public, backed up and protected from deletion, in two zones beyond dev. AWS makes and keeps
    the master's password; deliver_aws_secret has it in a namespace. It takes some ten minutes.
    """
    rds.check_name(database)
    aws, tags = aws_of(context), owner_tags(context, owner)
    environment = tags["environment"]
    spec: Json = {
        "engine": engine, "instance_class": instance_class, "storage_gb": storage_gb, "encrypted": True,
        "public": False, "deletion_protection": True,
        "multi_az": environment != "dev" and single_zone_because is None,
        "backup_days": BACKUP_DAYS.get(environment, BACKUP_DAYS_ELSEWHERE), "iam_auth": True,
        "managed_password": True, "minor_upgrades": True, "logs": sorted(rds.LOGS[engine]),
        **({"security_groups": sorted(security_groups)} if security_groups else {}),
        **({"subnet_group": database} if subnets else {}),
        **({HOW: {"engine_version": engine_version}} if engine_version else {}),
        "tags": tags,
    }  # fmt: skip
    because = f", in one zone because {single_zone_because}" if single_zone_because else ""
    if as_claim:
        what = f"RDS database {database} ({engine}, {instance_class}) in {aws.region}{because}"
        render = partial(claims.database, aws, database, sorted(set(subnets or ())))
        return claimed(context, owner, database, what, spec, render)
    steps = []
    if subnets:
        group = cloud_change(AWS, aws, rds.SUBNET_GROUP, database, {"subnets": sorted(set(subnets)), "tags": tags})
        steps.append(Step(f"subnet group {database} in {aws.account.place}", (group,)))
    change = cloud_change(AWS, aws, rds.INSTANCE, database, spec)
    steps.append(Step(f"database {database} in {aws.account.place}{because}", (change,)))
    subject = ObjectRef(change.target.api_version, change.target.kind, None, database)
    return Plan(
        f"make RDS database {database} ({engine}, {instance_class}) in {aws.account.place}{because}",
        tuple(steps),
        subjects=(subject,),
    )


def rds_databases(
    context: ToolContext,
    *,
    database: Annotated[str | None, Field(max_length=63, description="One database; without it, all.")] = None,
) -> Result:
    """The databases of Amazon RDS with their guardrails and tags; of one, its endpoint, state, master's secret."""
    aws = aws_of(context)
    kind = aws.kind(rds.INSTANCE)
    if database is not None:
        if (live := kind.read(database)) is None:
            raise ToolFailed(f"There is no database {database} in RDS of {aws.account.place}.")
        lines = [live.told, live.making or live.failed or "available"]
        lines += [f"{key}: {value}" for key, value in live.spec.items() if key != "tags"]
        return Result("\n".join([*lines, said_tags(live.tags)]), {"database": {"name": database, **live.spec}})
    names = sorted(
        each["DBInstanceIdentifier"] for each in aws.pages("rds", "describe_db_instances", "DBInstances")
    )
    found = {name: live for name in names if (live := kind.read(name)) is not None}
    lines = [
        f"{name}  {live.spec['engine']}  {live.making or live.failed or 'available'}  "
        f"{'public' if live.spec['public'] else 'not public'}  {said_tags(live.tags)}"
        for name, live in found.items()
    ]
    data = {"databases": [{"name": name, **live.spec} for name, live in found.items()]}
    return Result("\n".join([f"{len(names)} databases in RDS of {aws.account.place}", *lines]), data)
