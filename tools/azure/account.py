"""Azure, as the tools of this room are given it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

from pydantic import Field

from tools.changes.clouds import refuse_others, target_of
from tools.cloud.connect import AZURE
from tools.errors import ToolFailed
from tools.frame import ToolContext

if TYPE_CHECKING:
    from tools.cloud.azure.client import Azure
    from tools.cloud.resource import Live

Addresses = Annotated[
    list[Annotated[str, Field(max_length=18)]] | None,
    Field(max_length=50, description="Public addresses that may come in: 203.0.113.7, 203.0.113.0/28."),
]


def azure_of(context: ToolContext) -> Azure:
    """Azure, by whatever credentials there are. Raises `ClusterSettingsError` where it cannot be addressed."""
    return cast("Azure", context.clouds(AZURE))


def ours(azure: Azure, kind: str, name: str, command: str) -> Live:
    """A resource of Desk's making. Raises `ToolFailed` where there is none; `command` makes one."""
    live = azure.kind(kind).read(name)
    if live is None:
        raise ToolFailed(
            f"There is no {kind.partition('/')[2]} {name} in Azure {azure.account.place}. Make it: {command}."
        )
    refuse_deleted(name, live)
    refuse_others(live, target_of(azure, kind, name))
    return live


def refuse_deleted(name: str, live: Live) -> None:
    """Raises `ToolFailed` for what was deleted, whose name is taken as long as it can be restored."""
    if live.gone:
        raise ToolFailed(
            f"{name} was deleted: {live.gone}. Next: desk cloud azure keyvault recover "
            f"{name.replace('/', ' --name ')}, or choose another name."
        )
