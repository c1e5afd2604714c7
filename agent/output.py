"""The JSON documents Desk prints, each with its `schema` and version. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.journal.events import ENDING_TOOLS, Json
from agent.model.port import USAGE

if TYPE_CHECKING:
    from agent.approvals import Row
    from agent.journal.view import SessionView

SESSION = "desk.session/v1"
APPROVALS = "desk.approvals/v1"
ERROR = "desk.error/v1"


def session(view: SessionView) -> Json:
    """`desk.session/v1`: one session, from its journal alone."""
    ending = view.closed or view.paused
    closed = view.closed
    waiting = view.pending_approval() if closed is None else None
    return {
        "schema": SESSION,
        "session": view.id,
        "task": view.task.task,
        "namespace": view.task.namespace,
        "requester": view.task.requester,
        "model": view.task.model,
        "sandbox": view.task.sandbox,
        "started_at": view.started_at,
        "status": closed.outcome if closed else ("paused" if view.paused else "running"),
        "exit_code": ending.exit_code if ending else None,
        "summary": closed.summary if closed else (view.paused.reason if view.paused else ""),
        "next_action": ending.next_action if ending else "",
        "readings": closed.readings if closed else [],
        "turns": len(view.turns),
        "usage": _usage(view),
        "approval": waiting.approval_id if waiting else None,
        "subtasks": [
            {
                "subtask": done.subtask,
                "title": done.title,
                "target": done.target,
                "approved_by": done.approved_by,
                "commit": view.commits.get(done.subtask, ""),
            }
            for _, done in view.subtasks
        ],
        "incidents": [opened.title for opened in view.incidents.values()],
        "results": [
            {"tool": r.tool, "ok": r.ok, "error": r.error, "text": r.text, "data": r.data}
            for r in view.results.values()
            if r.tool not in ENDING_TOOLS
        ],
    }


def _usage(view: SessionView) -> Json:
    """What all turns took together: tokens, under the Messages API's names, and US dollars if all are known."""
    counted = {name: sum(int(turn.usage.get(name) or 0) for turn in view.turns) for name in USAGE}
    costs = [turn.cost_usd for turn in view.turns]
    known = [cost for cost in costs if cost is not None]
    return {**counted, "cost_usd": round(sum(known), 6) if known and len(known) == len(costs) else None}


def approval(row: Row) -> Json:
    """One row, as the documents have it."""
    asked = row.asked
    return {
        "id": asked.approval_id,
        "session": row.session,
        "status": row.status,
        "summary": asked.summary,
        "tool": asked.tool,
        "arguments": asked.arguments,
        "targets": asked.targets,
        "digest": asked.digest,
        "risk": asked.risk,
        "environment": asked.environment,
        "priority": asked.priority,
        "requester": asked.requester,
        "asked_at": asked.asked_at,
        "deadline": asked.expires_at,
        "approver": row.approver,
        "reason": row.reason,
        "diff": asked.diff,
    }


def approvals(rows: list[Row]) -> Json:
    """`desk.approvals/v1`."""
    return {"schema": APPROVALS, "approvals": [approval(row) for row in rows]}


def error(message: str, exit_code: int) -> Json:
    """`desk.error/v1`: what a command prints on standard output in place of its document."""
    return {"schema": ERROR, "error": message, "exit_code": exit_code}
