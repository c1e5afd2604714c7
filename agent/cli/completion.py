"""completion: the script that makes a shell complete desk's words."""

from __future__ import annotations

import click

from agent.cli import completing
from agent.cli.help import Command

SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete commands, options, sessions, approvals and the cluster's names.

    Names of the cluster come within 2 s, or not at all; DESK_COMPLETION_TIMEOUT_S says otherwise.
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    if script is None:
        raise LookupError(shell)
    root = ctx.find_root()
    click.echo(script(root.command, {}, "desk", completing.VARIABLE).source())
