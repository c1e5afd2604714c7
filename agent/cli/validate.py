"""validate: are these manifests fine?"""

from __future__ import annotations

import json
import shlex
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, cast

import click

from agent.cli import completing
from agent.cli.help import Command
from agent.cli.options import places, setting, settings
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from agent.redaction import Redactor
    from tools.json import Json
    from tools.validation.reading import Reading
    from tools.validation.server import Answers
    from tools.validation.validate import Against, Validation

STDIN = "-"


@click.command("validate", cls=Command)
@click.argument("path", metavar="PATH", shell_complete=completing.file)
@setting(
    "namespace",
    help="Where what names no namespace is meant to go: what is there already is asked of the cluster, too.",
)
@click.option("--offline", is_flag=True, help="Ask no cluster: the schemas that ship with Desk judge.")
@click.option(
    "--kubernetes", metavar="VERSION", help="That version, as 1.36. Default: the cluster's, else the newest."
)
@click.option("--ignore", metavar="RULE", multiple=True, help="Leave a rule out. May be given again.")
@click.option("--strict", is_flag=True, help="Warnings count as errors do.")
@click.option("--brief", is_flag=True, help="One line for each finding, as compilers say it.")
@click.option("--fix", is_flag=True, help="Mend what has one right answer, shown as a diff first.")
@click.option("--dry-run", is_flag=True, help="With --fix: show the diff, and write nothing.")
@setting("api_timeout_s")
@places
@setting("output", help="text for people, json or jsonl for programs, sarif for code review.", more=("sarif",))
def validate(path: str, fix: bool, **given: Any) -> None:
    """Judge the manifests of PATH: a file, a folder, or - for standard input. Changes nothing without --fix.

    By the cluster's dry run where there is one, by the schemas of Kubernetes and OpenShift, and by rules: what the
    API server refuses or will no longer serve, what cannot work, what is unsafe. An object is excepted from a rule
    by the annotation desk.dev/ignore: "RULE, RULE: why". Exit code 0: no finding is an error; 1: there is one.
    """
    text = _input(path)
    if fix and path != STDIN:
        _mended(path, given)
    reading, redactor = _read(path, text), _redactor()
    against, why = _against(given, redactor)
    if fix:
        reading = _printed(reading, against)
    validation = _judged(reading, against, why)
    _show(validation, redactor, given, aside=fix and path == STDIN)
    counts = ("error", "warning") if given["strict"] else ("error",)
    raise click.exceptions.Exit(ExitCode.FAILED if any(map(validation.count, counts)) else ExitCode.DONE)


def _input(path: str) -> str:
    from agent.surfaces.streams import read_input
    from tools.validation.reading import MAX_BYTES

    if not path:
        raise UsageError("PATH is empty. Is a variable of the shell not set? Nothing was looked at.")
    return read_input("What is to be validated", MAX_BYTES) if path == STDIN else ""


def _read(path: str, text: str) -> Reading:
    from tools.validation.tool import found

    return found(path, text)


def _redactor() -> Redactor:
    from agent.redaction import Redactor

    return Redactor()


def _against(given: dict[str, Any], redactor: Redactor) -> tuple[Against, str]:
    """What to judge against, and why no cluster is asked where none is."""
    from tools.validation.validate import Against

    minor, ignored = _minor(given["kubernetes"]), _ignored(given["ignore"])
    answers, why = _answers(given)

    def mask(value: Json) -> Json:
        return cast("Json", redactor.redact(value))

    return Against(minor, mask, answers, ignored), why


def _minor(version: str | None) -> int | None:
    from tools.validation.shipped import minors

    if version is None:
        return None
    major, _, minor = version.removeprefix("v").partition(".")
    number = minor.partition(".")[0]
    if major != "1" or not number.isdigit() or int(number) not in minors():
        known = ", ".join(f"1.{minor}" for minor in minors())
        raise UsageError(f"Desk has no schemas of Kubernetes {version}: it has those of {known}.")
    return int(number)


def _ignored(names: tuple[str, ...]) -> frozenset[str]:
    from tools.cluster.did_you_mean import did_you_mean, near
    from tools.validation.rules import RULES

    known = [rule.name for rule in RULES]
    for name in names:
        if name not in known:
            raise UsageError(
                f"There is no rule {name}.{did_you_mean(near(name, known))} docs/validation.md lists them."
            )
    return frozenset(names)


def _answers(given: dict[str, Any]) -> tuple[Answers | None, str]:
    """What the cluster says; without one, why not: the rest can be judged all the same."""
    if given["offline"]:
        return None, ""
    from tools.cluster.connect import Where, connect
    from tools.cluster.errors import ClusterError
    from tools.validation.tool import answers_of

    try:
        cluster = connect(Where(given["kubeconfig"], given["context"]), timeout_s=given["api_timeout_s"])
    except ClusterError as error:
        if given["kubeconfig"] or given["context"]:
            raise
        return None, f"what a cluster says: {error}"
    return answers_of(cluster, given["namespace"])


def _judged(reading: Reading, against: Against, why: str) -> Validation:
    from tools.validation.validate import validate as judged

    validation = judged(reading, against)
    validation.not_checked += [why] if why else []
    return validation


def _show(validation: Validation, redactor: Redactor, given: dict[str, Any], *, aside: bool) -> None:
    """Print it; `aside`: on standard error, for the mended manifests are on standard output."""
    from tools.validation.report import report

    told = cast("Json", redactor.redact(report(validation)))
    click.echo(_formatted(told, validation.path, given), err=aside)


def _formatted(told: Json, path: str, given: dict[str, Any]) -> str:
    match given["output"]:
        case "text":
            from tools.plaintext import plain
            from tools.validation.render import render

            return plain(render(told, path, brief=given["brief"]))
        case "sarif":
            from agent import __version__
            from tools.validation.sarif import sarif

            return json.dumps(sarif(told, __version__), indent=2)
        case "jsonl":
            return "\n".join(json.dumps(line) for line in _lines(told))
        case _:
            return json.dumps(told, indent=2)


def _lines(told: Json) -> list[Json]:
    from datetime import datetime

    from msgspec import convert, to_builtins

    from agent.cli.reports import lines_of
    from tools.diagnose.report import Report

    return [to_builtins(line) for line in lines_of(convert(told, Report), datetime.now().astimezone())]


def _printed(reading: Reading, against: Against) -> Reading:
    """The mended manifests of standard input on standard output, and what they are read as."""
    from tools.validation.fixing import mended

    text = mended(reading, against).get(STDIN, reading.sources[0].text)
    click.echo(text, nl=False)
    return _read(STDIN, text)


def _mended(path: str, given: dict[str, Any]) -> None:
    """Mend the files in a session of one call; leaves with its exit code where it does not end well."""
    from agent.app import Task
    from agent.cli.run import begin, ran

    arguments = {"path": path}
    call = {"tool": "mend_manifests", "arguments": arguments}
    words = shlex.join(["validate", path, "--fix"])
    configured = settings({**given, "output": "text" if given["output"] == "sarif" else given["output"]})
    task = Task(words, dry_run=given["dry_run"], call=call, offline=given["offline"])
    code, _ = ran(configured, partial(begin, task))
    if code != ExitCode.DONE or given["output"] != "text" or given["dry_run"]:
        _leave(code)
    click.echo()


def _leave(code: int) -> NoReturn:
    raise click.exceptions.Exit(code)
