"""What Argo CD's Image Updater logs of an Application: where its objects tell of no fault, its log may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.cluster import errors
from tools.delivery.facts.image_updater import followed
from tools.delivery.reading import because
from tools.delivery.rules.argo_cd.updating import logged

if TYPE_CHECKING:
    from tools.cluster.client import Cluster
    from tools.delivery.facts.application import Application
    from tools.delivery.reading import Deliveries, Wanted
    from tools.diagnose.findings import Finding

SELECTOR = "app.kubernetes.io/name=argocd-image-updater"
_LINES = 1_000


def in_log(
    cluster: Cluster, app: Application, found: Deliveries, wanted: Wanted
) -> tuple[Finding | None, list[str]]:
    """What its log says against an Application that it is to follow, and what of it could not be read."""
    if not followed(app, found.of("ImageUpdater")):
        return None, []
    try:
        pods = cluster.list("pods", app.namespace, label_selector=SELECTOR)
        running = [pod["metadata"]["name"] for pod in pods if (pod.get("status") or {}).get("phase") == "Running"]
        lines = [
            line for pod in running for line in cluster.logs(app.namespace, pod, tail_lines=_LINES).splitlines()
        ]
    except errors.ClusterError as error:
        return None, [f"the Image Updater's log in {app.namespace}: {because(error)}"]
    return logged(app, lines, wanted), []
