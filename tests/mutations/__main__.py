"""Random mutations of healthy namespaces, and whether a diagnosis names what was changed.

    DESK_TEST_KUBECONFIG=... python -m tests.mutations --count 200 --seed 1

Prints a line for each mutation: what was changed, how it was named, what was said. `object`: the finding is on the
mutated object; `words`: it is on an object that names that one, and its summary says so. A finding on any other
object is a wrong one. Ends with 1 where less than 95 % are named, or anything is blamed that nobody touched.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from random import Random

from tests.mutations.mutations import HARMFUL, HARMLESS
from tests.mutations.run import Ground, NotWell, Outcome, chosen
from tests.tools.diagnose.real_cluster import administrator, new_namespace

ENOUGH = 0.95


def main() -> int:
    """Run them, print the table, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip", type=int, default=0, help="so many of the first ones, which were run before")
    parser.add_argument("--at-once", type=int, default=6, help="how many namespaces there are at a time")
    parser.add_argument("--prefix", default="mutated", help="what the namespaces' names begin with")
    parser.add_argument("--only", nargs="*", choices=[*HARMFUL, *HARMLESS], help="these mutators")
    given = parser.parse_args()
    picked = list(chosen(given.count, given.seed))[given.skip :]
    if given.only:
        picked = [(name, Random(f"{given.seed}-{number}")) for number, name in enumerate(given.only)]
    queue: SimpleQueue[tuple[str, Random]] = SimpleQueue()
    for each in picked:
        queue.put(each)
    at_once = min(given.at_once, len(picked))
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(_worked, queue, given.prefix) for _ in range(at_once)]
    return _summed([outcome for future in futures for outcome in future.result()])


def _worked(queue: SimpleQueue[tuple[str, Random]], prefix: str) -> list[Outcome]:
    """What came of the mutations that this worker took, in one namespace as long as that becomes well again."""
    outcomes: list[Outcome] = []
    while not queue.empty():
        try:
            with new_namespace(administrator(), prefix) as namespace:
                ground = Ground(namespace)
                while not queue.empty():
                    name, random = queue.get()
                    outcomes.append(_told(name, ground.mutated(name, random)))
                    ground.put_back(outcomes[-1].mutation)
        except NotWell as error:
            print(f"a namespace is left for a new one: {error}", flush=True)
    return outcomes


def _told(name: str, outcome: Outcome) -> Outcome:
    how = "WRONG" if outcome.blamed else outcome.by or ("quiet" if outcome.mutation.harmless else "NOT NAMED")
    print(f"{name:24} {how:9} {outcome.after_s:4.0f} s  {outcome.mutation.what}\n{'':42}{outcome.said}", flush=True)
    for each in outcome.blamed:
        print(f"{'':34}WRONG   {each}", flush=True)
    return outcome


def _summed(judged: list[Outcome]) -> int:
    harmful = [each for each in judged if not each.mutation.harmless]
    harmless = [each for each in judged if each.mutation.harmless]
    named = [each for each in harmful if each.by]
    blamed = [each for each in judged if each.blamed]
    on_object = sum(each.by == "object" for each in named)
    quiet = [each for each in harmless if not each.blamed]
    print(
        f"{len(named)} of {len(harmful)} named ({on_object} on the mutated object itself, "
        f"{len(named) - on_object} in words); {len(quiet)} of {len(harmless)} harmless ones led to no finding; "
        f"{len(blamed)} with a finding on something else"
    )
    return 0 if len(named) >= ENOUGH * len(harmful) and not blamed else 1


if __name__ == "__main__":
    sys.exit(main())
