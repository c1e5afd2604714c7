"""The gate: code, not the model, decides each call. For a change it knows exactly what would happen first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from agent.gate.plans import Case, environments
from agent.gate.policy import Decision, Verdict
from agent.journal import approvals
from agent.journal.approvals import Request
from agent.journal.events import CallGated, PlanMade, ToolResult
from agent.journal.view import MAX_CONFLICTS
from agent.model.port import ToolUse
from agent.redaction import MARK
from agent.session import asking
from agent.session.context import Desk, Planned
from agent.session.endings import ENDINGS
from agent.session.nodes.effect import arrived
from agent.session.rendering import plan_of, with_files
from agent.understanding.ordered import UNDOES, is_within, orders_change, says
from tools.changes.driver import Preview
from tools.changes.plan import Change, Plan, plan_from
from tools.cluster.errors import RESUMABLE, ClusterError
from tools.cluster.resources import ObjectRef
from tools.errors import ArgumentsError, Refused, ToolError
from tools.frame import Rendering, Tool
from tools.json import Json
from tools.risk import Risk


def gate(desk: Desk, call: ToolUse) -> None:
    """Decide one call. A call that cannot be made is answered at once, so that it can be mended."""
    tool = find_tool(desk, call.name)
    if tool is None:
        return _answer(desk, call, f'There is no tool "{call.name}". There are: {_names(desk)}.', "arguments")
    try:
        arguments = tool.check(call.input)
        _refuse_out_of_place(desk, call, tool, arguments)
        if tool.risk is Risk.READ or tool.prints(arguments):
            return _allow(desk, call, tool)
        _gate_change(desk, call, tool, arguments)
    except ArgumentsError as error:
        _answer(desk, call, str(error), "arguments")
    except Refused as error:
        gated = CallGated(call.id, tool.name, tool.risk.value, Verdict.DENY.value, str(error), owner=error.owner)
        _answer(desk, call, f"Denied: {error}. Nothing was changed.", "denied", gated)
    except RESUMABLE:
        raise  # the session pauses, and goes on when the cluster answers again, or the user has logged in
    except (ToolError, ClusterError) as error:
        _answer(desk, call, str(error), "failed")


def find_tool(desk: Desk, name: str) -> Tool | None:
    """The tool of that name, be it of the catalog or one that ends the session."""
    return desk.tools.get(name) or next((tool for tool in ENDINGS if tool.name == name), None)


def reading_tool(desk: Desk, call: ToolUse) -> Tool | None:
    """The tool of a call that would be let through because it only reads; None of any other call."""
    tool = find_tool(desk, call.name)
    if tool is None or tool.risk is not Risk.READ:
        return None
    try:
        _refuse_out_of_place(desk, call, tool, tool.check(call.input))
    except ArgumentsError:
        return None
    return tool


def _refuse_out_of_place(desk: Desk, call: ToolUse, tool: Tool, arguments: dict[str, Any]) -> None:
    """Raises `ArgumentsError` for a call that cannot be made here, though it could be elsewhere."""
    if call.name in {tool.name for tool in ENDINGS} and len(desk.view.calls()) > 1:
        raise ArgumentsError(
            f"{call.name} ends the session: call it alone, after you have read what the other calls answered."
        )
    if desk.view.task.call is not None:  # a person typed it
        return
    for name in tool.only_who_asks_may_choose(arguments):
        given = call.input.get(name) or ()
        for value in [given] if isinstance(given, str) else given:
            if not says(desk.view.task.task, value):
                raise ArgumentsError(
                    f"{call.name}: the task does not name {value}, and only who asks may choose {name}."
                )
    meant = desk.understood()
    for namespace in tool.namespaces(arguments):
        if not is_within(meant, namespace, desk.view.task.namespace):
            raise ArgumentsError(
                f"Namespace {namespace} is outside this task, which is about {', '.join(meant.namespaces)}. "
                f"Stay there; if the cause lies in {namespace}, say so when you finish."
            )


def _allow(desk: Desk, call: ToolUse, tool: Tool) -> None:
    # Not journaled here: the act writes it together with what was read or printed, in one transaction.
    gated = CallGated(call.id, tool.name, tool.risk.value, Verdict.ALLOW.value, "reading is allowed")
    desk.view.gated[call.id] = gated


def _gate_change(desk: Desk, call: ToolUse, tool: Tool, arguments: dict[str, Any]) -> None:
    if desk.view.task.read_only:
        return _answer(
            desk, call, "This session is read-only: nothing is changed. Say what you would do.", "denied"
        )
    if desk.view.stale.get(call.id, 0) >= MAX_CONFLICTS:
        return _answer(desk, call, "The object keeps being changed by somebody else; look at it again.", "failed")
    desk.surface.progress(f"looking what {tool.name} would change")
    plan = _plan(desk, call, tool, arguments)
    if not plan.changes:
        return _conclude(desk, call, _unchanged(call, plan, f"Nothing to change: {plan.summary}."))
    tool = replace(tool, risk=plan.risk or tool.risk, always_asked=plan.always_asked or tool.always_asked)
    left = tuple(change for change in plan.changes if not desk.view.is_made(call.id, change.id))
    where = environments(plan, left, desk.driver)
    named, stated = _named(desk, call, plan), _stated(desk, call, plan)
    case = Case(left, tool.risk, tool.always_asked, named, stated, where, desk.driver, desk.table)
    decision = case.judge({})
    if decision.verdict is not Verdict.DENY:
        _refuse_without_rights(desk, left)
        previews = _previews(desk, call, plan, left)
        decision = case.judge(previews)
    gated = CallGated(
        call.id, tool.name, tool.risk.value, decision.verdict.value, decision.reason,
        environment=decision.environment.value, owner=decision.owner,
    )  # fmt: skip
    if decision.verdict is Verdict.DENY:
        return _answer(desk, call, f"Denied: {decision.reason}. Nothing was changed.", "denied", gated)
    planned = Planned(_completed(plan, previews), gated, previews)
    if arrived(desk, call):  # looked for behind the plan: what comes later than this makes the plan stale
        return None
    made = _made(desk, call, planned)
    if all(preview.same for preview in previews.values()):
        text = f"Nothing to change: to {plan.summary} would leave everything as it is."
        return _conclude(desk, call, _unchanged(call, plan, text), made, gated)
    if desk.view.task.dry_run:
        text = f"Dry run: would {plan.summary} ({decision.reason}). Nothing was changed."
        text += f"{left_over(plan)}\n{planned.diff}{omitted(plan)}"
        return _conclude(desk, call, ToolResult(call.id, call.name, text, summary=plan.summary), made, gated)
    if decision.verdict is Verdict.ASK:
        return _ask(desk, call, arguments, planned, made, decision, beside=not (named and stated))
    _journal(desk, made)
    desk.planned[call.id] = planned
    desk.view.gated[call.id] = gated
    return None


def left_over(plan: Plan) -> str:
    """What a plan leaves to another agent, as a sentence behind others; empty where it leaves nothing."""
    return f" {plan.left}" if plan.left else ""


def omitted(plan: Plan) -> str:
    """What belongs to what was asked for and is not in the plan, a line each; empty where it is all there."""
    return "".join(f"\n- left out: {each}" for each in plan.left_out)


def _unchanged(call: ToolUse, plan: Plan, text: str) -> ToolResult:
    left = asdict(plan.left) if plan.left else None
    return ToolResult(
        call.id, call.name, f"{text}{left_over(plan)}{omitted(plan)}", summary=plan.summary, left=left
    )


def _plan(desk: Desk, call: ToolUse, tool: Tool, arguments: dict[str, Any]) -> Plan:
    """The plan that was journaled, as long as all that is left of it is as it was then; else it is made anew.

    What a secret was masked in cannot be done from the journal.
    """
    made = desk.view.plans.get(call.id)
    if made is not None and not desk.view.is_to_continue(call.id) and MARK not in json.dumps(made.plan):
        plan = plan_from(made.plan)
        if _is_current(desk, call, plan):
            return plan
    made_anew = tool(desk.context(), arguments)
    if isinstance(made_anew, Rendering) and tool.risk is Risk.RENDER:
        return plan_of(desk, made_anew)
    if not isinstance(made_anew, Plan):
        raise TypeError(f"{tool.name} has the risk {tool.risk} and must give a plan, or a rendering")
    return with_files(desk, made_anew)


def _is_current(desk: Desk, call: ToolUse, plan: Plan) -> bool:
    deleted: set[ObjectRef] = set()
    left: list[Change] = []
    for change in plan.changes:
        is_made = desk.view.is_made(call.id, change.id)
        if not is_made and change.target not in deleted:
            left.append(change)
        if change.verb == "delete" and not is_made:
            deleted.add(change.target)
    asked = asking.each(desk, left, lambda driver, change: driver.is_current(change))
    return all(is_current() for _, is_current in asked)


def _completed(plan: Plan, previews: Mapping[str, Preview]) -> Plan:
    """The plan with what only the systems could tell of its changes."""

    def completed(change: Change) -> Change:
        return previews[change.id].completed(change) if change.id in previews else change

    steps = (replace(step, changes=tuple(map(completed, step.changes))) for step in plan.steps)
    return replace(plan, steps=tuple(steps))


def _made(desk: Desk, call: ToolUse, planned: Planned) -> PlanMade:
    accounts = {desk.driver(change).account for change in planned.plan.changes}
    same = [each for each, preview in planned.previews.items() if preview.same]
    diffs = {each: preview.diff for each, preview in planned.previews.items()}
    digest = planned.plan.digest(call.name, accounts)
    before = desk.view.plans.get(call.id)
    if before is not None and before.digest == digest:  # what is made of it already keeps what it was told by
        same, diffs = [*dict.fromkeys([*before.unchanged, *same])], {**before.diffs, **diffs}
    return PlanMade(call.id, call.name, asdict(planned.plan), digest, diffs, same)


def _journal(desk: Desk, made: PlanMade) -> None:
    before = desk.view.plans.get(made.call_id)
    if before is None or (before.digest, before.unchanged) != (made.digest, made.unchanged):
        desk.append(made)


def _named(desk: Desk, call: ToolUse, plan: Plan) -> bool:
    """Whether the task orders this plan: a person typed the call, or it names all that the plan is about."""
    started = desk.view.task
    if started.call and (started.call["tool"], started.call["arguments"]) == (call.name, call.input):
        return True
    return all(orders_change(desk.understood(), call.name, each.namespace, each.name) for each in _subjects(plan))


def _stated(desk: Desk, call: ToolUse, plan: Plan) -> bool:
    """Whether the plan belongs to a subtask of the session, where that has stated any."""
    return call.name in UNDOES or desk.view.stated.has(call.name, [each.name for each in _subjects(plan)])


def _subjects(plan: Plan) -> Sequence[ObjectRef]:
    return plan.subjects or tuple(change.target for change in plan.changes)


def _refuse_without_rights(desk: Desk, changes: Sequence[Change]) -> None:
    for change, asked in asking.each(desk, changes, lambda driver, change: driver.refusal(change)):
        if refusal := asked():
            grant = "the namespace can grant it: a RoleBinding to the ClusterRole edit"
            whose = grant if change.target.namespace else "the cluster (Atlas) can grant it, or do it"
            raise ClusterError(f"{refusal}. Nothing was changed. Who administers {whose}.")


def _previews(desk: Desk, call: ToolUse, plan: Plan, left: Sequence[Change]) -> dict[str, Preview]:
    """What the systems would make of what is left, without an effect."""
    done = {change.id for change in plan.changes if desk.view.is_made(call.id, change.id)}
    asked = asking.each(desk, left, lambda driver, change: driver.preview(change, plan, done))
    return {change.id: preview() for change, preview in asked}


def _ask(
    desk: Desk,
    call: ToolUse,
    arguments: Json,
    planned: Planned,
    made: PlanMade,
    decision: Decision,
    *,
    beside: bool,
) -> None:
    """Find the approval of exactly this, or ask for one. `beside`: it is not what the task is about."""
    request = Request(
        call_id=call.id, tool=call.name, arguments=arguments, digest=made.digest,
        changes=tuple(change for change in planned.plan.changes if change.id in planned.previews),
        summary=planned.plan.summary, diff=planned.diff, risk=planned.gated.risk,
        decision=decision, requester=desk.view.task.requester, beside=beside,
    )  # fmt: skip
    _journal(desk, made)
    found = approvals.of_call(desk.journal, desk.view.id, call.id, made.digest, desk.now())
    approval_id, status = found or (
        approvals.ask(desk.journal, desk.view.id, request, desk.now()).approval_id,
        "pending",
    )
    verdict = Verdict.ALLOW if status in ("approved", "used") else Verdict.ASK
    gated = CallGated(
        call.id, call.name, planned.gated.risk, verdict.value, decision.reason,
        environment=decision.environment.value, digest=made.digest, approval_id=approval_id,
    )  # fmt: skip
    if verdict is Verdict.ASK:
        desk.append(gated)
    else:
        desk.view.gated[call.id] = gated
        desk.planned[call.id] = Planned(planned.plan, gated, planned.previews)


def _answer(desk: Desk, call: ToolUse, text: str, error: str, *gated: CallGated) -> None:
    _conclude(desk, call, ToolResult(call.id, call.name, text, ok=False, error=error), *gated)


def _conclude(desk: Desk, call: ToolUse, result: ToolResult, *before: PlanMade | CallGated) -> None:
    """Answer a call without making a change, unless what was sent for it before has arrived in the meantime."""
    if not arrived(desk, call):
        desk.append(*before, result)


def _names(desk: Desk) -> str:
    return ", ".join(sorted([*desk.tools, *(tool.name for tool in ENDINGS)]))
