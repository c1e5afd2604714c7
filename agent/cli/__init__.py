"""The command line: `python -m agent`, `desk`, `kubectl desk`.

Commands import what they need when they run, so that `--help` and `status` start at once.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import NoReturn

import click

from agent import __version__
from agent.cli import approvals, journal, run, sessions, tools, workspace
from agent.cli.options import chosen_output
from agent.errors import DeskError, ExitCode


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Settings: flags beat DESK_* variables, which beat desk.yaml in the workspace. "
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 waiting for an approval, 4 handed over, "
    "5 another agent's, 6 rejected, 130 interrupted.",
)
@click.version_option(__version__, prog_name="desk")
def desk() -> None:
    """Desk serves developers on Kubernetes and OpenShift: ask it in words, check it in git."""


for command in (
    run.run, run.resume, run.call, run.rollback, approvals.approvals, sessions.sessions, sessions.show,
    sessions.status, workspace.init, workspace.doctor, tools.tools, journal.journal,
):  # fmt: skip
    desk.add_command(command)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and exit with its code; an error is said in one line, never as a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        code = desk.main(arguments, prog_name="desk", standalone_mode=False)
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        code = ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001  the last line of defence: said, logged, never shown raw
        code = _failed(error)
    sys.exit(int(code or 0))


def _failed(error: Exception) -> int:
    code = _code_of(error)
    if code is None:
        code = int(ExitCode.FAILED)
        message = (
            f"internal error: {type(error).__name__}: {error}. This is a bug of Desk: please report it, with "
            "what DESK_DEBUG=1 prints."
        )
        if os.environ.get("DESK_DEBUG"):
            traceback.print_exception(error)
    else:
        message = str(error)
    message = _masked(message)
    if chosen_output() != "text":
        from agent.output import error as error_document

        click.echo(json.dumps(error_document(message, code)))
    click.echo(f"error: {message}", err=True)
    return code


def _code_of(error: Exception) -> int | None:
    """The exit code of an error that is known; None for a bug."""
    if isinstance(error, DeskError):
        return int(error.exit_code)
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ClusterSettingsError" in names:
        return int(ExitCode.USAGE)
    known = {"ClusterError", "ToolError", "OSError"}
    return int(ExitCode.FAILED) if names & known else None


def _masked(message: str) -> str:
    from agent.redaction import Redactor

    return Redactor().text(message)
