"""Which deliveries into a namespace are broken, and at which link?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tools.cluster.did_you_mean import NotThere, near
from tools.cluster.namespaces import refuse_unless_there
from tools.delivery import rules
from tools.delivery.reading import DELIVERING, READINGS, Deliveries, Wanted, read
from tools.delivery.rules.argo_cd.live import progressing
from tools.diagnose.render import render
from tools.diagnose.report import report
from tools.frame import Namespace, Result, ToolContext

if TYPE_CHECKING:
    from datetime import datetime

    from tools.cluster.client import Cluster
    from tools.diagnose.findings import Finding, Starting
    from tools.json import Json


def debug_pipeline(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Annotated[
        str | None, Field(max_length=253, description="One application by name; else everything.")
    ] = None,
) -> Result:
    """Find out which deliveries into a namespace are broken, and at which link: applications of Argo CD.

    Names the cause, the object, the decisive detail and what mends it. What may not be read is "not checked".
    """
    document = diagnose(context.cluster, namespace=namespace, name=name)
    return Result(render(document), document)


def diagnose(cluster: Cluster, *, namespace: str, name: str | None = None, now: datetime | None = None) -> Json:
    """The `desk.findings/v1` document on what delivers into a namespace; with `name` only on what has that name.

    Raises `NotThere` when the namespace or the name does not exist, and any `ClusterError` that is everything's.
    """
    refuse_unless_there(cluster, namespace)
    found = read(cluster, namespace, now=now)
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
    own = [app for app in found.applications() if name in (None, app.name)]
    if name is not None and not own and not found.not_checked:
        raise NotThere(
            f'Nothing that is called "{name}" delivers into {found.namespace}.',
            near(name, {app.name for app in found.applications()}),
            f"desk debug-pipeline {found.namespace} tells of all.",
        )
    judged = [(app, rules.of_application(app, found, Wanted())) for app in own]
    going = [progressing(app, found) for app, finding in judged if finding is None]
    return [finding for _, finding in judged if finding], [each for each in going if each]
