"""HorizontalPodAutoscalers that have only just begun to measure.

Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tools.diagnose import timing
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.owners import current_pods_of
from tools.diagnose.facts.statuses import conditions_of
from tools.diagnose.terms import Json, ObjectRef, Snapshot

_LOOKED_AT_WITHIN = timedelta(seconds=30)
"""The controller looks at every autoscaler each 15 seconds."""
_MEASURED_WITHIN = timedelta(minutes=3)
"""A pod is measured within its first two minutes; what has no measurements then has a reason."""
_OF_PODS = ("FailedGetResourceMetric", "FailedGetContainerResourceMetric", "FailedGetPodsMetric")


def measured_by(item: Json, snapshot: Snapshot) -> datetime | None:
    """Until when an autoscaler, or its pods, may only not be measured yet; None when it is, or scales nothing."""
    conditions = {each.get("type"): each for each in conditions_of(item)}
    active = conditions.get("ScalingActive")
    if active is None:
        return timing.after(item["metadata"].get("creationTimestamp"), _LOOKED_AT_WITHIN)
    measures = active.get("status") == "True" or not str(active.get("reason")).startswith("FailedGet")
    if measures:
        return None
    began = [parse_time(active.get("lastTransitionTime"))]
    if active.get("reason") in _OF_PODS:
        began.append(_oldest_pod(item, snapshot))
    return max((each + _MEASURED_WITHIN for each in began if each is not None), default=None)


def _oldest_pod(item: Json, snapshot: Snapshot) -> datetime | None:
    target = item["spec"].get("scaleTargetRef") or {}
    owner = ObjectRef("apps/v1", str(target.get("kind")), snapshot.namespace, str(target.get("name")))
    made = (timing.created(pod) for pod in current_pods_of(owner, snapshot))
    return min((each for each in made if each is not None), default=None)
