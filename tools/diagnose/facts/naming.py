"""How findings and commands name things: as people say them, and as kubectl takes them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from tools.diagnose.facts.containers import Container
from tools.diagnose.terms import Evidence, Json, ObjectRef, Source, Subject
from tools.plaintext import one_line

TEMPLATE_KINDS = ("Deployment", "StatefulSet", "DaemonSet")
"""Kinds whose pod template can be changed in place, which replaces their pods."""

_SHORT = {"PersistentVolumeClaim": "pvc", "HorizontalPodAutoscaler": "hpa", "PodDisruptionBudget": "pdb"}
"""kubectl's own short names of the long ones."""


def said(owner: ObjectRef) -> str:
    """`Deployment checkout`."""
    return f"{owner.kind} {owner.name}"


def subject_of(container: Container) -> Subject:
    """`container app of Deployment checkout`; a sidecar is an init container that runs on."""
    kind = "container" if not container.init else "sidecar" if container.must_run_on else "init container"
    return Subject(f"{kind} {container.name}", container.owner)


def log_says(line: str, context: str = "") -> str:
    """How a summary goes on: `; its log says "LINE" (CONTEXT)`; empty without a line."""
    return f'; its log says "{line}"' + (f" ({context})" if context else "") if line else ""


def typed(owner: ObjectRef) -> str:
    """`deployment/checkout`, with the namespace flag where it has one: what follows a kubectl verb."""
    where = f" -n {owner.namespace}" if owner.namespace else ""
    return f"{_SHORT.get(owner.kind, owner.kind.lower())}/{owner.name}{where}"


def quoted(text: str) -> str:
    """One argument of a shell command."""
    return shlex.quote(text)


def about_pod(source: Source, pod: Json, text: str) -> Evidence:
    """Evidence read from one pod."""
    return Evidence(source, f"Pod {pod['metadata']['name']}", one_line(text))


def about_owner(source: Source, owner: ObjectRef, text: str) -> Evidence:
    """Evidence read from what owns the pods."""
    return Evidence(source, said(owner), one_line(text))


def event_said(event: Json) -> str:
    """`FailedScheduling (12 times): the message`."""
    count = (event.get("series") or {}).get("count") or event.get("count") or 1
    times = f" ({count} times)" if count > 1 else ""
    return f"{event.get('reason', '')}{times}: {event.get('message', '')}"


def first_of(names: list[str]) -> str:
    """`web and 2 more`: the first of several, and how many others there are."""
    others = len(set(names)) - 1
    return f"{names[0]} and {others} more" if others else names[0]


def pod_names(group: Iterable[Container]) -> tuple[str, ...]:
    """The pods of a group, in its order."""
    return tuple(container.pod_name for container in group)
