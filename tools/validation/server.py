"""What the cluster says: would it take the manifests, and what is there already. Nothing is changed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tools.cluster.client import Cluster
from tools.cluster.errors import PASSING, ClusterError, Conflict, Forbidden, Invalid, NotFound, Unauthorized
from tools.json import Json
from tools.validation.fault import Fault
from tools.validation.manifests import Manifest
from tools.validation.parsing import Path

_PATH = re.compile(r"\.?((?:[a-z]\w*)(?:\.\w+|\[\d+\])*): ")
_STEP = re.compile(r"(\w+)|\[(\d+)\]")
_NO_RIGHT = re.compile(r'cannot \w+ resource "')


class Answers:
    """The API server's, each question asked once. `namespace`: where what names no namespace is meant to go."""

    def __init__(self, cluster: Cluster, namespace: str | None = None) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._there: dict[tuple[str, str], frozenset[str] | None] = {}
        self._skipped: Counter[str] = Counter()
        self.address = cluster.address
        self.minor = _minor(cluster.version())

    @property
    def not_asked(self) -> list[str]:
        """What the API server was not asked about, and why."""
        return [
            f"dry run of {count} object{'s' if count > 1 else ''}: {why}" for why, count in self._skipped.items()
        ]

    def has(self, kind: str, namespace: str | None, name: str) -> bool | None:
        """Whether an object is there; None where its namespace is not, or where we may not look."""
        namespace = namespace or self._namespace
        if namespace is None:
            return None
        if (kind, namespace) not in self._there:
            self._there[kind, namespace] = self._names(kind, namespace)
        names = self._there[kind, namespace]
        return None if names is None else name in names

    def _names(self, kind: str, namespace: str) -> frozenset[str] | None:
        try:
            self._cluster.get("Namespace", namespace, None)
        except NotFound:
            return None
        except Forbidden:
            pass  # who may not look at a namespace may look into it
        try:
            return frozenset(self._listed(kind, namespace))
        except (Forbidden, NotFound):
            return None

    def _listed(self, kind: str, namespace: str) -> Iterator[str]:
        pages = self._cluster.pages(kind, namespace, names_only=True)
        page: Json = json.loads(next(pages))
        while True:
            yield from (item["metadata"]["name"] for item in page.get("items") or ())
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return
            page = json.loads(pages.send(token))

    def refused(self, objects: Iterable[Manifest]) -> Iterator[Fault]:
        """What the API server would refuse, by a dry run of server-side apply.

        Raises `ClusterError` where it does not answer at all. Source:
        https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
        """
        for each in objects:
            if fault := self._refusal(each):
                yield fault

    def _refusal(self, each: Manifest) -> Fault | None:
        if not each.name:
            self._skipped["it has generateName, and no name"] += 1
            return None
        try:
            self._tried(each)
        except Forbidden as error:
            if _NO_RIGHT.search(str(error)):
                self._skipped[f"we may not apply {each.kind}s there"] += 1
                return None
            return _told(each, error)
        except NotFound as error:
            self._skipped[_bare(error)] += 1
        except (Invalid, Conflict) as error:
            return _told(each, error)
        except (*PASSING, Unauthorized):
            raise
        except ClusterError as error:
            self._skipped[_bare(error)] += 1
        return None

    def _tried(self, each: Manifest) -> None:
        """Apply in a dry run; an object without a namespace, where its kind has one, in the one that is meant."""
        target, body = each.ref, each.data
        if target.namespace is None and self._is_namespaced(each):
            namespace = self._namespace or self._cluster.namespace
            target = replace(target, namespace=namespace)
            body = {**body, "metadata": {**each.metadata, "namespace": namespace}}
        self._cluster.apply(target, body, force=True, dry_run=True)

    def _is_namespaced(self, each: Manifest) -> bool:
        return self._cluster.find(f"{each.kind}.{each.group}" if each.group else each.kind).namespaced


def _minor(version: str) -> int | None:
    found = re.match(r"v?1\.(\d+)", version)
    return int(found[1]) if found else None


def _bare(error: ClusterError) -> str:
    """What the API server said, without what was tried."""
    return str(error).partition(": ")[2].rstrip(".") or str(error)


def _told(each: Manifest, error: ClusterError) -> Fault:
    said = _bare(error)
    said = said.partition(" is invalid: ")[2] or said
    found = _PATH.search(said)
    path: Path = tuple(int(number) if number else word for word, number in _STEP.findall(found[1])) if found else ()
    return Fault(each, path if path and path[0] in each.data else (), f"the API server refuses it: {said}")
