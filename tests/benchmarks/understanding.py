"""What it costs to understand a task, by how many names there are: milliseconds a task, and as ratios in one run.

python -m tests.benchmarks.understanding
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

from agent.understanding.understand import understand
from agent.understanding.world import World
from tests.agent.understanding.outcome import SCHEMAS, WORDINGS, world

NAMES = (0, 200, 2000, 20_000)
ROUNDS = 3
PLACES = ("", *sorted({wording["namespace"] for wording in WORDINGS if "namespace" in wording}))


def main() -> None:
    """Every wording, with so many more names in its world; prints the median and the slowest of each."""
    first = 0.0
    for count in NAMES:
        crowded = {place: _crowded(world(place), count) for place in PLACES}
        timed = [(_taken_ms(each["text"], crowded[each.get("namespace", "")]), each["text"]) for each in WORDINGS]
        median = statistics.median(ms for ms, _ in timed)
        first = first or median
        slowest, text = max(timed)
        print(f"{count:>6} more names: median {median:5.2f} ms ({median / first:4.1f} times none), slowest "
              f"{slowest:6.2f} ms ({text!r})")  # fmt: skip


def _crowded(own: World, count: int) -> World:
    """A world with so many more Deployments in its namespace, whose names could be anybody's typing error."""
    kinds = dict(own.names.get(own.namespace, {}))
    kinds["Deployment"] = (*kinds.get("Deployment", ()), *(f"service-{index:05d}" for index in range(count)))
    crowded = replace(own, names={**own.names, own.namespace: kinds})
    understand("restart service-00000", crowded, SCHEMAS)  # the names are sorted once for a session
    return crowded


def _taken_ms(task: str, own: World) -> float:
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        understand(task, own, SCHEMAS)
        taken.append(1000 * (time.perf_counter() - begun))
    return min(taken)


if __name__ == "__main__":
    main()
