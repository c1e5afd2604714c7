"""Pods that have no node yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.json import Json


def unplaced(pod: Json) -> bool:
    """No scheduler has placed it, or no kubelet has seen it: the node it names may not exist."""
    status = pod.get("status") or {}
    return status.get("phase") == "Pending" and not (pod["spec"].get("nodeName") and status.get("conditions"))
