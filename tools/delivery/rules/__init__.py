"""The rules: where a delivery can be broken, each a pure function.

Of an Application the first that finds something is the one broken link: what comes behind it only follows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from tools.delivery.facts.application import Application
from tools.delivery.reading import Deliveries, Wanted
from tools.delivery.rules.argo_cd import comparing, live, seen, syncing, updating
from tools.diagnose.findings import Cause, Finding
from tools.diagnose.lesson import Lesson

ApplicationRule = Callable[[Application, Deliveries, Wanted], Finding | None]

APPLICATION_RULES: tuple[ApplicationRule, ...] = (
    seen.deleting,
    seen.paused,
    seen.not_watched,
    comparing.invalid,
    comparing.not_compared,
    seen.not_refreshed,
    syncing.retried,
    syncing.waiting,
    syncing.failed,
    comparing.shared,
    syncing.not_pruned,
    syncing.by_hand,
    syncing.window_closed,
    syncing.drifted,
    syncing.not_begun,
    live.pinned,
    seen.filtered,
    updating.idle,
    live.old_revision,
    live.other_image,
    live.rebuilt,
    live.unhealthy,
)

LESSONS: dict[Cause, Lesson] = {
    lesson.cause: lesson
    for lesson in chain(seen.LESSONS, comparing.LESSONS, syncing.LESSONS, updating.LESSONS, live.LESSONS)
}
"""What each cause teaches, in the order of docs/causes.md."""


def of_application(app: Application, found: Deliveries, wanted: Wanted) -> Finding | None:
    """The one broken link of an Application; None where there is none."""
    return next((finding for rule in APPLICATION_RULES if (finding := rule(app, found, wanted))), None)
