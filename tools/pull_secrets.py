"""Let pods pull from a private registry: make a pull secret, and link it to a service account."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tools.change import patch_change
from tools.frame import Name, Namespace, Plan, ToolContext, ToolFailed
from tools.templates import where

PULL_SECRET_TYPES = ("kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg")


def link_pull_secret(
    context: ToolContext,
    *,
    namespace: Namespace,
    service_account: Annotated[Name, Field(description="The pods' service account; often default.")],
    pull_secret: Annotated[Name, Field(description="The pull secret; it must be there.")],
) -> Plan:
    """Add a pull secret to a service account: pods that start from then on use it, as `oc secrets link` does.

    Asked as: link pull secret {pull_secret} to {service_account};
    link {pull_secret} to service account {service_account}
    """
    kind = context.cluster.get("Secret", pull_secret, namespace).get("type")
    if kind not in PULL_SECRET_TYPES:
        raise ToolFailed(f"Secret {pull_secret} in {namespace} is of type {kind}, which is no pull secret.")
    live = context.cluster.get("ServiceAccount", service_account, namespace)
    linked = live.get("imagePullSecrets") or []
    there = any(each.get("name") == pull_secret for each in linked)
    body = {"imagePullSecrets": linked if there else [*linked, {"name": pull_secret}]}
    change = patch_change(context.cluster.find("ServiceAccount"), live, body)
    return Plan(f"link pull secret {pull_secret} to {where(live)}", (change,))
