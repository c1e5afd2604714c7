"""All namespaces, for somebody who may read only some of them: each that may be read by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tools.cluster import errors, namespaces
from tools.cluster.client import Access, Cluster
from tools.diagnose.reading.read import Reader
from tools.diagnose.reading.snapshot import Snapshot
from tools.diagnose.selection import Asked

_ASKED_AT_ONCE = 8
_READ_AT_ONCE = 3
"""Each has its own lists, four at once."""


def one_by_one(
    cluster: Cluster, asked: Asked, refused: errors.Forbidden
) -> tuple[dict[str, Snapshot], tuple[str, ...]]:
    """The snapshots of the namespaces whose pods may be listed, and what `not_checked` says of the others.

    Where the namespaces may not be listed, that of the context is the only one that is known. Raises `refused`,
    what the API server said to listing the pods of all of them, when none may be read.
    """
    listed = namespaces.listed(cluster)
    known = [cluster.namespace] if listed is None else listed
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        may = dict(zip(known, pool.map(lambda name: cluster.may(_pods_of(name)), known), strict=True))
    readable = [name for name in known if may[name]]
    if not readable:
        raise refused
    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        read = list(pool.map(lambda name: _read(cluster, name, asked), readable))
    snapshots = {name: snapshot for one in read for name, snapshot in one.items()}
    return snapshots, _unread(
        cluster.namespace if listed is None else "", [name for name in known if not may[name]]
    )


def _pods_of(namespace: str) -> Access:
    return Access("list", "", "pods", namespace)


def _read(cluster: Cluster, namespace: str, asked: Asked) -> dict[str, Snapshot]:
    """The snapshot of one namespace; none of one that has been deleted since it was listed."""
    try:
        with Reader(cluster, namespace) as reader:
            return reader.snapshots(asked)
    except errors.NotFound:
        return {}


def _unread(only: str, forbidden: list[str]) -> tuple[str, ...]:
    """`only`: the one namespace that is known, where they may not be listed."""
    if only:
        return (f"namespaces other than {only}: they may not be listed (-n names one)",)
    return (f"pods in {', '.join(forbidden)}: forbidden",) if forbidden else ()
