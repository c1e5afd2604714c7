"""The message "onboarding complete", of each session that has brought a team on board."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from agent.humans.clock import STALE_AFTER
from agent.humans.port import Message
from agent.journal.view import load_view
from agent.surfaces.onboarding import ONBOARD, onboarding

if TYPE_CHECKING:
    from agent.journal.journal import Entry, Journal
    from tools.json import Json


class Onboarded:
    """What is to be told of a journal's sessions; each of its events is read once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._after = 0
        self._found: dict[str, tuple[datetime, Json]] = {}

    def __call__(self, now: datetime) -> list[Message]:
        """The messages of sessions that were done not long ago."""
        for entry in self._journal.entries(types=("session_closed",), after=self._after):
            self._after = entry.seq
            at = datetime.fromisoformat(entry.at)
            if now - at < STALE_AFTER and (said := _said(self._journal, entry)) is not None:
                self._found[entry.session] = (at, said)
        self._found = {session: each for session, each in self._found.items() if now - each[0] < STALE_AFTER}
        return [
            Message(f"onboarded-{session}", "onboarded", blocks=said) for session, (_, said) in self._found.items()
        ]


def _said(journal: Journal, closed: Entry) -> Json | None:
    if closed.body["outcome"] != "done":
        return None
    view = load_view(journal, closed.session)
    if view.task.dry_run or view.task.sandbox or not view.subtasks:
        return None
    if all(made.tool != ONBOARD for made in view.plans.values()):
        return None
    return onboarding(view).message
