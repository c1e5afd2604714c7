"""The words that every rule is written in: what it reads, what it finds, and what it teaches."""

from __future__ import annotations

from tools.cluster.resources import ObjectRef
from tools.diagnose.findings import Evidence, Finding, Known, Remedy, Risk, Severity, Source, Subject
from tools.diagnose.reading.snapshot import Kind, Snapshot, grouped, once
from tools.diagnose.rule import Cause, Rule
from tools.json import Json

__all__ = [
    "Cause",
    "Evidence",
    "Finding",
    "Json",
    "Kind",
    "Known",
    "ObjectRef",
    "Remedy",
    "Risk",
    "Rule",
    "Severity",
    "Snapshot",
    "Source",
    "Subject",
    "grouped",
    "once",
]
