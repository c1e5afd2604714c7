"""`--wait[=30s]`: how long a command looks again, as kubectl takes times."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from agent.cli.help import Command

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.json import Json

DEFAULT = "30s"
EVERY_S = 2.0
_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")


class Span(click.ParamType[float]):
    """A time as kubectl takes it, `30s`, `2m`, `1h30m`, or in seconds; its value is in seconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds of a time."""
        if isinstance(value, float):
            return value
        match = _SPAN.fullmatch(text := str(value))
        if match is None or not text:
            self.fail(f"{text!r} is no time. Write it as 30s, 2m or 1h30m.", param, ctx)
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return float(3600 * hours + 60 * minutes + seconds)


class WaitingCommand(Command):
    """A command whose --wait takes its time by `=` only: in `--wait shop-dev`, shop-dev is a namespace."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments, with a time for a --wait without one."""
        end = args.index("--") if "--" in args else len(args)
        given = [f"--wait={DEFAULT}" if each == "--wait" else each for each in args[:end]]
        return super().parse_args(ctx, [*given, *args[end:]])


def settled(
    report: Json,
    look: Callable[[], Json],
    for_s: float,
    *,
    monotonic: Callable[[], float],
    sleep: Callable[[float], None],
) -> Json:
    """The first report that is settled, or the last one in that time; each look is two seconds after the other."""
    until = monotonic() + for_s
    while not report["settled"] and (left := until - monotonic()) > 0:
        sleep(min(EVERY_S, left))
        report = look()
    return report
