"""Make the shipped files again: `python -m tools.validation.shipped WHEEL MODULES OPENSHIFT`; `make schemas` does.

    WHEEL      kubernetes-validate of PyPI (Apache-2.0): each minor's OpenAPI as the API server publishes it
    MODULES    a Go module cache with k8s.io/api, k8s.io/apiextensions-apiserver, k8s.io/kube-aggregator
               (Apache-2.0), in several versions: which values a field may have, and when an API goes
    OPENSHIFT  the folder of github.com/openshift/api (Apache-2.0): its openapi/openapi.json, and its groups

A version's file is a JSON document, compressed by xz. `kinds` is "apiVersion kind" -> number of its type; `types`
is a list of [fields, required fields]; a field's type is one of `shipped.Code`.
"""

from __future__ import annotations

import json
import lzma
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tools.json import Json

Enums = dict[tuple[str, str], list[str]]

HERE = Path(__file__).parent
MINORS = 4
"""The newest ones: the three that the project maintains, and one that OpenShift still has.

Source: https://kubernetes.io/releases/version-skew-policy/
"""
OPENSHIFT_GROUPS = frozenset(
    (
        "apps",
        "authorization",
        "build",
        "image",
        "oauth",
        "project",
        "quota",
        "route",
        "security",
        "template",
        "user",
    )
)
"""What people write manifests for; the rest is the platform's own configuration."""

_WHOLE = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "x",
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "s",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "s",
}
_OF_OPENSHIFT = "com.github.openshift."
"""There, required means that Go always writes the field, not that people must."""
_PLAIN = {"string": "s", "integer": "i", "number": "n", "boolean": "b"}
_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\t\w+\s+\*?(\[\])?(?:\w+\.)?(\w+)\s+`json:\"(\w+)", re.MULTILINE)
_ENUM = re.compile(r"^// \+enum\n(?://.*\n)*type (\w+) string", re.MULTILINE)
_CONSTANT = re.compile(r"^\t\w+\s+(\w+)\s+= \"(.*)\"", re.MULTILINE)
_LIFECYCLE = re.compile(r"func \(in \*(\w+)\) APILifecycle(Deprecated|Removed)\(\).*\n\treturn (\d+), (\d+)")
_REPLACED = re.compile(
    r'func \(in \*(\w+)\) APILifecycleReplacement\(\).*\n.*Group: "(.*?)", Version: "(.*?)", Kind: "(.*?)"'
)


class Types:
    """The types of one document, numbered as they are met."""

    def __init__(self, definitions: Json, enums: Enums) -> None:
        self._definitions = definitions
        self._enums = enums
        self._numbers: dict[str, int] = {}
        self.types: list[list[Any]] = []

    def number(self, name: str) -> int:
        """The number of a definition with fields."""
        if name not in self._numbers:
            self._numbers[name] = len(self.types)
            self.types.append([])
            one = self._definitions[name]
            fields = {field: self._field(name, field, of) for field, of in one["properties"].items()}
            required = [] if name.startswith(_OF_OPENSHIFT) else one.get("required") or []
            self.types[self._numbers[name]] = [fields, required]
        return self._numbers[name]

    def _field(self, name: str, field: str, schema: Json) -> Any:
        code = self._code(schema)
        values = self._enums.get((name, field))
        if values and code == "s":
            return ["e", values]
        return ["l", ["e", values]] if values and code == ["l", "s"] else code

    def _code(self, schema: Json) -> Any:
        if "$ref" in schema:
            return self._named(schema["$ref"].rpartition("/")[2])
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "array":
            return ["l", self._code(schema["items"])]
        if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
            return ["m", self._code(schema["additionalProperties"])]
        return _PLAIN.get(kind or "", "o")

    def _named(self, name: str) -> Any:
        if name in _WHOLE:
            return _WHOLE[name]
        return self.number(name) if self._definitions[name].get("properties") else "o"


def kubernetes(definitions: Json, enums: Enums, version: str) -> Json:
    """The document of one minor."""
    types = Types(definitions, enums)
    kinds = {}
    for name, one in definitions.items():
        for gvk in one.get("x-kubernetes-group-version-kind") or ():
            if "metadata" in (one.get("properties") or {}) and "meta.v1.ListMeta" not in json.dumps(one):
                kinds[_kind(gvk["group"], gvk["version"], gvk["kind"])] = types.number(name)
    return {"version": version, "kinds": kinds, "types": types.types}


def openshift(folder: Path) -> Json:
    """The document of OpenShift's kinds; they are not marked as kinds, but have the fields of one."""
    definitions = json.loads((folder / "openapi/openapi.json").read_text())["definitions"]
    types = Types(definitions, {})
    kinds = {}
    for name, one in definitions.items():
        *_, group, version, kind = name.split(".")
        is_ours = name.startswith(_OF_OPENSHIFT) and group in OPENSHIFT_GROUPS
        fields = one.get("properties") or {}
        if is_ours and {"apiVersion", "kind", "metadata"} <= set(fields) and "items" not in fields:
            kinds[_kind(f"{group}.openshift.io", version, kind)] = types.number(name)
    return {"version": folder.name.rpartition("@")[2], "kinds": kinds, "types": types.types}


def _kind(group: str, version: str, kind: str) -> str:
    return f"{group}/{version} {kind}" if group else f"{version} {kind}"


def enums_of(api: Path) -> Enums:
    """Which values a field may have: the Go types that are marked `+enum`."""
    found: Enums = {}
    for file in sorted(api.glob("*/v*/types.go")):
        text = file.read_text()
        marked = set(_ENUM.findall(text))
        values: dict[str, list[str]] = {}
        for kind, value in _CONSTANT.findall(text):
            values.setdefault(kind, []).append(value)
        package = f"io.k8s.api.{file.parent.parent.name}.{file.parent.name}"
        for struct, body in _STRUCT.findall(text):
            for _, kind, name in _FIELD.findall(body):
                if kind in marked and kind in values:
                    found[f"{package}.{struct}", name] = sorted(set(values[kind]))
    return found


def lifecycle(modules: Iterable[Path]) -> Json:
    """`apiVersion kind` -> the minor that deprecates it, that removes it, and what takes its place ("" unknown)."""
    found: dict[str, list[Any]] = {}
    for module in modules:
        for file in sorted(module.rglob("zz_generated.prerelease-lifecycle.go")):
            for kind, entry in _lives(file):
                if not kind.endswith("List"):
                    found[kind] = entry
    return dict(sorted(found.items()))


def _lives(file: Path) -> Iterator[tuple[str, list[Any]]]:
    register = (file.parent / "register.go").read_text()
    group = re.search(r'GroupName = "(.*)"', register)
    text, version = file.read_text(), file.parent.name
    ends: dict[str, dict[str, int]] = {}
    for kind, what, _, minor in _LIFECYCLE.findall(text):
        ends.setdefault(kind, {})[what] = int(minor)
    replaced = {kind: _kind(*gvk).removesuffix("List") for kind, *gvk in _REPLACED.findall(text)}
    for kind, end in ends.items():
        name = _kind(group[1] if group else "", version, kind)
        yield name, [end.get("Deprecated"), end.get("Removed"), replaced.get(kind, "")]


def main(wheel: str, modules: str, openshift_api: str) -> None:
    """Write all files."""
    for old in HERE.glob("*.json.xz"):
        old.unlink()
    apis = sorted((Path(modules) / "k8s.io").glob("*@v0.*"), key=_version)
    newest = max((api for api in apis if api.name.startswith("api@")), key=_version)
    enums = enums_of(newest)
    with zipfile.ZipFile(wheel) as archive:
        found = {match[1]: match[0] for name in archive.namelist() if (match := _OF_MINOR.fullmatch(name))}
        for version in sorted(found, key=_version)[-MINORS:]:
            definitions = json.loads(archive.read(found[version]))["$defs"]
            _write(f"kubernetes-{version.rpartition('.')[0]}", kubernetes(definitions, enums, version))
    _write("openshift", openshift(Path(openshift_api)))
    _write("lifecycle", lifecycle(apis))


_OF_MINOR = re.compile(r".*/v([\d.]+)-local-strict/_definitions\.json")


def _version(of: str | Path) -> list[int]:
    name = of if isinstance(of, str) else of.name
    return [int(number) for number in re.findall(r"\d+", name.rpartition("@")[2])]


def _write(name: str, document: Json) -> None:
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    (HERE / f"{name}.json.xz").write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main(*sys.argv[1:])
