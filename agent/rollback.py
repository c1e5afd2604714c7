"""Undo changes to the cluster: tools like any other, so the gate and the journal see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from agent.changeset import UNDO_FILE, files, undo_plan
from agent.errors import UsageError
from tools.frame import Plan, Risk, Tool, ToolContext, ToolFailed

if TYPE_CHECKING:
    from agent.history import History
    from agent.journal.view import SessionView


def undo_tool(history: History) -> Tool:
    """The tool `undo`, which reads change sets from this history."""

    def undo(
        context: ToolContext,
        *,
        commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40,64}$", description="Full hash of the commit.")],
    ) -> Plan:
        """Put back what a commit of Desk changed on the cluster."""
        text = history.read_file(commit, f"{change_set_of(history, commit)}/{UNDO_FILE}")
        return undo_plan(text, f"commit {commit[:10]}", context.cluster)

    return Tool(undo, Risk.CHANGE)


def undo_last_tool(view: SessionView) -> Tool:
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
        text = files(view.changes(standing[-1]))[UNDO_FILE]
        return undo_plan(text, f"change {len(standing)} of this session", context.cluster)

    return Tool(undo_last, Risk.CHANGE)


def _standing(view: SessionView) -> list[str]:
    """The calls of a session whose changes were not undone, the last one last."""
    standing: list[str] = []
    for call_id, result in view.results.items():
        if view.changes(call_id):
            standing = standing[:-1] if result.tool == "undo_last" else [*standing, call_id]
    return standing


def change_set_of(history: History, commit: str) -> str:
    """The folder of a commit's change set; raises `UsageError` when it changed nothing on the cluster."""
    folder = history.trailers(commit).get("Changes")
    if not folder:
        raise UsageError(
            f"Commit {commit[:10]} changed nothing on a cluster, so there is nothing to undo. "
            "Commits that did have the trailer Changes: git log --grep '^Changes:'."
        )
    return folder
