"""What is to be started, stopped and cancelled of what was asked for, from the journal alone.

A server that is started anew goes on where the one before was killed: what it has not seen started, and what no
process runs, it starts. Of several servers of a journal one does this, by a lease.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, NoReturn

from agent.errors import BrokenJournal, DeskError, ExitCode, JournalError, LeaseHeld
from agent.journal import approvals
from agent.journal.events import LaunchFailed, SessionClosed, SessionLaunched, SessionOrdered, SessionPaused
from agent.journal.journal import Journal
from agent.journal.requests import Request, Requests
from agent.journal.summary import stamp
from agent.web.api.launching import Launcher

LEASE = "requests"
EVERY_S = 0.5
STARTS_WITHIN = timedelta(seconds=60)
"""So long a process that another server has started may take until it holds its lease."""
MOST_IN_VAIN = 5
"""So many processes in a row may say nothing in the journal; then no other one is started."""
MOST = 50
"""So many processes are started in all, until somebody orders more: one that is killed each time ends, too."""
FIRST_WAIT_S = 2.0

Step = Literal["launch", "stop", "cancel", "nothing"]

log = logging.getLogger(__name__)


class Running:
    """Runs what was asked for, at most `at_once` at a time, the oldest first."""

    def __init__(
        self,
        journal: Journal,
        requests: Requests,
        launcher: Launcher,
        cancel: Callable[[str], object],
        *,
        at_once: int,
        now: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._requests = requests
        self._launcher = launcher
        self._cancel = cancel
        self._at_once = at_once
        self._now = now
        self._said: dict[str, str] = {}
        """What the last process of a key said that ended in vain."""
        self._told: dict[str, datetime] = {}
        """When a process was last told to stop."""

    def run(self, sleep: Callable[[float], None]) -> NoReturn:
        """Do what is due, for ever: what `sleep` raises ends it. Waits while another process does it."""
        while True:
            try:
                with self._journal.lease(LEASE):
                    while True:
                        self.tick()
                        sleep(EVERY_S)
            except BrokenJournal:
                raise
            except LeaseHeld:
                pass
            except JournalError as error:
                log.warning("%s", error)
            sleep(EVERY_S)

    def tick(self) -> None:
        """One look at all that was asked for and is not over."""
        self._settle()
        unfinished = [each for each in self._requests.read() if not each.is_over]
        for request in unfinished:
            self._end_if_late(request)
        busy = [each for each in self._requests.read() if not each.rests]
        running = {each.chain for each in busy if self._is_running(each)}
        for request in busy:
            match self._next(request, is_running=request.chain in running):
                case "launch" if len(running) < self._at_once:
                    running.add(request.chain)
                    self._launch(request)
                case "stop":
                    self._stop(request)
                case "cancel":
                    self._end(request)
                case _:
                    pass

    def _settle(self) -> None:
        """Hear of the processes that have ended: those that could not begin have written nothing."""
        ended = {each.session_key: each for each in self._launcher.ended()}
        if not ended:
            return
        for request in self._requests.read():
            over = ended.get(request.asked.session_key)
            if over is None or not request.in_vain or request.failed:
                continue
            self._said[request.chain] = over.said or f"its process ended with {over.exit_code}"
            if over.exit_code == ExitCode.USAGE:
                self._give_up(request, over.exit_code)

    def _next(self, request: Request, *, is_running: bool) -> Step:
        if is_running:
            return "stop" if request.cancelled else "nothing"
        if request.cancelled and request.sessions:
            return "cancel"
        return "launch" if request.goes_on or self._can_go_on(request) else "nothing"

    def _can_go_on(self, request: Request) -> bool:
        """Whether another process has something to do; one that waits for a person has not."""
        if not self._waited_enough(request):
            return False
        match request.life:
            case SessionPaused(exit_code=ExitCode.WAITING, approval_id=row) if row:
                return self._is_decided(row, request.sessions[-1])
            case SessionPaused(exit_code=code):
                return code == ExitCode.HANDED_OVER
            case SessionClosed(outcome=outcome):
                return outcome == "handed_over"
            case _:
                return True

    def _waited_enough(self, request: Request) -> bool:
        if not request.in_vain:
            return True
        wait_s = FIRST_WAIT_S * 2.0 ** (request.in_vain - 1)
        return (self._now() - datetime.fromisoformat(request.launched_at)).total_seconds() >= wait_s

    def _is_decided(self, approval_id: str, session: str) -> bool:
        """Of another session's row, once that is used: then there is nothing left to make."""
        row = approvals.at_time(approvals.load(self._journal, approval_id), self._now())
        return row.status not in (("pending",) if row.session == session else approvals.OPEN)

    def _is_running(self, request: Request) -> bool:
        if self._launcher.holds(request.asked.session_key) or self._pid(request) is not None:
            return True
        is_seen = request.chain in self._said  # its end, so that it is known not to begin any more
        since = self._now() - datetime.fromisoformat(request.launched_at) if request.launched_at else STARTS_WITHIN
        return bool(request.in_vain) and not is_seen and timedelta() <= since < STARTS_WITHIN

    def _pid(self, request: Request) -> int | None:
        """The process that runs it now; 0: one that is not known. None: no process does."""
        pid = self._journal.runner(request.chain)
        return pid if pid is not None or not request.sessions else self._journal.runner(request.sessions[-1])

    def _launch(self, request: Request) -> None:
        if request.in_vain >= MOST_IN_VAIN or request.launches >= MOST:
            return self._give_up(request, ExitCode.FAILED)
        self._said.pop(request.chain, None)
        try:
            by = self._launcher.launch(request.asked.session_key)
        except OSError as error:
            self._said[request.chain] = by = f"no process could be started: {error}"
        self._journal.append(request.chain, SessionLaunched(request.asked.session_key, by))
        log.info("launched", extra={"session": request.asked.session, "by": by})

    def _give_up(self, request: Request, code: int) -> None:
        text = self._said.pop(request.chain, "") or "its processes ended before they could begin"
        self._journal.append(request.chain, LaunchFailed(request.asked.session_key, int(code), text))
        log.warning("gave up: %s", text, extra={"session": request.asked.session})

    def _end_if_late(self, request: Request) -> None:
        deadline = request.asked.deadline
        if deadline and not request.cancelled and request.standing != "failed" and deadline <= stamp(self._now()):
            self._journal.append(request.chain, SessionOrdered(request.asked.session_key, "cancel", ""))

    def _stop(self, request: Request) -> None:
        last = self._told.get(request.chain)
        if last is None or self._now() - last >= timedelta(seconds=5):
            self._told[request.chain] = self._now()
            self._launcher.stop(request.asked.session_key, self._pid(request) or 0)

    def _end(self, request: Request) -> None:
        """Cancel what no process runs; where a change is under way, a process looks first what came of it."""
        try:
            self._cancel(request.sessions[-1])
        except LeaseHeld:
            return
        except DeskError as error:
            log.warning("not cancelled yet: %s", error, extra={"session": request.sessions[-1]})
            self._launch(request)
