"""What of cluster and Azure together keeps a pod from its image: link by link.

Source: https://learn.microsoft.com/azure/container-registry/container-registry-troubleshoot-login
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tools.azure.account import azure_of
from tools.cloud.azure import acr
from tools.clouds.links import Link, Login, images_of, login, told
from tools.cluster.errors import NotFound
from tools.cluster.namespaces import refuse_unless_there
from tools.frame import Name, Namespace, Result, ToolContext

if TYPE_CHECKING:
    from tools.cloud.azure.client import Azure

_IMAGE = re.compile(
    r"(?P<host>(?P<registry>[a-z0-9]+)(?:-[a-z0-9]+)?\.azurecr\.(?:io|cn|us))/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def why_no_acr_pull(
    context: ToolContext,
    *,
    namespace: Namespace,
    pod: Annotated[Name | None, Field(description="One pod; without it, all of the namespace.")] = None,
) -> Result:
    """Find out why pods cannot pull their images from an Azure registry: the image, the login, the token."""
    azure, cluster = azure_of(context), context.cluster
    refuse_unless_there(cluster, namespace)
    wanted = images_of(cluster, namespace, pod, _IMAGE)
    if not wanted:
        what = f"pod {pod}" if pod else f"pods of {namespace}"
        return Result(f"No image of {what} is in ACR. desk debug-pod {namespace} finds why an image is not pulled.")
    links: list[Link] = []
    for image, each in wanted.items():
        if (found := _IMAGE.fullmatch(image)) is None:
            continue
        links += _in_registry(azure, namespace, image, found)
        renew = f"desk cloud azure acr pull-secret {found['registry']} {found['repository']} -n {namespace}"
        how = Login(renew, "only the nodes' own identity can pull", timedelta(days=acr.TOKEN_DAYS))
        links.append(login(cluster, namespace, each, found["host"], how))
    return told(f"images of ACR in {namespace}", links)


def _in_registry(azure: Azure, namespace: str, image: str, found: re.Match[str]) -> Iterator[Link]:
    registry, repository = found["registry"], found["repository"]
    there = acr.found(azure, registry)
    if there is None:
        text = f"registry {registry} is not in {azure.account.place}: what is there was not looked at"
        yield Link(image, "unknown", text, "the subscription and resource group of that registry")
        return
    try:
        tags = azure.image_tags(str(there["properties"]["loginServer"]), repository)
    except NotFound:
        yield Link(image, "broken", f"registry {registry} has no repository {repository}", "push the image")
        return
    which = found["digest"] or found["tag"] or "latest"
    if which in {each["digest"] if found["digest"] else each["tag"] for each in tags}:
        yield Link(image, "ok", "it is in the registry")
    else:
        command = f"desk cloud azure acr images --registry {registry} --repository {repository} lists what is there"
        yield Link(image, "broken", f"the repository has no {which}", command)
    token = azure.kind(acr.TOKEN).read(f"{registry}/{acr.token_name(namespace, repository)}")
    if token is not None and not token.spec["enabled"]:
        command = f"desk cloud azure acr pull-secret {registry} {repository} -n {namespace}"
        yield Link(f"token of {namespace}", "broken", "it is disabled", command)
