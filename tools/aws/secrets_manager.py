"""Secrets in AWS: make one, change it, rotate it, have it in a namespace or a file, restore it.

No value is shown.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack
from uuid import UUID

from pydantic import Field

from tools.aws import claims
from tools.aws.account import aws_of
from tools.changes.clouds import cloud_change, refuse_others, target_of
from tools.changes.credentials import check_source
from tools.changes.plan import Credentials, Plan
from tools.cloud.aws import secrets_manager as api
from tools.cloud.connect import AWS
from tools.cloud.files import FILE, check_new
from tools.cloud.resource import HOW
from tools.clouds.claims import AsClaim, claimed
from tools.clouds.delivering import DeliveredName, Keys, Store, Stored, delivery
from tools.clouds.files import LocalFile
from tools.clouds.owner import Owner, environment_of, owner_tags, plan_of, said_tags
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json
from tools.kubernetes.pull_secrets import Key

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws
    from tools.cloud.resource import Live

Secret = Annotated[
    str, Field(min_length=1, max_length=512, description="The secret's name in AWS: dev/shop/api-keys.")
]
Source = Annotated[
    str | None, Field(pattern=r"^[~/][^\x00-\x1f]*$", max_length=4096, description="File that holds the value.")
]
SERVICE = "AWS Secrets Manager"


def _is_of_aws(provider: Json) -> bool:
    return bool(provider.get("aws", {}).get("service") == "SecretsManager")


def create_aws_secret(
    context: ToolContext,
    *,
    secret_name: Secret,
    file: Source = None,
    kms_key: Annotated[
        str | None, Field(pattern=r"^arn:aws[a-z-]*:kms:", max_length=300, description="ARN of a key of one's own.")
    ] = None,
    as_claim: AsClaim = False,
    existing_secret: Annotated[
        Name | None, Field(description="Of a claim: the Secret of the namespace that has the value.")
    ] = None,
    key: Annotated[Key | None, Field(description="Key of the value in that Secret.")] = None,
    **owner: Unpack[Owner],
) -> Plan:
    """Make a secret in AWS Secrets Manager, its value from a file or standard input. A person approves it.

    Never ask for the value itself. One that is there keeps its value: update_aws_secret gives it another. As a
    claim, its value is what a Secret of the namespace has under a key (existing_secret), and follows it.
    """
    api.check_name(secret_name)
    aws, tags = aws_of(context), owner_tags(context, owner)
    spec: Json = {**({"kms_key": kms_key} if kms_key else {}), "tags": tags}
    if as_claim:
        return _claimed(
            context, aws, secret_name, Credentials("", "", "", existing_secret or "", key or ""), spec, owner
        )
    if existing_secret or key:
        raise ArgumentsError("Only a claim takes its value from a Secret: give --as-claim, too, or a --file.")
    live = aws.kind(api.SECRET).read(secret_name)
    summary = f"make secret {secret_name} in AWS of {aws.account.place}"
    if live is not None:
        _refuse_deleted(secret_name, live)
        return plan_of(summary, cloud_change(AWS, aws, api.SECRET, secret_name, spec))
    credentials = _source(context, file)
    spec["version"] = _version(context, secret_name)
    change = cloud_change(AWS, aws, api.SECRET, secret_name, spec, credentials)
    return plan_of(f"{summary}, value from {credentials.source}", change)


def _claimed(context: ToolContext, aws: Aws, secret: str, source: Credentials, spec: Json, owner: Owner) -> Plan:
    if not (source.existing_secret and source.key):
        raise ArgumentsError(
            "A claim's value is in a Secret of the namespace: say which, and under which key (--existing-secret, "
            "--key)."
        )
    check_source(source, owner.get("namespace") or "", context.cluster)
    render = partial(claims.secret, aws, secret, {"name": source.existing_secret, "key": source.key})
    return claimed(context, owner, secret, f"secret {secret} in AWS, {aws.region}", spec, render)


def update_aws_secret(context: ToolContext, *, secret_name: Secret, file: Source = None) -> Plan:
    """Give a secret of AWS Secrets Manager another value, from a file or standard input. A person approves it.

    Never ask for the value itself. The value before stays a version, and an undo makes it the current one again.
    """
    aws, live = _live(context, secret_name)
    credentials = _source(context, file)
    spec: Json = {"version": _version(context, secret_name), "tags": environment_of(live)}
    change = cloud_change(AWS, aws, api.SECRET, secret_name, spec, credentials)
    return plan_of(
        f"update secret {secret_name} in AWS of {aws.account.place}, value from {credentials.source}", change
    )


def rotate_aws_secret(
    context: ToolContext,
    *,
    secret_name: Secret,
    function: Annotated[
        str, Field(pattern=r"^arn:aws[a-z-]*:lambda:", max_length=300, description="ARN of the rotating function.")
    ],
    days: Annotated[int, Field(ge=1, le=365, description="How often, in days.")] = 30,
) -> Plan:
    """Have a function of AWS Lambda make another value of a secret every so many days. A person approves it."""
    aws, live = _live(context, secret_name)
    spec: Json = {"rotation_days": days, "rotation_lambda": function, "tags": environment_of(live)}
    change = cloud_change(AWS, aws, api.SECRET, secret_name, spec)
    return plan_of(f"rotate secret {secret_name} in AWS of {aws.account.place} every {days} days", change)


def restore_aws_secret(context: ToolContext, *, secret_name: Secret) -> Plan:
    """Restore a secret of AWS Secrets Manager that was deleted less than 30 days ago. A person approves it."""
    aws = aws_of(context)
    live = aws.kind(api.SECRET).read(secret_name)
    if live is None:
        raise ToolFailed(f"There is no secret {secret_name} in AWS of {aws.account.place}, not even a deleted one.")
    change = cloud_change(AWS, aws, api.SECRET, secret_name, {"deleted": "", "tags": environment_of(live)})
    return plan_of(f"restore secret {secret_name} in AWS of {aws.account.place}", change)


def deliver_aws_secret(
    context: ToolContext,
    *,
    namespace: Namespace,
    secret_name: Annotated[
        str, Field(min_length=1, max_length=512, description="The secret's name or ARN in AWS.")
    ],
    name: DeliveredName,
    keys: Keys = None,
    store: Store = None,
) -> Plan:
    """Have a secret of AWS in a namespace, by an ExternalSecret or a Secret. A person approves it.

    The value goes from AWS to the cluster, and is shown to nobody. A Secret has the value of now; an
    ExternalSecret, which is made where the cluster serves that kind, follows it every hour.
    """
    aws = aws_of(context)
    if (live := aws.kind(api.SECRET).read(secret_name)) is None:
        raise ToolFailed(f"There is no secret {secret_name} in AWS of {aws.account.place}.")
    _refuse_deleted(secret_name, live)
    stored = Stored(AWS, api.VALUE, secret_name, secret_name, f"AWS {aws.account.place}", SERVICE, _is_of_aws)
    return delivery(context, stored, namespace, name, keys or [], store)


def save_aws_secret(
    context: ToolContext,
    *,
    secret_name: Secret,
    file: Annotated[LocalFile, Field(description="New file for the value, mode 0600.")],
    key: Annotated[str, Field(max_length=253, description="One key of the value; without it, all of it.")] = "",
) -> Plan:
    """Write the value of a secret of AWS into a new file that its owner alone may read. A person approves it."""
    aws, live = _live(context, secret_name)
    path = Path(file).expanduser()
    check_new(path)
    how = {"kind": api.VALUE, "name": secret_name, "key": key, **environment_of(live)}
    change = cloud_change(AWS, aws, FILE, str(path), {"mode": "0600", HOW: how})
    return plan_of(f"write secret {secret_name} of AWS {aws.account.place} into {path}", change)


def aws_secrets(context: ToolContext) -> Result:
    """The secrets of AWS Secrets Manager: their tags, rotation, and which were deleted. Values are never shown."""
    aws = aws_of(context)
    found = aws.pages("secretsmanager", "list_secrets", "SecretList", IncludePlannedDeletion=True)
    secrets = [
        {
            "name": each["Name"], "rotates": bool(each.get("RotationEnabled")),
            "deleted": str(each.get("DeletedDate") or ""),
            "changed": str(each.get("LastChangedDate") or ""),
            "tags": {tag["Key"]: tag["Value"] for tag in each.get("Tags") or ()},
        }
        for each in found
    ]  # fmt: skip
    lines = [
        f"{each['name']}  {'rotates' if each['rotates'] else 'does not rotate'}"
        f"{'  deleted ' + each['deleted'] if each['deleted'] else ''}  {said_tags(each['tags'])}"
        for each in secrets
    ]
    return Result(
        "\n".join([f"{len(secrets)} secrets in AWS of {aws.account.place}", *lines]), {"secrets": secrets}
    )


def _live(context: ToolContext, secret: str) -> tuple[Aws, Live]:
    """A secret of Desk's making; raises `ToolFailed` where there is none."""
    aws = aws_of(context)
    live = aws.kind(api.SECRET).read(secret)
    if live is None:
        raise ToolFailed(f"There is no secret {secret} in AWS of {aws.account.place}. Make it: create_aws_secret.")
    _refuse_deleted(secret, live)
    refuse_others(live, target_of(aws, api.SECRET, secret))
    return aws, live


def _refuse_deleted(secret: str, live: Live) -> None:
    if live.gone:
        raise ToolFailed(
            f"Secret {secret} was deleted: {live.gone}. Next: desk cloud aws secrets restore {secret}, or "
            "choose another "
            "name."
        )


def _source(context: ToolContext, file: str | None) -> Credentials:
    credentials = Credentials("", "", file or "")
    check_source(credentials, "", context.cluster)
    return credentials


def _version(context: ToolContext, secret: str) -> str:
    """The same each time that this session plans it:

    the token by which AWS makes one version, however often asked.
    """
    said = hashlib.sha256(f"{context.session}\n{secret}".encode()).digest()
    return str(UUID(bytes=said[:16], version=4))
