"""A program at a terminal: typed to, and read as a person sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

WITHIN_S = 60.0
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[>=]|\x07|\r")


class Terminal:
    """Runs a program at a terminal of its own; leaving the block ends it, if it has not ended itself."""

    def __init__(
        self, *command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, columns: int = 100
    ) -> None:
        self._screen = b""
        self._read_to = 0
        pid, self._terminal = pty.fork()
        if pid == 0:  # pragma: no cover  the child
            os.chdir(cwd or Path.cwd())
            os.execvpe(command[0], command, {**os.environ, "TERM": "xterm", **(env or {})})
        self._pid = pid
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def press(self, text: str) -> None:
        """Press keys."""
        os.write(self._terminal, text.encode())

    def wait_for(self, text: str) -> str:
        """All that was shown since the last wait, up to this text; fails where it does not come."""
        end = time.monotonic() + WITHIN_S
        while text not in self.shown()[self._read_to :]:
            if not self._reads(end):
                raise AssertionError(f"{text!r} did not come. What came:\n{self.shown()[self._read_to :]}")
        until = self.shown().index(text, self._read_to) + len(text)
        said, self._read_to = self.shown()[self._read_to : until], until
        return said

    def ends(self) -> int:
        """The exit code, after all that it says."""
        end = time.monotonic() + WITHIN_S
        while self._reads(end):
            pass
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)

    def shown(self) -> str:
        """All of it, without what only moves or colours."""
        return _CONTROL.sub("", self.raw())

    def raw(self) -> str:
        """All of it, as the terminal got it."""
        return self._screen.decode(errors="replace")

    def _reads(self, end: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, end - time.monotonic()))
        try:
            said = os.read(self._terminal, 65536) if ready else b""
        except OSError:  # the program has ended
            said = b""
        self._screen += said
        return bool(said)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._terminal)
