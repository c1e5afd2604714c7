"""Where a pod template refers to a ConfigMap or a Secret, and the patch that makes it refer to another. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from tools.json import Json
from tools.kubernetes.pod_template import containers_of

Referred = Literal["ConfigMap", "Secret"]

_FIELDS: dict[Referred, tuple[str, str, str, str]] = {
    "ConfigMap": ("configMapKeyRef", "configMapRef", "configMap", "name"),
    "Secret": ("secretKeyRef", "secretRef", "secret", "secretName"),
}


@dataclass(frozen=True, slots=True)
class Redirection:
    """From an object to another, or from one of its keys to another key; without keys, all references."""

    source: Referred
    from_name: str
    to_name: str
    from_key: str | None = None
    to_key: str | None = None

    def patch(self, template: Json, container: str | None) -> Json:
        """The patch of a pod template; empty when nothing there refers to it. `container` narrows it to one."""
        patches: dict[str, list[Json]] = {}
        chosen = [(f, each) for f, each in containers_of(template) if container in (None, each["name"])]
        for field, each in chosen:
            if changed := self._container(each):
                patches.setdefault(field, []).append({"name": each["name"], **changed})
        mounted = {mount["name"] for _, each in chosen for mount in each.get("volumeMounts") or ()}
        volumes = [
            {"name": volume["name"], **changed}
            for volume in template["spec"].get("volumes") or ()
            if (container is None or volume["name"] in mounted) and (changed := self._volume(volume))
        ]
        spec: Json = patches | ({"volumes": volumes} if volumes else {})
        return {"spec": spec} if spec else {}

    def _container(self, container: Json) -> Json:
        key_ref, from_ref, _, _ = _FIELDS[self.source]
        env = [
            {"name": entry["name"], "valueFrom": {key_ref: changed}}
            for entry in container.get("env") or ()
            if (changed := self._key(((entry.get("valueFrom") or {}).get(key_ref)) or {}))
        ]
        env_from = self._replaced(container.get("envFrom") or (), from_ref)
        return ({"env": env} if env else {}) | ({"envFrom": env_from} if env_from else {})

    def _replaced(self, entries: Iterable[Json], field: str) -> list[Json]:
        """A list that is replaced whole; empty when nothing in it changes."""
        before = list(entries)
        changes = [self._whole(entry.get(field) or {}, "name") for entry in before]
        if not any(changes):
            return []
        return [
            {**entry, field: {**entry[field], **changed}} if changed else entry
            for entry, changed in zip(before, changes, strict=True)
        ]

    def _volume(self, volume: Json) -> Json:
        _, _, field, name = _FIELDS[self.source]
        if changed := self._whole(volume.get(field) or {}, name):
            return {field: changed}
        if projected := self._replaced((volume.get("projected") or {}).get("sources") or (), field):
            return {"projected": {"sources": projected}}
        return {}

    def _key(self, reference: Json) -> Json:
        """What changes of a reference to one key."""
        if reference.get("name") != self.from_name or self.from_key not in (None, reference.get("key")):
            return {}
        return {"name": self.to_name} | ({"key": self.to_key} if self.to_key else {})

    def _whole(self, reference: Json, name: str) -> Json:
        """What changes of a reference to the whole object, or to those of its keys that are listed."""
        items: list[Json] = reference.get("items") or []
        if reference.get(name) != self.from_name:
            return {}
        if self.from_key is None:
            return {name: self.to_name}
        if not any(item.get("key") == self.from_key for item in items):
            return {}
        return {name: self.to_name, "items": [self._item(item) for item in items]}

    def _item(self, item: Json) -> Json:
        changed: Any = self.to_key if item.get("key") == self.from_key and self.to_key else item.get("key")
        return {**item, "key": changed}
