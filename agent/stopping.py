"""How a session is told to stop: SIGTERM drains it, Ctrl-C interrupts it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from tools.frame import Stopped


class StopSignal:
    """Set once somebody wants the session to stop; waiting on it wakes at once."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._at_once = False

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
        """Set by SIGTERM while inside. Signals reach the main thread only; elsewhere this does nothing."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handle(_number: int, _frame: FrameType | None) -> None:
            self.set()
            if self._at_once:
                raise Stopped

        before = signal.signal(signal.SIGTERM, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

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
        """Inside, Ctrl-C waits: the end protocol takes a moment, and half of it is worth nothing."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
