"""init, doctor: make a workspace; say what is missing and how to get it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import click

from agent.cli.help import Command
from agent.cli.options import common, print_document, running, settings
from agent.errors import DeskError, ExitCode

if TYPE_CHECKING:
    from agent.settings import Settings


@click.command(cls=Command)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
def init(directory: Path) -> None:
    """Make DIR a workspace: a git repository for the journal, the files and the history.

    Sessions run in a workspace only, found from where one stands upwards, or named with --workspace.
    """
    from agent.history import init_repository

    for line in init_repository(directory):
        click.echo(line)
    where = shlex.quote(str(directory))
    click.echo(f'Next: desk run --workspace {where} --sandbox "why does checkout crash in shop-dev?"')


class Check(NamedTuple):
    """One thing Desk needs: ok, missing, or optional and missing."""

    name: str
    state: Literal["ok", "missing", "optional"]
    text: str


@click.command(cls=Command)
@running
@common
def doctor(**given: Any) -> None:
    """Say what is missing (git, journal, cluster, permissions, key) and how to get it."""
    configured = settings(given)
    checks = [*_local(configured), *_cluster(configured), _key(configured)]
    missing = any(check.state == "missing" for check in checks)
    if configured.output != "text":
        print_document(
            {"schema": "desk.doctor/v1", "checks": [check._asdict() for check in checks]}, configured.output
        )
    else:
        for check in checks:
            click.echo(f"{check.state:<9} {check.name:<12} {check.text}")
    raise click.exceptions.Exit(int(ExitCode.FAILED if missing else ExitCode.DONE))


def _local(configured: Settings) -> list[Check]:
    return [
        Check("python", "ok", sys.version.split()[0]),
        _try("git", lambda: _git(configured)),
        _try("journal", lambda: _journal(configured)),
    ]


def _try(name: str, check: Callable[[], str]) -> Check:
    from tools.cluster.errors import ClusterError

    try:
        return Check(name, "ok", check())
    except (DeskError, ClusterError, OSError) as error:
        return Check(name, "missing", str(error))


def _git(configured: Settings) -> str:
    from agent.app import history_of

    history_of(configured)
    return f"{configured.workspace.resolve()} takes commits"


def _journal(configured: Settings) -> str:
    from agent.cli.options import existing_journal
    from agent.discovery import JOURNAL

    if not (configured.workspace / JOURNAL).exists():
        return "none yet; the first session makes it"
    journal = existing_journal(configured.workspace)
    return f"intact, {journal.verify()} events"


def _cluster(configured: Settings) -> list[Check]:
    from tools.cluster.connect import Where, connect
    from tools.cluster.errors import ClusterError

    try:
        cluster = connect(Where(configured.kubeconfig, configured.context), timeout_s=configured.api_timeout_s)
        who = cluster.whoami().username
    except ClusterError as error:
        return [Check("cluster", "missing", str(error))]
    where = configured.namespace or cluster.namespace
    return [
        Check("cluster", "ok", f"Kubernetes {cluster.version()}, as {who}"),
        *(_right(cluster, where, verb, group, kind) for verb, group, kind in _RIGHTS),
    ]


_RIGHTS = (
    ("get", "", "namespaces"),
    ("list", "", "pods"),
    ("get", "", "pods/log"),
    ("list", "", "events"),
    ("patch", "apps", "deployments"),
)


def _right(cluster: Any, namespace: str, verb: str, group: str, kind: str) -> Check:
    from tools.cluster.client import Access

    resource, _, subresource = kind.partition("/")
    if cluster.may(Access(verb, group, resource, namespace, subresource=subresource)):
        return Check("permission", "ok", f"{verb} {kind} in {namespace}")
    role = "edit" if verb == "patch" else "view"
    grant = f"kubectl create rolebinding desk --clusterrole={role} --user=USER -n {namespace}"
    return Check("permission", "missing", f"may not {verb} {kind} in {namespace}; who administers it can: {grant}")


def _key(configured: Settings) -> Check:
    if os.environ.get("ANTHROPIC_API_KEY") or configured.api_key_file:
        where = configured.api_key_file or "ANTHROPIC_API_KEY"
        return Check("key", "ok", f"{where}: Claude thinks, unless --model says otherwise")
    return Check("key", "optional", "no ANTHROPIC_API_KEY: Playbook plans, which needs none")
