"""`python -m tests.chaos --kills 1000 --seed 7`: recovery, proved on the real cluster.

Sessions run as processes and are killed (SIGKILL): at every journal boundary, around every effect, at random
moments; they are resumed, and killed again, until they end. Then the API server's audit log, the journal, git and
the files say whether anything was lost, done twice or left half-written. The plain LangGraph agent beside it has
the same number of effects a session and the same kinds of kills. It needs DESK_TEST_KUBECONFIG.
"""

from __future__ import annotations

import argparse
import os
import sys

from tests.chaos.points import Point, Written
from tests.chaos.run import Asked, Report, replay, run
from tests.chaos.script import CLASSES


def main() -> int:
    """Exit code 1 when Desk has a fault, 2 without a cluster."""
    given = _parser().parse_args()
    kubeconfig = os.environ.get("DESK_TEST_KUBECONFIG", "")
    if not kubeconfig:
        sys.stderr.write("DESK_TEST_KUBECONFIG is not set: name the kubeconfig of a test cluster.\n")
        return 2
    asked = Asked(given.kills, given.seed, kubeconfig, given.only_class, given.workers, given.keep)
    if given.replay is not None:
        points = [None if one == "." else Point.parse(one) for one in given.replay.split(",")]
        report = replay(asked, given.session or 0, Written(points))
    else:
        report = run(asked, given.contender, given.session)
    return _tell(report)


def _tell(report: Report) -> int:
    sys.stdout.write("\n".join([*report.details, *report.lines]) + "\n")
    return 1 if report.desk_faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=1000, help="of each contender (default 1000)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed, the same sessions and points")
    parser.add_argument("--class", dest="only_class", choices=CLASSES, help="only the work of such tools is killed")
    parser.add_argument(
        "--contender", action="append", choices=("desk", "async", "sync"), help="default: all three"
    )
    parser.add_argument("--session", type=int, help="only this session of the seed")
    parser.add_argument("--replay", help="the points of one session, as a run prints them")
    parser.add_argument("--workers", type=int, default=2, help="sessions at once (default 2)")
    parser.add_argument("--keep", action="store_true", help="keep the folders of sessions that have faults")
    return parser


if __name__ == "__main__":
    sys.exit(main())
