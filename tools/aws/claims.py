"""What is made in AWS, as objects of which a controller of the cluster makes it, with the same guardrails.

| controller | kinds |
|---|---|
| ACK | `SERVICE.services.k8s.aws`; it keeps what its object is deleted of by an annotation |
| Crossplane | `SERVICE.aws.m.upbound.io`, those of a namespace; it keeps it for want of the policy `Delete` |

Crossplane's older kinds, `SERVICE.aws.upbound.io`, are the whole cluster's, and the platform's to make. Pure.
Sources: https://aws-controllers-k8s.github.io/community/docs/user-docs/deletion-policy/,
https://docs.crossplane.io/latest/managed-resources/managed-resources/#managementpolicies
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

from tools.cloud.aws import ecr, rds, s3
from tools.cloud.resource import HOW
from tools.clouds.claims import Claim
from tools.json import Json

ACK = "ACK"
CROSSPLANE = "Crossplane"
Claims = Mapping[str, tuple[Claim, ...]]


class Where(Protocol):
    """Where in AWS, as it is known without credentials."""

    @property
    def region(self) -> str: ...
    @property
    def partition(self) -> str: ...


def repository(where: Where, name: str, spec: Json) -> Claims:
    """An ECR repository, as `tools.cloud.aws.ecr` specifies it."""
    key = {"kmsKey": spec["kms_key"]} if "kms_key" in spec else {}
    encryption = {"encryptionType": spec["encryption"], **key}
    lifecycle = json.dumps(ecr.lifecycle(spec["keep_images"], spec["untagged_days"]))
    like = {
        "imageTagMutability": spec["tag_mutability"],
        "imageScanningConfiguration": {"scanOnPush": spec["scan_on_push"]},
    }
    return {
        ACK: (
            _ack(where, "ecr", "Repository", {
                "name": name, **like, "encryptionConfiguration": encryption, "lifecyclePolicy": lifecycle,
                "tags": _listed(spec["tags"]),
            }),
        ),
        CROSSPLANE: (
            _crossplane(
                where, "ecr", "Repository",
                {**like, "encryptionConfiguration": [encryption], "tags": spec["tags"]}, name,
            ),
            _crossplane(where, "ecr", "LifecyclePolicy", {"repository": name, "policy": lifecycle}),
        ),
    }  # fmt: skip


def bucket(where: Where, name: str, spec: Json) -> Claims:
    """An S3 bucket, as `tools.cloud.aws.s3` specifies it."""
    policy = json.dumps(s3.policy(name, where.partition))
    days, abort_days = spec["noncurrent_days"], spec["abort_uploads_days"]
    old, unfinished = {"noncurrentDays": days}, {"daysAfterInitiation": abort_days}
    rule = {"id": s3.RULE, "status": "Enabled"}
    algorithm, own = {"sseAlgorithm": spec["encryption"]}, spec.get("kms_key")
    ack_key, key = ({"kmsMasterKeyID": own}, {"kmsMasterKeyId": own}) if own else ({}, {})

    def part(kind: str, like: Json) -> Claim:
        return _crossplane(where, "s3", kind, {"bucket": name, **like})

    return {
        ACK: (
            _ack(where, "s3", "Bucket", {
                "name": name, "policy": policy, "versioning": {"status": spec["versioning"]},
                "publicAccessBlock": {
                    "blockPublicACLs": True, "blockPublicPolicy": True, "ignorePublicACLs": True,
                    "restrictPublicBuckets": True,
                },
                "encryption": {"rules": [
                    {"applyServerSideEncryptionByDefault": {**algorithm, **ack_key}}
                ]},
                "lifecycle": {"rules": [{
                    **rule, "filter": {"prefix": ""}, "noncurrentVersionExpiration": old,
                    "abortIncompleteMultipartUpload": unfinished,
                }]},
                "tagging": {"tagSet": _listed(spec["tags"])},
            }),
        ),
        CROSSPLANE: (
            _crossplane(where, "s3", "Bucket", {"tags": spec["tags"]}, name),
            part("BucketPublicAccessBlock", {
                "blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True,
                "restrictPublicBuckets": True,
            }),
            part("BucketVersioning", {"versioningConfiguration": {"status": spec["versioning"]}}),
            part("BucketServerSideEncryptionConfiguration", {"rule": [
                {"applyServerSideEncryptionByDefault": {**algorithm, **key}}
            ]}),
            part("BucketPolicy", {"policy": policy}),
            part("BucketLifecycleConfiguration", {"rule": [{
                **rule, "filter": [{"prefix": ""}], "noncurrentVersionExpiration": [old],
                "abortIncompleteMultipartUpload": [unfinished],
            }]}),
        ),
    }  # fmt: skip


def database(where: Where, name: str, subnets: list[str], spec: Json) -> Claims:
    """An RDS database, as `tools.cloud.aws.rds` specifies it, behind its group of subnets where it has one."""
    like: Json = {
        "engine": spec["engine"], "allocatedStorage": spec["storage_gb"], "storageType": "gp3",
        "storageEncrypted": spec["encrypted"], "publiclyAccessible": spec["public"],
        "deletionProtection": spec["deletion_protection"], "backupRetentionPeriod": spec["backup_days"],
        "manageMasterUserPassword": True, "copyTagsToSnapshot": True,
        "autoMinorVersionUpgrade": spec["minor_upgrades"], "enabledCloudwatchLogsExports": spec["logs"],
        **({"engineVersion": spec[HOW]["engine_version"]} if HOW in spec else {}),
        **({"dbSubnetGroupName": name} if subnets else {}),
    }  # fmt: skip
    groups = spec.get("security_groups")
    logs = like["enabledCloudwatchLogsExports"]
    ack = {key: value for key, value in like.items() if key != "enabledCloudwatchLogsExports"}
    described, tags = "made by Desk", spec["tags"]
    return {
        ACK: (
            *([_ack(where, "rds", "DBSubnetGroup", {
                "name": name, "description": described, "subnetIDs": subnets, "tags": _listed(tags),
            })] if subnets else []),
            _ack(where, "rds", "DBInstance", {
                **ack, "dbInstanceIdentifier": name, "dbInstanceClass": spec["instance_class"],
                "masterUsername": rds.MASTER, "multiAZ": spec["multi_az"],
                "enableIAMDatabaseAuthentication": spec["iam_auth"], "enableCloudwatchLogsExports": logs,
                **({"vpcSecurityGroupIDs": groups} if groups else {}), "tags": _listed(tags),
            }),
        ),
        CROSSPLANE: (
            *([_crossplane(
                where, "rds", "SubnetGroup", {"description": described, "subnetIds": subnets, "tags": tags}, name
            )] if subnets else []),
            _crossplane(where, "rds", "Instance", {
                **like, "instanceClass": spec["instance_class"], "username": rds.MASTER,
                "multiAz": spec["multi_az"],
                "iamDatabaseAuthenticationEnabled": spec["iam_auth"],
                **({"vpcSecurityGroupIds": groups} if groups else {}), "tags": tags,
            }, name),
        ),
    }  # fmt: skip


def secret(where: Where, name: str, source: Mapping[str, str], spec: Json) -> Claims:
    """A secret, whose value the controller reads from `source`, a Secret's `name` and `key`."""
    key = spec.get("kms_key")
    return {
        ACK: (
            _ack(where, "secretsmanager", "Secret", {
                "name": name, "secretString": dict(source), **({"kmsKeyID": key} if key else {}),
                "tags": _listed(spec["tags"]),
            }),
        ),
        CROSSPLANE: (
            _crossplane(
                where, "secretsmanager", "Secret",
                {"name": name, **({"kmsKeyId": key} if key else {}), "tags": spec["tags"]},
            ),
            _crossplane(
                where, "secretsmanager", "SecretVersion",
                {"secretId": name, "secretStringSecretRef": dict(source)},
            ),
        ),
    }  # fmt: skip


def _ack(where: Where, service: str, kind: str, spec: Json) -> Claim:
    annotations = {"services.k8s.aws/region": where.region, "services.k8s.aws/deletion-policy": "retain"}
    return Claim(f"{service}.services.k8s.aws/v1alpha1", kind, spec, annotations)


def _crossplane(where: Where, service: str, kind: str, like: Json, called: str = "") -> Claim:
    """`called`: the resource's own name, of what has none in its specification."""
    policies = ["Create", "LateInitialize", "Observe", "Update"]
    spec = {"managementPolicies": policies, "forProvider": {"region": where.region, **like}}
    named = {"crossplane.io/external-name": called} if called else {}
    return Claim(f"{service}.aws.m.upbound.io/v1beta1", kind, spec, named)


def _listed(tags: Mapping[str, str]) -> list[Json]:
    return [{"key": key, "value": value} for key, value in tags.items()]
