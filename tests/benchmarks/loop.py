"""Desk's loop beside the plain LangGraph agent, in one run: `python -m tests.benchmarks.loop`.

Both play the same script: N turns of 2.4 kB of text, an instant model, an instant tool. Each measurement is a
process of its own in a folder of its own; the sides take turns. Desk runs its whole loop: start protocol, gate,
act, redaction, journal with full sync, view, end protocol with its commit. The plain agent runs with SqliteSaver,
once with `durability="sync"`, which like ours loses nothing, and once with the library's default, "async".

The loop is the time between the first and the last request to the model; the session is all from begin to end:
with Desk's start and end protocol, and with the checkpoints that "async" is behind with when its loop ends. CPU is
the loop's, of all threads: where others use the machine, it is the steadier figure. A turn's bytes are those of
all files after close, by the number of turns; what `desk init` made is not counted.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.figures import Clock, Spread, bytes_in, environment, measured, table

Figures = dict[str, float]
Taken = dict[tuple[str, int], list[Figures]]

MODULE = "tests.benchmarks.loop"
SIDES = ("desk", "sync", "async")
TURNS = (50, 100, 200, 400)
RUNS = 5
GOAL_TIME = 1 / 3
GOAL_BYTES = 0.05
SESSION = "20250131-093005-abc123"
_TITLES = {"desk": "Desk", "sync": "plain, sync", "async": "plain, async (default)"}


def desk(folder: Path, turns: int, profile: cProfile.Profile | None = None) -> Figures:
    """One session of Desk in `folder`; garbage is collected as often as in the program."""
    from agent.__main__ import COLLECTED_AFTER
    from agent.workspace.history import init_repository
    from tests.benchmarks.assembled import assembled
    from tests.benchmarks.played import Clocked, Played

    gc.set_threshold(COLLECTED_AFTER)
    init_repository(folder)
    before = bytes_in(folder)
    model = Clocked(Played(turns))
    with assembled(folder, SESSION, model, turns) as begun:
        drive = (lambda: profile.runcall(begun.drive)) if profile else begun.drive
        whole_s = _timed(drive)
    return _figures(model.clock, whole_s, bytes_in(folder) - before)


def plain(folder: Path, turns: int, durability: str, profile: cProfile.Profile | None = None) -> Figures:
    """One session of the plain agent in `folder`."""
    from langchain_core.messages import AIMessage

    from tests.baseline import script
    from tests.baseline.model import scripted
    from tests.baseline.plain import Outcome, run

    clock = Clock()
    says = scripted(turns, script.SAID_BYTES)

    def model(turn: int) -> AIMessage:
        clock.tick()
        return says(turn)

    def session() -> Outcome:
        return run(
            folder, model, script.found, max_turns=turns, durability="sync" if durability == "sync" else None
        )

    folder.mkdir(parents=True)
    whole_s = _timed((lambda: profile.runcall(session)) if profile else session)
    return _figures(clock, whole_s, bytes_in(folder))


def _timed(work: Callable[[], object]) -> float:
    """The seconds that the work takes."""
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def _figures(asked: Clock, whole_s: float, size_bytes: int) -> Figures:
    turns = len(asked.at) - 1
    quarter = max(1, turns // 4)
    return {
        "turn_ms": (asked.at[-1] - asked.at[0]) / turns * 1e3,
        "first_ms": (asked.cpu[quarter] - asked.cpu[0]) / quarter * 1e3,
        "last_ms": (asked.cpu[-1] - asked.cpu[-1 - quarter]) / quarter * 1e3,
        "session_ms": whole_s / turns * 1e3,
        "cpu_ms": (asked.cpu[-1] - asked.cpu[0]) / turns * 1e3,
        "turn_bytes": size_bytes / turns,
        "bytes": size_bytes,
    }


def measure(turns: list[int], runs: int, folder: Path) -> Taken:
    """All measurements, the sides taking turns."""
    taken: Taken = {}
    env = environment(folder / "home")
    for run in range(runs):
        for count in turns:
            for side in SIDES:
                one = ("--side", side, "--turns", count, "--folder", folder / f"{side}-{count}-{run}")
                taken.setdefault((side, count), []).append(measured(MODULE, *one, env=env))
    return taken


def report(taken: Taken, turns: list[int], runs: int) -> str:
    """The tables."""
    return "\n\n".join(
        (
            f"Turns of 2.4 kB, medians of {runs} runs (least-most); `Desk is`: Desk's by that side's, run by run",
            _times(taken, turns),
            _sizes(taken, turns),
            _growth(taken, turns),
            f"Goals at 200 turns beside plain, sync: loop at most {GOAL_TIME:.3f}, bytes at most {GOAL_BYTES:.3f}",
        )
    )


def _times(taken: Taken, turns: list[int]) -> str:
    keys = ("turn_ms", "cpu_ms", "session_ms")
    rows = []
    for count in turns:
        for side in SIDES:
            figures = [
                cell
                for key in keys
                for cell in (_spread(taken, side, count, key).shown(), _ratio(taken, side, count, key))
            ]
            rows.append((count, _TITLES[side], *figures))
    ours = ("Desk is",)
    return table(("turns", "side", "loop, ms a turn", *ours, "of CPU", *ours, "session, ms a turn", *ours), rows)


def _sizes(taken: Taken, turns: list[int]) -> str:
    rows = []
    for count in turns:
        for side in SIDES:
            size, each = (_spread(taken, side, count, key).median for key in ("bytes", "turn_bytes"))
            rows.append(
                (count, _TITLES[side], f"{size / 1e6:.2f}", f"{each:.0f}", _ratio(taken, side, count, "bytes"))
            )
    return table(("turns", "side", "MB on disk", "bytes a turn", "Desk is"), rows)


def _growth(taken: Taken, turns: list[int]) -> str:
    """Within one session, CPU: a turn of the last quarter by one of the first; linear is 1."""
    rows = []
    for count in turns:
        for side in ("desk", "sync"):
            first, last = (_spread(taken, side, count, key).shown() for key in ("first_ms", "last_ms"))
            by = Spread.of([run["last_ms"] / run["first_ms"] for run in taken[side, count]])
            rows.append((count, _TITLES[side], first, last, by.shown()))
    return table(("turns", "side", "first quarter, ms of CPU", "last quarter", "grows by"), rows)


def _ratio(taken: Taken, side: str, count: int, key: str) -> str:
    """Desk's figure by that of this side's run next to it: the median of the pairs."""
    pairs = zip(taken["desk", count], taken[side, count], strict=True)
    return f"{Spread.of([ours[key] / theirs[key] for ours, theirs in pairs]).median:.3f}"


def _spread(taken: Taken, side: str, count: int, key: str) -> Spread:
    return Spread.of([figures[key] for figures in taken[side, count]])


def _one(side: str, folder: Path, turns: int, profile: cProfile.Profile | None = None) -> Figures:
    return desk(folder, turns, profile) if side == "desk" else plain(folder, turns, side, profile)


def _profiled(side: str, turns: int, folder: Path) -> None:
    profile = cProfile.Profile()
    print(json.dumps(_one(side, folder / side, turns, profile)))
    stats = pstats.Stats(profile).strip_dirs()
    stats.sort_stats("cumulative").print_stats(60)
    stats.sort_stats("cumulative").print_stats(40)


def main() -> None:
    """Measure all, or with `--side` one."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="Desk's loop beside the plain agent.")
    parser.add_argument(
        "--turns", type=int, nargs="+", default=list(TURNS), help="turns of a session, 1000 at most"
    )
    parser.add_argument("--runs", type=int, default=RUNS, help=f"measurements of each (default {RUNS})")
    parser.add_argument("--profile", choices=SIDES, help="profile one session of this side instead")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        print(json.dumps(_one(given.side, given.folder, given.turns[0])))
        return
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as top:
        if given.profile:
            _profiled(given.profile, given.turns[0], Path(top))
        else:
            print(report(measure(given.turns, given.runs, Path(top)), given.turns, given.runs))


if __name__ == "__main__":
    main()
