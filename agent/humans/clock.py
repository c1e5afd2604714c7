"""What is to be sent of a row now: the table of reminders, pages and expiry, over what was told already. Pure.

Times are counted from the asking, which stands in the row, whatever became of a process that waited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agent.gate.policy import PAGE_AFTER_MIN, REMIND_AFTER_MIN
from agent.humans.port import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.humans.card import Card
    from agent.humans.notices import Kind, Told
    from agent.humans.port import Notifier
    from agent.journal.approvals import Row

STALE_AFTER = timedelta(hours=2)
"""Behind a row's deadline nobody is told of it any more: whoever starts the clock after a night is not flooded."""


@dataclass(frozen=True, slots=True)
class Due:
    """A message for a channel."""

    channel: Notifier
    message: Message


def due(row: Row, card: Card, told: Told, channels: Sequence[Notifier], now: datetime) -> list[Due]:
    """What is to be sent of a row now; `card` is how it stands."""
    if now >= datetime.fromisoformat(row.asked.expires_at) + STALE_AFTER:
        return []
    found = [*_asked(card, told, channels), *_escalated(row, card, told, channels, now)]
    found += [*_updated(card, told, channels), *_answered(card, told, channels)]
    return [each for each in found if told.may_try(each.channel.name, each.message.kind, now)]


def _message(card: Card, kind: Kind, told: Told, channel: str, of: Kind = "ask") -> Message:
    repeated = (channel, kind) in told.intended
    return Message(card.approval_id, kind, card, ref=told.ref(channel, of), repeated=repeated)


def _for(channels: Sequence[Notifier], kind: Kind) -> list[Notifier]:
    return [each for each in channels if kind in each.kinds]


def _asked(card: Card, told: Told, channels: Sequence[Notifier]) -> Iterator[Due]:
    """The first channel that takes it; those that were given up are tried on when no other is left."""
    asking = _for(channels, "ask")
    if not card.waits or any(told.ref(each.name, "ask") is not None for each in asking):
        return
    hopeful = [each for each in asking if not told.is_given_up(each.name, "ask")]
    for channel in hopeful[:1] or asking:
        yield Due(channel, _message(card, "ask", told, channel.name))


def _escalated(row: Row, card: Card, told: Told, channels: Sequence[Notifier], now: datetime) -> Iterator[Due]:
    """One reminder and one page, for as long as nobody has answered; late ones, too, where the clock has jumped."""
    if card.status not in ("pending", "expired"):
        return
    asked_at = datetime.fromisoformat(row.asked.asked_at)
    waited_min = (now - asked_at) / timedelta(minutes=1)
    asking = _for(channels, "ask")
    if waited_min >= REMIND_AFTER_MIN[row.asked.priority]:
        for channel in asking:
            if told.ref(channel.name, "ask") is not None and told.ref(channel.name, "remind") is None:
                yield Due(channel, _message(card, "remind", told, channel.name))
    page_after = PAGE_AFTER_MIN.get(row.asked.priority)
    is_unheard = bool(asking) and all(told.is_given_up(each.name, "ask") for each in asking)
    if page_after is not None and (waited_min >= page_after or (is_unheard and card.waits)):
        for channel in _for(channels, "page"):
            if told.ref(channel.name, "page") is None:
                yield Due(channel, _message(card, "page", told, channel.name))


def _updated(card: Card, told: Told, channels: Sequence[Notifier]) -> Iterator[Due]:
    """Cards that do not show how the row stands; where none can be changed, one more message tells it."""
    for channel in _for(channels, "card"):
        sent = told.sent.get((channel.name, "card")) or told.sent.get((channel.name, "ask"))
        message = _message(card, "card", told, channel.name)
        if sent and sent.shown != channel.shown(message) and not _is_hopeless(told, channel, "card"):
            yield Due(channel, message)
    for channel in _for(channels, "outcome"):
        is_told = told.ref(channel.name, "outcome") is not None
        if told.ref(channel.name, "ask") is not None and not card.waits and not is_told:
            yield Due(channel, _message(card, "outcome", told, channel.name))


def _answered(card: Card, told: Told, channels: Sequence[Notifier]) -> Iterator[Due]:
    """A page of which somebody has decided the row is acknowledged, and resolved once nothing is left to do.

    That of a row which has expired stays: nobody answered it, and somebody should know.
    """
    for channel in _for(channels, "page"):
        if told.ref(channel.name, "page") is None:
            continue
        is_resolved = told.ref(channel.name, "resolve") is not None
        if card.status in ("rejected", "superseded", "used") and not is_resolved:
            yield Due(channel, _message(card, "resolve", told, channel.name))
        elif card.status == "approved" and told.ref(channel.name, "acknowledge") is None:
            yield Due(channel, _message(card, "acknowledge", told, channel.name))


def _is_hopeless(told: Told, channel: Notifier, kind: Kind) -> bool:
    return any(each.is_final for each in told.failures.get((channel.name, kind), ()))
