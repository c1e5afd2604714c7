"""The options of the settings, made from their fields, and a command that checks all that are given at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from agent.cli import completing
from agent.settings import FIELDS, Field, load
from agent.workspace.names import SETTINGS_FILE

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_NAMES = {int: "integer", float: "float"}
"""What the value of an option is called in `--help`."""


class _Given(click.ParamType[Any]):
    """What is given for a setting, unchecked."""

    def __init__(self, field: Field, more: tuple[str, ...]) -> None:
        self.field = field
        self.choices, self.more = (*field.choices, *more), more
        self.name = "path" if field.is_path else _NAMES.get(field.type.__origin__, "text")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A path, or as a flag would have it: desk.yaml may have a number where a text is meant."""
        if self.more:
            return click.Choice(self.choices).convert(value, param, ctx)
        if self.field.is_path and isinstance(value, str) and value:
            return Path(value)
        return str(value) if type(value) in (int, float) else value

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """The choices, where there are any."""
        return f"[{'|'.join(self.choices)}]" if self.choices else None

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """The choices; a path is completed by the shell itself."""
        if self.field.is_path:
            return completing.file(ctx, param, incomplete)
        return click.Choice(self.choices).shell_complete(ctx, param, incomplete)


class SettingOption(click.Option):
    """The option of a setting; `said` is its help in a command's own words, `more` are choices of that command."""

    def __init__(
        self, _declarations: Sequence[str], field: Field, said: str, more: tuple[str, ...], **attributes: Any
    ) -> None:
        told = field.told
        self.section, self.more = told.section, more
        flags = [f"--{field.name.replace('_', '-')}", *([f"-{told.short}"] if told.short else [])]
        super().__init__(
            flags,
            type=_Given(field, more),
            envvar=[f"DESK_{field.name.upper()}", *told.variables],
            help=f"{said or told.help}{_default(field)}",
            shell_complete=getattr(completing, told.completes) if told.completes else None,
            **attributes,
        )

    def source(self, ctx: click.Context) -> str:
        """Where its value comes from, for a person."""
        match ctx.get_parameter_source(self.name):
            case ParameterSource.ENVIRONMENT:
                return next(name for name in self.envvar or () if os.environ.get(name))
            case ParameterSource.DEFAULT_MAP:
                return _in_file(ctx, self.name)
            case _:
                return self.opts[0]


def _default(field: Field) -> str:
    match field.told.unset or field.default:
        case float() as number:
            return f" Default: {number:g}."
        case int() as number:
            return f" Default: {number:,}."
        case said:
            return f" Default: {said}."


def _in_file(ctx: click.Context, name: str) -> str:
    return f"{name} in {ctx.params['workspace'] / SETTINGS_FILE}"


class Configured(click.Command):
    """A command whose settings are checked together, before it runs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments; raises `UsageError` that names each setting that is wrong, and where it stands."""
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            self._check(ctx)
        return rest

    def _check(self, ctx: click.Context) -> None:
        options = {
            each.name: each
            for each in self.params
            if isinstance(each, SettingOption) and ctx.params[each.name] not in each.more
        }
        in_file = {name: value for name, value in (ctx.default_map or {}).items() if name in FILE_ONLY}
        given = {**in_file, **{name: ctx.params[name] for name in options}}
        sources = {name: _in_file(ctx, name) for name in in_file}
        sources |= {name: option.source(ctx) for name, option in options.items()}
        checked = load(given, sources)
        if checked.log_level is not None:
            from agent.surfaces.log import configure

            configure(checked.log_level, checked.log_format)
        ctx.params.update({name: getattr(checked, name) for name in given})


FILE_ONLY = tuple(name for name, field in FIELDS.items() if not field.told.section)
"""Settings that have no option."""
