"""`debug-pod` beside kubectl, whole processes in turn: `python -m tests.benchmarks.diagnosis`.

On the cluster of DESK_TEST_KUBECONFIG, in namespaces of its own:

- *broken*: 50 broken pods of five kinds, of Deployments and bare, against `kubectl get pods,events -o json` and
  `kubectl describe pods`;
- *many*: thousands of simulated pods (needs `kwok` on the PATH and `--kwok-config FILE`), a tenth of them
  crashing, against `kubectl get pods -o json`.

Wall time from start to exit and peak memory of the whole process, medians of `--runs`. Desk's requests are counted
in the API server's audit log, where `--audit-log FILE` names it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import TOP, Spread, environment, table
from tools.json import Json

KUBECONFIG = os.environ.get("DESK_TEST_KUBECONFIG", "")
SETTLED_AFTER_S = 45
NODES = 50


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took: seconds of wall time, bytes of peak memory."""

    wall_s: float
    peak: int


def cost_of(command: Sequence[str], env: dict[str, str]) -> Cost:
    """Run a process and throw away what it prints. Any exit code will do but a usage error."""
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=env["HOME"], env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1), f"{command}: exit code {process.returncode}"
    return Cost(wall_s, usage.ru_maxrss * 1024)


def compared(commands: dict[str, list[str]], runs: int, env: dict[str, str]) -> str:
    """A table of processes that run in turn; ratios are to the first of them, run by run."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for command in commands.values():  # nothing is measured cold
        cost_of(command, env)
    for _ in range(runs):
        for name, command in commands.items():
            costs[name].append(cost_of(command, env))
    desk = costs[next(iter(commands))]
    rows = []
    for name, taken in costs.items():
        time_ratio = Spread.of([one.wall_s / other.wall_s for one, other in zip(desk, taken, strict=True)])
        peak_ratio = Spread.of([one.peak / other.peak for one, other in zip(desk, taken, strict=True)])
        wall = Spread.of([one.wall_s for one in taken])
        peak = Spread.of([one.peak / 1e6 for one in taken])
        rows.append((name, wall.shown(3), time_ratio.shown(), peak.shown(0), peak_ratio.shown()))
    return table(("process", "seconds", "Desk is", "peak MB", "Desk is"), rows)


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """kubectl on the test cluster; its standard output."""
    command = ["kubectl", "--kubeconfig", KUBECONFIG, *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout


def desk(*arguments: str) -> list[str]:
    """`debug-pod` as JSON."""
    return [sys.executable, "-m", "agent", "debug-pod", "--kubeconfig", KUBECONFIG, "-o", "json", *arguments]


@contextlib.contextmanager
def namespace() -> Iterator[str]:
    """A new one; deleted afterwards."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    kubectl("create", "namespace", name)
    try:
        yield name
    finally:
        kubectl("delete", "namespace", name, "--timeout=600s")


def deployment(name: str, replicas: int, **container: Any) -> Json:
    """A Deployment of pods with one container."""
    app = {"name": "app", "image": "busybox:1", **container}
    pod = {"terminationGracePeriodSeconds": 0, "containers": [app]}
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def broken_workloads() -> list[Json]:
    """50 pods: five kinds of faults, each of two Deployments with five pods."""
    shell = ["sh", "-c"]
    kinds: dict[str, Json] = {
        "crash": {"command": [*shell, "echo 'ERROR: cannot reach db:5432' >&2; exit 1"]},
        "oom": {"command": [*shell, "sleep 1; exec tail /dev/zero"], "resources": {"limits": {"memory": "16Mi"}}},
        "image": {"image": "busybox:no-such-tag"},
        "config": {"envFrom": [{"configMapRef": {"name": "missing"}}], "command": ["sleep", "9999"]},
        "pending": {"resources": {"requests": {"cpu": "64"}}, "command": ["sleep", "9999"]},
    }
    return [deployment(f"{kind}-{number}", 5, **kinds[kind]) for kind in kinds for number in (1, 2)]


def bare(workload: Json) -> list[Json]:
    """The pods of a Deployment, without it."""
    name, spec = workload["metadata"]["name"], workload["spec"]
    return [
        {"apiVersion": "v1", "kind": "Pod", **spec["template"], "metadata": {"name": f"{name}-{number}"}}
        for number in range(spec["replicas"])
    ]


def broken(shape: str, items: list[Json], runs: int, env: dict[str, str], audit_log: Path | None) -> None:
    """50 broken pods of five kinds, made by these items."""
    with namespace() as name:
        kubectl("apply", "-n", name, "-f", "-", stdin=_listed(items))
        time.sleep(SETTLED_AFTER_S)
        begun = audit_log.stat().st_size if audit_log else 0
        done = subprocess.run(desk(name), cwd=env["HOME"], env=env, capture_output=True, text=True, check=False)
        report = json.loads(done.stdout)
        print(f"50 broken pods, {shape}: {len(report['findings'])} findings,", _causes(report))
        if audit_log:
            time.sleep(2)
            print("requests:", requests(audit_log, begun))
        get = ["kubectl", "--kubeconfig", KUBECONFIG, "get", "pods,events", "-n", name, "-o", "json"]
        describe = ["kubectl", "--kubeconfig", KUBECONFIG, "describe", "pods", "-n", name]
        commands = {"debug-pod": desk(name), "kubectl get pods,events": get, "kubectl describe pods": describe}
        print(compared(commands, runs, env))


def requests(audit_log: Path, begun: int) -> str:
    """What Desk asked since then, in the audit log's words: `list pods` and how often."""
    with audit_log.open("rb") as file:
        file.seek(begun)
        entries = [json.loads(line) for line in file.read().splitlines()]
    asked = Counter(
        f"{entry['verb']} {entry.get('objectRef', {}).get('resource', '')}"
        + (f"/{entry['objectRef']['subresource']}" if entry.get("objectRef", {}).get("subresource") else "")
        for entry in entries
        if entry.get("userAgent") == "desk-agent" and entry["stage"] == "ResponseComplete"
    )
    logs = asked.pop("get pods/log", 0)
    told = ", ".join(f"{what} x {count}" if count > 1 else what for what, count in sorted(asked.items()))
    return f"{sum(asked.values())} ({told}) and {logs} of logs"


def many(pods: int, runs: int, env: dict[str, str]) -> None:
    """Simulated pods, a tenth of them crashing, in 50 Deployments' worth of bare owners."""
    with namespace() as name:
        _make_pods(name, pods)
        done = subprocess.run(desk(name), cwd=env["HOME"], env=env, capture_output=True, text=True, check=False)
        report = json.loads(done.stdout)
        affected = sum(len(finding["affected"]) for finding in report["findings"])
        print(f"{pods} pods: {len(report['findings'])} findings on {affected} pods,", _causes(report))
        get = ["kubectl", "--kubeconfig", KUBECONFIG, "get", "pods", "-n", name, "-o", "json"]
        print(compared({"debug-pod": desk(name), "kubectl get pods": get}, runs, env))


@contextlib.contextmanager
def _simulated(config: Path) -> Iterator[None]:
    """kwok with its nodes."""
    command = ["kwok", "--kubeconfig", KUBECONFIG, "--config", str(config), "--node-ip", "10.244.255.254"]
    nodes = [_node(f"bench-node-{number}") for number in range(NODES)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as kwok:
        try:
            kubectl("apply", "-f", "-", stdin=_listed(nodes))
            yield
        finally:
            kubectl("delete", "nodes", "-l", "type=kwok", "--wait=false")
            kwok.terminate()


def _node(name: str) -> Json:
    amounts = {"cpu": "64", "memory": "256Gi", "pods": "500"}
    taint = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"type": "kwok"}},
        "spec": {"taints": [taint]},
        "status": {"capacity": amounts, "allocatable": amounts},
    }


def _make_pods(name: str, count: int) -> None:
    pods = [_pod(number) for number in range(count)]
    for start in range(0, count, 500):
        kubectl("create", "-n", name, "-f", "-", stdin=_listed(pods[start : start + 500]))
    until = time.monotonic() + 180
    while time.monotonic() < until:
        waiting = kubectl("get", "pods", "-n", name, "--field-selector=status.phase=Pending", "-o", "name")
        if not waiting.strip():
            return
        time.sleep(2)
    raise TimeoutError("the simulated pods do not run")


def _pod(number: int) -> Json:
    fault = {"desk.test/fault": "crash"} if number % 10 == 0 else {}
    container = {
        "name": "app",
        "image": "registry.example.com/team/app:1.4.2",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": f"SETTING_{index}", "value": "x" * 40} for index in range(12)],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"app-{number:05}", "labels": {"app": f"app-{number % 50}", **fault}},
        "spec": {"nodeName": f"bench-node-{number % NODES}", "containers": [container]},
    }


def _listed(items: list[Json]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def _causes(report: Json) -> str:
    causes = Counter(finding["cause"] for finding in report["findings"])
    return ", ".join(f"{count} {cause}" for cause, count in sorted(causes.items()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--audit-log", type=Path)
    parser.add_argument("--kwok-config", type=Path)
    parser.add_argument("--pods", type=int, nargs="*", default=[1000, 5000])
    parser.add_argument("--only", choices=["broken", "many"])
    given = parser.parse_args()
    if not KUBECONFIG:
        parser.error("DESK_TEST_KUBECONFIG names no cluster")
    with tempfile.TemporaryDirectory() as home:
        env = {**environment(Path(home)), "PYTHONPATH": str(TOP)}
        if given.only != "many":
            workloads = broken_workloads()
            broken("of Deployments", workloads, given.runs, env, given.audit_log)
            alone = [pod for each in workloads for pod in bare(each)]
            broken("bare", alone, given.runs, env, given.audit_log)
        if given.kwok_config and given.only != "broken":
            with _simulated(given.kwok_config):
                for pods in given.pods:
                    many(pods, given.runs, env)


if __name__ == "__main__":
    main()
