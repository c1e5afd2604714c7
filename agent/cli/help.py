"""How help is laid out: by what one wants to do, with examples to copy. Bold headings are its only ornament."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Mapping, Sequence

import click

from agent.cli.configured import Configured, SettingOption
from agent.cli.examples import EXAMPLES
from agent.settings import FIELDS

Rows = list[tuple[str, str]]


class Formatter(click.HelpFormatter):
    """Headings without a colon, and columns that leave the text its room at a narrow terminal."""

    def write_heading(self, heading: str) -> None:
        """Bold, where colours are not declined; `click.echo` takes it off what is no terminal."""
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        self.write(f"{heading if plain else click.style(heading, bold=True)}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """What is longer than a third of the width stands above its text."""
        super().write_dl(rows, min(col_max, self.width // 3), col_spacing)


class _Context(click.Context):
    formatter_class = Formatter


class Command(Configured):
    """A command whose help has its examples, and its options in sections."""

    context_class = _Context

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The text, then the examples."""
        super().format_help_text(ctx, formatter)
        _write_examples(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A section for the command's own, and one for each kind that it shares with others."""
        for heading, rows in self._sections(ctx).items():
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)

    def _sections(self, ctx: click.Context) -> dict[str, Rows]:
        """Heading -> its options: the command's own, then those of the settings, in the settings' order."""
        found: dict[str, Rows] = {"Options": [], **{field.told.section: [] for field in FIELDS.values()}}
        for parameter in sorted(self.get_params(ctx), key=_order):
            record = parameter.get_help_record(ctx)
            if record is not None and not isinstance(parameter, click.Argument):
                found[getattr(parameter, "section", "Options")].append(record)
        return found


def _order(parameter: click.Parameter) -> int:
    names = list(FIELDS)
    return names.index(parameter.name) if isinstance(parameter, SettingOption) else -1


class Group(Command, click.Group):
    """A group of such commands."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands before the options."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def headings(self) -> Mapping[str, Sequence[str]]:
        """Heading -> its commands."""
        return {"Commands": self.list_commands(click.Context(self))}

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with its first sentence, under the heading of what it is for."""
        for heading, names in self.headings().items():
            with formatter.section(heading):
                formatter.write_dl([(name, _first_sentence(self.get_command(ctx, name))) for name in names])


def _first_sentence(command: click.Command | None) -> str:
    said = inspect.cleandoc((command and command.help) or "").partition("\n\n")[0]
    return " ".join(said.split()).partition(". ")[0].removesuffix(".")


def _write_examples(ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """A command is never broken, so that it can be copied."""
    examples = EXAMPLES.get(ctx.command_path.partition(" ")[2], ())
    if not examples:
        return
    with formatter.section("Examples"):
        for what, command in examples:
            formatter.write_text(f"# {what}")
            formatter.write(f"  {command}\n")
