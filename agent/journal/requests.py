"""Tasks that programs have asked for by a key, and how far they are: a projection of the journal.

All that is written of a key besides its sessions stands in one chain, so that two who ask at once are one.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from agent.errors import DeskError, ExitCode
from agent.journal.events import (
    LaunchFailed,
    SessionClosed,
    SessionLaunched,
    SessionOrdered,
    SessionPaused,
    SessionRequested,
    SessionResumed,
    SessionStarted,
    to_body,
)
from agent.journal.summary import LIFE, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.journal.events import Event
    from agent.journal.journal import Entry, Journal

GOES_ON = (ExitCode.WAITING, ExitCode.HANDED_OVER)
"""What a process ends with when another one is to go on: once it is decided, or at once."""
CHAIN = "session_requested", "session_launched", "launch_failed", "session_ordered"
Standing = Literal["queued", "begun", "failed", "cancelled"]


class KeyTaken(DeskError):
    """The key stands for another task, or for somebody else's."""


class TooMany(DeskError):
    """So many tasks wait already that no other one is taken."""


def chain_of(session_key: str) -> str:
    """The name of a key's chain, and of the lease that whoever runs its task holds."""
    return f"key-{hashlib.sha256(session_key.encode()).hexdigest()[:32]}"


def request_of(journal: Journal, session_key: str) -> SessionRequested | None:
    """What was asked for by a key; None: nothing was."""
    for entry in journal.entries(chain_of(session_key), ("session_requested",)):
        if isinstance(entry.event, SessionRequested):
            return entry.event
    return None


@dataclass
class Request:
    """What was asked for by a key, and what has become of it."""

    asked: SessionRequested
    at: str
    sessions: list[str] = field(default_factory=list)
    """The sessions that its task has had, the first one first; each one behind another follows it."""
    life: Event | None = None
    """What the newest of them last said of how it stands."""
    launched_at: str = ""
    launches: int = 0
    """How many processes were started since somebody last ordered anything."""
    in_vain: int = 0
    """How many processes were started since it last said anything."""
    failed: LaunchFailed | None = None
    cancelled: SessionOrdered | None = None
    goes_on: bool = False
    """Whether somebody wants it to be gone on with, however its last process has ended."""

    @property
    def chain(self) -> str:
        """The name of its chain."""
        return chain_of(self.asked.session_key)

    @property
    def standing(self) -> Standing:
        """How it stands before it has a session; `begun` once it has one."""
        if self.sessions:
            return "begun"
        return "cancelled" if self.cancelled else "failed" if self.failed else "queued"

    @property
    def is_over(self) -> bool:
        """Whether its task has ended; one that was handed over is followed."""
        if not self.sessions:
            return self.standing == "cancelled"
        return isinstance(self.life, SessionClosed) and (self.life.outcome != "handed_over" or bool(self.cancelled))

    @property
    def rests(self) -> bool:
        """Whether nothing more becomes of it by itself."""
        if self.goes_on or not (self.is_over or self.failed or isinstance(self.life, SessionPaused)):
            return False
        goes_on = isinstance(self.life, SessionPaused) and self.life.exit_code in GOES_ON
        return self.is_over or self.failed is not None or not (goes_on or self.cancelled)

    def apply(self, entry: Entry) -> None:
        """Add one event of its chain, or of one of its sessions."""
        match event := entry.event:
            case SessionLaunched():
                self.launched_at, self.goes_on = entry.at, False
                self.launches, self.in_vain = self.launches + 1, self.in_vain + 1
            case LaunchFailed():
                self.failed = event
            case SessionOrdered(order=order):
                self.failed, self.launches, self.in_vain = None, 0, 0
                self.cancelled = event if order == "cancel" else self.cancelled
                self.goes_on = order == "resume"
            case SessionStarted():
                self.sessions.append(entry.session)
                self.life, self.in_vain = event, 0
            case SessionResumed() | SessionPaused() | SessionClosed() if entry.session == self.sessions[-1]:
                if not isinstance(self.life, SessionClosed):  # it was gone on with only to commit its end
                    self.life, self.in_vain = event, 0
            case _:
                """Nothing else says how it stands."""


class Requests:
    """All that was asked for; each event is read once. Safe for several threads."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._after = 0
        self._of_chain: dict[str, Request] = {}
        self._of_session: dict[str, Request] = {}
        self._lock = threading.Lock()

    def read(self) -> list[Request]:
        """All of them as they stand now, oldest first."""
        with self._lock:
            newest = self._journal.newest()
            for entry in self._journal.entries(types=(*CHAIN, *LIFE), after=self._after):
                if entry.seq > newest:
                    break
                self._apply(entry)
            self._after = max(self._after, newest)
            return list(self._of_chain.values())

    def of_chain(self, chain: str) -> Request | None:
        """That of a key's chain."""
        self.read()
        return self._of_chain.get(chain)

    def of_session(self, session: str) -> Request | None:
        """That which a session is of, or is to be; None: nobody asked for it so."""
        self.read()
        return self._of_session.get(session)

    def _apply(self, entry: Entry) -> None:
        event = entry.event
        if isinstance(event, SessionRequested):
            self._of_chain[entry.session] = self._of_session[event.session] = Request(event, entry.at)
            return
        if isinstance(event, SessionStarted) and event.session_key:
            request = self._of_chain.get(chain_of(event.session_key))
            if request is not None:
                self._of_session[entry.session] = request
        found = self._of_chain.get(entry.session) or self._of_session.get(entry.session)
        if found is not None:
            found.apply(entry)


def accept(
    journal: Journal, requests: Requests, asked: SessionRequested, refuse: Callable[[list[Request]], None]
) -> tuple[Request, bool]:
    """Write down what is asked for, once a key; gives it as it stands, and whether it is new.

    `refuse` is given what there is already, and raises what speaks against one more. Raises `KeyTaken`.
    """
    chain, asked = chain_of(asked.session_key), _masked(journal, asked)
    with journal.transaction() as transaction:
        transaction.lock(chain)
        known = request_of(journal, asked.session_key)
        if known is None:
            _refuse_key_of_command(journal, asked.session_key)
            refuse(requests.read())
            transaction.append(chain, asked)
    if known is not None and not _is_same(known, asked):
        raise KeyTaken(
            f"The key {asked.session_key} stands for another request, of session {known.session}. "
            "Send what was sent then, or choose another key."
        )
    # a store may show what was just written a moment later to those who read all of it
    return requests.of_chain(chain) or Request(known or asked, stamp(datetime.now(UTC))), known is None


def _masked(journal: Journal, asked: SessionRequested) -> SessionRequested:
    """As the journal has it, so that what is asked again is the same."""
    masked = journal.redactor.redact(to_body(asked))
    return msgspec.convert(masked, SessionRequested)


def _is_same(known: SessionRequested, asked: SessionRequested) -> bool:
    names = (
        "task",
        "namespace",
        "requester",
        "sandbox",
        "read_only",
        "dry_run",
        "settings",
        "deadline",
        "callback",
    )
    return all(getattr(known, name) == getattr(asked, name) for name in names)


def _refuse_key_of_command(journal: Journal, key: str) -> None:
    """Raises `KeyTaken` for a key that `desk run --session-key` has begun a task by."""
    for entry in journal.entries(types=("session_started",)):
        if entry.body.get("session_key") == key:
            raise KeyTaken(
                f"The key {key} stands for a task that was begun at a command line, session {entry.session}. "
                "Choose another key."
            )
