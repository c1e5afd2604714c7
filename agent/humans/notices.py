"""What was told of a row, and where: the events of the row's own chain, as one value. Pure, but for `of`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from agent.journal.events import FirstApproval, NoticeFailed, NoticeIntended, NoticeSent, PageAnswered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.journal.journal import Entry, Journal
    from tools.json import Json

Kind = Literal["ask", "remind", "card", "outcome", "page", "acknowledge", "resolve", "onboarded", "callback"]
REPEATABLE = frozenset({"card", "page", "acknowledge", "resolve"})
"""What the other side takes twice without doing it twice: updates, and PagerDuty's events of one dedup key."""

TRIES = 3
"""So often a channel is tried before the next one is."""
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 300.0


@dataclass(frozen=True, slots=True)
class Failure:
    """One try that came to nothing."""

    at: datetime
    wait_s: float
    is_final: bool
    is_limit: bool

    def is_over(self, now: datetime) -> bool:
        """Whether it is long enough ago to try again. A clock that was set back does not make it longer."""
        since_s = (now - self.at).total_seconds()
        return since_s < 0 or since_s >= self.wait_s


@dataclass
class Told:
    """What a row's chain says. Keys are (channel, kind)."""

    sent: dict[tuple[str, str], NoticeSent] = field(default_factory=dict)
    """The newest of each."""
    failures: dict[tuple[str, str], list[Failure]] = field(default_factory=dict)
    """Those since it was last sent."""
    intended: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """When a sending was begun whose end is not known."""
    answers: dict[str, PageAnswered] = field(default_factory=dict)
    """What people did in PagerDuty, by delivery."""
    first: str = ""
    """Who approved first, where two have to."""

    def ref(self, channel: str, kind: Kind) -> Json | None:
        """What the channel calls a message that was sent; None: it was not."""
        sent = self.sent.get((channel, kind))
        return sent.ref if sent else None

    def is_given_up(self, channel: str, kind: Kind) -> bool:
        """Whether another channel's turn has come; this one is tried on where there is none."""
        failed = self.failures.get((channel, kind), [])
        return sum(not each.is_limit for each in failed) >= TRIES or any(each.is_final for each in failed)

    def may_try(self, channel: str, kind: Kind, now: datetime) -> bool:
        """Whether the last failure is long enough ago."""
        failed = self.failures.get((channel, kind))
        return not failed or failed[-1].is_over(now)

    def apply(self, entry: Entry) -> None:
        """Add one event."""
        at = datetime.fromisoformat(entry.at)
        match entry.event:
            case NoticeIntended(channel=channel, kind=kind):
                self.intended[channel, kind] = at
            case NoticeSent(channel=channel, kind=kind) as sent:
                self.sent[channel, kind] = sent
                self.intended.pop((channel, kind), None)
                self.failures.pop((channel, kind), None)
            case NoticeFailed(channel=channel, kind=kind) as failed:
                tried = self.failures.setdefault((channel, kind), [])
                tried.append(Failure(at, failed.wait_s, failed.is_final, failed.is_limit))
                if not failed.maybe_sent:
                    self.intended.pop((channel, kind), None)
            case PageAnswered() as answer:
                self.answers[answer.delivery] = answer
            case FirstApproval(approver=approver):
                self.first = approver
            case _:
                """Nothing else stands in such a chain."""


def of(journal: Journal, about: str) -> Told:
    """What was told of a row, by its id."""
    return told(journal.entries(about))


def told(entries: Iterable[Entry]) -> Told:
    """What a row's chain says."""
    found = Told()
    for entry in entries:
        found.apply(entry)
    return found


def wait_s(failures: int, retry_after_s: float) -> float:
    """How long to wait after so many failures: what the channel asks for, else twice as long each time."""
    return max(retry_after_s, min(FIRST_WAIT_S * 2.0 ** min(failures, 10), LONGEST_WAIT_S))
