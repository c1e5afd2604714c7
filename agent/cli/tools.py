"""tools: what Desk can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from agent.cli import completing
from agent.cli.help import Command
from agent.cli.options import common, print_document, print_table
from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.surfaces.documents import Tools
    from tools.frame import Tool


@click.command(cls=Command)
@click.argument("name", required=False, shell_complete=completing.tool)
@common
def tools(name: str | None, output: str, **_given: Any) -> None:
    """List the tools, or show NAME with its arguments."""
    from tools.catalog import TOOLS

    chosen = [tool for tool in TOOLS if name in (None, tool.name)]
    if not chosen:
        raise UsageError(f'There is no tool "{name}". `desk tools` lists them.')
    if output != "text":
        return print_document(_document(chosen), output)
    if name is None:
        rows = [(tool.name, tool.risk.value, tool.description.splitlines()[0]) for tool in chosen]
        return print_table("Tools", ("tool", "risk", "what it does"), rows, "")
    properties = chosen[0].schema["properties"]
    required = chosen[0].schema.get("required", [])
    click.echo(f"{name} ({chosen[0].risk.value})\n\n{chosen[0].description}\n")
    for argument, schema in properties.items():
        default = "required" if argument in required else f"default {schema.get('default')!r}"
        click.echo(f"  {argument}  {default}  {schema.get('description', '')}")
    return None


def _document(tools: list[Tool]) -> Tools:
    from agent.surfaces.documents import ToolDescription, Tools

    described = [
        ToolDescription(
            name=tool.name, risk=tool.risk.value, description=tool.description, input_schema=tool.schema
        )
        for tool in tools
    ]
    return Tools(tools=described)
