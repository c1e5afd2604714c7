"""What a model reads to know why something does not run: Desk's diagnosis, or what kubectl has of the same objects.

    python -m tests.benchmarks.tokens

On the cluster of DESK_TEST_KUBECONFIG, five faults of `tests/tools/diagnose/reports` in namespaces of their own.
Raw is `kubectl describe` of the workloads and their pods, their events, and the last 200 lines of each log, as one
asks for them before one knows. Tokens are cl100k_base's, of both alike.
"""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from pathlib import Path

from agent.context.tokens import estimate
from tests.benchmarks.figures import table
from tools.catalog import TOOLS
from tools.cluster.connect import Where, connect
from tools.frame import Result, ToolContext

KUBECONFIG = os.environ.get("DESK_TEST_KUBECONFIG", "")
REPORTS = Path(__file__).parents[1] / "tools/diagnose/reports"
FAULTS = ("01-svclink", "10-tmpfsoom", "32-hostheader", "36-secret0400", "54-wrongns")
SETTLED_AFTER_S = 75
DIAGNOSE = next(tool for tool in TOOLS if tool.name == "diagnose")


def kubectl(*arguments: str, given: str | None = None) -> str:
    """Its standard output, whatever its exit code."""
    command = ["kubectl", "--kubeconfig", KUBECONFIG, *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False).stdout


def raw(namespace: str) -> str:
    pods = kubectl("get", "pods", "-n", namespace, "-o", "name").split()
    logs = [kubectl("logs", "-n", namespace, pod, "--all-containers", "--tail=200") for pod in pods]
    before = [kubectl("logs", "-n", namespace, pod, "--all-containers", "--tail=200", "--previous") for pod in pods]
    described = kubectl("describe", "deployments,statefulsets,jobs,pods,services", "-n", namespace)
    return "\n".join([described, kubectl("get", "events", "-n", namespace), *logs, *before])


def main() -> None:
    """Make the faults, wait, and print the tokens of both."""
    prefix = f"tokens-{uuid.uuid4().hex[:6]}-"
    names = [f"{prefix}{fault.partition('-')[0]}" for fault in FAULTS]
    try:
        for fault in FAULTS:
            kubectl("apply", "-f", "-", given=(REPORTS / f"{fault}.yaml").read_text().replace("pub-", prefix))
        time.sleep(SETTLED_AFTER_S)
        context = ToolContext(cluster=connect(Where(Path(KUBECONFIG).as_posix(), None)))
        rows, shares = [], []
        for fault, namespace in zip(FAULTS, names, strict=True):
            told = DIAGNOSE(context, {"namespace": namespace})
            assert isinstance(told, Result)
            ours, theirs = estimate(told.text), estimate(raw(namespace))
            shares.append(ours / theirs)
            rows.append((fault, str(ours), str(theirs), f"{ours / theirs:.2f}"))
        print(table(("fault", "diagnosis", "raw", "share"), rows))
        print(f"share of all: {sum(shares) / len(shares):.2f} (goal: at most 0.20)")
    finally:
        kubectl("delete", "ns", "--wait=false", *names)


if __name__ == "__main__":
    main()
