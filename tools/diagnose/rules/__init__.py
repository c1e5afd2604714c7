"""The rules in their order of precedence: what can be wrong, each a pure function from a snapshot to findings.

A line is a module of this folder, which holds a `Rule`, and what that judges: it is imported and asked only where
something of it was read. Rules that find causes stand first. Those of symptoms come after them and see what is
explained already: an unready pod whose ConfigMap is missing is one finding, not three. Those that only retell stand
last: what the StatefulSet or Deployment adds to what befell its pods.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

import msgspec

from tools.diagnose.facts.present import (
    anything,
    broken_by,
    creation_refused,
    deleted_namespace,
    either,
    events,
    evicted_pods,
    leaving_pods,
    logs,
    pods_of_lost_nodes,
    some,
    unwell_pods,
)
from tools.diagnose.terms import Cause, Rule, Snapshot


class Line(msgspec.Struct, frozen=True):
    """A rule's module, below this one, what must have been read for it to judge, and its name there."""

    module: str
    judges: Callable[[Snapshot], bool]
    name: str = "RULE"


RULES: tuple[Line, ...] = (
    Line("containers.memory", broken_by("OOMKilled")),
    Line("containers.probes", unwell_pods),
    Line("containers.permissions", logs),
    Line("containers.crash", broken_by("CrashLoopBackOff")),
    Line("network.dns", some("NetworkPolicy")),
    Line("containers.unreached", logs),
    Line("images.image", broken_by("ImagePullBackOff")),
    Line("containers.configuration", unwell_pods),
    Line("scheduling.pending", unwell_pods),
    Line("storage.volumes", unwell_pods),
    Line("admission.creation", creation_refused),
    Line("scheduling.eviction", either(evicted_pods, events("Evicted"))),
    Line("scheduling.preemption", unwell_pods),
    Line("scheduling.lost_nodes", either(pods_of_lost_nodes, some("Node"))),
    Line("workloads.terminating", leaving_pods),
    Line("workloads.namespaces", deleted_namespace),
    Line("containers.failed_pods", either(unwell_pods, some("Event"))),
    Line("workloads.sidecars", unwell_pods),
    Line("workloads.draining", leaving_pods),
    Line("containers.probes", either(unwell_pods, events("Unhealthy")), "UNREADY"),
    Line("containers.initializing", unwell_pods),
    Line("workloads.jobs", some("Job")),
    Line("workloads.cron_jobs", some("CronJob")),
    Line("workloads.cron_results", some("CronJob")),
    Line("workloads.rollouts", some("Deployment")),
    Line("workloads.daemon_sets", some("DaemonSet")),
    Line("network.services", some("Service")),
    Line("network.load_balancers", some("Service")),
    Line("network.routing", some("Ingress", "Route")),
    Line("network.ingress", some("NetworkPolicy")),
    Line("autoscaling.scaling", some("HorizontalPodAutoscaler")),
    Line("scheduling.budgets", some("PodDisruptionBudget")),
    Line("workloads.conditions", anything),
    Line("workloads.shortfalls", anything),
    Line("containers.recovery", unwell_pods),
    Line("workloads.held_back", some("DaemonSet", "StatefulSet")),
    Line("workloads.revisions", some("Deployment", "StatefulSet")),
    Line("workloads.operated", anything),
    Line("workloads.delivered", anything),
)


def due(snapshot: Snapshot) -> list[Rule]:
    """The rules that something was read for."""
    return [_loaded(line) for line in RULES if line.judges(snapshot)]


@cache
def causes() -> dict[str, Cause]:
    """Every cause by its name, in the order of the rules; imports all of them."""
    return {str(cause): cause for line in RULES for cause in _loaded(line).causes}


@cache
def _loaded(line: Line) -> Rule:
    rule: Rule = getattr(import_module(f"{__name__}.{line.module}"), line.name)
    return rule
