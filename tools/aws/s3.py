"""Files in AWS: make a bucket, put a file there, list what is in it, make a link that ends."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

from pydantic import Field

from tools.aws import claims
from tools.aws.account import aws_of
from tools.changes.clouds import cloud_change
from tools.changes.plan import Plan
from tools.cloud.aws import s3
from tools.cloud.connect import AWS
from tools.cloud.files import FILE, check_new
from tools.cloud.resource import HOW
from tools.clouds.claims import AsClaim, claimed
from tools.clouds.files import LocalFile, digest
from tools.clouds.owner import Owner, environment_of, owner_tags, plan_of, said_tags
from tools.cluster.errors import NotFound
from tools.errors import ToolFailed
from tools.frame import Result, ToolContext
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws
    from tools.cloud.resource import Live

Bucket = Annotated[str, Field(max_length=255, description="The bucket's name, the company's and team's in it.")]
Key = Annotated[str, Field(min_length=1, max_length=1024, description="The object's key: reports/may.csv.")]
SHOWN = 100
"""Objects that are listed."""


def create_s3_bucket(
    context: ToolContext,
    *,
    bucket: Bucket,
    noncurrent_days: Annotated[int, Field(ge=1, le=3650, description="Days that old versions are kept.")] = 90,
    kms_key: Annotated[
        str | None, Field(pattern=r"^arn:aws[a-z-]*:kms:", max_length=300, description="ARN of a key of one's own.")
    ] = None,
    as_claim: AsClaim = False,
    **owner: Unpack[Owner],
) -> Plan:
    """Make a bucket in Amazon S3, or bring one that Desk made up to this. A person approves it.

    Nobody has public access, requests need TLS, objects are encrypted and versioned; old versions expire.
    """
    s3.check_name(bucket)
    aws = aws_of(context)
    spec: Json = {
        "public_access": s3.BLOCKED,
        "encryption": "aws:kms",
        **({"kms_key": kms_key} if kms_key else {}),
        "versioning": "Enabled",
        "tls_only": True,
        "noncurrent_days": noncurrent_days,
        "abort_uploads_days": 7,
        "tags": owner_tags(context, owner),
    }
    if as_claim:
        what = f"S3 bucket {bucket} in {aws.region}"
        return claimed(context, owner, bucket, what, spec, partial(claims.bucket, aws, bucket))
    return plan_of(
        f"make S3 bucket {bucket} in {aws.account.place}", cloud_change(AWS, aws, s3.BUCKET, bucket, spec)
    )


def put_s3_object(context: ToolContext, *, bucket: Bucket, key: Key, file: LocalFile) -> Plan:
    """Put a file of this machine into a bucket that Desk made.

    A person approves it; what was there stays a version.
    """
    aws = aws_of(context)
    path, live = Path(file).expanduser(), _ours(aws, bucket)
    sha256, size_bytes = digest(path, s3.LARGEST_BYTES)
    spec: Json = {
        "sha256": sha256, "size_bytes": size_bytes, "tags": environment_of(live), HOW: {"file": str(path)},
    }  # fmt: skip
    change = cloud_change(AWS, aws, s3.OBJECT, f"{bucket}/{key}", spec)
    return plan_of(f"put {path} ({size_bytes:,} bytes) into s3://{bucket}/{key} in {aws.account.place}", change)


def sign_s3_url(
    context: ToolContext,
    *,
    bucket: Bucket,
    key: Key,
    file: Annotated[LocalFile, Field(description="New file for the link, mode 0600: whoever has it may read.")],
    expires_s: Annotated[
        int, Field(ge=60, le=s3.LONGEST_URL_S, description="Seconds that it works, a week at most.")
    ] = 3600,
) -> Plan:
    """Make a link by which whoever has it may read one object, into a file. A person approves it.

    It is shown nowhere else. It ends with these credentials, if they end sooner.
    """
    aws = aws_of(context)
    live = _ours(aws, bucket)
    if aws.kind(s3.OBJECT).read(f"{bucket}/{key}") is None:
        raise ToolFailed(f"There is no object {key} in bucket {bucket}.")
    path = Path(file).expanduser()
    check_new(path)
    how = {"kind": s3.SIGNED_URL, "name": f"{bucket}/{key}", "key": str(expires_s), **environment_of(live)}
    change = cloud_change(AWS, aws, FILE, str(path), {"mode": "0600", HOW: how})
    return plan_of(f"make a link to s3://{bucket}/{key} that works for {expires_s:,} s, into {path}", change)


def s3_objects(
    context: ToolContext,
    *,
    bucket: Annotated[str | None, Field(max_length=255, description="One bucket; without it, all.")] = None,
    prefix: Annotated[str, Field(max_length=1024, description="Only keys that begin so.")] = "",
) -> Result:
    """The buckets of Amazon S3 with their guardrails and tags; of one, its objects."""
    aws = aws_of(context)
    if bucket is None:
        return _buckets(aws)
    try:
        found = aws.call("s3", "list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=SHOWN)
    except NotFound as error:
        raise ToolFailed(f"There is no bucket {bucket} in {aws.account.place}.") from error
    objects = [
        {"key": each["Key"], "size_bytes": each["Size"], "modified": str(each["LastModified"])}
        for each in found.get("Contents") or ()
    ]
    lines = [f"{each['key']}  {each['size_bytes']:,} bytes  {each['modified']}" for each in objects]
    more = [f"and more: give a prefix, for only {SHOWN} are listed"] if found.get("IsTruncated") else []
    return Result("\n".join([f"s3://{bucket}: {len(objects)} objects", *lines, *more]), {"objects": objects})


def _buckets(aws: Aws) -> Result:
    names = sorted(each["Name"] for each in aws.call("s3", "list_buckets").get("Buckets") or ())
    kind = aws.kind(s3.BUCKET)
    found = {name: live for name in names[:SHOWN] if (live := kind.read(name)) is not None}
    lines = [
        f"{name}  public access {live.spec['public_access']}, {live.spec['encryption']}, versions "
        f"{live.spec['versioning']}, TLS only {live.spec['tls_only']}  {said_tags(live.tags)}"
        for name, live in found.items()
    ]
    data = {"buckets": [{"name": name, **live.spec} for name, live in found.items()]}
    return Result("\n".join([f"{len(names)} buckets of account {aws.account.id}", *lines]), data)


def _ours(aws: Aws, bucket: str) -> Live:
    s3.check_name(bucket)
    live = aws.kind(s3.BUCKET).read(bucket)
    if live is None:
        raise ToolFailed(f"There is no bucket {bucket} in {aws.account.place}. Make it: desk cloud aws s3 create.")
    if live.spec["public_access"] != s3.BLOCKED:
        raise ToolFailed(
            f"Bucket {bucket} does not block public access: nothing is put there by Desk. Next: desk cloud "
            "aws s3 create "
            f"{bucket} brings it up to the guardrails, if Desk made it."
        )
    return live
