"""approvals list, show, approve, reject: the durable rows."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from agent.cli import completing
from agent.cli.help import Group
from agent.cli.options import common, existing_journal, print_document, settings
from agent.cli.waiting import Span
from agent.errors import ExitCode
from tools.plaintext import plain

if TYPE_CHECKING:
    from agent.humans.deciding import Decided, Verdict
    from agent.journal.approvals import Row
    from agent.settings import Settings
    from tools.cluster.client import HttpCluster


@click.group(cls=Group)
def approvals() -> None:
    """What waits for a person's decision, and the deciding of it."""


@approvals.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are decided.")
@common
def list_(everything: bool, **given: Any) -> None:
    """List the approvals that wait, with what they would change, their risk and deadline."""
    from agent.journal.approvals import listing, with_use

    configured = settings(given)
    with contextlib.closing(existing_journal(configured.workspace, configured.journal)) as journal:
        rows = [with_use(journal, row) for row in listing(journal, datetime.now(UTC), everything=everything)]
    if configured.output != "text":
        return _print_rows(rows, configured.output)
    for row in rows:
        _print(row)
    if not rows:
        click.echo("No approval waits." if not everything else "No approval was ever asked for.")
    return None


@approvals.command()
@click.argument("approval_id", metavar="ID", shell_complete=completing.any_approval)
@common
def show(approval_id: str, **given: Any) -> None:
    """Show one approval."""
    from agent.journal.approvals import (
        at_time,
        find,
        load,
        with_use,
    )

    configured = settings(given)
    with contextlib.closing(existing_journal(configured.workspace, configured.journal)) as journal:
        row = with_use(journal, at_time(load(journal, find(journal, approval_id)), datetime.now(UTC)))
    if configured.output != "text":
        return _print_rows([row], configured.output)
    _print(row)
    return None


@approvals.command()
@click.argument("approval_id", metavar="ID", shell_complete=completing.waiting_approval)
@click.option("--resume", "goes_on", is_flag=True, help="Then go on with its session, as your own kubeconfig says.")
@common
def approve(approval_id: str, goes_on: bool, **given: Any) -> None:
    """Approve ID, as who the cluster says --kubeconfig or --context is."""
    configured = settings(given)
    decided = _decide(configured, approval_id, "approved", "")
    row = decided.row
    if configured.output != "text" and not goes_on:
        return _print_decision(row, configured.output)
    if row.status == "pending":
        click.echo(f"Approved by {decided.by}. It waits for a second person: this class of risk needs two.")
        return None
    if configured.output == "text":
        click.echo(f"Approved by {decided.by}." + ("" if goes_on else f" Go on: desk resume {row.session}"))
    return _resume(row.session, configured) if goes_on else None


def _resume(session: str, configured: Settings) -> None:
    """`desk resume`, with the kubeconfig and context that it has without flags: the approver's are not its own."""
    from agent.cli.run import resume

    arguments = [session, "--workspace", str(configured.workspace), "--output", configured.output]
    resume.main(arguments, prog_name="desk resume", standalone_mode=False)


@approvals.command()
@click.argument("approval_id", metavar="[ID]", required=False, shell_complete=completing.waiting_approval)
@click.option("--timeout", "timeout_s", type=Span(), help="Wait so long at most: 90s, 10m. Default: its deadline.")
@common
def wait(approval_id: str | None, timeout_s: float | None, **given: Any) -> None:
    """Wait until ID (default: the newest that waits) is decided.

    Exit code 0: approved; 6: rejected, or nobody answered in time; 3: it still waits when the time is over.
    """
    configured = settings(given)
    row = _decided(configured, approval_id, timeout_s)
    if row is None:
        return (
            _print_rows([], configured.output) if configured.output != "text" else click.echo("No approval waits.")
        )
    if configured.output != "text":
        _print_rows([row], configured.output)
    else:
        by = f" by {row.approver}" if row.approver else ""
        why = f": {row.reason}" if row.reason else ""
        click.echo(plain(f"{row.asked.approval_id} is {row.status}{by}{why}. {_next(row)}"))
    raise click.exceptions.Exit(int(WAITED.get(row.status, ExitCode.FAILED)))


WAITED = {
    "pending": ExitCode.WAITING,
    "approved": ExitCode.DONE,
    "used": ExitCode.DONE,
    "rejected": ExitCode.REJECTED,
    "expired": ExitCode.REJECTED,
}
"""How `approvals wait` ends, by how the approval stands."""
LOOKS_EVERY_S = 1.0


def _decided(configured: Settings, said: str | None, timeout_s: float | None) -> Row | None:
    """The approval when it waits no more, or when the time is over; None when none is named and none waits."""
    from agent.journal.approvals import (
        at_time,
        find,
        listing,
        load,
        with_use,
    )

    until = None if timeout_s is None else time.monotonic() + timeout_s
    name = said
    while True:  # the journal is opened each time, for it may be read from a copy
        with contextlib.closing(existing_journal(configured.workspace, configured.journal)) as journal:
            now = datetime.now(UTC)
            if name is None and not (waiting := listing(journal, now)):
                return None
            name = find(journal, said) if said else name or waiting[-1].asked.approval_id
            row = with_use(journal, at_time(load(journal, name), now))
        left = LOOKS_EVERY_S if until is None else until - time.monotonic()
        if row.status != "pending" or left <= 0:
            return row
        time.sleep(min(LOOKS_EVERY_S, left))


def _next(row: Row) -> str:
    match row.status:
        case "pending":
            return f"It may be decided until {row.asked.expires_at}."
        case "approved":
            return f"Go on: desk resume {row.session}"
        case "rejected" | "expired":
            return f"The session ends with: desk resume {row.session}"
        case _:
            return f"What became of it: desk show {row.session}"


@approvals.command()
@click.argument("approval_id", metavar="ID", shell_complete=completing.waiting_approval)
@click.option("--reason", default="", help="Why; the requester reads it.")
@common
def reject(approval_id: str, reason: str, **given: Any) -> None:
    """Reject ID, as who the cluster says --kubeconfig or --context is."""
    configured = settings(given)
    decided = _decide(configured, approval_id, "rejected", reason)
    if configured.output != "text":
        return _print_decision(decided.row, configured.output)
    click.echo(f"Rejected by {decided.by}. The session ends with: desk resume {decided.row.session}")
    return None


def _decide(configured: Settings, said: str, verdict: Verdict, reason: str) -> Decided:
    """Decide as who the kubeconfig's cluster says this is."""
    from agent.humans.approvers import KubernetesUser
    from agent.humans.approvers import load as load_approvers
    from agent.humans.deciding import Decider, decide
    from agent.journal.approvals import find

    with contextlib.closing(existing_journal(configured.workspace, configured.journal, writes=True)) as journal:
        approval_id = find(journal, said)
        cluster = _cluster(configured)
        who = Decider(KubernetesUser(cluster.whoami().username), "terminal", cluster, is_own_login=True)
        known = load_approvers(configured.workspace)
        return decide(journal, approval_id, verdict, who, known, datetime.now(UTC), reason=reason)


def _cluster(configured: Settings) -> HttpCluster:
    from tools.cluster.connect import Where, connect

    return connect(Where(configured.kubeconfig, configured.context), timeout_s=configured.api_timeout_s)


def _print_rows(rows: list[Row], output: str) -> None:
    from agent.surfaces.documents import Approvals
    from agent.surfaces.session_documents import approval

    print_document(Approvals(approvals=[approval(row) for row in rows]), output)


def _print_decision(row: Row, output: str) -> None:
    from agent.surfaces.documents import Decision
    from agent.surfaces.session_documents import approval

    action = f"desk resume {row.session}"
    print_document(Decision(approval=approval(row), next_action=action), output)


def _status(row: Row) -> str:
    by = f" by {row.approver}" if row.approver else ""
    return f"used, approved{by}" if row.status == "used" else row.status + by


def _used(row: Row) -> list[str]:
    if row.used is None:
        return []
    commits = f", commit {', '.join(sha[:10] for sha in row.used.commits)}" if row.used.commits else ""
    return [f"  used by {row.used.by} at {row.used.at}, session {row.session}{commits}"]


def _print(row: Row) -> None:
    asked = row.asked
    lines = [
        f"{asked.approval_id}  {_status(row)}",
        f"  {asked.summary}",
        f"  risk {asked.risk} in {asked.environment}  priority {asked.priority}  deadline {asked.expires_at}",
        f"  asked by {asked.requester} at {asked.asked_at}, session {row.session}",
        *([f"  why it asks: {asked.why}"] if asked.why else []),
        *_used(row),
        *("  " + line for line in asked.diff.splitlines()),
    ]
    click.echo(plain("\n".join(lines)))
