"""Container registries of Azure, without an admin's password, and tokens that may pull from one repository.

| key of the specification | is |
|---|---|
| `sku` | Basic, Standard or Premium |
| `admin_user`, `anonymous_pull` | false: neither can be had otherwise |
| of a scope: `repositories` | what a token with it may pull; its tags stand in its description |
| of a token: `scope`, `enabled` | by which scope; whether it may be used |

Sources: https://learn.microsoft.com/azure/container-registry/container-registry-authentication#admin-account,
https://learn.microsoft.com/azure/container-registry/container-registry-token-based-repository-permissions,
checkov CKV_AZURE_137 (admin), CKV_AZURE_138 (anonymous pull).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tools.cloud.azure import arm
from tools.cloud.resource import Live
from tools.cluster.errors import Conflict, NotFound
from tools.errors import ArgumentsError, ToolFailed
from tools.json import Json

if TYPE_CHECKING:
    from tools.cloud.azure.client import Azure

REGISTRY = "containerregistry.azure/Registry"
SCOPE = "containerregistry.azure/ScopeMap"
TOKEN = "containerregistry.azure/Token"  # noqa: S105  a kind
LOGIN = "containerregistry.azure/Login"
TOKEN_DAYS = 90
"""How long the password of a token works."""
_NAME = re.compile(r"[a-z0-9]{5,50}")
_REPOSITORY = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
_PULL = ("content/read", "metadata/read")
_SLUG = 50
"""Characters that the name of a scope or token has at most."""


def check_name(name: str) -> None:
    """Raises `ArgumentsError` for what Azure takes for no name of a registry."""
    if not _NAME.fullmatch(name):
        raise ArgumentsError(
            f"{name!r} cannot be a registry: 5 to 50 small letters and digits, nothing else. All subscriptions "
            "share one space of names: take the company's and the team's into it, such as acmeshopdev."
        )


def check_repository(name: str) -> None:
    """Raises `ArgumentsError` for what is no repository."""
    if not (len(name) <= 256 and _REPOSITORY.fullmatch(name)):
        raise ArgumentsError(
            f"{name!r} is no repository: small letters and digits, with single . _ - or / between them, such as "
            "payments/checkout."
        )


def token_name(namespace: str, repository: str) -> str:
    """The name of the token by which a namespace pulls from a repository, and of its scope."""
    slug = re.sub(r"[^a-z0-9]+", "-", f"{namespace}-{repository}")
    same = hashlib.sha256(f"{namespace}\n{repository}".encode()).hexdigest()[:8]
    return f"{slug[: _SLUG - 9].strip('-')}-{same}"


@dataclass(frozen=True, slots=True)
class Registries:
    """`Kind` of registries. All subscriptions share one space of names."""

    azure: Azure
    reasons = (
        "no admin's password (the usual command shows it: az acr credential show), nobody pulls without a login",
        "pods pull with a token for one repository, which may read and nothing else",
    )

    def read(self, name: str) -> Live | None:
        """The registry, with how many bytes are in it."""
        registry = found(self.azure, name)
        if registry is None:
            return None
        said = registry["properties"]
        state = said.get("provisioningState")
        size_bytes = 0 if arm.making(state) or arm.failed(state) else self._size_bytes(name)
        spec: Json = {
            "sku": str((registry.get("sku") or {}).get("name") or ""),
            "admin_user": bool(said.get("adminUserEnabled")),
            "anonymous_pull": bool(said.get("anonymousPullEnabled")),
            "tags": registry.get("tags") or {},
        }
        return Live(
            arm.uid(registry), spec, making=arm.making(state), failed=arm.failed(state),
            holds=f"images of {size_bytes:,} bytes" if size_bytes else "",
            told=f"push and pull at {said.get('loginServer')}",
        )  # fmt: skip

    def create(self, name: str, spec: Json, token: str) -> str:
        """With all of it, in one request."""
        body: Json = {
            "location": self.azure.account.region, "sku": {"name": spec["sku"]}, "tags": spec["tags"],
            "properties": _properties(spec),
        }  # fmt: skip
        return self.azure.begin("registries.registries", "begin_create", self.azure.group, name, body=body)

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """What can be changed, which is all of it."""
        wanted = {**live.spec, **spec, "tags": {**live.tags, **spec.get("tags", {})}}
        body: Json = {
            "sku": {"name": wanted["sku"]}, "tags": wanted["tags"], "properties": _properties(wanted),
        }  # fmt: skip
        self.azure.begin("registries.registries", "begin_update", self.azure.group, name, body=body)

    def deletion(self, name: str, live: Live) -> Json:
        """Only an empty one: nobody knows which clusters still run its images."""
        if live.holds:
            raise ToolFailed(
                f"Registry {name} holds {live.holds}, and is not deleted with them. Nothing was changed. Next: if "
                "nothing runs them any more, delete them (az acr repository delete), then undo this again."
            )
        return {"only_if": "it is empty"}

    def delete(self, name: str, how: Json) -> None:
        """Raises `Conflict` where somebody has pushed meanwhile: Azure itself would not ask."""
        if self._size_bytes(name):
            raise Conflict(f"Registry {name} holds images by now")
        self.azure.begin("registries.registries", "begin_delete", self.azure.group, name)

    def _size_bytes(self, name: str) -> int:
        usages = self.azure.call("registries.registries", "list_usages", self.azure.group, name)
        return next((int(each["currentValue"]) for each in usages.get("value") or () if each["name"] == "Size"), 0)


def found(azure: Azure, name: str) -> Json | None:
    """The registry as Azure tells it; None where there is none."""
    try:
        return azure.call("registries.registries", "get", azure.group, name)
    except NotFound:
        return None


@dataclass(frozen=True, slots=True)
class Scopes:
    """`Kind` of scopes, `REGISTRY/NAME`: which repositories a token may pull from."""

    azure: Azure
    reasons = ()

    def read(self, name: str) -> Live | None:
        """The scope; what it may do besides is told as one of its repositories."""
        try:
            found = self.azure.call("registries.scope_maps", "get", self.azure.group, *name.split("/"))
        except NotFound:
            return None
        said = found["properties"]
        state = said.get("provisioningState")
        spec: Json = {
            "repositories": sorted(_pulled(said.get("actions") or ())),
            "tags": arm.from_text(said.get("description")),
        }
        return Live(arm.uid(found), spec, making=arm.making(state), failed=arm.failed(state))

    def create(self, name: str, spec: Json, token: str) -> str:
        """Azure gives these no tags: they stand in the description."""
        actions = [f"repositories/{each}/{may}" for each in spec["repositories"] for may in _PULL]
        body = {"properties": {"description": arm.as_text(spec["tags"]), "actions": actions}}
        where = (self.azure.group, *name.split("/"))
        return self.azure.begin("registries.scope_maps", "begin_create", *where, body=body)

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """Other repositories, or tags."""
        self.create(name, {**live.spec, **spec, "tags": {**live.tags, **spec.get("tags", {})}}, "")

    def deletion(self, name: str, live: Live) -> Json:
        """It holds no data."""
        return {"scope": "is removed"}

    def delete(self, name: str, how: Json) -> None:
        """Azure refuses it as long as a token has it."""
        self.azure.begin("registries.scope_maps", "begin_delete", self.azure.group, *name.split("/"))


@dataclass(frozen=True, slots=True)
class Tokens:
    """`Kind` of tokens, `REGISTRY/NAME`, each with the scope of its name. Its password is made when it is taken."""

    azure: Azure
    reasons = ()

    def read(self, name: str) -> Live | None:
        """The token, with the tags of its scope."""
        try:
            found = self.azure.call("registries.tokens", "get", self.azure.group, *name.split("/"))
        except NotFound:
            return None
        said = found["properties"]
        scope = Scopes(self.azure).read(name)
        state = said.get("provisioningState")
        spec: Json = {
            "scope": str(said.get("scopeMapId") or "").rpartition("/")[2],
            "enabled": said.get("status") == "enabled",
            "tags": dict(scope.tags) if scope else {},
        }
        return Live(arm.uid(found), spec, making=arm.making(state), failed=arm.failed(state))

    def create(self, name: str, spec: Json, token: str) -> str:
        """Without a password: that is made when it is delivered."""
        registry, _, named = name.partition("/")
        scope = f"{_registry_id(self.azure, registry)}/scopeMaps/{spec['scope']}"
        status = "enabled" if spec["enabled"] else "disabled"
        body = {"properties": {"scopeMapId": scope, "status": status}}
        return self.azure.begin("registries.tokens", "begin_create", self.azure.group, registry, named, body=body)

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """Another scope, or enabled again."""
        self.create(name, {**live.spec, **spec}, "")

    def deletion(self, name: str, live: Live) -> Json:
        """Who has its password pulls no more."""
        return {"token": "is revoked"}

    def delete(self, name: str, how: Json) -> None:
        """At once."""
        self.azure.begin("registries.tokens", "begin_delete", self.azure.group, *name.split("/"))


def login(azure: Azure, name: str, _key: str) -> bytes:
    """A docker config for a token, `REGISTRY/TOKEN`, with a new password; the one before works no more."""
    registry, _, token = name.partition("/")
    host = azure.call("registries.registries", "get", azure.group, registry)["properties"]["loginServer"]
    expiry = datetime.now(UTC) + timedelta(days=TOKEN_DAYS)
    body = {
        "tokenId": f"{_registry_id(azure, registry)}/tokens/{token}", "name": "password1",
        "expiry": expiry.isoformat(timespec="seconds"),
    }  # fmt: skip
    made = azure.finished("registries.registries", "begin_generate_credentials", azure.group, registry, body=body)
    password = next((each["value"] for each in made.get("passwords") or () if each["name"] == "password1"), "")
    if not password:
        raise Conflict("registries generate credentials: no password came of it")
    auth = base64.b64encode(f"{made['username']}:{password}".encode()).decode()
    entry = {"username": made["username"], "password": password, "auth": auth}
    return json.dumps({"auths": {host: entry}}).encode()


def _registry_id(azure: Azure, registry: str) -> str:
    return f"{azure.group_id}/providers/Microsoft.ContainerRegistry/registries/{registry}"


def _properties(spec: Json) -> Json:
    return {"adminUserEnabled": spec["admin_user"], "anonymousPullEnabled": spec["anonymous_pull"]}


def _pulled(actions: Iterable[str]) -> set[str]:
    """The repositories that may be pulled from; whatever else may be done is given as it stands."""
    listed = list(actions)
    pulled = (re.fullmatch(r"repositories/(.+)/(content/read|metadata/read)", each) for each in listed)
    others = {each for each in listed if not each.endswith(_PULL)}
    return {each[1] for each in pulled if each} | others
