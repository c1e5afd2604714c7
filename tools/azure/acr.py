"""Images in Azure: make a registry, let pods pull, list what there is."""

from __future__ import annotations

import hashlib
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Unpack

from pydantic import Field

from tools.azure.account import azure_of, ours
from tools.changes.clouds import cloud_change
from tools.changes.plan import CloudValue, Plan
from tools.cloud.azure import acr, builds
from tools.cloud.connect import AZURE
from tools.cloud.resource import HOW
from tools.cloud.tags import tags_like
from tools.clouds.delivering import pull_secret_changes
from tools.clouds.files import LocalFile
from tools.clouds.owner import Owner, owner_tags, plan_of, said_tags
from tools.cluster.errors import NotFound
from tools.cluster.namespaces import refuse_unless_there
from tools.errors import ToolFailed
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.azure.client import Azure

Registry = Annotated[str, Field(min_length=1, max_length=50, description="The registry: acmeshopdev.")]
Repository = Annotated[
    str, Field(min_length=1, max_length=256, description="The repository in the registry: shop/web.")
]
SHOWN = 50
"""Images that are listed."""


def create_acr_registry(
    context: ToolContext,
    *,
    registry: Registry,
    sku: Annotated[
        Literal["Basic", "Standard", "Premium"], Field(description="How large and how fast.")
    ] = "Standard",
    **owner: Unpack[Owner],
) -> Plan:
    """Make a registry for images in Azure, or bring one that Desk made up to this. A person approves it.

    It has no admin's password, and nobody pulls without a login (checkov CKV_AZURE_137, CKV_AZURE_138). It has its
    owner's tags.
    """
    acr.check_name(registry)
    spec: Json = {"sku": sku, "admin_user": False, "anonymous_pull": False, "tags": owner_tags(context, owner)}
    azure = azure_of(context)
    summary = f"make ACR registry {registry} in {azure.account.place}"
    return plan_of(summary, cloud_change(AZURE, azure, acr.REGISTRY, registry, spec))


def build_acr_image(
    context: ToolContext,
    *,
    registry: Registry,
    repository: Repository,
    tag: Annotated[str, Field(max_length=128, description="The image's tag: 1.4.2.")],
    folder: Annotated[LocalFile, Field(description="Folder of this machine with the Dockerfile: /path or ~/path.")],
    dockerfile: Annotated[str, Field(min_length=1, max_length=1024, description="Its path there.")] = "Dockerfile",
) -> Plan:
    """Have a registry of Azure build a folder into an image, and keep it. A person approves it.

    What .dockerignore names is left out. A tag that is there already is not built again. It takes minutes.
    """
    acr.check_repository(repository)
    builds.check_tag(tag)
    azure, path, image = azure_of(context), Path(folder).expanduser(), f"{repository}:{tag}"
    host = str(_registry(azure, registry)["properties"]["loginServer"])
    live = ours(azure, acr.REGISTRY, registry, f"desk cloud azure acr create {registry}")
    data = builds.packed(path, dockerfile)
    source, kind = hashlib.sha256(data).hexdigest(), azure.kind(builds.TASK_RUN)
    attempts = (f"{registry}/{builds.run_name(image, source, number)}" for number in count())
    name, run = next((each, run) for each in attempts if (run := kind.read(each)) is None or not run.failed)
    if run is None and any(each["tag"] == tag for each in _tags(azure, host, repository)):
        raise ToolFailed(
            f"{host}/{image} is there already, and was not built of this folder as it is. Choose another tag: what "
            "was tested under a tag is what runs."
        )
    tags = tags_like(live.tags, context.session)
    spec: Json = {
        "image": image, "source": source, "dockerfile": dockerfile, "tags": tags, HOW: {"folder": str(path)},
    }  # fmt: skip
    return plan_of(
        f"build {path} ({len(data):,} bytes) into {host}/{image} in {azure.account.place}",
        cloud_change(AZURE, azure, builds.TASK_RUN, name, spec),
    )


def _tags(azure: Azure, host: str, repository: str) -> list[Json]:
    try:
        return azure.image_tags(host, repository)
    except NotFound:
        return []


def create_acr_pull_secret(
    context: ToolContext,
    *,
    registry: Registry,
    repository: Repository,
    namespace: Namespace,
    pull_secret: Annotated[Name, Field(description="Name of the Secret to create.")] = "acr-pull",  # noqa: S107  a name
) -> Plan:
    """Create a pull secret for one repository of an Azure registry, or a new one for it. A person approves it.

    Its token may read that repository and nothing else, and is valid for 90 days: after that this has to be called
    again. link_pull_secret lets pods use it.
    """
    acr.check_repository(repository)
    azure = azure_of(context)
    found = _registry(azure, registry)
    refuse_unless_there(context.cluster, namespace)
    named = acr.token_name(namespace, repository)
    tags, token = owner_tags(context, {"namespace": namespace}), f"{registry}/{named}"
    value = CloudValue(AZURE, acr.LOGIN, token, ((".dockerconfigjson", ""),))
    host = str(found["properties"]["loginServer"])
    return Plan.of(
        f"create pull secret {pull_secret} in {namespace} for {host}/{repository}, valid for {acr.TOKEN_DAYS} days",
        cloud_change(AZURE, azure, acr.SCOPE, token, {"repositories": [repository], "tags": tags}),
        cloud_change(AZURE, azure, acr.TOKEN, token, {"scope": named, "enabled": True, "tags": tags}),
        *pull_secret_changes(context, namespace, pull_secret, host, value),
    )


def acr_images(
    context: ToolContext,
    *,
    registry: Annotated[str | None, Field(max_length=50, description="One registry; without it, all.")] = None,
    repository: Annotated[str | None, Field(max_length=256, description="One repository of it.")] = None,
) -> Result:
    """The registries of Azure with their guardrails and tags; of one, its repositories; of those, the images."""
    azure = azure_of(context)
    if registry is None:
        return _registries(azure)
    host = str(_registry(azure, registry)["properties"]["loginServer"])
    if repository is None:
        names = azure.repositories(host)
        more = [f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
        return Result(
            "\n".join([f"{len(names)} repositories in {host}", *names[:SHOWN], *more]), {"repositories": names}
        )
    tags = azure.image_tags(host, repository)
    lines = [f"{each['tag']}  {each['digest'][:19]}  {each['pushed']}" for each in tags[:SHOWN]]
    return Result("\n".join([f"{len(tags)} tags of {host}/{repository}", *lines]), {"images": tags})


def _registry(azure: Azure, registry: str) -> Json:
    found = acr.found(azure, registry)
    if found is None:
        raise ToolFailed(
            f"There is no registry {registry} in Azure {azure.account.place}. Make it: desk cloud azure acr create."
        )
    return found


def _registries(azure: Azure) -> Result:
    names = sorted(
        each["name"] for each in azure.listed("registries.registries", "list_by_resource_group", azure.group)
    )
    kind = azure.kind(acr.REGISTRY)
    found = {name: live for name in names[:SHOWN] if (live := kind.read(name)) is not None}
    lines = [
        f"{name}  {live.spec['sku']}  admin {'on' if live.spec['admin_user'] else 'off'}  {live.holds or 'empty'}  "
        f"{said_tags(live.tags)}"
        for name, live in found.items()
    ]
    data = {"registries": [{"name": name, **live.spec} for name, live in found.items()]}
    return Result("\n".join([f"{len(names)} registries in Azure {azure.account.place}", *lines]), data)
