"""init, doctor: make a workspace; say what is missing and how to get it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from agent.cli.help import Command
from agent.cli.options import common, print_document, running, setting, settings
from agent.errors import ExitCode


@click.command(cls=Command)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@setting("output")
def init(directory: Path, output: str) -> None:
    """Make DIR a workspace: a git repository for the journal, the files and the history.

    Sessions run in a workspace only, found from where one stands upwards, or named with --workspace.
    """
    from agent.workspace.history import init_repository

    done = init_repository(directory)
    where = shlex.quote(str(directory))
    action = f'desk run --workspace {where} --sandbox "why does checkout crash in shop-dev?"'
    if output != "text":
        from agent.surfaces.documents import Made

        return print_document(Made(workspace=str(directory.resolve()), done=done, next_action=action), output)
    for line in done:
        click.echo(line)
    click.echo(f"Next: {action}")
    return None


@click.command(cls=Command)
@running
@common
def doctor(**given: Any) -> None:
    """Say what is missing (git, journal, cluster, permissions, cloud, key) and how to get it.

    Of the namespace it tells the environment, and what the gate will do there with each class of risk.
    """
    from agent.cli.doctor import examine

    configured = settings(given)
    found = examine(configured)
    missing = any(check.state == "missing" for check in found.checks)
    if configured.output != "text":
        print_document(found, configured.output)
    else:
        for check in found.checks:
            click.echo(f"{check.state:<9} {check.name:<12} {check.text}")
    raise click.exceptions.Exit(int(ExitCode.FAILED if missing else ExitCode.DONE))
