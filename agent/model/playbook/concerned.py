"""Which findings a diagnosis in words is about: those of the objects it names, of a container, of a cause. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent.understanding.wishes import Diagnosis
from agent.understanding.world import is_pod_of
from tools.json import Json


def concerned(task: str, wish: Diagnosis, findings: list[Json]) -> list[Json]:
    """The findings a wish is about. Where it names nothing, the task may say a container or a cause; else all."""
    left = [finding for finding in findings if not _is_of(finding, wish.excluded)]
    if wish.names:
        return [finding for finding in left if _is_of(finding, wish.names)]
    if _EVERYTHING.search(task):
        return left
    words = set(re.findall(r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?", task.lower()))
    of_object = [finding for finding in left if words & set(_own_names(finding))]
    of_container = [finding for finding in left if str(finding.get("container") or "").lower() in words]
    return of_object or of_container or [finding for finding in left if _is_called(finding["cause"], task)] or left


def _is_called(cause: str, task: str) -> bool:
    """Whether the task says the cause by its name, or by what people call it."""
    from tools.explain import CAUSES

    words = (rf"\b{cause}\b", CAUSES[cause].called)
    return any(re.search(each, task, re.IGNORECASE) for each in words if each)


_EVERYTHING = re.compile(r"\b(?:everything|all|every\w*|whatever|anything|alles|alle)\b", re.IGNORECASE)


def _is_of(finding: Json, names: Iterable[str]) -> bool:
    """Whether a finding is about an object of one of these names: itself, or a pod of it."""
    own = _own_names(finding)
    return any(name == each or is_pod_of(each, name) or is_pod_of(name, each) for name in names for each in own)


def _own_names(finding: Json) -> list[str]:
    return [finding["object"]["name"].lower(), *(pod.lower() for pod in finding.get("affected", []))]
