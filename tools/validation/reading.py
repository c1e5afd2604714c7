"""Which files are manifests: a file, all of a folder, or standard input.

Of a folder, hidden folders are left out, and what must be rendered first: a chart's templates, Kustomize's patches.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tools.errors import ToolFailed
from tools.validation.manifests import Broken, Manifest, Source, items, mapping, mappings
from tools.validation.parsing import Mark, Node, Parsed, Unparsed, documents

STDIN = "-"
MAX_FILES = 10_000
MAX_BYTES = 10 * 1024 * 1024
"""Of one file; the API server takes 3 MiB of one object."""

_NAMED = 5
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
_LEFT_OUT = frozenset({"node_modules", "vendor", "__pycache__", "venv"})
_WORKSPACE, _RECORDS = "desk.yaml", frozenset({"working", "logs", "incidents"})
"""What marks a workspace of Desk, and the folders in it where objects stand as they once were."""
_KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_GENERATED = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}
_NOT_APPLIED = frozenset(
    {
        ("v1", "Config"),
        ("kustomize.config.k8s.io/v1beta1", "Kustomization"),
        ("kustomize.config.k8s.io/v1alpha1", "Component"),
    }
)
"""Kinds that are a tool's files, and no objects."""


@dataclass
class Reading:
    """What was read: the objects, what could not be read, and what was left out."""

    path: str
    sources: list[Source] = field(default_factory=list)
    objects: list[Manifest] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    strangers: list[tuple[Source, Mark]] = field(default_factory=list)
    """Documents that are no manifests, of a file that a person named."""
    no_manifests: list[str] = field(default_factory=list)
    """Files of a folder that have something else in them."""
    left_out: list[str] = field(default_factory=list)
    generated: set[tuple[str, str]] = field(default_factory=set)


def read(path: str, stdin: str = "") -> Reading:
    """What is at a path; `-` is what was read from standard input. Raises `ToolFailed` where there is nothing."""
    if path == STDIN:
        return parsed(path, [Source(STDIN, stdin)], is_named=True)
    found = Path(path).expanduser()
    if not found.exists():
        raise ToolFailed(f"There is nothing at {path}: no file and no folder.")
    if not found.is_dir():
        return parsed(path, [Source(os.path.normpath(path), _text(found))], is_named=True)
    return _of_folder(path, found)


def parsed(path: str, sources: list[Source], *, is_named: bool) -> Reading:
    """The objects of texts. `is_named`: a person named this file, and not a folder that it is in."""
    reading = Reading(path, sources)
    for source in sources:
        _parse(reading, source, is_named=is_named)
    return reading


def _of_folder(path: str, folder: Path) -> Reading:
    walk = _Walk(path, folder)
    walk.read()
    reading = parsed(path, walk.sources, is_named=False)
    others = ", ".join(reading.no_manifests[:_NAMED]) + (" ..." if len(reading.no_manifests) > _NAMED else "")
    left = [f"no manifests, and so left out: {others}"] if others else []
    reading.left_out = [*walk.left_out, *reading.left_out, *left]
    reading.generated = walk.generated
    return reading


class _Walk:
    """The files of a folder."""

    def __init__(self, path: str, folder: Path) -> None:
        self._path = path
        self._folder = folder
        self._kustomized: dict[Path, dict[str, Any]] = {}
        self.sources: list[Source] = []
        self.left_out: list[str] = []
        self.generated: set[tuple[str, str]] = set()

    def read(self) -> None:
        """Read them all; raises `ToolFailed` where they are too many."""
        files = [
            file for below, names in _folders(self._folder, self.left_out) for file in self._files(below, names)
        ]
        if len(files) > MAX_FILES:
            raise ToolFailed(f"{self._path} has more than {MAX_FILES} files. Name a folder below it.")
        patches = {found for below, spec in self._kustomized.items() for found in _named(below, spec, _PATCHES)}
        bases = {found for below, spec in self._kustomized.items() for found in _named(below, spec, _RESOURCES)}
        for file in files:
            whole = file.resolve()
            if whole in patches:
                continue
            source = _readable(file, self._path, self._folder, self.left_out)
            if source is not None:
                is_base = whole in bases or any(below.resolve() in whole.parents for below in self._kustomized)
                self.sources.append(replace(source, is_base=is_base))
        for below in self._kustomized:
            if below.resolve() not in bases:
                where = _shown(below, self._path, self._folder)
                self.left_out.append(
                    f"what Kustomize makes of {where}: kubectl kustomize {where} | desk validate -"
                )

    def _files(self, below: Path, names: list[str]) -> Iterator[Path]:
        for name in sorted(names):
            file = below / name
            if name in _KUSTOMIZATIONS:
                self._read_kustomization(file)
            elif file.suffix in _SUFFIXES:
                yield file

    def _read_kustomization(self, file: Path) -> None:
        source = _readable(file, self._path, self._folder, self.left_out)
        found = next(documents(source.text), None) if source is not None else None
        spec = mapping(found.root.value) if isinstance(found, Parsed) and found.root is not None else {}
        self._kustomized[file.parent] = spec
        for entry, kind in _GENERATED.items():
            self.generated |= {(kind, str(each.get("name"))) for _, each in mappings(spec.get(entry))}


_RESOURCES = ("resources", "bases", "components")
_PATCHES = (
    *("patches", "patchesStrategicMerge", "patchesJson6902", "replacements"),
    *("transformers", "generators", "configurations", "validators", "crds"),
)


def _named(below: Path, spec: dict[str, Any], entries: tuple[str, ...]) -> Iterator[Path]:
    """The files and folders that entries of a kustomization name."""
    for entry in entries:
        for each in items(spec.get(entry)):
            name = each.get("path") if isinstance(each, dict) else each
            if isinstance(name, str) and "\n" not in name and "://" not in name:
                yield (below / name).resolve()


def _folders(folder: Path, left_out: list[str]) -> Iterator[tuple[Path, list[str]]]:
    def unreadable(error: OSError) -> None:
        left_out.append(f"{error.filename}: {error.strerror}")

    for below, folders, names in os.walk(folder, onerror=unreadable):
        left = _LEFT_OUT | (_RECORDS if _WORKSPACE in names else frozenset())
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in left)
        if "Chart.yaml" in names:
            where = os.path.normpath(below)
            left_out.append(f"{where} is a chart: render it first (helm template {where} | desk validate -)")
            folders[:] = []
            continue
        yield Path(below), names


def _readable(file: Path, path: str, folder: Path, left_out: list[str]) -> Source | None:
    try:
        return Source(_shown(file, path, folder), _text(file))
    except ToolFailed as error:
        left_out.append(str(error).removesuffix("."))
        return None


def _shown(file: Path, path: str, folder: Path) -> str:
    return os.path.normpath(str(Path(path) / file.relative_to(folder)))


def _text(file: Path) -> str:
    """The text with its line ends as they are."""
    try:
        if not file.is_file():
            raise ToolFailed(f"{file} is neither a file nor a folder.")
        if file.stat().st_size > MAX_BYTES:
            raise ToolFailed(f"{file} is larger than {MAX_BYTES // 1024 // 1024} MiB.")
        with file.open(encoding="utf-8", newline="") as opened:
            return opened.read()
    except UnicodeDecodeError:
        raise ToolFailed(f"{file} is not UTF-8 text.") from None
    except OSError as error:
        raise ToolFailed(f"{file} cannot be read: {error.strerror}.") from None


_LOOKS_LIKE_ONE = re.compile(r"""^\s*["']?apiVersion["']?\s*:""", re.MULTILINE)


def _parse(reading: Reading, source: Source, *, is_named: bool) -> None:
    strangers = 0
    for document in documents(source.text):
        if isinstance(document, Unparsed):
            if is_named or (_LOOKS_LIKE_ONE.search(source.text) and not document.is_template):
                reading.broken.append(Broken(source, document))
            elif document.is_template:
                reading.left_out.append(f"{source.path}:{document.mark.line} is a template: render it first")
            else:
                strangers += 1
        elif document.root is not None:
            whole = Manifest(source, document.root, document.twice)
            objects = list(_objects(whole))
            if not objects and is_named:
                reading.strangers.append((source, document.root.start))
            strangers += not objects
            reading.objects += objects
    if strangers and not is_named:
        reading.no_manifests.append(source.path)


def _objects(whole: Manifest) -> Iterator[Manifest]:
    """The object of a document, or those of its list."""
    data, members = whole.data, whole.node.members.get("items")
    if whole.kind.endswith("List") and isinstance(data.get("items"), list) and members is not None:
        for index, node in members.members.items():
            twice = tuple(
                each._replace(path=each.path[2:]) for each in whole.twice if each.path[:2] == ("items", index)
            )
            yield Manifest(whole.source, _typed(node, whole), twice)
    elif (whole.api_version, whole.kind) in _NOT_APPLIED:
        return
    elif (whole.api_version and whole.kind) or ("metadata" in data and (whole.api_version or whole.kind)):
        yield whole


def _typed(node: Node, whole: Manifest) -> Node:
    """An item of a typed list (`DeploymentList`) has its kind of the list."""
    if whole.kind != "List" and isinstance(node.value, dict):
        kind = {"apiVersion": whole.api_version, "kind": whole.kind.removesuffix("List")}
        node.value.update({name: value for name, value in kind.items() if name not in node.value})
    return node
