"""Each kind of repair asked for in each of five ways, on the real cluster, some seconds old and a minute old.

    DESK_TEST_KUBECONFIG=... python -m tests.cluster.five_ways

By hand, for it takes some twenty minutes: 120 sessions. Prints what was mended and ends with 1 if anything was not.
"""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.cluster.conftest import kubectl
from tests.cluster.test_repairs import _BROKEN_LATER, FAULTS, REPAIRS, WAYS, Repair, _value, _workspace

OLD_S = 60.0
PROCESSES = 3


def main() -> int:
    """All ways, young and old; gives the exit code."""
    failed = [line for old_s in (0.0, OLD_S) for way in WAYS for line in _asked(way, old_s)]
    print(f"{2 * len(WAYS) * len(REPAIRS) - len(failed)} of {2 * len(WAYS) * len(REPAIRS)} mended", flush=True)
    print("\n".join(failed))
    return 1 if failed else 0


def _asked(way: str, old_s: float) -> list[str]:
    """What was not mended of the faults in a namespace of their own, asked for in this way at this age."""
    namespace = f"desk-ways-{secrets.token_hex(3)}"
    kubectl("create", "namespace", namespace)
    kubectl("label", "namespace", namespace, "environment=dev")
    kubectl("apply", "-n", namespace, "-f", str(FAULTS))
    for deployment, container in _BROKEN_LATER.items():
        kubectl("rollout", "status", f"deployment/{deployment}", "-n", namespace, "--timeout=50s")
        template = {"spec": {"containers": [{"name": "app", **container}]}}
        body = {"spec": {"paused": deployment == "halted", "template": template}}
        kubectl("patch", "deployment", deployment, "-n", namespace, "-p", json.dumps(body))
    time.sleep(old_s)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(PROCESSES) as pool:
        lines = list(pool.map(lambda repair: _one(way, namespace, repair, Path(folder)), REPAIRS))
    kubectl("delete", "namespace", namespace, "--wait=false")
    failed = [line for line in lines if line]
    print(
        f"{way!r}, {old_s:.0f} s old: {len(REPAIRS) - len(failed)} of {len(REPAIRS)}",
        *failed,
        sep="\n  ",
        flush=True,
    )
    return failed


def _one(way: str, namespace: str, repair: Repair, folder: Path) -> str:
    """Why one was not mended; empty when it was."""
    workspace = _workspace(folder / repair.name)
    run = workspace.desk("run", way.format(name=repair.name, namespace=namespace), "--model", "playbook")
    value = _value(namespace, repair)
    if run.returncode == 0 and value == repair.mended:
        return ""
    return f"{repair.name}: exit code {run.returncode}, {value!r} and not {repair.mended!r}: {run.stdout[-400:]!r}"


if __name__ == "__main__":
    sys.exit(main())
