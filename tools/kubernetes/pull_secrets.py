"""Let pods pull from a private registry: make a pull secret, and link it to a service account."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.changes.build import create_change, patch_change
from tools.changes.credentials import check_source
from tools.changes.plan import Change, Credentials, Plan
from tools.cluster.client import Cluster
from tools.cluster.errors import NotFound
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Name, Namespace, ToolContext
from tools.json import Json
from tools.kubernetes.pod_template import where

PULL_SECRET_TYPE = "kubernetes.io/dockerconfigjson"  # noqa: S105
PULL_SECRET_TYPES = (PULL_SECRET_TYPE, "kubernetes.io/dockercfg")

Registry = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9._/-]*[a-z0-9])?$",
        max_length=253,
        description="The registry as images name it, with its port: registry.example.com:5000.",
    ),
]
# No colon: what stands before the first is the user. Source: https://www.rfc-editor.org/rfc/rfc7617#section-2
Username = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_.@$+/\\|=~-]+$", max_length=253, description="User name at the registry.")
]
Path = Annotated[str, Field(pattern=r"^~?/[A-Za-z0-9_.,:@+=~/%-]+$", max_length=4096)]
Key = Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]


def create_pull_secret(
    context: ToolContext,
    *,
    namespace: Namespace,
    pull_secret: Annotated[Name, Field(description="Name of the Secret to create.")],
    registry: Registry,
    username: Username,
    file: Annotated[Path | None, Field(description="File with the password: /path or ~/path.")] = None,
    existing_secret: Annotated[Name | None, Field(description="Secret with the password.")] = None,
    key: Annotated[Key | None, Field(description="Key of the password in that Secret.")] = None,
) -> Plan:
    """Create a pull secret for a registry. A person approves it; link_pull_secret lets pods use it then.

    Never ask for the password itself. It is read from the file or the Secret's key that the task names, else
    from standard input, when the change is sent, and shown to nobody.
    """
    if (existing_secret is None) != (key is None) or (file and existing_secret):
        raise ArgumentsError(
            "create_pull_secret: the password is in a file, or under a key of an existing_secret (give both), or, "
            "with neither, on standard input."
        )
    credentials = Credentials(registry, username, file or "", existing_secret or "", key or "")
    refuse_existing(context, pull_secret, namespace)
    check_source(credentials, namespace, context.cluster)
    metadata = {"name": pull_secret, "namespace": namespace}
    body: Json = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": PULL_SECRET_TYPE}
    return Plan.of(
        f"create pull secret {pull_secret} in {namespace} for {registry} with user {username}, "
        f"password from {credentials.source}",
        create_change(context.cluster.find("Secret").plural, body, credentials),
    )


def refuse_existing(context: ToolContext, name: str, namespace: str) -> None:
    """Raises `ToolFailed` where there is a Secret of this name: it is not overwritten."""
    try:
        there = context.cluster.get("Secret", name, namespace)
    except NotFound:
        return
    raise ToolFailed(
        f"Secret {name} exists in {namespace} already (type {there.get('type')}) and is not overwritten. "
        "Choose another name, or delete it first."
    )


def link_pull_secret(
    context: ToolContext,
    *,
    namespace: Namespace,
    service_account: Annotated[Name, Field(description="The pods' service account; often default.")],
    pull_secret: Annotated[Name, Field(description="The pull secret; it must be there.")],
) -> Plan:
    """Add a pull secret to a service account: pods that start from then on use it, as `oc secrets link` does."""
    kind = context.cluster.get("Secret", pull_secret, namespace).get("type")
    if kind not in PULL_SECRET_TYPES:
        raise ToolFailed(f"Secret {pull_secret} in {namespace} is of type {kind}, which is no pull secret.")
    live = context.cluster.get("ServiceAccount", service_account, namespace)
    return Plan.of(f"link pull secret {pull_secret} to {where(live)}", linked(context.cluster, live, pull_secret))


def linked(cluster: Cluster, account: Json, pull_secret: str) -> Change:
    """The patch of a service account by which its pods pull with this secret, too."""
    before = account.get("imagePullSecrets") or []
    there = any(each.get("name") == pull_secret for each in before)
    body = {"imagePullSecrets": before if there else [*before, {"name": pull_secret}]}
    return patch_change(cluster.find("ServiceAccount").plural, account, body)
