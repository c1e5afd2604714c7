"""A hundred sessions at once with a model that takes 1 s for a turn: `python -m tests.benchmarks.sessions`.

Each session is a process, as in a swarm; all write one journal and one git repository. Two figures: *steady*, from
when every session has had its first turn to when the first one asked for its last, so that all of them run; and
*all*, from the start of the first process to the end of the last, which on few cores is mostly the start of
Python. The ideal is the number of sessions by the seconds a turn takes.

`--model claude` puts Claude's adapter, over real HTTP, in the place of the played model; the server that plays the
API then takes some of the same cores.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.figures import TOP, Spread, environment, table

MODULE = "tests.benchmarks.sessions"
SESSIONS = 100
TURNS = 40
THINK_S = 1.0
MODELS = ("played", "claude")
WAIT_S = 900.0


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement. Times are seconds of `time.monotonic`; `asked_at` has a list for each session.

    `cpu_s`: of all sessions, from start to end. `world_cpu_s`: of this process, which plays the API.
    `memory_bytes`: the most that each session had resident, what it shares with others counted whole.
    """

    begin: float
    end: float
    cpu_s: float
    world_cpu_s: float
    asked_at: list[list[float]]
    memory_bytes: list[int]

    @property
    def steady_s(self) -> float:
        """How long all sessions ran side by side; negative if they never did."""
        return self._until - self._since

    def steady(self) -> float:
        """Turns a second while all sessions ran."""
        turns = sum(self._since <= at < self._until for asked in self.asked_at for at in asked)
        return turns / self.steady_s if self.steady_s > 0 else float("nan")

    def overall(self) -> float:
        """Turns a second from the first process's start to the last one's end."""
        return sum(map(len, self.asked_at)) / (self.end - self.begin)

    def between_ms(self, think_s: float) -> list[float]:
        """What Desk takes between an answer and the next request, while all sessions ran; sorted."""
        pairs = [pair for asked in self.asked_at for pair in itertools.pairwise(asked)]
        taken = [b - a - think_s for a, b in pairs if self._since <= a and b < self._until]
        return sorted(seconds * 1e3 for seconds in taken)

    @property
    def _since(self) -> float:
        return max(asked[1] for asked in self.asked_at)

    @property
    def _until(self) -> float:
        return min(asked[-1] for asked in self.asked_at)


def measure(model: str, sessions: int, turns: int, think_s: float) -> Run:
    """Run all sessions in a workspace of their own. Raises `RuntimeError` when one does not end well."""
    from agent.workspace.history import init_repository

    with tempfile.TemporaryDirectory(prefix="desk-bench-") as top, _served(model, turns, think_s) as served:
        env = environment(Path(top) / "home") | served
        workspace = Path(top) / "workspace"
        with _given(env):
            init_repository(workspace)
        begin, cpu, world = time.monotonic(), _cpu_of_children_s(), time.process_time()
        running = [_begun(workspace, number, model, turns, think_s, env) for number in range(sessions)]
        said = [process.communicate(timeout=WAIT_S)[0] for process in running]
        end, cpu_s, world_cpu_s = time.monotonic(), _cpu_of_children_s() - cpu, time.process_time() - world
    if any(process.returncode for process in running):
        raise RuntimeError(f"exit codes {[process.returncode for process in running]}")
    asked_at, memory_bytes = zip(*(json.loads(text.splitlines()[-1]) for text in said), strict=True)
    return Run(begin, end, cpu_s, world_cpu_s, list(asked_at), list(memory_bytes))


def _cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _begun(
    workspace: Path, number: int, model: str, turns: int, think_s: float, env: dict[str, str]
) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        MODULE,
        "--one",
        f"20250131-093005-{number:06x}",
        "--workspace",
        str(workspace),
    ]
    command += ["--model", model, "--turns", str(turns), "--think-s", str(think_s)]
    return subprocess.Popen(command, cwd=TOP, env=env, stdout=subprocess.PIPE, text=True)


@contextlib.contextmanager
def _given(env: dict[str, str]) -> Iterator[None]:
    """This process's environment for a while."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _served(model: str, turns: int, think_s: float) -> Iterator[dict[str, str]]:
    """The model's server while inside, and the variables that lead to it; the played model needs none."""
    if model == "played":
        yield {}
        return
    from tests.baseline import script
    from tests.benchmarks.played import FINISH
    from tests.messages_api.script import Call, Turn
    from tests.messages_api.server import MessagesServer

    pages = range(1, turns + 1)
    says = [Turn(script.said(page), calls=(Call("look", {"page": page}),), delay_s=think_s) for page in pages]
    with MessagesServer([*says, Turn(calls=(Call("finish", dict(FINISH)),), delay_s=think_s)]) as server:
        yield {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "played"}


def one(workspace: Path, session: str, model: str, turns: int, think_s: float) -> list[float]:
    """One session, in this process; when each of its turns was asked for."""
    from tests.benchmarks.assembled import assembled
    from tests.benchmarks.played import Clocked, Played, claude

    clocked = Clocked(Played(turns, think_s) if model == "played" else claude())
    with assembled(workspace, session, clocked, turns) as begun:
        begun.drive()
    return clocked.clock.at


def report(run: Run, model: str, sessions: int, turns: int, think_s: float) -> str:
    """The table."""
    ideal = sessions / think_s
    between = run.between_ms(think_s)
    spread = Spread.of(between) if between else Spread(*[float("nan")] * 3)
    late = between[int(len(between) * 0.99)] if between else float("nan")
    rows = [
        ("steady", f"{run.steady_s:.1f}", f"{run.steady():.2f}", f"{run.steady() / ideal:.3f}"),
        (
            "all, start and end included",
            f"{run.end - run.begin:.1f}",
            f"{run.overall():.2f}",
            f"{run.overall() / ideal:.3f}",
        ),
    ]
    head = (
        f"{sessions} sessions of {turns} turns at once, {model} takes {think_s:g} s a turn; ideal {ideal:g} turns/s"
    )
    took = f"Between an answer and the next request, steady: ms {spread.shown(1)}, 99th percentile {late:.1f}"
    cores = f"{os.cpu_count()} cores for {run.end - run.begin:.0f} s"
    memory = (
        f"Memory a session, at most resident: MB {Spread.of([each / 1e6 for each in run.memory_bytes]).shown(0)}"
    )
    cpu = f"CPU: {run.cpu_s:.0f} s by the sessions, {run.world_cpu_s:.0f} s by what plays their world, on {cores}"
    return f"{head}\n\n{table(('', 'seconds', 'turns/s', 'of the ideal'), rows)}\n\n{took}\n{memory}\n{cpu}"


def main() -> None:
    """Measure, or with `--one` be one session."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="Sessions at once on one workspace.")
    parser.add_argument("--model", choices=MODELS, default="played")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--turns", type=int, default=TURNS, help="turns of a session, before the one that ends it")
    parser.add_argument("--think-s", type=float, default=THINK_S, help="seconds the model takes for a turn")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--workspace", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        asked_at = one(given.workspace, given.one, given.model, given.turns, given.think_s)
        print(json.dumps((asked_at, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)))
        return
    run = measure(given.model, given.sessions, given.turns, given.think_s)
    print(report(run, given.model, given.sessions, given.turns, given.think_s))


if __name__ == "__main__":
    main()
