"""What it costs to provision a namespace: `provision-namespace` beside the same objects by eleven `kubectl` calls.

`python -m tests.benchmarks.provisioning`, with the real cluster of DESK_TEST_KUBECONFIG. Each round makes a
namespace by Desk and runs Desk on it again, which changes nothing; then the same for another one by `kubectl
apply`, an object a call. Both are whole processes, from start to end, and told in multiples of the chain of their
round. The API server's audit log tells the requests, by the user that each side is impersonated as.

What Desk does besides in that time: rights, dry runs and a diff before each change, the journal, four commits, a
look at the end whether all is there.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.figures import TOP, Spread, environment, table
from tools.cluster.connect import Where, connect
from tools.provisioning import guardrails
from tools.provisioning.provision import surroundings
from tools.provisioning.specification import specified

MODULE = "tests.benchmarks.provisioning"
RUNS = 7
MEMBERS = ("ann@example.com", "bob@example.com")
CHAIN = "kubectl apply, 11 calls"
ROWS = (CHAIN, f"{CHAIN}, again", "desk, first", "desk, again", "python -c pass")
AUDITED_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds until the end, and seconds of CPU, of the API server's none."""

    wall: float
    cpu: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)


class Bench:
    """A workspace, a kubeconfig a side, and what is run with them."""

    def __init__(self, top: Path, admin: str) -> None:
        self._env = environment(top / "home")
        self._workspace = top / "workspace"
        self._admin = admin
        self.users = {side: f"bench-{side}-{secrets.token_hex(3)}" for side in ("desk", "kubectl")}
        self._files = {side: self._kubeconfig(top / side, user) for side, user in self.users.items()}
        self._around = surroundings(connect(Where(admin)))
        self._run(sys.executable, "-m", "agent", "init", str(self._workspace))

    def _kubeconfig(self, file: Path, user: str) -> str:
        document = yaml.safe_load(Path(self._admin).read_text())
        document["users"][0]["user"] |= {"as": user, "as-groups": ["system:masters"]}
        file.write_text(yaml.safe_dump(document))
        return str(file)

    def bodies(self, name: str) -> list[Any]:
        """The objects that Desk makes."""
        wanted = specified(name, {"members": list(MEMBERS)}, None)
        return [body for _, made in guardrails.objects(wanted, self._around) for body in made]

    def desk(self, name: str) -> Cost:
        """Of `provision-namespace`."""
        where = ("--workspace", str(self._workspace), "--kubeconfig", self._files["desk"], "-o", "json")
        members = ("--members", ",".join(MEMBERS))
        return self._cost(sys.executable, "-m", "agent", "provision-namespace", name, *members, *where)

    def chain(self, bodies: list[Any]) -> Cost:
        """Of a `kubectl apply` an object."""
        command = ("kubectl", "--kubeconfig", self._files["kubectl"], "apply", "-f", "-")
        return sum((self._cost(*command, stdin=json.dumps(body)) for body in bodies), Cost(0.0, 0.0))

    def nothing(self) -> Cost:
        """Of `python -c pass`."""
        return self._cost(sys.executable, "-c", "pass")

    @contextmanager
    def namespaces(self) -> Iterator[tuple[str, str]]:
        """Two names, whose namespaces are deleted in the end."""
        names = (f"bench-{secrets.token_hex(3)}-dev", f"bench-{secrets.token_hex(3)}-dev")
        try:
            yield names
        finally:
            self._run("kubectl", "--kubeconfig", self._admin, "delete", "namespace", "--ignore-not-found", *names)

    def _cost(self, *command: str, stdin: str = "") -> Cost:
        begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        self._run(*command, stdin=stdin)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(time.monotonic() - begin, cpu)

    def _run(self, *command: str, stdin: str = "") -> None:
        subprocess.run(command, cwd=TOP, env=self._env, input=stdin, capture_output=True, text=True, check=True)


class Audit:
    """The API server's audit log, from here on."""

    def __init__(self) -> None:
        self._log = Path(os.environ.get("DESK_KUBE_DIR", "/var/lib/desk-kube")) / "log/audit.log"
        self._read = self._log.stat().st_size if self._log.exists() else 0

    def requests(self, user: str) -> int:
        """How many requests came as this user since it was asked before, or began."""
        if not self._log.exists():
            return 0
        time.sleep(AUDITED_WITHIN_S)
        with self._log.open("rb") as log:
            log.seek(self._read)
            lines = log.read().splitlines()
        self._read = self._log.stat().st_size
        return sum(b'"stage":"ResponseComplete"' in line and user.encode() in line for line in lines)


def measure(admin: str, runs: int) -> tuple[dict[str, list[Cost]], dict[str, int]]:
    """What was measured -> the cost of each run; and the requests of the last."""
    costs: defaultdict[str, list[Cost]] = defaultdict(list)
    requests: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as top:
        bench, audit = Bench(Path(top), admin), Audit()
        for _ in range(runs):
            with bench.namespaces() as (ours, theirs):
                for row in ("desk, first", "desk, again"):
                    costs[row].append(bench.desk(ours))
                    requests[row] = audit.requests(bench.users["desk"])
                bodies = bench.bodies(theirs)
                for row in (CHAIN, f"{CHAIN}, again"):
                    costs[row].append(bench.chain(bodies))
                    requests[row] = audit.requests(bench.users["kubectl"])
                costs["python -c pass"].append(bench.nothing())
    return costs, requests


def report(costs: dict[str, list[Cost]], requests: dict[str, int]) -> str:
    """The table."""
    chain = costs[CHAIN]
    rows = [(row, *_figures(costs[row], chain), requests.get(row, "")) for row in ROWS]
    head = (f"{len(chain)} rounds, median (least-most)", "s", "of the chain", "CPU s", "of the chain", "requests")
    return table(head, rows)


def _figures(measured: list[Cost], chain: list[Cost]) -> Iterator[str]:
    pairs = list(zip(measured, chain, strict=True))
    yield Spread.of([one.wall for one in measured]).shown()
    yield Spread.of([one.wall / other.wall for one, other in pairs]).shown()
    yield Spread.of([one.cpu for one in measured]).shown()
    yield Spread.of([one.cpu / other.cpu for one, other in pairs]).shown()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="What a namespace costs.")
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args()
    admin = os.environ.get("DESK_TEST_KUBECONFIG", "")
    if not admin:
        sys.exit("DESK_TEST_KUBECONFIG is not set: no real cluster, nothing is measured.")
    print(report(*measure(admin, given.runs)))


if __name__ == "__main__":
    main()
