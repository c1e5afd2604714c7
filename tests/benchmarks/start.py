"""How soon Desk starts: `run` to its first step and to its first byte to the model, `show` to its end.

`python -m tests.benchmarks.start`. In multiples of `python -c pass`, which runs in turn with them, beside
`kubectl version --client` where there is one. The model's server and the cluster, a sandbox, are in
this process, so that Desk has neither to start; both answer at once. Further arguments are those of `run`:

    python -m tests.benchmarks.start -- "why is catalog not starting in shop-dev?" --model playbook

With a model that needs no server (playbook) no first byte is shown. The imports are as `python -X importtime` tells
them, by top package: *own* is the time in its modules alone; *with what it imports* counts a package once, from
where it is entered. Where two threads import at once, each one's time holds what the other took.
"""

from __future__ import annotations

import argparse
import re
import shutil
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
NOTHING = "python -c pass"
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
        self._run(sys.executable, "-m", "agent", "init", str(self._workspace))

    def run(self) -> tuple[float, float]:
        """When `run` was started, and seconds until its first step was done; it is waited for until its end."""
        begin, first = time.monotonic(), 0.0
        arguments = ("-m", "agent", "run", *self._asked, *self._where(), "-o", "jsonl")
        with subprocess.Popen(
            [sys.executable, *arguments], cwd=TOP, env=self._env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            for line in process.stdout or ():
                if '"type": "oriented"' in line:
                    first = time.monotonic() - begin
        if not first:
            raise RuntimeError("`run` did not take its first step: its error is above")
        return begin, first

    def importtime(self) -> str:
        """What `-X importtime` wrote of a `run`."""
        return self._run(sys.executable, "-X", "importtime", "-m", "agent", "run", *self._asked, *self._where())

    def show(self) -> float:
        """Seconds that `show` of the newest session takes."""
        return self._seconds(sys.executable, "-m", "agent", "show", "--workspace", str(self._workspace))

    def nothing(self) -> float:
        """Seconds that `python -c pass` takes."""
        return self._seconds(sys.executable, "-c", "pass")

    def kubectl(self) -> float:
        """Seconds that `kubectl version --client` takes."""
        return self._seconds("kubectl", "version", "--client")

    def _where(self) -> tuple[str, ...]:
        return ("--workspace", str(self._workspace), "--kubeconfig", str(self._kubeconfig))

    def _seconds(self, *command: str) -> float:
        begin = time.monotonic()
        self._run(*command)
        return time.monotonic() - begin

    def _run(self, *command: str) -> str:
        """Its standard error after its end."""
        done = subprocess.run(
            command, cwd=TOP, env=self._env,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stderr


def measure(asked: list[str], runs: int) -> tuple[dict[str, list[float]], str]:
    """What was measured -> seconds of each run, `python -c pass` first; and what `-X importtime` wrote."""
    from agent.sandbox import Sandbox
    from tests.messages_api.script import Call, Turn
    from tests.messages_api.server import MessagesServer

    ends = Turn(calls=(Call("finish", {"outcome": "done", "summary": "It is done."}),))
    taken: defaultdict[str, list[float]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory(prefix="desk-bench-") as top,
        Sandbox() as sandbox,
        MessagesServer([ends]) as server,
    ):
        bench = Bench(Path(top), asked, server.url, sandbox.kubeconfig())
        importtime = bench.importtime()
        for _ in range(runs):
            taken[NOTHING].append(bench.nothing())
            if shutil.which("kubectl"):
                taken["kubectl version --client"].append(bench.kubectl())
            taken["desk show"].append(bench.show())
            asked_before = len(server.arrivals)
            begin, first = bench.run()
            taken["desk run, first step done"].append(first)
            if len(server.arrivals) > asked_before:
                taken["desk run, first byte to the model"].append(server.arrivals[asked_before] - begin)
    return taken, importtime


def report(taken: dict[str, list[float]], importtime: str) -> str:
    """The tables."""
    nothing = Spread.of(taken[NOTHING]).median
    rows = [
        (name, Spread.of([one * 1e3 for one in each]).shown(0), Spread.of([one / nothing for one in each]).shown(1))
        for name, each in taken.items()
    ]
    parts = [table((f"{len(taken[NOTHING])} runs, median (least-most)", "ms", f"times {NOTHING}"), rows)]
    packages = split(importtime)
    shown = [(name, f"{own:.1f}", f"{whole:.1f}", count) for name, own, whole, count in packages[:SHOWN]]
    rest = packages[SHOWN:]
    others = (f"{len(rest)} others", f"{sum(row[1] for row in rest):.1f}", "", sum(row[3] for row in rest))
    total = ("all", f"{sum(row[1] for row in packages):.1f}", "", sum(row[3] for row in packages))
    head = ("imports of the whole run", "own ms", "with what it imports", "modules")
    return "\n\n".join((*parts, table(head, [*shown, others, total])))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="How soon Desk starts.")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("asked", nargs="*", default=list(ASKED), help="arguments of `run`, after --")
    given = parser.parse_args()
    print(report(*measure(given.asked, given.runs)))


if __name__ == "__main__":
    main()
