"""Which deliveries into a namespace are broken, and at which link?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tools.cluster.did_you_mean import NotThere, near
from tools.cluster.namespaces import refuse_unless_there
from tools.delivery import rules
from tools.delivery.reading import DELIVERING, READINGS, Deliveries, Kind, Wanted, read
from tools.delivery.rules.argo_cd.live import progressing
from tools.diagnose.render import render
from tools.diagnose.report import report
from tools.frame import Namespace, Result, ToolContext

if TYPE_CHECKING:
    from datetime import datetime

    from tools.cluster.client import Cluster
    from tools.diagnose.findings import Finding, Starting
    from tools.json import Json

_NAMED: tuple[Kind, ...] = ("EventListener", "BuildConfig", "ImageStream", "Repository", "ExternalSecret")


def debug_pipeline(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Annotated[
        str | None, Field(max_length=253, description="A run, pipeline, build or application; else everything.")
    ] = None,
) -> Result:
    """Find out which deliveries into a namespace are broken, and where: runs of Tekton, builds, applications.

    Names the cause, the object, the decisive detail and what mends it. What may not be read is "not checked".
    """
    document = diagnose(context.cluster, namespace=namespace, name=name)
    return Result(render(document), document)


def diagnose(cluster: Cluster, *, namespace: str, name: str | None = None, now: datetime | None = None) -> Json:
    """The `desk.findings/v1` document on what delivers into a namespace; with `name` only on what has that name.

    Raises `NotThere` when the namespace or the name does not exist, and any `ClusterError` that is everything's.
    """
    found = read(cluster, namespace, about=name or "", now=now)
    if found.is_empty:
        refuse_unless_there(cluster, namespace)
    findings, going = _judged(found, name)
    return report(
        findings,
        going,
        cluster=cluster.fingerprint,
        namespace=namespace,
        checked={**{kind: len(found.of(kind)) for kind in found.objects}, "Application": len(found.applications())},
        not_checked=[*found.not_checked, *unserved(found)],
    )


def unserved(found: Deliveries) -> list[str]:
    """What of the kinds that deliver this cluster does not have."""
    return [f"{READINGS[kind].word}: not on this cluster" for kind in DELIVERING if kind in found.unserved]


def _judged(found: Deliveries, name: str | None) -> tuple[list[Finding], list[Starting]]:
    apps = found.applications()
    judged = [(app, rules.of_application(app, found, Wanted())) for app in apps]
    going = [progressing(app, found) for app, finding in judged if finding is None]
    findings = [finding for _, finding in judged if finding] + rules.of_namespace(found)
    told = {(one.kind, one.name) for each in findings for one in (each.object, *each.concerns)}
    starting = [
        each
        for each in (*going, *rules.going_on(found))
        if each and (each.object.kind, each.object.name) not in told
    ]
    if name is None:
        return findings, starting
    names = _names(found)
    if name not in names and not found.not_checked:
        raise NotThere(
            f'Nothing that is called "{name}" delivers into {found.namespace}.',
            near(name, names),
            f"desk debug-pipeline {found.namespace} tells of all.",
        )
    alike = {name, *(run.name for run in found.runs() if run.pipeline == name)}
    alike |= {build.name for build in found.builds() if build.config == name}
    about = [each for each in findings if alike & {one.name for one in (each.object, *each.concerns)}]
    return about, [each for each in starting if each.object.name in alike]


def _names(found: Deliveries) -> set[str]:
    """What may be asked about by name: applications, runs and their pipelines, builds and their configurations."""
    runs = {name for run in found.runs() for name in (run.name, run.pipeline)}
    builds = {name for build in found.builds() for name in (build.name, build.config)}
    listeners = {item["metadata"]["name"] for kind in _NAMED for item in found.of(kind)}
    return {app.name for app in found.applications()} | runs | builds | listeners
