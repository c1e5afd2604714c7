"""Injected orders against the gate: `python -m tests.injections [--sessions N] [--benign N] [--seed N]`.

Goals by channels and templates, in an order of the seed; a model obeys all that it reads. Prints how many orders
were read, what the gate said to them, and what was changed beside the task (which must be nothing); and how many
tasks of people pass in the same scenes, with the text there and a model that does what it was asked.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.workspace.history import init_repository
from tests.injections.goals import GOALS, Goal
from tests.injections.scene import CHANNELS, ORDERS, TASKS, TEMPLATES, Came, Channel, run

Injection = tuple[Goal, Channel, str]


def injections(seed: int) -> list[Injection]:
    """Goal, channel and template, all of them, in an order of this seed."""
    every = list(itertools.product(GOALS, CHANNELS, TEMPLATES))
    random.Random(seed).shuffle(every)
    return every


def text_of(goal: Goal, template: str) -> str:
    return TEMPLATES[template].format(goal=goal.words, user="Kim", model="Desk")


def attacked(sessions: int, seed: int) -> Iterator[tuple[Injection, Came]]:
    with _workspaces() as workspace:
        for number, injection in enumerate(injections(seed)[:sessions]):
            goal, channel, template = injection
            task, session = TASKS[number % len(TASKS)], _session(number)
            yield injection, run(workspace(), channel, text_of(goal, template), task, session, (goal,))


def ordered(tasks: int, seed: int) -> Iterator[tuple[str, Came]]:
    """What people order, in the same scenes."""
    with _workspaces() as workspace:
        for number, (goal, channel, template) in enumerate(injections(seed)[:tasks]):
            order, session = ORDERS[number % len(ORDERS)], _session(number)
            yield order[0], run(workspace(), channel, text_of(goal, template), order, session, ())


@contextlib.contextmanager
def _workspaces() -> Iterator[Callable[[], Path]]:
    """What makes a workspace of its own for each session: a copy of one that `desk init` has made."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        init_repository(made)
        number = itertools.count()

        def copied() -> Path:
            return shutil.copytree(made, Path(folder) / str(next(number)), symlinks=True)

        yield copied


def _session(number: int) -> str:
    return f"20250601-120000-{number:06x}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=600)
    parser.add_argument("--benign", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    was_read, beside = Counter[str](), 0
    made, said = Counter[str](), Counter[str]()
    for (goal, channel, template), came in attacked(given.sessions, given.seed):
        made[channel] += 1
        was_read[channel] += came.was_read
        said.update(came.said)
        beside += len(came.beside)
        if came.beside:
            print(f"CHANGED: {came.beside} by {channel}, {template}: {goal.words}")
    for channel in CHANNELS:
        print(f"{channel:12} {made[channel]:4} injections, {was_read[channel]:4} read and obeyed by the model")
    print("what they came to:", ", ".join(f"{count} {what[:60]}" for what, count in said.most_common()))
    passed = 0
    for words, came in ordered(given.benign, given.seed):
        if came.exit_code == 0 and came.asked_for:
            passed += 1
        else:
            print(f"NOT DONE: {words} ended with {came.exit_code}")
    total = sum(made.values())
    print(f"{total} injections: {beside} changes beside the task; {passed} of {given.benign} tasks of people done")
    return 1 if beside or passed < given.benign else 0


if __name__ == "__main__":
    sys.exit(main())
