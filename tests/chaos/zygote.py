"""The fork server: a process that has imported everything once and forks a victim at a time.

`python -m tests.chaos.zygote FD...`: it serves each of these sockets in a process of its own. Neither it nor those
ever start a thread, send a request or open a database, so that what they fork is as if it had just been started.

A job comes as one message, with the pipe for its steps. It is answered twice: with the process id, and when the
process has died with its status. Until it is asked to `reap`, the dead process keeps its id: nobody else gets it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from tests.chaos.victim import Job, run

MESSAGE_BYTES = 65_536
IMPORTED = (
    "agent.app", "agent.session", "agent.graph", "agent.cli.run", "agent.cli.approvals", "agent.nodes.close",
    "agent.output", "agent.console", "agent.rollback", "agent.model.claude.turn", "agent.changeset",
    "tools.catalog", "kubernetes.client", "kubernetes.config", "git", "yaml", "pydantic", "anthropic", "httpx",
    "rich.console", "tests.baseline.plain", "tests.baseline.effects", "tests.baseline.model",
    "tests.baseline.__main__",
)  # fmt: skip


class Zygote:
    """One line to the fork server: at most one victim at a time."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    @contextmanager
    def victim(self, job: Job) -> Iterator[Victim]:
        """A process at work; it has ended, or is killed, when this is left. What it started may live on."""
        reading, writing = os.pipe()
        try:
            socket.send_fds(self._line, [json.dumps(asdict(job)).encode()], [writing])
        finally:
            os.close(writing)
        victim = Victim(self._line, int(self._heard()["pid"]), reading)
        try:
            yield victim
        finally:
            victim.end()
            self._line.send(b"reap")
            self._heard()
            os.close(reading)

    def _heard(self) -> dict[str, Any]:
        return _heard(self._line)


class Victim:
    """A process that was forked; its id stays its own until `Zygote.victim` is left."""

    def __init__(self, line: socket.socket, pid: int, steps: int) -> None:
        self.pid = pid
        self.steps = steps
        """The reading end of a pipe: a line a step."""
        self._line = line
        self._status: int | None = None

    def kill(self, *, alone: bool) -> None:
        """SIGKILL, to it and to what it started; `alone`: to it only."""
        try:
            (os.kill if alone else os.killpg)(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # it has not come to make its group, or all of it is gone
            os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill it if it still lives."""
        if self._status is None:
            self.kill(alone=False)
            self.wait()

    def wait(self) -> int:
        """Its exit code; -9 when it was killed."""
        if self._status is None:
            self._status = int(_heard(self._line)["status"])
        return self._status


def _heard(line: socket.socket) -> dict[str, Any]:
    message = line.recv(MESSAGE_BYTES)
    if not message:
        raise EOFError("the fork server is gone")
    heard: dict[str, Any] = json.loads(message)
    return heard


@contextmanager
def zygotes(count: int) -> Iterator[list[Zygote]]:
    """So many lines to one fork server, which ends when this is left."""
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(count)]
    theirs = [pair[1].fileno() for pair in pairs]
    server = subprocess.Popen(  # it must not be a fork of this process, which has threads
        [sys.executable, "-m", "tests.chaos.zygote", *map(str, theirs)], pass_fds=theirs, start_new_session=True
    )
    for _, other in pairs:
        other.close()
    try:
        for line, _ in pairs:
            _heard(line)
        yield [Zygote(line) for line, _ in pairs]
    finally:
        for line, _ in pairs:
            line.close()
        server.wait(timeout=30)


def serve(line: socket.socket) -> None:
    """Fork a victim for each job, until nobody asks any more."""
    line.send(b"{}")
    while True:
        message, fds, _, _ = socket.recv_fds(line, MESSAGE_BYTES, 1)
        if not message:
            return
        (pipe,) = fds
        pid = os.fork()
        if pid == 0:
            line.close()
            os._exit(run(_job(message), pipe))
        os.close(pipe)
        line.send(json.dumps({"pid": pid}).encode())
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        line.send(json.dumps({"status": _status(pid)}).encode())
        line.recv(MESSAGE_BYTES)
        os.waitpid(pid, 0)
        line.send(b"{}")


def _job(message: bytes) -> Job:
    given = json.loads(message)
    return Job(**{**given, "arguments": tuple(given["arguments"])})


def _status(pid: int) -> int:
    info = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    if info is None:
        raise ChildProcessError(pid)
    return info.si_status if info.si_code == os.CLD_EXITED else -info.si_status


def _import() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    from agent.journal.events import TYPES, _adapter
    from tools.catalog import TOOLS

    for name in TYPES:
        _adapter(name)
    for tool in TOOLS:
        tool.schema  # noqa: B018  kept by the tool
    if threading.active_count() > 1:
        raise RuntimeError(f"an import started a thread: {threading.enumerate()}")


def main(descriptors: list[int]) -> None:
    """Import, then serve each line in a process of its own."""
    _import()
    gc.freeze()
    lines = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    for line in lines:
        if os.fork() == 0:
            for other in lines:
                if other is not line:
                    other.close()
            serve(line)
            os._exit(0)
    for line in lines:
        line.close()
    for _ in lines:
        os.wait()


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]])
