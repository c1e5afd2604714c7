"""From the start of `python -m agent run` to its first byte to the model: `python -m tests.benchmarks.start`.

In multiples of `python -c pass`, which runs in turn with it. The model's server and the cluster, a sandbox, are in
this process, so that Desk has neither to start; both answer at once. Further arguments are those of `run`:

    python -m tests.benchmarks.start -- "why is catalog not starting in shop-dev?" --model playbook

With a model that needs no server (playbook) only the imports are shown. They are as `python -X importtime` tells
them, by top package: *own* is the time in its modules alone; *with what it imports* counts a package once, from
where it is entered. Where two threads import at once, each one's time holds what the other took.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.figures import TOP, Spread, environment, table

MODULE = "tests.benchmarks.start"
RUNS = 11
SHOWN = 20
TASK = "why is catalog not starting in shop-dev?"
ASKED = (TASK, "--model", "claude")
_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|( +)(\S+)")


@dataclass(frozen=True, slots=True)
class Import:
    """One module's import, microseconds: `own` alone, `whole` with what it imports itself."""

    name: str
    depth: int
    own: int
    whole: int

    @property
    def package(self) -> str:
        """The top package."""
        return self.name.partition(".")[0]


def imports(importtime: str) -> Iterator[Import]:
    """What `-X importtime` wrote, each module before those it imports."""
    for line in reversed(importtime.splitlines()):
        found = _LINE.fullmatch(line)
        if found:
            own, whole, indent, name = found.groups()
            yield Import(name, len(indent) // 2, int(own), int(whole))


def split(importtime: str) -> list[tuple[str, float, float, int]]:
    """(top package, own ms, ms with what it imports, modules), the most own time first."""
    own: defaultdict[str, int] = defaultdict(int)
    whole: defaultdict[str, int] = defaultdict(int)
    modules: defaultdict[str, int] = defaultdict(int)
    entered: list[Import] = []
    for module in imports(importtime):
        while entered and entered[-1].depth >= module.depth:
            entered.pop()
        own[module.package] += module.own
        modules[module.package] += 1
        if all(above.package != module.package for above in entered):
            whole[module.package] += module.whole
        entered.append(module)
    rows = [(name, own[name] / 1e3, whole[name] / 1e3, modules[name]) for name in own]
    return sorted(rows, key=lambda row: -row[1])


class Bench:
    """A workspace, a cluster and a model's server, and `run` on them."""

    def __init__(self, top: Path, asked: list[str], url: str, kubeconfig: dict[str, Any]) -> None:
        self._env = environment(top / "home") | {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "played"}
        self._workspace = top / "workspace"
        self._kubeconfig = top / "kubeconfig"
        self._kubeconfig.write_text(yaml.safe_dump(kubeconfig))
        self._asked = asked
        self._run("-m", "agent", "init", str(self._workspace))

    def desk(self, *options: str) -> tuple[float, str]:
        """When the process was started (monotonic seconds), and its standard error after its end."""
        where = ("--workspace", str(self._workspace), "--kubeconfig", str(self._kubeconfig))
        return self._run(*options, "-m", "agent", "run", *self._asked, *where)

    def nothing(self) -> float:
        """Seconds that `python -c pass` takes."""
        begin, _ = self._run("-c", "pass")
        return time.monotonic() - begin

    def _run(self, *arguments: str) -> tuple[float, str]:
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, *arguments], cwd=TOP, env=self._env,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return begin, done.stderr


def measure(asked: list[str], runs: int) -> tuple[list[float], list[float], str]:
    """Seconds to the first byte, seconds of `python -c pass`, and what `-X importtime` wrote."""
    from agent.sandbox import Sandbox
    from tests.messages_api.script import Call, Turn
    from tests.messages_api.server import MessagesServer

    ends = Turn(calls=(Call("finish", {"outcome": "done", "summary": "It is done."}),))
    first, nothing = [], []
    with (
        tempfile.TemporaryDirectory(prefix="desk-bench-") as top,
        Sandbox() as sandbox,
        MessagesServer([ends]) as server,
    ):
        bench = Bench(Path(top), asked, server.url, sandbox.kubeconfig())
        _, importtime = bench.desk("-X", "importtime")
        for _ in range(runs if server.arrivals else 0):
            nothing.append(bench.nothing())
            asked_before = len(server.arrivals)
            begin, error = bench.desk()
            if len(server.arrivals) == asked_before:
                raise RuntimeError(f"no request came: {error[-2000:]}")
            first.append(server.arrivals[asked_before] - begin)
    return first, nothing, importtime


def report(first: list[float], nothing: list[float], importtime: str) -> str:
    """The tables."""
    parts = []
    if first:
        multiples = Spread.of([one / Spread.of(nothing).median for one in first])
        sides = (("python -c pass", nothing, "1"), ("to the first byte", first, multiples.shown(1)))
        rows = [(name, Spread.of([one * 1e3 for one in taken]).shown(0), times) for name, taken, times in sides]
        parts.append(table((f"{len(first)} runs, median (least-most)", "ms", "times python -c pass"), rows))
    packages = split(importtime)
    shown = [(name, f"{own:.1f}", f"{whole:.1f}", count) for name, own, whole, count in packages[:SHOWN]]
    rest = packages[SHOWN:]
    others = (f"{len(rest)} others", f"{sum(row[1] for row in rest):.1f}", "", sum(row[3] for row in rest))
    total = ("all", f"{sum(row[1] for row in packages):.1f}", "", sum(row[3] for row in packages))
    head = ("imports of the whole run", "own ms", "with what it imports", "modules")
    return "\n\n".join((*parts, table(head, [*shown, others, total])))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="How soon Desk asks the model.")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("asked", nargs="*", default=list(ASKED), help="arguments of `run`, after --")
    given = parser.parse_args()
    print(report(*measure(given.asked, given.runs)))


if __name__ == "__main__":
    main()
