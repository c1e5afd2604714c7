"""One call: for a reading tool its result; for a change intent, effect, receipt."""

from __future__ import annotations

from dataclasses import asdict

from agent import approvals
from agent.desk import Desk, Planned
from agent.journal.events import ToolIntent, ToolReceipt, ToolResult
from agent.model.port import ToolUse
from agent.nodes.gate import find_tool
from tools.change import contains, inverse, version
from tools.cluster.client import Cluster, Json
from tools.cluster.errors import PASSING, ClusterError, Conflict, NotFound
from tools.frame import ArgumentsError, Change, Result, ToolError

MAX_TRIES = 5
RETRY_S = 0.5


class Stale(Exception):
    """The target is not as it was when the change was planned: nothing was sent."""


def act(desk: Desk, call: ToolUse) -> None:
    """Do what the gate let through; first settle what an earlier process may have done already."""
    for intent in desk.view.open_intents(call.id):
        return _reconcile(desk, call, intent)
    planned = desk.planned.get(call.id)
    if planned is None:
        _read(desk, call)
    else:
        _change(desk, call, planned)
    return None


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
    except PASSING:
        raise  # the session pauses, and goes on when the cluster answers again
    except (ToolError, ClusterError) as error:
        result = ToolResult(call.id, call.name, str(error), ok=False, error="failed")
    else:
        if not isinstance(outcome, Result):
            raise TypeError(f"{call.name} has the risk read and must give a result")
        result = ToolResult(call.id, call.name, outcome.text, ok=outcome.ok, data=outcome.data)
    desk.append(desk.view.gated[call.id], result)


def _change(desk: Desk, call: ToolUse, planned: Planned) -> None:
    desk.planned.pop(call.id)
    for index, change in enumerate(planned.plan.changes):
        if (call.id, index) in desk.view.receipts:
            continue
        _intend(desk, call, planned, index)
        receipt = _effect(desk, change, planned.previews[index].expected, call.id, index)
        if receipt.outcome in ("stale", "failed"):
            return _stop_at(desk, call, receipt)
        done = [_done(call, planned.plan.summary)] if index == len(planned.plan.changes) - 1 else []
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
    )
    with desk.journal.transaction() as transaction:
        if approval_id:
            approvals.use(transaction, desk.view.id, approval_id)
        transaction.append(desk.view.id, planned.gated)
        transaction.append(desk.view.id, intent)


def _effect(desk: Desk, change: Change, expected: Json, call_id: str, index: int) -> ToolReceipt:
    """Send the change, at most once in effect: each try is bound to the version it was planned on.

    Raises `ClusterError` when it cannot be known what came of it: the intent stays open for a resume.
    """
    lost: ClusterError | None = None
    for _ in range(MAX_TRIES):
        try:
            after = _send(desk.cluster, change)
            return ToolReceipt(call_id, index, "applied", f"patched {change.target}", after)
        except Conflict:  # the status moved between our look and our patch: look again
            continue
        except Stale:
            if lost is None or (found := _happened(desk.cluster, change, expected)) is None:
                return ToolReceipt(call_id, index, "stale", f"{change.target} was changed by somebody else")
            return ToolReceipt(call_id, index, "reconciled", f"patched {change.target}", found)
        except PASSING as error:  # it may have happened: look before the next try
            lost = error
            desk.stop.sleep(RETRY_S)
            if (found := _happened(desk.cluster, change, expected)) is not None:
                return ToolReceipt(call_id, index, "reconciled", f"patched {change.target}", found)
        except ClusterError as error:
            return ToolReceipt(call_id, index, "failed", str(error))
    raise lost or Conflict(f"{change.target} changes too fast to be patched. Resume, to try again.")


def _send(cluster: Cluster, change: Change) -> Json:
    target = change.target
    live = cluster.get(target.kind, target.name, target.namespace)
    if live["metadata"].get("uid", "") != change.uid or version(live) != change.version:
        raise Stale
    precondition = {"resourceVersion": live["metadata"]["resourceVersion"]}
    body = {**change.body, "metadata": {**change.body.get("metadata", {}), **precondition}}
    return _values(change, cluster.patch(target, body))


def _values(change: Change, after: Json) -> Json:
    """The values the change brought about, as the server wrote them."""
    return inverse(change.body, after)


def _happened(cluster: Cluster, change: Change, expected: Json) -> Json | None:
    """Read the cluster: the values of the change if it is in effect, else None.

    Raises `ClusterError` when the cluster does not say.
    """
    try:
        live = cluster.get(change.target.kind, change.target.name, change.target.namespace)
    except NotFound:
        return None
    metadata = live["metadata"]
    untouched = metadata.get("resourceVersion") == change.resource_version
    if untouched or metadata.get("uid") != change.uid or not contains(live, expected):
        return None
    return _values(change, live)


def _reconcile(desk: Desk, call: ToolUse, intent: ToolIntent) -> None:
    """An intent without a receipt: find out what came of it; what did not happen is gated anew."""
    change = _from_json(intent.change)
    found = _happened(desk.cluster, change, intent.expected)
    if found is None:
        desk.append(ToolReceipt(call.id, intent.index, "stale", f"{change.target}: it had not happened"))
        return
    receipt = ToolReceipt(call.id, intent.index, "reconciled", f"patched {change.target}", found)
    done = [_done(call, intent.summary)] if intent.last else []
    desk.append(receipt, *done)


def _stop_at(desk: Desk, call: ToolUse, receipt: ToolReceipt) -> None:
    if receipt.outcome == "stale":
        desk.append(receipt)
    else:
        desk.append(receipt, ToolResult(call.id, call.name, receipt.text, ok=False, error="failed"))


def _done(call: ToolUse, summary: str) -> ToolResult:
    return ToolResult(call.id, call.name, f"Done: {summary}.", summary=summary, changed=True)


def _from_json(raw: Json) -> Change:
    from pydantic import TypeAdapter

    change: Change = TypeAdapter(Change).validate_python(raw)
    return change
