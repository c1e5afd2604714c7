"""How many pods there are, and how many may be away: HorizontalPodAutoscaler, PodDisruptionBudget. Pure.

Sources: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ ,
https://kubernetes.io/docs/tasks/run-application/configure-pdb/
"""

from __future__ import annotations

from tools.json import Json
from tools.manifests.accounts import made, selector
from tools.manifests.specification import Specification

CPU_PERCENT, MEMORY_PERCENT = 70, 80
_KINDS = {"deployment": "Deployment", "statefulset": "StatefulSet"}


def autoscaler(wanted: Specification, least: int, most: int) -> Json:
    """Quickly up, by half a minute; slowly down, by a tenth, when five minutes were quiet."""
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": _KINDS[wanted.type], "name": wanted.app},
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": [_utilization("cpu", CPU_PERCENT), _utilization("memory", MEMORY_PERCENT)],
        "behavior": {"scaleDown": _behavior(300, 10), "scaleUp": _behavior(60, 50)},
    }
    return made("autoscaling/v2", "HorizontalPodAutoscaler", wanted, spec=spec)


def _utilization(resource: str, percent: int) -> Json:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}


def _behavior(quiet_s: int, percent: int) -> Json:
    policy = {"type": "Percent", "value": percent, "periodSeconds": 60}
    return {"stabilizationWindowSeconds": quiet_s, "policies": [policy]}


def disruption_budget(wanted: Specification) -> Json:
    """One pod at a time may be away for a drain; what does not run anyway holds none up."""
    spec = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": selector(wanted)},
    }
    return made("policy/v1", "PodDisruptionBudget", wanted, spec=spec)
