"""debug-pod: why does it not run?"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, cast

import click

from agent.cli.options import common, print_document
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tools.cluster.client import Json

WATCH_EVERY_S = 3.0


@click.command("debug-pod")
@click.argument("namespace", required=False)
@click.argument("name", metavar="[POD|TYPE/NAME]", required=False)
@click.option("--all-namespaces", "-A", is_flag=True, help="Look at every namespace.")
@click.option("--selector", "-l", help="Only the pods with these labels, as kubectl takes them: app=web,tier!=db.")
@click.option("--brief", is_flag=True, help="One line for each finding.")
@click.option("--watch", "-w", is_flag=True, help="Look again and again, until nothing is wrong.")
@click.option("--explain", metavar="CAUSE", help="Teach a cause, with an example; no cluster is asked.")
@click.option("--sandbox", is_flag=True, envvar="DESK_SANDBOX", help="Use a built-in cluster full of faults.")
@click.option(
    "--api-timeout-s", envvar="DESK_API_TIMEOUT_S", default=30.0, help="Seconds to wait for the API server."
)
@common
def debug_pod(
    namespace: str | None,
    name: str | None,
    all_namespaces: bool,
    selector: str | None,
    brief: bool,
    watch: bool,
    explain: str | None,
    sandbox: bool,
    **given: Any,
) -> None:
    """Find out why something in NAMESPACE does not run: all of it, or one pod or workload.

    Names the cause, the evidence and what to type. Reads only, and asks no model. Exit code 0: nothing is
    wrong; 1: there is a finding of severity error, or the pods could not be read.
    """
    output: str = given["output"]
    if explain is not None:
        return _explain(explain, output)
    _check_usage(namespace, name, selector, all_namespaces=all_namespaces)
    with _diagnosis(given, sandbox=sandbox) as diagnose:
        while True:
            report = diagnose(namespace=None if all_namespaces else namespace, name=name, selector=selector)
            _show(report, output, brief=brief)
            is_broken = any(finding["severity"] == "error" for finding in report["findings"])
            if not (watch and is_broken):
                raise click.exceptions.Exit(ExitCode.FAILED if is_broken else ExitCode.DONE)
            time.sleep(WATCH_EVERY_S)


def _check_usage(namespace: str | None, name: str | None, selector: str | None, *, all_namespaces: bool) -> None:
    if all_namespaces and namespace:
        raise UsageError("Give a NAMESPACE or --all-namespaces, not both.")
    if not all_namespaces and not namespace:
        raise UsageError("Which namespace? desk debug-pod NAMESPACE, or --all-namespaces.")
    if name and selector:
        raise UsageError("Give a name or --selector, not both.")


@contextmanager
def _diagnosis(given: dict[str, Any], *, sandbox: bool) -> Iterator[Callable[..., Json]]:
    """How to diagnose, on the cluster that is meant, with secrets masked."""
    from agent.redaction import Redactor
    from tools.cluster.connect import Where, connect
    from tools.diagnose.diagnose import diagnose

    with ExitStack() as stack:
        where = Where(given["kubeconfig"], given["context"])
        if sandbox:
            from agent.sandbox import Sandbox

            where = Where(document=stack.enter_context(Sandbox()).kubeconfig())
        cluster = connect(where, timeout_s=given["api_timeout_s"])
        redactor = Redactor((cluster.bearer_token() or "",))

        def masked(**asked: Any) -> Json:
            return cast("Json", redactor.redact(diagnose(cluster, **asked)))

        yield masked


def _show(report: Json, output: str, *, brief: bool) -> None:
    if output == "json":
        print_document(report, output)
    elif output == "jsonl":
        for finding in report["findings"]:
            print_document(finding, output)
    elif sys.stdout.isatty():
        from agent.console import show_report

        show_report(report, brief=brief)
    else:
        from tools.diagnose.render import render

        click.echo(render(report, brief=brief))


def _explain(cause: str, output: str) -> None:
    from msgspec.structs import asdict

    from tools.diagnose.explain import UnknownCause, lesson_of, said

    try:
        lesson = lesson_of(cause)
    except UnknownCause as error:
        raise UsageError(str(error)) from error
    if output == "text":
        click.echo(said(lesson))
    else:
        print_document({"schema": "desk.lesson/v1", **asdict(lesson)}, output)
