"""The end protocol: how the session ended, its incident if there is one, the last commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.context.loops import ENDED_AFTER, WAITING
from agent.errors import ExitCode
from agent.journal.events import ENDING_TOOLS, Event, IncidentOpened, Outcome, SessionClosed, SessionPaused
from agent.journal.turns import MAX_FAULTY_TURNS
from agent.journal.view import SessionView
from agent.model.port import Text, ToolUse, block_from_json
from agent.session.context import Records
from agent.session.recording import commits_of, record_end, undo_of
from agent.workspace.files import LogEntry
from agent.workspace.results import Results
from tools.json import Json
from tools.plaintext import counted
from tools.risk import Risk

MAX_FAILED_ATTEMPTS = 3
CLOSE = "close"

TOO_SMALL = "set window_tokens to what the model has, or choose another model"

LogResult = Literal["SUCCESS", "FAILURE", "PARTIAL", "BLOCKED", "PENDING_APPROVAL"]

LOGGED: dict[Outcome, tuple[ExitCode, LogResult]] = {
    "done": (ExitCode.DONE, "SUCCESS"),
    "failed": (ExitCode.FAILED, "FAILURE"),
    "partial": (ExitCode.OUTSIDE_REMIT, "PARTIAL"),
    "outside": (ExitCode.OUTSIDE_REMIT, "BLOCKED"),
    "rejected": (ExitCode.REJECTED, "BLOCKED"),
    "expired": (ExitCode.REJECTED, "BLOCKED"),
    "handed_over": (ExitCode.HANDED_OVER, "PARTIAL"),
    "unclear": (ExitCode.USAGE, "BLOCKED"),
    "cancelled": (ExitCode.FAILED, "PARTIAL"),
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ends, in words for the developer."""

    outcome: Outcome
    summary: str
    next_action: str = ""
    readings: tuple[Json, ...] = ()
    """What an unclear task may mean: {"words", "command"} each."""


def close(records: Records) -> None:
    """Decide how it ended, write it down, and commit; a read-only helper's session leaves no commit."""
    if records.view.closed is None:
        ending = ending_of(records.view)
        known = records.view.incidents
        incidents: list[Event] = [i for i in incidents_of(records.view, ending) if i.key not in known]
        records.append(*incidents, _closed(records.view, ending))
    if CLOSE not in records.view.commits and leaves_commit(records.view):
        record_end(records, CLOSE, records.view.closed_at, _log(records.view))
    Results(records.workspace.state_dir(), records.view.id).forget()


def catch_up(records: Records) -> None:
    """Commit how earlier processes of this session ended, where they did not get to it."""
    for key, at, paused in records.view.pauses:
        if key not in records.view.commits and leaves_commit(records.view):
            record_pause(records, key, at, paused)


def record_pause(records: Records, key: str, at: str, paused: SessionPaused) -> None:
    """Write down how a process ended whose session goes on later."""
    entry = LogEntry(
        time=at,
        title=paused.reason,
        session=records.view.id,
        action="session parked",
        reason=records.view.task.task,
        target=target_of(records.view),
        result=paused.result,
        next_action=paused.next_action,
    )
    record_end(records, key, at, entry)


def is_over(view: SessionView) -> bool:
    """Whether there is nothing left to do: closed, and its end is committed if it is to be."""
    return view.closed is not None and (CLOSE in view.commits or not leaves_commit(view))


def _closed(view: SessionView, ending: Ending) -> SessionClosed:
    code, _ = LOGGED[ending.outcome]
    return SessionClosed(
        int(code), ending.outcome, ending.summary, ending.next_action, list(ending.readings), put_aside(view)
    )


def put_aside(view: SessionView) -> list[Json]:
    """What is beside the task: as the model noticed it, and what it asked for that was not approved. Pure."""
    allowed = {key for key, each in view.decisions.items() if each.decision == "approved"}
    asked = [
        {"what": f"to {each.summary} is beside this task, and was not done", "words": each.summary}
        for each in view.approvals.values()
        if each.beside and each.approval_id not in allowed
    ]
    return [*({"what": each.what, "words": each.words} for each in view.stated.noticed), *asked]


def leaves_commit(view: SessionView) -> bool:
    """Whether the end of this session belongs in git: not when a helper only read."""
    return view.task.commits_reads or bool(view.subtasks or view.approvals or view.incidents)


def ending_of(view: SessionView) -> Ending:
    """How the session ended, by what was journaled and not by what the model claims alone. Pure."""
    rejection = view.rejection()
    if rejection is not None:
        return _rejected(view)
    ended = next((r for call in view.calls() if (r := view.results.get(call.id)) and r.tool in ENDING_TOOLS), None)
    said = (ended.data or {}) if ended is not None else {}
    if ended is not None and ended.tool == "refer":
        return Ending("outside", str(said["summary"]), f"ask {said['agent']}")
    if view.denial is not None:
        found = str(said.get("summary") or _last_words(view))
        return Ending("outside", f"{found}\n{view.denial.reason}.".strip(), f"ask {view.denial.owner}")
    if ended is not None and ended.tool == "finish":
        if said["outcome"] == "done" and (left := view.left()) is not None:
            return Ending("partial", str(said["summary"]), f"ask {left['owner']}: {left['command']}"[:500])
        outcome: Outcome = "done" if said["outcome"] == "done" else "failed"
        return Ending(outcome, str(said["summary"]), str(said["next_action"]))
    if ended is not None and ended.tool == "clarify":
        return _unclear(said)
    if view.turns and view.turns[-1].stop_reason == "refusal":
        return _refused(view)
    return _out_of_budget(view)


def _unclear(said: Json) -> Ending:
    readings = tuple(said["readings"])
    lines = [f"  {number}. {reading['words']}" for number, reading in enumerate(readings, 1)]
    offered = ["Perhaps:", *lines] if lines else []
    action = "say it in one of these words, or another way; `desk tools` shows what there is"
    return Ending("unclear", "\n".join([str(said["question"]), *offered]), action, readings)


def _refused(view: SessionView) -> Ending:
    details = view.turns[-1].stop_details or {}
    why = ": ".join(str(details[key]) for key in ("category", "explanation") if details.get(key))
    summary = f"{view.turns[-1].model or 'The model'} declines this task" + (f" ({why})" if why else "") + "."
    return Ending("failed", summary, "say it in other words, or use --model playbook")


def _rejected(view: SessionView) -> Ending:
    decided = view.rejection()
    if decided is None:
        raise ValueError("nothing was rejected")
    asked = view.approvals[decided.approval_id]
    expired = decided.decision == "expired"
    by = "Expired: nobody answered in time" if expired else f"Rejected by {decided.approver}"
    if is_withdrawn(view):
        by = f"Withdrawn by {decided.approver}, who asked for it"
    why = f": {decided.reason}" if decided.reason and decided.approver else ""
    before = standing(view)
    changed = f"This was not changed: {asked.summary}. What was done before stands: {before}."
    nothing = f"Nothing was changed: it would have been to {asked.summary}."
    is_open = expired or is_withdrawn(view)
    action = "ask anew, when it is wanted" if is_open else "talk to the approver, or ask for something else"
    return Ending("expired" if expired else "rejected", f"{by}{why}. {changed if before else nothing}", action)


def is_withdrawn(view: SessionView) -> bool:
    """Whether who asked for an approval has rejected it themselves."""
    decided = view.rejection()
    return decided is not None and decided.approver == view.approvals[decided.approval_id].requester


def standing(view: SessionView) -> str:
    """The changes that the session has made, each with what undoes it; empty when there are none."""
    return "; ".join(
        f"{done.title} (`desk rollback {view.commits.get(done.subtask, '')[:10]}` undoes it)"
        for _, done in view.subtasks
        if view.changes_of(done)
    )


def _out_of_budget(view: SessionView) -> Ending:
    said = _last_words(view)
    if view.begins_full():
        window = f"{view.task.window_tokens:,} tokens"
        return Ending("failed", f"The task's beginning does not fit the window of {window}.", TOO_SMALL)
    why, next_action = _why_handed_over(view)
    summary = f"Handed over: {why}." + (f" Its last words: {said}" if said else "")
    return Ending("handed_over", summary[:8000], next_action)


def _why_handed_over(view: SessionView) -> tuple[str, str]:
    """Why the session ends before its task, and what to do next."""
    go_on = "desk run --continue"
    if view.is_full():
        budget = view.budget()
        share = f"{budget.used + budget.expected:,} of {budget.window:,} tokens"
        return f"the model's context is full ({share})", go_on
    if view.stopped_by_model():
        return "the model's context is full", go_on
    if view.loops():
        return f"{ENDED_AFTER} turns in a row brought nothing new", "start again with a narrower task"
    if view.astray():
        return (
            f"{MAX_FAULTY_TURNS} turns of the model in a row could not be used",
            "start again with a narrower task",
        )
    if view.is_spent():
        return _why_spent(view), go_on
    return f"the limit of {counted(view.task.max_turns, 'turn')} is reached", go_on


def _why_spent(view: SessionView) -> str:
    if view.spent_today is None:
        return f"it has cost ${view.cost_usd():.2f}, and may cost ${view.task.max_cost_usd:.2f} (max_cost_usd)"
    reached = view.spent_today
    whose = f"all sessions of team {reached.team}" if reached.team else "all sessions"
    limit = "max_cost_usd_a_team" if reached.team else "max_cost_usd_a_day"
    return f"{whose} of today have cost ${reached.spent_usd:.2f}, and may cost ${reached.limit_usd:.2f} ({limit})"


def _last_words(view: SessionView) -> str:
    blocks = (block_from_json(raw) for turn in reversed(view.turns) for raw in turn.blocks)
    return next((block.text for block in blocks if isinstance(block, Text) and block.text.strip()), "")


def incidents_of(view: SessionView, ending: Ending) -> list[IncidentOpened]:
    """What a person should look into: a rejection, no answer, three failed attempts, production touched. Pure."""
    found = []
    decided = view.rejection()
    if decided is not None and not is_withdrawn(view):
        if decided.approver:
            found.append(_incident("approval", "Approval denied", "MEDIUM", view, ending))
        else:
            found.append(_incident("expiry", "Nobody answered in time", "LOW", view, ending))
    failed = failed_attempts(view)
    if ending.outcome == "failed" and failed >= MAX_FAILED_ATTEMPTS:
        found.append(_incident("attempts", f"{failed} attempts failed", "HIGH", view, ending))
    production = [gated for gated in view.gated.values() if gated.environment == "prod"]
    if any(view.changes(gated.call_id) for gated in production):
        found.append(_incident("production", "Production was touched", "CRITICAL", view, ending))
    return found


def failed_attempts(view: SessionView) -> int:
    """Changes that failed, and waits that saw what was changed fail. Pure."""
    failed = [result for result in view.results.values() if not result.ok]
    changes = [each for each in failed if each.error == "failed" and _is_change(view, each.call_id)]
    return len(changes) + sum(each.tool in WAITING for each in failed)


def _is_change(view: SessionView, call_id: str) -> bool:
    return call_id in view.gated and view.gated[call_id].risk not in (Risk.READ.value, Risk.RENDER.value)


def target_of(view: SessionView) -> str:
    """What the session was about: what it changed, else the namespaces it looked at."""
    if view.subtasks:
        return "; ".join(done.target for _, done in view.subtasks)
    asked = [block_from_json(raw) for turn in view.turns for raw in turn.blocks if raw["type"] == "tool_use"]
    looked = {
        str(call.input["namespace"]) for call in asked if isinstance(call, ToolUse) and "namespace" in call.input
    }
    return ", ".join(sorted(looked)) or view.task.namespace


def _incident(
    key: str, title: str, severity: Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"], view: SessionView, ending: Ending
) -> IncidentOpened:
    decided = view.rejection()
    changed = "; ".join(done.title for _, done in view.subtasks) or "nothing was changed"
    return IncidentOpened(
        key=key,
        title=f"{title}: {view.task.task}",
        severity=severity,
        description=ending.summary,
        impact=changed,
        root_cause=_CAUSES.get(key, "not known to Desk"),
        resolution="open",
        follow_up=ending.next_action or f"read desk show {view.id}",
        approval_id=decided.approval_id if decided is not None else "",
    )


_CAUSES = {"approval": "the approver decided against the change", "expiry": "nobody answered in time"}


def _log(view: SessionView) -> LogEntry:
    closed = view.closed
    if closed is None:
        raise ValueError("the session is not closed")
    _, result = LOGGED[closed.outcome]
    said = closed.outcome.replace("_", " ")
    not_understood = closed.outcome == "unclear" and not view.subtasks
    return LogEntry(
        time=view.closed_at,
        title=f"not understood, session {view.id}: {view.task.task}"
        if not_understood
        else f"{said}: {view.task.task}",
        brief=not_understood,
        session=view.id,
        action=closed.summary.splitlines()[0],
        approved_by=", ".join(dict.fromkeys(done.approved_by for _, done in view.subtasks if done.approved_by)),
        commits=commits_of(view),
        undo=undo_of(view),
        reason=f"asked by {view.task.requester or 'somebody the cluster did not name'}",
        target=target_of(view),
        result=result,
        next_action=closed.next_action or "none",
    )
