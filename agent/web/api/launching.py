"""Who runs a session that was asked for: the port, and processes of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Protocol

SAID_BYTES = 2_000


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended; `said` is the end of what it wrote to standard error."""

    session_key: str
    exit_code: int
    said: str


class Launcher(Protocol):
    """Starts what begins the task of a key, or goes on with it; the journal says the rest, to the process too."""

    def launch(self, session_key: str) -> str:
        """Start it, and give what it is called; raises `OSError`."""

    def stop(self, session_key: str, pid: int) -> None:
        """Have it end in order. `pid` is that of the process which holds the lease; 0: not of this machine."""

    def ended(self) -> list[Ended]:
        """Those that have ended since this was last asked."""

    def holds(self, session_key: str) -> bool:
        """Whether one that was started here has not ended."""


class Processes:
    """Processes of this machine, each in a session of its own: they outlive whoever started them."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._running: dict[str, tuple[subprocess.Popen[bytes], IO[bytes]]] = {}

    def launch(self, session_key: str) -> str:
        """`desk run --session-key KEY`: it finds the rest in the journal."""
        said = tempfile.TemporaryFile()  # noqa: SIM115  it is closed when the process has ended
        process = subprocess.Popen(  # noqa: S603
            [*self._command, f"--session-key={session_key}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
        )  # fmt: skip
        self._running[session_key] = (process, said)
        return f"process {process.pid}"

    def stop(self, session_key: str, pid: int) -> None:
        """SIGTERM, as a pod would get it."""
        if session_key in self._running:
            self._running[session_key][0].terminate()
        elif pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGTERM)

    def ended(self) -> list[Ended]:
        """Those that have ended since this was last asked."""
        over = [
            (key, code, said) for key, (each, said) in self._running.items() if (code := each.poll()) is not None
        ]
        for key, _, _ in over:
            del self._running[key]
        return [Ended(key, code, _end_of(said)) for key, code, said in over]

    def holds(self, session_key: str) -> bool:
        """Whether one that was started here has not ended."""
        return session_key in self._running


def _end_of(said: IO[bytes]) -> str:
    with said:
        size = said.seek(0, os.SEEK_END)
        said.seek(max(0, size - SAID_BYTES))
        return said.read().decode("utf-8", "replace").strip()
