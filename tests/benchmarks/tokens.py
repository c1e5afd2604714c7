"""What a model reads to know why something does not run: Desk's diagnosis, or what kubectl has of the same objects.

    python -m tests.benchmarks.tokens

On the cluster of DESK_TEST_KUBECONFIG, five faults of `tests/tools/diagnose/reports` in namespaces of their own,
with one pod each and then with three. Each is looked at once its diagnosis tells what the test of the reports
demands. Raw is `kubectl describe` of the workloads and their pods, their events, and the last 200 lines of each
log, as one asks for them before one knows. Tokens are cl100k_base's, of both alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

from agent.context.tokens import estimate
from tests.benchmarks.figures import table
from tests.tools.diagnose.test_cluster_reports import TOLD
from tools.catalog import TOOLS
from tools.cluster.connect import Where, connect
from tools.frame import Result, ToolContext

KUBECONFIG = os.environ.get("DESK_TEST_KUBECONFIG", "")
REPORTS = Path(__file__).parents[1] / "tools/diagnose/reports"
FAULTS = ("01-svclink", "10-tmpfsoom", "32-hostheader", "36-secret0400", "54-wrongns")
WITHIN_S, EVERY_S = 200, 5
GOAL = 0.2
DIAGNOSE = next(tool for tool in TOOLS if tool.name == "diagnose")
EXPECTED = {told.namespace: told for told in TOLD}


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


def told(context: ToolContext, fault: str, namespace: str, pods: int) -> str:
    """The diagnosis once so many pods have the fault, with the decisive words; raises `TimeoutError`."""
    expected = EXPECTED[fault.partition("-")[0]]
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        found = DIAGNOSE(context, {"namespace": namespace})
        assert isinstance(found, Result)
        text, findings = found.text, (found.data or {})["findings"]
        failing = [len(each["affected"]) for each in findings if each["cause"] == expected.cause]
        if pods in failing and all(words in text for words in expected.words):
            return text
        time.sleep(EVERY_S)
    raise TimeoutError(f"{fault} is not told as {expected}: {text}")


def compared(context: ToolContext, names: dict[str, str], pods: int) -> float:
    """Print the tokens of both; gives the share of all."""
    counted = [
        (fault, estimate(told(context, fault, namespace, pods)), estimate(raw(namespace)))
        for fault, namespace in names.items()
    ]
    print(table(("fault", "diagnosis", "raw", "share"), [(*each, f"{each[1] / each[2]:.2f}") for each in counted]))
    share = sum(ours for _, ours, _ in counted) / sum(theirs for *_, theirs in counted)
    print(f"with {pods} of each: {share:.2f} of the tokens of the raw texts (goal: at most {GOAL:.2f})\n")
    return share


def main() -> int:
    """Make the faults, and print the tokens of both once each is told; 1 where they are more than they may be."""
    prefix = f"tokens-{uuid.uuid4().hex[:6]}-"
    names = {fault: f"{prefix}{fault.partition('-')[0]}" for fault in FAULTS}
    try:
        for fault in FAULTS:
            kubectl("apply", "-f", "-", given=(REPORTS / f"{fault}.yaml").read_text().replace("pub-", prefix))
        context = ToolContext(cluster=connect(Where(Path(KUBECONFIG).as_posix(), None)))
        shares = [compared(context, names, 1)]
        for fault, namespace in names.items():
            workload = EXPECTED[fault.partition("-")[0]].object.partition(" ")[2]
            kubectl("scale", f"deployment/{workload}", "--replicas=3", "-n", namespace)
        shares.append(compared(context, names, 3))
    finally:
        kubectl("delete", "ns", "--wait=false", *names.values())
    return int(max(shares) > GOAL)


if __name__ == "__main__":
    sys.exit(main())
