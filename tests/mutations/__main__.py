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
from functools import partial
from random import Random

from tests.mutations.mutations import HARMFUL, HARMLESS
from tests.mutations.run import NotWell, Outcome, chosen, run

ENOUGH = 0.95


def main() -> int:
    """Run them, print the table, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=12, help="how many namespaces there are at a time")
    parser.add_argument("--prefix", default="mutated", help="what the namespaces' names begin with")
    parser.add_argument("--only", nargs="*", choices=[*HARMFUL, *HARMLESS], help="these mutators")
    given = parser.parse_args()
    picked = [(name, dice) for name, dice in chosen(given.count, given.seed)]
    if given.only:
        picked = [(name, Random(f"{given.seed}-{number}")) for number, name in enumerate(given.only)]
    with ThreadPoolExecutor(given.at_once) as pool:
        outcomes = list(pool.map(partial(_told, given.prefix), picked))
    return _summed(outcomes)


def _told(prefix: str, picked: tuple[str, Random]) -> Outcome | str:
    name, random = picked
    try:
        outcome = run(name, random, prefix)
    except NotWell as error:
        print(f"{name:24} was not well before: {error}", flush=True)
        return str(error)
    how = "WRONG" if outcome.blamed else outcome.by or ("quiet" if outcome.mutation.harmless else "NOT NAMED")
    print(f"{name:24} {how:9} {outcome.after_s:4.0f} s  {outcome.mutation.what}", flush=True)
    print(f"{'':42}{outcome.said}", flush=True)
    for each in outcome.blamed:
        print(f"{'':34}WRONG   {each}", flush=True)
    return outcome


def _summed(outcomes: list[Outcome | str]) -> int:
    judged = [each for each in outcomes if isinstance(each, Outcome)]
    harmful = [each for each in judged if not each.mutation.harmless]
    harmless = [each for each in judged if each.mutation.harmless]
    named = [each for each in harmful if each.by]
    blamed = [each for each in judged if each.blamed]
    on_object = sum(each.by == "object" for each in named)
    print(
        f"{len(named)} of {len(harmful)} named ({on_object} on the mutated object itself, "
        f"{len(named) - on_object} in words); {len(harmless)} harmless, of which "
        f"{sum(not each.blamed for each in harmless)} led to no finding; {len(blamed)} with a finding on something "
        f"else; {len(outcomes) - len(judged)} were not well before"
    )
    return 0 if len(named) >= ENOUGH * len(harmful) and not blamed else 1


if __name__ == "__main__":
    sys.exit(main())
