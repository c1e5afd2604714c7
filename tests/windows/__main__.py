"""`python -m tests.windows --kills 100`: a task of 40 turns, in windows of 8,000 tokens, killed on its way.

Each round is one task: its processes are killed at random moments, with all their children, and started again with
the same command. In the end the cluster, git and the journal say whether anything was lost or done twice. The first
round is not killed. It needs DESK_TEST_KUBECONFIG.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys

from tests.windows.run import timed

KILLS_A_ROUND = 20


def main() -> int:
    """Exit code 1 when there is a fault, 2 without a cluster."""
    parser = argparse.ArgumentParser(prog="python -m tests.windows", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="in all (default 100)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed, the same moments")
    given = parser.parse_args()
    kubeconfig = os.environ.get("DESK_TEST_KUBECONFIG", "")
    if not kubeconfig:
        sys.stderr.write("DESK_TEST_KUBECONFIG is not set: name the kubeconfig of a test cluster.\n")
        return 2
    killed, number, faults = 0, 0, list[str]()
    while number == 0 or killed < given.kills:
        kills = min(KILLS_A_ROUND, given.kills - killed) if number else 0
        report, line = timed(kubeconfig, f"windows-{secrets.token_hex(3)}", kills, given.seed + number)
        sys.stdout.write("\n".join([line, *report.faults]) + "\n")
        sys.stdout.flush()
        faults += report.faults
        if kills and not report.kills:  # it was never slow enough to be hit
            break
        killed, number = killed + report.kills, number + 1
    sys.stdout.write(f"{killed} kills in all: {len(faults)} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
