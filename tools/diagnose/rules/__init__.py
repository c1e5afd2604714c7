"""The rules: what can be wrong, each a pure function from a snapshot to findings.

`RULES` find causes. `SYMPTOMS` run after them, in this order, and see what is explained already: an unready
pod whose ConfigMap is missing is one finding, not three.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from tools.diagnose.findings import Cause, Finding, Known
from tools.diagnose.lesson import Lesson
from tools.diagnose.rules import (
    autoscaling,
    configuration,
    crash,
    creation,
    disruption,
    image,
    initializing,
    jobs,
    memory,
    network,
    pending,
    permissions,
    probes,
    rollouts,
    routing,
    services,
    unreached,
    volumes,
)
from tools.diagnose.snapshot import Snapshot

Rule = Callable[[Snapshot], list[Finding]]
Symptom = Callable[[Snapshot, Known], list[Finding]]

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
)
SYMPTOMS: tuple[Symptom, ...] = (
    probes.not_ready,
    initializing.stuck,
    jobs.failed_jobs,
    jobs.cron_jobs,
    rollouts.rollouts,
    services.services,
    routing.routing,
    network.network_policies,
    autoscaling.autoscalers,
    autoscaling.disruption_budgets,
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
        rollouts.LESSONS,
        jobs.LESSONS,
        services.LESSONS,
        routing.LESSONS,
        network.LESSONS,
        autoscaling.LESSONS,
        permissions.LESSONS,
    )
}
"""What each cause teaches, in the order of docs/causes.md."""
