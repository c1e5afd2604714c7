"""Desk as a process that dies of SIGKILL at a point of its own choice: around an effect, a commit, a token, a
request.

`start(point, ...)` is `tests.forked.start` for such a process. A point says where, and at which such place counted
from the process' start: `after effect:2`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests import forked

LOOT = "TEST_LOOT"
"""Variable: the file into which a process that dies before it has written a token to its place writes it."""


def start(point: str, arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> forked.Desk:
    """The program with these arguments, which dies at `point`."""
    given = {"arguments": [*arguments], "cwd": str(cwd), "env": dict(env), "point": point}
    out, its_out = os.pipe()
    err, its_err = os.pipe()
    its_in = os.open(os.devnull, os.O_RDONLY)
    try:
        line = forked.ask("tests.cluster.dying:desk", given, [its_in, its_out, its_err], forked.PROGRAM)
    finally:
        for fd in (its_in, its_out, its_err):
            os.close(fd)
    return forked.Desk(line, arguments, out, err)


def desk(given: Mapping[str, Any], fds: Sequence[int]) -> int:
    """In the process: be the program, with the way to its end prepared."""
    _prepare(*given["point"].split(":"))
    return forked.desk(given, fds)


def _prepare(point: str, number: str) -> None:
    from agent.session.nodes import record
    from agent.session.nodes.effect import Sending
    from tools.changes.kubeconfigs import KubeconfigDriver
    from tools.cloud.aws.client import Aws
    from tools.cluster.client import HttpCluster

    where: Mapping[str, tuple[Any, str]] = {
        "effect": (Sending, "_sent"), "commit": (record, "record_subtask"), "token": (HttpCluster, "issue_token"),
        "file": (KubeconfigDriver, "_write"), "request": (Aws, "call"),
    }  # fmt: skip
    side, _, what = point.partition(" ")
    owner, name = where[what]
    setattr(owner, name, _dying(getattr(owner, name), side, int(number)))


def _dying(really: Callable[..., Any], side: str, number: int) -> Callable[..., Any]:
    times = 0

    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal times
        times += 1
        if times == number and side == "before":
            _keep_token(arguments[-1])
            os.kill(os.getpid(), signal.SIGKILL)
        result = really(*arguments, **named)
        if times == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


def _keep_token(argument: object) -> None:
    if isinstance(argument, str) and argument.count(".") == 2:
        Path(os.environ[LOOT]).write_text(argument)
