"""What a driver needs of a cloud, and of each kind of resource in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tools.json import Json

HOW = "how"
"""The key of a specification that says how it is made, which is not read back: a version, a file, a value."""
POLL_S = 10.0
"""Between two questions after an operation that takes long, in seconds."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where in a cloud: the account, or subscription and resource group, the region, and who we are there."""

    id: str
    region: str
    identity: str
    """ARN, or name and object id, of who asks."""

    @property
    def place(self) -> str:
        """The account with its region: what stands in a plan, an approval, a commit."""
        return f"{self.id}/{self.region}"


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as it is now, in the shape of its specification, with its tags under `tags`."""

    uid: str
    """What no other resource has: its ARN with when it was made, where the cloud tells that."""
    spec: Json
    making: str = ""
    """What the cloud is still doing with it; empty: it is settled."""
    failed: str = ""
    """Why the cloud gave up on it."""
    gone: str = ""
    """Of what was deleted and can still be restored: until when."""
    holds: str = ""
    """Data in it that a deletion would lose, in words; empty: none."""
    told: str = ""
    """What whoever asked for it should know: its address."""

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        tags: Mapping[str, str] = self.spec.get("tags") or {}
        return tags

    @property
    def version(self) -> str:
        """SHA-256 of what it is like: moves when somebody changes it."""
        return hashlib.sha256(json.dumps(self.spec, sort_keys=True).encode()).hexdigest()


class Kind(Protocol):
    """A kind of resource. Every method raises the `ClusterError` of its kind when the cloud says no, or nothing."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """What Desk does differently from the usual command, and why: a line each, for whoever approves."""
        ...

    def read(self, name: str) -> Live | None:
        """The resource as it is; None where there is none."""
        ...

    def create(self, name: str, spec: Json, token: str) -> str | None:
        """Make it with its tags, in one request; the rest may be left to `settle`. `token`: the same each try.

        Gives where to ask how far it is, if what is being made cannot be seen at once, or does not tell it.
        """
        ...

    def settle(self, name: str, spec: Json, live: Live) -> None:
        """Give what is there the values of `spec` that it lacks."""
        ...

    def deletion(self, name: str, live: Live) -> Json:
        """How it would be deleted so that nothing is lost: the body of that change; raises `ToolFailed`."""
        ...

    def delete(self, name: str, how: Json) -> None:
        """Delete it so."""
        ...


class Cloud(Protocol):
    """One account and region of a cloud."""

    @property
    def account(self) -> Account:
        """Where we are, asked for once. Raises `Unauthorized` or `ClusterSettingsError`."""
        ...

    def kind(self, name: str) -> Kind:
        """A kind by its name in a target, `ecr.aws/Repository`."""
        ...

    def is_making(self, operation: str) -> bool:
        """Whether an operation goes on, as `create` gave it. Raises `Invalid` with the reason where it failed."""
        ...

    def value(self, kind: str, name: str, key: str) -> bytes:
        """A secret value: of a secret, a registry's login, a signed URL. Who asks keeps it nowhere."""
        ...


def contains(live: Any, wanted: Any) -> bool:
    """Whether a specification holds all that is wanted; of mappings, their keys; all else is to be equal."""
    if isinstance(live, dict) and isinstance(wanted, dict):
        return all(contains(live.get(key), value) for key, value in wanted.items() if key != HOW)
    return bool(live == wanted)


def part_of(live: Json, wanted: Json) -> Json:
    """The values of a specification at the keys that are wanted."""
    return {
        key: part_of(live.get(key) or {}, value) if isinstance(value, dict) and key == "tags" else live.get(key)
        for key, value in wanted.items()
        if key != HOW
    }
