"""The command line: `python -m agent`, `desk`, `kubectl desk`.

A command's module is imported when it is asked for, and it imports what it needs when it runs, so that
`--help` and `status` start at once.
"""

from __future__ import annotations

import atexit
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import click

from agent import __version__
from agent.cli import completing
from agent.cli.help import Group
from agent.cli.options import chosen_output, print_document
from agent.errors import DeskError, ExitCode
from agent.surfaces.streams import discard_output, say_what_they_can

HEADINGS = {
    "Why does it not run?": {"debug-pod": "debug"},
    "Why is my commit not live?": {"why-not-live": "delivery", "debug-pipeline": "delivery"},
    "How is it done here?": {"docs": "docs"},
    "Ask in words": {"run": "run", "resume": "run", "cancel": "sessions"},
    "Make room for a team": {
        "provision-namespace": "provision",
        "deprovision-namespace": "provision",
        "onboard-team": "team",
        "offboard-member": "team",
        "rotate-kubeconfig": "team",
    },
    "Begin an application": {"template-app": "scaffolds"},
    "Make what it needs in a cloud": {"cloud": "cloud"},
    "Write manifests, and check them": {"generate-manifest": "manifests", "validate": "validate"},
    "Decide what waits": {"approvals": "approvals", "watch": "watch", "serve": "serve"},
    "See what was done, and undo it": {
        "status": "sessions",
        "sessions": "sessions",
        "show": "sessions",
        "rollback": "run",
        "journal": "journal",
    },
    "Call a tool by hand": {"tools": "tools", "call": "run"},
    "Let other agents ask": {"mcp": "mcp"},
    "Run sessions in a cluster": {"dispatch": "dispatch"},
    "Set up": {"init": "workspace", "doctor": "workspace", "completion": "completion"},
}
"""What one wants to do -> the commands for it, each with its module in agent.cli; in the order of --help."""
COMMANDS = {command: module for commands in HEADINGS.values() for command, module in commands.items()}


class LazyGroup(Group):
    """A group whose commands are imported one by one."""

    def headings(self) -> Mapping[str, Sequence[str]]:
        """As `HEADINGS` has them."""
        return {heading: list(commands) for heading, commands in HEADINGS.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, as `COMMANDS` orders them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"agent.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Settings: flags beat DESK_* variables, which beat desk.yaml in the workspace. "
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 waiting for an approval, 4 handed over, "
    "5 another agent's, 6 rejected, 130 interrupted.",
)
@click.version_option(__version__, prog_name="desk")
def desk() -> None:
    """Desk serves developers on Kubernetes and OpenShift: ask it in words, check it in git."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and exit with its code; an error is said in one line, never as a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if completing.is_asked():
        completing.prepare()
    try:
        code = _ended(arguments)
    except BrokenPipeError:  # whoever read us has what they wanted: `| head -1`
        discard_output()
        code = ExitCode.FAILED
    sys.exit(code)


def _ended(arguments: list[str]) -> int:
    """The exit code of a command."""
    try:
        return int(desk.main(arguments, prog_name="desk", standalone_mode=False) or 0)
    except click.exceptions.Exit as done:
        return int(done.exit_code)
    except click.ClickException as error:
        return _wrong_usage(error, arguments)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  the last line of defence: said, never shown raw
        return failed(error, arguments)


def process() -> NoReturn:
    """`main` as a process of its own, which the system takes apart at once and the interpreter object by object.

    What libraries have left for the exit is done: the `kubernetes` client deletes the keys that it wrote to files.
    """
    if sys.stdout is None:  # it was closed before we began: `>&-`
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    say_what_they_can()
    try:
        main()
    except SystemExit as done:
        code = int(done.code or 0)
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:  # whoever read it is gone, or there is no room: `main` has said so
            code = int(ExitCode.FAILED)
    os._exit(code)


def _wrong_usage(error: click.ClickException, arguments: list[str]) -> int:
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    more = f" `{ctx.command_path} --help` shows how." if ctx else ""
    _say(error.format_message() + more, error.exit_code, chosen_output(arguments))
    return error.exit_code


def failed(error: Exception, arguments: list[str]) -> int:
    """Say an error, and give its exit code."""
    from agent.surfaces.log import failed as log_failure

    code = _code_of(error)
    if code is None and os.environ.get("DESK_DEBUG"):
        raise error
    log_failure(error, is_bug=code is None)
    message = str(error) if code is not None else _bug(error)
    code = code if code is not None else int(ExitCode.FAILED)
    _say(message, code, chosen_output(arguments))
    return code


def _code_of(error: Exception) -> int | None:
    """The exit code of an error that is known; None for a bug."""
    from tools.cluster.errors import ClusterError, ClusterSettingsError
    from tools.errors import ToolError

    match error:
        case DeskError():
            return int(error.exit_code)
        case ClusterSettingsError():
            return int(ExitCode.USAGE)
        case ClusterError() | ToolError() | OSError():
            return int(ExitCode.FAILED)
        case _:
            return None


def _bug(error: Exception) -> str:
    said = f"internal error: {type(error).__name__}: {error}"
    return f"{said}. This is a bug of Desk: please report it, with what DESK_DEBUG=1 prints."


def _say(message: str, code: int, output: str) -> None:
    if completing.is_asked():
        return  # a shell would show it amid what is being typed
    from agent.redaction import Redactor
    from tools.plaintext import plain

    shown = plain(Redactor().text(message))
    if output in ("json", "jsonl"):
        from agent.surfaces.documents import Error

        print_document(Error(error=shown, exit_code=code), "jsonl")
    click.echo(f"error: {shown}", err=True)
