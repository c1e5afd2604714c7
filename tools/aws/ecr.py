"""Images in AWS: make a repository, let pods pull, scan an image, list what there is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Unpack

from pydantic import Field

from tools.aws import claims
from tools.aws.account import aws_of
from tools.changes.clouds import cloud_change
from tools.changes.plan import CloudValue, Plan
from tools.cloud.aws import ecr
from tools.cloud.connect import AWS
from tools.clouds.claims import AsClaim, claimed
from tools.clouds.delivering import pull_secret_changes
from tools.clouds.owner import Owner, Reason, environment_of, owner_tags, plan_of, said_tags
from tools.errors import ToolFailed
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.aws.client import Aws

Repository = Annotated[
    str, Field(min_length=1, max_length=256, description="The repository, with its team: payments/checkout.")
]
Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", description="The image's tag.")]
SHOWN = 50
"""Images, and findings, that are listed."""


def create_ecr_repository(
    context: ToolContext,
    *,
    repository: Repository,
    keep_images: Annotated[int, Field(ge=1, le=1000, description="How many images are kept.")] = 100,
    untagged_days: Annotated[int, Field(ge=1, le=365, description="Days that untagged images are kept.")] = 7,
    kms_key: Annotated[
        str | None, Field(pattern=r"^arn:aws[a-z-]*:kms:", max_length=300, description="ARN of a key of one's own.")
    ] = None,
    mutable_because: Annotated[
        Reason | None, Field(description="Why tags may be moved; without it they may not.")
    ] = None,
    as_claim: AsClaim = False,
    **owner: Unpack[Owner],
) -> Plan:
    """Make a repository for images in Amazon ECR, or bring one that Desk made up to this. A person approves it.

    Its tags are immutable, images are scanned on push and encrypted, old ones expire. It has its owner's tags.
    """
    ecr.check_name(repository)
    spec: Json = {
        "tag_mutability": "MUTABLE" if mutable_because else "IMMUTABLE",
        "scan_on_push": True,
        "encryption": "KMS",
        **({"kms_key": kms_key} if kms_key else {}),
        "keep_images": keep_images,
        "untagged_days": untagged_days,
        "tags": owner_tags(context, owner),
    }
    aws = aws_of(context)
    because = f", its tags mutable because {mutable_because}" if mutable_because else ""
    if as_claim:
        what = f"ECR repository {repository} in {aws.region}{because}"
        return claimed(context, owner, repository, what, spec, partial(claims.repository, aws, repository))
    summary = f"make ECR repository {repository} in {aws.account.place}{because}"
    return plan_of(summary, cloud_change(AWS, aws, ecr.REPOSITORY, repository, spec))


def scan_ecr_image(context: ToolContext, *, repository: Repository, tag: Tag) -> Plan:
    """Have Amazon ECR scan an image for vulnerabilities, and wait for what it finds. A person approves it."""
    aws = aws_of(context)
    if (live := aws.kind(ecr.REPOSITORY).read(repository)) is None:
        raise ToolFailed(f"There is no ECR repository {repository} in {aws.account.place}.")
    image = f"{repository}:{tag}"
    change = cloud_change(AWS, aws, ecr.SCAN, image, {"scanned": True, "tags": environment_of(live)})
    return plan_of(f"scan image {image} in ECR of {aws.account.place}", change)


def create_ecr_pull_secret(
    context: ToolContext,
    *,
    namespace: Namespace,
    pull_secret: Annotated[Name, Field(description="Name of the Secret to create.")] = "ecr-pull",  # noqa: S107  a name
) -> Plan:
    """Create a pull secret for Amazon ECR in a namespace, or a new one in place of it. A person approves it.

    Its token may pull what these credentials may, and is valid for 12 hours: after that this has to be called
    again. link_pull_secret lets pods use it.
    """
    aws = aws_of(context)
    registry = ecr.registry_of(aws)
    value = CloudValue(AWS, ecr.LOGIN, registry, ((".dockerconfigjson", ""),))
    return Plan.of(
        f"create pull secret {pull_secret} in {namespace} for {registry}, valid for {ecr.LOGIN_HOURS} hours",
        *pull_secret_changes(context, namespace, pull_secret, registry, value),
    )


def ecr_images(
    context: ToolContext,
    *,
    repository: Annotated[str | None, Field(max_length=256, description="One repository; without it, all.")] = None,
    tag: Annotated[str | None, Field(max_length=128, description="One image: what its last scan found.")] = None,
) -> Result:
    """The repositories of Amazon ECR with their guardrails and tags; of one, its images; of an image, its scan."""
    aws = aws_of(context)
    if repository is None:
        return _repositories(aws)
    if tag is not None:
        return _findings(aws, repository, tag)
    images = aws.pages("ecr", "describe_images", "imageDetails", repositoryName=repository)
    images.sort(key=lambda each: str(each.get("imagePushedAt")), reverse=True)
    shown = [
        {
            "tags": each.get("imageTags") or [], "digest": each["imageDigest"],
            "pushed": str(each.get("imagePushedAt") or ""), "size_bytes": each.get("imageSizeInBytes") or 0,
            "scan": (each.get("imageScanStatus") or {}).get("status") or "none",
            "findings": (each.get("imageScanFindingsSummary") or {}).get("findingSeverityCounts") or {},
        }
        for each in images[:SHOWN]
    ]  # fmt: skip
    lines = [
        f"{', '.join(each['tags']) or 'no tag'}  {each['digest'][:19]}  {each['pushed']}  scan: {each['scan']}"
        for each in shown
    ]
    where = f"{ecr.registry_of(aws)}/{repository}"
    return Result("\n".join([f"{len(images)} images in {where}", *lines]), {"images": shown})


def _repositories(aws: Aws) -> Result:
    names = sorted(each["repositoryName"] for each in aws.pages("ecr", "describe_repositories", "repositories"))
    kind = aws.kind(ecr.REPOSITORY)
    found = {name: live for name in names[:SHOWN] if (live := kind.read(name)) is not None}
    lines = [
        f"{name}  {live.spec['tag_mutability']}  {live.holds or 'empty'}  {said_tags(live.tags)}"
        for name, live in found.items()
    ]
    more = [f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
    data = {"repositories": [{"name": name, **live.spec} for name, live in found.items()]}
    return Result("\n".join([f"{len(names)} repositories in {ecr.registry_of(aws)}", *lines, *more]), data)


def _findings(aws: Aws, repository: str, tag: str) -> Result:
    found = ecr.findings(aws, repository, tag)
    counts = ", ".join(f"{number} {severity}" for severity, number in found["severities"].items()) or "none"
    lines = [f"{each['severity']}  {each['name']}  {each['uri'] or ''}" for each in found["findings"][:SHOWN]]
    return Result("\n".join([f"{repository}:{tag}: scan {found['status']}, findings: {counts}", *lines]), found)
