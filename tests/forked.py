"""The program as a process of its own, forked from one that has imported everything: it begins at once.

    desk = forked.start(["run", "why does checkout crash?"], cwd=workspace)
    out, err = desk.communicate()

Each is a process like any other: it has its own id and group, and can be told to stop, or killed. Only its imports
are somebody else's; what they cost is watched by `tests/agent/cli/test_start.py`, with interpreters of their own.

`python -m tests.forked LISTENING LIFE` is the fork server: it never starts a thread, sends a request or opens a
database, so that what it forks is as if it had just been started. It ends when the other end of LIFE is closed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[1]
ENVIRONMENT = dict(os.environ)
"""Of the fork server: as it was before any test changed it."""
MESSAGE_BYTES = 200_000
ENDS_WITHIN_S = 60.0
PROGRAM = (
    "agent.app", "agent.session.run", "agent.session.graph", "agent.session.nodes.close", "agent.session.rollback",
    "agent.surfaces.session_documents", "agent.surfaces.console", "agent.workspace.changeset", "agent.docs.tables",
    "tools.catalog", "kubernetes.client", "kubernetes.config",
    "git", "yaml", "pydantic", "rich.console",
    *(f"agent.cli.{name}" for name in ("run", "sessions", "approvals", "debug", "workspace", "tools", "journal")),
)  # fmt: skip
CLAUDE = ("agent.model.claude.turn", "anthropic", "httpx")
"""What else a session with Claude imports."""


class Forked:
    """A process that the server has forked. Its id stays its own until `let_go`."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self.pid = int(self._heard(None))
        self.returncode: int | None = None
        """Its exit code, once it was waited for; -9 when it was killed."""

    def send_signal(self, number: int) -> None:
        """To it, and to it alone."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code."""
        if self.returncode is None:
            self.returncode = int(self._heard(timeout))
        return self.returncode

    def let_go(self) -> None:
        """From now on somebody else may get its id."""
        self._line.close()

    def _heard(self, timeout: float | None) -> bytes:
        self._line.settimeout(timeout)
        heard = self._line.recv(MESSAGE_BYTES)
        if not heard:
            raise EOFError("the fork server is gone")
        return heard


class Desk(Forked):
    """The program, at work."""

    def __init__(self, line: socket.socket, args: Sequence[str], out: int, err: int) -> None:
        super().__init__(line)
        self.args = list(args)
        self._out, self._err = _Reader(out), _Reader(err)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has printed, when it has ended and nobody else has its output any more.

        Raises: subprocess.TimeoutExpired.
        """
        until = None if timeout is None else time.monotonic() + timeout
        try:
            out, err = (reader.text(until) for reader in (self._out, self._err))
            self.wait(None if until is None else max(0.01, until - time.monotonic()))
        except TimeoutError:
            raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
        self.let_go()
        return out, err


class _Reader:
    """Reads a pipe to its end, so that nobody ever waits to be read."""

    def __init__(self, fd: int) -> None:
        self._data = b""
        self._thread = threading.Thread(target=self._read, args=(fd,), daemon=True)
        self._thread.start()

    def _read(self, fd: int) -> None:
        with open(fd, "rb") as pipe:
            self._data = pipe.read()

    def text(self, until: float | None) -> str:
        self._thread.join(None if until is None else max(0.0, until - time.monotonic()))
        if self._thread.is_alive():
            raise TimeoutError
        return io.TextIOWrapper(io.BytesIO(self._data), encoding="utf-8").read()


def start(
    arguments: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    clock_s: float = 0.0,
) -> Desk:
    """The program with these arguments; no terminal.

    `stdin` is short: what a pipe holds. `clock_s` is by how much its clock is wrong.
    """
    args, environment = [*map(str, arguments)], dict(os.environ if env is None else env)
    given = {"arguments": args, "cwd": str(cwd or Path.cwd()), "env": environment, "clock_s": clock_s}
    imports = (*PROGRAM, *(CLAUDE if "ANTHROPIC_API_KEY" in environment else ()))
    work = "tests.faults.shifted:desk" if clock_s else "tests.forked:desk"
    out, its_out = os.pipe()
    err, its_err = os.pipe()
    its_in, into = os.pipe()
    try:
        os.write(into, stdin.encode())
        line = ask(work, given, [its_in, its_out, its_err], imports)
    finally:
        for fd in (its_in, into, its_out, its_err):
            os.close(fd)
    return Desk(line, args, out, err)


def run(
    arguments: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    timeout: float = ENDS_WITHIN_S,
) -> subprocess.CompletedProcess[str]:
    """The program, run to its end; killed when it takes longer than `timeout` seconds."""
    process = start(arguments, cwd=cwd, env=env, stdin=stdin)
    try:
        out, err = process.communicate(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.wait(), out, err)


def ask(work: str, given: Mapping[str, Any], fds: Sequence[int], imports: Sequence[str]) -> socket.socket:
    """Fork a process that does `work` ("module:function") with `given` and these files; gives the line to it."""
    module = work.partition(":")[0]
    with _MAKING:
        server = _server(module)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    line.connect(server.address)
    message = json.dumps({"work": work, "given": given, "imports": [module, *imports]}).encode()
    socket.send_fds(line, [message], [*fds])
    return line


class _Server:
    """The way to the fork server, which ends with this process at the latest."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="forked-")
        self.address = str(Path(self._folder.name) / "s")
        self._life, its_life = socket.socketpair()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening, its_life:
            listening.bind(self.address)
            listening.listen(128)
            fds = (listening.fileno(), its_life.fileno())
            self._process = subprocess.Popen(  # it must not be a fork of this process, which has threads
                [sys.executable, "-m", "tests.forked", *map(str, fds)],
                cwd=TOP, env=ENVIRONMENT, pass_fds=fds, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip


_MAKING = threading.Lock()


@cache
def _server(module: str) -> _Server:
    """The one of this process for work of a module: each has a server, which imports it before all else."""
    return _Server()


# --- in the server ---------------------------------------------------------------------------------------


def desk(given: Mapping[str, Any], fds: Sequence[int]) -> int:
    """Be the program: its streams, environment and arguments are those given."""
    from agent.__main__ import program

    for stream, fd in enumerate(fds):
        os.dup2(fd, stream)
        os.close(fd)
    os.environ.clear()
    os.environ.update(given["env"])
    os.chdir(given["cwd"])
    sys.argv = ["desk", *given["arguments"]]
    program()


def serve(listening: socket.socket, life: socket.socket) -> None:
    """Fork what is asked for, until nobody asks any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # attendants leave nothing behind
    while True:
        readable, _, _ = select.select([listening, life], [], [])
        if life in readable:
            return
        line, _ = listening.accept()
        message, fds, _, _ = socket.recv_fds(line, MESSAGE_BYTES, 8)
        if message:
            asked = json.loads(message)
            _import(asked["imports"])
            if os.fork() == 0:
                listening.close()
                life.close()
                _attend(line, asked, fds)
                os._exit(0)
        for fd in fds:
            os.close(fd)
        line.close()


def _import(names: Sequence[str]) -> None:
    """Once, for whoever is forked from now on."""
    missing = [name for name in names if name not in sys.modules]
    for name in missing:
        importlib.import_module(name)
    if missing:
        _make_schemas()
        gc.collect()
        gc.freeze()
    if threading.active_count() > 1:
        raise RuntimeError(f"an import started a thread: {threading.enumerate()}")


def _make_schemas() -> None:
    """What the program makes once in its life, from its code alone."""
    from tools.catalog import TOOLS

    for tool in TOOLS:
        tool.schema  # noqa: B018  kept by the tool


def _attend(line: socket.socket, asked: Mapping[str, Any], fds: Sequence[int]) -> None:
    """Fork it, tell its id, and when it has ended how; keep its id until nobody is at the line any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        line.close()
        os.setpgid(0, 0)
        os._exit(_do(asked, fds))
    os.setpgid(pid, pid)
    for fd in fds:
        os.close(fd)
    line.send(str(pid).encode())
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    with contextlib.suppress(BrokenPipeError):  # whoever asked is gone
        line.send(str(ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status).encode())
        line.recv(1)
    os.waitpid(pid, 0)


def _do(asked: Mapping[str, Any], fds: Sequence[int]) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    module, _, name = asked["work"].partition(":")
    code: int = getattr(importlib.import_module(module), name)(asked["given"], fds)
    return code


def main() -> None:
    """Serve, as the arguments say."""
    listening, life = (socket.socket(fileno=int(fd)) for fd in sys.argv[1:])
    serve(listening, life)


if __name__ == "__main__":
    main()
