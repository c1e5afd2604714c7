"""Why is a commit, or an image, of an application not live?"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated

from msgspec.structs import replace
from pydantic import Field

from tools.cluster import errors
from tools.cluster.did_you_mean import NotThere, near
from tools.delivery import rules
from tools.delivery.links import links
from tools.delivery.reading import Deliveries, Wanted, because, read
from tools.delivery.related import Related, related
from tools.delivery.rules.argo_cd.live import is_there, progressing
from tools.delivery.rules.argo_cd.words import ref_of
from tools.delivery.updater_log import in_log
from tools.delivery.webhooks import Pushes, look
from tools.diagnose.diagnose import findings_of
from tools.diagnose.findings import Finding
from tools.diagnose.reading.read import read_snapshot
from tools.diagnose.render import render
from tools.diagnose.report import report
from tools.errors import ArgumentsError, ToolFailed
from tools.frame import Name, Namespace, Result, ToolContext
from tools.git_hosts.hosts import GitHosts

if TYPE_CHECKING:
    from datetime import datetime

    from tools.cluster.client import Cluster
    from tools.delivery.facts.application import Application
    from tools.json import Json

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Rollout", "DeploymentConfig")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,40}")


def why_not_live(
    context: ToolContext,
    *,
    app: Name,
    namespace: Annotated[Namespace | None, Field(description="Where it runs, or its Application is.")] = None,
    commit: Annotated[str | None, Field(max_length=40, description="The commit's SHA, 7 digits at least.")] = None,
    image: Annotated[str | None, Field(max_length=500, description="The image with its tag or digest.")] = None,
) -> Result:
    """Find out why the last commit or image of an application is not live: the one broken link, and what mends it.

    Goes from the commit by webhook, build, image and Argo CD to the pods. What may not be read is "not checked".
    """
    document = diagnose(
        context.cluster,
        app=app,
        namespace=namespace,
        commit=commit or "",
        image=image or "",
        git_hosts=context.git_hosts,
    )
    return Result(render(document), document)


def diagnose(
    cluster: Cluster,
    *,
    app: str,
    namespace: str | None = None,
    commit: str = "",
    image: str = "",
    git_hosts: GitHosts | None = None,
    now: datetime | None = None,
) -> Json:
    """The `desk.findings/v1` document on one application's delivery, with its links.

    Of the repositories at `git_hosts` the webhooks are read, too.

    `app` is the name of an Application of Argo CD, or of a workload that one delivers. Raises `NotThere` when
    there is none, `ToolFailed` when several are meant, `ArgumentsError` for what is no commit, and any
    `ClusterError` that is everything's.
    """
    if commit and not _COMMIT.fullmatch(commit):
        raise ArgumentsError(
            f'"{commit}" is no commit: give its SHA, 7 to 40 hexadecimal digits (git rev-parse HEAD).'
        )
    wanted = Wanted(commit, image)
    where = namespace or cluster.namespace
    found = read(cluster, where, partial(_chosen, app=app, namespace=namespace), now=now)
    own = next(iter(found.applications()), None)
    made_by = related(own, app, found, wanted)
    if own is None and not made_by and "Application" in found.unserved and not found.not_checked:
        raise _not_there(found, app, namespace)
    finding = rules.of_application(own, found, wanted) if own else None
    pushes = look(cluster, own, found, made_by, wanted, git_hosts or GitHosts())
    findings, unread = _broken(cluster, found, own, finding, made_by, wanted)
    if pushes.finding and _is_not_told(own, findings, made_by, wanted, pushes):
        findings, unread = [pushes.finding], []
    going = [*(each for each in (progressing(own, found) if own else None,) if each), *made_by.going(found)]
    return report(
        findings,
        [] if findings else going,
        cluster=cluster.fingerprint,
        namespace=found.namespace,
        checked={
            "PipelineRun": len(made_by.runs),
            "Build": len(made_by.builds),
            "Application": 1 if own else 0,
            "Pod": len(found.of("Pod")),
        },
        not_checked=[*found.not_checked, *unread],
        links=links(own, found, wanted, findings, made_by, pushes),
    )


_NOT_BUILT: frozenset[str] = frozenset(("SyncedAtOldRevision", "ImageNotInGit", "ImageUpdaterIdle"))
"""What an application shows when what it waits for was never built."""


_NOT_TOLD: frozenset[str] = _NOT_BUILT | {"ApplicationNotRefreshed"}
"""What an application shows when nobody told of the push that it waits for."""


def _is_not_told(
    own: Application | None, findings: list[Finding], made_by: Related, wanted: Wanted, pushes: Pushes
) -> bool:
    """Whether a webhook that fails is what is in the way.

    A commit that is there already, or was built, has been told; and who looks at git by itself needs no telling.
    """
    if not wanted.commit:
        return not findings and not pushes.polls
    if made_by.exact or (own is not None and is_there(own, wanted)):
        return False
    return not pushes.polls or all(each.cause in _NOT_TOLD for each in findings)


def _broken(
    cluster: Cluster,
    found: Deliveries,
    own: Application | None,
    finding: Finding | None,
    made_by: Related,
    wanted: Wanted,
) -> tuple[list[Finding], list[str]]:
    """The one broken link, and what could not be read of it: the first, for what is behind it only follows."""
    is_live = own is not None and finding is None and bool(wanted.commit or wanted.image)
    if (finding is None or finding.cause in _NOT_BUILT) and not is_live and (unbuilt := made_by.findings(found)):
        return unbuilt, []
    if own and finding and finding.cause == "ApplicationUnhealthy" and own.is_in_cluster:
        return _at_pods(cluster, own, finding)
    if own and not is_live and (finding is None or finding.cause == "ImageNotInGit"):
        told, unread = in_log(cluster, own, found, wanted)
        return [each for each in (told or finding,) if each], unread
    return [finding] if finding else [], []


def _chosen(found: Deliveries, *, app: str, namespace: str | None) -> Deliveries:
    """The deliveries with the one Application that is meant, and the namespace that it delivers to."""
    own = _meant(found, app, namespace)
    if own is None:
        return replace(found, only=None)
    return replace(found, only=own.ref, namespace=own.destination_namespace or found.namespace)


def _meant(found: Deliveries, name: str, namespace: str | None) -> Application | None:
    """The Application of this name, else the one that delivers a workload of this name.

    None where there are no applications, or they could not be read.
    """
    if not found.has("Application"):
        return None
    every = [
        app for app in found.all_applications() if namespace in (None, app.namespace, app.destination_namespace)
    ]
    named = [app for app in every if app.name == name] or [app for app in every if _delivers(app, name)]
    if len(named) > 1:
        which = ", ".join(f"{each.namespace} (delivers to {each.destination_namespace})" for each in named)
        raise ToolFailed(
            f'"{name}" may mean {len(named)} applications of Argo CD, in {which}. Name one with -n NAMESPACE.'
        )
    if not named:
        raise _not_there(found, name, namespace)
    return named[0]


def _delivers(app: Application, workload: str) -> bool:
    return any(each.get("name") == workload and each.get("kind") in WORKLOADS for each in app.resources())


def _not_there(found: Deliveries, name: str, namespace: str | None) -> NotThere:
    where = f" for {namespace}" if namespace else ""
    if "Application" in found.unserved:
        return NotThere(
            f'Nothing makes "{name}" in {found.namespace}: Argo CD is not on this cluster, and no run or build is '
            "called so or makes such an image.",
            near(name, {*(run.pipeline for run in found.runs()), *(build.config for build in found.builds())}),
            f"desk debug-pipeline {found.namespace} tells of all.",
        )
    return NotThere(
        f'There is no application "{name}" of Argo CD{where}'
        + (" among those that may be read." if found.not_checked else "."),
        near(name, {app.name for app in found.all_applications()}),
        "kubectl get applications.argoproj.io -A lists them.",
    )


def _at_pods(cluster: Cluster, app: Application, finding: Finding) -> tuple[list[Finding], list[str]]:
    """What a diagnosis finds on what an Application delivers; the finding itself where that is nothing."""
    where = app.destination_namespace
    try:
        every = findings_of(read_snapshot(cluster, where))
    except errors.Forbidden as error:
        return [finding], [f"pods in {where}: {because(error)}"]
    except errors.NotFound:
        return [finding], [f"pods in {where}: there is no such namespace"]
    own = {(ref.kind, ref.name) for ref in (ref_of(each, app) for each in app.resources())}
    told = [each for each in every if own & {(one.kind, one.name) for one in (each.object, *each.concerns)}]
    worst = [each for each in told if each.severity == "error"] or told
    return ([replace(each, concerns=(*each.concerns, app.ref)) for each in worst] or [finding]), []
