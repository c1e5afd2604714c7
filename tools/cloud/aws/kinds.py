"""The kinds of AWS that Desk makes, by their names in a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tools.cloud.aws import ecr, rds, s3, secrets_manager
from tools.cloud.files import FILE, Files

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws
    from tools.cloud.resource import Kind


def kind(aws: Aws, name: str) -> Kind:
    """The kind of this name; raises `LookupError` where there is none."""
    made: Mapping[str, Callable[[Aws], Kind]] = {
        ecr.REPOSITORY: ecr.Repositories,
        ecr.SCAN: ecr.Scans,
        s3.BUCKET: s3.Buckets,
        s3.OBJECT: s3.Objects,
        secrets_manager.SECRET: secrets_manager.Secrets,
        rds.INSTANCE: rds.Instances,
        rds.SUBNET_GROUP: rds.SubnetGroups,
        FILE: Files,
    }
    return made[name](aws)


def value(aws: Aws, kind: str, name: str, key: str) -> bytes:
    """A secret value of a kind; raises `LookupError` for a kind that has none."""
    read: Mapping[str, Callable[[Aws, str, str], bytes]] = {
        ecr.LOGIN: ecr.login,
        s3.SIGNED_URL: s3.signed_url,
        secrets_manager.VALUE: secrets_manager.value,
    }
    return read[kind](aws, name, key)
