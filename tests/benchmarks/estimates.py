"""What estimating tokens costs: `python -m tests.benchmarks.estimates`.

The vocabulary is read once a process. A turn's answers are estimated up to three times (whether one fits, how much
room there is, whether the next request does) and counted once; of more than 256 KB the rest is extrapolated.
"""

from __future__ import annotations

import resource
import time

from agent.context.tokens import estimate
from tests.agent.context.test_estimates import KINDS, texts
from tests.benchmarks.figures import Spread, table

SIZES = (4_000, 16_000, 256_000, 4_000_000)
RUNS = 5


def _ms(text: str) -> float:
    began = time.process_time()
    estimate(text)
    return (time.process_time() - began) * 1e3


def _text(kind: str, size_bytes: int, run: int) -> str:
    """Another one in each run: what was counted is remembered."""
    piece = f"{run} " + "\n".join(texts(kind))
    return (piece * (size_bytes // len(piece.encode()) + 1))[: size_bytes if kind != "Chinese" else size_bytes // 3]


def main() -> None:
    """Print milliseconds of CPU by size and kind, and what the vocabulary takes."""
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read_ms = _ms("a")
    read_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    rows = []
    for kind in KINDS:
        spreads = (Spread.of([_ms(_text(kind, size, run)) for run in range(RUNS)]) for size in SIZES)
        rows.append((kind, *(spread.shown(1) for spread in spreads)))
    print(f"the vocabulary, once a process: {read_ms:.0f} ms of CPU, {read_mb:.0f} MB of memory")
    print(table(("ms of CPU a text", *(f"{size // 1000} KB" for size in SIZES)), rows))


if __name__ == "__main__":
    main()
