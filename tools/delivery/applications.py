"""Have Argo CD sync an Application, or look at git. The functions only plan.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-kubectl/ and operator-manual/notifications/
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from tools.changes.build import patch_change
from tools.changes.plan import Change, Plan
from tools.cluster import errors
from tools.cluster.resources import ObjectRef
from tools.delivery.effects import effects, refuse_anothers, was_compared_as_it_is
from tools.delivery.facts.application import API_VERSION, Application, short
from tools.delivery.facts.sync_windows import closed
from tools.delivery.reading import Deliveries, read_only
from tools.errors import ToolFailed
from tools.frame import Name, Namespace, ToolContext
from tools.risk import Risk

if TYPE_CHECKING:
    from tools.cluster.client import Cluster
    from tools.json import Json

PLURAL = "applications"
REFRESH = "argocd.argoproj.io/refresh"
SKIP = "argocd.argoproj.io/skip-reconcile"
_REPLACING = ("Replace=true", "Force=true")
"""Options by which a sync deletes what is there, and makes it again."""
_BY = "desk-agent"

App = Annotated[Name, Field(description="The Application of Argo CD.")]
Into = Annotated[Namespace, Field(description="The namespace that it delivers to.")]


def sync_app(context: ToolContext, *, namespace: Into, app: App) -> Plan:
    """Have Argo CD sync an application to the revision that it has compared. Beyond dev a person decides, or Flow.

    Nothing is pruned. The gate judges what the sync would change, where it would.
    """
    found = application(context.cluster, app, namespace)
    if found.phase == "Running" or found.item.get("operation"):
        raise ToolFailed(f"{found.said} is being synced already. desk why-not-live {app} tells how far it is.")
    if found.sync_status == "Synced":
        return Plan(f"{found.said} is Synced at {_said(found.revisions)}", ())
    if not (found.revisions and found.resources("OutOfSync") and was_compared_as_it_is(found)):
        raise ToolFailed(
            f"Argo CD has not compared {found.said} as it is now with git, so that nobody knows what a sync would "
            f"change. Refresh it first (refresh_app), then desk why-not-live {app} -n {namespace}."
        )
    _refuse_in_closed_window(context, found)
    synced = next((revisions for revisions, _ in reversed(list(found.history())) if revisions), ())
    change = _change(found, _operation(found, found.revisions))
    undone = {"operation": _operation(found, synced)["operation"] if synced else None}
    from_ = f" from {_said(synced)}" if synced else ""
    risk = Risk.DELETE if set(_options(found)) & set(_REPLACING) else None
    return _plan(
        f"sync {found.said} in {namespace}{from_} to {_said(found.revisions)}",
        found,
        replace(change, undo=undone),
        risk=risk,
    )


def refresh_app(
    context: ToolContext,
    *,
    namespace: Into,
    app: App,
    hard: Annotated[bool, Field(description="Render the manifests anew, past the cache.")] = False,
) -> Plan:
    """Have Argo CD compare an application with git now. With automated sync it then brings in what is new."""
    found = application(context.cluster, app, namespace)
    how = "hard" if hard else "normal"
    change = _change(found, {"metadata": {"annotations": {REFRESH: how}}})
    summary = f"have Argo CD look at git for {found.said} in {namespace}{', past its cache' if hard else ''}"
    return _plan(summary, found, replace(change, undo={}))


def unpause_app(cluster: Cluster, app: str, namespace: str) -> Plan:
    """Have Argo CD work on an Application again that is told to be skipped; a person decides what that brings."""
    found = application(cluster, app, namespace)
    if SKIP not in found.annotations:
        return Plan(f"{found.said} is not paused", ())
    change = _change(found, {"metadata": {"annotations": {SKIP: None}}})
    return _plan(f"let Argo CD work on {found.said} in {namespace} again", found, change, always_asked=True)


def application(cluster: Cluster, name: str, namespace: str) -> Application:
    """The Application of this name that delivers into a namespace, as it is now.

    Raises `ToolFailed` where there is none or several, `Refused` for one that is not the team's.
    """
    deliveries = read_only(cluster, namespace, "Application")
    own = [each for each in deliveries.applications() if each.name == name and _delivers(each, namespace)]
    if len(own) != 1:
        raise ToolFailed(_not_one(deliveries, own, name, namespace))
    found = Application(cluster.read(own[0].ref))
    if not _delivers(found, namespace):
        raise ToolFailed(f"{found.said} has been pointed at {found.destination_namespace or 'nothing'} just now.")
    refuse_anothers(found, _labels(cluster, namespace))
    return found


def _delivers(app: Application, namespace: str) -> bool:
    return app.destination_namespace == namespace


def _not_one(deliveries: Deliveries, own: list[Application], name: str, namespace: str) -> str:
    if own:
        where = ", ".join(each.namespace for each in own)
        return f"{len(own)} applications {name} deliver into {namespace}, in {where}: Desk touches neither."
    if "Application" in deliveries.unserved:
        return "Argo CD is not on this cluster."
    unread = f" ({'; '.join(deliveries.not_checked)})" if deliveries.not_checked else ""
    names = ", ".join(sorted(each.name for each in deliveries.applications() if _delivers(each, namespace)))
    return f"No application {name} delivers into {namespace}{unread}. There are: {names or 'none'}."


def _labels(cluster: Cluster, namespace: str) -> dict[str, str]:
    try:
        return cluster.read(ObjectRef("v1", "Namespace", None, namespace))["metadata"].get("labels") or {}
    except (errors.NotFound, errors.Forbidden):
        return {}


def _refuse_in_closed_window(context: ToolContext, app: Application) -> None:
    """Raises `ToolFailed` where a sync window of its project forbids it; one that may not be read is Argo CD's."""
    try:
        project = context.cluster.read(ObjectRef(API_VERSION, "AppProject", app.namespace, app.project))
    except (errors.NotFound, errors.Forbidden):
        return
    window = closed((project.get("spec") or {}).get("syncWindows") or (), app, datetime.now(UTC))
    if window is not None and not window.manual:
        raise ToolFailed(f"{app.said} may not be synced now: {window.said} of AppProject {app.project}.")


def _operation(app: Application, revisions: tuple[str, ...]) -> Json:
    """`operation` as `argocd app sync` writes it, to these revisions."""
    at: Json = {"revisions": list(revisions)} if len(app.sources) > 1 else {"revision": revisions[0]}
    options = _options(app)
    sync = {**at, **({"syncOptions": options} if options else {})}
    retry = (app.spec.get("syncPolicy") or {}).get("retry")
    return {
        "operation": {"initiatedBy": {"username": _BY}, "sync": sync, **({"retry": retry} if retry else {})},
    }


def _options(app: Application) -> list[str]:
    return [str(each) for each in (app.spec.get("syncPolicy") or {}).get("syncOptions") or ()]


def _change(app: Application, body: Json) -> Change:
    return replace(patch_change(PLURAL, app.item, body), effects=effects(app))


def _plan(summary: str, app: Application, change: Change, **more: Any) -> Plan:
    subject = ObjectRef(API_VERSION, "Application", app.destination_namespace, app.name)
    return replace(Plan.of(summary, change), subjects=(subject,), **more)


def _said(revisions: tuple[str, ...]) -> str:
    return ", ".join(short(each) for each in revisions)
