"""What Desk itself changed of an object, from the history: it completes the tool `rollout_history`."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import yaml

from tools.cluster.resources import ObjectRef
from tools.frame import Result, Tool, ToolContext
from tools.kubernetes.rollouts.history import rollout_history
from tools.risk import Risk

if TYPE_CHECKING:
    from agent.workspace.history import CommitLine, History

_FOLDER, _FILE = "working/changes", "applied.yaml"
_SHOWN = 10


def rollout_history_tool(history: History) -> Tool:
    """The tool `rollout_history` of the catalog, which also tells Desk's own commits about the workload."""

    @wraps(rollout_history)
    def completed(context: ToolContext, **arguments: Any) -> Result:
        result = rollout_history(context, **arguments)
        found = commits_about(history, arguments["kind"], arguments["name"], arguments["namespace"])
        told = [
            f"  {commit.time}  {commit.sha[:10]}  {_summary(commit)}  (undo: desk rollback {commit.sha[:10]})"
            for commit in found[:_SHOWN]
        ]
        lines = [result.text, "What Desk changed of it, newest first:", *(told or ["  nothing in this workspace"])]
        commits = [{"sha": each.sha, "time": each.time, "summary": _summary(each)} for each in found]
        return Result("\n".join(lines), {**(result.data or {}), "commits": commits})

    return Tool(completed, Risk.READ)


def commits_about(history: History, kind: str, name: str, namespace: str | None) -> list[CommitLine]:
    """The commits whose change set changed this object, newest first."""
    target: dict[str, str | None] = {"kind": kind, "name": name, "namespace": namespace}
    saying = {path for path in history.files_that_say(name, _FOLDER) if path.endswith(f"/{_FILE}")}
    return [
        commit
        for commit, folder in history.with_trailer("Changes")
        if (path := f"{folder}/{_FILE}") in saying and _changes(history.read_file(commit.sha, path), target)
    ]


def wrote_last(history: History, target: ObjectRef, sha256: str) -> bool:
    """Whether Desk wrote a file as it is now (its digest), and not to put back what was somebody else's."""
    found = commits_about(history, target.kind, target.name, target.namespace)
    if not found:
        return False
    folder = dict(history.with_trailer("Changes"))[found[0]]
    items = yaml.safe_load(history.read_file(found[0].sha, f"{folder}/{_FILE}"))
    body = next(item.get("apply") or {} for item in items if ObjectRef(**item["target"]) == target)
    return body.get("sha256") == sha256 and not body.get("restored")


def _changes(text: str, target: dict[str, str | None]) -> bool:
    """Whether a change set has a change of the target."""
    try:
        items = yaml.safe_load(text)
    except yaml.YAMLError:  # somebody has edited it
        return False
    return any(target.items() <= item["target"].items() for item in items)


def _summary(commit: CommitLine) -> str:
    """What a commit did, without the head of its subject."""
    return commit.subject.partition(" - ")[2] or commit.subject
