"""How the pods of a provisioned namespace pull images: a pull secret, linked to its service accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tools.changes.build import create_change
from tools.changes.credentials import CONFIG_KEY, check_source
from tools.changes.plan import Change, Credentials
from tools.cluster.client import Cluster
from tools.cluster.errors import NotFound
from tools.cluster.resources import ObjectRef
from tools.errors import ArgumentsError, ToolFailed
from tools.json import Json
from tools.kubernetes.pull_secrets import PULL_SECRET_TYPE, linked
from tools.provisioning.guardrails import MANAGED_BY, is_managed

if TYPE_CHECKING:
    from tools.provisioning.provision import Found

NAME = "registry-login"
"""Of the Secret."""
DEFAULT_ACCOUNT = "default"

Source = Annotated[
    str,
    Field(
        pattern=r"^(~?/[A-Za-z0-9_.,:@+=~/%-]+|[a-z0-9][-a-z0-9]*/[a-z0-9][-a-z0-9.]*)$",
        max_length=4096,
        description="The registry's login: a file (/path or ~/path), or a pull secret to copy (NAMESPACE/NAME).",
    ),
]


def credentials_from(source: str | None, registry: str | None, username: str | None) -> Credentials | None:
    """Where the login is that a namespace's pods pull with; None: none is named.

    A file is a docker config, or the password alone when registry and user are said. Raises `ArgumentsError` where
    it is said by halves.
    """
    if source is None and (registry or username):
        raise ArgumentsError("pull_secret: with registry and username, name the file that holds the password.")
    if source is None:
        return None
    is_file = source.startswith(("/", "~"))
    if (registry is None) != (username is None) or (registry and not is_file):
        raise ArgumentsError(
            "pull_secret: with registry and username (give both) it is a file that holds the password; without "
            "them, a docker config's file, or NAMESPACE/NAME of a pull secret that is copied."
        )
    if is_file:
        return Credentials(registry or "", username or "", file=source)
    namespace, _, name = source.partition("/")
    return Credentials("", "", existing_secret=name, key=CONFIG_KEY, namespace=namespace)


def pull_secret_changes(cluster: Cluster, found: Found, namespace: str, login: Credentials) -> tuple[Change, ...]:
    """The Secret, and its link to the service account `default`; that of the CI's is among the guardrails.

    A Secret that Desk has made before is kept as it is. Raises `ToolFailed` where there is another one of its
    name, or the login cannot be had.
    """
    body: Json = {
        "apiVersion": "v1", "kind": "Secret", "type": PULL_SECRET_TYPE,
        "metadata": {"name": NAME, "namespace": namespace, "labels": {"managed-by": MANAGED_BY}},
    }  # fmt: skip
    there = _there(cluster, found, namespace)
    if there is None:
        check_source(login, namespace, cluster)
    elif not is_managed(there):
        raise ToolFailed(
            f"Secret {NAME} exists in {namespace} already, and is not Desk's: rename or delete it first."
        )
    made = () if there is not None else (create_change(cluster.find("Secret").plural, body, login),)
    return (*made, *_link(cluster, found, namespace))


def _there(cluster: Cluster, found: Found, namespace: str) -> Json | None:
    if found.namespace is None:
        return None
    try:
        return cluster.get("Secret", NAME, namespace)
    except NotFound:
        return None


def _link(cluster: Cluster, found: Found, namespace: str) -> tuple[Change, ...]:
    live = found.objects.get(("ServiceAccount", DEFAULT_ACCOUNT))
    if live is not None:
        there = any(each.get("name") == NAME for each in live.get("imagePullSecrets") or ())
        return () if there else (linked(cluster, live, NAME),)
    account = cluster.find("ServiceAccount")
    target = ObjectRef(account.api_version, account.kind, namespace, DEFAULT_ACCOUNT)
    body: Json = {
        "apiVersion": target.api_version, "kind": target.kind,
        "metadata": {"name": target.name, "namespace": namespace}, "imagePullSecrets": [{"name": NAME}],
    }  # fmt: skip
    undo: Json = {"imagePullSecrets": None}
    return (Change(target, account.plural, body, undo, "", "", "", "apply", may_appear=True),)
