"""Changes of a probe: the tool's arguments, and the patch that a person types.

Source: https://kubernetes.io/docs/concepts/workloads/pods/probes/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import TEMPLATE_KINDS
from tools.diagnose.facts.probing import ProbeName
from tools.diagnose.facts.remedies import by_tool, template_patched
from tools.diagnose.terms import Json, ObjectRef, Remedy

_IN_THE_API = {"initial_delay_s": "initialDelaySeconds", "timeout_s": "timeoutSeconds"}
_HANDLERS = ("httpGet", "tcpSocket", "grpc")


def set_probe(owner: ObjectRef, spec: Json, name: ProbeName, change: Mapping[str, Any], title: str) -> Remedy:
    """The change of a probe of the container `spec`, in the tool's arguments; an edit where there is none."""
    if owner.kind not in TEMPLATE_KINDS or not change:
        return edit(owner, title)
    by_hand = template_patched(owner, title, {"containers": [{"name": spec["name"], **_patch(spec, name, change)}]})
    return by_tool(by_hand, "set_probe", owner, container=spec["name"], probe=name, **change)


def _patch(spec: Json, name: ProbeName, change: Mapping[str, Any]) -> Json:
    """The change as a strategic merge patch: containers merge by name."""
    before = spec.get(f"{name}Probe") or {}
    handler = next((each for each in _HANDLERS if each in before), "exec")
    probe: Json = {}
    for key, value in change.items():
        if key in _IN_THE_API:
            probe[_IN_THE_API[key]] = value
        else:
            probe.setdefault(handler, {})[key] = value
    return {f"{name}Probe": probe}
