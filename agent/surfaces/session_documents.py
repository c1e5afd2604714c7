"""The documents of a session and of approvals, from what the journal has of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import msgspec

from agent.journal.events import ENDING_TOOLS
from agent.model.port import USAGE
from agent.surfaces.documents import (
    Approval,
    ApprovalStatus,
    Drift,
    Left,
    Provisioned,
    Provisioning,
    Reading,
    Session,
    Subtask,
    Target,
    ToolOutcome,
    Usage,
)
from tools.changes.plan import id_of
from tools.json import Json

if TYPE_CHECKING:
    from agent.journal.approvals import Row
    from agent.journal.events import SubtaskDone
    from agent.journal.view import SessionView


def session(view: SessionView, *, runs: bool = False) -> Session:
    """One session, from its journal alone; `runs`: a process of it is at work."""
    closed, paused = view.closed, view.paused
    ending = closed or paused
    waiting = view.pending_approval() if closed is None else None
    return Session(
        session=view.id,
        follows=view.task.before["session"] if view.task.before else None,
        task=view.task.task,
        namespace=view.task.namespace,
        namespaces=_distinct(view.namespaces()),
        requester=view.task.requester,
        model=view.task.model,
        sandbox=view.task.sandbox,
        started_at=view.started_at,
        status=closed.outcome if closed else ("paused" if paused else "running" if runs else "killed"),
        exit_code=ending.exit_code if ending else None,
        summary=closed.summary if closed else (paused.reason if paused else ""),
        next_action=ending.next_action if ending else "",
        readings=msgspec.convert(closed.readings if closed else [], list[Reading]),
        turns=len(view.turns),
        usage=_usage(view),
        approval=waiting.approval_id
        if waiting
        else (paused.approval_id or None if paused and not closed else None),
        subtasks=[_subtask(view, done) for _, done in view.subtasks],
        incidents=[opened.title for opened in view.incidents.values()],
        results=[
            ToolOutcome(tool=r.tool, ok=r.ok, error=r.error, text=r.text, data=r.data)
            for r in view.results.values()
            if r.tool not in ENDING_TOOLS
        ],
    )


def _subtask(view: SessionView, done: SubtaskDone) -> Subtask:
    return Subtask(
        subtask=done.subtask,
        title=done.title,
        target=done.target,
        namespaces=_distinct(intent.change["target"]["namespace"] for intent, _ in view.changes_of(done)),
        approved_by=done.approved_by,
        commit=view.commits.get(done.subtask, ""),
    )


def _distinct(namespaces: Iterable[str | None]) -> list[str]:
    """Each once, in the order of its first mention; what is in none has None, or nothing."""
    return [each for each in dict.fromkeys(namespaces) if each]


def provisioning(view: SessionView) -> Provisioning:
    """What a session did that provisions or checks a namespace, object by object."""
    call = view.task.call or {}
    call_id = next(iter(view.plans), "")
    plan = view.plans[call_id].plan if call_id else {"steps": []}
    changes = distinct_changes(view, call_id, plan)
    hard = [change["body"]["spec"]["hard"] for change in changes if change["target"]["kind"] == "ResourceQuota"]
    drift = [each for result in view.results.values() for each in (result.data or {}).get("drift", ())]
    ending = view.closed or view.paused
    waiting = view.pending_approval() if view.closed is None else None
    code = ending.exit_code if ending else None
    return Provisioning(
        operation=call["tool"],
        namespace=call["arguments"]["namespace"],
        environment=next(iter(plan.get("environments", {}).values()), ""),
        session=view.id,
        success=code == 0,
        exit_code=code,
        summary=view.closed.summary if view.closed else (view.paused.reason if view.paused else ""),
        approval=waiting.approval_id if waiting else None,
        resources=[provisioned(view, call_id, change) for change in changes],
        quota=hard[0] if hard else {},
        drift=msgspec.convert(drift, list[Drift]),
        warnings=[each for result in view.results.values() for each in (result.data or {}).get("warnings", ())],
        errors=[result.text for result in view.results.values() if not result.ok],
        left=msgspec.convert(view.left(), Left | None),
    )


def distinct_changes(view: SessionView, call_id: str, plan: Json) -> list[Json]:
    """An object once: what an earlier plan of the call made, then what its last one says of all others."""
    last = [change for step in plan["steps"] for change in step["changes"]]
    ids = {id_of(change) for change in last}
    earlier = [intent.change for intent, _ in view.changes(call_id) if id_of(intent.change) not in ids]
    made = [change["target"] for change in earlier]
    return [*earlier, *(change for change in last if change["target"] not in made)]


def provisioned(view: SessionView, call_id: str, change: Json) -> Provisioned:
    """What became of one change of a plan."""
    same = id_of(change) in view.plans[call_id].unchanged
    is_new = not change["uid"] and change["verb"] in ("apply", "create")
    would: Literal["deleted", "created", "changed"] = (
        "deleted" if change["verb"] == "delete" else "created" if is_new else "changed"
    )
    planned = "unchanged" if same else would
    is_done = same or any(id_of(intent.change) == id_of(change) for intent, _ in view.changes(call_id))
    target = change["target"]
    return Provisioned(
        object=f"{target['kind']}/{target['name']}", planned=planned, result=planned if is_done else "skipped"
    )


def _usage(view: SessionView) -> Usage:
    """What all turns took together: tokens, and US dollars if all are known."""
    counted = {name: sum(int(turn.usage.get(name) or 0) for turn in view.turns) for name in USAGE}
    costs = [turn.cost_usd for turn in view.turns]
    known = [cost for cost in costs if cost is not None]
    return Usage(**counted, cost_usd=round(sum(known), 6) if known and len(known) == len(costs) else None)


def approval(row: Row) -> Approval:
    """One row."""
    asked = row.asked
    return Approval(
        id=asked.approval_id,
        session=row.session,
        status=msgspec.convert(row.status, ApprovalStatus),
        summary=asked.summary,
        tool=asked.tool,
        arguments=asked.arguments,
        targets=msgspec.convert(asked.targets, list[Target]),
        digest=asked.digest,
        risk=asked.risk,
        environment=asked.environment,
        priority=asked.priority,
        requester=asked.requester,
        asked_at=asked.asked_at,
        deadline=asked.expires_at,
        approver=row.approver,
        reason=row.reason,
        why=asked.why,
        used_by=row.used.by if row.used else "",
        used_at=row.used.at if row.used else "",
        commits=[*row.used.commits] if row.used else [],
        diff=asked.diff,
    )
