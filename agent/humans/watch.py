"""`desk watch`: asks people, reminds them, pages, tells how it was decided; each thing once.

Of several processes one sends, by a lease that goes with it; the others take over. A message is written down before
it is sent, and what came of it afterwards. What was begun and has no end is looked for in the channel first.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from agent.errors import BrokenJournal, JournalError, LeaseHeld
from agent.humans import notices
from agent.humans.card import card
from agent.humans.clock import STALE_AFTER, Due, due
from agent.humans.notices import REPEATABLE, Failure
from agent.humans.port import Message, Undelivered
from agent.journal import approvals
from agent.journal.events import NoticeFailed, NoticeIntended, NoticeSent

if TYPE_CHECKING:
    from agent.humans.notices import Told
    from agent.humans.port import Notifier
    from agent.journal.approvals import Row
    from agent.journal.journal import Journal
    from tools.json import Json

LEASE = "watch"
EVERY_S = 1.0
SETTLES_S = 3.0
"""So long a message whose sender was killed may still be on its way: it is not looked for sooner."""

log = logging.getLogger(__name__)


class Watch:
    """The clock over a journal's rows. `messages` gives what is to be told besides rows, each once.

    Of those that have the same `lease` one sends.
    """

    def __init__(
        self,
        journal: Journal,
        channels: Sequence[Notifier],
        now: Callable[[], datetime],
        *,
        page_url: str = "",
        messages: Callable[[datetime], Sequence[Message]] = lambda _now: (),
        lease: str = LEASE,
    ) -> None:
        self._journal = journal
        self._channels = channels
        self._now = now
        self._page_url = page_url
        self._messages = messages
        self._lease = lease
        self._sandboxes: dict[str, bool] = {}
        self._resting: dict[str, Failure] = {}
        """The channels that were asked too often."""

    def run(self, sleep: Callable[[float], None]) -> NoReturn:
        """Send what is due, for ever: what `sleep` raises ends it. Waits while another process sends."""
        while True:
            with contextlib.suppress(LeaseHeld), self._journal.lease(self._lease):
                self._while_leased(sleep)
            sleep(EVERY_S)

    def once(self) -> None:
        """Send what is due now, and nothing where another process does."""
        try:
            with self._journal.lease(self._lease):
                self.tick()
        except LeaseHeld:
            log.info("another process sends")

    def _while_leased(self, sleep: Callable[[float], None]) -> NoReturn:
        while True:
            try:
                self.tick()
            except BrokenJournal:
                raise
            except JournalError as error:
                log.warning("%s", error)
            sleep(EVERY_S)

    def tick(self) -> None:
        """One look at every row: expire what is late, send what is due."""
        approvals.expire(self._journal, self._now())
        for row in self._recent():
            told = notices.of(self._journal, row.asked.approval_id)
            shown = card(row, told, self._now(), self._page_url)
            for each in due(row, shown, told, self._channels, self._now()):
                self._send(each, told)
        for message in self._messages(self._now()):
            self._tell(message)

    def _recent(self) -> list[Row]:
        """The rows that somebody is to hear of: a sandbox ends with its process, and nobody can decide there."""
        rows = approvals.since(self._journal, self._now() - STALE_AFTER)
        return [row for row in rows if not self._is_of_sandbox(row.session)]

    def _is_of_sandbox(self, session: str) -> bool:
        if session not in self._sandboxes:
            begun = next(self._journal.entries(session, ("session_started",)))
            self._sandboxes[session] = bool(begun.body["sandbox"])
        return self._sandboxes[session]

    def _tell(self, message: Message) -> None:
        """A message of no row: to the first channel that takes it."""
        told = notices.of(self._journal, message.about)
        channels = [each for each in self._channels if message.kind in each.kinds]
        if any(told.ref(each.name, message.kind) is not None for each in channels):
            return
        hopeful = [each for each in channels if not told.is_given_up(each.name, message.kind)]
        for channel in hopeful[:1]:
            if told.may_try(channel.name, message.kind, self._now()):
                self._send(Due(channel, message), told)

    def _send(self, each: Due, told: Told) -> None:
        channel, message = each.channel, each.message
        if (limit := self._resting.get(channel.name)) and not limit.is_over(self._now()):
            return
        begun = told.intended.get((channel.name, message.kind))
        try:
            if begun is not None and message.kind not in REPEATABLE:
                if timedelta() <= self._now() - begun < timedelta(seconds=SETTLES_S):
                    return
                if (found := channel.find(message)) is not None:
                    return self._sent(each, found)
            self._journal.append(message.about, NoticeIntended(message.about, channel.name, message.kind))
            self._sent(each, channel.send(message))
        except Undelivered as error:
            self._failed(each, told, error)

    def _sent(self, each: Due, ref: Json) -> None:
        channel, message = each.channel, each.message
        shown = channel.shown(message)
        self._journal.append(message.about, NoticeSent(message.about, channel.name, message.kind, ref, shown))
        log.info("sent", extra={"about": message.about, "channel": channel.name, "kind": message.kind})

    def _failed(self, each: Due, told: Told, error: Undelivered) -> None:
        channel, message = each.channel, each.message
        before = len(told.failures.get((channel.name, message.kind), ()))
        failed = NoticeFailed(
            message.about,
            channel.name,
            message.kind,
            str(error),
            notices.wait_s(before, error.retry_after_s),
            error.is_final,
            error.maybe_sent,
            error.is_limit,
        )
        self._journal.append(message.about, failed)
        if error.is_limit:
            self._resting[channel.name] = Failure(self._now(), failed.wait_s, is_final=False, is_limit=True)
        log.warning("not sent: %s", error, extra={"about": message.about, "channel": channel.name})
