"""The rules: where a delivery can be broken, each a pure function.

Of an Application the first that finds something is the one broken link: what comes behind it only follows.
"""

from __future__ import annotations

from collections.abc import Callable

from tools.delivery.facts.application import Application
from tools.delivery.facts.builds import newest
from tools.delivery.reading import Deliveries, Wanted
from tools.delivery.rules import external_secrets, webhooks
from tools.delivery.rules.argo_cd import comparing, live, seen, syncing, updating
from tools.delivery.rules.openshift import building
from tools.delivery.rules.tekton import failing, triggering
from tools.diagnose.findings import Finding, Starting
from tools.diagnose.rule import Cause

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


def of_namespace(found: Deliveries) -> list[Finding]:
    """What is broken of what builds there: runs, what starts them, builds, image streams."""
    judged = [
        *(failing.failing(run, found) for run in found.judged_runs()),
        *(triggering.listening(item, found) for item in found.of("EventListener")),
        *(building.building(build, found) for build in newest(found.builds())),
        *(building.paused(item) for item in found.of("BuildConfig")),
        *(building.imported(item) for item in found.of("ImageStream")),
        *(building.trigger_paused(item) for item in (*found.of("BuildConfig"), *found.of("Deployment"))),
        *(triggering.repository(item, found) for item in found.of("Repository")),
        *_of_secrets(found),
    ]
    return [finding for finding in judged if finding is not None]


def _of_secrets(found: Deliveries) -> list[Finding]:
    """A store that is not ready is one finding, however many wait for it."""
    judged = [external_secrets.not_synced(item, found) for item in found.of("ExternalSecret")]
    return list({each.object: each for each in judged if each is not None}.values())


def going_on(found: Deliveries) -> list[Starting]:
    """What builds there and is on its way."""
    runs = (failing.on_its_way(run, found) for run in found.judged_runs())
    builds = (building.on_its_way(build, found) for build in newest(found.builds()))
    return [each for each in (*runs, *builds) if each is not None]


CAUSES: dict[str, Cause] = {
    str(cause): cause
    for module in (
        seen,
        comparing,
        syncing,
        updating,
        live,
        failing,
        triggering,
        building,
        external_secrets,
        webhooks,
    )
    for cause in vars(module).values()
    if isinstance(cause, Cause)
}
"""Every cause by its name, in the order of docs/causes.md."""


def of_application(app: Application, found: Deliveries, wanted: Wanted) -> Finding | None:
    """The one broken link of an Application; None where there is none."""
    return next((finding for rule in APPLICATION_RULES if (finding := rule(app, found, wanted))), None)
