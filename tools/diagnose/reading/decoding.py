"""From the bytes of a list to objects: decode only what the rules read.

Pods are by far the most there is to decode, and most of them are well: of those only the fields of `WellPod`
are kept. A pod that may be broken is kept whole.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Literal, TypedDict

import msgspec

from tools.json import Json

Page = tuple[list[Json], str]
"""The objects of one page, and the token of the next (empty after the last)."""


class OwnerReference(TypedDict, total=False):
    """`metadata.ownerReferences[]`."""

    apiVersion: str
    kind: str
    name: str
    controller: bool


class PodMetadata(TypedDict, total=False):
    """`metadata` of a pod."""

    name: str
    namespace: str
    uid: str
    labels: dict[str, str] | None
    ownerReferences: list[OwnerReference] | None
    creationTimestamp: str | None
    deletionTimestamp: str | None


class ContainerPort(TypedDict, total=False):
    """`spec.containers[].ports[]`."""

    name: str
    containerPort: int
    protocol: str


class WellContainer(TypedDict, total=False):
    """`spec.containers[]`."""

    name: str
    image: str | None
    ports: list[ContainerPort] | None
    restartPolicy: str


class ClaimSource(TypedDict, total=False):
    """`spec.volumes[].persistentVolumeClaim`."""

    claimName: str


class WellVolume(TypedDict, total=False):
    """`spec.volumes[]`, as far as it says which claim a pod holds."""

    persistentVolumeClaim: ClaimSource | None


class WellSpec(TypedDict, total=False):
    """`spec` of a pod that is well."""

    volumes: list[WellVolume] | None
    nodeName: str
    containers: list[WellContainer]
    initContainers: list[WellContainer] | None
    restartPolicy: str
    hostNetwork: bool
    dnsPolicy: str


class State(TypedDict, total=False):
    """`status.containerStatuses[].state`, and `lastState`."""

    running: Json | None
    waiting: Json | None
    terminated: Json | None


class ContainerStatus(TypedDict, total=False):
    """`status.containerStatuses[]`."""

    name: str
    ready: bool
    started: bool | None
    restartCount: int
    state: State
    lastState: State


class Condition(TypedDict, total=False):
    """`status.conditions[]`."""

    type: str
    status: str
    reason: str | None


class WellStatus(TypedDict, total=False):
    """`status` of a pod that is well."""

    phase: str
    reason: str
    podIP: str
    conditions: list[Condition] | None
    containerStatuses: list[ContainerStatus] | None
    initContainerStatuses: list[ContainerStatus] | None


class WellPod(TypedDict, total=False):
    """What is kept of a pod that looks well."""

    apiVersion: str
    kind: str
    metadata: PodMetadata
    spec: WellSpec
    status: WellStatus


class PodName(TypedDict, total=False):
    """What is kept of the `metadata` of a pod that only takes room."""

    name: str


class Requests(TypedDict, total=False):
    """`resources` of a container or a pod."""

    requests: dict[str, str | int | float] | None


class PlacedContainer(TypedDict, total=False):
    """`spec.containers[]`."""

    resources: Requests | None
    restartPolicy: str


class PlacedSpec(TypedDict, total=False):
    """`spec` of a pod, as far as it says what the pod takes of its node."""

    nodeName: str
    containers: list[PlacedContainer]
    initContainers: list[PlacedContainer] | None
    resources: Requests | None
    overhead: dict[str, str | int | float] | None


class PlacedPod(TypedDict, total=False):
    """What a pod takes of its node."""

    metadata: PodName
    spec: PlacedSpec


class InvolvedObject(TypedDict, total=False):
    """`involvedObject` of an event."""

    kind: str
    name: str
    fieldPath: str


class EventMetadata(TypedDict, total=False):
    """`metadata` of an event."""

    name: str
    namespace: str
    creationTimestamp: str | None


class EventSeries(TypedDict, total=False):
    """`series` of an event."""

    count: int
    lastObservedTime: str | None


class Event(TypedDict, total=False):
    """What is kept of an event."""

    apiVersion: str
    kind: str
    metadata: EventMetadata
    involvedObject: InvolvedObject
    reason: str | None
    message: str | None
    type: str | None
    count: int | None
    firstTimestamp: str | None
    lastTimestamp: str | None
    eventTime: str | None
    series: EventSeries | None


class _ListMeta(msgspec.Struct):
    continue_: str | None = msgspec.field(default=None, name="continue")


class _List(msgspec.Struct):
    items: list[msgspec.Raw] | None
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)


class NotAList(Exception):
    """The answer is not the JSON of a list."""


_EXTRAORDINARY = frozenset(
    ("DisruptionTarget", "PodResizePending", "PodResizeInProgress", "AllContainersRestarting")
)
"""Conditions of a pod that only some have, and that say something when they are True."""
_LIST = msgspec.json.Decoder(_List)
_WELL_POD = msgspec.json.Decoder(WellPod)
_EVENT = msgspec.json.Decoder(Event)
_PLACED_POD = msgspec.json.Decoder(PlacedPod)
_WHOLE = msgspec.json.Decoder(dict[str, Any])


def whole(data: bytes) -> Page:
    """Every field of every object."""
    return _page(data, _WHOLE.decode)


def pods(data: bytes) -> Page:
    """Pods: those that look well by their `WellPod` fields, the others whole."""
    return _page(data, _pod)


def placed_pods(data: bytes) -> Page:
    """Pods of whatever state: what they request, and of which node."""
    return _page(data, lambda raw: _typed(_PLACED_POD, raw))


def events(data: bytes) -> Page:
    """Events: what the rules read of them."""
    return _page(data, lambda raw: _typed(_EVENT, raw))


def keys_only(data: bytes) -> Page:
    """ConfigMaps and Secrets without their values: name, type, and `data` with the keys alone."""
    return _page(data, lambda raw: without_values(_WHOLE.decode(raw)))


def without_values(item: Json) -> Json:
    """A ConfigMap or Secret with its keys, without its values; without `data` where only its name was read."""
    metadata = {key: item["metadata"][key] for key in ("name", "namespace") if key in item["metadata"]}
    clean: Json = {"metadata": metadata}
    if "type" in item:
        clean["type"] = item["type"]
    if item.get("kind") != "PartialObjectMetadata":
        keys = {*(item.get("data") or ()), *(item.get("binaryData") or ())}
        clean["data"] = dict.fromkeys(sorted(keys), "")
    return clean


Shape = Literal[
    "ends with a newline",
    "ends with a carriage return",
    "has a space at its end",
    "is in quotes that are part of it",
    "is empty",
    "is base64 of base64",
]
"""What may be said of a value that nobody is shown."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")


def shaped(item: Json, mentions: tuple[str, ...] = ()) -> Json:
    """`without_values`, with `shapes` (what is odd of a value, by key) and `changed` (when it last was, RFC 3339).

    Of a ConfigMap also `mentions`: which keys hold one of those texts.
    """
    clean = without_values(item)
    is_secret = item.get("kind") == "Secret"
    values = {key: _value(text, encoded=is_secret) for key, text in (item.get("data") or {}).items()}
    shapes = {key: shape for key, value in values.items() if (shape := _shape(value, may_be_twice=is_secret))}
    clean["shapes"] = shapes
    if not is_secret:
        clean["mentions"] = {
            key: held for key, value in values.items() if (held := [each for each in mentions if each in value])
        }
    managed = item["metadata"].get("managedFields") or ()
    moments = [str(each.get("time") or "") for each in managed]
    clean["changed"] = max([*moments, str(item["metadata"].get("creationTimestamp") or "")])
    clean["metadata"]["creationTimestamp"] = item["metadata"].get("creationTimestamp")
    return clean


def _value(text: object, *, encoded: bool) -> str:
    if not encoded:
        return str(text)
    try:
        return base64.b64decode(str(text)).decode()
    except (ValueError, binascii.Error):
        return "not text"


def _shape(value: str, *, may_be_twice: bool) -> Shape | None:
    """A text of several lines (a key, a certificate, a file) ends as such texts do."""
    if not value:
        return "is empty"
    if "\n" in value.rstrip("\r\n"):
        return None
    if value.endswith("\r") or value.endswith("\r\n"):
        return "ends with a carriage return"
    if value.endswith("\n"):
        return "ends with a newline"
    if value != value.rstrip():
        return "has a space at its end"
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return "is in quotes that are part of it"
    return "is base64 of base64" if may_be_twice and _is_base64(value) else None


def _is_base64(value: str) -> bool:
    """Whether it reads as base64 of a printable text: hardly by chance, from eight characters on."""
    if not _BASE64.fullmatch(value) or len(value) % 4:
        return False
    try:
        inner = base64.b64decode(value, validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        return False
    return inner.strip().isprintable() and bool(inner.strip())


def looks_well(pod: Json) -> bool:
    """Whether nothing about the pod asks for a closer look: it runs, all of it is ready and never ended badly."""
    status: Json = pod.get("status") or {}
    if status.get("phase") != "Running" or pod["metadata"].get("deletionTimestamp"):
        return False
    containers: list[Json] = status.get("containerStatuses") or []
    first: list[Json] = status.get("initContainerStatuses") or []
    return (
        bool(containers)
        and all(each.get("ready") for each in containers)
        and not any((each.get("state") or {}).get("waiting") for each in first)
        and not any((each.get("lastState") or {}).get("terminated") for each in (*containers, *first))
    )


def _page(data: bytes, decode: Callable[[msgspec.Raw], Json]) -> Page:
    try:
        page = _LIST.decode(data)
        return [decode(raw) for raw in page.items or ()], page.metadata.continue_ or ""
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise NotAList(str(error)) from error


def _pod(raw: msgspec.Raw) -> Json:
    pod = _typed(_WELL_POD, raw)
    return pod if looks_well(pod) and not _states_more(pod) else _WHOLE.decode(raw)


def _states_more(pod: Json) -> bool:
    """Whether a condition says something that is not said of every pod that is well."""
    conditions: list[Json] = (pod.get("status") or {}).get("conditions") or []
    return any(each.get("status") != "True" or each.get("type") in _EXTRAORDINARY for each in conditions)


def _typed(decoder: msgspec.json.Decoder[Any], raw: msgspec.Raw) -> Json:
    """By the declared fields; whole where an API server gives a field another type than Kubernetes does."""
    try:
        decoded: Json = decoder.decode(raw)
    except msgspec.ValidationError:
        return _WHOLE.decode(raw)
    return decoded
