"""The kinds of ACK and of Crossplane by which a controller makes what is in AWS, typed as published, in our words.

No controller runs here: an object is what Desk is to make, and the API server judges it by its kind's types.
"""

from __future__ import annotations

from typing import Any

from tests.tools.delivery.kinds import TEXT, kind
from tools.json import Json

NUMBER: Json = {"type": "integer"}
FLAG: Json = {"type": "boolean"}
TEXTS: Json = {"type": "array", "items": TEXT}


def exactly(**fields: Any) -> Json:
    """An object of these fields and no others."""
    return {"type": "object", "properties": fields}


def every(**fields: Any) -> Json:
    """A list of such objects."""
    return {"type": "array", "items": exactly(**fields)}


TAGS = every(key=TEXT, value=TEXT)
TAG_MAP: Json = {"type": "object", "additionalProperties": TEXT}
DATABASE: Json = {
    **dict.fromkeys(("engine", "engineVersion", "storageType", "dbSubnetGroupName"), TEXT),
    **dict.fromkeys(("allocatedStorage", "backupRetentionPeriod"), NUMBER),
    **dict.fromkeys(
        ("storageEncrypted", "publiclyAccessible", "deletionProtection", "copyTagsToSnapshot",
         "manageMasterUserPassword", "autoMinorVersionUpgrade"), FLAG,
    ),
}  # fmt: skip


def _ack(service: str, named: str, **fields: Any) -> Json:
    return kind(named, f"{service}.services.k8s.aws", "v1alpha1", exactly(**fields))


def _crossplane(service: str, named: str, **fields: Any) -> Json:
    wanted = exactly(region=TEXT, **fields) | {"required": ["region"]}
    spec = exactly(managementPolicies=TEXTS, forProvider=wanted)
    return kind(named, f"{service}.aws.m.upbound.io", "v1beta1", spec)


def ack() -> list[Json]:
    """Those of ACK."""
    reference = exactly(name=TEXT, key=TEXT, namespace=TEXT)
    blocks = ("blockPublicACLs", "blockPublicPolicy", "ignorePublicACLs", "restrictPublicBuckets")
    by_default = exactly(sseAlgorithm=TEXT, kmsMasterKeyID=TEXT)
    rules = every(
        id=TEXT, status=TEXT, filter=exactly(prefix=TEXT),
        noncurrentVersionExpiration=exactly(noncurrentDays=NUMBER),
        abortIncompleteMultipartUpload=exactly(daysAfterInitiation=NUMBER),
    )  # fmt: skip
    return [
        _ack(
            "ecr", "Repository", name=TEXT, imageTagMutability=TEXT, lifecyclePolicy=TEXT, tags=TAGS,
            imageScanningConfiguration=exactly(scanOnPush=FLAG),
            encryptionConfiguration=exactly(encryptionType=TEXT, kmsKey=TEXT),
        ),
        _ack(
            "s3", "Bucket", name=TEXT, policy=TEXT, versioning=exactly(status=TEXT), tagging=exactly(tagSet=TAGS),
            publicAccessBlock=exactly(**dict.fromkeys(blocks, FLAG)), lifecycle=exactly(rules=rules),
            encryption=exactly(rules=every(applyServerSideEncryptionByDefault=by_default)),
        ),
        _ack("secretsmanager", "Secret", name=TEXT, secretString=reference, kmsKeyID=TEXT, tags=TAGS),
        _ack("rds", "DBSubnetGroup", name=TEXT, description=TEXT, subnetIDs=TEXTS, tags=TAGS),
        _ack(
            "rds", "DBInstance", **DATABASE, dbInstanceIdentifier=TEXT, dbInstanceClass=TEXT, masterUsername=TEXT,
            multiAZ=FLAG, enableIAMDatabaseAuthentication=FLAG, enableCloudwatchLogsExports=TEXTS,
            vpcSecurityGroupIDs=TEXTS, tags=TAGS,
        ),
    ]  # fmt: skip


def crossplane() -> list[Json]:
    """Those of Crossplane's provider that are of a namespace."""
    blocks = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    by_default = exactly(sseAlgorithm=TEXT, kmsMasterKeyId=TEXT)
    rule = every(
        id=TEXT, status=TEXT, filter=every(prefix=TEXT), noncurrentVersionExpiration=every(noncurrentDays=NUMBER),
        abortIncompleteMultipartUpload=every(daysAfterInitiation=NUMBER),
    )  # fmt: skip
    return [
        _crossplane(
            "ecr", "Repository", imageTagMutability=TEXT, tags=TAG_MAP,
            imageScanningConfiguration=exactly(scanOnPush=FLAG),
            encryptionConfiguration=every(encryptionType=TEXT, kmsKey=TEXT),
        ),
        _crossplane("ecr", "LifecyclePolicy", repository=TEXT, policy=TEXT),
        _crossplane("s3", "Bucket", tags=TAG_MAP),
        _crossplane("s3", "BucketPublicAccessBlock", bucket=TEXT, **dict.fromkeys(blocks, FLAG)),
        _crossplane("s3", "BucketVersioning", bucket=TEXT, versioningConfiguration=exactly(status=TEXT)),
        _crossplane(
            "s3", "BucketServerSideEncryptionConfiguration", bucket=TEXT,
            rule=every(applyServerSideEncryptionByDefault=by_default),
        ),
        _crossplane("s3", "BucketPolicy", bucket=TEXT, policy=TEXT),
        _crossplane("s3", "BucketLifecycleConfiguration", bucket=TEXT, rule=rule),
        _crossplane("secretsmanager", "Secret", name=TEXT, kmsKeyId=TEXT, tags=TAG_MAP),
        _crossplane(
            "secretsmanager", "SecretVersion", secretId=TEXT, secretStringSecretRef=exactly(name=TEXT, key=TEXT)
        ),
        _crossplane("rds", "SubnetGroup", description=TEXT, subnetIds=TEXTS, tags=TAG_MAP),
        _crossplane(
            "rds", "Instance", **DATABASE, instanceClass=TEXT, username=TEXT, multiAz=FLAG,
            iamDatabaseAuthenticationEnabled=FLAG, enabledCloudwatchLogsExports=TEXTS, vpcSecurityGroupIds=TEXTS,
            tags=TAG_MAP,
        ),
    ]  # fmt: skip
