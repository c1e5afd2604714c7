"""approvals list, show, approve, reject: the durable rows."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from agent.cli import completing
from agent.cli.help import Group
from agent.cli.options import common, existing_journal, print_document, settings
from agent.plaintext import plain

if TYPE_CHECKING:
    from agent.approvals import Row
    from agent.journal.journal import Journal
    from agent.settings import Settings
    from tools.cluster.client import HttpCluster
    from tools.cluster.resources import ObjectRef


@click.group(cls=Group)
def approvals() -> None:
    """What waits for a person's decision, and the deciding of it."""


@approvals.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are decided.")
@common
def list_(everything: bool, **given: Any) -> None:
    """List the approvals that wait, with what they would change, their risk and deadline."""
    from agent.approvals import listing

    configured = settings(given)
    with contextlib.closing(existing_journal(configured.workspace)) as journal:
        rows = listing(journal, datetime.now(UTC), everything=everything)
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
    from agent.approvals import at_time, find, load

    configured = settings(given)
    with contextlib.closing(existing_journal(configured.workspace)) as journal:
        row = at_time(load(journal, find(journal, approval_id)), datetime.now(UTC))
    if configured.output != "text":
        return _print_rows([row], configured.output)
    _print(row)
    return None


@approvals.command()
@click.argument("approval_id", metavar="ID", shell_complete=completing.waiting_approval)
@common
def approve(approval_id: str, **given: Any) -> None:
    """Approve ID, as who the cluster says --kubeconfig or --context is."""
    from agent.approvals import authorize, changed_since, decide, expire, find, load

    configured = settings(given)
    with contextlib.closing(existing_journal(configured.workspace, writes=True)) as journal:
        approval_id = find(journal, approval_id)
        expire(journal, datetime.now(UTC))
        row = load(journal, approval_id)
        cluster = _cluster(configured)
        approver = authorize(row, cluster, _fingerprint(journal, row.session))
        changed = changed_since(row, cluster)
        decide(journal, approval_id, "approved", approver, "", datetime.now(UTC))
        row = load(journal, approval_id)
    if configured.output != "text":
        return _print_decision(row, changed, configured.output)
    click.echo(f"Approved by {approver}. Go on: desk resume {row.session}")
    for target in changed:
        click.echo(
            f"Note: {target} was changed since this was asked. Desk will ask anew when it goes on.", err=True
        )
    return None


@approvals.command()
@click.argument("approval_id", metavar="ID", shell_complete=completing.waiting_approval)
@click.option("--reason", default="", help="Why; the requester reads it.")
@common
def reject(approval_id: str, reason: str, **given: Any) -> None:
    """Reject ID, as who the cluster says --kubeconfig or --context is."""
    from agent.approvals import authorize_rejection, decide, expire, find, load

    configured = settings(given)
    with contextlib.closing(existing_journal(configured.workspace, writes=True)) as journal:
        approval_id = find(journal, approval_id)
        expire(journal, datetime.now(UTC))
        row = load(journal, approval_id)
        who = authorize_rejection(row, _cluster(configured), _fingerprint(journal, row.session))
        decide(journal, approval_id, "rejected", who, reason, datetime.now(UTC))
        row = load(journal, approval_id)
    if configured.output != "text":
        return _print_decision(row, [], configured.output)
    click.echo(f"Rejected by {who}. The session ends with: desk resume {row.session}")
    return None


def _cluster(configured: Settings) -> HttpCluster:
    from tools.cluster.connect import Where, connect

    return connect(Where(configured.kubeconfig, configured.context), timeout_s=configured.api_timeout_s)


def _fingerprint(journal: Journal, session: str) -> str:
    """Which cluster a session runs on; raises `ApprovalRefused` for a sandbox, which ended with its process."""
    from agent.errors import ApprovalRefused
    from agent.journal.view import SessionView

    started = SessionView.of(session, journal.entries(session)).task
    if started.sandbox:
        raise ApprovalRefused(
            f"Session {session} ran in the sandbox, whose cluster ended with its process: there is nobody who "
            "could decide. On a cluster it would wait for this."
        )
    return started.cluster


def _print_rows(rows: list[Row], output: str) -> None:
    from agent.documents import Approvals
    from agent.output import approval

    print_document(Approvals(approvals=[approval(row) for row in rows]), output)


def _print_decision(row: Row, changed: list[ObjectRef], output: str) -> None:
    from agent.documents import Decision
    from agent.output import approval

    action = f"desk resume {row.session}"
    print_document(Decision(approval=approval(row), changed=[*map(str, changed)], next_action=action), output)


def _print(row: Row) -> None:
    asked = row.asked
    lines = [
        f"{asked.approval_id}  {row.status}" + (f" by {row.approver}" if row.approver else ""),
        f"  {asked.summary}",
        f"  risk {asked.risk} in {asked.environment}  priority {asked.priority}  deadline {asked.expires_at}",
        f"  asked by {asked.requester} at {asked.asked_at}, session {row.session}",
        *("  " + line for line in asked.diff.splitlines()),
    ]
    click.echo(plain("\n".join(lines)))
