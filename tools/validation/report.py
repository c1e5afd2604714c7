"""What `validate` says, as a program reads it: `desk.findings/v1`, each finding with its file and line."""

from __future__ import annotations

import shlex
from typing import Any

import msgspec

from tools.diagnose.findings import Evidence
from tools.diagnose.report import Report, ReportedFinding, ReportedObject, ReportedRemedy
from tools.validation.fault import Fault
from tools.validation.manifests import Manifest
from tools.validation.validate import Found, Validation

_LINE_LIMIT_CHARS = 160


def report(validation: Validation) -> dict[str, Any]:
    """The document."""
    made = Report(
        cluster=validation.cluster,
        namespace=None,
        checked=dict(sorted(validation.kinds.items())),
        settled=True,
        settles_at=None,
        starting=[],
        findings=[_reported(each, validation.path) for each in validation.found],
        not_checked=list(validation.not_checked) or msgspec.UNSET,
        kubernetes=f"1.{validation.minor}",
    )
    document: dict[str, Any] = msgspec.to_builtins(made)
    return document


def _reported(each: Found, path: str) -> ReportedFinding:
    fault, rule = each.fault, each.rule
    return ReportedFinding(
        cause=rule.name,
        severity=rule.severity,
        so_far=False,
        settles_at=None,
        object=_object(fault),
        container=fault.container,
        affected=[],
        summary=fault.says,
        why=rule.why,
        evidence=[Evidence("spec", _owner(fault), _quoted(fault))],
        remedies=[_remedy(each, path)],
        file=fault.source.path,
        line=fault.mark.line,
        column=fault.mark.column,
    )


def _object(fault: Fault) -> ReportedObject:
    if not isinstance(fault.manifest, Manifest):
        return ReportedObject(api_version="", kind="File", namespace=None, name=fault.source.path)
    ref = fault.manifest.ref
    return ReportedObject(api_version=ref.api_version, kind=ref.kind, namespace=ref.namespace, name=ref.name)


def _owner(fault: Fault) -> str:
    return f"{fault.manifest.kind} {fault.manifest.name}" if isinstance(fault.manifest, Manifest) else "File"


def _quoted(fault: Fault) -> str:
    """The place, and the line that stands there; not where that may be a secret."""
    place = f"{fault.source.path}:{fault.mark.line}"
    if fault.is_secret or (isinstance(fault.manifest, Manifest) and fault.manifest.kind == "Secret"):
        return place
    line = fault.source.line(fault.mark.line).strip()[:_LINE_LIMIT_CHARS]
    return f"{place}: {line}" if line else place


def _remedy(each: Found, path: str) -> ReportedRemedy:
    if not each.fault.edits or path == "-":
        return ReportedRemedy(title=each.rule.mend, command="", tool=None, arguments=None, risk="render")
    command = f"desk validate {shlex.quote(path)} --fix"
    arguments = {"path": path}
    return ReportedRemedy(
        title=each.rule.mend, command=command, tool="mend_manifests", arguments=arguments, risk="render"
    )
