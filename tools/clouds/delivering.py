"""A secret of a cloud in a namespace: by an ExternalSecret where that kind is served, else as a Secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from tools.changes.build import apply_change, create_change, delete_change
from tools.changes.plan import Change, CloudValue, Plan
from tools.cloud.tags import MANAGED
from tools.cluster.client import Cluster
from tools.cluster.errors import ClusterError, NotFound
from tools.cluster.namespaces import refuse_unless_there
from tools.errors import ToolFailed
from tools.frame import Name, ToolContext
from tools.json import Json
from tools.kubernetes.pull_secrets import PULL_SECRET_TYPE, refuse_existing

EXTERNAL_SECRET = "ExternalSecret"  # noqa: S105  a kind
STORES = ("SecretStore", "ClusterSecretStore")
REFRESH = "1h"

DeliveredName = Annotated[Name, Field(description="Name of the Secret in the namespace.")]
Keys = Annotated[
    list[Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)]] | None,
    Field(max_length=50, description="Keys of the value, a JSON object; without it, all."),
]
Store = Annotated[
    Name | None, Field(description="SecretStore or ClusterSecretStore; without it, the only one there is.")
]


@dataclass(frozen=True, slots=True)
class Stored:
    """A secret of a cloud: `name` is what the cloud is asked for, `key` what a store of the cluster is."""

    system: str
    kind: str
    name: str
    key: str
    where: str
    """The cloud with its account, in words."""
    service: str
    """The service that keeps it, as its users call it."""
    is_of: Callable[[Json], bool]
    """Whether a store's `provider` is of that service."""


def delivery(
    context: ToolContext, stored: Stored, namespace: str, name: str, keys: list[str], store: str | None
) -> Plan:
    """The plan by which a secret arrives. Raises `ToolFailed` where there is a Secret of that name, or no store."""
    refuse_unless_there(context.cluster, namespace)
    if (served := _served(context.cluster)) is not None:
        return _external(context, served, stored, namespace, name, keys, store)
    refuse_existing(context, name, namespace)
    body: Json = {
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {
            "name": name, "namespace": namespace, "labels": MANAGED, "annotations": {"desk.dev/from": stored.name},
        },
    }  # fmt: skip
    value = CloudValue(stored.system, stored.kind, stored.name, tuple((key, key) for key in keys))
    what = ", ".join(keys) if keys else "all of its keys"
    return Plan.of(
        f"create Secret {name} in {namespace} from secret {stored.name} of {stored.where}: {what}",
        create_change(context.cluster.find("Secret").plural, body, value),
    )


def pull_secret_changes(
    context: ToolContext, namespace: str, name: str, registry: str, value: CloudValue
) -> list[Change]:
    """A pull secret of a cloud's registry, in place of an old one of Desk's; `ToolFailed` for another Secret."""
    plural = context.cluster.find("Secret").plural
    metadata: Json = {
        "name": name, "namespace": namespace, "labels": MANAGED, "annotations": {"desk.dev/registry": registry},
    }  # fmt: skip
    body: Json = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": PULL_SECRET_TYPE}
    made = create_change(plural, body, value)
    live = _secret(context.cluster, namespace, name)
    if live is None:
        return [made]
    if not MANAGED.items() <= (live["metadata"].get("labels") or {}).items():
        refuse_existing(context, name, namespace)
    return [delete_change(plural, live), made]


def _secret(cluster: Cluster, namespace: str, name: str) -> Json | None:
    try:
        return cluster.get("Secret", name, namespace)
    except NotFound:
        return None


def _served(cluster: Cluster) -> str | None:
    """The version of ExternalSecret that the cluster serves; None where it serves none."""
    return cluster.groups().get("external-secrets.io")


def _external(
    context: ToolContext,
    api_version: str,
    stored: Stored,
    namespace: str,
    name: str,
    keys: list[str],
    store: str | None,
) -> Plan:
    kind, chosen = _store(context.cluster, stored, namespace, store)
    data: Json = {"dataFrom": [{"extract": {"key": stored.key}}]}
    if keys:
        data = {"data": [{"secretKey": key, "remoteRef": {"key": stored.key, "property": key}} for key in keys]}
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
        f"have secret {stored.name} of {stored.where} as Secret {name} in {namespace}, by an ExternalSecret from "
        f"{kind} {chosen}",
        apply_change(context.cluster.find(EXTERNAL_SECRET).plural, body, there),
    )


def _store(cluster: Cluster, stored: Stored, namespace: str, named: str | None) -> tuple[str, str]:
    """The store that the ExternalSecret is to ask: the one that is named, else the only one of that service."""
    found = [(kind, name) for kind, name in _stores(cluster, stored, namespace) if named in (None, name)]
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{kind} {name}" for kind, name in found) or "none"
    raise ToolFailed(
        f"The cluster serves ExternalSecrets, and of stores for {stored.service} there are for {namespace}: "
        f"{there}. Name one (--store), or have one made by who runs External Secrets."
    )


def _stores(cluster: Cluster, stored: Stored, namespace: str) -> Iterator[tuple[str, str]]:
    for kind in STORES:
        try:
            found = cluster.list(kind, namespace if kind == "SecretStore" else None)
        except ClusterError:
            continue
        for each in found:
            if stored.is_of((each.get("spec") or {}).get("provider") or {}):
                yield kind, each["metadata"]["name"]
