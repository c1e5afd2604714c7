"""One call: for a reading tool its result; for a change intent, effect, receipt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from agent.context.fitting import fits, head_and_tail
from agent.journal import approvals
from agent.journal.events import StepDone, ToolIntent, ToolReceipt, ToolResult
from agent.model.port import ToolUse
from agent.session import asking, reading
from agent.session.context import Desk, Outcome, Planned
from agent.session.nodes.effect import Sending, settle
from agent.session.nodes.gate import find_tool, left_over, omitted
from agent.session.rendering import kept_for_printing
from agent.workspace.results import READ_RESULT, Results
from tools.changes.driver import Preview
from tools.changes.plan import Change, Check, Plan, plan_from
from tools.cluster.errors import RESUMABLE, ClusterError
from tools.errors import ArgumentsError, ToolError
from tools.frame import STDOUT, Rendering, Result, cap


def act(desk: Desk, call: ToolUse) -> None:
    """Do what the gate let through; first settle what an earlier process may have done already."""
    if settle(desk, call):
        return
    if (number := desk.view.step_to_finish(call.id)) is not None:
        return _finish_step(desk, call, number)
    planned = desk.planned.get(call.id)
    return _read(desk, call) if planned is None else _change(desk, call, planned)


def _read(desk: Desk, call: ToolUse) -> None:
    tool = find_tool(desk, call.name)
    if tool is None:
        raise LookupError(f"the gate let {call.name} through, which is no tool")
    desk.surface.progress(call.name)
    try:
        with desk.stop.at_once():
            outcome = reading.outcome(desk, call, tool)
        result = _answer(desk, call, outcome)
    except ArgumentsError as error:
        result = ToolResult(call.id, call.name, str(error), ok=False, error="arguments")
    except RESUMABLE:
        raise  # the session pauses, and goes on when the cluster answers again, or the user has logged in
    except (ToolError, ClusterError) as error:
        result = ToolResult(call.id, call.name, str(error), ok=False, error="failed")
    return desk.append(desk.view.gated[call.id], result)


def _answer(desk: Desk, call: ToolUse, outcome: Outcome) -> ToolResult:
    """What a call says that changes nothing; files for standard output are printed first, and again on a resume."""
    if isinstance(outcome, Result):
        return ToolResult(call.id, call.name, _shown(desk, call, outcome), ok=outcome.ok, data=outcome.data)
    if not isinstance(outcome, Rendering) or outcome.folder != STDOUT:
        raise TypeError(f"{call.name} was let through as reading and must give a result, or files to print")
    kept = kept_for_printing(desk, outcome)
    for file in outcome.files:
        desk.surface.printed(file.path, file.content)
    names = ", ".join(file.path for file in outcome.files)
    text = f"Printed: {outcome.summary} ({names}). git cat-file blob BLOB shows each again."
    return ToolResult(call.id, call.name, text, data={"files": kept}, summary=outcome.summary)


def _shown(desk: Desk, call: ToolUse, outcome: Result) -> str:
    """The text of a result; where that is too long, its ends, and it is kept whole for who asks for more of it.

    Secrets go before it is cut: half of one is not known as one.
    """
    tool = desk.tools.get(call.name)
    if tool is None:  # one that ends the session: nobody reads its answer
        return outcome.text
    can_read_on = READ_RESULT in desk.tools
    room = desk.view.room_for_answer() if can_read_on else 0
    if not outcome.whole and (not can_read_on or fits(outcome.text, room)):
        return outcome.text
    whole = desk.journal.redactor.text(outcome.whole or outcome.text)
    text = cap(whole, tool.narrow)
    if not can_read_on:
        return text
    if not fits(text, room):
        text = "\n[...]\n".join(head_and_tail(whole, room))
    return f"{text}\n[cut: {_kept(desk, call, whole)}]"


def _kept(desk: Desk, call: ToolUse, whole: str) -> str:
    lines = whole.count("\n") + 1
    try:
        Results(desk.workspace.state_dir(), desk.view.id).keep(call.id, whole)
    except OSError as error:
        return f"{lines} lines in all; the whole could not be kept: {error.strerror}"
    return f"{lines} lines in all; read_result result={call.id} reads or searches them"


def _change(desk: Desk, call: ToolUse, planned: Planned) -> None:
    """Make the next step of the plan; the record and the rest follow."""
    number = desk.view.steps_left(call.id)[0]
    for change in planned.plan.steps[number].changes:
        preview = planned.previews.get(change.id)
        if preview is None or preview.same or desk.view.is_made(call.id, change.id):
            continue
        if preview.unseen:
            try:
                preview = _seen(desk, call, planned, change)
            except RESUMABLE:
                raise
            except ClusterError as error:
                return _break_off(desk, call, number, f"{change.target} cannot be made: {error}")
        index = planned.plan.changes.index(change)
        _intend(desk, call, planned, change, preview, index)
        receipt = Sending(desk, call.id, index, change, preview.expected).effect()
        if receipt.outcome == "stale":
            desk.planned.pop(call.id)
            return desk.append(receipt)
        if receipt.outcome == "failed":
            return _break_off(desk, call, number, receipt.text, receipt)
        desk.append(receipt)
    return _finish_step(desk, call, number)


def _seen(desk: Desk, call: ToolUse, planned: Planned, change: Change) -> Preview:
    """What the system makes of a change now that what it is in is there; all others of the plan are asked for, too.

    Raises its `ClusterError`; those of others are theirs to raise when it is their turn.
    """
    if change.id not in planned.seen:
        done = {each.id for each in planned.plan.changes if desk.view.is_made(call.id, each.id)}
        unseen = [each for each in planned.plan.changes if each.id not in done and planned.is_unseen(each)]
        asked = asking.each(desk, unseen, lambda driver, each: driver.preview(each, planned.plan, done))
        told = {each.id: _answered(answer) for each, answer in asked}
        planned.seen.update({key: seen for key, seen in told.items() if key == change.id or _is_final(seen)})
    seen = planned.seen.pop(change.id)
    if isinstance(seen, ClusterError):
        raise seen
    return seen


def _answered(answer: asking.Answer[Preview]) -> Preview | ClusterError:
    try:
        return answer()
    except ClusterError as error:
        return error


def _is_final(seen: Preview | ClusterError) -> bool:
    """Whether it need not be asked again: the system has seen the change, or refuses it."""
    return not isinstance(seen, RESUMABLE) if isinstance(seen, ClusterError) else not seen.unseen


def _finish_step(desk: Desk, call: ToolUse, number: int) -> None:
    """Look whether what must hold after a step does, and write the step down; the last one answers the call."""
    plan = plan_from(desk.view.plans[call.id].plan)
    step = plan.steps[number]
    broken = next((text for check in step.holds if (text := _broken(desk, check))), "")
    if broken:
        return _break_off(desk, call, number, f"{step.title} was done, and does not hold: {broken}")
    done = StepDone(call.id, number, step.title)
    if desk.view.steps_left(call.id) != [number]:
        return desk.append(done)
    desk.planned.pop(call.id, None)
    if plan.continues:
        return desk.append(done)
    unchanged = desk.view.plans[call.id].unchanged
    same = [str(change.target) for change in plan.changes if change.id in unchanged]
    already = f" Already as wanted: {', '.join(same)}." if same else ""
    said = f"Done: {plan.summary}.{already}{left_over(plan)}"
    text = "\n".join([said, *_checklist(desk, call, plan)]) + omitted(plan)
    left = asdict(plan.left) if plan.left else None
    result = ToolResult(call.id, call.name, text, summary=plan.summary, changed=True, left=left)
    return desk.append(done, result)


def _checklist(desk: Desk, call: ToolUse, plan: Plan) -> Iterator[str]:
    """What became of each step of a plan that has several, and what whoever asked for it should know."""
    unchanged = desk.view.plans[call.id].unchanged
    for step in plan.steps if len(plan.steps) > 1 or plan.left_out else ():
        same = all(change.id in unchanged for change in step.changes)
        yield f"- {'as it was' if same else 'done'}: {step.title}"
    yield from (f"- {receipt.told}" for _, receipt in desk.view.changes(call.id) if receipt.told)


def _broken(desk: Desk, check: Check) -> str:
    """What a check of a step says against it; empty when it holds."""
    try:
        with desk.stop.at_once():
            outcome = desk.tools[check.tool](desk.context(), check.arguments)
    except RESUMABLE:
        raise
    except (ToolError, ClusterError) as error:
        return str(error)
    return "" if isinstance(outcome, Result) and outcome.ok else str(getattr(outcome, "text", outcome))


def _break_off(desk: Desk, call: ToolUse, number: int, text: str, *receipts: ToolReceipt) -> None:
    """End the call in a step that cannot be made; what was made stands, and is told."""
    desk.planned.pop(call.id, None)
    step = desk.view.plans[call.id].plan["steps"][number]
    desk.append(*receipts)
    made = desk.view.changes(call.id)
    told = "; ".join(receipt.text for _, receipt in made)
    answer = f"{text.rstrip('.')}. Made before: {told}. Call it again to go on." if made else text
    partial = (
        [StepDone(call.id, number, step["title"], ok=False, text=text)]
        if desk.view.unrecorded_changes(call.id)
        else []
    )
    desk.append(*partial, ToolResult(call.id, call.name, answer, ok=False, error="failed"))


def _intend(desk: Desk, call: ToolUse, planned: Planned, change: Change, preview: Preview, index: int) -> None:
    approval_id = planned.gated.approval_id
    intent = ToolIntent(
        call_id=call.id,
        index=index,
        last=index == len(planned.plan.changes) - 1,
        summary=planned.plan.summary,
        change=asdict(change),
        expected=preview.expected,
        before=preview.before,
        diff=preview.diff,
        approval_id=approval_id,
        change_id=change.id,
    )
    with desk.journal.transaction() as transaction:
        if approval_id:
            approvals.use(transaction, desk.view.id, approval_id)
        transaction.append(desk.view.id, planned.gated)
        transaction.append(desk.view.id, intent)
