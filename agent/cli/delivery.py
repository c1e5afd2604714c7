"""why-not-live and debug-pipeline: where is the way from a commit to its pods broken?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from agent.cli import completing
from agent.cli.help import Command
from agent.cli.options import common, setting, settings
from agent.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from tools.cluster.client import HttpCluster
    from tools.json import Json

_brief = click.option("--brief", is_flag=True, help="One line for each finding.")


@click.command("why-not-live", cls=Command)
@click.argument("app", metavar="APP")
@setting("namespace", help="Where it runs, or its Application is. Default: wherever there is one of that name.")
@click.option("--commit", default="", metavar="SHA", help="The commit that should be live, 7 digits at least.")
@click.option("--image", default="", metavar="REF", help="The image that should be live, with tag or digest.")
@_brief
@setting("api_timeout_s")
@setting("github_host")
@setting("github_token_file")
@setting("gitlab_host")
@setting("gitlab_token_file")
@common
def why_not_live(app: str, commit: str, image: str, brief: bool, **given: Any) -> None:
    """Find out why the last commit of APP is not live: the one link that is broken.

    APP is an application of Argo CD, or a workload that one delivers. Goes from the commit by webhook, build, image
    and Argo CD to the pods. A link that may not be read is "not checked". Reads only, and asks no model. Exit code
    0: nothing is broken, or it is on its way; 1: there is a finding of severity error.
    """

    def look(cluster: HttpCluster) -> Json:
        from tools.delivery.why_not_live import diagnose

        return diagnose(
            cluster,
            app=app,
            namespace=given["namespace"],
            commit=commit,
            image=image,
            git_hosts=git_hosts(configured),
        )

    from agent.git_tokens import git_hosts, git_tokens

    configured = settings(given)
    _told(look, given, brief=brief, words=(app,), secrets=git_tokens(configured))


@click.command("debug-pipeline", cls=Command)
@click.argument("namespace", metavar="NAMESPACE", shell_complete=completing.namespace)
@click.argument("name", metavar="[NAME]", required=False)
@_brief
@setting("api_timeout_s")
@common
def debug_pipeline(namespace: str, name: str | None, brief: bool, **given: Any) -> None:
    """Find out which deliveries into NAMESPACE are broken, and where.

    NAME is a run or pipeline of Tekton, a build of OpenShift, or an application of Argo CD. Names the cause, the
    evidence and what to type. What may not be read is "not checked". Reads only, and asks no model. Exit code 0:
    nothing is broken, or it is on its way; 1: there is a finding of severity error.
    """

    def look(cluster: HttpCluster) -> Json:
        from tools.delivery.debug_pipeline import diagnose

        return diagnose(cluster, namespace=namespace, name=name)

    _told(look, given, brief=brief, words=(namespace, name or "-"))


def _told(
    look: Callable[[HttpCluster], Json],
    given: dict[str, Any],
    *,
    brief: bool,
    words: tuple[str, ...],
    secrets: tuple[str, ...] = (),
) -> NoReturn:
    """Look, show the report with its secrets masked, and end with its exit code."""
    from contextlib import closing

    from agent.cli.reports import reports
    from agent.redaction import Redactor
    from tools.cluster.connect import Where, connect
    from tools.errors import ArgumentsError

    if "" in words:
        raise UsageError("An argument is empty. Is a variable of the shell not set? Nothing was looked at.")
    cluster = connect(Where(given["kubeconfig"], given["context"]), timeout_s=given["api_timeout_s"])
    redactor = Redactor((cluster.bearer_token() or "", *secrets))
    try:
        report = cast("Json", redactor.redact(look(cluster)))
    except ArgumentsError as error:
        raise UsageError(str(error)) from error
    with closing(reports(given["output"], brief=brief, repeated=False)) as shown:
        shown.show(report)
    is_broken = any(finding["severity"] == "error" for finding in report["findings"])
    raise click.exceptions.Exit(ExitCode.FAILED if is_broken else ExitCode.DONE)
