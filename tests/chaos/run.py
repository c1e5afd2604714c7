"""Many sessions, several at once, until so many kills are made; then the lines."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from tests.chaos import desk, plain
from tests.chaos.life import Budget, Planned
from tests.chaos.outcome import Outcome, Tally
from tests.chaos.points import SHARES, Course, Kind, Plan
from tests.chaos.script import Class
from tests.chaos.stand import Stand, stands

Contender = Literal["desk", "async", "sync"]
CONTENDERS: tuple[Contender, ...] = ("desk", "async", "sync")
CALIBRATION = 900_000
"""The numbers of the sessions that nobody kills begin here."""
UNLIMITED = 1_000_000
SHM = Path("/dev/shm")


@dataclass(frozen=True)
class Asked:
    """What a run is to do."""

    kills: int
    seed: int
    kubeconfig: str
    only: Class | None = None
    workers: int = 2
    keep: bool = False
    shares: Mapping[Kind, float] = field(default_factory=lambda: SHARES)
    """Of each kind of kill, for whoever is compared with Desk."""


@dataclass
class Report:
    """What a run found: a line a contender, and before them every fault."""

    lines: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)

    @property
    def desk_faults(self) -> list[str]:
        """What is wrong with Desk."""
        return self.tallies["desk"].faults() if "desk" in self.tallies else []


def run(asked: Asked, contenders: list[Contender] | None = None, session: int | None = None) -> Report:
    """Kill each contender so many times; or just the one session of the seed."""
    report = Report()
    with _root(asked) as root, stands(root, asked.kubeconfig, asked.workers) as all_stands:
        for contender in contenders or CONTENDERS:
            began = time.monotonic()
            tally = _contend(asked, contender, all_stands, session)
            _tell(report, asked, contender, tally, time.monotonic() - began)
            if contender == "desk" and asked.only is None and tally.by_kind():
                asked = replace(asked, shares=dict(tally.by_kind()))
    return report


def replay(asked: Asked, session: int, plan: Planned) -> Report:
    """One session of Desk with points that a run printed."""
    report = Report()
    with _root(asked) as root, stands(root, asked.kubeconfig, 1) as (stand,):
        began = time.monotonic()
        outcome = desk.Session(stand, session, plan, Budget(UNLIMITED)).run()
        tally = Tally(desk.NAME, Course((), {}), outcomes=[outcome])
        _tell(report, asked, "desk", tally, time.monotonic() - began)
        report.details += [f"    {ended}" for ended in outcome.lives]
    return report


def _contend(asked: Asked, contender: Contender, all_stands: list[Stand], session: int | None) -> Tally:
    course, undisturbed = _course(contender, all_stands[0])
    tally = _tally(contender, course)
    if undisturbed.faults:
        raise AssertionError(f"a session that nobody kills has faults: {undisturbed.told()}")
    budget = Budget(asked.kills if session is None else UNLIMITED)
    numbers = iter([session]) if session is not None else itertools.count()
    lock = threading.Lock()

    def work(stand: Stand) -> None:
        while not budget.is_spent():
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            outcome = _session(asked, contender, stand, number, course, budget).run()
            with lock:
                tally.outcomes.append(outcome)
            _clean(stand, asked, outcome)

    with ThreadPoolExecutor(len(all_stands)) as pool:
        for done in [pool.submit(work, stand) for stand in all_stands]:
            done.result()
    return tally


def _tally(contender: Contender, course: Course) -> Tally:
    if contender == "desk":
        return Tally(desk.NAME, course)
    return Tally(f"{plain.NAME} ({contender})", course, no_git=True)


def _course(contender: Contender, stand: Stand) -> tuple[Course, Outcome]:
    make: Callable[[int], tuple[Course, Outcome]] = (
        (lambda number: desk.course(stand, number))
        if contender == "desk"
        else (lambda number: plain.course(stand, number, contender))
    )
    make(CALIBRATION)  # the first is slow: what it reads is in no cache
    return make(CALIBRATION + 1)


def _session(
    asked: Asked, contender: Contender, stand: Stand, number: int, course: Course, budget: Budget
) -> desk.Session | plain.PlainSession:
    if contender == "desk":
        plan = Plan.of(asked.seed, number, course, asked.only)
        rolls_back = number % desk.ROLLED_BACK_EVERY == 0
        return desk.Session(stand, number, plan, budget, rolls_back=rolls_back)
    return plain.PlainSession(stand, number, Plan.like(asked.shares, asked.seed, number, course), budget, contender)


def _clean(stand: Stand, asked: Asked, outcome: Outcome) -> None:
    """A session that is judged leaves nothing, unless one is to look at it."""
    stand.model.requests.clear()
    if asked.keep and outcome.faults:
        return
    for folder in stand.root.glob(f"*-{outcome.number}"):
        shutil.rmtree(folder)


def _tell(report: Report, asked: Asked, contender: Contender, tally: Tally, seconds: float) -> None:
    report.tallies[contender] = tally
    report.lines.append(tally.line(f"(seed {asked.seed}, {seconds:.0f} s)"))
    report.details.append(f"{tally.name}: {_counts(tally.by_kind())}")
    if contender == "desk":
        report.details += [f"{tally.name}: {_counts(tally.by_class())}", *tally.faults()]
    if contender == "desk" and asked.only is None and (uncovered := tally.uncovered()):
        report.details.append(f"{tally.name}: nobody was killed at {', '.join(uncovered)}")


def _counts(counted: Sequence[tuple[str, int]]) -> str:
    return "kills: " + ", ".join(f"{count} {name}" for name, count in counted)


@contextmanager
def _root(asked: Asked) -> Iterator[Path]:
    """A folder in memory, where there is one."""
    root = Path(tempfile.mkdtemp(prefix="desk-chaos-", dir=SHM if SHM.is_dir() else None))
    try:
        yield root
    finally:
        if not asked.keep:
            shutil.rmtree(root)
