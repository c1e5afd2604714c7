"""One call: for a reading tool its result; for a change intent, effect, receipt."""

from __future__ import annotations

from dataclasses import asdict

from agent import approvals
from agent.desk import Desk, Planned
from agent.journal.events import FilesRendered, ToolIntent, ToolReceipt, ToolResult
from agent.model.port import ToolUse
from agent.nodes.effect import done_result, effect, settle
from agent.nodes.gate import find_tool
from tools.cluster.errors import RESUMABLE, ClusterError
from tools.frame import ArgumentsError, Rendering, Result, ToolError


def act(desk: Desk, call: ToolUse) -> None:
    """Do what the gate let through; first settle what an earlier process may have done already."""
    if settle(desk, call):
        return
    planned = desk.planned.get(call.id)
    if planned is None:
        _read(desk, call)
    else:
        _change(desk, call, planned)


def _read(desk: Desk, call: ToolUse) -> None:
    tool = find_tool(desk, call.name)
    if tool is None:
        raise LookupError(f"the gate let {call.name} through, which is no tool")
    desk.surface.progress(call.name)
    try:
        with desk.stop.at_once():
            outcome = tool(desk.context(), call.input)
    except ArgumentsError as error:
        result = ToolResult(call.id, call.name, str(error), ok=False, error="arguments")
    except RESUMABLE:
        raise  # the session pauses, and goes on when the cluster answers again, or the user has logged in
    except (ToolError, ClusterError) as error:
        result = ToolResult(call.id, call.name, str(error), ok=False, error="failed")
    else:
        if isinstance(outcome, Rendering):
            return _render(desk, call, outcome)
        if not isinstance(outcome, Result):
            raise TypeError(f"{call.name} has the risk {tool.risk} and must give a result or a rendering")
        result = ToolResult(call.id, call.name, outcome.text, ok=outcome.ok, data=outcome.data)
    return desk.append(desk.view.gated[call.id], result)


def _render(desk: Desk, call: ToolUse, rendering: Rendering) -> None:
    """The files are journaled here and written by the record: in one place, as often as it takes."""
    foreign = [path for path in rendering.files if not _may_write(desk, path, rendering.files[path])]
    if foreign:
        text = f"{', '.join(foreign)} has changes that are not committed: commit them or move the file away."
        return desk.append(desk.view.gated[call.id], ToolResult(call.id, call.name, text, ok=False, error="failed"))
    if desk.view.task.dry_run:
        text = f"Dry run: would {rendering.summary}. Nothing was written."
        return desk.append(
            desk.view.gated[call.id], ToolResult(call.id, call.name, text, summary=rendering.summary)
        )
    text = f"Done: {rendering.summary}, into {', '.join(rendering.files)}."
    return desk.append(
        desk.view.gated[call.id],
        FilesRendered(call.id, rendering.summary, dict(rendering.files)),
        ToolResult(call.id, call.name, text, summary=rendering.summary, changed=True),
    )


def _may_write(desk: Desk, path: str, text: str) -> bool:
    """Whether nobody's work is lost: there is no file, or it says the same, or git has what it says."""
    there = desk.workspace.read(path)
    return there in (None, text.encode()) or there == desk.history.committed(path)


def _change(desk: Desk, call: ToolUse, planned: Planned) -> None:
    desk.planned.pop(call.id)
    for index, change in enumerate(planned.plan.changes):
        if (call.id, index) in desk.view.receipts:
            continue
        _intend(desk, call, planned, index)
        receipt = effect(desk, change, planned.previews[index].expected, call.id, index)
        if receipt.outcome in ("stale", "failed"):
            return _stop_at(desk, call, receipt)
        done = [done_result(call, planned.plan.summary)] if index == len(planned.plan.changes) - 1 else []
        desk.append(receipt, *done)
    return None


def _intend(desk: Desk, call: ToolUse, planned: Planned, index: int) -> None:
    change, preview = planned.plan.changes[index], planned.previews[index]
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
        rest=[asdict(following) for following in planned.plan.changes[1:]] if index == 0 else [],
    )
    with desk.journal.transaction() as transaction:
        if approval_id:
            approvals.use(transaction, desk.view.id, approval_id)
        transaction.append(desk.view.id, planned.gated)
        transaction.append(desk.view.id, intent)


def _stop_at(desk: Desk, call: ToolUse, receipt: ToolReceipt) -> None:
    if receipt.outcome == "stale":
        desk.append(receipt)
    else:
        desk.append(receipt, ToolResult(call.id, call.name, receipt.text, ok=False, error="failed"))
