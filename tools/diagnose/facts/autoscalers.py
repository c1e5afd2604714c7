"""HorizontalPodAutoscalers that have only just begun to measure.

Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tools.diagnose import timing
from tools.diagnose.facts.statuses import conditions_of

if TYPE_CHECKING:
    from tools.json import Json

_LOOKED_AT_WITHIN = timedelta(seconds=30)
"""The controller looks at every autoscaler each 15 seconds."""
_MEASURED_WITHIN = timedelta(minutes=3)
"""A pod is measured within its first two minutes; what has no measurements then has a reason."""


def measured_by(item: Json) -> datetime | None:
    """Until when an autoscaler may only not have measured yet; None when it has, or scales nothing."""
    conditions = {each.get("type"): each for each in conditions_of(item)}
    active = conditions.get("ScalingActive")
    if active is None:
        return timing.after(item["metadata"].get("creationTimestamp"), _LOOKED_AT_WITHIN)
    measures = active.get("status") == "True" or not str(active.get("reason")).startswith("FailedGet")
    return None if measures else timing.after(active.get("lastTransitionTime"), _MEASURED_WITHIN)
