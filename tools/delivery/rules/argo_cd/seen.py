"""Whether Argo CD looks at an Application at all, and has looked lately.

That a webhook came is nowhere in the cluster: what it would have led to is, `reconciledAt` and the revision.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tools.delivery.facts.application import COMPARED_EVERY, UNSEEN_AFTER, same_commit, short
from tools.delivery.rules.argo_cd.words import (
    ARGO_CD,
    about,
    age,
    broken,
    compared,
    look,
    refresh,
    source_said,
)
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.findings import Evidence, Remedy
from tools.diagnose.rule import Cause

if TYPE_CHECKING:
    from tools.delivery.facts.application import Application
    from tools.delivery.reading import Deliveries, Wanted
    from tools.diagnose.findings import Finding

APPLICATION_DELETING = Cause(
    "ApplicationDeleting",
    topic="deploying-apps",
    means="An Application of Argo CD is being deleted, and nothing is synced any more.",
    why="Its finalizer deletes what it delivered, and waits for all of that to be gone.",
    mend="See what is still there and held by a finalizer of its own; then make the Application again.",
    example="Application checkout is being deleted for 3 h: Argo CD delivers nothing of it any more",
    source=ARGO_CD + "user-guide/app_deletion/",
)
APPLICATION_NOT_WATCHED = Cause(
    "ApplicationNotWatched",
    topic="deploying-apps",
    means="An Application is in a namespace that Argo CD does not watch, so nothing ever happens to it.",
    why="Argo CD watches its own namespace, and others only where its setting application.namespaces "
    "names them "
    "and the AppProject has them in sourceNamespaces.",
    mend="Make the Application in Argo CD's namespace, or have its namespace added to both.",
    example="Application checkout is in shop-dev, where Argo CD does not look: it was never compared with git",
    source=ARGO_CD + "operator-manual/app-any-namespace/",
)
RECONCILE_PAUSED = Cause(
    "ReconcilePaused",
    topic="deploying-apps",
    means="An Application is told to be left alone: Argo CD neither compares nor syncs it.",
    why="The annotation argocd.argoproj.io/skip-reconcile is true.",
    mend="Remove the annotation when whatever asked for it is done.",
    example="Application checkout is paused by its annotation skip-reconcile: it is still at 9f8e7d6",
    source=ARGO_CD + "user-guide/skip_reconcile/",
)
APPLICATION_NOT_REFRESHED = Cause(
    "ApplicationNotRefreshed",
    topic="deploying-apps",
    means="Argo CD has not looked at git for this Application, for longer than it ever takes.",
    why="It looks every few minutes, and at once when a webhook of the git host reaches it. Where neither "
    "happens, its controller stands still, has no shard for this Application, or polling is off and the "
    "webhook does not come or is for another repository URL or branch.",
    mend="Refresh it. If that does nothing, look at the application controller and at the webhook's deliveries.",
    example="Application checkout was last compared 2 h ago, at 9f8e7d6 of main: Argo CD has not looked since",
    source=ARGO_CD + "operator-manual/webhook/",
)
PATH_FILTER_EXCLUDES = Cause(
    "PathFilterExcludes",
    topic="deploying-apps",
    means="A webhook refreshes an Application only for changes in certain paths, and its own are not among them.",
    why="The annotation manifest-generate-paths names the paths whose changes count; a commit that "
    "touches none "
    "of them is answered with 200 and leads to nothing.",
    mend="Name the Application's own path, and all that it includes, in the annotation.",
    example="Application checkout reads apps/checkout, and its manifest-generate-paths has only /charts: "
    "a push "
    "does not refresh it",
    source=ARGO_CD + "operator-manual/high_availability/#manifest-paths-annotation",
)

_SKIP = "argocd.argoproj.io/skip-reconcile"
_PATHS = "argocd.argoproj.io/manifest-generate-paths"
_FIRST_LOOK_WITHIN = timedelta(minutes=1)
_GONE_WITHIN = timedelta(minutes=5)
_POLLING = "timeout.reconciliation"


def deleting(app: Application, found: Deliveries, _wanted: Wanted) -> Finding | None:
    """One that is being deleted."""
    since = app.item["metadata"].get("deletionTimestamp")
    if not since:
        return None
    begun = parse_time(since)
    left = ", ".join(app.item["metadata"].get("finalizers") or ()) or "none"
    settles = begun + _GONE_WITHIN if begun and found.taken_at < begun + _GONE_WITHIN else None
    return broken(
        app,
        APPLICATION_DELETING,
        f"{app.said} is being deleted{f' for {age(found.taken_at - begun)}' if begun else ''}: "
        "Argo CD delivers nothing of it any more",
        "Its finalizer waits until all that it delivered is gone.",
        (about(app, f"deletionTimestamp: {since}; finalizers: {left}"),),
        (look(app, "See what it waits for (conditions, resources)"),),
        settles_at=settles,
    )


def not_watched(app: Application, found: Deliveries, _wanted: Wanted) -> Finding | None:
    """One that was never compared, in a namespace where none ever was, while others elsewhere are."""
    if app.status.get("reconciledAt") or not _had_time(app, found):
        return None
    elsewhere = _controllers(found) - {app.namespace}
    if not elsewhere or any(
        each.reconciled_at for each in found.all_applications() if each.namespace == app.namespace
    ):
        return None
    argo_cd = ", ".join(sorted(elsewhere))
    allowed = _setting(found, "argocd-cmd-params-cm", "application.namespaces")
    told = Evidence("spec", "ConfigMap argocd-cmd-params-cm", f"application.namespaces: {allowed or '(not set)'}")
    return broken(
        app,
        APPLICATION_NOT_WATCHED,
        f"{app.said} is in {app.namespace}, where Argo CD does not look: it was never compared with git "
        f"(Argo CD works on those in {argo_cd})",
        "Argo CD watches its own namespace, and others only where application.namespaces and the AppProject's "
        "sourceNamespaces name them.",
        (about(app, "status: empty"), *((told,) if allowed is not None else ())),
        (
            Remedy(
                "Make it in Argo CD's namespace instead",
                f"kubectl get application {app.name} -n {app.namespace} -o yaml | "
                f"sed 's/^  namespace: {app.namespace}$/  namespace: {sorted(elsewhere)[0]}/' | kubectl "
                "create -f -",
                "change",
            ),
        ),
    )


def paused(app: Application, _found: Deliveries, _wanted: Wanted) -> Finding | None:
    """One that Argo CD is told to leave alone."""
    if app.annotations.get(_SKIP) != "true":
        return None
    return broken(
        app,
        RECONCILE_PAUSED,
        f"{app.said} is paused by its annotation skip-reconcile: it is still at {short(app.revision) or 'nothing'}",
        "With this annotation Argo CD neither compares nor syncs it, whatever is pushed.",
        (about(app, f"{_SKIP}: true", "spec"),),
        (
            Remedy(
                "Let Argo CD work on it again",
                f"kubectl annotate application/{app.name} -n {app.namespace} {_SKIP}-",
                "change",
                "unpause_delivery",
                {"namespace": app.destination_namespace, "name": app.name, "kind": "Application"},
            ),
        ),
    )


def not_refreshed(app: Application, found: Deliveries, _wanted: Wanted) -> Finding | None:
    """One that was not compared lately."""
    if not app.is_unseen(found.taken_at):
        return None
    last, polling = app.reconciled_at, _setting(found, "argocd-cm", _POLLING)
    others = [each.reconciled_at for each in found.all_applications() if each.reconciled_at]
    stands_still = bool(others) and found.taken_at - max(others) > UNSEEN_AFTER
    seen = f"{short(app.revision) or 'nothing'} of {app.target}"
    when = f"was last compared {age(found.taken_at - last)} ago, at {seen}" if last else "was never compared"
    told = Evidence("spec", "ConfigMap argocd-cm", f"{_POLLING}: {polling}")
    return broken(
        app,
        APPLICATION_NOT_REFRESHED,
        f"{app.said} {when}: Argo CD has not looked since{_because(polling, stands_still)}",
        f"Argo CD looks at git every {age(COMPARED_EVERY)}, or when a webhook reaches it. A webhook is "
        "answered with "
        "200 whether or not an Application follows that repository URL and branch.",
        (compared(app, found.taken_at), *((told,) if polling else ())),
        (refresh(app), _controller(app) if stands_still else _deliveries(app)),
    )


def filtered(app: Application, found: Deliveries, wanted: Wanted) -> Finding | None:
    """One whose own path is not among those whose changes a webhook counts."""
    paths, own = app.annotations.get(_PATHS), str(app.sources[0].get("path") or "")
    behind = not wanted.commit or not any(same_commit(wanted.commit, each) for each in app.revisions)
    if not paths or not own or not behind or any(_covers(each, own) for each in paths.split(";")):
        return None
    polling = _setting(found, "argocd-cm", _POLLING)
    return broken(
        app,
        PATH_FILTER_EXCLUDES,
        f"{app.said} reads {own}, and its manifest-generate-paths has only {paths}: a push does not refresh it",
        "A webhook for a commit that touches none of these paths is answered with 200 and leads to nothing; only "
        "the next poll sees it" + (" (polling is off here)." if _is_off(polling) else "."),
        (about(app, f"{_PATHS}: {paths}", "spec"), compared(app, found.taken_at)),
        (
            Remedy(
                "Let changes of its own path count",
                f"kubectl annotate application/{app.name} -n {app.namespace} {_PATHS}='.;{paths}' --overwrite",
                "change",
            ),
            refresh(app),
        ),
        severity="error" if wanted.commit else "warning",
    )


def _covers(filtered_path: str, own: str) -> bool:
    """Whether changes in the Application's own path count; a path without / at its beginning is relative to it."""
    path = filtered_path.strip()
    if not path.startswith("/"):
        return path in (".", "./") or not path.startswith("..")
    wanted, has = path.strip("/"), own.strip("/")
    return not wanted or has == wanted or has.startswith(wanted + "/") or "*" in wanted


def _had_time(app: Application, found: Deliveries) -> bool:
    return app.created_at is not None and found.taken_at - app.created_at > _FIRST_LOOK_WITHIN


def _controllers(found: Deliveries) -> set[str]:
    """The namespaces of the Application controllers, as far as Applications tell."""
    seen = [each for each in found.all_applications() if each.reconciled_at]
    told = {str(each.status["controllerNamespace"]) for each in seen if each.status.get("controllerNamespace")}
    return told or {each.namespace for each in seen}


def _setting(found: Deliveries, name: str, key: str) -> str | None:
    """A setting of Argo CD's; empty where it is not set, None where its ConfigMap could not be read."""
    if not found.has("ConfigMap"):
        return None
    item = found.named("ConfigMap", name)
    return str((item.get("data") or {}).get(key) or "") if item else None


def _is_off(polling: str | None) -> bool:
    return polling in ("0", "0s")


def _because(polling: str | None, stands_still: bool) -> str:
    if _is_off(polling):
        return "; polling is off, so only a webhook or a refresh makes it look"
    return "; nor at any other Application: its controller stands still" if stands_still else ""


def _controller(app: Application) -> Remedy:
    labels = "app.kubernetes.io/name=argocd-application-controller"
    return Remedy("See whether its controller runs", f"kubectl get pods -n {app.namespace} -l {labels}", "read")


def _deliveries(app: Application) -> Remedy:
    labels = "app.kubernetes.io/name=argocd-server"
    return Remedy(
        f"See which webhooks came for {source_said(app)}, and at the git host what was delivered",
        f"kubectl logs -n {app.namespace} -l {labels} --tail=500 | grep -i webhook",
        "read",
    )
