"""Databases of AWS that no one reaches from outside, that are encrypted, backed up, and not deleted by mistake.

| key of an instance's specification | is |
|---|---|
| `engine`, `instance_class`, `storage_gb` | what it is, how large |
| `encrypted`, `public` | true, false: neither can be had otherwise |
| `deletion_protection`, `multi_az`, `backup_days` | protected from deletion; two zones beyond dev |
| `managed_password`, `iam_auth` | the master's password is made and kept by AWS; applications log in with a token |
| `subnet_group`, `security_groups` | where it stands; without them, the account's default VPC |

Sources: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html (RDS.2, RDS.3, RDS.5, RDS.8,
RDS.9, RDS.10, RDS.11, RDS.13, RDS.17), https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html,
checkov CKV_AWS_16, CKV_AWS_17, CKV_AWS_129, CKV_AWS_133, CKV_AWS_157, CKV_AWS_161, CKV_AWS_226, CKV_AWS_293,
CKV2_AWS_60.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tools.cloud.resource import HOW, Live
from tools.cluster.errors import NotFound
from tools.errors import ArgumentsError
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws

INSTANCE = "rds.aws/Instance"
SUBNET_GROUP = "rds.aws/SubnetGroup"
LOGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"postgres": ("postgresql", "upgrade"), "mysql": ("error", "slowquery")}
)
"""Engine -> the logs that go to CloudWatch."""
MASTER = "desk_admin"
"""The master's name: `admin` and `root` are reserved by one engine or the other."""
_NAME = re.compile(r"[a-z](?:-?[a-z0-9]){0,62}")
# Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status
_SETTLED = ("available", "backing-up", "storage-optimization", "storage-config-upgrade", "stopped")
_FAILED = (
    "failed",
    "storage-full",
    "restore-error",
    "inaccessible-encryption-credentials",
    "insufficient-capacity",
)


def check_name(name: str) -> None:
    """Raises `ArgumentsError` for what RDS takes for no name."""
    if not _NAME.fullmatch(name):
        raise ArgumentsError(
            f"{name!r} is no name for a database of RDS. It has up to 63 small letters, digits and single hyphens, "
            "beginning with a "
            "letter and not ending in a hyphen, such as shop-dev."
        )


@dataclass(frozen=True, slots=True)
class Instances:
    """`Kind` of database instances. Making one takes minutes, and outlives whoever asked for it."""

    aws: Aws
    reasons = (
        "encrypted, not public, protected from deletion, backed up, logs to CloudWatch: none of it is the "
        "API's default",
        "AWS makes and keeps the master's password (in Secrets Manager): the usual command has it on the "
        "command line",
    )

    def read(self, name: str) -> Live | None:
        """The instance, and what is being done with it."""
        found = describe(self.aws, name)
        if found is None:
            return None
        status = str(found.get("DBInstanceStatus") or "")
        spec: Json = {
            "engine": found.get("Engine"),
            "instance_class": found.get("DBInstanceClass"),
            "storage_gb": found.get("AllocatedStorage"),
            "encrypted": bool(found.get("StorageEncrypted")),
            "public": bool(found.get("PubliclyAccessible")),
            "deletion_protection": bool(found.get("DeletionProtection")),
            "multi_az": bool(found.get("MultiAZ")),
            "backup_days": int(found.get("BackupRetentionPeriod") or 0),
            "iam_auth": bool(found.get("IAMDatabaseAuthenticationEnabled")),
            "managed_password": bool(found.get("MasterUserSecret")),
            "minor_upgrades": bool(found.get("AutoMinorVersionUpgrade")),
            "logs": sorted(found.get("EnabledCloudwatchLogsExports") or ()),
            "subnet_group": str((found.get("DBSubnetGroup") or {}).get("DBSubnetGroupName") or ""),
            "security_groups": sorted(
                str(each.get("VpcSecurityGroupId")) for each in found.get("VpcSecurityGroups") or ()
            ),
            "tags": {each["Key"]: each["Value"] for each in found.get("TagList") or ()},
        }
        settled = status in _SETTLED
        broken = status in _FAILED or status.startswith("incompatible")
        return Live(
            f"{found['DBInstanceArn']} {found.get('DbiResourceId', '')}",
            spec,
            making="" if settled or broken else status,
            failed=f"RDS says {status}" if broken else "",
            holds="a database",
            told=told(found),
        )

    def create(self, name: str, spec: Json, token: str) -> None:
        """With all of it and its tags, in one request."""
        group = {"DBSubnetGroupName": spec["subnet_group"]} if "subnet_group" in spec else {}
        firewall = {"VpcSecurityGroupIds": spec["security_groups"]} if "security_groups" in spec else {}
        version = spec.get(HOW, {}).get("engine_version")
        self.aws.call(
            "rds", "create_db_instance", DBInstanceIdentifier=name, Engine=spec["engine"],
            DBInstanceClass=spec["instance_class"], AllocatedStorage=spec["storage_gb"], StorageType="gp3",
            StorageEncrypted=spec["encrypted"], PubliclyAccessible=spec["public"],
            DeletionProtection=spec["deletion_protection"], MultiAZ=spec["multi_az"],
            BackupRetentionPeriod=spec["backup_days"], EnableIAMDatabaseAuthentication=spec["iam_auth"],
            ManageMasterUserPassword=True, MasterUsername=MASTER, CopyTagsToSnapshot=True,
            AutoMinorVersionUpgrade=spec["minor_upgrades"], EnableCloudwatchLogsExports=spec["logs"],
            Tags=_listed(spec["tags"]), **group, **firewall, **({"EngineVersion": version} if version else {}),
        )  # fmt: skip

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """What can be changed of a running one; RDS refuses the rest, and says so."""
        names = {
            "instance_class": "DBInstanceClass", "storage_gb": "AllocatedStorage", "public": "PubliclyAccessible",
            "deletion_protection": "DeletionProtection", "multi_az": "MultiAZ",
            "backup_days": "BackupRetentionPeriod",
            "iam_auth": "EnableIAMDatabaseAuthentication", "managed_password": "ManageMasterUserPassword",
            "minor_upgrades": "AutoMinorVersionUpgrade", "security_groups": "VpcSecurityGroupIds",
        }  # fmt: skip
        lacks = {names[key]: value for key, value in spec.items() if key in names and live.spec.get(key) != value}
        fixed = [
            key
            for key in ("engine", "encrypted", "subnet_group")
            if spec.get(key, live.spec[key]) != live.spec[key]
        ]
        if fixed:
            raise ArgumentsError(
                f"Of database {name}, {', '.join(fixed)} cannot be changed. Make one of another name, and "
                "move the data."
            )
        if logs := sorted(set(spec.get("logs", ())) - set(live.spec["logs"])):
            lacks["CloudwatchLogsExportConfiguration"] = {"EnableLogTypes": logs}
        if lacks:
            self.aws.call("rds", "modify_db_instance", DBInstanceIdentifier=name, ApplyImmediately=True, **lacks)
        if not spec.get("tags", {}).items() <= live.tags.items():
            arn = live.uid.partition(" ")[0]
            self.aws.call("rds", "add_tags_to_resource", ResourceName=arn, Tags=_listed(spec["tags"]))

    def deletion(self, name: str, live: Live) -> Json:
        """With a last snapshot, which can be restored, and its automated backups kept."""
        same = hashlib.sha256(live.uid.encode()).hexdigest()[:8]
        return {"final_snapshot": f"{name}-final-{same}", "automated_backups": "are kept"}

    def delete(self, name: str, how: Json) -> None:
        """The protection is taken off first: somebody has approved it."""
        self.aws.call(
            "rds", "modify_db_instance", DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True
        )
        self.aws.call(
            "rds", "delete_db_instance", DBInstanceIdentifier=name, SkipFinalSnapshot=False,
            FinalDBSnapshotIdentifier=how["final_snapshot"], DeleteAutomatedBackups=False,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SubnetGroups:
    """`Kind` of groups of subnets that a database may stand in."""

    aws: Aws
    reasons = ()

    def read(self, name: str) -> Live | None:
        """The group, with its subnets in the order of their ids."""
        try:
            (found,) = self.aws.call("rds", "describe_db_subnet_groups", DBSubnetGroupName=name)["DBSubnetGroups"]
        except NotFound:
            return None
        arn = found["DBSubnetGroupArn"]
        tags = self.aws.call("rds", "list_tags_for_resource", ResourceName=arn)["TagList"]
        subnets = sorted(each["SubnetIdentifier"] for each in found.get("Subnets") or ())
        named = {each["Key"]: each["Value"] for each in tags}
        return Live(f"{arn} {named.get('session', '')}", {"subnets": subnets, "tags": named})

    def create(self, name: str, spec: Json, token: str) -> None:
        """With its tags."""
        self.aws.call(
            "rds", "create_db_subnet_group", DBSubnetGroupName=name, SubnetIds=spec["subnets"],
            DBSubnetGroupDescription="made by Desk", Tags=_listed(spec["tags"]),
        )  # fmt: skip

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """Other subnets, and tags."""
        if spec["subnets"] != live.spec["subnets"]:
            self.aws.call("rds", "modify_db_subnet_group", DBSubnetGroupName=name, SubnetIds=spec["subnets"])
        if not spec.get("tags", {}).items() <= live.tags.items():
            arn = live.uid.partition(" ")[0]
            self.aws.call("rds", "add_tags_to_resource", ResourceName=arn, Tags=_listed(spec["tags"]))

    def deletion(self, name: str, live: Live) -> Json:
        """RDS refuses it as long as a database stands in it."""
        return {"only_if": "no database stands in it"}

    def delete(self, name: str, how: Json) -> None:
        """It holds no data."""
        self.aws.call("rds", "delete_db_subnet_group", DBSubnetGroupName=name)


def describe(aws: Aws, name: str) -> Json | None:
    """The instance as RDS tells it; None where there is none."""
    try:
        found: Json = aws.call("rds", "describe_db_instances", DBInstanceIdentifier=name)["DBInstances"][0]
    except NotFound:
        return None
    return found


def told(found: Json) -> str:
    """Where it is reached, and where the master's password is."""
    endpoint = found.get("Endpoint") or {}
    secret = (found.get("MasterUserSecret") or {}).get("SecretArn")
    parts = [
        f"at {endpoint['Address']}:{endpoint.get('Port')}" if endpoint.get("Address") else "it has no address yet",
        f"the master {found.get('MasterUsername')} logs in with secret {secret}" if secret else "",
    ]
    return f"database {found['DBInstanceIdentifier']}: {'; '.join(filter(None, parts))}"


def _listed(tags: Mapping[str, str]) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
