"""Synced and Healthy, and yet not what is wanted: another revision, another image, another content of one tag."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tools.delivery.facts.application import SYNC_BEGINS_WITHIN, same_commit, short
from tools.delivery.facts.running import digests_of
from tools.delivery.rules.argo_cd.words import (
    ARGO_CD,
    about,
    age,
    broken,
    compared,
    edit,
    ref_of,
    refresh,
    resource_said,
    source_said,
)
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.image_pulls import reference
from tools.diagnose.facts.naming import typed
from tools.diagnose.findings import Evidence, Remedy, Starting
from tools.diagnose.rule import Cause
from tools.diagnose.timing import PROGRESS_DEADLINE_S
from tools.plaintext import one_line

if TYPE_CHECKING:
    from tools.delivery.facts.application import Application
    from tools.delivery.reading import Deliveries, Wanted
    from tools.diagnose.findings import Finding
    from tools.json import Json

REVISION_PINNED = Cause(
    "RevisionPinned",
    topic="deploying-apps",
    means="An Application follows a tag or one commit: what is pushed to a branch never gets there.",
    why="targetRevision is no branch.",
    mend="Make it the branch, or move it to the new tag.",
    example="Application checkout follows v1.4.0, which is no branch: abc1234 gets there only when that is changed",
    source=ARGO_CD + "user-guide/tracking_strategies/",
)
SYNCED_AT_OLD_REVISION = Cause(
    "SyncedAtOldRevision",
    topic="deploying-apps",
    means="Argo CD is content: Synced and Healthy. But at another commit than the one that is asked about.",
    why="Synced only says that the cluster is as git was when Argo CD last looked. The commit is on another "
    "branch, in another repository than the one it reads, was not pushed or merged, or came after that look.",
    mend="Refresh it. If the revision stays, push or merge the commit to the branch that it follows.",
    example="Application checkout is Synced and Healthy at 9f8e7d6 of main, not at abc1234",
    source=ARGO_CD + "user-guide/tracking_strategies/",
)
IMAGE_NOT_IN_GIT = Cause(
    "ImageNotInGit",
    topic="ci-cd",
    means="The image was built, and the manifests that Argo CD reads still name another one.",
    why="A build does not deploy: somebody or something (a pipeline's last step, the Image Updater) must "
    "write the "
    "new tag into the manifests, in the repository and branch that the Application reads.",
    mend="Write the tag there; see why the step that should do it did not.",
    example="Application checkout is Synced at 9f8e7d6, which names shop/checkout:1.8 and not shop/checkout:1.9",
    source=ARGO_CD + "user-guide/ci_automation/",
)
SAME_TAG_REBUILT = Cause(
    "SameTagRebuilt",
    topic="ci-cd",
    means="The tag was built again: pods run what it pointed to before, and for Argo CD nothing has changed.",
    why="The manifests name the same tag as before, so nothing differs; a running pod keeps its image, "
    "and with "
    "imagePullPolicy IfNotPresent a node pulls a tag that it has no second time.",
    mend="Give each build a tag of its own, or name the digest. For now: restart, with imagePullPolicy Always.",
    example="Deployment checkout runs shop/checkout:main at sha256:1111, and the tag is sha256:2222 by now",
    source="https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy",
)
APPLICATION_UNHEALTHY = Cause(
    "ApplicationUnhealthy",
    topic="deploying-apps",
    means="Argo CD has synced the revision, and what it delivered does not become healthy.",
    why="The new pods do not become ready, a rollout is paused, or an object is missing.",
    mend="See why with debug-pod; the old pods serve meanwhile.",
    example="Application checkout is synced to abc1234 and Degraded: Deployment checkout exceeded its progress "
    "deadline",
    source=ARGO_CD + "operator-manual/health/",
)

_FIXED = re.compile(r"[0-9a-f]{40}|v?\d+\.\d+\.\d+([-+][\w.+-]+)?")
_SHA = re.compile(r"(?:.*[-_.])?(?P<sha>[0-9a-f]{7,40})")
_UNWELL = ("Degraded", "Progressing", "Suspended", "Missing")


def pinned(app: Application, found: Deliveries, wanted: Wanted) -> Finding | None:
    """One that follows no branch, and not the commit that is asked about."""
    if not wanted.commit or is_there(app, wanted) or not _FIXED.fullmatch(app.target):
        return None
    return broken(
        app,
        REVISION_PINNED,
        f"{app.said} follows {short(app.target)}, which is no branch: {short(wanted.commit)} gets there only "
        "when that "
        "is changed",
        "Argo CD delivers what targetRevision names, and this name does not move with pushes.",
        (about(app, f"targetRevision: {app.target}", "spec"), compared(app, found.taken_at)),
        (edit(app, "Make targetRevision the branch, or the new tag"),),
    )


def old_revision(app: Application, found: Deliveries, wanted: Wanted) -> Finding | None:
    """One that is Synced at another commit than the one that is asked about."""
    if not wanted.commit or is_there(app, wanted) or app.sync_status not in ("Synced", "OutOfSync"):
        return None
    if (tagged := _other_sha(app)) is not None:
        return _other_image(app, found, tagged, f"one of {short(wanted.commit)}")
    last = app.reconciled_at
    looked = f" (it last looked {age(found.taken_at - last)} ago)" if last else ""
    deployed = next((at for _, at in reversed(list(app.history()))), None)
    since = f", for {age(found.taken_at - deployed)}" if deployed else ""
    at = ", ".join(short(each) for each in app.revisions)
    return broken(
        app,
        SYNCED_AT_OLD_REVISION,
        f"{app.said} is {app.sync_status} and {app.health or 'of unknown health'} at {at} of "
        f"{app.target}{since}, not at "
        f"{short(wanted.commit)}{looked}",
        f"Synced says that the cluster is as git was at that look. Either {short(wanted.commit)} is not on "
        f"{app.target} of "
        f"{app.sources[0].get('repoURL')}, or it was pushed after; or it is an older one that {at} contains, "
        "and then it is live.",
        (compared(app, found.taken_at), about(app, f"source: {source_said(app)}", "spec")),
        (
            refresh(app),
            Remedy(
                "See where the branch is",
                f"git ls-remote {app.sources[0].get('repoURL')} {app.target}",
                "read",
            ),
        ),
    )  # fmt: skip


def other_image(app: Application, found: Deliveries, wanted: Wanted) -> Finding | None:
    """One whose manifests name another image than the one that is asked about."""
    if not wanted.image or not app.images or has_image(app, wanted):
        return None
    asked = reference(wanted.image)
    same = [image for image in app.images if reference(image).full_repository == asked.full_repository]
    return _other_image(app, found, same[0] if same else ", ".join(app.images), wanted.image)


def rebuilt(app: Application, found: Deliveries, wanted: Wanted) -> Finding | None:
    """One whose pods run another content of the tag."""
    asked = reference(wanted.image) if wanted.image else None
    if asked is None or not asked.digest or not app.is_in_cluster:
        return None
    running = digests_of(asked, found.of("Pod"))
    if not running or asked.digest in running:
        return None
    pods = tuple(sorted(name for names in running.values() for name in names))
    resource = next((each for each in app.resources() if each.get("kind") in ("Deployment", "StatefulSet")), None)
    whose = resource_said(resource) if resource else app.said
    finding = broken(
        app,
        SAME_TAG_REBUILT,
        f"{whose} runs {asked.repository}:{asked.tag} at {_short(next(iter(running)))}, and the tag is "
        f"{_short(asked.digest)} by now",
        "The manifests name the same tag as before, so nothing differs for Argo CD; a running pod keeps its image.",
        (
            Evidence("status", f"Pod {pods[0]}", f"imageID: {next(iter(running))}"),
            compared(app, found.taken_at),
        ),
        (
            *(
                [Remedy("Start its pods anew (imagePullPolicy must be Always)",
                        f"kubectl rollout restart {typed(ref_of(resource, app))}", "change")]
                if resource else []
            ),
            edit(app, "Name the digest in the manifests, or give each build a tag of its own"),
        ),
    )  # fmt: skip
    return replace(finding, affected=pods)


def unhealthy(app: Application, found: Deliveries, _wanted: Wanted) -> Finding | None:
    """One that is synced, and does not become healthy in time."""
    if app.health not in _UNWELL or (app.health == "Progressing" and progressing(app, found) is not None):
        return None
    unwell = [each for each in app.resources() if (each.get("health") or {}).get("status") in _UNWELL]
    told = "; ".join(f"{resource_said(each)}: {_health(each['health'])}" for each in unwell)
    at = short(app.revision) or "nothing"
    ref = ref_of(unwell[0], app) if unwell else None
    name = f" {ref.name}" if ref else ""
    see = Remedy("See why", f"desk debug-pod {app.destination_namespace}{name}", "read")
    return broken(
        app,
        APPLICATION_UNHEALTHY,
        f"{app.said} is {'synced to' if app.sync_status == 'Synced' else app.sync_status + ' at'} {at} and "
        f"{app.health}"
        f"{f': {told}' if told else ''}",
        "Argo CD has applied it; what it delivered does not become healthy.",
        (compared(app, found.taken_at), about(app, f"health: {app.health}{f'; {told}' if told else ''}")),
        (see,),
        severity="warning" if app.health == "Suspended" else "error",
    )


def progressing(app: Application, found: Deliveries) -> Starting | None:
    """A sync or rollout that is within its time; None where there is none."""
    begun, doing, within = _begun(app)
    until = begun and begun + within
    if until is None or until <= found.taken_at:
        return None
    return Starting(app.ref, (), f"{app.said} {doing}", until)


def is_there(app: Application, wanted: Wanted) -> bool:
    """Whether a commit is what was synced now or earlier, or is told by an image's tag."""
    known = [*app.revisions, *(each for revisions, _ in app.history() for each in revisions)]
    tags = (_SHA.fullmatch(reference(image).tag) for image in app.images)
    return any(same_commit(wanted.commit, each) for each in [*known, *(tag["sha"] for tag in tags if tag)])


def _begun(app: Application) -> tuple[datetime | None, str, timedelta]:
    deadline = timedelta(seconds=PROGRESS_DEADLINE_S)
    at = short(next(iter(app.operation_revisions), "") or app.revision)
    if app.phase == "Running":
        return parse_time(app.operation.get("startedAt")), f"is being synced to {at}", deadline
    if app.health == "Progressing":
        return app.health_since, f"is rolling out {at}", deadline
    if app.sync_status == "OutOfSync" and app.automated is not None and not app.is_synced_to_revision:
        return app.reconciled_at, f"is about to be synced to {short(app.revision)}", SYNC_BEGINS_WITHIN
    return None, "", deadline


def _health(health: Json) -> str:
    return one_line(f"{health.get('status')} {health.get('message') or ''}", 200).strip()


def _other_image(app: Application, found: Deliveries, has: str, wants: str) -> Finding:
    return broken(
        app,
        IMAGE_NOT_IN_GIT,
        f"{app.said} is {app.sync_status or 'not compared'} at {short(app.revision)}, which names {has} and "
        f"not {wants}",
        "A build does not deploy: the new tag must be written into the manifests that Argo CD reads.",
        (about(app, f"summary.images: {', '.join(app.images)}"), compared(app, found.taken_at)),
        (
            Remedy(
                f"Write it into the manifests ({source_said(app)})",
                f"git grep -n {reference(has.partition(',')[0]).repository} -- {app.sources[0].get('path') or '.'}",
                "read",
            ),
        ),
    )


def _other_sha(app: Application) -> str | None:
    """An image whose tag is a commit."""
    return next((each for each in app.images if re.fullmatch(r"(sha-)?[0-9a-f]{7,40}", reference(each).tag)), None)


def has_image(app: Application, wanted: Wanted) -> bool:
    """By its digest where the manifests name one, else by its tag."""
    asked = reference(wanted.image)
    same = [each for each in map(reference, app.images) if each.full_repository == asked.full_repository]
    return any(
        (asked.digest and each.digest == asked.digest)
        or (not each.digest and (each.tag or "latest") == (asked.tag or "latest"))
        for each in same
    )


def _short(digest: str) -> str:
    return digest[:19]
