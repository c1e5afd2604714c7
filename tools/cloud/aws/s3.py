"""Buckets of AWS that nobody reads by accident, the objects in them, and links that end.

| key of a bucket's specification | is |
|---|---|
| `public_access` | `blocked`: all four blocks, and no ACLs |
| `encryption` | `aws:kms`, by AWS' own key of the account, or by `kms_key`, a key's ARN |
| `versioning` | Enabled: what is overwritten or deleted can be had back |
| `tls_only` | whether a request without TLS is denied |
| `noncurrent_days`, `abort_uploads_days` | how long old versions, and uploads that were never ended, are kept |

Sources: https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html (S3.5, S3.8, S3.12, S3.13,
S3.14), https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, checkov CKV_AWS_21,
CKV_AWS_53 to CKV_AWS_56, CKV_AWS_145, CKV_AWS_300, CKV2_AWS_6, CKV2_AWS_61.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.cloud.resource import HOW, Live
from tools.cluster.errors import Forbidden, Invalid, NotFound
from tools.errors import ArgumentsError, ToolFailed
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws

BUCKET = "s3.aws/Bucket"
OBJECT = "s3.aws/Object"
SIGNED_URL = "s3.aws/SignedUrl"
LONGEST_URL_S = 7 * 24 * 3600
"""Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html"""
LARGEST_BYTES = 5 * 1024**3
"""Of one request. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""
BLOCKED = "blocked"
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]")
_RESERVED = re.compile(r"(xn--|sthree-|amzn-s3-demo-).*|.*(-s3alias|--ol-s3|--x-s3|--table-s3)")
_TLS = "DeskTlsOnly"
RULE = "desk"
_VERSIONS_LOOKED_AT = 50


def check_name(name: str) -> None:
    """Raises `ArgumentsError` for what S3 takes for no name, or what TLS has no certificate for (a dot)."""
    if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
        raise ArgumentsError(
            f"{name!r} cannot be a bucket: 3 to 63 small letters, digits and hyphens, a letter or digit at "
            "each end, "
            "and none of S3's own beginnings and endings (xn--, -s3alias). All accounts share one space of names: "
            "take the company's and the team's into it, such as acme-shop-dev-uploads."
        )


def policy(name: str, partition: str) -> Json:
    """The bucket policy that denies what comes without TLS. Source: S3.5."""
    bucket = f"arn:{partition}:s3:::{name}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": _TLS, "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": [bucket, f"{bucket}/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }  # fmt: skip


def lifecycle(noncurrent_days: int, abort_uploads_days: int) -> Json:
    """The lifecycle rule of old versions and of uploads that were never ended."""
    return {
        "ID": RULE, "Status": "Enabled", "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": noncurrent_days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": abort_uploads_days},
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Buckets:
    """`Kind` of buckets. All accounts share one space of names."""

    aws: Aws
    reasons = (
        "no public access, TLS only, encrypted with KMS, versioned: a new bucket of the usual command (aws "
        "s3 mb) has no "
        "versions, and takes requests without TLS",
    )

    def read(self, name: str) -> Live | None:
        """The bucket. Raises `Invalid` for another account's."""
        try:
            self.aws.call("s3", "head_bucket", Bucket=name, ExpectedBucketOwner=self.aws.account.id)
        except NotFound:
            return None
        except Forbidden as error:
            raise Invalid(
                f"Bucket {name} is another account's, or may not be seen. All accounts share one space of names: "
                "choose another one, with the company's in it."
            ) from error
        tags = {each["Key"]: each["Value"] for each in _listed(self.aws, "get_bucket_tagging", name, "TagSet")}
        encryption = self._encryption(name)
        rule: Json = next(
            (
                each
                for each in _listed(self.aws, "get_bucket_lifecycle_configuration", name, "Rules")
                if each.get("ID") == RULE
            ),
            {},
        )
        spec: Json = {
            "public_access": BLOCKED if self._is_blocked(name) else "open",
            "encryption": str(encryption.get("SSEAlgorithm") or "none"),
            "kms_key": str(encryption.get("KMSMasterKeyID") or ""),
            "versioning": str(self.aws.call("s3", "get_bucket_versioning", Bucket=name).get("Status") or "none"),
            "tls_only": self._is_tls_only(name),
            "noncurrent_days": (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays", 0),
            "abort_uploads_days": (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation", 0),
            "tags": tags,
        }
        versions = self.aws.call("s3", "list_object_versions", Bucket=name, MaxKeys=1)
        return Live(
            f"arn:{self.aws.partition}:s3:::{name} {tags.get('session', '')}",
            spec,
            holds="objects, or versions of them"
            if versions.get("Versions") or versions.get("DeleteMarkers")
            else "",
            told=f"bucket {name} in {self.aws.region}",
        )

    def create(self, name: str, spec: Json, token: str) -> None:
        """With its tags, and without ACLs. Who makes it again is not refused in us-east-1: the tags tell."""
        region = self.aws.region
        where = {} if region == "us-east-1" else {"LocationConstraint": region}
        tags = [{"Key": key, "Value": value} for key, value in spec["tags"].items()]
        self.aws.call(
            "s3", "create_bucket", Bucket=name, ObjectOwnership="BucketOwnerEnforced",
            CreateBucketConfiguration={**where, "Tags": tags},
        )  # fmt: skip

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """What of it is lacking, that nobody may read it first of all."""
        lacks = {key for key, value in spec.items() if live.spec.get(key) != value}
        wanted = {**live.spec, **spec}
        if "public_access" in lacks:
            blocks = dict.fromkeys(_BLOCKS, wanted["public_access"] == BLOCKED)
            self.aws.call("s3", "put_public_access_block", Bucket=name, PublicAccessBlockConfiguration=blocks)
        if "tls_only" in lacks:
            self._deny_plaintext(name, denied=wanted["tls_only"])
        if {"encryption", "kms_key"} & lacks:
            self._encrypt(name, wanted)
        if "versioning" in lacks:
            status = "Enabled" if wanted["versioning"] == "Enabled" else "Suspended"
            self.aws.call("s3", "put_bucket_versioning", Bucket=name, VersioningConfiguration={"Status": status})
        if {"noncurrent_days", "abort_uploads_days"} & lacks:
            self._expire(name, wanted)
        if "tags" in lacks:
            tags = [{"Key": key, "Value": value} for key, value in {**live.tags, **spec["tags"]}.items()]
            self.aws.call("s3", "put_bucket_tagging", Bucket=name, Tagging={"TagSet": tags})

    def deletion(self, name: str, live: Live) -> Json:
        """Only an empty one."""
        if live.holds:
            raise ToolFailed(
                f"Bucket {name} holds {live.holds}, and is not deleted with them. Nothing was changed. Next: "
                "copy what "
                "is needed (aws s3 sync), remove all versions, then undo this again."
            )
        return {"only_if": "it is empty"}

    def delete(self, name: str, how: Json) -> None:
        """S3 itself refuses one that is not empty."""
        self.aws.call("s3", "delete_bucket", Bucket=name)

    def _encryption(self, name: str) -> Json:
        try:
            said = self.aws.call("s3", "get_bucket_encryption", Bucket=name)["ServerSideEncryptionConfiguration"]
        except NotFound:
            return {}
        found: Json = said["Rules"][0].get("ApplyServerSideEncryptionByDefault") or {}
        return found

    def _encrypt(self, name: str, wanted: Json) -> None:
        key = {"KMSMasterKeyID": wanted["kms_key"]} if wanted["kms_key"] else {}
        rule = {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": wanted["encryption"], **key},
            "BucketKeyEnabled": True,
        }
        self.aws.call(
            "s3", "put_bucket_encryption", Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]}
        )

    def _is_blocked(self, name: str) -> bool:
        try:
            said = self.aws.call("s3", "get_public_access_block", Bucket=name)["PublicAccessBlockConfiguration"]
        except NotFound:
            return False
        return all(said.get(each) for each in _BLOCKS)

    def _policy(self, name: str) -> Json:
        try:
            found: Json = json.loads(self.aws.call("s3", "get_bucket_policy", Bucket=name)["Policy"])
        except NotFound:
            return {"Version": "2012-10-17", "Statement": []}
        return found

    def _is_tls_only(self, name: str) -> bool:
        wanted = policy(name, self.aws.partition)["Statement"][0]
        return any(each == wanted for each in self._policy(name)["Statement"])

    def _deny_plaintext(self, name: str, *, denied: bool) -> None:
        """Other statements of the policy stay as they are."""
        there = self._policy(name)
        others = [each for each in there["Statement"] if each.get("Sid") != _TLS]
        wanted = policy(name, self.aws.partition)["Statement"] if denied else []
        if not others and not wanted:
            self.aws.call("s3", "delete_bucket_policy", Bucket=name)
            return
        document = json.dumps({**there, "Statement": [*others, *wanted]})
        self.aws.call("s3", "put_bucket_policy", Bucket=name, Policy=document)

    def _expire(self, name: str, wanted: Json) -> None:
        there = _listed(self.aws, "get_bucket_lifecycle_configuration", name, "Rules")
        rules = [each for each in there if each.get("ID") != RULE]
        if wanted["noncurrent_days"]:
            rules.append(lifecycle(wanted["noncurrent_days"], wanted["abort_uploads_days"]))
        if not rules:
            self.aws.call("s3", "delete_bucket_lifecycle", Bucket=name)
            return
        self.aws.call(
            "s3", "put_bucket_lifecycle_configuration", Bucket=name, LifecycleConfiguration={"Rules": rules}
        )


@dataclass(frozen=True, slots=True)
class Objects:
    """`Kind` of objects, `BUCKET/KEY`. What it was before stays as a version."""

    aws: Aws
    reasons = ("what the object was before stays as a version of it",)

    def read(self, name: str) -> Live | None:
        """By its own checksum, which Desk keeps in its metadata; with the environment of its bucket."""
        bucket, _, key = name.partition("/")
        try:
            found = self.aws.call("s3", "head_object", Bucket=bucket, Key=key)
        except NotFound:
            return None
        tags = _listed(self.aws, "get_bucket_tagging", bucket, "TagSet")
        spec: Json = {
            "sha256": (found.get("Metadata") or {}).get("sha256", ""),
            "size_bytes": found.get("ContentLength", 0),
            "tags": {each["Key"]: each["Value"] for each in tags},
        }
        return Live(f"s3://{name}", spec, told=f"s3://{name}, {spec['size_bytes']:,} bytes")

    def create(self, name: str, spec: Json, token: str) -> None:
        """From the file; S3 checks the bytes by their SHA-256."""
        bucket, _, key = name.partition("/")
        if HOW not in spec:
            return self._put_back(bucket, key, spec["sha256"])
        checksum = base64.b64encode(bytes.fromhex(spec["sha256"])).decode()
        try:
            with Path(spec[HOW]["file"]).open("rb") as file:
                self.aws.call(
                    "s3", "put_object", Bucket=bucket, Key=key, Body=file, ChecksumSHA256=checksum,
                    Metadata={"sha256": spec["sha256"]},
                )  # fmt: skip
        except OSError as error:
            raise ToolFailed(f"The file {spec[HOW]['file']} cannot be read: {error.strerror}.") from error
        return None

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """A new version."""
        self.create(name, spec, "")

    def deletion(self, name: str, live: Live) -> Json:
        """Its versions stay: a deletion only marks it."""
        return {"versions": "are kept"}

    def delete(self, name: str, how: Json) -> None:
        """A delete marker, where the bucket has versions."""
        bucket, _, key = name.partition("/")
        self.aws.call("s3", "delete_object", Bucket=bucket, Key=key)

    def _put_back(self, bucket: str, key: str, sha256: str) -> None:
        """The version with these bytes becomes the newest again."""
        found = self.aws.call("s3", "list_object_versions", Bucket=bucket, Prefix=key, MaxKeys=_VERSIONS_LOOKED_AT)
        for each in found.get("Versions") or ():
            version = {"Bucket": bucket, "Key": key, "VersionId": each["VersionId"]}
            if (
                each["Key"] != key
                or self.aws.call("s3", "head_object", **version)["Metadata"].get("sha256") != sha256
            ):
                continue
            self.aws.call("s3", "copy_object", Bucket=bucket, Key=key, CopySource=version, MetadataDirective="COPY")
            return
        raise ToolFailed(f"s3://{bucket}/{key}: the version that was there before is kept no more.")


def signed_url(aws: Aws, name: str, expires_s: str) -> bytes:
    """A link by which whoever has it may read the object, for so many seconds."""
    bucket, _, key = name.partition("/")
    parameters = {"Bucket": bucket, "Key": key}
    url = aws.client("s3").generate_presigned_url("get_object", Params=parameters, ExpiresIn=int(expires_s))
    return f"{url}\n".encode()


def _listed(aws: Aws, operation: str, bucket: str, key: str) -> list[Json]:
    """What an operation has under a key; none where S3 says that there is no such configuration."""
    try:
        found: list[Json] = aws.call("s3", operation, Bucket=bucket).get(key) or []
    except NotFound:
        return []
    return found
