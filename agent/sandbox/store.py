"""The objects of the sandbox: versions, ownership and the log of changes that a watch reads."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kmock import ObjectsArray, resource

Object = dict[str, Any]
Key = tuple[resource, str | None, str]


@dataclass(frozen=True)
class Writer:
    """Who writes, as `metadata.managedFields` records it."""

    manager: str
    operation: str = "Update"
    subresource: str = ""


@dataclass(frozen=True)
class Change:
    """One line of the log: `type` is a watch's ADDED, MODIFIED or DELETED."""

    version: int
    type: str
    key: Key
    object: Object


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, as metav1.Time is written."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def admitted(new: Object, old: Object | None, writer: Writer, now: datetime) -> Object:
    """What the API server makes of `new` before it stores it: uid, generation, creation time, managers.

    An unchanged object comes back as it was. Client's values of server-owned metadata are overruled.
    """
    before = old["metadata"] if old else {}
    metadata = new["metadata"] | {
        "uid": before.get("uid") or new["metadata"].get("uid") or str(uuid.uuid4()),
        "creationTimestamp": before.get("creationTimestamp") or timestamp(now),
        "generation": before.get("generation", 0) + (old is None or new.get("spec") != old.get("spec")),
        "managedFields": before.get("managedFields", []),
    }
    metadata.pop("resourceVersion", None)
    if old:
        metadata["resourceVersion"] = before["resourceVersion"]
        if new | {"metadata": metadata} == old:
            return old
    metadata["managedFields"] = _managed(metadata["managedFields"], writer, new["apiVersion"], timestamp(now))
    return new | {"metadata": metadata}


def _managed(entries: list[Object], writer: Writer, api_version: str, time: str) -> list[Object]:
    entry = {
        "manager": writer.manager,
        "operation": writer.operation,
        "apiVersion": api_version,
        "time": time,
    }
    if writer.subresource:
        entry["subresource"] = writer.subresource
    same = ("manager", "operation", "apiVersion", "subresource")
    others = [other for other in entries if any(other.get(field) != entry.get(field) for field in same)]
    return [*others, entry]


class Store:
    """The stored objects. Stored values are never changed in place: a write replaces one.

    Not thread-safe: it belongs to the event loop that serves it.
    """

    def __init__(self, objects: ObjectsArray) -> None:
        self._objects = objects
        self._log: list[Change] = []
        self._news = asyncio.Event()

    @property
    def version(self) -> int:
        """The resourceVersion of the newest change."""
        return len(self._log)

    def get(self, key: Key) -> Object | None:
        """The object, or None when there is none of that key."""
        return self._objects[key].raw if key in self._objects else None

    def items(self, kind: resource, namespace: str | None = None) -> Iterator[Object]:
        """The objects of a resource, of all namespaces when none is given."""
        for (stored, where, _), entry in list(self._objects.items()):
            if stored == kind and namespace in (None, where):
                yield entry.raw

    def put(self, key: Key, value: Object) -> Object:
        """Stores an admitted object under a new resourceVersion; an unchanged one is left alone."""
        old = self.get(key)
        if value == old:
            return value
        stored = value | {"metadata": value["metadata"] | {"resourceVersion": str(self.version + 1)}}
        self._objects[key] = stored
        self._record("MODIFIED" if old else "ADDED", key, stored)
        return stored

    def delete(self, key: Key) -> None:
        """Deletes an object with all that it owns; a namespace with all that is in it."""
        value = self._objects[key].raw
        del self._objects[key]
        self._record("DELETED", key, value)
        uid = value["metadata"]["uid"]
        for owned, entry in list(self._objects.items()):
            owners = entry.raw["metadata"].get("ownerReferences", [])
            in_it = value["kind"] == "Namespace" and owned[1] == key[2]
            if owned in self._objects and (in_it or any(owner["uid"] == uid for owner in owners)):
                self.delete(owned)

    def _record(self, kind: str, key: Key, value: Object) -> None:
        self._log.append(Change(self.version + 1, kind, key, value))
        self._news.set()
        self._news = asyncio.Event()

    async def follow(self, since: int) -> AsyncIterator[Change]:
        """The changes after the resourceVersion `since`: those there are, then those to come, for ever."""
        while True:
            while since < len(self._log):
                yield self._log[since]
                since += 1
            await self._news.wait()
