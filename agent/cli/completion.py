"""completion: the script that makes a shell complete desk's words."""

from __future__ import annotations

import click

from agent.cli import completing

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete commands, options, sessions, approvals and the cluster's names.

    \b
    bash   source <(desk completion bash)         in ~/.bashrc
    zsh    source <(desk completion zsh)          in ~/.zshrc, behind compinit
    fish   desk completion fish | source          in ~/.config/fish/config.fish

    Names of the cluster come within 2 s, or not at all; DESK_COMPLETION_TIMEOUT_S says otherwise.
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    if script is None:
        raise LookupError(shell)
    root = ctx.find_root()
    click.echo(script(root.command, {}, "desk", completing.VARIABLE).source())
