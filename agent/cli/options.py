"""What every command takes, and where a value comes from when no flag gives it."""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agent.cli import completing
from agent.errors import UsageError
from agent.workspace.discovery import JOURNAL, find
from agent.workspace.names import SETTINGS_FILE
from tools.plaintext import plain

if TYPE_CHECKING:
    from agent.journal.journal import Journal
    from agent.settings import Settings
    from agent.surfaces.documents import Printed

Command = TypeVar("Command", bound=Callable[..., Any])


def common(command: Command) -> Command:
    """--workspace, --kubeconfig, --context and --output."""
    command = output_option(command)
    return places(command)


def places(command: Command) -> Command:
    """--workspace, --kubeconfig and --context."""
    for option in reversed(_PLACES):
        command = option(command)
    return command


def running(command: Command) -> Command:
    """What commands that run a session take besides."""
    for option in reversed(_RUNNING):
        command = option(command)
    return command


def _workspace(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> Path:
    """The workspace, whose desk.yaml gives the defaults of the other options. Eager: it is read before they are."""
    value = value or find(Path.cwd()) or Path()
    if not value.is_dir():
        raise UsageError(f"The workspace {value} is no folder. `desk init {shlex.quote(str(value))}` makes one.")
    _share(value)
    file = value / SETTINGS_FILE
    if file.exists():
        ctx.default_map = {**_parsed(file), **(ctx.default_map or {})}
    return value


def _share(workspace: Path) -> None:
    """In a workspace that its group may write, what is made there may be written by the group, too."""
    if workspace.stat().st_mode & stat.S_IWGRP:
        os.umask(os.umask(0o022) & ~stat.S_IRWXG)


_OUTPUT: ContextVar[str] = ContextVar("output", default="")


def _choose_output(_ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    _OUTPUT.set(value)
    return value


def chosen_output(arguments: Sequence[str]) -> str:
    """The --output of the command that runs; before it is parsed, what the arguments seem to say."""
    if _OUTPUT.get():
        return _OUTPUT.get()
    flags = [*("=".join(pair) for pair in pairwise(arguments)), *arguments]
    said = [flag for flag in flags if flag.startswith(("--output=", "-o=")) and flag.endswith(("json", "jsonl"))]
    return said[0].partition("=")[2] if said else os.environ.get("DESK_OUTPUT", "text")


def _parsed(file: Path) -> dict[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(file.read_text()) or {}
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {' '.join(str(error).split())[:300]}. Mend it.") from error
    if not isinstance(document, dict):
        raise UsageError(f"{file} must be a mapping of settings to values, such as `max_turns: 30`.")
    unknown = sorted(set(map(str, document)) - set(IN_FILE))
    if unknown:
        raise UsageError(f"{file} has unknown settings: {', '.join(unknown)}. Known: {', '.join(IN_FILE)}.")
    return document


def output_in(*more: str, help: str = "text for people, json or jsonl for programs.") -> Callable[..., Any]:  # noqa: A002
    """--output, with further formats besides those that every command has."""
    return click.option(
        "--output",
        "-o",
        type=click.Choice(["text", "json", "jsonl", *more]),
        envvar="DESK_OUTPUT",
        default="text",
        callback=_choose_output,
        help=help,
    )


output_option: Callable[[Command], Command] = output_in()

_PLACES = (
    click.option(
        "--workspace",
        type=click.Path(path_type=Path),
        envvar="DESK_WORKSPACE",
        is_eager=True,
        callback=_workspace,
        help="Workspace, as `desk init` makes it. Default: this folder, or the nearest one above that is one.",
    ),
    click.option(
        "--kubeconfig",
        envvar="DESK_KUBECONFIG",
        shell_complete=completing.file,
        help="Kubeconfig file. Default: as kubectl finds it.",
    ),
    click.option(
        "--context",
        envvar="DESK_CONTEXT",
        shell_complete=completing.context,
        help="Context of the kubeconfig. Default: its current one.",
    ),
)

_RUNNING = (
    click.option(
        "--namespace",
        "-n",
        envvar="DESK_NAMESPACE",
        shell_complete=completing.namespace,
        help="Namespace, when nothing else says it.",
    ),
    click.option(
        "--model",
        envvar="DESK_MODEL",
        shell_complete=completing.model,
        help="Who thinks: claude, another Claude's name, or playbook. Default: claude where there is a key.",
    ),
    click.option("--max-turns", envvar="DESK_MAX_TURNS", default=50, help="Turns of the model at most."),
    click.option(
        "--effort",
        envvar="DESK_EFFORT",
        shell_complete=completing.effort,
        help="low, medium, high, xhigh or max. Default: the model's.",
    ),
    click.option("--base-url", envvar=["DESK_BASE_URL", "ANTHROPIC_BASE_URL"], help="Where the Messages API is."),
    click.option(
        "--api-key-file",
        envvar="DESK_API_KEY_FILE",
        type=click.Path(path_type=Path),
        help="File that holds the key. Default: the variable ANTHROPIC_API_KEY.",
    ),
    click.option("--window-tokens", envvar="DESK_WINDOW_TOKENS", type=int, help="The model's context window."),
    click.option("--max-tokens", envvar="DESK_MAX_TOKENS", type=int, help="Tokens a turn may have."),
    click.option(
        "--model-timeout-s", envvar="DESK_MODEL_TIMEOUT_S", type=float, help="The model's longest silence."
    ),
    click.option(
        "--model-patience-s", envvar="DESK_MODEL_PATIENCE_S", type=float, help="Wait at most so long for a turn."
    ),
    click.option("--price", envvar="DESK_PRICE", help="USD a million tokens: input,output,cache write,cache read."),
    click.option(
        "--api-timeout-s",
        envvar="DESK_API_TIMEOUT_S",
        default=30.0,
        help="Seconds to wait for the API server.",
    ),
)

IN_FILE = (
    *("kubeconfig", "context", "namespace", "output", "model", "max_turns", "api_timeout_s"),
    *("effort", "base_url", "api_key_file", "window_tokens", "max_tokens"),
    *("model_timeout_s", "model_patience_s", "price"),
)
SETTINGS = ("workspace", *IN_FILE)


def settings(given: dict[str, Any]) -> Settings:
    """The checked settings among a command's parameters."""
    from agent.settings import load

    return load({name: value for name, value in given.items() if name in SETTINGS})


def existing_journal(workspace: Path, *, writes: bool = False) -> Journal:
    """The journal of a workspace that has one, to be read or written; raises `UsageError` when it has none."""
    from agent.journal.journal import Journal
    from agent.journal.sqlite import SqliteStore
    from agent.redaction import Redactor

    path = workspace / JOURNAL
    if not path.exists():
        raise UsageError(
            f"{workspace.resolve()} has no journal yet: no session was run there. "
            "Run one, or name another workspace with --workspace DIR."
        )
    return Journal(SqliteStore(path, reads=not writes), Redactor())


def print_document(document: Printed, output: str) -> None:
    """A document as JSON: indented for `json`, one line for `jsonl`."""
    from msgspec import to_builtins

    click.echo(json.dumps(to_builtins(document), indent=2 if output == "json" else None, ensure_ascii=True))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> None:
    """A table for a person; tab-separated lines when no terminal reads it, which spares a program Rich."""
    if not rows:
        print(empty)
    elif not sys.stdout.isatty():
        print("\n".join("\t".join(plain(cell).replace("\n", " ") for cell in row) for row in (columns, *rows)))
    else:
        from agent.surfaces.console import show_table

        show_table(title, columns, rows)
