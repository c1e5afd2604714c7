"""How a session is told to stop: SIGTERM drains it, Ctrl-C interrupts it, and what neither may leave half done.

Signals reach the main thread only; in another thread nothing here does anything about them.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from tools.frame import Stopped

PATIENCE_S = 1.0
DRAIN_S = 6.0
"""So long a change that is under way is waited for: whoever stops a process kills it ten seconds later."""

Handler = Callable[[int, FrameType | None], object]


class StopSignal:
    """Set once somebody wants the session to stop; waiting on it wakes at once."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._at_once = False
        self._interrupts = 0
        self._ending = False
        self._impatient = False
        self._drained: threading.Timer | None = None

    def set(self) -> None:
        """Ask for the stop."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether the stop was asked for."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Stopped` when the stop was asked for: called between steps, so that the one in hand ends."""
        if self.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        """Wait; raises `Stopped` when the stop is asked for."""
        if self._event.wait(seconds):
            raise Stopped

    @contextlib.contextmanager
    def on_sigterm(self) -> Iterator[None]:
        """Set by SIGTERM while inside; Ctrl-C raises KeyboardInterrupt.

        What is under way may end, but for no longer than `DRAIN_S`: then it is left, as by Ctrl-C, and a resume
        looks what came of it.
        """
        try:
            with _handling(signal.SIGTERM, self._terminate), _handling(signal.SIGINT, self._interrupt):
                try:
                    yield
                finally:
                    self._end_draining()
        finally:
            if self._interrupts:  # the process ends by it: there is nothing more to interrupt
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _terminate(self, _number: int, _frame: FrameType | None) -> None:
        self.set()
        is_over = self._drained is not None and self._drained.finished.is_set() and not self._ending
        if self._at_once or is_over:
            self._at_once = False
            raise Stopped
        if self._drained is None:
            self._drained = threading.Timer(DRAIN_S, _terminate_again)
            self._drained.daemon = True
            self._drained.start()

    def _end_draining(self) -> None:
        """From here on no SIGTERM of our own comes."""
        self._ending = True
        if self._drained is not None:
            self._drained.cancel()
            self._drained.join()

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupts += 1
        if not self._ending or (self._impatient and self._interrupts > 1):
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside, SIGTERM stops at once, for nothing is changed here: a question to a person, a read."""
        self.check()
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    @contextlib.contextmanager
    def uninterrupted(self) -> Iterator[None]:
        """Inside, Ctrl-C waits: the end protocol takes a moment, and half of it is worth nothing.

        The second Ctrl-C of a process raises KeyboardInterrupt, once it has taken longer than `PATIENCE_S`: a
        hook of git may take for ever, and a resume does what is left.
        """
        patience = threading.Timer(PATIENCE_S, self._lose_patience)
        patience.daemon = True
        self._at_once, self._ending, self._impatient = False, True, False
        try:
            with _handling(signal.SIGINT, self._interrupt):
                patience.start()
                yield
        finally:
            patience.cancel()
            self._ending = False

    def _lose_patience(self) -> None:
        self._impatient = True
        if self._interrupts > 1:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _terminate_again() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


class HeldBack:
    """SIGINT and SIGTERM, held back from enter to exit, and then delivered as if they came just now."""

    def __init__(self) -> None:
        self.came: list[int] = []
        """Those that were delivered inside `let_through`."""
        self._waiting: list[int] = []
        self._through = False
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> HeldBack:
        for number in (signal.SIGINT, signal.SIGTERM):
            if _is_heard(number):
                self._before[number] = signal.getsignal(number)
                signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        while self._waiting:
            signal.raise_signal(self._waiting.pop(0))

    @contextlib.contextmanager
    def let_through(self) -> Iterator[None]:
        """Inside, they are delivered as they come: something waits here for somebody else."""
        self._through = True
        try:
            while self._waiting:
                self._take(self._waiting.pop(0), None)
            yield
        finally:
            self._through = False

    def _take(self, number: int, frame: FrameType | None) -> None:
        if not self._through:
            self._waiting.append(number)
            return
        self.came.append(number)
        handler = self._before[number]
        if callable(handler):
            handler(number, frame)
        else:  # the system's own, which ends the process
            signal.signal(number, handler)
            signal.raise_signal(number)


@contextlib.contextmanager
def held_from_children() -> Iterator[None]:
    """A process that is started inside never sees the terminal's Ctrl-C: whoever started it decides its end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _handling(number: signal.Signals, handler: Handler) -> Iterator[None]:
    """Inside, the handler gets the signal."""
    if not _is_heard(number):
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def _is_heard(number: signal.Signals) -> bool:
    """Whether it can be handled here, and whoever started the process has not had it ignored (`nohup`, `&`)."""
    return _in_main_thread() and signal.getsignal(number) is not signal.SIG_IGN


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
