"""debug-pod: why does it not run?"""

from __future__ import annotations

import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from agent.cli import completing
from agent.cli.connecting import connected
from agent.cli.options import common, print_document, setting
from agent.cli.waiting import DEFAULT, Span, WaitingCommand, settled
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cli.target import Target
    from tools.cluster.client import HttpCluster
    from tools.json import Json

    Look = Callable[[Target], Json]

WATCH_EVERY_S = 3.0


@click.command("debug-pod", cls=WaitingCommand)
@click.argument(
    "words", nargs=-1, metavar="[NAMESPACE] [NAME | TYPE/NAME | TYPE NAME]", shell_complete=completing.asked_about
)
@click.option("--all-namespaces", "-A", is_flag=True, help="Look at every namespace that may be read.")
@click.option("--selector", "-l", help="Only the pods with these labels, as kubectl takes them: app=web,tier!=db.")
@click.option("--brief", is_flag=True, help="One line for each finding.")
@click.option("--watch", "-w", is_flag=True, help="Look again and again, until nothing is wrong or Ctrl-C.")
@click.option(
    "--wait",
    type=Span(),
    default=0.0,
    metavar=f"[={DEFAULT}]",
    help="Look again until nothing is starting or so far any more, or for that time; then tell.",
)
@click.option(
    "--explain",
    metavar="CAUSE",
    shell_complete=completing.cause,
    help="Teach a cause, with an example; no cluster is asked.",
)
@click.option("--sandbox", is_flag=True, envvar="DESK_SANDBOX", help="Use a built-in cluster full of faults.")
@setting("namespace")
@setting("api_timeout_s")
@common
@click.pass_context
def debug_pod(
    ctx: click.Context, /, words: tuple[str, ...], explain: str | None, brief: bool, **given: Any
) -> None:
    """Find out why something does not run: all of a namespace, or one pod or workload.

    One word alone is a namespace where there is one of that name, else a pod or workload; with -n it is never a
    namespace. Names the cause, the evidence and what to type. Reads only, and asks no model. Exit code 0: nothing
    is wrong, or time may still mend it; 1: there is a finding of severity error, or the pods could not be read.
    """
    from agent.cli.reports import reports
    from agent.cli.target import first_there

    output: str = given["output"]
    watch: bool = given["watch"]
    if explain is not None:
        return _explain(explain, output)
    typed = given["namespace"] if ctx.get_parameter_source("namespace") is ParameterSource.COMMANDLINE else None
    _check_usage(words, typed, given)
    with connected(given) as cluster, closing(reports(output, brief=brief, repeated=watch)) as shown:
        look = _looking(cluster, given["selector"])
        target, report = first_there(_targets(words, typed, given, cluster.namespace), look)
        again = partial(_looked_again, look, target, shown.trouble)
        report = settled(report, again, given["wait"], monotonic=time.monotonic, sleep=time.sleep)
        while True:
            shown.show(report)
            is_broken = any(finding["severity"] == "error" for finding in report["findings"])
            if not watch or (report["settled"] and not is_broken):
                raise click.exceptions.Exit(ExitCode.FAILED if is_broken else ExitCode.DONE)
            time.sleep(WATCH_EVERY_S)
            report = again()


def _check_usage(words: tuple[str, ...], typed: str | None, given: dict[str, Any]) -> None:
    if given["all_namespaces"] and (words or typed is not None):
        raise UsageError("Give a namespace or --all-namespaces, not both.")
    if "" in words:
        raise UsageError("An argument is empty. Is a variable of the shell not set? Nothing was looked at.")
    if given["wait"] and given["watch"]:
        raise UsageError("Give --wait or --watch, not both.")
    if given["selector"] and len(words) > (typed is None):
        raise UsageError("Give a name or --selector, not both.")


def _targets(
    words: tuple[str, ...], typed: str | None, given: dict[str, Any], of_context: str
) -> tuple[Target, ...]:
    from agent.cli.target import EVERYWHERE, meant

    if given["all_namespaces"]:
        return (EVERYWHERE,)
    targets = meant(words, typed, given["namespace"] or of_context)
    return targets[:1] if given["selector"] else targets


def _looking(cluster: HttpCluster, selector: str | None) -> Look:
    """How a target is diagnosed, with secrets masked."""
    from agent.redaction import Redactor
    from tools.diagnose.diagnose import diagnose

    redactor = Redactor((cluster.bearer_token() or "",))

    def look(target: Target) -> Json:
        report = diagnose(cluster, namespace=target.namespace, name=target.name, selector=selector)
        return cast("Json", redactor.redact(report))

    return look


def _looked_again(look: Look, target: Target, trouble: Callable[[str], None]) -> Json:
    """The next report; what an API server is only indisposed with is told, and outlasted."""
    from tools.cluster.errors import PASSING

    while True:
        try:
            return look(target)
        except PASSING as error:
            trouble(str(error))
            time.sleep(WATCH_EVERY_S)


def _explain(cause: str, output: str) -> None:
    from tools.explain import UnknownCause, cause_of, said

    try:
        told = cause_of(cause)
    except UnknownCause as error:
        raise UsageError(str(error)) from error
    if output == "text":
        click.echo(said(told))
    else:
        from agent.surfaces.documents import Lesson

        print_document(Lesson.of(told), output)
