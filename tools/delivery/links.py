"""The chain of one delivery, link by link: what was read of each, and which one is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from tools.delivery.facts.application import short
from tools.delivery.related import NOTHING, Related
from tools.delivery.rules import CAUSES
from tools.delivery.rules.argo_cd.live import has_image, is_there, progressing
from tools.delivery.rules.argo_cd.words import age, source_said
from tools.delivery.webhooks import UNASKED, Pushes
from tools.diagnose.report import Link

if TYPE_CHECKING:
    from tools.delivery.facts.application import Application
    from tools.delivery.reading import Deliveries, Kind, Wanted
    from tools.diagnose.findings import Finding
    from tools.diagnose.report import LinkState

Name = Literal["commit", "webhook", "build", "image", "Argo CD", "pods"]
ORDER: tuple[Name, ...] = ("commit", "webhook", "build", "image", "Argo CD", "pods")

_BROKEN_AT: dict[str, Name] = {
    "RevisionPinned": "commit",
    "SyncedAtOldRevision": "commit",
    "PathFilterExcludes": "webhook",
    "WebhookFailing": "webhook",
    "WebhookMissing": "webhook",
    "ImageUpdaterIdle": "image",
    "ImageNotInGit": "image",
    "SameTagRebuilt": "pods",
    "ApplicationUnhealthy": "pods",
}
"""Where a cause breaks the chain; what is not here breaks it at Argo CD."""
_BUILDING = ("PipelineRun", "Build", "BuildConfig")
_SEEN_AT_THE_HOST = "its deliveries are kept by the git host (GitHub: Settings, Webhooks, Recent Deliveries)"


def links(
    app: Application | None,
    found: Deliveries,
    wanted: Wanted,
    findings: Sequence[Finding],
    made_by: Related = NOTHING,
    pushes: Pushes = UNASKED,
) -> list[Link]:
    """The links of a delivery, of which the first finding says which one is broken."""
    told: dict[Name, Callable[[Application | None, Deliveries, Wanted], _Told]] = {
        "commit": partial(_commit, pushes),
        "webhook": partial(_webhook, pushes),
        "build": partial(_build, made_by),
        "image": _image,
        "Argo CD": _argo_cd,
        "pods": _pods,
    }
    broken = _broken_at(findings, pushes)
    made = []
    for name in ORDER:
        state, said = told[name](app, found, wanted)
        if name == broken:
            state, said = "broken", findings[0].summary
        elif broken is not None and ORDER.index(name) > ORDER.index(broken) and state == "ok":
            state = "waits"
        made.append(Link(link=name, state=state, said=said))
    return made


def _broken_at(findings: Sequence[Finding], pushes: Pushes) -> Name | None:
    if not findings:
        return None
    if findings[0].cause == "SyncedAtOldRevision" and pushes.state == "ok":
        return "Argo CD"  # the commit is pushed, and Argo CD was told of it
    if findings[0].cause not in CAUSES:
        return "pods"
    is_built = findings[0].object.kind in _BUILDING
    return _BROKEN_AT.get(findings[0].cause, "build" if is_built else "Argo CD")


_Told = tuple["LinkState", str]


def _commit(pushes: Pushes, app: Application | None, _found: Deliveries, wanted: Wanted) -> _Told:
    if not wanted.commit:
        return "not checked", "none is named: --commit SHA asks for one"
    if app is not None and is_there(app, wanted):
        return "ok", f"{short(wanted.commit)} is what Argo CD has seen, or what an image is tagged with"
    if pushes.state == "ok":
        return "ok", f"{short(wanted.commit)} is pushed: the git host has told of it"
    return "not checked", f"{short(wanted.commit)}: the repository is not read; nothing in the cluster tells of it"


def _webhook(pushes: Pushes, app: Application | None, found: Deliveries, wanted: Wanted) -> _Told:
    if pushes.state in ("ok", "not there"):
        return pushes.state, pushes.said
    said = pushes.said or _SEEN_AT_THE_HOST
    if app is None or app.reconciled_at is None:
        return "not checked", said
    looked = f"Argo CD last looked {age(found.taken_at - app.reconciled_at)} ago"
    if wanted.commit and is_there(app, wanted):
        return "ok", looked
    return "not checked", f"{looked}; {said}"


def _build(made_by: Related, _app: Application | None, found: Deliveries, _wanted: Wanted) -> _Told:
    kinds: tuple[Kind, ...] = ("PipelineRun", "Build")
    if all(kind in found.unserved for kind in kinds):
        return "not there", "neither Tekton nor OpenShift's builds are on this cluster: it is built elsewhere"
    if made_by.going(found):
        return "going on", made_by.said()
    if made_by:
        return "ok", made_by.said() or "nothing was built yet"
    unread = [kind for kind in kinds if not found.has(kind) and kind not in found.unserved]
    if unread:
        return "not checked", f"{' and '.join(unread)} may not be read"
    return "not checked", f"no run or build in {found.namespace} is called so or makes such an image"


def _image(app: Application | None, _found: Deliveries, wanted: Wanted) -> _Told:
    if app is None or not app.images:
        return "not checked", "which images are live is not known"
    live = ", ".join(app.images)
    if wanted.image and not has_image(app, wanted):
        return "not checked", f"{wanted.image} is not among them: {live}"
    return "ok", live


def _argo_cd(app: Application | None, found: Deliveries, _wanted: Wanted) -> _Told:
    if app is None:
        is_there = "Application" not in found.unserved
        return (
            ("not checked", "its applications may not be read")
            if is_there
            else ("not there", "not on this cluster")
        )
    going = progressing(app, found)
    if going is not None:
        return "going on", going.said
    at = ", ".join(short(each) for each in app.revisions) or "nothing"
    return "ok", f"{app.sync_status or 'never compared'} at {at} ({source_said(app)}){''.join(_since(app, found))}"


def _since(app: Application, found: Deliveries) -> Iterator[str]:
    deployed = [at for _, at in app.history() if at]
    if deployed:
        yield f", deployed {age(found.taken_at - deployed[-1])} ago"


def _pods(app: Application | None, found: Deliveries, _wanted: Wanted) -> _Told:
    if app is None:
        return "not checked", "which are meant is not known: desk debug-pod tells of all"
    if not app.is_in_cluster:
        return (
            "not checked",
            f"they are on another cluster; there Argo CD finds them {app.health or 'of unknown health'}",
        )
    if app.health == "Healthy":
        return "ok", f"Healthy in {app.destination_namespace}"
    if progressing(app, found) is not None:
        return "going on", f"{app.health} in {app.destination_namespace}"
    return "not checked", f"{app.health or 'of unknown health'} in {app.destination_namespace}"
