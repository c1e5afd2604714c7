"""Secrets of AWS. A value is read when it is sent, and what is told of it is the id of its version.

| key of the specification | is |
|---|---|
| `version` | the id of the current version; AWS takes it as the token of the request that makes it |
| `kms_key` | a key's ARN; without one, AWS' own key of the account |
| `rotation_days`, `rotation_lambda` | how often a function of AWS Lambda makes another value; 0: never |
| `deleted` | until when it can be restored, of a secret that was deleted; empty: it was not |

Sources: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (ClientRequestToken),
https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html,
https://docs.aws.amazon.com/securityhub/latest/userguide/secretsmanager-controls.html, checkov CKV_AWS_149.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.cloud.resource import HOW, Live
from tools.cloud.secret_values import value_of_key
from tools.cluster.errors import NotFound
from tools.errors import ArgumentsError
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws

SECRET = "secretsmanager.aws/Secret"  # noqa: S105  a kind
VALUE = "secretsmanager.aws/Value"
RECOVERY_DAYS = 30
"""How long a deleted secret can be restored: the longest that AWS knows."""
_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_LIKE_SUFFIX = re.compile(r".*-[A-Za-z0-9]{6}")


def check_name(name: str) -> None:
    """Raises `ArgumentsError` for what Secrets Manager takes for no name, or confuses with the end of an ARN."""
    if not _NAME.fullmatch(name) or _LIKE_SUFFIX.fullmatch(name) or name.startswith(("aws!", "rds!")):
        raise ArgumentsError(
            f"{name!r} is no name for a secret. It has letters, digits and /_+=.@-, at the end no hyphen "
            "with six characters, "
            "which AWS takes for the end of an ARN. Say what for and whose it is: dev/shop/api-keys."
        )


@dataclass(frozen=True, slots=True)
class Secrets:
    """`Kind` of secrets."""

    aws: Aws
    reasons = (
        "the value comes from a file, standard input or a Secret of the cluster, and not from the command "
        "line, where "
        "the shell's history and every process of the machine would see it",
    )

    def read(self, name: str) -> Live | None:
        """What there is of it but its value."""
        try:
            found = self.aws.call("secretsmanager", "describe_secret", SecretId=name)
        except NotFound:
            return None
        stages: Json = found.get("VersionIdsToStages") or {}
        rules = found.get("RotationRules") or {}
        rotates = bool(found.get("RotationEnabled"))
        deleted = found.get("DeletedDate")
        spec: Json = {
            "version": next((version for version, names in stages.items() if "AWSCURRENT" in names), ""),
            "kms_key": str(found.get("KmsKeyId") or ""),
            "rotation_days": int(rules.get("AutomaticallyAfterDays") or 0) if rotates else 0,
            "rotation_lambda": str(found.get("RotationLambdaARN") or "") if rotates else "",
            "deleted": str(deleted or ""),
            "tags": {each["Key"]: each["Value"] for each in found.get("Tags") or ()},
        }
        return Live(
            str(found["ARN"]),
            spec,
            gone=f"it is deleted for good on {deleted}, and can be restored until then" if deleted else "",
            told=f"secret {name}, version {spec['version']}",
        )

    def create(self, name: str, spec: Json, token: str) -> None:
        """With its first value, in one request; the version's id is the token that makes it so once."""
        key = {"KmsKeyId": spec["kms_key"]} if spec.get("kms_key") else {}
        tags = [{"Key": tag, "Value": value} for tag, value in spec["tags"].items()]
        self.aws.call(
            "secretsmanager", "create_secret", Name=name, ClientRequestToken=spec["version"], Tags=tags,
            SecretString=spec[HOW]["value"], **key,
        )  # fmt: skip

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """Restore it, then its value, its tags and how it rotates."""
        lacks = {key for key, value in spec.items() if key != HOW and live.spec.get(key) != value}
        if "deleted" in lacks and not spec["deleted"]:
            self.aws.call("secretsmanager", "restore_secret", SecretId=name)
        if "version" in lacks:
            self._set_version(name, spec, live)
        if "kms_key" in lacks:
            self.aws.call("secretsmanager", "update_secret", SecretId=name, KmsKeyId=spec["kms_key"])
        if {"rotation_days", "rotation_lambda"} & lacks:
            self._rotate(name, {**live.spec, **spec})
        if "tags" in lacks:
            tags = [{"Key": tag, "Value": value} for tag, value in spec["tags"].items()]
            self.aws.call("secretsmanager", "tag_resource", SecretId=name, Tags=tags)

    def _set_version(self, name: str, spec: Json, live: Live) -> None:
        """A new value; without one, the version that was there before becomes the current one again."""
        if "value" in spec.get(HOW, {}):
            self.aws.call(
                "secretsmanager", "put_secret_value", SecretId=name, ClientRequestToken=spec["version"],
                SecretString=spec[HOW]["value"],
            )  # fmt: skip
            return
        self.aws.call(
            "secretsmanager", "update_secret_version_stage", SecretId=name, VersionStage="AWSCURRENT",
            MoveToVersionId=spec["version"], RemoveFromVersionId=live.spec["version"],
        )  # fmt: skip

    def _rotate(self, name: str, wanted: Json) -> None:
        if not wanted["rotation_days"]:
            self.aws.call("secretsmanager", "cancel_rotate_secret", SecretId=name)
            return
        self.aws.call(
            "secretsmanager", "rotate_secret", SecretId=name, RotationLambdaARN=wanted["rotation_lambda"],
            RotationRules={"AutomaticallyAfterDays": wanted["rotation_days"]}, RotateImmediately=False,
        )  # fmt: skip

    def deletion(self, name: str, live: Live) -> Json:
        """With the longest time to restore it in."""
        return {"recovery_days": RECOVERY_DAYS}

    def delete(self, name: str, how: Json) -> None:
        """It can be restored for so many days."""
        self.aws.call("secretsmanager", "delete_secret", SecretId=name, RecoveryWindowInDays=how["recovery_days"])


def value(aws: Aws, name: str, key: str) -> bytes:
    """The value of a secret, or of one key of a value that is a JSON object.

    Raises `ToolFailed` where it lacks it.
    """
    found = aws.call("secretsmanager", "get_secret_value", SecretId=name, VersionStage="AWSCURRENT")
    text = found.get("SecretString")
    if key:
        return value_of_key(name, text, key)
    return str(text).encode() if text is not None else bytes(found["SecretBinary"])
