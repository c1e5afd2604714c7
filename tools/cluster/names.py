"""The names of the objects that a task may be about: one parallel round of lists that hold metadata only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tools.cluster.client import Cluster
from tools.cluster.errors import RESUMABLE, ClusterError

ALWAYS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Pod", "Service")
OTHERS = (
    "ConfigMap",
    "Secret",
    "PersistentVolumeClaim",
    "Job",
    "Node",
    "ServiceAccount",
    "Ingress",
    "HorizontalPodAutoscaler",
)
AT_MOST = 8
"""Lists in a round."""
_OF_CLASSES = {"StorageClass": "PersistentVolumeClaim"}
"""What is meant where a kind of no name of its own is spoken of."""
_OF_NO_NAMESPACE = ("Node",)
_PARALLEL = AT_MOST

Names = dict[str, dict[str, list[str]]]


def read_names(cluster: Cluster, namespaces: Sequence[str], spoken_of: Iterable[str]) -> Names:
    """Namespace -> kind -> names, in these namespaces; what this identity may not list is left out.

    `spoken_of` are the kinds that the task says: of those that are not always listed, they go first. What has no
    namespace stands under the empty one. Of several namespaces, no pods are listed: there may be very many.

    Raises the errors of a cluster that does not answer, or does not know us any more.
    """
    several = len(namespaces) != 1
    spoken_of = {_OF_CLASSES.get(kind, kind) for kind in spoken_of}
    spoken = [kind for kind in OTHERS if kind in set(spoken_of)]
    others = [*spoken, *(kind for kind in OTHERS if kind not in spoken)]
    always = [kind for kind in ALWAYS if kind != "Pod" or not several]
    kinds = [*always, *others][:AT_MOST]
    where = None if several else namespaces[0]
    found: Names = {}
    for kind, objects in _lists(cluster, kinds, where).items():
        for namespace in ("",) if kind in _OF_NO_NAMESPACE else namespaces:
            found.setdefault(namespace, {})[kind] = [name for there, name in objects if there == namespace]
    return found


def names_of(cluster: Cluster, kinds: Sequence[str], namespace: str | None) -> dict[str, list[str]]:
    """Kind -> names, in a namespace; of a kind that has none with None. What may not be listed is left out.

    Raises the errors of a cluster that does not answer, or does not know us any more.
    """
    lists = _lists(cluster, kinds, namespace)
    return {kind: [name for _, name in objects] for kind, objects in lists.items()}


def _lists(cluster: Cluster, kinds: Sequence[str], where: str | None) -> dict[str, list[tuple[str, str]]]:
    with ThreadPoolExecutor(_PARALLEL) as pool:
        lists = list(pool.map(lambda kind: _list(cluster, kind, where), kinds))
    return {kind: objects for kind, objects in zip(kinds, lists, strict=True) if objects is not None}


def _list(cluster: Cluster, kind: str, namespace: str | None) -> list[tuple[str, str]] | None:
    """(namespace, name) of each object of a kind; None where they may not be listed."""
    found: list[tuple[str, str]] = []
    try:
        pages = cluster.pages(kind, None if kind in _OF_NO_NAMESPACE else namespace, names_only=True)
        page = json.loads(next(pages))
        while True:
            found += [
                (item["metadata"].get("namespace", ""), item["metadata"]["name"])
                for item in page.get("items") or ()
            ]
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return found
            page = json.loads(pages.send(token))
    except RESUMABLE:
        raise
    except ClusterError:
        return None
