"""Undo changes to the cluster: tools like any other, so the gate and the journal see it.

What is undone is what the journal says was done. A commit only leads there, by its session and subtask: its files
could have been written by anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import yaml
from pydantic import Field

from agent.errors import UsageError
from agent.journal.view import SessionView
from agent.workspace.changeset import (
    UNDO_FILE,
    files,
    undo_of,
    undo_plan,
)
from tools.changes.plan import FILES, Plan
from tools.cloud.connect import CLOUDS
from tools.cluster.resources import ObjectRef
from tools.errors import ToolFailed
from tools.frame import Tool, ToolContext
from tools.kubernetes.pod_template import Workload
from tools.risk import Risk

if TYPE_CHECKING:
    from agent.journal.events import SubtaskDone, ToolIntent, ToolReceipt
    from agent.journal.journal import Journal
    from agent.workspace.history import History
    from tools.json import Json

UNDO = "undo"
UNDO_LAST = "undo_last"


@dataclass(frozen=True, slots=True)
class Made:
    """What the journal has of a commit's change; `tool` made it, and is None where the catalog has it no more."""

    commit: str
    view: SessionView
    done: SubtaskDone
    tool: Tool | None

    @property
    def changes(self) -> list[tuple[ToolIntent, ToolReceipt]]:
        """What was changed, in its order."""
        return self.view.changes_of(self.done)

    @property
    def on_cluster(self) -> list[ObjectRef]:
        """The cluster's objects that were changed."""
        made = (intent.change for intent, _ in self.changes)
        return [ObjectRef(**each["target"]) for each in made if each.get("system") not in (FILES, *CLOUDS)]


def made_by(history: History, journal: Journal, commit: str) -> Made:
    """What a commit changed on the cluster; raises `UsageError` when the journal does not vouch for the commit."""
    folder, trailers = change_set_of(history, commit), history.trailers(commit)
    session, key = trailers.get("Session", ""), trailers.get("Subtask", "")
    view = SessionView.of(session, journal.entries(session) if session else ())
    done = next((done for _, done in view.subtasks if done.subtask == key), None)
    if done is None or not view.changes_of(done):
        raise UsageError(
            f"The commit {commit[:10]} says that Desk changed something, but the journal knows of no change "
            f"that is subtask {key or 'none'} of session {session or 'none'}. It is not undone; if Desk "
            "made it, then the journal of the workspace where it did knows of it."
        )
    _refuse_other_undo(history.read_file(commit, f"{folder}/{UNDO_FILE}"), commit, view.changes_of(done))
    return Made(commit, view, done, _maker(history, journal, view, done.call_id))


def change_set_of(history: History, commit: str) -> str:
    """The folder of a commit's change set; raises `UsageError` when it changed nothing on the cluster."""
    folder = history.trailers(commit).get("Changes")
    if not folder:
        raise UsageError(
            f"Commit {commit[:10]} changed nothing on a cluster and wrote no files, so there is nothing to undo. "
            "Commits that did have the trailer Changes: git log --grep '^Changes:'."
        )
    return folder


def _refuse_other_undo(text: str, commit: str, changes: Sequence[tuple[ToolIntent, ToolReceipt]]) -> None:
    """The file decides nothing, but one that was changed means that somebody expects something else to happen."""
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"The {UNDO_FILE} of commit {commit[:10]} cannot be read: {error}.") from error
    if said != yaml.safe_load(files(changes)[UNDO_FILE]):
        raise UsageError(
            f"The {UNDO_FILE} of commit {commit[:10]} is not what the journal says was done: somebody changed it. "
            "It is not undone. The commit that Desk made itself can be: git log --grep '^Changes:'."
        )


def _maker(history: History, journal: Journal, view: SessionView, call_id: str) -> Tool | None:
    """The tool that made a call's change; for an undo, that which made what was undone."""
    name = view.results[call_id].tool
    if name == UNDO and view.task.call is not None:
        return made_by(history, journal, view.task.call["arguments"]["commit"]).tool
    return _tool(view, _taken_back(view).get(call_id, call_id))


def _tool(view: SessionView, call_id: str) -> Tool | None:
    from tools.catalog import TOOLS  # all of them, whoever made it: a typed call that undoes nothing needs few

    return next((tool for tool in TOOLS if tool.name == view.results[call_id].tool), None)


def undo_tool(history: History, journal: Journal, *, sandbox: bool) -> Tool:
    """The tool `undo`, which believes this journal; `sandbox`: whether the session runs in one."""

    def undo(
        context: ToolContext,
        *,
        commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40,64}$", description="Full hash of the commit.")],
    ) -> Plan:
        """Put back what a commit of Desk changed on the cluster."""
        try:
            made = made_by(history, journal, commit)
        except UsageError as error:
            raise ToolFailed(str(error)) from error
        began = made.view.task
        if made.on_cluster and (began.cluster, began.sandbox) != (context.cluster.fingerprint, sandbox):
            raise ToolFailed(f"Commit {commit[:10]} changed another cluster. Nothing is undone on this one.")
        items = undo_of(made.changes)
        return _gated_as(made.tool, undo_plan(items, f"commit {commit[:10]}", context, history.root))

    return Tool(undo, Risk.CHANGE)


def undo_last_tool(view: SessionView, root: Path) -> Tool:
    """The tool `undo_last`, which takes back what this session changed, the last change first."""

    def undo_last(
        context: ToolContext,
        *,
        call: Annotated[str | None, Field(max_length=200, description="Id of the call that made it.")] = None,
    ) -> Plan:
        """Put back what the last change of this session changed on the cluster: for a remedy that did not hold.

        Called again, it takes back the change before that one.
        """
        standing = _standing(view)
        if not standing:
            raise ToolFailed("This session has changed nothing on the cluster that could be undone.")
        if call not in (None, standing[-1]):
            raise ToolFailed(f"Call {call} did not make the last change that stands: undo the later ones first.")
        items = undo_of(view.changes(standing[-1]))
        what = f"change {len(standing)} of this session"
        return _gated_as(_tool(view, standing[-1]), undo_plan(items, what, context, root))

    return Tool(undo_last, Risk.CHANGE)


def _gated_as(tool: Tool | None, plan: Plan) -> Plan:
    """The undo of a change is decided as the change was; where nobody knows how that is, a person decides.

    What was deleted is made again, which is no deletion.
    """
    if tool is None:
        return replace(plan, always_asked=True)
    risk = Risk.CHANGE if tool.risk is Risk.DELETE else tool.risk
    return replace(plan, risk=risk, always_asked=tool.always_asked)


def _standing(view: SessionView) -> list[str]:
    """The calls of a session whose changes were not undone, the last one last."""
    undone = _taken_back(view)
    changed = (call_id for call_id in view.results if view.changes(call_id))
    return [call_id for call_id in changed if call_id not in undone and call_id not in undone.values()]


def _taken_back(view: SessionView) -> dict[str, str]:
    """The call of `undo_last` -> the call whose change it took back."""
    standing: list[str] = []
    undone: dict[str, str] = {}
    for call_id, result in view.results.items():
        if not view.changes(call_id):
            continue
        if result.tool == UNDO_LAST:
            undone[call_id] = standing.pop()
        else:
            standing.append(call_id)
    return undone


def waits_for(items: Sequence[Json]) -> list[Json]:
    """The calls that wait until what an undo rolls is up again: each workload whose pods it makes anew."""
    return [
        {
            "tool": "wait_for_rollout",
            "arguments": {key: item["target"][key] for key in ("namespace", "name", "kind")},
        }
        for item in items
        if item["target"]["kind"] in _WORKLOADS and _rolls(item)
    ]


_WORKLOADS = get_args(get_args(Workload)[0])


def _rolls(item: dict[str, Any]) -> bool:
    spec = item.get("patch", {}).get("spec") or {}
    return item["verb"] == "create" or bool(spec.keys() & {"template", "replicas"})
