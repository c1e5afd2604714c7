"""Pods that have no node yet."""

from __future__ import annotations

from tools.diagnose.facts.statuses import status_of
from tools.json import Json


def unplaced(pod: Json) -> bool:
    """No scheduler has placed it, or no kubelet has seen it: the node it names may not exist."""
    status = status_of(pod)
    return status.get("phase") == "Pending" and not (pod["spec"].get("nodeName") and status.get("conditions"))
