"""One call: for a reading tool its result; for a change intent, effect, receipt."""

from __future__ import annotations

from dataclasses import asdict

from agent import approvals
from agent.desk import Desk, Planned
from agent.journal.events import FilesRendered, ToolIntent, ToolReceipt, ToolResult
from agent.model.port import ToolUse
from agent.nodes.gate import find_tool
from tools.change import contains, inverse, version
from tools.cluster.client import FIELD_MANAGER, Cluster, Json
from tools.cluster.errors import PASSING, ClusterError, Conflict, NotFound
from tools.frame import ArgumentsError, Change, Rendering, Result, ToolError

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
            return _receipt(change, call_id, index, "applied", _send(desk.cluster, change))
        except Conflict:  # the status moved between our look and our patch: look again
            continue
        except Stale:
            if lost is None or (found := _happened(desk.cluster, change, expected)) is None:
                return ToolReceipt(call_id, index, "stale", f"{change.target} was changed by somebody else")
            return _receipt(change, call_id, index, "reconciled", found)
        except PASSING as error:  # it may have happened: look before the next try
            lost = error
            desk.stop.sleep(RETRY_S)
            if (found := _happened(desk.cluster, change, expected)) is not None:
                return _receipt(change, call_id, index, "reconciled", found)
        except ClusterError as error:
            return ToolReceipt(call_id, index, "failed", str(error))
    raise lost or Conflict(f"{change.target} changes too fast to be patched. Resume, to try again.")


_DONE = {"patch": "patched", "create": "created", "delete": "deleted"}


def _receipt(change: Change, call_id: str, index: int, outcome: str, after: Json) -> ToolReceipt:
    """`after` is the object as it is now; empty when it is gone."""
    uid = after["metadata"].get("uid", "") if change.verb == "create" else ""
    text = f"{_DONE[change.verb]} {change.target}"
    return ToolReceipt(call_id, index, outcome, text, inverse(change.body, after), uid)


def _send(cluster: Cluster, change: Change) -> Json:
    """Make the change; gives the object as it is then. Raises `Stale` when it is not as it was planned on."""
    target = change.target
    if change.verb == "create":
        return _create(cluster, change)
    live = cluster.get(target.kind, target.name, target.namespace)
    if live["metadata"].get("uid", "") != change.uid or version(live) != change.version:
        raise Stale
    resource_version = live["metadata"]["resourceVersion"]
    if change.verb == "delete":
        cluster.delete(target, uid=change.uid, resource_version=resource_version)
        return {}
    metadata = {**change.body.get("metadata", {}), "resourceVersion": resource_version}
    return cluster.patch(target, {**change.body, "metadata": metadata})


def _create(cluster: Cluster, change: Change) -> Json:
    try:
        return cluster.create(change.target, change.body)
    except Conflict as error:  # there is one of this name
        raise Stale from error


def _happened(cluster: Cluster, change: Change, expected: Json) -> Json | None:
    """Read the cluster: the object as it is now if the change is in effect (empty when gone), else None.

    Raises `ClusterError` when the cluster does not say.
    """
    try:
        live = cluster.get(change.target.kind, change.target.name, change.target.namespace)
    except NotFound:
        return {} if change.verb == "delete" else None
    metadata = live["metadata"]
    match change.verb:
        case "delete":
            gone = metadata.get("uid") != change.uid or "deletionTimestamp" in metadata
            return {} if gone else None
        case "create":
            return live if _is_ours(live) and contains(live, expected) else None
        case "patch":
            untouched = metadata.get("resourceVersion") == change.resource_version
            if untouched or metadata.get("uid") != change.uid or not contains(live, expected):
                return None
            return live


def _is_ours(live: Json) -> bool:
    """Whether it was Desk that wrote the object."""
    return any(entry.get("manager") == FIELD_MANAGER for entry in live["metadata"].get("managedFields") or ())


def _reconcile(desk: Desk, call: ToolUse, intent: ToolIntent) -> None:
    """An intent without a receipt: find out what came of it; what did not happen is gated anew."""
    change = _from_json(intent.change)
    found = _happened(desk.cluster, change, intent.expected)
    if found is None:
        desk.append(ToolReceipt(call.id, intent.index, "stale", f"{change.target}: it had not happened"))
        return
    receipt = _receipt(change, call.id, intent.index, "reconciled", found)
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
