"""Init containers that run on and on: their pod waits, and shows no fault of its own.

Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
"""

from __future__ import annotations

from datetime import timedelta

from tools.diagnose.facts.containers import Container, cause_of, containers, parse_time
from tools.diagnose.terms import ObjectRef, Snapshot

LONG = timedelta(minutes=2)
"""What most have done in time: a migration, a download."""
_SAYS_SOMETHING_AFTER = timedelta(seconds=5)
"""What waits for something has mostly said so by then."""


def long_initializing(snapshot: Snapshot) -> tuple[list[Container], ...]:
    """The init containers that run in their first attempt, and not only just, in groups of one owner and name."""
    return snapshot.once("long initializing", lambda: _long_initializing(snapshot))


def running_for(container: Container, snapshot: Snapshot) -> timedelta:
    """How long it runs by now; nothing when it does not."""
    since = parse_time(container.running.get("startedAt"))
    return timedelta() if since is None else snapshot.taken_at - since


def _long_initializing(snapshot: Snapshot) -> tuple[list[Container], ...]:
    groups: dict[tuple[ObjectRef, str], list[Container]] = {}
    for container in containers(snapshot):
        ends = container.init and not container.must_run_on and cause_of(container, snapshot.taken_at) is None
        if ends and running_for(container, snapshot) > _SAYS_SOMETHING_AFTER:
            groups.setdefault((container.owner, container.name), []).append(container)
    return tuple(groups.values())
