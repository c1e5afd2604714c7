"""The kinds of Azure that Desk makes, by their names in a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from tools.cloud.azure import acr, builds, databases, keyvault, storage
from tools.cloud.files import FILE, Files

if TYPE_CHECKING:
    from tools.cloud.azure.client import Azure
    from tools.cloud.resource import Kind


def kind(azure: Azure, name: str) -> Kind:
    """The kind of this name; raises `LookupError` where there is none."""
    made: Mapping[str, Callable[[Azure], Kind]] = {
        acr.REGISTRY: acr.Registries,
        acr.SCOPE: acr.Scopes,
        acr.TOKEN: acr.Tokens,
        builds.TASK_RUN: builds.TaskRuns,
        keyvault.VAULT: keyvault.Vaults,
        keyvault.SECRET: keyvault.Secrets,
        keyvault.ACCESS: keyvault.Accesses,
        **{kind: partial(databases.Servers, engine=engine) for engine, kind in databases.SERVERS.items()},
        **{kind: partial(databases.FirewallRules, engine=engine) for engine, kind in databases.RULES.items()},
        storage.ACCOUNT: storage.Accounts,
        storage.CONTAINER: storage.Containers,
        storage.BLOB: storage.Blobs,
        FILE: Files,
    }
    return made[name](azure)


def value(azure: Azure, kind: str, name: str, key: str) -> bytes:
    """A secret value of a kind; raises `LookupError` for a kind that has none."""
    read: Mapping[str, Callable[[Azure, str, str], bytes]] = {
        acr.LOGIN: acr.login,
        keyvault.VALUE: keyvault.value,
        storage.SIGNED_URL: storage.signed_url,
    }
    return read[kind](azure, name, key)
