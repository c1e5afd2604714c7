"""Secrets in AWS: make one, change it, rotate it, have it in a namespace or a file, restore it.

No value is shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack
from uuid import UUID

from pydantic import Field

from tools.aws.owner import Owner, aws_of, owner_tags, plan_of, said_tags
from tools.aws.s3 import LocalFile
from tools.changes.build import apply_change, create_change
from tools.changes.clouds import cloud_change, refuse_others, target_of
from tools.changes.credentials import check_source
from tools.changes.plan import CloudValue, Credentials, Plan
from tools.cloud.aws import secrets_manager as api
from tools.cloud.connect import AWS
from tools.cloud.files import FILE, check_new
from tools.cloud.resource import HOW
from tools.cloud.tags import MANAGED
from tools.cluster.client import Cluster
from tools.cluster.errors import ClusterError, NotFound
from tools.cluster.namespaces import refuse_unless_there
from tools.errors import ToolFailed
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json
from tools.kubernetes.pull_secrets import refuse_existing

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws
    from tools.cloud.resource import Live

Secret = Annotated[
    str, Field(min_length=1, max_length=512, description="The secret's name in AWS: dev/shop/api-keys.")
]
Source = Annotated[
    str | None, Field(pattern=r"^[~/][^\x00-\x1f]*$", max_length=4096, description="File that holds the value.")
]
EXTERNAL_SECRET = "ExternalSecret"  # noqa: S105  a kind
STORES = ("SecretStore", "ClusterSecretStore")
REFRESH = "1h"


def create_aws_secret(
    context: ToolContext,
    *,
    secret_name: Secret,
    file: Source = None,
    kms_key: Annotated[
        str | None, Field(pattern=r"^arn:aws[a-z-]*:kms:", max_length=300, description="ARN of a key of one's own.")
    ] = None,
    **owner: Unpack[Owner],
) -> Plan:
    """Make a secret in AWS Secrets Manager, its value from a file or standard input. A person approves it.

    Never ask for the value itself. One that is there keeps its value: update_aws_secret gives it another.
    """
    api.check_name(secret_name)
    aws, tags = aws_of(context), owner_tags(context, owner)
    live = aws.kind(api.SECRET).read(secret_name)
    spec: Json = {**({"kms_key": kms_key} if kms_key else {}), "tags": tags}
    summary = f"make secret {secret_name} in AWS of {aws.account.place}"
    if live is not None:
        _refuse_deleted(secret_name, live)
        return plan_of(summary, cloud_change(AWS, aws, api.SECRET, secret_name, spec))
    credentials = _source(context, file)
    spec["version"] = _version(context, secret_name)
    change = cloud_change(AWS, aws, api.SECRET, secret_name, spec, credentials)
    return plan_of(f"{summary}, value from {credentials.source}", change)


def update_aws_secret(context: ToolContext, *, secret_name: Secret, file: Source = None) -> Plan:
    """Give a secret of AWS Secrets Manager another value, from a file or standard input. A person approves it.

    Never ask for the value itself. The value before stays a version, and an undo makes it the current one again.
    """
    aws, live = _live(context, secret_name)
    credentials = _source(context, file)
    spec: Json = {"version": _version(context, secret_name), "tags": _environment(live)}
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
    spec: Json = {"rotation_days": days, "rotation_lambda": function, "tags": _environment(live)}
    change = cloud_change(AWS, aws, api.SECRET, secret_name, spec)
    return plan_of(f"rotate secret {secret_name} in AWS of {aws.account.place} every {days} days", change)


def restore_aws_secret(context: ToolContext, *, secret_name: Secret) -> Plan:
    """Restore a secret of AWS Secrets Manager that was deleted less than 30 days ago. A person approves it."""
    aws = aws_of(context)
    live = aws.kind(api.SECRET).read(secret_name)
    if live is None:
        raise ToolFailed(f"There is no secret {secret_name} in AWS of {aws.account.place}, not even a deleted one.")
    change = cloud_change(AWS, aws, api.SECRET, secret_name, {"deleted": "", "tags": _environment(live)})
    return plan_of(f"restore secret {secret_name} in AWS of {aws.account.place}", change)


def deliver_aws_secret(
    context: ToolContext,
    *,
    namespace: Namespace,
    secret_name: Annotated[
        str, Field(min_length=1, max_length=512, description="The secret's name or ARN in AWS.")
    ],
    name: Annotated[Name, Field(description="Name of the Secret in the namespace.")],
    keys: Annotated[
        list[Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]] | None,
        Field(max_length=50, description="Keys of the value, a JSON object; without it, all."),
    ] = None,
    store: Annotated[
        Name | None, Field(description="SecretStore or ClusterSecretStore; without it, the only one there is.")
    ] = None,
) -> Plan:
    """Have a secret of AWS in a namespace, by an ExternalSecret or a Secret. A person approves it.

    The value goes from AWS to the cluster, and is shown to nobody. A Secret has the value of now; an
    ExternalSecret, which is made where the cluster serves that kind, follows it every hour.
    """
    aws = aws_of(context)
    if (live := aws.kind(api.SECRET).read(secret_name)) is None:
        raise ToolFailed(f"There is no secret {secret_name} in AWS of {aws.account.place}.")
    _refuse_deleted(secret_name, live)
    refuse_unless_there(context.cluster, namespace)
    if (served := _served(context.cluster)) is not None:
        return _external(context, served, namespace, secret_name, name, keys, store)
    refuse_existing(context, name, namespace)
    body: Json = {
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {
            "name": name, "namespace": namespace, "labels": MANAGED, "annotations": {"desk.dev/from": secret_name},
        },
    }  # fmt: skip
    value = CloudValue(AWS, api.VALUE, secret_name, tuple((key, key) for key in keys or ()))
    what = ", ".join(keys) if keys else "all of its keys"
    return Plan.of(
        f"create Secret {name} in {namespace} from secret {secret_name} of AWS {aws.account.place}: {what}",
        create_change(context.cluster.find("Secret").plural, body, value),
    )


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
    how = {"kind": api.VALUE, "name": secret_name, "key": key, **_environment(live)}
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


def _environment(live: Live) -> dict[str, str]:
    return {"environment": live.tags.get("environment", "")}


def _served(cluster: Cluster) -> str | None:
    """The version of ExternalSecret that the cluster serves; None where it serves none."""
    return cluster.groups().get("external-secrets.io")


def _external(
    context: ToolContext,
    api_version: str,
    namespace: str,
    secret: str,
    name: str,
    keys: list[str] | None,
    store: str | None,
) -> Plan:
    kind, chosen = _store(context.cluster, namespace, store)
    data: Json = {"dataFrom": [{"extract": {"key": secret}}]}
    if keys:
        data = {"data": [{"secretKey": key, "remoteRef": {"key": secret, "property": key}} for key in keys]}
    body: Json = {
        "apiVersion": api_version, "kind": EXTERNAL_SECRET,
        "metadata": {"name": name, "namespace": namespace, "labels": MANAGED},
        "spec": {
            "refreshInterval": REFRESH, "secretStoreRef": {"kind": kind, "name": chosen},
            "target": {"name": name, "creationPolicy": "Owner"}, **data,
        },
    }  # fmt: skip
    try:
        there: Json | None = context.cluster.get(EXTERNAL_SECRET, name, namespace)
    except NotFound:
        there = None
    return Plan.of(
        f"have secret {secret} of AWS as Secret {name} in {namespace}, by an ExternalSecret from {kind} {chosen}",
        apply_change(context.cluster.find(EXTERNAL_SECRET).plural, body, there),
    )


def _store(cluster: Cluster, namespace: str, named: str | None) -> tuple[str, str]:
    """The store that the ExternalSecret is to ask:

    the one that is named, else the only one of AWS Secrets Manager.
    """
    found = [(kind, name) for kind, name in _stores(cluster, namespace) if named in (None, name)]
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{kind} {name}" for kind, name in found) or "none"
    raise ToolFailed(
        "The cluster serves ExternalSecrets, and of stores for AWS Secrets Manager there are for "
        f"{namespace}: {there}. "
        "Name one (--store), or have one made by who runs External Secrets."
    )


def _stores(cluster: Cluster, namespace: str) -> Iterator[tuple[str, str]]:
    for kind in STORES:
        try:
            found = cluster.list(kind, namespace if kind == "SecretStore" else None)
        except ClusterError:
            continue
        for each in found:
            if ((each.get("spec") or {}).get("provider") or {}).get("aws", {}).get("service") == "SecretsManager":
                yield kind, each["metadata"]["name"]
