"""A change's effect on the cluster: sent at most once, and looked for where nobody knows what came of it."""

from __future__ import annotations

import json
import time

from agent.desk import Desk
from agent.journal.events import ToolIntent, ToolReceipt, ToolResult
from agent.journal.view import SessionView
from agent.model.port import ToolUse
from agent.redaction import MARK
from tools.change import contains, inverse, version
from tools.cluster.client import FIELD_MANAGER, RETRY_AFTER_LIMIT_S, Cluster, Json
from tools.cluster.errors import PASSING, RESUMABLE, ClusterError, Conflict, NotFound
from tools.cluster.resources import ObjectRef
from tools.credentials import filled
from tools.frame import Change, Plan, ToolError

MAX_TRIES = 5
RETRY_S = 0.5
GOING_S = 20.0
"""How long an object that is being deleted may still be in the way of the one that replaces it."""


class Stale(Exception):
    """The target is not as it was when the change was planned: nothing was sent."""


def effect(desk: Desk, change: Change, expected: Json, call_id: str, index: int) -> ToolReceipt:
    """Send the change, at most once in effect: each try is bound to the version it was planned on.

    Raises `ClusterError` when it cannot be known what came of it: the intent stays open for a resume.
    """
    try:
        body = change.body if change.credentials is None else _filled(desk, change)
    except RESUMABLE:
        raise
    except (ToolError, ClusterError) as error:
        return ToolReceipt(call_id, index, "failed", str(error))
    lost: ClusterError | None = None
    for _ in range(MAX_TRIES):
        try:
            return _receipt(change, call_id, index, "applied", _send(desk.cluster, change, body))
        except Conflict:  # the status moved between our look and our patch: look again
            continue
        except Stale:
            if lost is None or (found := _happened(desk.cluster, change, expected)) is None:
                return ToolReceipt(call_id, index, "stale", f"{change.target} was changed by somebody else")
            return _receipt(change, call_id, index, "reconciled", found)
        except PASSING as error:  # it may have happened: look before the next try
            lost = error
            desk.stop.sleep(max(RETRY_S, min(error.retry_after_s, RETRY_AFTER_LIMIT_S)))
            if (found := _happened(desk.cluster, change, expected)) is not None:
                return _receipt(change, call_id, index, "reconciled", found)
        except RESUMABLE:  # what may be done is decided anew once the user has logged in
            raise
        except ClusterError as error:
            return ToolReceipt(call_id, index, "failed", str(error))
    raise lost or Conflict(f"{change.target} changes too fast to be patched. Resume, to try again.")


def _filled(desk: Desk, change: Change) -> Json:
    with desk.stop.at_once():  # nothing is sent yet, and standard input may take its time
        return filled(change, desk.cluster)


_DONE = {"patch": "patched", "create": "created", "delete": "deleted"}


def _receipt(change: Change, call_id: str, index: int, outcome: str, after: Json) -> ToolReceipt:
    """`after` is the object as it is now; empty when it is gone."""
    uid = after["metadata"].get("uid", "") if change.verb == "create" else ""
    text = f"{_DONE[change.verb]} {change.target}"
    return ToolReceipt(call_id, index, outcome, text, inverse(change.body, after), uid)


def _send(cluster: Cluster, change: Change, body: Json) -> Json:
    """Make the change; gives the object as it is then. Raises `Stale` when it is not as it was planned on."""
    target = change.target
    if change.verb == "create":
        return _create(cluster, change, body)
    try:
        live = _as_planned(cluster, change)
        resource_version = live["metadata"]["resourceVersion"]
        if change.verb == "delete":
            cluster.delete(target, uid=change.uid, resource_version=resource_version)
            return {}
        metadata = {**body.get("metadata", {}), "resourceVersion": resource_version}
        return cluster.patch(target, {**body, "metadata": metadata})
    except NotFound as error:
        raise Stale from error


def _as_planned(cluster: Cluster, change: Change) -> Json:
    live = cluster.get(change.target.kind, change.target.name, change.target.namespace)
    if live["metadata"].get("uid", "") != change.uid or version(live) != change.version:
        raise Stale
    return live


def _create(cluster: Cluster, change: Change, body: Json) -> Json:
    deadline = time.monotonic() + GOING_S
    while True:
        try:
            return cluster.create(change.target, body)
        except Conflict as error:  # there is one of this name; what is on its way out is waited for
            if time.monotonic() >= deadline or not _is_going(cluster, change.target):
                raise Stale from error
            time.sleep(RETRY_S)


def _is_going(cluster: Cluster, target: ObjectRef) -> bool:
    try:
        return "deletionTimestamp" in cluster.get(target.kind, target.name, target.namespace)["metadata"]
    except NotFound:
        return True


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


def settle(desk: Desk, call: ToolUse) -> bool:
    """Write down what came of a call's open intents; gives whether there was one.

    What is not in effect is gated anew. It may come all the same, for a request can be on its way longer than
    its sender lives: see `arrived`.
    """
    for intent in desk.view.open_intents(call.id):
        if not _write_down(desk, call, intent):
            text = f"{_change_of(intent.change).target}: it had not happened"
            desk.append(ToolReceipt(call.id, intent.index, "absent", text))
        return True
    return False


def arrived(desk: Desk, call: ToolUse) -> bool:
    """Look once more for what an earlier process sent, and was not in effect when this one looked; gives whether
    it is now.

    Whatever is sent in its stead carries the same precondition, so that only one of the two takes effect.
    """
    for intent in desk.view.absent.get(call.id, ()):
        if (call.id, intent.index) not in desk.view.receipts and _write_down(desk, call, intent):
            return True
    return False


def begun(view: SessionView, call_id: str) -> Plan | None:
    """A call's plan of which a part is in effect and only creations are left, as it was journaled; else None.

    Such a plan cannot be made anew: what is to be created may be known from what it replaces, which is gone.
    Nothing is created from a body in which a secret was masked.
    """
    first = view.intents.get((call_id, 0))
    if first is None or (call_id, 0) not in view.receipts:
        return None
    changes = [first.change, *first.rest]
    left = [change for index, change in enumerate(changes) if (call_id, index) not in view.receipts]
    if any(change.get("verb") != "create" for change in left) or MARK in json.dumps(left):
        return None
    return Plan(first.summary, tuple(_change_of(change) for change in changes)) if left else None


def _write_down(desk: Desk, call: ToolUse, intent: ToolIntent) -> bool:
    """The receipt of an intent whose change is in effect, with the intent where it was given up; whether it is."""
    change = _change_of(intent.change)
    found = _happened(desk.cluster, change, intent.expected)
    if found is None:
        return False
    given_up = (call.id, intent.index) not in desk.view.intents
    receipt = _receipt(change, call.id, intent.index, "reconciled", found)
    done = [done_result(call, intent.summary)] if intent.last else []
    desk.append(*([intent] if given_up else []), receipt, *done)
    return True


def done_result(call: ToolUse, summary: str) -> ToolResult:
    """What a call that has made its whole plan answers."""
    return ToolResult(call.id, call.name, f"Done: {summary}.", summary=summary, changed=True)


def _change_of(journaled: Json) -> Change:
    from pydantic import TypeAdapter

    change: Change = TypeAdapter(Change).validate_python(journaled)
    return change
