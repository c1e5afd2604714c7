"""Init containers that run on and on: their pod waits, and shows no fault of its own.

Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
"""

from __future__ import annotations

from datetime import timedelta

from tools.diagnose.facts.containers import Container, alike, cause_of, containers, parse_time
from tools.diagnose.terms import Snapshot, once

LONG = timedelta(minutes=2)
"""What most have done in time: a migration, a download."""
_SAYS_SOMETHING_AFTER = timedelta(seconds=5)
"""What waits for something has mostly said so by then."""


@once
def long_initializing(snapshot: Snapshot) -> list[list[Container]]:
    """The init containers that run in their first attempt, and not only just, in groups of one owner and name."""
    return alike(
        each
        for each in containers(snapshot)
        if each.init
        and not each.must_run_on
        and cause_of(each, snapshot.taken_at) is None
        and running_for(each, snapshot) > _SAYS_SOMETHING_AFTER
    )


def running_for(container: Container, snapshot: Snapshot) -> timedelta:
    """How long it runs by now; nothing when it does not."""
    since = parse_time(container.running.get("startedAt"))
    return timedelta() if since is None else snapshot.taken_at - since
