"""The useful parts of one object: what it should be, how it is, and what happened to it and its pods."""

from __future__ import annotations

import re
from typing import Any

from tools.apimachinery.manifests import as_yaml
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json
from tools.kubernetes.read import Kind, needed_namespace, recent_events

_OF_A_CONTAINER = ("name", "image", "command", "args", "ports", "resources", "envFrom", "volumeMounts")
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_OF_A_POD = ("nodeName", "serviceAccountName", "nodeSelector", "tolerations", "imagePullSecrets", "volumes")
_OF_A_WORKLOAD = ("replicas", "strategy", "updateStrategy", "selector", "schedule", "suspend")
_OF_A_CONDITION = ("type", "status", "reason", "message")


def describe(context: ToolContext, *, kind: Kind, name: Name, namespace: Namespace | None = None) -> Result:
    """What matters of one object: its spec in short, conditions, containers' states, and the events about it.

    For a workload the events of its pods are among them. Leaves out what only controllers need.
    """
    live = context.cluster.get(kind, name, needed_namespace(context, kind, namespace))
    shown = as_yaml(essentials(context.mask(live)))
    happened = recent_events(context, namespace, _about(name)) if namespace else ""
    return Result(f"{shown}events:\n{happened or '  none'}")


def essentials(live: Json) -> Json:
    """The useful parts of an object. Pure."""
    metadata, spec, status = live["metadata"], live.get("spec") or {}, live.get("status") or {}
    template = (spec.get("template") or {}).get("spec") or (spec if "containers" in spec else {})
    parts = {
        "kind": live["kind"],
        "name": metadata["name"],
        "namespace": metadata.get("namespace"),
        "labels": metadata.get("labels"),
        "owner": [f"{owner['kind']}/{owner['name']}" for owner in metadata.get("ownerReferences") or ()],
        "deleting since": metadata.get("deletionTimestamp"),
        **_some(spec, _OF_A_WORKLOAD if template is not spec else ()),
        **_some(template, _OF_A_POD),
        "init containers": [_container(item) for item in template.get("initContainers") or ()],
        "containers": [_container(item) for item in template.get("containers") or ()],
        "rest of the spec": None if template else spec,
        "data": sorted(live["data"]) if isinstance(live.get("data"), dict) else None,
        "status": {key: value for key, value in status.items() if isinstance(value, str | int)},
        "conditions": [_some(condition, _OF_A_CONDITION) for condition in status.get("conditions") or ()],
        "states": [_state(state) for state in _container_statuses(status)],
    }
    return {key: value for key, value in parts.items() if value not in (None, [], {})}


def _about(name: str) -> re.Pattern[str]:
    """The object itself, and what its controllers name after it."""
    return re.compile(rf"{re.escape(name)}(-[a-z0-9]+){{0,2}}")


def _container(container: Json) -> Json:
    env = [_variable(item) for item in container.get("env") or ()]
    probes = {probe: container[probe] for probe in _PROBES if probe in container}
    return {**_some(container, _OF_A_CONTAINER), **({"env": env} if env else {}), **probes}


def _variable(item: Json) -> Json:
    """An environment variable: where its value comes from, or the value (the redactor masks secret ones)."""
    return {key: value for key, value in item.items() if key in ("name", "value", "valueFrom")}


def _container_statuses(status: Json) -> list[Json]:
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _state(state: Json) -> Json:
    return _some(state, ("name", "ready", "restartCount", "state", "lastState"))


def _some(source: Json, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: source[key] for key in keys if source.get(key) not in (None, {}, [])}
