"""The gate: code, not the model, decides each call. For a change it knows exactly what would happen first."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import Any

from agent import approvals
from agent.approvals import Request
from agent.desk import Desk, Planned, Preview
from agent.endings import ENDINGS
from agent.journal.events import CallGated, ToolResult
from agent.journal.view import MAX_CONFLICTS
from agent.model.port import ToolUse
from agent.nodes.effect import arrived, begun
from agent.policy import Decision, Verdict, decide, environment_of, risk_of
from agent.understanding.ordered import is_within, orders_change, says
from tools.change import inverse, written
from tools.cluster.client import Cluster, Json
from tools.cluster.errors import RESUMABLE, ClusterError
from tools.cluster.resources import ObjectRef
from tools.credentials import stood_in
from tools.frame import ArgumentsError, Change, Plan, Refused, Risk, Tool, ToolError
from tools.read import as_yaml


def gate(desk: Desk, call: ToolUse) -> None:
    """Decide one call. A call that cannot be made is answered at once, so that it can be mended."""
    tool = find_tool(desk, call.name)
    if tool is None:
        return _answer(desk, call, f'There is no tool "{call.name}". There are: {_names(desk)}.', "arguments")
    try:
        arguments = tool.check(call.input)
        _refuse_out_of_place(desk, call, tool)
        if tool.risk is Risk.READ or (tool.risk is Risk.RENDER and not desk.view.task.read_only):
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


def _refuse_out_of_place(desk: Desk, call: ToolUse, tool: Tool) -> None:
    """Raises `ArgumentsError` for a call that cannot be made here, though it could be elsewhere."""
    if call.name in {tool.name for tool in ENDINGS} and len(desk.view.calls()) > 1:
        raise ArgumentsError(
            f"{call.name} ends the session: call it alone, after you have read what the other calls answered."
        )
    if desk.view.task.call is not None:  # a person typed it
        return
    for name in tool.verbatim:
        if (value := call.input.get(name)) and not says(desk.view.task.task, value):
            raise ArgumentsError(
                f"{call.name}: the task does not name {value}, and only who asks may choose {name}."
            )
    namespace = str(call.input.get("namespace") or "")
    meant = desk.understood()
    if namespace and not is_within(meant, namespace, desk.view.task.namespace):
        raise ArgumentsError(
            f"Namespace {namespace} is outside this task, which is about {', '.join(meant.namespaces)}. "
            f"Stay there; if the cause lies in {namespace}, say so when you finish."
        )


def _allow(desk: Desk, call: ToolUse, tool: Tool) -> None:
    # Not journaled here: the act writes it together with what was read or rendered, in one transaction.
    said = "reading is allowed" if tool.risk is Risk.READ else "rendering into the workspace is allowed"
    gated = CallGated(call.id, tool.name, tool.risk.value, Verdict.ALLOW.value, said)
    desk.view.gated[call.id] = gated


def _gate_change(desk: Desk, call: ToolUse, tool: Tool, arguments: dict[str, Any]) -> None:
    if desk.view.task.read_only:
        return _answer(
            desk, call, "This session is read-only: nothing is changed. Say what you would do.", "denied"
        )
    if desk.view.stale.get(call.id, 0) >= MAX_CONFLICTS:
        return _answer(desk, call, "The object keeps being changed by somebody else; look at it again.", "failed")
    desk.surface.progress(f"asking the API server what {tool.name} would change")
    plan = begun(desk.view, call.id) or tool(desk.context(), arguments)
    if not isinstance(plan, Plan):
        raise TypeError(f"{tool.name} has the risk {tool.risk} and must give a plan")
    if not plan.changes:
        text = f"Nothing to change: {plan.summary}."
        return _conclude(desk, call, ToolResult(call.id, call.name, text, summary=plan.summary))
    tool = replace(tool, risk=plan.risk or tool.risk, always_asked=plan.always_asked or tool.always_asked)
    decision = _decide(desk, call, tool, plan)
    gated = CallGated(
        call.id, tool.name, tool.risk.value, decision.verdict.value, decision.reason,
        environment=decision.environment.value, owner=decision.owner,
    )  # fmt: skip
    if decision.verdict is Verdict.DENY:
        return _answer(desk, call, f"Denied: {decision.reason}. Nothing was changed.", "denied", gated)
    planned = Planned(plan, gated, _previews(desk, call, plan))
    if arrived(desk, call):  # looked for behind the plan: what comes later than this makes the plan stale
        return None
    if all(preview.same for preview in planned.previews):
        text = f"Nothing to change: to {plan.summary} would leave everything as it is."
        return _conclude(desk, call, ToolResult(call.id, call.name, text, summary=plan.summary), gated)
    if desk.view.task.dry_run:
        text = f"Dry run: would {plan.summary} ({decision.reason}). Nothing was changed.\n{planned.diff}"
        return _conclude(desk, call, ToolResult(call.id, call.name, text, summary=plan.summary), gated)
    if decision.verdict is Verdict.ASK:
        return _ask(desk, call, arguments, planned, decision)
    desk.planned[call.id] = planned
    desk.view.gated[call.id] = gated
    return None


def _decide(desk: Desk, call: ToolUse, tool: Tool, plan: Plan) -> Decision:
    """The strictest decision over all changes of a plan."""
    order = (Verdict.ALLOW, Verdict.ASK, Verdict.DENY)
    decisions = [_decide_change(desk, call, tool, change) for change in plan.changes]
    return max(decisions, key=lambda decision: order.index(decision.verdict))


def _decide_change(desk: Desk, call: ToolUse, tool: Tool, change: Change) -> Decision:
    namespace = change.target.namespace
    labels = _labels(desk, namespace) if namespace else {}
    risk = risk_of(tool.risk, change.verb, change.target.kind, namespace)
    named = _named(desk, call, change)
    decision = decide(risk, environment_of(labels), named=named, always_asked=tool.always_asked)
    if decision.verdict is Verdict.ALLOW or risk is Risk.CLUSTER or "environment" in labels:
        return decision
    unlabelled = f"namespace {namespace} has no label environment, so it counts as prod"
    return replace(decision, reason=f"{decision.reason} ({unlabelled})")


def _labels(desk: Desk, namespace: str) -> dict[str, str]:
    return desk.cluster.get("namespaces", namespace, None)["metadata"].get("labels") or {}


def _named(desk: Desk, call: ToolUse, change: Change) -> bool:
    started = desk.view.task
    if started.call and (started.call["tool"], started.call["arguments"]) == (call.name, call.input):
        return True
    return orders_change(desk.understood(), call.name, change.target.namespace, change.target.name)


def _previews(desk: Desk, call: ToolUse, plan: Plan) -> tuple[Preview, ...]:
    """Ask the API server whether we may, and what it would make of it (`dryRun=All`)."""
    for change in plan.changes:
        if not desk.cluster.may(change.access()):
            raise ClusterError(
                f"{desk.identity.username} may not {change.access()}. Nothing was changed. "
                "Who administers the namespace can grant it: a RoleBinding to the ClusterRole edit."
            )
    deleted: set[ObjectRef] = set()
    previews: list[Preview] = []
    for index, change in enumerate(plan.changes):
        if change.verb == "delete" and (call.id, index) in desk.view.receipts:  # it is gone: there is its intent
            intent = desk.view.intents[call.id, index]
            previews.append(Preview(intent.before, intent.expected, intent.diff))
        else:
            previews.append(_preview(desk, change, replaces=change.target in deleted))
        deleted |= {change.target} if change.verb == "delete" else set()
    return tuple(previews)


def _preview(desk: Desk, change: Change, *, replaces: bool) -> Preview:
    before = {} if change.verb == "create" else _written_now(desk.cluster, change.target)
    after = _dry_run_beside(desk.cluster, change) if replaces else _dry_run(desk.cluster, change)
    diff = _diff(change, desk.mask(before), desk.mask(after))
    return Preview(before, inverse(change.body, after), diff, same=before == after)


def _written_now(cluster: Cluster, target: ObjectRef) -> Json:
    return written(cluster.get(target.kind, target.name, target.namespace))


def _dry_run(cluster: Cluster, change: Change) -> Json:
    """What the API server says would be there afterwards; empty when it would be gone."""
    match change.verb:
        case "patch":
            return written(cluster.patch(change.target, change.body, dry_run=True))
        case "create":
            return written(cluster.create(change.target, stood_in(change), dry_run=True))
        case "delete":
            # A crashing workload's resourceVersion moves with its status: that of the plan may be old by now.
            now = cluster.get(change.target.kind, change.target.name, change.target.namespace)["metadata"]
            cluster.delete(change.target, uid=change.uid, resource_version=now["resourceVersion"], dry_run=True)
            return {}


def _dry_run_beside(cluster: Cluster, change: Change) -> Json:
    """What would be created once the object that has the name now is deleted: under a name of the server's."""
    named = change.body["metadata"]
    nameless = {key: value for key, value in named.items() if key != "name"} | {"generateName": "desk-"}
    after = written(cluster.create(change.target, {**change.body, "metadata": nameless}, dry_run=True))
    metadata = {key: value for key, value in after["metadata"].items() if key != "generateName"}
    return {**after, "metadata": {**metadata, "name": named["name"]}}


def _diff(change: Change, before: Json, after: Json) -> str:
    name = f"{change.target.kind}/{change.target.name}"
    sides = [as_yaml(side).splitlines() if side else [] for side in (before, after)]
    lines = difflib.unified_diff(sides[0], sides[1], f"{name} (live)", f"{name} (wanted)", lineterm="")
    return "\n".join(lines)


def _ask(desk: Desk, call: ToolUse, arguments: Json, planned: Planned, decision: Decision) -> None:
    """Find the approval of exactly this, or ask for one."""
    request = Request(
        call_id=call.id, tool=call.name, arguments=arguments, changes=planned.plan.changes,
        summary=planned.plan.summary, diff=planned.diff, risk=planned.gated.risk,
        decision=decision, requester=desk.view.task.requester,
    )  # fmt: skip
    found = approvals.of_call(desk.journal, desk.view.id, call.id, request.digest, desk.now())
    approval_id, status = found or (
        approvals.ask(desk.journal, desk.view.id, request, desk.now()).approval_id,
        "pending",
    )
    verdict = Verdict.ALLOW if status in ("approved", "used") else Verdict.ASK
    gated = CallGated(
        call.id, call.name, planned.gated.risk, verdict.value, decision.reason,
        environment=decision.environment.value, digest=request.digest, approval_id=approval_id,
    )  # fmt: skip
    if verdict is Verdict.ASK:
        desk.append(gated)
    else:
        desk.view.gated[call.id] = gated
        desk.planned[call.id] = Planned(planned.plan, gated, planned.previews)


def _answer(desk: Desk, call: ToolUse, text: str, error: str, *gated: CallGated) -> None:
    _conclude(desk, call, ToolResult(call.id, call.name, text, ok=False, error=error), *gated)


def _conclude(desk: Desk, call: ToolUse, result: ToolResult, *gated: CallGated) -> None:
    """Answer a call without making a change, unless what was sent for it before has arrived in the meantime."""
    if not arrived(desk, call):
        desk.append(*gated, result)


def _names(desk: Desk) -> str:
    return ", ".join(sorted([*desk.tools, *(tool.name for tool in ENDINGS)]))
