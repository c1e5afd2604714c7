"""What the rules find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from tools.cluster.resources import ObjectRef
from tools.diagnose.rule import Cause

Severity = Literal["error", "warning", "info"]
Source = Literal["status", "event", "log", "spec", "metric"]
Risk = Literal["read", "render", "provision", "change", "secret", "delete", "cluster"]


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a finding rests: `object` is the kind and name it was read from, `text` what was read."""

    source: Source
    object: str
    text: str


class Remedy(msgspec.Struct, frozen=True):
    """What a person could type; and, where Desk can do it, the tool with its arguments."""

    title: str
    command: str
    risk: Risk
    tool: str | None = None
    arguments: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Subject(msgspec.Struct, frozen=True):
    """A part of an object, of which a finding is: `container app` of Deployment checkout."""

    part: str
    of: ObjectRef

    def __str__(self) -> str:
        return f"{self.part} of {self.of.kind} {self.of.name}"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One cause on one object: `object` is what a person would change, `affected` the pods that suffer.

    `concerns` are further objects that suffer (the Deployment that a quota holds back): who asks about one of
    them is told of this finding, and what follows from it there is not a finding of its own.

    `detail` is what is said of the subject; the whole sentence where there is none. `passing` goes on after it with
    what holds only while time may mend it.

    `settles_at` is there while time alone may still mend it: until then it is a warning, "so far" (`timing`).
    """

    cause: Cause
    object: ObjectRef
    container: str | None = None
    affected: tuple[str, ...] = ()
    subject: Subject | None = None
    detail: str
    passing: str = ""
    why: str
    evidence: tuple[Evidence, ...]
    remedies: tuple[Remedy, ...] = ()
    severity: Severity = "error"
    concerns: tuple[ObjectRef, ...] = ()
    settles_at: datetime | None = None

    @property
    def summary(self) -> str:
        """One sentence with the decisive detail."""
        return (f"{self.subject} {self.detail}" if self.subject else self.detail) + self.passing

    @property
    def summary_within(self) -> str:
        """The same within a sentence about the object: without its name."""
        return (f"{self.subject.part} {self.detail}" if self.subject else self.detail) + self.passing

    @property
    def so_far(self) -> bool:
        """Whether time alone may still mend it."""
        return self.settles_at is not None


class Starting(msgspec.Struct, frozen=True):
    """What may still become well or bad, and of which no finding tells: `said` is what it lacks.

    `affected` are the pods meant; `settles_at` is when it is judged at the latest.
    """

    object: ObjectRef
    affected: tuple[str, ...]
    said: str
    settles_at: datetime
    concerns: tuple[ObjectRef, ...] = ()


class Known:
    """What the findings so far explain: a symptom of it is not a finding of its own."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self.findings: list[Finding] = []
        self._pods: set[str] = set()
        self._containers: set[tuple[str, str | None]] = set()
        self._refs: set[ObjectRef] = set()
        self._objects: set[tuple[str, str]] = set()
        self._told_pods: set[str] = set()
        self._told_refs: set[ObjectRef] = set()
        self.add(findings)

    def add(self, findings: Iterable[Finding]) -> None:
        """What one rule has found: the rules after it see it."""
        for finding in list(findings):
            self.findings.append(finding)
            refs = (finding.object, *finding.concerns)
            self._told_pods.update(finding.affected)
            self._told_refs.update(refs)
            if finding.severity != "info":
                self._pods.update(finding.affected)
                self._containers.update((pod, finding.container) for pod in finding.affected)
                self._refs.update(refs)
                self._objects.update((one.kind, one.name) for one in refs)

    def explains_pod(self, name: str) -> bool:
        """Whether a finding names this pod among those that suffer."""
        return name in self._pods

    def explains_container(self, pod: str, name: str) -> bool:
        """Whether a finding is on this container, or on the whole pod: not one on another container of the pod."""
        return not self._containers.isdisjoint(((pod, None), (pod, name)))

    def explains(self, kind: str, name: str) -> bool:
        """Whether a finding is on this object, or concerns it."""
        return (kind, name) in self._objects

    def explains_exactly(self, ref: ObjectRef) -> bool:
        """The same with the namespace: a webhook's Service may be of another one."""
        return ref in self._refs

    def tells_of(self, ref: ObjectRef) -> bool:
        """Whether any finding, even one that is only worth knowing, is on this object or concerns it."""
        return ref in self._told_refs

    def tells_of_pod(self, name: str) -> bool:
        """The same of a pod."""
        return name in self._told_pods
