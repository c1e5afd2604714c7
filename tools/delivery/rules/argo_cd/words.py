"""What findings on Applications share: how they are made, and what one types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.cluster.resources import ObjectRef
from tools.delivery.facts.application import short
from tools.diagnose.facts import remedies
from tools.diagnose.facts.naming import typed
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.plaintext import one_line

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tools.delivery.facts.application import Application
    from tools.diagnose.findings import Severity, Source
    from tools.diagnose.rule import Cause
    from tools.json import Json

ARGO_CD = "https://argo-cd.readthedocs.io/en/stable/"


def broken(
    app: Application,
    cause: Cause,
    summary: str,
    why: str,
    evidence: tuple[Evidence, ...],
    remedies: tuple[Remedy, ...],
    *,
    severity: Severity = "error",
    settles_at: datetime | None = None,
) -> Finding:
    """A finding on an Application, which concerns all that it delivers."""
    return Finding(
        cause=cause,
        object=app.ref,
        container=None,
        affected=(),
        detail=one_line(summary),
        why=why,
        evidence=evidence,
        remedies=remedies,
        severity="warning" if settles_at is not None else severity,
        concerns=tuple(ref_of(each, app) for each in app.resources()),
        settles_at=settles_at,
    )


def ref_of(resource: Json, app: Application) -> ObjectRef:
    """The object of an entry of `status.resources`, or of a sync's result."""
    group, version = resource.get("group") or "", resource.get("version") or "v1"
    namespace = resource.get("namespace") or app.destination_namespace or None
    api_version = f"{group}/{version}" if group else version
    return ObjectRef(api_version, str(resource.get("kind")), namespace, str(resource.get("name")))


def about(app: Application, text: str, source: Source = "status") -> Evidence:
    """Evidence read from an Application."""
    return Evidence(source, app.said, one_line(text))


def resource_said(resource: Json) -> str:
    """`Deployment checkout`."""
    return f"{resource.get('kind')} {resource.get('name')}"


def compared(app: Application, now: datetime) -> Evidence:
    """What Argo CD saw when it last looked, and when that was."""
    last = app.reconciled_at
    when = f"{app.status['reconciledAt']}, {age(now - last)} ago" if last else "never"
    seen = ", ".join(short(each) for each in app.revisions) or "nothing"
    return about(app, f"sync {app.sync_status or 'unknown'} at {seen} of {app.target}; reconciledAt: {when}")


def age(span: timedelta) -> str:
    """A span of time in its largest unit: `40 s`, `12 min`, `5 h`, `3 d`."""
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def refresh(app: Application, *, hard: bool = False) -> Remedy:
    """Make Argo CD look at git again; hard: and make the manifests anew, past its cache."""
    command = (
        f"kubectl annotate {typed(app.ref)} argocd.argoproj.io/refresh={'hard' if hard else 'normal'} --overwrite"
    )
    title = "Make Argo CD render the manifests anew" if hard else "Make Argo CD look at git now"
    return Remedy(title, command, "change", "refresh_app", {**_which(app), **({"hard": True} if hard else {})})


def _which(app: Application) -> Json:
    """As the tools name it."""
    return {"app": app.name, "namespace": app.destination_namespace}


def sync(app: Application, title: str = "Sync it") -> Remedy:
    """Sync to what git is at; beyond dev it is Flow's."""
    body = {"operation": {"initiatedBy": {"username": "kubectl"}, "sync": {}}}
    return Remedy(f"{title} (in dev; elsewhere it is Flow's)", patch(app, body), "change", "sync_app", _which(app))


def patch(app: Application, body: Json) -> str:
    """The command that changes an Application."""
    return remedies.patch(app.ref, body, merge=True)


def edit(app: Application, title: str) -> Remedy:
    """Change the Application itself."""
    return Remedy(title, f"kubectl edit {typed(app.ref)}", "change")


def look(app: Application, title: str = "See all that Argo CD says of it") -> Remedy:
    """Read the Application."""
    return Remedy(title, f"kubectl describe {typed(app.ref)}", "read")


def source_said(app: Application) -> str:
    """Where its manifests are: `git@example.com:shop/deploy.git, apps/checkout, main`."""
    source = app.sources[0]
    where = (source.get("repoURL"), source.get("path") or source.get("chart"), app.target)
    return ", ".join(str(each) for each in where if each)
