"""What a subtask leaves for whoever checks or undoes it: applied, before, diff, undo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from agent.journal.events import ToolIntent, ToolReceipt
from agent.redaction import MARK
from tools.changes import clouds, kubeconfigs
from tools.changes.build import create_change, delete_change, patch_change
from tools.changes.files import is_undone, undo_change
from tools.changes.patches import contains, inverse
from tools.changes.plan import FILES, KUBECONFIGS, KUBERNETES, Change, Plan
from tools.cloud.connect import CLOUDS
from tools.cluster.client import Cluster
from tools.cluster.errors import NotFound
from tools.cluster.resources import ObjectRef
from tools.errors import ToolFailed
from tools.frame import ToolContext
from tools.json import Json

SCHEMA = "desk.undo/v1"
UNDO_FILE = "undo.yaml"


def files_written(changes: Sequence[tuple[ToolIntent, ToolReceipt]]) -> list[Json]:
    """Those of a subtask's changes that are of files."""
    return [intent.change for intent, _ in changes if intent.change.get("system") == FILES]


def files(changes: Sequence[tuple[ToolIntent, ToolReceipt]]) -> dict[str, str]:
    """File name -> text of one subtask's changes."""
    return {
        "applied.yaml": _yaml([_applied(intent.change) for intent, _ in changes]),
        "before.yaml": _yaml([intent.before for intent, _ in changes]),
        "diff.patch": "\n".join(intent.diff for intent, _ in changes) + "\n",
        UNDO_FILE: _yaml({"schema": SCHEMA, "changes": undo_of(changes)}),
    }


def _undone_by(change: Json) -> str:
    verb = change.get("verb", "patch")
    if verb == "apply":
        return "patch" if change["uid"] or change["undo"] else "delete"
    return {"patch": "patch", "create": "delete", "delete": "create"}[verb]


def _applied(change: Json) -> Json:
    verb = change.get("verb", "patch")
    return {"target": change["target"], "verb": verb, **({verb: change["body"]} if change["body"] else {})}


def _undo(intent: ToolIntent, receipt: ToolReceipt) -> Json:
    """`expects` are the values that the change brought about: what is put back must still be them."""
    change = intent.change
    verb = _undone_by(change)
    return {
        "target": change["target"],
        "resource": change["resource"],
        "uid": receipt.uid or change["uid"],
        "expects": receipt.after,
        "verb": verb,
        **({verb: change["undo"]} if verb != "delete" else {}),
        **({"system": change["system"]} if change.get("system", KUBERNETES) != KUBERNETES else {}),
    }


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=120, allow_unicode=True)


def undo_of(changes: Sequence[tuple[ToolIntent, ToolReceipt]]) -> list[Json]:
    """What undoes a subtask's changes, in the order it is to be done in."""
    return [_undo(intent, receipt) for intent, receipt in reversed(changes)]


def undo_plan(items: Sequence[Json], what: str, context: ToolContext, root: Path) -> Plan:
    """The plan that undoes changes; without changes of its own when they are undone already.

    `what` says whose they are: `commit 0123456789`. What is undone already is left out. `root` is the workspace.
    Raises `ToolFailed` when the cluster, a cloud or a file is no longer as they left it.
    """
    if MARK in json.dumps(items):
        raise ToolFailed(
            f"The {what} changed a value that is secret and so was not written down; "
            "it cannot be undone from the history. Set the value by hand."
        )
    names = ", ".join(str(ObjectRef(**item["target"])) for item in items)
    replaced = [item["target"] for item in items if item["verb"] == "delete"]
    left = [item for item in items if not _is_undone(item, items, context, root)]
    if not left:
        return Plan.of(f"{what} is already undone on {names}")
    changes = [_undo_change(item, context, root, replaces=item["target"] in replaced) for item in left]
    parts = [[each.id for each in changes[:index]].count(change.id) for index, change in enumerate(changes)]
    numbered = (replace(change, part=part) for change, part in zip(changes, parts, strict=True))
    return Plan.of(f"undo {what} on {names}", *numbered)


def _is_undone(item: Json, items: Sequence[Json], context: ToolContext, root: Path) -> bool:
    """Whether the target is as the undo would make it, and not as the change left it."""
    if item.get("system") == FILES:
        return is_undone(item, root)
    if item.get("system") == KUBECONFIGS:
        return kubeconfigs.is_undone(item, context.cluster)
    if item.get("system") in CLOUDS:
        return clouds.is_undone(item, context.clouds(item["system"]))
    live = _live(ObjectRef(**item["target"]), context.cluster)
    match item["verb"]:
        case "patch":
            return live is not None and _is_put_back(item, live)
        case "delete":
            made_again = _other_half(item, items, "create")
            return live is None or (made_again is not None and _stands_for(live, made_again, item))
        case _:
            replaced = _other_half(item, items, "delete")
            return not item["create"] or (live is not None and _stands_for(live, item, replaced))


def _is_put_back(item: Json, live: Json) -> bool:
    target = ObjectRef(**item["target"])
    return contains(target, live, item["patch"]) and not contains(target, live, item["expects"])


def _other_half(item: Json, items: Sequence[Json], verb: str) -> Json | None:
    """What the same undo does to the same target besides: an object is replaced by a deletion and a creation."""
    return next((other for other in items if other["verb"] == verb and other["target"] == item["target"]), None)


def _stands_for(live: Json, made_again: Json, replaced: Json | None) -> bool:
    is_new = replaced is None or live["metadata"].get("uid") != replaced["uid"]
    return is_new and contains(ObjectRef(**made_again["target"]), live, made_again["create"])


def _live(target: ObjectRef, cluster: Cluster) -> Json | None:
    try:
        return cluster.read(target)
    except NotFound:
        return None


def _undo_change(item: Json, context: ToolContext, root: Path, *, replaces: bool) -> Change:
    """`replaces`: what is made again takes the place of what the same undo deletes."""
    if item.get("system") == FILES:
        return undo_change(item, root)
    if item.get("system") == KUBECONFIGS:
        return kubeconfigs.undo_change(item)
    if item.get("system") in CLOUDS:
        return clouds.undo_change(item, context.clouds(item["system"]))
    target, cluster = ObjectRef(**item["target"]), context.cluster
    if item["verb"] == "create":
        if not item["create"]:
            raise ToolFailed(f"{target} is not made again by hand: its controller has done that already.")
        if not replaces and _live(target, cluster) is not None:
            raise ToolFailed(f"{target} exists again, and is not what was deleted: somebody made it anew.")
        return create_change(item["resource"], item["create"])
    live = cluster.read(target)
    if not (item["verb"] == "patch" and _is_put_back(item, live)):
        _refuse_other_than_left(item, target, live)
    if item["verb"] == "delete":
        return delete_change(item["resource"], live)
    return patch_change(item["resource"], live, item["patch"])


def _refuse_other_than_left(item: Json, target: ObjectRef, live: Json) -> None:
    """Raises `ToolFailed` when the live object is not as the commit left it."""
    if live["metadata"].get("uid") != item["uid"]:
        raise ToolFailed(f"{target} is not the object that was changed: it was deleted and made anew.")
    if not contains(target, live, item["expects"]):
        now = _yaml(inverse(target, item["expects"], live)).strip()
        raise ToolFailed(
            f"{target} was changed again since: it is {now}, and the "
            f"commit left {_yaml(item['expects']).strip()}. Undo the later change first, or change it by hand."
        )
