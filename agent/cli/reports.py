"""How the reports of debug-pod are shown: once, or again and again with the time of each."""

from __future__ import annotations

import os
import sys
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import click

from agent.cli.options import print_document

if TYPE_CHECKING:
    from agent.surfaces.documents import Diagnosis, FindingLine
    from tools.diagnose.report import Report
    from tools.json import Json


class Reports(Protocol):
    """Where reports go, one after the other."""

    def show(self, report: Json) -> None:
        """A report, `desk.findings/v1`."""

    def trouble(self, text: str) -> None:
        """Why there is no new report yet."""

    def close(self) -> None:
        """There is no other one."""


def reports(output: str, *, brief: bool, repeated: bool) -> Reports:
    """For an output. `repeated`: there may be more than one report, each then has its time."""
    if output != "text":
        return Documents(output)
    if not sys.stdout.isatty():
        return Blocks(brief=brief, timed=repeated)
    from agent.surfaces.console import Redrawn, Reported

    can_redraw = os.environ.get("TERM", "") not in ("", "dumb", "unknown")
    return Redrawn(brief=brief) if repeated and can_redraw else Reported(brief=brief, timed=repeated)


class Documents:
    """JSON: a document a report; or lines: what was looked at and how much was found, then each finding."""

    def __init__(self, output: str) -> None:
        self._output = output

    def show(self, report: Json) -> None:
        """One document, or its lines."""
        from msgspec import convert

        from tools.diagnose.report import Report

        told = convert(report, Report)
        for document in [told] if self._output == "json" else lines_of(told, datetime.now().astimezone()):
            print_document(document, self._output)

    def trouble(self, text: str) -> None:
        """Told beside the output."""
        click.echo(f"error: {text}", err=True)

    def close(self) -> None:
        """Nothing is left to be said."""


def lines_of(report: Report, at: datetime) -> list[Diagnosis | FindingLine]:
    """The report without its findings, then a line for each. Pure."""
    from msgspec.structs import asdict

    from agent.surfaces.documents import Counts, Diagnosis, FindingLine

    counted = Counter(finding.severity for finding in report.findings)
    counts = Counts(error=counted["error"], warning=counted["warning"], info=counted["info"])
    head = {name: value for name, value in asdict(report).items() if name != "findings"}
    return [
        Diagnosis(**head, at=at.isoformat(timespec="seconds"), counts=counts),
        *(FindingLine(**asdict(finding)) for finding in report.findings),
    ]


class Blocks:
    """Plain text; `timed`: each report has a line with its time before it, and an empty one behind."""

    def __init__(self, *, brief: bool, timed: bool) -> None:
        self._brief = brief
        self._timed = timed

    def show(self, report: Json) -> None:
        """One block."""
        from tools.diagnose.render import render

        text = render(report, brief=self._brief)
        click.echo(f"== {said(datetime.now().astimezone())}\n{text}\n" if self._timed else text)

    def trouble(self, text: str) -> None:
        """A block, too."""
        click.echo(f"== {said(datetime.now().astimezone())}\n{text}\n")

    def close(self) -> None:
        """Nothing is left to be said."""


def said(at: datetime) -> str:
    """A time for a person."""
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"
