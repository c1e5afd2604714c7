"""Deliveries by Argo CD: an Application whose status is as its controller writes it."""

from __future__ import annotations

from typing import Any

from tests.tools.delivery.chains import ARGO_CD, GITOPS, NOW, TARGET, Chain, ago, merged
from tools.delivery.facts.image_updater import PREFIX
from tools.delivery.reading import Wanted
from tools.json import Json

OLD, NEW = "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432", "abc1234def5678900123456789abcdef01234567"
REPOSITORY = "https://git.example.com/shop/deploy.git"
IMAGE = "registry.example.com/shop/checkout"
D1, D2 = "sha256:" + "1" * 64, "sha256:" + "2" * 64
AUTOMATED: Json = {"syncPolicy": {"automated": {}}}
DEPLOYMENT = {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": TARGET, "name": "checkout"}


def operation(phase: str, revision: str = OLD, message: str = "", **more: Any) -> Json:
    """`status.operationState`."""
    ended = {} if phase == "Running" else {"finishedAt": ago(7_200)}
    result = {"revision": revision, "source": {"repoURL": REPOSITORY}, **more.pop("syncResult", {})}
    return {
        "operation": {"sync": {"revision": revision}, "initiatedBy": {"automated": True}},
        "phase": phase,
        "message": message or "successfully synced (all tasks run)",
        "startedAt": ago(7_230),
        **ended,
        "syncResult": result,
        **more,
    }


def application(name: str, spec: Json | None = None, status: Json | None = None, **metadata: Any) -> Json:
    """One that is Synced and Healthy at OLD, and was compared a minute ago; `spec` and `status` over that."""
    own_spec = {
        "project": "shop",
        "source": {"repoURL": REPOSITORY, "path": "apps/checkout", "targetRevision": "main"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": TARGET},
    }
    own_status = {
        "sync": {"status": "Synced", "revision": OLD},
        "health": {"status": "Healthy"},
        "summary": {"images": [f"{IMAGE}:1.8"]},
        "resources": [{**DEPLOYMENT, "name": name, "status": "Synced", "health": {"status": "Healthy"}}],
        "operationState": operation("Succeeded"),
        "history": [{"id": 1, "revision": OLD, "deployedAt": ago(7_200)}],
        "reconciledAt": ago(60),
        "sourceType": "Kustomize",
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": ARGO_CD, "creationTimestamp": ago(86_400), **metadata},
        "spec": merged(own_spec, spec or {}),
        "status": merged(own_status, status or {}) if status != {} else {},
    }


def out_of_sync(name: str, spec: Json | None = None, status: Json | None = None, **metadata: Any) -> Json:
    """One that has seen NEW, and is still at OLD."""
    seen = {"sync": {"status": "OutOfSync", "revision": NEW}}
    return application(name, spec, merged(seen, status or {}), **metadata)


def condition(kind: str, message: str) -> Json:
    """A status with one condition."""
    return {"conditions": [{"type": kind, "message": message, "lastTransitionTime": ago(600)}]}


def updater(name: str, app: str, status: Json | None = None, **image: Any) -> Json:
    """An ImageUpdater that selects one Application."""
    refs = [{"namePattern": app, "images": [{"alias": "app", "imageName": IMAGE, **image}]}]
    return {
        "apiVersion": "argocd-image-updater.argoproj.io/v1alpha1",
        "kind": "ImageUpdater",
        "metadata": {"name": name, "namespace": GITOPS},
        "spec": {"applicationRefs": refs},
        "status": status or {},
    }


def project(name: str, **window: Any) -> Json:
    """An AppProject with one sync window."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": name, "namespace": ARGO_CD},
        "spec": {"syncWindows": [{"applications": ["*"], "duration": "1h", **window}]},
    }


def running(name: str, digest: str) -> Json:
    """A pod that runs the image of a digest."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": TARGET},
        "spec": {
            "containers": [{"name": "app", "image": f"{IMAGE}:main"}],
            "schedulingGates": [{"name": "desk.test/no-kubelet-writes-its-status"}],
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {
                    "name": "app",
                    "ready": True,
                    "restartCount": 0,
                    "image": f"{IMAGE}:main",
                    "imageID": f"{IMAGE}@{digest}",
                }
            ],
        },
    }


AT_THIS_HOUR = f"{NOW.minute} {NOW.hour} * * *"
IN_ANOTHER_HOUR = f"0 {(NOW.hour + 6) % 24} * * *"
HOOK = {
    "hookPhase": "Failed",
    "kind": "Job",
    "name": "migrate",
    "group": "batch",
    "version": "v1",
    "message": "Job has reached the specified backoff limit",
}
REFUSED = {
    "status": "SyncFailed",
    "kind": "Deployment",
    "name": "checkout",
    "group": "apps",
    "version": "v1",
    "message": 'Deployment.apps "checkout" is invalid: spec.replicas: Invalid value: -1',
}
COMMIT, VERSION = Wanted(commit=NEW[:8]), Wanted(image=f"{IMAGE}:1.9")

BROKEN = (
    Chain(
        "not watched",
        [application("unwatched", status={}, namespace=TARGET), application("other")],
        "ApplicationNotWatched",
        "Application unwatched",
        f"(Argo CD works on those in {ARGO_CD}",
    ),
    Chain(
        "paused by annotation",
        [application("skipped", annotations={"argocd.argoproj.io/skip-reconcile": "true"})],
        "ReconcilePaused",
        "Application skipped",
        "it is still at 9f8e7d6",
    ),
    Chain(
        "not compared lately",
        [application("stale", status={"reconciledAt": ago(7_200)}), application("fresh")],
        "ApplicationNotRefreshed",
        "Application stale",
        "was last compared 2 h ago, at 9f8e7d6 of main",
    ),
    Chain(
        "path filter",
        [application("filtered", annotations={"argocd.argoproj.io/manifest-generate-paths": "/charts;/common"})],
        "PathFilterExcludes",
        "Application filtered",
        "reads apps/checkout, and its manifest-generate-paths has only",
        COMMIT,
    ),
    Chain(
        "not permitted",
        [
            application(
                "forbidden",
                status={
                    "sync": {"status": "Unknown"},
                    **condition(
                        "InvalidSpecError",
                        "application destination server 'https://kubernetes.default.svc' and namespace "
                        "'shop-dev' do "
                        "not match "
                        "any of the allowed destinations in project 'shop'",
                    ),
                },
            )
        ],
        "ApplicationInvalid",
        "Application forbidden",
        "do not match any of the allowed destinations",
    ),
    Chain(
        "no such path",
        [
            application(
                "pathless",
                status={
                    "sync": {"status": "Unknown"},
                    **condition(
                        "ComparisonError",
                        "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: "
                        "code = Unknown desc = apps/chekout: app path does not exist",
                    ),
                },
            )
        ],
        "ComparisonError",
        "Application pathless",
        "there is no path apps/checkout at main",
    ),
    Chain(
        "no credentials",
        [
            application(
                "secretless",
                status={
                    "sync": {"status": "Unknown"},
                    **condition(
                        "ComparisonError",
                        "rpc error: code = Unknown desc = authentication required: Repository not found",
                    ),
                },
            )
        ],
        "ComparisonError",
        "Application secretless",
        "the repository wants credentials that Argo CD does not have",
    ),
    Chain(
        "a failure from the cache",
        [
            application(
                "cached",
                status={
                    "sync": {"status": "Unknown"},
                    **condition(
                        "ComparisonError",
                        "Failed to load target state: rpc error: code = Unknown desc = Manifest generation error "
                        "(cached): helm dependency build failed: timeout",
                    ),
                },
            )
        ],
        "ComparisonErrorCached",
        "Application cached",
        "from its cache: helm dependency build failed",
    ),
    Chain(
        "two owners",
        [
            out_of_sync(
                "shared",
                AUTOMATED,
                {
                    "sync": {"revision": OLD},
                    "resources": [{**DEPLOYMENT, "status": "OutOfSync"}],
                    **condition(
                        "SharedResourceWarning",
                        "Deployment/checkout is part of applications argocd/shared and argocd/shop",
                    ),
                },
            )
        ],
        "SharedResource",
        "Application shared",
        "argocd/shared and argocd/shop",
    ),
    Chain(
        "a retry in the way",
        [
            out_of_sync(
                "retrying",
                AUTOMATED,
                {
                    "operationState": operation(
                        "Running",
                        message="one or more objects failed to apply. Retrying attempt #4 at 12:00AM.",
                        retryCount=4,
                    )
                },
            )
        ],
        "SyncRetryHoldsBack",
        "Application retrying",
        "Argo CD retries 9f8e7d6",
    ),
    Chain(
        "a hook that does not end",
        [
            out_of_sync(
                "hooked",
                AUTOMATED,
                {"operationState": operation("Running", NEW, "waiting for completion of hook batch/Job/migrate")},
            )
        ],
        "SyncWaiting",
        "Application hooked",
        "for 2 h: waiting for completion of hook batch/Job/migrate",
    ),
    Chain(
        "failed and not tried again",
        [
            out_of_sync(
                "given-up",
                AUTOMATED,
                {
                    "operationState": operation(
                        "Failed",
                        NEW,
                        "one or more synchronization tasks completed unsuccessfully",
                        syncResult={"resources": [HOOK]},
                    ),
                    **condition(
                        "SyncError",
                        f"Failed last sync attempt to [{NEW}]: one or more synchronization tasks completed "
                        "unsuccessfully",
                    ),
                },
            )
        ],
        "SyncNotRetried",
        "Application given-up",
        "Job migrate: Job has reached the specified backoff limit",
    ),
    Chain(
        "failed by hand",
        [
            out_of_sync(
                "refused",
                status={
                    "operationState": operation(
                        "Failed", NEW, "one or more objects failed to apply", syncResult={"resources": [REFUSED]}
                    )
                },
            )
        ],
        "SyncFailed",
        "Application refused",
        "spec.replicas: Invalid value: -1",
    ),
    Chain(
        "not begun",
        [out_of_sync("idle", AUTOMATED, {"reconciledAt": ago(120)})],
        "SyncFailed",
        "Application idle",
        "its automated sync has not begun",
        severity="warning",
    ),
    Chain(
        "by hand only",
        [out_of_sync("manual")],
        "AutoSyncOff",
        "Application manual",
        "has no automated sync: 9f8e7d6 is still live",
    ),
    Chain(
        "automation turned off",
        [out_of_sync("disabled", {"syncPolicy": {"automated": {"enabled": False}}})],
        "AutoSyncOff",
        "Application disabled",
        "its automated sync is turned off",
    ),
    Chain(
        "a deny window",
        [
            out_of_sync("frozen", {"project": "frozen", **AUTOMATED}),
            project("frozen", kind="deny", schedule=AT_THIS_HOUR, manualSync=True),
        ],
        "SyncWindowClosed",
        "Application frozen",
        f"the deny window {AT_THIS_HOUR} (1h) is open of AppProject frozen",
    ),
    Chain(
        "no allow window",
        [
            out_of_sync("nightly", {"project": "nightly", **AUTOMATED}),
            project("nightly", kind="allow", schedule=IN_ANOTHER_HOUR),
        ],
        "SyncWindowClosed",
        "Application nightly",
        "no allow window is open",
    ),
    Chain(
        "only to be pruned",
        [
            out_of_sync(
                "unpruned",
                AUTOMATED,
                {
                    "sync": {"revision": OLD},
                    "resources": [
                        {
                            "version": "v1",
                            "kind": "Service",
                            "name": "old",
                            "status": "OutOfSync",
                            "requiresPruning": True,
                        }
                    ],
                },
            )
        ],
        "PruneDisabled",
        "Application unpruned",
        "Service old is no longer in git",
        severity="warning",
    ),
    Chain(
        "out of sync without a difference in git",
        [
            out_of_sync(
                "drifting",
                AUTOMATED,
                {"sync": {"revision": OLD}, "resources": [{**DEPLOYMENT, "status": "OutOfSync"}]},
            )
        ],
        "OutOfSyncAfterSync",
        "Application drifting",
        "which was synced 2 h ago: Deployment checkout differs again",
        severity="warning",
    ),
    Chain(
        "several sources, one further",
        [
            out_of_sync(
                "several",
                {
                    "source": None,
                    "sources": [
                        {"repoURL": REPOSITORY, "path": "a", "targetRevision": "main"},
                        {"repoURL": REPOSITORY, "ref": "values"},
                    ],
                },
                {"sync": {"revision": "", "revisions": [OLD, NEW]}},
            )
        ],
        "AutoSyncOff",
        "Application several",
        "has no automated sync",
    ),
    Chain(
        "the updater and latest",
        [
            application(
                "latest",
                annotations={PREFIX + "image-list": f"app={IMAGE}"},
                status={"summary": {"images": [f"{IMAGE}:latest"]}},
            )
        ],
        "ImageUpdaterIdle",
        "Application latest",
        "by semver, and its tag is latest, which is no version",
        COMMIT,
    ),
    Chain(
        "the updater and no such image",
        [application("elsewhere", annotations={PREFIX + "image-list": "app=shop/checkout"})],
        "ImageUpdaterIdle",
        "Application elsewhere",
        "it considers 0 images",
        VERSION,
    ),
    Chain(
        "the updater and plain manifests",
        [application("plain", annotations={PREFIX + "image-list": IMAGE}, status={"sourceType": "Directory"})],
        "ImageUpdaterIdle",
        "Application plain",
        "whose source is of the type Directory",
        VERSION,
    ),
    Chain(
        "the updater and its registry",
        [
            application("locked", namespace=GITOPS),
            updater(
                "locked",
                "locked",
                {
                    "conditions": [
                        {
                            "type": "Error",
                            "status": "True",
                            "reason": "RegistryError",
                            "lastTransitionTime": ago(60),
                            "message": "could not get tags from registry: unauthorized: authentication required",
                        }
                    ]
                },
            ),
        ],
        "ImageUpdaterIdle",
        "Application locked",
        "the registry does not let it list the tags",
        VERSION,
    ),
    Chain(
        "annotations that nobody reads",
        [
            application("unread", annotations={PREFIX + "image-list": f"app={IMAGE}"}, namespace=GITOPS),
            updater("of-others", "somebody"),
        ],
        "ImageUpdaterIdle",
        "Application unread",
        "the annotations are not read",
        VERSION,
    ),
    Chain(
        "pinned to a tag",
        [application("pinned", {"source": {"targetRevision": "v1.4.0"}})],
        "RevisionPinned",
        "Application pinned",
        "follows v1.4.0, which is no branch",
        COMMIT,
    ),
    Chain(
        "synced at an old revision",
        [application("behind", AUTOMATED)],
        "SyncedAtOldRevision",
        "Application behind",
        "is Synced and Healthy at 9f8e7d6 of main, for 2 h, not at abc1234",
        Wanted(commit=NEW),
    ),
    Chain(
        "the tag of another commit",
        [application("tagged", AUTOMATED, {"summary": {"images": [f"{IMAGE}:{OLD[:7]}"]}})],
        "ImageNotInGit",
        "Application tagged",
        f"names {IMAGE}:9f8e7d6 and not one of abc1234",
        Wanted(commit=NEW),
    ),
    Chain(
        "the image is not in git",
        [application("unnamed", AUTOMATED)],
        "ImageNotInGit",
        "Application unnamed",
        f"names {IMAGE}:1.8 and not {IMAGE}:1.9",
        VERSION,
    ),
    Chain(
        "one tag built twice",
        [application("rebuilt", AUTOMATED, {"summary": {"images": [f"{IMAGE}:main"]}}), running("rebuilt-1", D1)],
        "SameTagRebuilt",
        "Application rebuilt",
        "sha256:111111111111, and the tag is sha256:222222222222 by now",
        Wanted(image=f"{IMAGE}:main@{D2}"),
    ),
    Chain(
        "degraded",
        [
            application(
                "unwell",
                AUTOMATED,
                {
                    "health": {"status": "Degraded"},
                    "resources": [
                        {
                            **DEPLOYMENT,
                            "name": "unwell",
                            "health": {"status": "Degraded", "message": "exceeded its progress deadline"},
                        }
                    ],
                },
            )
        ],
        "ApplicationUnhealthy",
        "Application unwell",
        "Deployment unwell: Degraded exceeded its progress deadline",
    ),
)

GOING = (
    Chain("healthy", [application("well", AUTOMATED)]),
    Chain("healthy at the commit", [application("arrived", AUTOMATED)], wanted=Wanted(commit=OLD[:7])),
    Chain(
        "a commit that another followed",
        [
            application(
                "followed",
                AUTOMATED,
                {
                    "sync": {"revision": NEW},
                    "operationState": operation("Succeeded", NEW),
                    "history": [
                        {"id": 1, "revision": OLD, "deployedAt": ago(7_200)},
                        {"id": 2, "revision": NEW, "deployedAt": ago(60)},
                    ],
                },
            )
        ],
        wanted=Wanted(commit=OLD),
    ),
    Chain("the image is live", [application("imaged", AUTOMATED)], wanted=Wanted(image=f"{IMAGE}:1.8")),
    Chain(
        "told by the tag",
        [application("sha", AUTOMATED, {"summary": {"images": [f"{IMAGE}:main-abc1234"]}})],
        wanted=Wanted(commit=NEW),
    ),
    Chain(
        "an open allow window",
        [
            out_of_sync("allowed", {"project": "allowed", **AUTOMATED}, {"reconciledAt": ago(10)}),
            project("allowed", kind="allow", schedule=AT_THIS_HOUR),
        ],
        going=True,
    ),
    Chain(
        "a sync that runs",
        [
            out_of_sync(
                "syncing",
                AUTOMATED,
                {
                    "operationState": operation(
                        "Running", NEW, "waiting for healthy state of apps/Deployment/checkout", startedAt=ago(60)
                    )
                },
            )
        ],
        going=True,
    ),
    Chain(
        "a rollout within its deadline",
        [application("rolling", AUTOMATED, {"health": {"status": "Progressing", "lastTransitionTime": ago(120)}})],
        going=True,
    ),
)
