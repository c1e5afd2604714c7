"""What a subtask leaves for whoever checks or undoes it: applied, before, diff, undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from agent.errors import UsageError
from agent.journal.events import Json, ToolIntent, ToolReceipt
from agent.redaction import MARK
from tools.change import contains, create_change, delete_change, inverse, patch_change
from tools.cluster.client import Cluster
from tools.cluster.errors import NotFound
from tools.cluster.resources import ObjectRef
from tools.frame import Change, Plan, ToolFailed

SCHEMA = "desk.undo/v1"
UNDO_FILE = "undo.yaml"


def files(changes: Sequence[tuple[ToolIntent, ToolReceipt]]) -> dict[str, str]:
    """File name -> text of one subtask's changes."""
    return {
        "applied.yaml": _yaml([_applied(intent.change) for intent, _ in changes]),
        "before.yaml": _yaml([intent.before for intent, _ in changes]),
        "diff.patch": "\n".join(intent.diff for intent, _ in changes) + "\n",
        UNDO_FILE: _yaml({"schema": SCHEMA, "changes": [_undo(i, r) for i, r in reversed(changes)]}),
    }


_UNDONE_BY = {"patch": "patch", "create": "delete", "delete": "create"}


def _applied(change: Json) -> Json:
    verb = change.get("verb", "patch")
    return {"target": change["target"], "verb": verb, **({verb: change["body"]} if change["body"] else {})}


def _undo(intent: ToolIntent, receipt: ToolReceipt) -> Json:
    """`expects` are the values that the change brought about: what is put back must still be them."""
    change = intent.change
    verb = _UNDONE_BY[change.get("verb", "patch")]
    return {
        "target": change["target"],
        "resource": change["resource"],
        "uid": receipt.uid or change["uid"],
        "expects": receipt.after,
        "verb": verb,
        **({verb: change["undo"]} if verb != "delete" else {}),
    }


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=120, allow_unicode=True)


def undo_plan(text: str, what: str, cluster: Cluster) -> Plan:
    """The plan that undoes a change set; raises `ToolFailed` when the cluster is no longer as it left it.

    `what` says whose it is: `commit 0123456789`.
    """
    items = _parse(text, what)
    deleted = [item["target"] for item in items if item.get("verb") == "delete"]
    changes = tuple(_undo_change(item, cluster, replaces=item["target"] in deleted) for item in items)
    names = ", ".join(str(change.target) for change in changes)
    return Plan(f"undo {what} on {names}", changes)


def _parse(text: str, what: str) -> list[Json]:
    try:
        document = yaml.safe_load(text)
        if document["schema"] != SCHEMA:
            raise UsageError(f"The {what} has an undo of schema {document['schema']}, not {SCHEMA}.")
        items: list[Json] = document["changes"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise UsageError(f"The {UNDO_FILE} of {what} cannot be read: {error}.") from error
    if MARK in text:
        raise UsageError(
            f"The {what} changed a value that is secret and so was not written down; "
            "it cannot be undone from the history. Set the value by hand."
        )
    return items


def _undo_change(item: Json, cluster: Cluster, *, replaces: bool) -> Change:
    """`replaces`: what is made again takes the place of what the same undo deletes."""
    target = ObjectRef(**item["target"])
    resource = cluster.find(target.kind)
    if item.get("verb", "patch") == "create":
        return create_change(resource, item["create"] if replaces else _to_create(item, target, cluster))
    live = _as_left(item, target, cluster)
    if item.get("verb", "patch") == "delete":
        return delete_change(resource, live)
    return patch_change(resource, live, item["patch"])


def _to_create(item: Json, target: ObjectRef, cluster: Cluster) -> Json:
    """The object that was deleted; raises `ToolFailed` when it is there, or is its controller's to make."""
    if not item["create"]:
        raise ToolFailed(f"{target} is not made again by hand: its controller has done that already.")
    try:
        cluster.get(target.kind, target.name, target.namespace)
    except NotFound:
        body: Json = item["create"]
        return body
    raise ToolFailed(f"{target} exists again: somebody made it anew. There is nothing to undo.")


def _as_left(item: Json, target: ObjectRef, cluster: Cluster) -> Json:
    """The live object; raises `ToolFailed` when it is not as the commit left it."""
    live = cluster.get(target.kind, target.name, target.namespace)
    if live["metadata"].get("uid") != item["uid"]:
        raise ToolFailed(f"{target} is not the object that was changed: it was deleted and made anew.")
    if not contains(live, item["expects"]):
        raise ToolFailed(
            f"{target} was changed again since: it is {_yaml(inverse(item['expects'], live)).strip()}, and the "
            f"commit left {_yaml(item['expects']).strip()}. Undo the later change first, or change it by hand."
        )
    return live
