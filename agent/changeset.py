"""What a subtask leaves for whoever checks or undoes it: applied, before, diff, undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from agent.errors import UsageError
from agent.journal.events import Json, ToolIntent, ToolReceipt
from agent.redaction import MARK
from tools.change import contains, inverse, version
from tools.cluster.client import Cluster
from tools.cluster.resources import ObjectRef
from tools.frame import Change, Plan, ToolFailed

SCHEMA = "desk.undo/v1"
UNDO_FILE = "undo.yaml"


def files(changes: Sequence[tuple[ToolIntent, ToolReceipt]]) -> dict[str, str]:
    """File name -> text of one subtask's changes."""
    return {
        "applied.yaml": _yaml([{"target": i.change["target"], "patch": i.change["body"]} for i, _ in changes]),
        "before.yaml": _yaml([intent.before for intent, _ in changes]),
        "diff.patch": "\n".join(intent.diff for intent, _ in changes) + "\n",
        UNDO_FILE: _yaml({"schema": SCHEMA, "changes": [_undo(i, r) for i, r in reversed(changes)]}),
    }


def _undo(intent: ToolIntent, receipt: ToolReceipt) -> Json:
    """`expects` are the values that the change brought about: what is put back must still be them."""
    change = intent.change
    return {
        "target": change["target"],
        "resource": change["resource"],
        "uid": change["uid"],
        "expects": receipt.after,
        "patch": change["undo"],
    }


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=120, allow_unicode=True)


def undo_plan(text: str, commit: str, cluster: Cluster) -> Plan:
    """The plan that undoes a change set; raises `ToolFailed` when the cluster is no longer as it left it."""
    changes = tuple(_undo_change(item, cluster) for item in _parse(text, commit))
    names = ", ".join(str(change.target) for change in changes)
    return Plan(f"undo commit {commit[:10]} on {names}", changes)


def _parse(text: str, commit: str) -> list[Json]:
    try:
        document = yaml.safe_load(text)
        if document["schema"] != SCHEMA:
            raise UsageError(f"Commit {commit[:10]} has an undo of schema {document['schema']}, not {SCHEMA}.")
        items: list[Json] = document["changes"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise UsageError(f"The {UNDO_FILE} of commit {commit[:10]} cannot be read: {error}.") from error
    if MARK in text:
        raise UsageError(
            f"Commit {commit[:10]} changed a value that is secret and so was not written down; "
            "it cannot be undone from the history. Set the value by hand."
        )
    return items


def _undo_change(item: Json, cluster: Cluster) -> Change:
    target = ObjectRef(**item["target"])
    live = cluster.get(target.kind, target.name, target.namespace)
    if live["metadata"].get("uid") != item["uid"]:
        raise ToolFailed(f"{target} is not the object that was changed: it was deleted and made anew.")
    if not contains(live, item["expects"]):
        raise ToolFailed(
            f"{target} was changed again since: it is {_yaml(inverse(item['expects'], live)).strip()}, and the "
            f"commit left {_yaml(item['expects']).strip()}. Undo the later change first, or change it by hand."
        )
    return Change(
        target=target,
        resource=item["resource"],
        body=item["patch"],
        undo=inverse(item["patch"], live),
        uid=item["uid"],
        resource_version=live["metadata"].get("resourceVersion", ""),
        version=version(live),
    )
