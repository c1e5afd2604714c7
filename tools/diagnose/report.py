"""What a diagnosis says, as a program reads it: `desk.findings/v1`, made of what the rules find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from tools.diagnose.findings import Starting
from tools.diagnose.terms import Evidence, Finding, ObjectRef, Remedy, Risk, Severity
from tools.topics import Topic

_WORST_FIRST: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


class ReportedObject(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object of the cluster."""

    api_version: str = msgspec.field(name="apiVersion")
    kind: str
    namespace: str | None
    name: str


class ReportedRemedy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person could type; and, where Desk can do it, the tool with its arguments, else None.

    `command` is empty where a file is to be edited.
    """

    title: str
    command: str
    tool: str | None
    arguments: dict[str, Any] | None
    risk: Risk


class ReportedFinding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault, on the object a person would change."""

    cause: Annotated[str, msgspec.Meta(description="Of a diagnosis, or the rule of `desk validate`.")]
    severity: Severity
    so_far: Annotated[bool, msgspec.Meta(description="Time alone may still mend it: a warning, until settles_at.")]
    settles_at: Annotated[
        str | None, msgspec.Meta(description="Until when it may mend by itself, RFC 3339; None if it may not.")
    ]
    object: ReportedObject
    container: str | None
    affected: list[str]
    summary: str
    why: str
    evidence: list[Evidence]
    remedies: list[ReportedRemedy]
    topic: Annotated[
        Topic | msgspec.UnsetType,
        msgspec.Meta(description="Of a diagnosis: the page that teaches it, `desk docs TOPIC`."),
    ] = msgspec.UNSET
    file: Annotated[
        str | msgspec.UnsetType, msgspec.Meta(description="Of `desk validate`: the file; - is standard input.")
    ] = msgspec.UNSET
    line: Annotated[int | msgspec.UnsetType, msgspec.Meta(description="The line in it, from 1.")] = msgspec.UNSET
    column: Annotated[int | msgspec.UnsetType, msgspec.Meta(description="The column, from 1.")] = msgspec.UNSET


LinkState = Literal["ok", "broken", "going on", "waits", "not checked", "not there"]


class Link(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One link of a delivery: `said` is what was read of it, or why it was not."""

    link: Literal["commit", "webhook", "build", "image", "Argo CD", "pods"]
    state: LinkState
    said: str


class Looked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a diagnosis was on, and whether it would say the same if asked again."""

    cluster: str
    namespace: Annotated[
        str | None, msgspec.Meta(description="None: all namespaces; each finding's object names its own.")
    ]
    checked: Annotated[dict[str, int], msgspec.Meta(description="How many objects were read of each kind.")]
    settled: Annotated[
        bool,
        msgspec.Meta(description="Nothing is starting, and no finding is so far: asked again, it says the same."),
    ]
    settles_at: Annotated[
        str | None, msgspec.Meta(description="When the last of it is judged, RFC 3339; None when it is settled.")
    ]
    starting: Annotated[
        list[str], msgspec.Meta(description="What may still become well or bad, and has no finding.")
    ]
    not_checked: Annotated[
        list[str] | msgspec.UnsetType,
        msgspec.Meta(description="What was not readable, and why; absent where there is nothing."),
    ] = msgspec.UNSET
    kubernetes: Annotated[
        str | msgspec.UnsetType,
        msgspec.Meta(description="Of `desk validate`: the version that manifests were judged for, as 1.37."),
    ] = msgspec.UNSET
    links: Annotated[
        list[Link] | msgspec.UnsetType,
        msgspec.Meta(description="From the commit to its pods, link by link; only `why-not-live` tells them."),
    ] = msgspec.UNSET


class Report(Looked, frozen=True, kw_only=True, tag_field="schema", tag="desk.findings/v1"):
    """`desk debug-pod -o json`, `desk validate -o json`, and the data of their tools' results."""

    findings: list[ReportedFinding]


def report(
    findings: Iterable[Finding],
    starting: Iterable[Starting] = (),
    *,
    cluster: str,
    namespace: str | None,
    checked: Mapping[str, int],
    not_checked: Iterable[str] = (),
    links: Iterable[Link] = (),
) -> dict[str, Any]:
    """The JSON of a `Report`, worst first, then by object.

    `namespace` is None for a report on all of them. `checked` counts the objects read of each kind. The report is
    settled when nothing is `starting` and no finding is so far; else `settles_at` is when the last of them is
    judged, RFC 3339 in UTC.
    `not_checked` is there only when something was not readable: each entry says what and why. `links` are those of
    one delivery, in order.
    """
    findings, starting = sorted(findings, key=_order), sorted(starting, key=_where)
    open_until = [each.settles_at for each in starting]
    open_until += [each.settles_at for each in findings if each.settles_at is not None]
    made = Report(
        cluster=cluster,
        namespace=namespace,
        checked=dict(checked),
        settled=not open_until,
        settles_at=moment(max(open_until)) if open_until else None,
        starting=[each.said for each in starting],
        findings=[_reported(finding) for finding in findings],
        not_checked=list(not_checked) or msgspec.UNSET,
        links=list(links) or msgspec.UNSET,
    )
    document: dict[str, Any] = msgspec.to_builtins(made)
    return document


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _order(finding: Finding) -> tuple[int, tuple[str, str, str], str, str]:
    return _WORST_FIRST[finding.severity], _where(finding), finding.container or "", finding.cause


def _where(found: Finding | Starting) -> tuple[str, str, str]:
    return found.object.namespace or "", found.object.kind, found.object.name


def _reported(finding: Finding) -> ReportedFinding:
    return ReportedFinding(
        cause=str(finding.cause),
        severity=finding.severity,
        so_far=finding.so_far,
        settles_at=moment(finding.settles_at) if finding.settles_at else None,
        object=_object(finding.object),
        container=finding.container,
        affected=list(finding.affected),
        summary=finding.summary,
        why=finding.why,
        evidence=list(finding.evidence),
        remedies=[_remedy(remedy) for remedy in finding.remedies],
        topic=finding.cause.topic,
    )


def _remedy(remedy: Remedy) -> ReportedRemedy:
    return ReportedRemedy(
        title=remedy.title,
        command=remedy.command,
        tool=remedy.tool,
        arguments=dict(remedy.arguments) if remedy.tool else None,
        risk=remedy.risk,
    )


def _object(ref: ObjectRef) -> ReportedObject:
    return ReportedObject(api_version=ref.api_version, kind=ref.kind, namespace=ref.namespace, name=ref.name)
