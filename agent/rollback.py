"""Undo one commit's changes to the cluster: a tool like any other, so the gate and the journal see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from agent.changeset import UNDO_FILE, undo_plan
from agent.errors import UsageError
from tools.frame import Plan, Risk, Tool, ToolContext

if TYPE_CHECKING:
    from agent.history import History


def undo_tool(history: History) -> Tool:
    """The tool `undo`, which reads change sets from this history."""

    def undo(
        context: ToolContext,
        *,
        commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40,64}$", description="Full hash of the commit.")],
    ) -> Plan:
        """Put back what a commit of Desk changed on the cluster."""
        folder = change_set_of(history, commit)
        return undo_plan(history.read_file(commit, f"{folder}/{UNDO_FILE}"), commit, context.cluster)

    return Tool(undo, Risk.CHANGE)


def change_set_of(history: History, commit: str) -> str:
    """The folder of a commit's change set; raises `UsageError` when it changed nothing on the cluster."""
    folder = history.trailers(commit).get("Changes")
    if not folder:
        raise UsageError(
            f"Commit {commit[:10]} changed nothing on a cluster, so there is nothing to undo. "
            "Commits that did have the trailer Changes: git log --grep '^Changes:'."
        )
    return folder
