"""What every command takes, and where a value comes from when no flag gives it."""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agent.cli.configured import SettingOption
from agent.errors import UsageError
from agent.settings import FIELDS, Settings
from agent.workspace.discovery import find
from agent.workspace.names import SETTINGS_FILE
from tools.plaintext import plain

if TYPE_CHECKING:
    from agent.journal.journal import Journal
    from agent.surfaces.documents import Printed

Command = TypeVar("Command", bound=Callable[..., Any])


def setting(name: str, *, help: str = "", more: Sequence[str] = ()) -> Callable[[Command], Command]:  # noqa: A002
    """The option of a setting; `help` in a command's own words, `more` choices than other commands have."""
    is_eager, callback = name == "workspace", _CALLBACKS.get(name)
    return click.option(
        cls=SettingOption, field=FIELDS[name], said=help, more=tuple(more), is_eager=is_eager, callback=callback
    )


def _settings(names: Iterable[str]) -> Callable[[Command], Command]:
    options = [setting(name) for name in names]

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


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


def _choose_output(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    _OUTPUT.set(value or "text")
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
    known = [name for name in FIELDS if name != "workspace"]
    unknown = sorted(set(map(str, document)) - set(known))
    if unknown:
        raise UsageError(f"{file} has unknown settings: {', '.join(unknown)}. Known: {', '.join(known)}.")
    return document


_CALLBACKS = {"workspace": _workspace, "output": _choose_output}

_EVERYWHERE = [name for name, field in FIELDS.items() if field.told.everywhere]

common = _settings(_EVERYWHERE)
"""The options of every command."""
places = _settings(name for name in _EVERYWHERE if name != "output")
"""Those of a command whose output has more formats."""
running = _settings(name for name, field in FIELDS.items() if field.told.section and name not in _EVERYWHERE)
"""The options that commands which run a session take besides."""


def settings(given: dict[str, Any]) -> Settings:
    """The settings among a command's parameters, which are checked."""
    return Settings(**{name: value for name, value in given.items() if name in FIELDS})


def existing_journal(workspace: Path, database: str | None, *, writes: bool = False) -> Journal:
    """The journal of a workspace that has one, to be read or written; raises `UsageError` when it has none.

    `database` is the setting `journal`.
    """
    from agent.journal import stores
    from agent.journal.journal import Journal
    from agent.redaction import Redactor

    if not stores.exists(workspace, database):
        raise UsageError(
            f"{database or workspace.resolve()} has no journal yet: no session was run there. "
            "Run one, or name another workspace with --workspace DIR."
        )
    return Journal(stores.opened(workspace, database, reads=not writes), Redactor())


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
