"""Durable approvals: a row is asked once, decided once, used once.

The row's status changes only by compare-and-set, in the transaction that writes the event of it. What was
asked stands in the `approval_asked` event; the row says how it stands now.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from agent.errors import ApprovalRefused, UsageError
from agent.journal.events import ApprovalAsked, ApprovalDecided, Json
from agent.journal.store import Journal, Transaction
from agent.policy import EXPIRES_AFTER_MIN, Decision
from tools.cluster.client import Access
from tools.cluster.errors import NotFound
from tools.cluster.resources import ObjectRef

if TYPE_CHECKING:
    from tools.changes.plan import Change
    from tools.cluster.client import Cluster


@dataclass(frozen=True, slots=True)
class Row:
    """An approval as it stands. `status`: pending, approved, rejected, expired, superseded or used."""

    asked: ApprovalAsked
    session: str
    status: str
    approver: str
    reason: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be asked: a call, what it would change, and what the gate said."""

    call_id: str
    tool: str
    arguments: Json
    digest: str
    """Of the plan: what the approval is bound to."""
    changes: tuple[Change, ...]
    """Those that are left to be made."""
    summary: str
    diff: str
    risk: str
    decision: Decision
    requester: str


def ask(journal: Journal, session: str, request: Request, now: datetime) -> ApprovalAsked:
    """Write a pending row; rows that asked for the same call before are superseded."""
    digest = request.digest
    asked = ApprovalAsked(
        approval_id=f"apr-{hashlib.sha256(f'{session}{request.call_id}{digest}{now}'.encode()).hexdigest()[:10]}",
        call_id=request.call_id,
        tool=request.tool,
        arguments=request.arguments,
        targets=[_target(change) for change in request.changes],
        digest=digest,
        risk=request.risk,
        environment=request.decision.environment.value,
        priority=request.decision.priority,
        requester=request.requester,
        summary=request.summary,
        diff=request.diff,
        asked_at=now.isoformat(timespec="seconds"),
        expires_at=_deadline(request.decision, now),
    )
    with journal.transaction() as transaction:
        for row in _of_call(journal, session, request.call_id, ("pending", "approved")):
            decision = ApprovalDecided(row, "superseded", "", "the target has changed since it was asked")
            _decide(transaction, session, decision, ("pending", "approved"))
        seq = transaction.append(session, asked).seq
        transaction.execute(
            "INSERT INTO approvals (id, session, call_id, digest, requester, status, expires_at, asked_seq)"
            " VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
            (asked.approval_id, session, asked.call_id, digest, asked.requester, asked.expires_at, seq),
        )
    return asked


def decide(journal: Journal, approval_id: str, decision: str, approver: str, reason: str, now: datetime) -> None:
    """Decide a pending row as `approved` or `rejected`; raises `ApprovalRefused` when it no longer waits."""
    expire(journal, now)
    row = load(journal, approval_id)
    with journal.transaction() as transaction:
        decided = ApprovalDecided(approval_id, decision, approver, reason)
        if not _decide(transaction, row.session, decided, ("pending",)):
            raise ApprovalRefused(_no_longer_waits(load(journal, approval_id)))


def withdraw(journal: Journal, session: str, reason: str) -> list[str]:
    """Supersede the rows of a session that wait, or are approved and not used; gives their ids."""
    query = "SELECT id FROM approvals WHERE session = ? AND status IN ('pending', 'approved')"
    rows = [str(row[0]) for row in journal.read(query, (session,))]
    with journal.transaction() as transaction:
        decided = (ApprovalDecided(row, "superseded", "", reason) for row in rows)
        return [
            each.approval_id for each in decided if _decide(transaction, session, each, ("pending", "approved"))
        ]


def use(transaction: Transaction, session: str, approval_id: str) -> None:
    """Spend an approved row, in the transaction that writes the intent it allows.

    An intent that came to nothing (killed before the effect) may spend it again: the row is bound to the
    version of its target, so that its effect can happen only once.
    """
    spent = transaction.execute(
        "UPDATE approvals SET status = 'used' WHERE id = ? AND session = ? AND status IN ('approved', 'used')",
        (approval_id, session),
    )
    if spent != 1:
        raise ApprovalRefused(f"Approval {approval_id} does not allow this any more. Resume, to ask anew.")


def expire(journal: Journal, now: datetime) -> None:
    """Reject every pending row whose time is over."""
    late = journal.read(
        "SELECT id, session FROM approvals WHERE status = 'pending' AND expires_at <= ?",
        (_stamp(now),),
    )
    for approval_id, session in late:
        with journal.transaction() as transaction:
            expired = ApprovalDecided(approval_id, "expired", "", "nobody decided in time")
            _decide(transaction, session, expired, ("pending",))


def of_call(journal: Journal, session: str, call_id: str, digest: str, now: datetime) -> tuple[str, str] | None:
    """(id, status) of the newest row that asked for exactly this and still counts.

    An approval that nobody used before its deadline does not: what was right then may not be right now.
    """
    found = journal.read(
        "SELECT id, status FROM approvals WHERE session = ? AND call_id = ? AND digest = ?"
        " AND status != 'superseded' AND (status != 'approved' OR expires_at > ?) ORDER BY asked_seq DESC LIMIT 1",
        (session, call_id, digest, _stamp(now)),
    )
    return (str(found[0][0]), str(found[0][1])) if found else None


def load(journal: Journal, approval_id: str) -> Row:
    """One row by its id; raises `UsageError` when there is none."""
    rows = _rows(journal, "WHERE a.id = ?", (approval_id,))
    if not rows:
        raise UsageError(f"There is no approval {approval_id}. `desk approvals list` shows those there are.")
    return rows[0]


def listing(journal: Journal, *, everything: bool = False) -> list[Row]:
    """The rows that wait, oldest first; with `everything`, all."""
    return _rows(journal, "" if everything else "WHERE a.status = 'pending'", ())


def authorize(row: Row, cluster: Cluster, fingerprint: str) -> str:
    """Who the cluster says wants to decide, if they may; else raises `ApprovalRefused`.

    They must be known to the very cluster the session runs on, be somebody else than the requester, and
    have the right to make each of the changes themselves.
    """
    approver = authenticate(cluster, fingerprint)
    if approver == row.asked.requester:
        raise ApprovalRefused(
            f"{approver} asked for this change and cannot approve it. Somebody else decides, as "
            f"themselves: desk approvals approve {row.asked.approval_id} --kubeconfig FILE."
        )
    _check_rights(row, cluster, approver)
    return approver


def _check_rights(row: Row, cluster: Cluster, who: str) -> None:
    for target in row.asked.targets:
        access = _access(target)
        if not cluster.may(access):
            raise ApprovalRefused(
                f"{who} may not {access} and so cannot decide it. Who may: somebody with the role edit there."
            )


def authenticate(cluster: Cluster, fingerprint: str) -> str:
    """Who the session's own cluster says this is; raises `ApprovalRefused` for another cluster's word."""
    if cluster.fingerprint != fingerprint:
        raise ApprovalRefused(
            "This kubeconfig is of another cluster than the session's: its certificate authority differs. "
            "Name a kubeconfig of the same cluster with --kubeconfig FILE."
        )
    return cluster.whoami().username


def authorize_rejection(row: Row, cluster: Cluster, fingerprint: str) -> str:
    """Who wants to reject, if they may: the requester withdraws, or somebody who could make the change."""
    who = authenticate(cluster, fingerprint)
    if who != row.asked.requester:
        _check_rights(row, cluster, who)
    return who


def changed_since(row: Row, cluster: Cluster) -> list[ObjectRef]:
    """The targets that are not as they were when it was asked.

    What is made again under its name is there until it is deleted: that it was not changed is said of the deletion.
    """
    refs = [(target["version"], _reference(target)) for target in row.asked.targets]
    there = [ref for version, ref in refs if version]
    looked_at = [(version, ref) for version, ref in refs if version or ref not in there]
    return [ref for version, ref in looked_at if _version(cluster, ref) != version]


def _version(cluster: Cluster, ref: ObjectRef) -> str:
    from tools.changes.build import version

    try:
        return version(cluster.get(ref.kind, ref.name, ref.namespace))
    except NotFound:
        return ""  # as a change that creates has it


def _rows(journal: Journal, where: str, arguments: tuple[str, ...]) -> list[Row]:
    query = (
        "SELECT e.body, a.session, a.status, a.approver, a.reason FROM approvals a"  # noqa: S608
        f" JOIN events e ON e.seq = a.asked_seq {where} ORDER BY a.asked_seq"
    )
    return [
        Row(ApprovalAsked(**json.loads(body)), session, status, approver, reason)
        for body, session, status, approver, reason in journal.read(query, arguments)
    ]


def _of_call(journal: Journal, session: str, call_id: str, statuses: Sequence[str]) -> list[str]:
    marks = ",".join("?" * len(statuses))
    query = f"SELECT id FROM approvals WHERE session = ? AND call_id = ? AND status IN ({marks})"  # noqa: S608
    return [str(row[0]) for row in journal.read(query, (session, call_id, *statuses))]


def _decide(transaction: Transaction, session: str, decided: ApprovalDecided, while_in: Sequence[str]) -> bool:
    marks = ",".join("?" * len(while_in))
    changed = transaction.execute(
        f"UPDATE approvals SET status = ? WHERE id = ? AND status IN ({marks})",  # noqa: S608
        (decided.decision, decided.approval_id, *while_in),
    )
    if changed:  # the row gets the words of the event: in those, secrets are masked
        said = transaction.append(session, decided).body
        words = (said["approver"], said["reason"], decided.approval_id)
        transaction.execute("UPDATE approvals SET approver = ?, reason = ? WHERE id = ?", words)
    return changed == 1


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")


def _deadline(decision: Decision, now: datetime) -> str:
    minutes = EXPIRES_AFTER_MIN[decision.priority]
    return (now.astimezone(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")


def _target(change: Change) -> Json:
    return {
        **asdict(change.target),
        "resource": change.resource,
        "uid": change.uid,
        "resource_version": change.resource_version,
        "version": change.version,
        "verb": change.verb,
    }


def _reference(target: Json) -> ObjectRef:
    return ObjectRef(target["api_version"], target["kind"], target["namespace"], target["name"])


def _access(target: Json) -> Access:
    group = target["api_version"].rpartition("/")[0]
    verb = target.get("verb", "patch")
    name = "" if verb == "create" else target["name"]
    return Access(verb, group, target["resource"], target["namespace"], name)


def _no_longer_waits(row: Row) -> str:
    who = f" by {row.approver}" if row.approver else ""
    why = f" ({row.reason})" if row.reason else ""
    return (
        f"Approval {row.asked.approval_id} is {row.status}{who}{why} and cannot be decided again. "
        f"`desk resume {row.session}` goes on with the session."
    )
