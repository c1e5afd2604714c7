"""The rules: what can be wrong, each a pure function from a snapshot to findings.

`RULES` find causes. `SYMPTOMS` run after them, in this order, and see what is explained already: an unready
pod whose ConfigMap is missing is one finding, not three. `CONTEXTS` run last, on what was found: what the Job,
StatefulSet or Deployment adds to what befell its pods.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from tools.diagnose import recovery
from tools.diagnose.findings import Cause, Finding, Known
from tools.diagnose.lesson import Lesson
from tools.diagnose.reading.snapshot import Snapshot
from tools.diagnose.rules.admission import creation
from tools.diagnose.rules.autoscaling import measuring
from tools.diagnose.rules.autoscaling import scaling as autoscaling
from tools.diagnose.rules.containers import (
    configuration,
    crash,
    failed_pods,
    initializing,
    memory,
    permissions,
    probes,
    unreached,
)
from tools.diagnose.rules.images import image
from tools.diagnose.rules.network import (
    load_balancers,
    routing,
    services,
)
from tools.diagnose.rules.network import (
    policies as network,
)
from tools.diagnose.rules.scheduling import budgets, disruption, pending
from tools.diagnose.rules.storage import volumes
from tools.diagnose.rules.workloads import (
    conditions,
    cron_jobs,
    cron_results,
    daemon_sets,
    delivered,
    draining,
    jobs,
    namespaces,
    revisions,
    rollouts,
    shortfalls,
    sidecars,
)

Rule = Callable[[Snapshot], list[Finding]]
Symptom = Callable[[Snapshot, Known], list[Finding]]
Context = Callable[[list[Finding], Snapshot], list[Finding]]

RULES: tuple[Rule, ...] = (
    memory.oom_killed,
    probes.failed_probes,
    permissions.forbidden,
    crash.crash_loop,
    network.names_unresolved,
    unreached.unreached,
    image.image_pull,
    configuration.create_container_config_error,
    pending.pending,
    volumes.failed_mounts,
    creation.failed_creations,
    disruption.disrupted,
    namespaces.terminating_namespaces,
)
SYMPTOMS: tuple[Symptom, ...] = (
    failed_pods.failed_pods,
    sidecars.held_jobs,
    draining.held_by_draining,
    probes.not_ready,
    initializing.stuck,
    jobs.failed_jobs,
    cron_jobs.cron_jobs,
    cron_results.unsuccessful,
    rollouts.rollouts,
    daemon_sets.daemon_sets,
    services.services,
    load_balancers.load_balancers,
    routing.routing,
    network.network_policies,
    autoscaling.autoscalers,
    budgets.disruption_budgets,
    conditions.unhealthy_conditions,
    shortfalls.shortfalls,
)

CONTEXTS: tuple[Context, ...] = (
    jobs.given_up,
    recovery.aged,
    revisions.blocked,
    revisions.not_made,
    revisions.still_served,
    delivered.delivered,
)

LESSONS: dict[Cause, Lesson] = {
    lesson.cause: lesson
    for lesson in chain(
        memory.LESSONS,
        crash.LESSONS,
        initializing.LESSONS,
        probes.LESSONS,
        image.LESSONS,
        configuration.LESSONS,
        pending.LESSONS,
        volumes.LESSONS,
        creation.LESSONS,
        disruption.LESSONS,
        failed_pods.LESSONS,
        namespaces.LESSONS,
        rollouts.LESSONS,
        revisions.LESSONS,
        daemon_sets.LESSONS,
        jobs.LESSONS,
        sidecars.LESSONS,
        cron_jobs.LESSONS,
        cron_results.LESSONS,
        services.LESSONS,
        load_balancers.LESSONS,
        routing.LESSONS,
        network.LESSONS,
        autoscaling.LESSONS,
        measuring.LESSONS,
        budgets.LESSONS,
        permissions.LESSONS,
        conditions.LESSONS,
    )
}
"""What each cause teaches, in the order of docs/causes.md."""
