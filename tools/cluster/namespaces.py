"""Which namespaces there are, as far as this identity may know, and what to say of one that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.cluster import errors
from tools.cluster.did_you_mean import NotThere, near

if TYPE_CHECKING:
    from tools.cluster.client import Cluster

_LISTED_AT_MOST = 5000


def listed(cluster: Cluster) -> list[str] | None:
    """The names of the namespaces; on OpenShift, of one's own projects; None where neither may be listed.

    Source: https://docs.redhat.com/en/documentation/openshift_container_platform/4.16/html/building_applications/projects
    """
    for kind in ("namespaces", "projects.project.openshift.io"):
        try:
            return [item["metadata"]["name"] for item in cluster.list(kind, None, limit=_LISTED_AT_MOST)]
        except (errors.Forbidden, errors.NotFound):
            continue
    return None


def refuse_unless_there(cluster: Cluster, namespace: str) -> None:
    """Raises `NotThere` with the nearest names for a namespace that does not exist.

    Where this identity may not look at it, it is taken to be there.
    """
    try:
        cluster.get("namespaces", namespace, None)
    except errors.NotFound as error:
        raise not_there(cluster, namespace) from error
    except errors.Forbidden:
        return


def not_there(cluster: Cluster, namespace: str) -> NotThere:
    """The error for a namespace that does not exist."""
    return NotThere(
        f'There is no namespace "{namespace}" in this cluster.',
        near(namespace, listed(cluster) or ()),
        "kubectl get namespaces lists them.",
    )
