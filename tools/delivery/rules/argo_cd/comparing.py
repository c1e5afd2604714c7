"""What keeps Argo CD from comparing an Application with git: its spec, its repository, its manifests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tools.delivery.facts.application import short
from tools.delivery.rules.argo_cd.words import (
    ARGO_CD,
    about,
    broken,
    compared,
    edit,
    look,
    refresh,
    resource_said,
    source_said,
)
from tools.diagnose.findings import Remedy
from tools.diagnose.rule import Cause
from tools.plaintext import one_line

if TYPE_CHECKING:
    from tools.delivery.facts.application import Application
    from tools.delivery.reading import Deliveries, Wanted
    from tools.diagnose.findings import Finding

APPLICATION_INVALID = Cause(
    "ApplicationInvalid",
    topic="deploying-apps",
    means="An Application asks for something that its AppProject does not permit, or that is not there.",
    why="The AppProject limits repositories, clusters, namespaces and kinds. What is beyond is not even compared.",
    mend="Correct the destination or the repository, or have the AppProject permit it.",
    example="Application checkout is not valid: application destination server and namespace 'shop-prod' "
    "do not "
    "match any of the allowed destinations in project 'shop'",
    source=ARGO_CD + "user-guide/projects/",
)
COMPARISON_ERROR = Cause(
    "ComparisonError",
    topic="deploying-apps",
    means="Argo CD cannot make the manifests of an Application: it goes on with what it had.",
    why="The repository does not answer or wants credentials, the branch or path is not there, or "
    "kustomize, helm "
    "or a plugin fails on what is in it. The last revision that could be rendered stays live.",
    mend="Mend what the message names, in git or in Argo CD's repository credentials.",
    example="Argo CD cannot render Application checkout: apps/chekout: app path does not exist",
    source=ARGO_CD + "faq/",
)
COMPARISON_ERROR_CACHED = Cause(
    "ComparisonErrorCached",
    topic="deploying-apps",
    means="Argo CD repeats a failure from its cache: what it complains of may be mended already.",
    why="A failed rendering is kept for a revision; after some failures Argo CD does not try again for "
    "an hour. "
    "What was outside git (credentials, a chart, a plugin) can have been mended meanwhile.",
    mend="A hard refresh makes it render anew.",
    example="Argo CD repeats an old failure of Application checkout from its cache: helm repository timed out",
    source=ARGO_CD + "operator-manual/high_availability/",
)
SHARED_RESOURCE = Cause(
    "SharedResource",
    topic="deploying-apps",
    means="One object is delivered by two Applications, which undo each other's syncs.",
    why="Both have it in their manifests; the last one that synced wins, and the other is OutOfSync.",
    mend="Remove it from one of the two, or give it another name there.",
    example="Deployment checkout is delivered by two Applications: argocd/checkout and argocd/shop",
    source=ARGO_CD + "user-guide/sync-options/#fail-the-sync-if-a-shared-resource-is-found",
)

_CACHED = re.compile(r"\(cached\)|cached error|from cache", re.I)
_WRAPPING = re.compile(
    r"^(?:Failed to load target state: |failed to generate manifest for source \d+ of \d+: |rpc error: "
    r"code = \w+ desc = |Manifest generation error(?: \(cached\))?: )+"
)
_KINDS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(
            r"authentication required|could not read Username|permission denied|unable to authenticate|401", re.I
        ),
        "the repository wants credentials that Argo CD does not have",
        "kubectl get secrets -n {argo} -l argocd.argoproj.io/secret-type=repository",
    ),
    (
        re.compile(r"unable to resolve .* to a commit|couldn't find remote ref|unknown revision", re.I),
        "there is no branch, tag or commit {target}",
        "git ls-remote {repo} {target}",
    ),
    (
        re.compile(r"app path does not exist", re.I),
        "there is no path {path} at {target}",
        "git ls-tree -r --name-only {target} | grep -i {path}",
    ),
    (
        re.compile(r"repository not found|Repository .*does not exist|not found: .*git", re.I),
        "there is no repository {repo}, or Argo CD may not see it",
        "git ls-remote {repo}",
    ),
    (
        re.compile(r"timeout|deadline exceeded|connection refused|no such host|i/o timeout|EOF", re.I),
        "the repository or Argo CD's repo server does not answer",
        "kubectl get pods -n {argo} -l app.kubernetes.io/name=argocd-repo-server",
    ),
)


def invalid(app: Application, _found: Deliveries, _wanted: Wanted) -> Finding | None:
    """One whose project does not permit it."""
    condition = app.condition("InvalidSpecError", "UnknownError")
    if condition is None:
        return None
    message = one_line(str(condition.get("message")))
    return broken(
        app,
        APPLICATION_INVALID,
        f"{app.said} is not valid: {message}",
        f"Argo CD does not compare or sync what its AppProject {app.project} does not permit.",
        (about(app, f"{condition['type']}: {message}"),),
        (
            edit(app, "Correct its destination, source or project"),
            Remedy(
                "See what the project permits",
                f"kubectl get appproject/{app.project} -n {app.namespace} -o yaml",
                "read",
            ),
        ),
    )


def not_compared(app: Application, found: Deliveries, _wanted: Wanted) -> Finding | None:
    """One whose manifests cannot be made."""
    condition = app.condition(COMPARISON_ERROR)
    if condition is None:
        return None
    message = str(condition.get("message"))
    evidence = (about(app, f"ComparisonError: {message}"), compared(app, found.taken_at))
    told, command = _kind(app, message)
    if _CACHED.search(message):
        return broken(
            app,
            COMPARISON_ERROR_CACHED,
            f"Argo CD repeats an old failure of {app.said} from its cache: {_core(message)}",
            "A failed rendering is kept for its revision: what it complains of may be mended by now.",
            evidence,
            (refresh(app, hard=True),),
        )
    return broken(
        app,
        COMPARISON_ERROR,
        f"Argo CD cannot render {app.said}: {told or _core(message)}",
        f"Until it can, what is live stays at {_live(app)}; newer commits do not get there.",
        evidence,
        (
            Remedy("Check what it complains of", command, "read") if command else look(app),
            replace(
                refresh(app, hard=True),
                title=f"Mend it in git ({source_said(app)}) or in Argo CD's credentials; then look again",
            ),
        ),
    )


def shared(app: Application, _found: Deliveries, _wanted: Wanted) -> Finding | None:
    """One of which an object is another's, too."""
    condition = app.condition("SharedResourceWarning")
    if condition is None or app.sync_status != "OutOfSync":
        return None
    resources = ", ".join(resource_said(each) for each in app.resources("OutOfSync"))
    return broken(
        app,
        SHARED_RESOURCE,
        f"{resources or 'something of ' + app.said} is delivered by two Applications: {condition.get('message')}",
        "Each sync of one of them undoes the other's: the last one wins.",
        (about(app, f"SharedResourceWarning: {condition.get('message')}"),),
        (Remedy("See which object, and whose it is", f"kubectl get applications -A | grep -e {app.name}", "read"),),
    )


def _kind(app: Application, message: str) -> tuple[str, str]:
    source = app.sources[0]
    words = {
        "repo": source.get("repoURL"),
        "path": source.get("path") or ".",
        "target": app.target,
        "argo": app.namespace,
    }  # fmt: skip
    for pattern, told, command in _KINDS:
        if pattern.search(message):
            return f"{told.format(**words)} ({_core(message)})", command.format(**words)
    return "", ""


def _core(message: str) -> str:
    """What is said at the end of all that is wrapped around it."""
    return one_line(_WRAPPING.sub("", message), 200)


def _live(app: Application) -> str:
    synced = [revisions for revisions, _ in app.history()]
    return short(synced[-1][0]) if synced and synced[-1] else "what it was"
