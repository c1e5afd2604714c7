"""What other agents may propose: one change, which a person approves, in every environment."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from agent.app import Task, open_journal, start
from agent.gate.policy import asking
from agent.journal import approvals, stores
from agent.journal.view import find_session, load_view
from agent.mcp.reading import tool_named
from agent.settings import Settings
from agent.surfaces.console import Quiet
from agent.surfaces.session_documents import approval, session
from tools.errors import ToolFailed
from tools.frame import cap
from tools.json import Json
from tools.risk import Risk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.journal.journal import Entry, Journal

PROPOSED = (Risk.PROVISION, Risk.CHANGE, Risk.DELETE, Risk.CLOUD)
"""What is proposed by these ways: no secret goes through another agent, and no file of this machine to one."""


class _Following(Quiet):
    """Remembers which session it is."""

    session = ""

    def entry(self, entry: Entry) -> None:
        """Any event of it."""
        self.session = entry.session


def propose(settings: Settings, name: str, arguments: Mapping[str, Any]) -> Json:
    """Plan a change in a session of its own and ask a person for it; gives what `proposal` does.

    Nothing is changed before a person approves it and resumes the session. Raises `ToolError`, `DeskError`,
    `ClusterError`.
    """
    tool = tool_named(name)
    if tool.risk not in PROPOSED:
        raise ToolFailed(f"{name} is of the class {tool.risk.value}, and is not proposed by other agents.")
    tool.check(arguments)
    strict = msgspec.structs.replace(settings, gate=asking(settings.gate))
    words = f"{name} {json.dumps(dict(arguments), sort_keys=True)}"
    followed = _Following()
    start(
        strict, Task(words, arguments.get("namespace"), call={"tool": name, "arguments": dict(arguments)}), followed
    )
    return proposal(settings, followed.session)


def proposal(settings: Settings, said: str) -> Json:
    """How a session stands: its status, what it waits for, what came of it. `said` is the beginning of its id."""
    with _journal(settings) as journal:
        view = load_view(journal, find_session(journal, said))
        told = msgspec.to_builtins(session(view, runs=journal.is_leased(view.id)))
        waiting = approvals.load(journal, told["approval"]) if told["approval"] else None
        now = datetime.now(UTC)
        row = _row(approvals.at_time(waiting, now)) if waiting else None
    kept = ("session", "task", "status", "exit_code", "summary", "next_action", "incidents", "subtasks")
    return {**{name: told[name] for name in kept}, "approval": row}


def waiting(settings: Settings) -> list[Json]:
    """The approvals that wait, oldest first: to be seen, and decided elsewhere by whom the cluster knows."""
    with _journal(settings) as journal:
        return [_row(row) for row in approvals.listing(journal, datetime.now(UTC))]


def _row(row: approvals.Row) -> Json:
    told = msgspec.to_builtins(approval(row))
    return {**told, "diff": cap(told["diff"], "`desk approvals show` has it whole.")}


@contextlib.contextmanager
def _journal(settings: Settings) -> Iterator[Journal]:
    if not stores.exists(settings.workspace, settings.journal):
        raise ToolFailed("No session was run in this workspace yet.")
    with contextlib.closing(open_journal(settings)) as journal:
        yield journal
