"""One process of a session: run it, follow its steps, kill it where its point says."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Literal, Protocol

from tests import forked
from tests.chaos.points import EFFECT_KINDS, Point
from tests.chaos.proxy import Proxy
from tests.chaos.victim import IMPORTED, Job

Role = Literal["start", "resume", "approve", "undo"]
Trouble = Literal[
    "lost", "doubled", "half-written", "journal", "crashed", "approval", "history", "files", "leftover"
]
HANG_S = 120.0
ORPHANS_S = 10.0


@dataclass(frozen=True)
class Fault:
    """What is wrong with a session that was killed and resumed."""

    trouble: Trouble
    text: str
    about: str = ""
    """The effect or commit that was lost or doubled: it counts once, however often that shows."""


@dataclass(frozen=True)
class Ended:
    """A process that has ended. `steps`: (step, what it says, seconds after the beginning)."""

    role: Role
    point: Point | None
    code: int
    steps: tuple[tuple[str, str, float], ...]
    pid: int = 0
    length_s: float = 0.0

    @property
    def killed(self) -> bool:
        """Whether its point was reached."""
        return self.code == -signal.SIGKILL

    @property
    def last(self) -> str:
        """The last step it told of."""
        return self.steps[-1][0] if self.steps else ""

    def __str__(self) -> str:
        if not self.killed:
            return f"{self.role}: exit code {self.code}"
        return f"{self.role}: killed at {self.point}, after {self.last or 'nothing'}"


class Planned(Protocol):
    """Where the kills of a session come from."""

    def next(self, after: str, role: Role) -> Point | None: ...
    def missed(self, point: Point) -> None: ...


class Budget:
    """The kills that are left. Safe for threads."""

    def __init__(self, kills: int) -> None:
        self._left = kills
        self._lock = threading.Lock()

    def take(self) -> bool:
        """One of them, if there is one."""
        with self._lock:
            self._left -= 1
            if self._left >= 0:
                return True
            self._left = 0
            return False

    def give_back(self) -> None:
        """It was not needed."""
        with self._lock:
            self._left += 1

    def is_spent(self) -> bool:
        """Whether there are none."""
        with self._lock:
            return self._left <= 0


class Victim(forked.Forked):
    """A process that may be killed; its id stays its own until it is let go."""

    def __init__(self, job: Job) -> None:
        self.steps, writing = os.pipe()
        """The reading end of a pipe: a line a step."""
        try:
            line = forked.ask("tests.chaos.victim:work", asdict(job), [writing], IMPORTED)
        finally:
            os.close(writing)
        super().__init__(line)

    def end(self, *, alone: bool) -> None:
        """SIGKILL, to it and to what it started; `alone`: to it only."""
        try:
            (os.kill if alone else os.killpg)(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # all of it is gone
            os.kill(self.pid, signal.SIGKILL)


@contextmanager
def _victim(job: Job) -> Iterator[Victim]:
    """A process at work; it has ended, or is killed, when this is left. What it started may live on."""
    victim = Victim(job)
    try:
        yield victim
    finally:
        if victim.returncode is None:
            victim.end(alone=False)
            victim.wait()
        victim.let_go()
        os.close(victim.steps)


@dataclass
class Executioner:
    """Runs processes, and kills them as long as the budget lasts."""

    proxy: Proxy
    budget: Budget

    def run(self, job: Job, role: Role, point: Point | None) -> Ended:
        """One process to its end, of whatever kind."""
        if point is not None and not self.budget.take():
            point = None
        began = time.monotonic()
        with _victim(_armed(job, point)) as victim:
            if point is not None and point.kind in EFFECT_KINDS:
                self.proxy.arm(point, lambda: victim.end(alone=False))
            steps = _follow(victim, point)
            self.proxy.disarm()
            ended = Ended(role, point, victim.wait(), tuple(steps), victim.pid, time.monotonic() - began)
        if point is not None and not ended.killed:
            self.budget.give_back()
        return ended


def _armed(job: Job, point: Point | None) -> Job:
    return replace(job, fatal=point.at) if point is not None and point.kind == "entry" else job


def _follow(victim: Victim, point: Point | None) -> list[tuple[str, str, float]]:
    """The steps it tells of, until it has ended; the clock's kills come from here."""
    began = time.monotonic()
    steps: list[tuple[str, str, float]] = []
    due = began + point.wait_s if point is not None and point.kind == "timer" else None
    rest = b""
    while True:
        until = due if due is not None else began + HANG_S
        readable, _, _ = select.select([victim.steps], [], [], max(0.0, until - time.monotonic()))
        if not readable:
            victim.end(alone=point is not None and point.alone and due is not None)
            if due is None:
                raise TimeoutError(f"a process hangs after {steps[-1:]}")
            due = None
            continue
        data = os.read(victim.steps, 65_536)
        if not data:
            return steps
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            step, _, said = line.decode().partition("\t")
            steps.append((step, said, time.monotonic() - began))
            if point is not None and point.kind == "soon" and step == point.at and due is None:
                due = time.monotonic() + point.wait_s


def wait_for_orphans(groups: list[int]) -> None:
    """Until what a killed process had started is gone as well."""
    deadline = time.monotonic() + ORPHANS_S
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.killpg(group, 0)
                time.sleep(0.01)
