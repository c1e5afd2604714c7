"""A kubeconfig of one person: a context a namespace, each with a token of its own. Pure.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

import yaml

from tools.errors import ToolFailed
from tools.json import Json

PREFIX = "desk:"
"""How Desk names the users in its kubeconfigs: by that it knows one of its own."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a kubeconfig says of one namespace: where the cluster is, by what it is known, and as whom."""

    namespace: str
    account: str
    server: str
    authority: bytes
    """The cluster's CA certificate (PEM); empty: one that the system trusts."""

    @property
    def user(self) -> str:
        """The entry of the token."""
        return f"{PREFIX}{self.namespace}/{self.account}"


@dataclass(frozen=True, slots=True)
class Claims:
    """Whose a token is and until when, as it says itself; nothing of it is verified here.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
    """

    account_uid: str
    secret_uid: str
    expires_at: float
    """Seconds since 1970."""


def parsed(content: bytes, path: str) -> Json:
    """The document of a file that Desk wrote; raises `ToolFailed` for any other."""
    try:
        document = yaml.safe_load(content)
        ours = document["kind"] == "Config" and all(_is_ours(each) for each in document["users"])
    except (yaml.YAMLError, UnicodeDecodeError, LookupError, TypeError, AttributeError):
        ours = False
    if not ours:
        raise ToolFailed(f"{path} is there and is no kubeconfig that Desk wrote: it is not replaced. Move it.")
    return dict(document)


def _is_ours(user: Any) -> bool:
    return str(user["name"]).startswith(PREFIX)


def with_context(document: Json | None, context: Context, token: str, path: str) -> Json:
    """The document with this context in place of one for the same namespace.

    Raises `ToolFailed` where it is for another cluster.
    """
    cluster: Json = {"server": context.server}
    if context.authority:
        cluster["certificate-authority-data"] = base64.b64encode(context.authority).decode()
    before = document or {"clusters": [], "users": [], "contexts": [], "current-context": context.namespace}
    if any(each["cluster"]["server"] != context.server for each in before["clusters"]):
        raise ToolFailed(f"{path} is a kubeconfig for another cluster: name another folder for this one.")
    entry = {"cluster": "cluster", "user": context.user, "namespace": context.namespace}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": cluster}],
        "users": [*_others(before["users"], context.user), {"name": context.user, "user": {"token": token}}],
        "contexts": [
            *_others(before["contexts"], context.namespace),
            {"name": context.namespace, "context": entry},
        ],
        "current-context": before["current-context"],
    }


def without_context(document: Json, context: Context) -> Json | None:
    """The document without this context; None when nothing is left of it."""
    contexts = _others(document["contexts"], context.namespace)
    if not contexts:
        return None
    names = [each["name"] for each in contexts]
    current = document["current-context"]
    return {
        **document,
        "users": _others(document["users"], context.user),
        "contexts": contexts,
        "current-context": current if current in names else names[0],
    }


def claims_in(document: Json, context: Context) -> Claims | None:
    """What the token of a context says of itself; None where there is none."""
    token = next((each["user"].get("token") for each in document["users"] if each["name"] == context.user), None)
    if not isinstance(token, str):
        return None
    try:
        payload = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        bound = said["kubernetes.io"]
        return Claims(bound["serviceaccount"]["uid"], bound["secret"]["uid"], float(said["exp"]))
    except (IndexError, LookupError, TypeError, ValueError, binascii.Error):
        return None


def text(document: Json) -> bytes:
    """The file."""
    return yaml.safe_dump(document, sort_keys=False).encode()


def _others(entries: list[Json], name: str) -> list[Json]:
    return [each for each in entries if each["name"] != name]
