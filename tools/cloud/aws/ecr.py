"""Container registries of AWS: repositories whose tags do not move, that are scanned, and encrypted by a key.

| key of the specification | is |
|---|---|
| `tag_mutability` | IMMUTABLE, or MUTABLE with a reason |
| `scan_on_push` | whether each pushed image is scanned |
| `encryption` | KMS, by AWS' own key of the account; or by `kms_key`, a key's ARN. Neither can be changed later |
| `keep_images`, `untagged_days` | how many images are kept, and for how long those without a tag |

Sources: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html and LifecyclePolicies.html
there, https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html (ECR.1 to ECR.3), checkov
CKV_AWS_51, CKV_AWS_136, CKV_AWS_163.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.cloud.resource import Live
from tools.cluster.errors import Conflict, NotFound
from tools.errors import ArgumentsError, ToolFailed
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws

REPOSITORY = "ecr.aws/Repository"
SCAN = "ecr.aws/ImageScan"
LOGIN = "ecr.aws/Login"
LOGIN_HOURS = 12
"""Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html"""

# Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_NAME = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")


def check_name(name: str) -> None:
    """Raises `ArgumentsError` for what ECR takes for no name."""
    if not (2 <= len(name) <= 256 and _NAME.fullmatch(name)):
        raise ArgumentsError(
            f"{name!r} cannot be a repository of ECR: 2 to 256 small letters and digits, with single . _ - or / "
            "between them, such as payments/checkout."
        )


def lifecycle(keep_images: int, untagged_days: int) -> Json:
    """The lifecycle policy. ECR goes by the rule of the lowest priority first."""
    return {
        "rules": [
            {
                "rulePriority": 1, "description": f"images without a tag go after {untagged_days} days",
                "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days",
                              "countNumber": untagged_days},
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2, "description": f"the newest {keep_images} images are kept",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep_images},
                "action": {"type": "expire"},
            },
        ]
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Repositories:
    """`Kind` of repositories. Its name is unique in an account's region."""

    aws: Aws
    reasons = (
        "tags are IMMUTABLE, where the usual command says MUTABLE: what was tested under a tag is what runs",
        "scanned on push, encrypted with KMS; old images expire; who pulls gets a token of 12 hours",
    )

    def read(self, name: str) -> Live | None:
        """The repository with its lifecycle policy and tags."""
        try:
            (found,) = self.aws.call("ecr", "describe_repositories", repositoryNames=[name])["repositories"]
        except NotFound:
            return None
        arn = found["repositoryArn"]
        tags = self.aws.call("ecr", "list_tags_for_resource", resourceArn=arn)["tags"]
        images = self.aws.pages("ecr", "list_images", "imageIds", repositoryName=name)
        digests = {each.get("imageDigest") for each in images}
        encryption = found.get("encryptionConfiguration") or {}
        spec: Json = {
            "tag_mutability": found["imageTagMutability"],
            "scan_on_push": bool((found.get("imageScanningConfiguration") or {}).get("scanOnPush")),
            "encryption": str(encryption.get("encryptionType") or "AES256"),
            "kms_key": str(encryption.get("kmsKey") or ""),
            **self._lifecycle(name),
            "tags": {each["Key"]: each["Value"] for each in tags},
        }
        made = found.get("createdAt")
        return Live(
            f"{arn} {made.isoformat() if hasattr(made, 'isoformat') else made}",
            spec,
            holds=f"{len(digests)} image{'s' if len(digests) > 1 else ''}" if digests else "",
            told=f"push and pull at {found['repositoryUri']}",
        )

    def _lifecycle(self, name: str) -> Json:
        """How many images are kept, as Desk's own policy says it; none, or somebody else's, is 0."""
        try:
            text = self.aws.call("ecr", "get_lifecycle_policy", repositoryName=name)["lifecyclePolicyText"]
        except NotFound:
            return {"keep_images": 0, "untagged_days": 0}
        rules: Any = json.loads(text).get("rules") or ()
        counts = [rule["selection"].get("countNumber") for rule in rules]
        if len(counts) == 2 and json.loads(text) == lifecycle(counts[1], counts[0]):
            return {"keep_images": counts[1], "untagged_days": counts[0]}
        return {"keep_images": 0, "untagged_days": 0}

    def create(self, name: str, spec: Json, token: str) -> None:
        """ECR knows no token: the tag `session` tells whether an earlier try made it."""
        key = {"kmsKey": spec["kms_key"]} if "kms_key" in spec else {}
        self.aws.call(
            "ecr", "create_repository", repositoryName=name,
            tags=[{"Key": tag, "Value": value} for tag, value in spec["tags"].items()],
            imageTagMutability=spec["tag_mutability"],
            imageScanningConfiguration={"scanOnPush": spec["scan_on_push"]},
            encryptionConfiguration={"encryptionType": spec["encryption"], **key},
        )  # fmt: skip

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """All but the key. Raises `ToolFailed` for another key, which would take a new repository."""
        lacks = {key: value for key, value in spec.items() if live.spec.get(key) != value}
        if {"kms_key", "encryption"} & lacks.keys():
            raise ToolFailed(
                f"Repository {name} is encrypted with {live.spec['encryption']} {live.spec['kms_key']}, and that "
                "cannot be changed. Make one of another name, and copy the images."
            )
        if "tag_mutability" in lacks:
            self.aws.call(
                "ecr", "put_image_tag_mutability", repositoryName=name, imageTagMutability=spec["tag_mutability"]
            )
        if "scan_on_push" in lacks:
            self.aws.call(
                "ecr", "put_image_scanning_configuration", repositoryName=name,
                imageScanningConfiguration={"scanOnPush": spec["scan_on_push"]},
            )  # fmt: skip
        if {"keep_images", "untagged_days"} & lacks.keys():
            self._keep(name, {**live.spec, **spec})
        if "tags" in lacks:
            arn = live.uid.partition(" ")[0]
            tags = [{"Key": key, "Value": value} for key, value in spec["tags"].items()]
            self.aws.call("ecr", "tag_resource", resourceArn=arn, tags=tags)

    def _keep(self, name: str, spec: Json) -> None:
        if not spec["keep_images"]:
            self.aws.call("ecr", "delete_lifecycle_policy", repositoryName=name)
            return
        text = json.dumps(lifecycle(spec["keep_images"], spec["untagged_days"]))
        self.aws.call("ecr", "put_lifecycle_policy", repositoryName=name, lifecyclePolicyText=text)

    def deletion(self, name: str, live: Live) -> Json:
        """Only an empty one: nobody knows which clusters still run its images."""
        if live.holds:
            raise ToolFailed(
                f"Repository {name} holds {live.holds}, and is not deleted with them. Nothing was changed. Next: "
                "if nothing runs them any more, delete them (aws ecr batch-delete-image), then undo this again."
            )
        return {"force": False}

    def delete(self, name: str, how: Json) -> None:
        """ECR itself refuses one that is not empty."""
        self.aws.call("ecr", "delete_repository", repositoryName=name, force=how["force"])


@dataclass(frozen=True, slots=True)
class Scans:
    """`Kind` of a scan of an image, `REPOSITORY:TAG`. It changes nothing but what is known of the image."""

    aws: Aws
    reasons = ()

    def read(self, name: str) -> Live | None:
        """The image's last scan; None where it was never scanned."""
        try:
            found = findings(self.aws, *name.rsplit(":", 1))
        except NotFound:
            return None
        repository = Repositories(self.aws).read(name.rsplit(":", 1)[0])
        counts = found["severities"]
        said = ", ".join(f"{number} {severity}" for severity, number in counts.items()) or "no findings"
        return Live(
            name,
            {"scanned": True, "tags": dict(repository.tags) if repository else {}},
            making="scanning" if found["status"] in ("IN_PROGRESS", "PENDING") else "",
            failed=f"the scan failed: {found['why']}" if found["status"] == "FAILED" else "",
            told=f"{name}: {said}",
        )  # fmt: skip

    def create(self, name: str, spec: Json, token: str) -> None:
        """Once in 24 hours for an image; a second one is refused by ECR."""
        repository, tag = name.rsplit(":", 1)
        self.aws.call("ecr", "start_image_scan", repositoryName=repository, imageId={"imageTag": tag})

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """There is nothing to be set."""

    def deletion(self, name: str, live: Live) -> Json:
        """What is known stays known."""
        raise ToolFailed(f"The scan of {name} changed nothing that could be put back.")

    def delete(self, name: str, how: Json) -> None:
        """Never asked for."""
        raise LookupError("a scan is not deleted")


def findings(aws: Aws, repository: str, tag: str) -> Json:
    """What the last scan of an image found: its status, how many of each severity, and the findings."""
    said = aws.call("ecr", "describe_image_scan_findings", repositoryName=repository, imageId={"imageTag": tag})
    found = said.get("imageScanFindings") or {}
    status = said.get("imageScanStatus") or {}
    return {
        "status": str(status.get("status") or "UNKNOWN"),
        "why": str(status.get("description") or ""),
        "severities": dict(found.get("findingSeverityCounts") or {}),
        "findings": [
            {"name": each.get("name"), "severity": each.get("severity"), "uri": each.get("uri")}
            for each in found.get("findings") or ()
        ],
    }


def registry_of(aws: Aws) -> str:
    """The registry's host."""
    suffix = "amazonaws.com.cn" if aws.region.startswith("cn-") else "amazonaws.com"
    return f"{aws.account.id}.dkr.ecr.{aws.region}.{suffix}"


def login(aws: Aws, name: str, _key: str) -> bytes:
    """A docker config for the registry `name`, of a token that lives 12 hours and may pull what we may."""
    (data,) = aws.call("ecr", "get_authorization_token")["authorizationData"]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    if not password:
        raise Conflict("ecr get authorization token: the token is not USER:PASSWORD")
    entry = {"username": user, "password": password, "auth": data["authorizationToken"]}
    return json.dumps({"auths": {name: entry}}).encode()
