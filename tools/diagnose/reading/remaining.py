"""What is left in a namespace that is being deleted: the objects that its own status counts, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from tools.cluster import errors
from tools.cluster.client import Cluster
from tools.diagnose.facts.statuses import conditions_of
from tools.diagnose.reading import decoding
from tools.diagnose.terms import Json, Snapshot

KINDS_AT_MOST = 3
"""Lists that are read to name what is left."""
_COUNTED = re.compile(r"([a-z][\w-]*)\.([\w.-]*) has \d+ resource instances")


def look_into(cluster: Cluster, snapshot: Snapshot) -> Snapshot:
    """The snapshot with the metadata of what holds its namespace, as `Remaining`; as it is where nothing does.

    One list for each kind that the namespace's condition names, `KINDS_AT_MOST` at most. What could not be read
    goes to `not_checked`.
    """
    words = _words(snapshot)[:KINDS_AT_MOST]
    if not words:
        return snapshot
    found: list[Json] = []
    not_checked = list(snapshot.not_checked)
    for word in words:
        try:
            found += _listed(cluster, word, snapshot.namespace)
        except errors.ClusterError as error:
            not_checked.append(f"{word}, of which some are left: {error}")
    objects = {**snapshot.objects, "Remaining": tuple(found)}
    return replace(snapshot, objects=objects, not_checked=tuple(not_checked))


def _words(snapshot: Snapshot) -> list[str]:
    """The kinds that are left, as kubectl takes them: `configmaps`, `widgets.example.com`."""
    namespace = snapshot.named("Namespace", snapshot.namespace) or {}
    conditions = conditions_of(namespace)
    told = (str(each.get("message")) for each in conditions if each.get("type") == "NamespaceContentRemaining")
    return [match[1] + (f".{match[2]}" if match[2] else "") for text in told for match in _COUNTED.finditer(text)]


def _listed(cluster: Cluster, word: str, namespace: str) -> Iterator[Json]:
    """The first page is enough to name some."""
    page, _ = decoding.whole(next(cluster.pages(word, namespace, names_only=True)))
    for item in page:
        meta = item["metadata"]
        kept = {key: meta[key] for key in ("name", "namespace", "finalizers", "deletionTimestamp") if key in meta}
        yield {"word": word, "metadata": kept}
