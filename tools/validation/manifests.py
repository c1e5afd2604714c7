"""What rules look at: the objects of all files, where each stands, and which belong together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tools.apimachinery.selectors import matches_plain
from tools.cluster.resources import ObjectRef
from tools.json import Json
from tools.validation.parsing import Mark, Node, Path, Twice, Unparsed

Identity = tuple[str, str, str | None, str]


@dataclass(frozen=True)
class Source:
    """A file as it was read; `path` as a person would type it, `-` for standard input."""

    path: str
    text: str
    is_base: bool = False
    """Whether Kustomize makes of it what is applied."""

    @property
    def folder(self) -> tuple[str, ...]:
        """The folders that it is in."""
        return tuple(self.path.split("/")[:-1])

    def line(self, number: int) -> str:
        """A line, counted from 1."""
        return self._lines[number - 1] if number <= len(self._lines) else ""

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")


@dataclass(frozen=True, eq=False)
class Manifest:
    """One object of a file."""

    source: Source
    node: Node
    twice: tuple[Twice, ...] = ()

    @property
    def data(self) -> Json:
        """The object, as the API server would read it."""
        return self.node.value if isinstance(self.node.value, dict) else {}

    @cached_property
    def api_version(self) -> str:
        """Its apiVersion; empty where there is none that is text."""
        return _text(self.data.get("apiVersion"))

    @cached_property
    def kind(self) -> str:
        """Its kind; empty where there is none that is text."""
        return _text(self.data.get("kind"))

    @cached_property
    def group(self) -> str:
        """Its API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @cached_property
    def metadata(self) -> Json:
        """Its metadata, where that is a mapping."""
        return mapping(self.data.get("metadata"))

    @cached_property
    def spec(self) -> Json:
        """Its spec, where that is a mapping."""
        return mapping(self.data.get("spec"))

    @cached_property
    def name(self) -> str:
        """Its name; empty where there is none that is text."""
        return _text(self.metadata.get("name"))

    @cached_property
    def namespace(self) -> str | None:
        """Its namespace; None where it says none."""
        return _text(self.metadata.get("namespace")) or None

    @property
    def ref(self) -> ObjectRef:
        """Which object it is."""
        name = self.name or _text(self.metadata.get("generateName"))
        return ObjectRef(self.api_version, self.kind, self.namespace, name)

    @property
    def identity(self) -> Identity:
        """What makes two manifests the same object: the version of the API does not."""
        return self.group, self.kind, self.namespace, self.name

    def mark(self, path: Path) -> Mark:
        """Where a field stands."""
        return self.node.mark(path)


@dataclass(frozen=True, slots=True)
class Broken:
    """A document that could not be read."""

    source: Source
    fault: Unparsed


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """The pods that an object makes, or is: their labels, their spec and the path to it."""

    manifest: Manifest
    path: Path
    labels: Mapping[str, str]
    spec: Json
    namespace: str | None

    @property
    def is_workload(self) -> bool:
        """Whether its pods are meant to run on and on."""
        return self.manifest.kind in WORKLOADS


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod template, with the path to it."""

    pod: PodTemplate
    path: Path
    spec: Json
    sort: str

    @property
    def name(self) -> str:
        """Its name."""
        return _text(self.spec.get("name"))

    @property
    def is_sidecar(self) -> bool:
        """Whether it is an init container that keeps running."""
        return self.sort == "initContainers" and self.spec.get("restartPolicy") == "Always"

    @property
    def keeps_running(self) -> bool:
        """Whether it is there as long as its pod."""
        return self.sort == "containers" or self.is_sidecar


MAX_PORT = 65_535
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "DeploymentConfig")
"""Kinds whose pods are meant to run on and on."""
_TEMPLATES: Mapping[str, Path] = {
    **dict.fromkeys(WORKLOADS, ("spec", "template")),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
_GROUPS = frozenset({"", "apps", "batch", "extensions", "apps.openshift.io"})
_SORTS = ("initContainers", "containers")


@dataclass
class Manifests:
    """A set of objects that are applied together."""

    objects: list[Manifest]
    everything: frozenset[Identity] = field(default_factory=frozenset)
    """What is in the files besides, in other sets."""

    def of(self, *kinds: str) -> Iterator[Manifest]:
        """Those of these kinds."""
        for kind in kinds:
            yield from self._by_kind.get(kind, ())

    @cached_property
    def _by_kind(self) -> dict[str, list[Manifest]]:
        found: dict[str, list[Manifest]] = defaultdict(list)
        for each in self.objects:
            found[each.kind].append(each)
        return found

    @cached_property
    def _by_name(self) -> dict[tuple[str, str | None, str], Manifest]:
        return {(each.kind, each.namespace, each.name): each for each in self.objects}

    def get(self, kind: str, namespace: str | None, name: str) -> Manifest | None:
        """The object of this kind and name in a namespace."""
        return self._by_name.get((kind, namespace, name))

    def in_namespace(self, kind: str, namespace: str | None) -> list[Manifest]:
        """The objects of a kind in a namespace."""
        return [each for each in self.of(kind) if each.namespace == namespace]

    @cached_property
    def pods(self) -> list[PodTemplate]:
        """What all objects make pods of."""
        return [pod for each in self.objects if (pod := pod_of(each)) is not None]

    @cached_property
    def workloads(self) -> list[PodTemplate]:
        """Those whose pods are meant to run on and on."""
        return [pod for pod in self.pods if pod.is_workload]

    @cached_property
    def containers(self) -> list[Container]:
        """The containers of all pods, with those for initialization."""
        return [container for pod in self.pods for container in containers_of(pod)]

    def selected(self, namespace: str | None, labels: Mapping[str, Any]) -> list[PodTemplate]:
        """The pods of a namespace that have all of these labels; none have none of them."""
        first = next(iter(labels.items()), None)
        if first is None:
            return []
        pods = self._pods_by_label.get((namespace, first[0], str(first[1])), [])
        return [pod for pod in pods if matches_plain(labels, pod.labels)]

    @cached_property
    def _pods_by_label(self) -> dict[tuple[str | None, str, str], list[PodTemplate]]:
        found: dict[tuple[str | None, str, str], list[PodTemplate]] = defaultdict(list)
        for pod in self.pods:
            for key, value in pod.labels.items():
                found[pod.namespace, key, value].append(pod)
        return found

    @cached_property
    def autoscalers(self) -> dict[tuple[str, str | None, str], list[Manifest]]:
        """The HorizontalPodAutoscalers, by the kind, namespace and name of what they scale."""
        found: dict[tuple[str, str | None, str], list[Manifest]] = defaultdict(list)
        for each in self.of("HorizontalPodAutoscaler"):
            target = mapping(each.spec.get("scaleTargetRef"))
            if each.group == "autoscaling":
                found[str(target.get("kind")), each.namespace, str(target.get("name"))].append(each)
        return found

    def pods_in(self, namespace: str | None) -> list[PodTemplate]:
        """The pods that are made in a namespace."""
        return self._pods_by_namespace.get(namespace, [])

    @cached_property
    def _pods_by_namespace(self) -> dict[str | None, list[PodTemplate]]:
        found: dict[str | None, list[PodTemplate]] = defaultdict(list)
        for pod in self.pods:
            found[pod.namespace].append(pod)
        return found


def pod_of(each: Manifest) -> PodTemplate | None:
    """What an object makes pods of; None where it makes none."""
    path = _TEMPLATES.get(each.kind)
    if path is None or each.group not in _GROUPS:
        return None
    template = below(each.data, path)
    metadata, spec = mapping(template.get("metadata")), template.get("spec")
    if not isinstance(spec, dict):
        return None
    return PodTemplate(each, (*path, "spec"), texts(metadata.get("labels")), spec, each.namespace)


def containers_of(pod: PodTemplate) -> Iterator[Container]:
    """The containers of a pod, those for initialization first."""
    for sort in _SORTS:
        for index, container in enumerate(items(pod.spec.get(sort))):
            if isinstance(container, dict):
                yield Container(pod, (*pod.path, sort, index), container, sort)


def below(data: Json, path: Path) -> Json:
    """The mapping at a path; an empty one where there is none."""
    for step in path:
        data = mapping(data.get(str(step)))
    return data


def mapping(value: Any) -> Json:
    """A mapping, or an empty one: what a field should be is judged elsewhere."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list, or an empty one."""
    return value if isinstance(value, list) else []


def mappings(value: Any) -> Iterator[tuple[int, Json]]:
    """The mappings of a list, with their indexes."""
    return ((index, each) for index, each in enumerate(items(value)) if isinstance(each, dict))


def texts(value: Any) -> dict[str, str]:
    """The entries of a mapping that are text."""
    return {key: each for key, each in mapping(value).items() if isinstance(each, str)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def is_filled_in(text: str) -> bool:
    """Whether a template or a tool is to put something there, before it is applied."""
    return "{{" in text or "${" in text or "$(" in text


def whole(value: Any) -> int | None:
    """An integer, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def sets_of(objects: Iterable[Manifest]) -> list[Manifests]:
    """The objects that belong together.

    All of them, unless an object is there twice in different folders or files: then these are variants (dev,
    production; a port of a node or none), and each is a set of its own.
    """
    everything = list(objects)
    known = frozenset(each.identity for each in everything)
    return [Manifests(part, known) for part in _parts(everything, 0)]


def _parts(objects: list[Manifest], depth: int) -> list[list[Manifest]]:
    folders: dict[tuple[str, ...], set[Identity]] = defaultdict(set)
    for each in objects:
        folders[each.source.folder[: depth + 1]].add(each.identity)
    if sum(map(len, folders.values())) > len(set().union(*folders.values())):
        apart = [[each for each in objects if each.source.folder[: depth + 1] == folder] for folder in folders]
        return [part for each in apart for part in _parts(each, depth + 1)]
    if any(len(each.source.folder) > depth for each in objects):
        return _parts(objects, depth + 1)
    return _files(objects)


def _files(objects: list[Manifest]) -> list[list[Manifest]]:
    """The files of one folder as one set; as a set each, where two have the same object."""
    files: dict[str, list[Manifest]] = defaultdict(list)
    for each in objects:
        files[each.source.path].append(each)
    apart = sum(len({each.identity for each in file}) for file in files.values())
    is_one = apart == len({each.identity for each in objects})
    return ([objects] if objects else []) if is_one else list(files.values())
