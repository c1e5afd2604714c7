"""What every channel shows of a row: the same words, cut to each channel's limits. Pure.

All of it is data: what came from a cluster or a model is escaped where it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from agent.journal.approvals import at_time
from tools.plaintext import counted, one_line, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.humans.notices import Told
    from agent.journal.approvals import Row
    from tools.json import Json

TARGETS_SHOWN = 5
SUMMARY_CHARS = 300


@dataclass(frozen=True, slots=True)
class Card:
    """A row for people. `deadline` is a time; all else is text as it came."""

    approval_id: str
    session: str
    digest: str
    status: str
    type: str
    namespace: str
    target: str
    risk: str
    priority: str
    requester: str
    summary: str
    why: str
    diff: str
    deadline: datetime
    said: str
    """How it stands, in a sentence; empty while it waits and nobody has said anything."""
    link: str
    """Of its page; empty where there is none."""
    is_whole: bool
    """Whether summary and targets are shown whole; the diff is each channel's to cut."""

    @property
    def waits(self) -> bool:
        """Whether somebody can decide it."""
        return self.status == "pending"

    @property
    def whole(self) -> str:
        """Where all of it is to be seen."""
        return self.link or f"desk approvals show {self.approval_id}"


def card(row: Row, told: Told, now: datetime, page_url: str) -> Card:
    """The card of a row as it stands now."""
    asked, status = row.asked, at_time(row, now).status
    names = list(dict.fromkeys(map(_target, asked.targets)))
    more = len(names) - TARGETS_SHOWN
    summary = one_line(asked.summary, SUMMARY_CHARS)
    return Card(
        approval_id=asked.approval_id,
        session=row.session,
        digest=asked.digest,
        status=status,
        type=f"{asked.risk} ({asked.tool})",
        namespace=next((str(each["namespace"]) for each in asked.targets if each.get("namespace")), ""),
        target=", ".join(names[:TARGETS_SHOWN]) + (f" and {counted(more, 'more target')}" if more > 0 else ""),
        risk=f"{asked.risk} in {asked.environment}",
        priority=asked.priority,
        requester=one_line(asked.requester),
        summary=summary,
        why=one_line(asked.why),
        diff=plain(asked.diff).strip("\n"),
        deadline=datetime.fromisoformat(asked.expires_at),
        said=_said(row, status, told),
        link=f"{page_url.rstrip('/')}/approvals/{asked.approval_id}" if page_url else "",
        is_whole=len(asked.summary) <= SUMMARY_CHARS and more <= 0,
    )


def _target(target: Json) -> str:
    where = f"{target['namespace']}/" if target.get("namespace") else ""
    return one_line(f"{where}{target['kind']}/{target['name']}", 120)


def _said(row: Row, status: str, told: Told) -> str:
    match status:
        case "pending":
            answered = [f"{each.answer} by {each.by or 'somebody'} in PagerDuty" for each in told.answers.values()]
            first = f"approved by {told.first}, and a second person has to" if told.first else ""
            said = "; ".join(dict.fromkeys(filter(None, (first, *answered))))
            return one_line(said[:1].upper() + said[1:])
        case "approved":
            return one_line(f"Approved by {row.approver}. Whoever asked goes on: desk resume {row.session}")
        case "used":
            return one_line(f"Approved by {row.approver}, and used.")
        case "rejected":
            return one_line(f"Rejected by {row.approver}" + (f": {row.reason}" if row.reason else "."))
        case "expired":
            return "Expired: nobody answered in time. Nothing was done."
        case _:
            return one_line(f"Changed, see the new request ({row.reason}).")


def cut(text: str, fits: Callable[[str], bool]) -> tuple[str, int]:
    """The most lines of a text that fit, and how many are left out; a first line too long is left out, too."""
    lines = text.splitlines()
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits("\n".join(lines[:middle])) else (low, middle - 1)
    return "\n".join(lines[:low]), len(lines) - low
