"""What runs in a process that may be killed at any moment: one command of Desk, or a run of the plain agent."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tests import forked
from tests.chaos import broken
from tests.chaos.script import step_of

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

    from agent.journal.journal import Entry
    from agent.settings import Settings

Kind = Literal["start", "resume", "command", "plain"]
Report = Callable[[str, str], None]
"""(step, what it says)."""
NO_KEY_BUT_A_WORD = "a-key-that-opens-nothing"
IMPORTED = (
    *forked.PROGRAM, *forked.CLAUDE, "tests.baseline.plain", "tests.baseline.effects",
    "tests.baseline.model", "tests.baseline.__main__",
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """What a process is to do. `fatal` is the step at which it kills itself."""

    kind: Kind
    workspace: str
    log: str
    kubeconfig: str = ""
    model_url: str = ""
    task: str = ""
    namespace: str = ""
    session: str | None = None
    arguments: tuple[str, ...] = ()
    """Of a command of Desk; for `plain` the URL of its effects, and how durable its saver is."""
    fatal: str = ""
    broken: str = ""
    """Which fault it has on purpose (tests.chaos.broken)."""


def work(given: Mapping[str, Any], fds: Sequence[int]) -> int:
    """`run`, in a process that `tests.forked` has made."""
    (pipe,) = fds
    return run(Job(**{**given, "arguments": tuple(given["arguments"])}), pipe)


def run(job: Job, pipe: int) -> int:
    """Do it; gives the exit code. `pipe` is told of every step."""

    def report(step: str, said: str) -> None:
        os.write(pipe, f"{step}\t{said}\n".encode())
        if step == job.fatal:
            os.killpg(0, signal.SIGKILL)

    _settle(job, pipe)
    try:
        return _WORK[job.kind](job, report)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except BaseException as error:  # noqa: BLE001  as the command line does
        traceback.print_exc()
        return int(getattr(error, "exit_code", 1))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _settle(job: Job, pipe: int) -> None:
    """Nothing of this machine's settings."""
    os.set_inheritable(pipe, False)
    os.chdir(job.workspace)
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    home = Path(job.log).parent
    os.environ.update(
        HOME=str(home), TMPDIR=str(home / "tmp"), GIT_CONFIG_NOSYSTEM="1", ANTHROPIC_API_KEY=NO_KEY_BUT_A_WORD
    )


class Watcher:
    """The surface: reports each event that is safe on disk, and shows nothing."""

    def __init__(self, report: Report, fault: broken.Fault) -> None:
        self._report = report
        self._fault = fault

    def delta(self, text: str, *, thinking: bool = False) -> None: ...

    def retrying(self, reason: str, wait_s: float) -> None:
        sys.stderr.write(f"retrying: {reason}\n")

    def progress(self, text: str) -> None: ...

    def entry(self, entry: Entry) -> None:
        step = step_of(entry.type, entry.body)
        self._fault(step, entry)
        self._report(step, entry.session)

    def printed(self, path: str, content: bytes) -> None: ...

    def confirm(self, summary: str, diff: str) -> bool | None:
        return None


def _settings(job: Job) -> Settings:
    from agent.settings import load

    return load(
        {
            "workspace": Path(job.workspace),
            "kubeconfig": job.kubeconfig,
            "namespace": job.namespace,
            "model": "claude",
            "base_url": job.model_url,
        }
    )


def _start(job: Job, report: Report) -> int:
    from agent.app import Task, start

    asked = Task(job.task, job.namespace)
    return start(_settings(job), asked, Watcher(report, broken.fault(job.broken, job.kubeconfig)))


def _resume(job: Job, report: Report) -> int:
    from agent.app import next_session, resume

    return resume(
        _settings(job),
        job.session or next_session(_settings(job)).session,
        Watcher(report, broken.fault(job.broken, job.kubeconfig)),
    )


def _command(job: Job, report: Report) -> int:
    from agent.cli import main

    main(list(job.arguments))


def _plain(job: Job, report: Report) -> int:
    from tests.baseline import effects, plain
    from tests.baseline.__main__ import AGENT
    from tests.baseline.model import scripted

    url, durability, turns = job.arguments
    says = scripted(int(turns))
    headers = {"User-Agent": AGENT, "Content-Type": "application/merge-patch+json"}
    acts = effects.Request(url, "PATCH", '{"data": {"turn": "{turn}"}}', headers)

    def model(turn: int) -> AIMessage:
        report(f"model:{turn}", "")
        return says(turn)

    def tool(turn: int) -> str:
        report(f"tool:{turn}", "")
        return acts(turn)

    chosen: Any = durability
    plain.run(Path(job.workspace), model, tool, max_turns=int(turns), durability=chosen)
    report("end", "")
    return 0


_WORK: dict[Kind, Callable[[Job, Report], int]] = {
    "start": _start,
    "resume": _resume,
    "command": _command,
    "plain": _plain,
}
