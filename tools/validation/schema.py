"""Manifests against the schemas that ship with Desk: unknown fields, wrong types, what is missing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

from tools.cluster.did_you_mean import did_you_mean, near
from tools.json import Json
from tools.validation import edits, shipped
from tools.validation.fault import Fault
from tools.validation.manifests import Manifest, containers_of, is_filled_in, pod_of
from tools.validation.parsing import Path
from tools.validation.shipped import Code, Schemas

_SAID = {
    "s": "text",
    "i": "an integer",
    "n": "a number",
    "b": "true or false",
    "x": "an integer or text",
    "q": "a quantity",
}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "s": (str,),
    "i": (int,),
    "n": (int, float),
    "b": (bool,),
    "x": (int, str),
    "q": (str, int, float),
}
_APART = frozenset(
    {"metrics.k8s.io", "gateway.networking.k8s.io", "snapshot.storage.k8s.io", "policy.networking.k8s.io"}
)
"""Those that only look like one."""

Found: TypeAlias = dict[str, list[Fault]]


def schemas_for(each: Manifest, minor: int) -> Schemas:
    """The schemas that an object's kind is looked for in."""
    return shipped.openshift() if each.group.endswith(shipped.OPENSHIFT) else shipped.kubernetes(minor)


def kind_of(each: Manifest) -> str:
    """An object's kind, as the schemas name it."""
    return f"{each.api_version} {each.kind}"


def is_known(each: Manifest, minor: int) -> bool:
    """Whether there is a schema for it."""
    return kind_of(each) in schemas_for(each, minor).kinds


def is_builtin(each: Manifest) -> bool:
    """Whether its group is one of Kubernetes' own, where every kind is known."""
    group = each.group
    is_api = group in _groups() or group in ("extensions",)
    return is_api and group not in _APART


@cache
def _groups() -> frozenset[str]:
    newest = shipped.kubernetes(shipped.minors()[-1])
    return frozenset(kind.partition(" ")[0].rpartition("/")[0] for kind in newest.kinds)


def faults(objects: Iterable[Manifest], minor: int) -> Found:
    """What does not fit, by check."""
    found: Found = defaultdict(list)
    minor = shipped.nearest_minor(minor)
    for each in objects:
        schemas = schemas_for(each, minor)
        number = schemas.kinds.get(kind_of(each))
        if number is not None:
            for check, fault in _Walk(each, schemas).object(each.data, number, ()):
                found[check].append(fault)
            found["MissingField"] += _unsaid(each, schemas.type(number).required)
        elif (unknown := _unknown_kind(each, schemas, minor)) is not None:
            found["UnknownKind"].append(unknown)
    return found


_NEED_A_SPEC = frozenset(
    {"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Service"}
)


def _unsaid(each: Manifest, said: list[str]) -> Iterator[Fault]:
    """What the API server wants, though the schema does not say so."""
    if each.kind not in _NEED_A_SPEC or not is_builtin(each):
        return
    if each.data.get("spec") is None and "spec" not in said:
        yield Fault(each, (), "spec is missing")
    elif each.kind == "Service":
        if not (each.spec.get("ports") or each.spec.get("type") == "ExternalName" or _is_headless(each)):
            yield Fault(each, ("spec",), "spec.ports is missing")
    elif (pod := pod_of(each)) is not None:
        if pod.spec.get("containers") == []:
            yield Fault(each, (*pod.path, "containers"), f"{shown(pod.path)}.containers is empty")
        for container in containers_of(pod):
            if not container.spec.get("image"):
                yield Fault(each, container.path, f"{shown(container.path)}.image is missing", container.name)


def _is_headless(service: Manifest) -> bool:
    return service.spec.get("clusterIP") == "None"


def _unknown_kind(each: Manifest, schemas: Schemas, minor: int) -> Fault | None:
    if not (each.api_version and each.kind) or kind_of(each) in shipped.lifecycle():
        return None
    if not (is_builtin(each) or each.group.endswith(shipped.OPENSHIFT)):
        return None
    kinds = [kind.split(" ") for kind in schemas.kinds]
    versions = [version for version, kind in kinds if kind == each.kind]
    where = "OpenShift" if schemas is not shipped.kubernetes(minor) else f"Kubernetes 1.{minor}"
    if where == "OpenShift" and each.group not in {version.rpartition("/")[0] for version, _ in kinds}:
        return None
    if versions:
        offered = did_you_mean([f"apiVersion: {version}" for version in versions])
        edit = edits.rewritten(each.node.at(("apiVersion",)), versions[0]) if len(versions) == 1 else ()
        return Fault(
            each, ("apiVersion",), f"{where} has no {each.kind} in {each.api_version}.{offered}", None, edit
        )
    offered = did_you_mean(near(each.kind, {kind for _, kind in kinds}))
    return Fault(each, ("kind",), f"{where} has no kind {each.kind} in {each.api_version}.{offered}")


class _Walk:
    """One object against its type."""

    def __init__(self, manifest: Manifest, schemas: Schemas) -> None:
        self._manifest = manifest
        self._schemas = schemas

    def object(self, value: Json, number: int, path: Path) -> Iterator[tuple[str, Fault]]:
        """The faults of a mapping that must have the fields of an object type."""
        fields, required = self._schemas.types[number]
        for name, member in value.items():
            code = fields.get(name)
            if code is None:
                yield self._unknown(fields, value, (*path, name))
            elif member is not None and (path or name != "status"):
                yield from self._value(member, code, (*path, name))
        for name in required:
            if value.get(name) is None:
                yield self._fault("MissingField", path, f"{shown((*path, name))} is missing")

    def _value(self, value: Any, code: Code, path: Path) -> Iterator[tuple[str, Fault]]:
        if type(code) is int:
            if type(value) is dict:
                yield from self.object(value, code, path)
            else:
                yield self._wrong(value, "a mapping", path)
        elif type(code) is list:
            yield from self._pair(value, code, path)
        elif code != "o" and not _fits(value, code):
            yield self._wrong(value, _SAID[code], path, code)

    def _pair(self, value: Any, code: Code, path: Path) -> Iterator[tuple[str, Fault]]:
        sort, inner = code
        if sort == "e":
            if type(value) is not str:
                yield self._wrong(value, "text", path, "s")
            elif value not in inner and value and not is_filled_in(value):
                yield self._no_such_value(value, inner, path)
        elif sort == "l":
            if type(value) is not list:
                yield self._wrong(value, "a list", path)
                return
            for index, member in enumerate(value):
                if member is not None or type(inner) is int:
                    yield from self._value(member, inner, (*path, index))
        elif type(value) is not dict:
            yield self._wrong(value, "a mapping", path)
        else:
            for key, member in value.items():
                if member is not None:
                    yield from self._value(member, inner, (*path, key))

    def _unknown(self, fields: Json, value: Json, path: Path) -> tuple[str, Fault]:
        name = str(path[-1])
        alike = [field for field in fields if _bare(field) == _bare(name)]
        offered = alike or near(name, fields, 1)
        edit = edits.renamed(self._manifest, path, alike[0]) if alike and alike[0] not in value else ()
        owner = shown(path[:-1]) or self._manifest.kind
        return self._fault("UnknownField", path, f"{owner} has no field {name}.{did_you_mean(offered)}", edit)

    def _wrong(self, value: Any, wanted: str, path: Path, code: str = "") -> tuple[str, Fault]:
        says = f"{shown(path)} must be {wanted}, and is {_sort_of(value, self._manifest, path)}"
        return self._fault("WrongType", path, says, self._mended(value, code, path))

    def _mended(self, value: Any, code: str, path: Path) -> tuple[edits.Edit, ...]:
        """Text that was written without quotes, or a number written with them."""
        node = self._manifest.node.at(path)
        if code == "s" and isinstance(value, bool | int | float):
            return edits.quoted(self._manifest, path)
        if (
            code == "i"
            and isinstance(value, str)
            and not node.is_plain
            and re.fullmatch(r"-?(0|[1-9]\d{0,8})", value)
        ):
            return edits.rewritten(node, value)
        if code == "b" and isinstance(value, str) and not node.is_plain and value in ("true", "false"):
            return edits.rewritten(node, value)
        return ()

    def _no_such_value(self, value: str, values: list[str], path: Path) -> tuple[str, Fault]:
        node = self._manifest.node.at(path)
        alike = [each for each in values if each.lower() == value.lower()]
        edit = edits.rewritten(node, alike[0]) if alike and node.is_plain else ()
        says = f"{shown(path)} is {value}, and must be one of {', '.join(values)}"
        return self._fault("UnknownValue", path, says, edit)

    def _fault(self, check: str, path: Path, says: str, edit: tuple[edits.Edit, ...] = ()) -> tuple[str, Fault]:
        return check, Fault(self._manifest, path, says, None, edit)


def _fits(value: Any, code: str) -> bool:
    """Whether a scalar is of its field's type; what a template fills in may be."""
    if isinstance(value, bool):
        return code == "b"
    return isinstance(value, _TYPES[code]) or (isinstance(value, str) and is_filled_in(value))


def _bare(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _sort_of(value: Any, manifest: Manifest, path: Path) -> str:
    """What a value is, in words; a plain one that people take for text is told as it is written."""
    if isinstance(value, bool | int | float):
        node = manifest.node.at(path)
        written = manifest.source.text[node.start.offset : node.end.offset]
        sort = "a boolean" if isinstance(value, bool) else "a number"
        return f"{sort}: {written} without quotes" if node.is_plain else sort
    sorts: dict[type, str] = {str: "text", dict: "a mapping", list: "a list"}
    return sorts.get(type(value), "nothing")


def shown(path: Path) -> str:
    """A path as kubectl writes it: `spec.containers[0].image`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[\w-]+", step):
            text += f".{step}" if text else step
        else:
            text += f"[{step}]" if step.isprintable() else f"[{step!r}]"
    return text
