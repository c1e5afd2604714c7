"""How long `generate-manifest` and `template-app` take as whole processes, beside `kubectl create deployment`.

    python -m tests.benchmarks.manifests [--runs 20]

All print a Deployment without asking a cluster, the first of ours four objects more, the other a whole application.
They take turns, so that a busy machine is busy for all.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from tests.benchmarks.figures import Spread, environment, table

MODULE = "tests.benchmarks.manifests"
RUNS = 20
IMAGE = "registry.example.com/shop/pay:v3.2"
OURS, SHOW, KUBECTL = "desk generate-manifest", "desk --version", "kubectl create deployment"
SCAFFOLD = "desk template-app"


def commands() -> dict[str, tuple[str, ...]]:
    """What is measured."""
    desk = str(Path(sys.executable).with_name("desk"))
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise SystemExit("kubectl is not on the PATH: there is nothing to compare with.")
    return {
        KUBECTL: (kubectl, "create", "deployment", "pay", f"--image={IMAGE}", "--dry-run=client", "-o", "yaml"),
        SHOW: (desk, "--version"),
        OURS: (desk, "generate-manifest", "pay", f"--image={IMAGE}", "--for", "kubernetes"),
        SCAFFOLD: (desk, "template-app", "pay", "--output-dir", "-"),
    }


def measure(runs: int) -> dict[str, list[float]]:
    """Seconds of each run; the first one of each is not counted."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as top:
        env = environment(Path(top) / "home")
        for number in range(runs + 1):
            for name, command in commands().items():
                begin = time.monotonic()
                done = subprocess.run(command, cwd=top, env=env, capture_output=True, text=True, check=True)
                if number:
                    taken[name].append(time.monotonic() - begin)
                if name != SHOW and "kind: Deployment" not in done.stdout:
                    raise RuntimeError(f"{name} printed no Deployment")
    return taken


def report(taken: dict[str, list[float]]) -> str:
    """The table, with the ratio of medians to kubectl's."""
    kubectl = Spread.of(taken[KUBECTL]).median
    rows = [
        (name, Spread.of([one * 1e3 for one in each]).shown(0), f"{Spread.of(each).median / kubectl:.2f}")
        for name, each in taken.items()
    ]
    return table((f"{len(taken[KUBECTL])} runs, median (least-most)", "ms", "times kubectl"), rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    print(report(measure(parser.parse_args().runs)))


if __name__ == "__main__":
    main()
