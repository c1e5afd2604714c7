"""What Argo CD has seen in git and does not bring into the cluster."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from tools.delivery.facts.application import SYNC_BEGINS_WITHIN, short
from tools.delivery.facts.sync_windows import closed
from tools.delivery.rules.argo_cd.words import (
    ARGO_CD,
    about,
    age,
    broken,
    compared,
    edit,
    look,
    patch,
    ref_of,
    resource_said,
    sync,
)
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.naming import typed
from tools.diagnose.findings import Evidence, Remedy
from tools.diagnose.rule import Cause
from tools.plaintext import one_line

if TYPE_CHECKING:
    from tools.delivery.facts.application import Application
    from tools.delivery.reading import Deliveries, Wanted
    from tools.diagnose.findings import Finding
    from tools.json import Json

SYNC_RETRY_HOLDS_BACK = Cause(
    "SyncRetryHoldsBack",
    topic="deploying-apps",
    means="Argo CD retries the sync of an old revision, and newer commits wait until it gives up.",
    why="A sync that fails is tried again with longer and longer pauses, always the revision that it began with.",
    mend="End it; the next sync takes the newest revision.",
    example="Argo CD retries 9f8e7d6 of Application checkout for the 4th time, and abc1234 waits behind it",
    source=ARGO_CD + "user-guide/auto_sync/#automatic-retry-with-a-limit",
)
SYNC_WAITING = Cause(
    "SyncWaiting",
    topic="deploying-apps",
    means="A sync has begun and does not end: it waits for a hook, or for a wave to become healthy.",
    why="Hooks and waves go one after the other. The next begins only when all of this one is done and healthy.",
    mend="See why what it waits for does not become healthy; or end the sync.",
    example="the sync of Application checkout to abc1234 waits for 25 min: waiting for completion of hook "
    "batch/Job/migrate",
    source=ARGO_CD + "user-guide/sync-waves/",
)
SYNC_NOT_RETRIED = Cause(
    "SyncNotRetried",
    topic="deploying-apps",
    means="The sync of this revision failed, and Argo CD does not try the same revision again by itself.",
    why="An automated sync is made once for a revision (after its retries). Only a new commit, or a person, "
    "makes it try again, even when what failed is mended in the cluster by then.",
    mend="Mend what the message names; then sync by hand, or push another commit.",
    example="the sync of Application checkout to abc1234 failed and is not tried again: Job migrate: Job has "
    "reached the specified backoff limit",
    source=ARGO_CD + "user-guide/auto_sync/#automated-sync-semantics",
)
SYNC_FAILED = Cause(
    "SyncFailed",
    topic="deploying-apps",
    means="The last sync of an Application failed.",
    why="The API server refused an object, a hook failed, or what was to be deleted could not be.",
    mend="Mend in git what the message names, and sync again.",
    example="the sync of Application checkout to abc1234 failed: Deployment checkout: spec.replicas: Invalid value",
    source=ARGO_CD + "user-guide/auto_sync/",
)
AUTO_SYNC_OFF = Cause(
    "AutoSyncOff",
    topic="deploying-apps",
    means="Argo CD has seen the new commit and waits for somebody to sync it: no automated sync is set.",
    why="Without syncPolicy.automated (or with enabled: false) a difference is only shown.",
    mend="Sync it, or turn automated sync on.",
    example="Application checkout is OutOfSync at abc1234 and has no automated sync: 9f8e7d6 is still live",
    source=ARGO_CD + "user-guide/auto_sync/",
)
SYNC_WINDOW_CLOSED = Cause(
    "SyncWindowClosed",
    topic="deploying-apps",
    means="A sync window of the AppProject keeps the Application from being synced now.",
    why="A deny window is open, or there are allow windows and none of them is.",
    mend="Wait until it may be synced, or, where the window allows it, sync by hand.",
    example="Application checkout may not be synced now: the deny window 0 18 * * 5 (60h) of AppProject "
    "shop is open",
    source=ARGO_CD + "user-guide/sync_windows/",
)
PRUNE_DISABLED = Cause(
    "PruneDisabled",
    topic="deploying-apps",
    means="An Application is OutOfSync only because something was removed from git, and nothing may be deleted.",
    why="Automated sync deletes nothing unless prune is on; then it stays OutOfSync for ever.",
    mend="Delete what is left by hand, or turn prune on.",
    example="Application checkout stays OutOfSync: Service old is no longer in git, and prune is off",
    source=ARGO_CD + "user-guide/auto_sync/#automatic-pruning",
)
OUT_OF_SYNC_AFTER_SYNC = Cause(
    "OutOfSyncAfterSync",
    topic="deploying-apps",
    means="An Application is OutOfSync though its newest revision was synced: something changes it again.",
    why="Somebody, an autoscaler, an admission webhook or a default of the API server gives a field another "
    "value than git; without selfHeal Argo CD does not sync the same revision twice, with it the two undo each "
    "other.",
    mend="Leave the field out of git, or name it in ignoreDifferences; where a person changed it, turn "
    "on selfHeal.",
    example="Application checkout is OutOfSync at abc1234, which was synced 2 h ago: HorizontalPodAutoscaler "
    "checkout differs again",
    source=ARGO_CD + "user-guide/diffing/",
)

_ENDS_WITHIN = timedelta(minutes=10)
"""How long hooks and waves may take before it is taken for a fault: as long as a rollout by default."""
_GIVES_UP = re.compile(r"sync attempt to ")
_FAILED = ("Failed", "Error")


def retried(app: Application, _found: Deliveries, _wanted: Wanted) -> Finding | None:
    """A sync of an old revision that is tried again and again while git is further."""
    tries = int(app.operation.get("retryCount") or 0)
    if app.phase != "Running" or not tries or not app.revisions or app.is_synced_to_revision:
        return None
    old, new = short(next(iter(app.operation_revisions), "")), short(app.revision)
    return broken(
        app,
        SYNC_RETRY_HOLDS_BACK,
        f"Argo CD retries {old or 'an old revision'} of {app.said} ({tries} times so far), and {new} waits "
        "behind it: "
        f"{_message(app)}",
        "A retry takes the revision that the sync began with; newer commits wait until it gives up.",
        (_operation(app), about(app, f"sync {app.sync_status} at {new}")),
        (_end(app, "End it, so that the newest is synced"),),
    )


def waiting(app: Application, found: Deliveries, _wanted: Wanted) -> Finding | None:
    """A sync that does not end."""
    begun = parse_time(app.operation.get("startedAt"))
    if app.phase != "Running" or begun is None or found.taken_at - begun < _ENDS_WITHIN:
        return None
    see = [
        Remedy("See why that does not become ready", f"kubectl describe {each}", "read") for each in _awaited(app)
    ]
    return broken(
        app,
        SYNC_WAITING,
        f"the sync of {app.said} to {short(next(iter(app.operation_revisions), '')) or '?'} waits for "
        f"{age(found.taken_at - begun)}: {_message(app)}",
        "Hooks and waves go one after the other: the rest is not applied before this is done and healthy.",
        (_operation(app),),
        (*see, _end(app, "End it")),
    )


def failed(app: Application, _found: Deliveries, _wanted: Wanted) -> Finding | None:
    """A sync that failed, of what git is at."""
    condition = app.condition("SyncError")
    if condition is None and (app.phase not in _FAILED or app.sync_status == "Synced"):
        return None
    message = str((condition or {}).get("message") or "")
    is_given_up = app.automated is not None and bool(
        _GIVES_UP.search(message) or (app.phase in _FAILED and app.is_synced_to_revision)
    )
    revision = short(next(iter(app.operation_revisions), "") or app.revision)
    said = _failure(app) or one_line(message) or _message(app)
    return broken(
        app,
        SYNC_NOT_RETRIED if is_given_up else SYNC_FAILED,
        f"the sync of {app.said} to {revision} failed{' and is not tried again' if is_given_up else ''}: {said}",
        "Argo CD syncs a revision by itself once, with its retries; only a new commit or a person makes it "
        "try again."
        if is_given_up
        else "What could not be applied stays as it was.",
        (*((about(app, f"SyncError: {message}"),) if message else ()), _operation(app), *_results(app)),
        (look(app, "See each resource and hook of the sync"), sync(app, "When it is mended, sync again")),
    )


def by_hand(app: Application, found: Deliveries, _wanted: Wanted) -> Finding | None:
    """A difference that nobody has told Argo CD to bring in."""
    if app.sync_status != "OutOfSync" or app.automated is not None or app.phase == "Running":
        return None
    live = short(next(iter(app.operation_revisions), ""))
    policy = app.spec.get("syncPolicy") or {}
    is_off = (policy.get("automated") or {}).get("enabled") is False
    return broken(
        app,
        AUTO_SYNC_OFF,
        f"{app.said} is OutOfSync at {short(app.revision)} and "
        f"{'its automated sync is turned off' if is_off else 'has no automated sync'}: "
        + (f"{live} is still live" if live else "it was never synced"),
        "Argo CD only shows the difference; somebody must sync it.",
        (compared(app, found.taken_at), about(app, f"syncPolicy: {policy or '(not set)'}", "spec")),
        (sync(app), Remedy("Let Argo CD sync by itself",
                           patch(app, {"spec": {"syncPolicy": {"automated": {"enabled": True}}}}), "change")),
    )  # fmt: skip


def window_closed(app: Application, found: Deliveries, _wanted: Wanted) -> Finding | None:
    """A difference that may not be brought in now."""
    project = found.named("AppProject", app.project, app.namespace)
    if app.sync_status != "OutOfSync" or project is None:
        return None
    window = closed((project.get("spec") or {}).get("syncWindows") or (), app, found.taken_at)
    if window is None:
        return None
    return broken(
        app,
        SYNC_WINDOW_CLOSED,
        f"{app.said} may not be synced now: {window.said} of AppProject {app.project}",
        "Argo CD shows the difference, and syncs when a window lets it."
        + (" By hand it may be synced now." if window.manual else ""),
        (
            compared(app, found.taken_at),
            *(Evidence("spec", f"AppProject {app.project}", one_line(each)) for each in window.evidence),
        ),
        (
            *((sync(app, "Sync by hand, which this window allows"),) if window.manual else ()),
            Remedy("See the windows", f"kubectl get appproject/{app.project} -n {app.namespace} -o yaml", "read"),
        ),
    )


def not_pruned(app: Application, found: Deliveries, _wanted: Wanted) -> Finding | None:
    """Only what is to be deleted differs, and nothing may be."""
    out = app.resources("OutOfSync")
    if app.sync_status != "OutOfSync" or app.automated is None or app.automated.get("prune") or not out:
        return None
    if not all(each.get("requiresPruning") for each in out):
        return None
    named = ", ".join(resource_said(each) for each in out)
    return broken(
        app,
        PRUNE_DISABLED,
        f"{app.said} stays OutOfSync: {named} is no longer in git, and prune is off",
        "Automated sync deletes nothing unless prune is on, and then makes no sync at all.",
        (compared(app, found.taken_at), about(app, f"requiresPruning: {named}")),
        tuple(
            Remedy(f"Delete {resource_said(each)}", f"kubectl delete {typed(ref_of(each, app))}", "delete")
            for each in out[:3]
        ),
        severity="warning",
    )


def drifted(app: Application, found: Deliveries, _wanted: Wanted) -> Finding | None:
    """A difference that is there again after the sync of the same revision."""
    if app.sync_status != "OutOfSync" or app.phase != "Succeeded" or not app.is_synced_to_revision:
        return None
    ended = parse_time(app.operation.get("finishedAt"))
    if ended is not None and found.taken_at - ended < SYNC_BEGINS_WITHIN:
        return None
    named = ", ".join(resource_said(each) for each in app.resources("OutOfSync")) or "something"
    heals = bool((app.automated or {}).get("selfHeal"))
    return broken(
        app,
        OUT_OF_SYNC_AFTER_SYNC,
        f"{app.said} is OutOfSync at {short(app.revision)}, which was synced"
        f"{f' {age(found.taken_at - ended)} ago' if ended else ''}: {named} differs again",
        "Something in the cluster (a person, an autoscaler, an admission webhook, a default of the API "
        "server) gives "
        "a field another value than git. "
        + ("selfHeal puts it back each time." if heals else "Without selfHeal no revision is synced twice."),
        (compared(app, found.taken_at), _operation(app)),
        (
            Remedy("See what differs", f"argocd app diff {app.name} --app-namespace {app.namespace}", "read"),
            edit(app, "Name the field in ignoreDifferences, or leave it out of git"),
        ),
        severity="warning",
    )  # fmt: skip


def not_begun(app: Application, found: Deliveries, _wanted: Wanted) -> Finding | None:
    """A difference that an automated sync should have brought in by now, and nothing says why not."""
    if app.sync_status != "OutOfSync" or app.phase == "Running" or app.automated is None:
        return None
    last = app.reconciled_at
    if last is not None and found.taken_at - last < SYNC_BEGINS_WITHIN:
        return None
    return broken(
        app,
        SYNC_FAILED,
        f"{app.said} is OutOfSync at {short(app.revision)}, and its automated sync has not begun",
        "Argo CD syncs within moments of seeing a difference; nothing in its status says why it does not.",
        (compared(app, found.taken_at), _operation(app)),
        (look(app), sync(app)),
        severity="warning",
    )


def _message(app: Application) -> str:
    return one_line(str(app.operation.get("message") or "it does not say why"), 200)


def _operation(app: Application) -> Evidence:
    operation = app.operation
    revision = ", ".join(short(each) for each in app.operation_revisions) or "nothing"
    when = operation.get("finishedAt") or operation.get("startedAt") or "never"
    return about(app, f"operationState {operation.get('phase') or 'none'} of {revision} at {when}: {_message(app)}")


def _failure(app: Application) -> str:
    """The first resource or hook that failed, with what was said of it."""
    each = next((each for each in app.operation_results if _is_failed(each)), None)
    return f"{resource_said(each)}: {one_line(str(each.get('message')), 200)}" if each else ""


def _results(app: Application) -> tuple[Evidence, ...]:
    failures = [each for each in app.operation_results if _is_failed(each)][:3]
    return tuple(Evidence("status", resource_said(each), one_line(str(each.get("message")))) for each in failures)


def _is_failed(result: Json) -> bool:
    return result.get("status") == SYNC_FAILED or result.get("hookPhase") in _FAILED


_WAITED_FOR = re.compile(r"(?:hook|state of) (?:(?P<group>[\w.]*)/)?(?P<kind>[A-Z]\w*)/(?P<name>[a-z0-9.-]+)")


def _awaited(app: Application) -> list[str]:
    """What a sync waits for, as kubectl takes it, from `waiting for completion of hook batch/Job/migrate`."""
    match = _WAITED_FOR.search(str(app.operation.get("message")))
    return [f"{match['kind'].lower()}/{match['name']} -n {app.destination_namespace}"] if match else []


def _end(app: Application, title: str) -> Remedy:
    return Remedy(title, f"argocd app terminate-op {app.name} --app-namespace {app.namespace}", "change")
