"""`python -m tests.dispatch --jobs 20 --kills 30`: sessions as Jobs on a real cluster, all at once.

Two dispatchers run. Each session scales a Deployment of its own; every fourth needs an approval, which is given
while none of its pods runs. Pods are killed (SIGKILL) and drained (SIGTERM) at random moments. Then the cluster,
the journal, git and the Jobs say whether anything was lost or done twice. It needs DESK_TEST_KUBECONFIG.
"""

from __future__ import annotations

import argparse
import random
import sys

from tests.dispatch.run import Asked, dispatch, doubled_jobs, drive, judge, tell
from tests.dispatch.stand import KUBECONFIG, stand


def main() -> int:
    """Exit code 1 when there is a fault, 2 without a cluster."""
    parser = argparse.ArgumentParser(prog="python -m tests.dispatch")
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--drains", type=int, default=5)
    parser.add_argument("--within", type=float, default=15, help="seconds of a session in which its pod is ended")
    parser.add_argument("--timeout", type=float, default=1800)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--prefix", default="desk-dispatch", help="of the namespaces")
    given = parser.parse_args()
    if not KUBECONFIG:
        sys.stderr.write("DESK_TEST_KUBECONFIG is not set: name the kubeconfig of a test cluster.\n")
        return 2
    asked = [Asked(f"T-{number}", "dev" if number % 4 else "qa", f"web-{number}") for number in range(given.jobs)]
    deployments = {kind: [each.deployment for each in asked if each.environment == kind] for kind in ("dev", "qa")}
    with stand(deployments, given.prefix) as ready:
        with ready.dispatchers(2) as logs:
            first = dispatch(ready, asked)
            again = dispatch(ready, asked)
            done = drive(
                ready, asked, kills=given.kills, drains=given.drains, within_s=given.within,
                chance=random.Random(given.seed), timeout_s=given.timeout,
            )  # fmt: skip
        faults = [*done.faults, *judge(ready, asked), *doubled_jobs(ready)]
        if first != again:
            faults.append("a second dispatch of the same keys made other Jobs")
        jobs = ready.get("jobs", "-n", ready.jobs)["items"]
        by_each = [log.read_text().count('"created": true') for log in logs]
        sys.stdout.write(
            f"{len(asked)} sessions, {len(jobs)} Jobs (made by two dispatchers: {by_each[0]} and {by_each[1]}), "
            f"{done.killed} pods killed, {done.drained} drained, {done.approved} approvals decided while no pod "
            f"ran, {done.seconds:.0f} s\n{len(faults)} faults\n"
        )
        if faults:
            sys.stdout.write("\n".join([*faults, tell(ready)]) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
