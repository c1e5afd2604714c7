"""Replicas, autoscalers and disruption budgets, and how they go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.apimachinery.selectors import matches
from tools.validation import edits
from tools.validation.fault import Fault
from tools.validation.manifests import Manifest, PodTemplate, mapping, whole
from tools.validation.rule import Context, Rule

_HPA = "https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/"
_PDB = "https://kubernetes.io/docs/tasks/run-application/configure-pdb/"
_WHOLE = 100
_SCALED = ("Deployment", "StatefulSet", "ReplicaSet")


def _autoscalers(context: Context) -> Iterator[Manifest]:
    return (each for each in context.manifests.of("HorizontalPodAutoscaler") if each.group == "autoscaling")


def _target(autoscaler: Manifest) -> tuple[str, str]:
    target = mapping(autoscaler.spec.get("scaleTargetRef"))
    return str(target.get("kind", "")), str(target.get("name", ""))


def _replicas(context: Context) -> Iterator[Fault]:
    for (kind, namespace, name), autoscalers in context.manifests.autoscalers.items():
        target = context.manifests.get(kind, namespace, name)
        if target is not None and target.spec.get("replicas") is not None and kind in _SCALED:
            path = ("spec", "replicas")
            says = f"replicas is set, and the autoscaler {autoscalers[0].name} sets it, too"
            yield Fault(target, path, says, None, edits.removed(target, path))


def _bounds(context: Context) -> Iterator[Fault]:
    for each in _autoscalers(context):
        least, most = whole(each.spec.get("minReplicas")), whole(each.spec.get("maxReplicas"))
        if most is not None and (least if least is not None else 1) > most:
            yield Fault(each, ("spec", "minReplicas"), f"minReplicas {least or 1} is more than maxReplicas {most}")


def _shared(context: Context) -> Iterator[Fault]:
    for (kind, _, name), autoscalers in context.manifests.autoscalers.items():
        for other in autoscalers[1:]:
            says = f"{autoscalers[0].name} scales {kind} {name} already"
            yield Fault(other, ("spec", "scaleTargetRef"), says)


def _no_target(context: Context) -> Iterator[Fault]:
    for each in _autoscalers(context):
        kind, name = _target(each)
        if kind in _SCALED and name and context.lacks(kind, each.namespace, name):
            path = ("spec", "scaleTargetRef", "name")
            yield Fault(each, path, context.missing(kind, each.namespace, name))


def _budgets(context: Context) -> Iterator[Manifest]:
    return (each for each in context.manifests.of("PodDisruptionBudget") if each.group == "policy")


def _invalid(context: Context) -> Iterator[Fault]:
    for each in _budgets(context):
        if each.spec.get("minAvailable") is not None and each.spec.get("maxUnavailable") is not None:
            yield Fault(each, ("spec", "maxUnavailable"), "minAvailable and maxUnavailable exclude one another")
        elif each.spec.get("minAvailable") is None and each.spec.get("maxUnavailable") is None:
            yield Fault(each, ("spec",), "neither minAvailable nor maxUnavailable is set: it protects nothing")


def _replicas_of(context: Context, pod: PodTemplate) -> int | None:
    """How many pods there are at least; None where another field or tool decides."""
    each = pod.manifest
    autoscalers = context.manifests.autoscalers.get((each.kind, each.namespace, each.name))
    if autoscalers:
        return min(whole(autoscaler.spec.get("minReplicas")) or 1 for autoscaler in autoscalers)
    return whole(each.spec.get("replicas", 1)) if each.kind in _SCALED else None


def _selected(context: Context, budget: Manifest) -> list[PodTemplate]:
    selector = budget.spec.get("selector")
    if not isinstance(selector, dict) or not selector:
        return []
    labels = mapping(selector.get("matchLabels"))
    pods = context.manifests
    near = pods.selected(budget.namespace, labels) if labels else pods.pods_in(budget.namespace)
    return [pod for pod in near if pod.is_workload and matches(selector, pod.labels)]


def _blocked(context: Context) -> Iterator[Fault]:
    for each in _budgets(context):
        pods = _selected(context, each)
        counts = [_replicas_of(context, pod) for pod in pods]
        known = [count for count in counts if count is not None]
        total = sum(known) if known and len(known) == len(counts) else None
        if total != 0:
            yield from _blocking(each, total)


def _blocking(each: Manifest, total: int | None) -> Iterator[Fault]:
    least, most = each.spec.get("minAvailable"), each.spec.get("maxUnavailable")
    if _is_none(most):
        yield Fault(each, ("spec", "maxUnavailable"), "maxUnavailable is 0: no pod may ever be evicted")
    elif least is not None and most is None and _is_all(least, total):
        path = ("spec", "minAvailable")
        edit = edits.renamed(each, path, "maxUnavailable")
        edit = (*edit, *edits.rewritten(each.node.at(path), "1")) if edit and (total or 0) > 1 else ()
        of = f"{least} of {total} replicas" if total is not None else str(least)
        yield Fault(each, path, f"minAvailable is {of}: no pod may ever be evicted", None, edit)


def _is_none(value: Any) -> bool:
    return (whole(value) == 0 and value is not None) or value == "0%"


def _is_all(least: Any, total: int | None) -> bool:
    """Whether so many must be available that none may go; `total` None: nobody knows how many there are."""
    if isinstance(least, str) and least.endswith("%") and least[:-1].isdigit():
        share = int(least[:-1])
        return share >= _WHOLE or (total is not None and -(-total * share // _WHOLE) >= total)
    count = whole(least)
    return count is not None and total is not None and count >= total


def _overlapping(context: Context) -> Iterator[Fault]:
    owner: dict[int, Manifest] = {}
    for each in _budgets(context):
        for pod in _selected(context, each):
            first = owner.setdefault(id(pod), each)
            if first is not each:
                says = f"{first.name} selects the pods of {pod.manifest.name}, too: no eviction of them is allowed"
                yield Fault(each, ("spec", "selector"), says)
                break


def _no_budget(context: Context) -> Iterator[Fault]:
    covered = {id(pod) for each in _budgets(context) for pod in _selected(context, each)}
    covered |= {
        id(pod)
        for each in _budgets(context)
        if each.spec.get("selector") == {}
        for pod in context.manifests.pods_in(each.namespace)
    }
    for pod in context.manifests.workloads:
        count = _replicas_of(context, pod)
        if count is not None and count > 1 and id(pod) not in covered:
            yield Fault(pod.manifest, (), f"{count} replicas, and no PodDisruptionBudget selects them")


def _no_spread(context: Context) -> Iterator[Fault]:
    for pod in context.manifests.workloads:
        count = _replicas_of(context, pod)
        affinity = mapping(pod.spec.get("affinity")).get("podAntiAffinity")
        if count is not None and count > 1 and not (affinity or pod.spec.get("topologySpreadConstraints")):
            yield Fault(pod.manifest, pod.path, f"nothing spreads the {count} replicas over nodes")


RULES = (
    Rule(
        "ReplicasAndAutoscaler",
        "warning",
        "A workload says replicas, and an autoscaler sets it.",
        "Each apply sets the number back: under load, pods are killed by a rollout that changed something else.",
        "Take replicas out.",
        f"{_HPA}#migrating-deployments-and-statefulsets-to-horizontal-autoscaling",
        _replicas,
    ),
    Rule(
        "AutoscalerBounds",
        "error",
        "minReplicas is more than maxReplicas.",
        "The API server refuses it.",
        "Raise maxReplicas or lower minReplicas.",
        _HPA,
        _bounds,
    ),
    Rule(
        "AutoscalersShareTarget",
        "error",
        "Two autoscalers scale one workload.",
        "They set the number against one another, and the controller refuses both: AmbiguousSelector.",
        "One autoscaler with both metrics.",
        _HPA,
        _shared,
        is_taken=True,
    ),
    Rule(
        "ScaleTargetMissing",
        "error",
        "An autoscaler's workload is not there.",
        "It scales nothing: FailedGetScale.",
        "Correct scaleTargetRef.",
        _HPA,
        _no_target,
        is_taken=True,
    ),
    Rule(
        "BudgetInvalid",
        "error",
        "A PodDisruptionBudget says both bounds, or none.",
        "The API server refuses both; none protects nothing.",
        "maxUnavailable: 1 suits most.",
        _PDB,
        _invalid,
    ),
    Rule(
        "BudgetBlocksEviction",
        "warning",
        "A PodDisruptionBudget never lets a pod go.",
        "A node can never be drained: upgrades of the cluster hang on it, or kill the pod without asking.",
        "maxUnavailable: 1, or more replicas than minAvailable.",
        _PDB,
        _blocked,
    ),
    Rule(
        "BudgetsOverlap",
        "error",
        "Two PodDisruptionBudgets select the same pods.",
        "The eviction API refuses to evict a pod that more than one budget selects.",
        "One budget for the pods.",
        _PDB,
        _overlapping,
        is_taken=True,
    ),
    Rule(
        "BudgetMissing",
        "info",
        "Several replicas, and no PodDisruptionBudget.",
        "While nodes are drained, all of them may be evicted at once.",
        "A PodDisruptionBudget with maxUnavailable: 1.",
        _PDB,
        _no_budget,
    ),
    Rule(
        "SpreadMissing",
        "info",
        "Several replicas, and nothing spreads them.",
        "All may land on one node or in one zone, and go with it.",
        "topologySpreadConstraints by kubernetes.io/hostname and by zone, or a preferred podAntiAffinity.",
        "https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
        _no_spread,
    ),
)
