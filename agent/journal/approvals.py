"""Durable approvals: a row is asked once, decided once, used once.

The row's status changes only by compare-and-set, in the transaction that writes the event of it. What was
asked stands in the `approval_asked` event; the row says how it stands now.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from agent.errors import ApprovalRefused, AskedAlready, UsageError
from agent.gate.policy import EXPIRES_AFTER_MIN, Decision
from agent.ids import the_one
from agent.journal.events import (
    ApprovalAsked,
    ApprovalDecided,
    Committed,
    FirstApproval,
    SessionResumed,
    SessionStarted,
    SubtaskDone,
    ToolIntent,
)
from agent.journal.journal import Journal, Transaction
from agent.journal.port import Approval
from agent.journal.summary import stamp, status_at
from tools.json import Json

if TYPE_CHECKING:
    from tools.changes.plan import Change

TARGET_CHANGED = "the target has changed since it was asked"

OPEN = ("pending", "approved")
"""The statuses of an approval that was not spent, refused or replaced."""


USE = ("session_started", "session_resumed", "tool_intent", "subtask_done", "committed")
"""The events that say how an approval was used."""


@dataclass(frozen=True, slots=True)
class Used:
    """As whom and when a session made the change, and the commits that hold it."""

    by: str
    at: str
    commits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """An approval as it stands. `status`: pending, approved, rejected, expired, superseded or used."""

    asked: ApprovalAsked
    session: str
    status: str
    approver: str
    reason: str
    used: Used | None = None
    """None where it is not used, or nobody looked."""


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
    beside: bool = False
    """Whether it is beside the task, or beside the subtasks that were stated."""


def ask(journal: Journal, session: str, request: Request, now: datetime) -> ApprovalAsked:
    """Write a pending row; rows that asked for the same call before are superseded.

    Raises `AskedAlready` while another session's approval of the same plan waits, or is approved and not used.
    """
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
        why=request.decision.reason,
        beside=request.beside,
    )
    with journal.transaction() as transaction:
        transaction.lock(digest)
        _refuse_twice(journal, session, request, now)
        for row in journal.approvals(session=session, statuses=OPEN):
            if row.call_id == request.call_id:
                decision = ApprovalDecided(row.id, "superseded", "", TARGET_CHANGED)
                transaction.decide(session, decision, OPEN)
        transaction.ask(session, asked)
    return asked


def _refuse_twice(journal: Journal, session: str, request: Request, now: datetime) -> None:
    for row in map(_row, journal.approvals(statuses=OPEN)):
        is_same = row.session != session and row.asked.digest == request.digest
        if is_same and at_time(row, now).status != "expired":
            raise AskedAlready(row.asked.approval_id, row.session, row.asked.summary, row.asked.requester)


def decide(
    journal: Journal,
    approval_id: str,
    decision: str,
    approver: str,
    reason: str,
    now: datetime,
    *,
    channel: str = "",
) -> None:
    """Set a pending row to `approved` or `rejected`; raises `ApprovalRefused` when it no longer waits.

    That the approver may do it, `agent.humans.deciding` sees to.
    """
    expire(journal, now)
    row = load(journal, approval_id)
    with journal.transaction() as transaction:
        decided = ApprovalDecided(approval_id, decision, approver, reason, channel)
        if not transaction.decide(row.session, decided, ("pending",)):
            refuse_unless_waiting(load(journal, approval_id))


def refuse_unless_waiting(row: Row, digest: str = "") -> None:
    """Raises `ApprovalRefused` for a row that waits no more, or that asks for something else than was shown."""
    if row.status != "pending":
        raise ApprovalRefused(_no_longer_waits(row))
    if digest and digest != row.asked.digest:
        raise ApprovalRefused(f"What you were shown is not what {row.asked.approval_id} asks for. Look at it anew.")


def first_of_two(journal: Journal, approval_id: str, approver: str, channel: str) -> str:
    """Who approved first, where two have to; empty when nobody had: then `approver` is written as that."""
    with journal.transaction() as transaction:
        transaction.lock(approval_id)
        for entry in journal.entries(approval_id, ("first_approval",)):
            return str(entry.body["approver"])
        transaction.append(approval_id, FirstApproval(approval_id, approver, channel))
    return ""


def supersede(journal: Journal, approval_id: str, reason: str) -> None:
    """Let a row wait no more, without an answer: its session asks anew."""
    row = load(journal, approval_id)
    with journal.transaction() as transaction:
        transaction.decide(row.session, ApprovalDecided(approval_id, "superseded", "", reason), ("pending",))


def withdraw(journal: Journal, session: str, reason: str) -> list[str]:
    """Supersede the rows of a session that wait, or are approved and not used; gives their ids."""
    rows = journal.approvals(session=session, statuses=OPEN)
    with journal.transaction() as transaction:
        decided = (ApprovalDecided(row.id, "superseded", "", reason) for row in rows)
        return [each.approval_id for each in decided if transaction.decide(session, each, OPEN)]


def use(transaction: Transaction, session: str, approval_id: str) -> None:
    """Spend an approved row, in the transaction that writes the intent it allows.

    An intent that came to nothing (killed before the effect) may spend it again: the row is bound to the
    version of its target, so that its effect can happen only once.
    """
    if not transaction.use(session, approval_id):
        raise ApprovalRefused(f"Approval {approval_id} does not allow this any more. Resume, to ask anew.")


def expire(journal: Journal, now: datetime) -> None:
    """Every pending row whose time is over is expired: nobody refused it, and nobody answered."""
    late = [row for row in journal.approvals(statuses=("pending",)) if row.expires_at <= stamp(now)]
    for row in late:
        with journal.transaction() as transaction:
            expired = ApprovalDecided(row.id, "expired", "", "nobody answered in time")
            transaction.decide(row.session, expired, ("pending",))


def of_call(journal: Journal, session: str, call_id: str, digest: str, now: datetime) -> tuple[str, str] | None:
    """(id, status) of the newest row that asked for exactly this and still counts.

    An approval that nobody used before its deadline does not: what was right then may not be right now.
    """
    asked = (row for row in journal.approvals(session=session) if (row.call_id, row.digest) == (call_id, digest))
    counting = [(row.id, row.status) for row in asked if _counts(row, now)]
    return counting[-1] if counting else None


def _counts(row: Approval, now: datetime) -> bool:
    return row.status != "superseded" and (row.status != "approved" or row.expires_at > stamp(now))


def find(journal: Journal, said: str) -> str:
    """The id of an approval by its beginning; raises `UsageError` when it is none or several."""
    known = [row.id for row in reversed(journal.approvals())]
    return the_one(said, known, "approval", "desk approvals list --all")


def load(journal: Journal, approval_id: str) -> Row:
    """One row by its id; raises `UsageError` when there is none."""
    rows = journal.approvals(approval_id=approval_id) if approval_id else []
    if not rows:
        raise UsageError(f"There is no approval {approval_id}. `desk approvals list --all` shows those there are.")
    return _row(rows[0])


def listing(journal: Journal, now: datetime, *, everything: bool = False) -> list[Row]:
    """The rows that wait, oldest first; with `everything`, all. What is late is told as expired, not written."""
    told = (at_time(_row(each), now) for each in journal.approvals(statuses=() if everything else ("pending",)))
    return [row for row in told if everything or row.status == "pending"]


def since(journal: Journal, at: datetime) -> list[Row]:
    """The rows whose deadline is behind `at`, however they stand, in the order in which they were asked."""
    return [_row(each) for each in journal.approvals() if each.expires_at > stamp(at)]


def with_use(journal: Journal, row: Row) -> Row:
    """The row with when, as whom, and into which commits its session used it, if it did."""
    if row.status != "used":
        return row
    by, at, subtasks, commits = "", "", set[str](), list[str]()
    for entry in journal.entries(row.session, USE):
        match entry.event:
            case SessionStarted() | SessionResumed() as process if not at:
                by = process.requester
            case ToolIntent(approval_id=used) if used == row.asked.approval_id and not at:
                at = entry.at
            case SubtaskDone(call_id=call_id, subtask=subtask) if call_id == row.asked.call_id:
                subtasks.add(subtask)
            case Committed(subtask=subtask, sha=sha) if subtask in subtasks and sha:
                commits.append(sha)
    return replace(row, used=Used(by, at, tuple(commits)))


def at_time(row: Row, now: datetime) -> Row:
    """The row as it stands then: nobody may decide or use it once its deadline is over."""
    return replace(row, status=status_at(row.status, row.asked.expires_at, stamp(now)))


def _row(approval: Approval) -> Row:
    asked = ApprovalAsked(**json.loads(approval.asked))
    return Row(asked, approval.session, approval.status, approval.approver, approval.reason)


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
        "system": change.system,
    }


def _no_longer_waits(row: Row) -> str:
    said = {"expired": "expired: nobody answered in time", "superseded": f"asked for no longer: {row.reason}"}
    by = f" by {row.approver}" if row.approver else ""
    why = f" ({row.reason})" if row.reason else ""
    return (
        f"Approval {row.asked.approval_id} is {said.get(row.status) or f'{row.status}{by}{why}'} and cannot be "
        f"decided again. `desk resume {row.session}` goes on with the session."
    )
