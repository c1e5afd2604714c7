"""Pods: do selector, names, volumes and restart policy go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.apimachinery.selectors import matches, matches_plain
from tools.validation import edits
from tools.validation.fault import Fault
from tools.validation.manifests import MAX_PORT, Container, PodTemplate, mapping, mappings, whole
from tools.validation.parsing import Path
from tools.validation.rule import Context, Rule

_POD = "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/"
_PLAIN_SELECTORS = ("ReplicationController", "DeploymentConfig")


def _selectors(context: Context) -> Iterator[Fault]:
    for pod in context.manifests.workloads:
        selector = pod.manifest.spec.get("selector")
        if not isinstance(selector, dict) or not selector:
            continue
        is_plain = pod.manifest.kind in _PLAIN_SELECTORS
        holds = matches_plain(selector, pod.labels) if is_plain else matches(selector, pod.labels)
        if not holds:
            wanted = mapping(selector if is_plain else selector.get("matchLabels"))
            missed = [f"{key}={value}" for key, value in wanted.items() if pod.labels.get(key) != value]
            says = f"the selector asks for {', '.join(missed) or 'labels'}, which the pod template does not have"
            yield Fault(pod.manifest, ("spec", "selector"), says, None, _labelled(pod, wanted))


def _labelled(pod: PodTemplate, wanted: dict[str, Any]) -> tuple[edits.Edit, ...]:
    """The labels added to the template, where it has none of them with another value."""
    missing = {key: value for key, value in wanted.items() if key not in pod.labels}
    if not missing or any(pod.labels.get(key, value) != value for key, value in wanted.items()):
        return ()
    metadata: Path = (*pod.path[:-1], "metadata")
    if "labels" not in pod.manifest.node.at(metadata).keys:
        return ()
    lines = [f"{key}: {value}" for key, value in missing.items()]
    return edits.inserted(pod.manifest, (*metadata, "labels"), lines)


def _restart(context: Context) -> Iterator[Fault]:
    for pod in context.manifests.pods:
        kind, policy = pod.manifest.kind, pod.spec.get("restartPolicy")
        if pod.is_workload and policy not in (None, "Always"):
            path = (*pod.path, "restartPolicy")
            edit = edits.rewritten(pod.manifest.node.at(path), "Always")
            yield Fault(
                pod.manifest, path, f"restartPolicy of a {kind} must be Always, and is {policy}", None, edit
            )
        elif kind in ("Job", "CronJob") and policy not in ("Never", "OnFailure"):
            said = "is missing" if policy is None else f"is {policy}"
            yield Fault(
                pod.manifest,
                (*pod.path, "restartPolicy"),
                f"restartPolicy of a {kind} {said}: it must be Never or OnFailure",
            )


def _duplicates(context: Context) -> Iterator[Fault]:
    for pod in context.manifests.pods:
        names: dict[str, Path] = {}
        for sort in ("initContainers", "containers"):
            yield from _named_twice(pod, (*pod.path, sort), pod.spec.get(sort), names, "container")
        yield from _named_twice(pod, (*pod.path, "volumes"), pod.spec.get("volumes"), {}, "volume")
    for container in context.manifests.containers:
        pod = container.pod
        for what in ("env", "ports"):
            path = (*container.path, what)
            yield from _named_twice(pod, path, container.spec.get(what), {}, what.removesuffix("s"), container.name)
        yield from _mounted_twice(container)


def _named_twice(
    pod: PodTemplate, path: Path, listed: Any, seen: dict[str, Path], what: str, container: str | None = None
) -> Iterator[Fault]:
    for index, each in mappings(listed):
        name = each.get("name")
        if not isinstance(name, str) or not name:
            continue
        if name in seen:
            called = {"env": "variable"}.get(what, what)
            yield Fault(pod.manifest, (*path, index), f"a second {called} is called {name}", container)
        seen[name] = path


def _mounted_twice(container: Container) -> Iterator[Fault]:
    seen = set()
    for index, mount in mappings(container.spec.get("volumeMounts")):
        where = mount.get("mountPath")
        if isinstance(where, str) and where in seen:
            path = (*container.path, "volumeMounts", index)
            yield Fault(container.pod.manifest, path, f"a second volume is mounted at {where}", container.name)
        seen.add(str(where))


def _volumes(context: Context) -> Iterator[Fault]:
    for container in context.manifests.containers:
        pod = container.pod
        there = {each.get("name") for _, each in mappings(pod.spec.get("volumes"))}
        claims = pod.manifest.spec.get("volumeClaimTemplates") if pod.manifest.kind == "StatefulSet" else ()
        there |= {mapping(each.get("metadata")).get("name") for _, each in mappings(claims)}
        for field in ("volumeMounts", "volumeDevices"):
            for index, mount in mappings(container.spec.get(field)):
                name = mount.get("name")
                if isinstance(name, str) and name not in there:
                    path = (*container.path, field, index, "name")
                    says = f"the pod has no volume {name}; it has {', '.join(sorted(map(str, there))) or 'none'}"
                    yield Fault(pod.manifest, path, says, container.name)


def _ports(context: Context) -> Iterator[Fault]:
    for container in context.manifests.containers:
        for path, port in _numbers(container):
            number = whole(port)
            if number is not None and not 1 <= number <= MAX_PORT:
                yield Fault(container.pod.manifest, path, f"{path[-1]} {port} is none: 1 to 65535", container.name)


def _numbers(container: Container) -> Iterator[tuple[Path, Any]]:
    """Every field of a container that is a port."""
    for index, port in mappings(container.spec.get("ports")):
        for field in ("containerPort", "hostPort"):
            yield (*container.path, "ports", index, field), port.get(field)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        for action in ("httpGet", "tcpSocket", "grpc"):
            asked = mapping(mapping(container.spec.get(probe)).get(action))
            yield (*container.path, probe, action, "port"), asked.get("port")


RULES = (
    Rule(
        "SelectorMismatch",
        "error",
        "A workload's selector does not match the labels of its own pod template.",
        "The API server refuses it: selector does not match template labels.",
        "Give the template the labels that the selector asks for; a selector cannot be changed later.",
        "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector",
        _selectors,
    ),
    Rule(
        "RestartPolicyInvalid",
        "error",
        "The restartPolicy is none that the kind takes.",
        "The API server refuses it: a Deployment's pods always restart, a Job's end.",
        "Always for what runs on and on; Never or OnFailure for a Job.",
        "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy",
        _restart,
    ),
    Rule(
        "DuplicateName",
        "error",
        "Two containers, volumes, ports or variables have the same name, or two mounts the same path.",
        "The API server refuses it; of two variables it keeps the last, silently.",
        "Give each its own, or take one out.",
        _POD,
        _duplicates,
        of_text=True,
    ),
    Rule(
        "VolumeNotDefined",
        "error",
        "A container mounts a volume that the pod does not have.",
        "The API server refuses the pod.",
        "Add it under volumes, or correct the mount's name.",
        "https://kubernetes.io/docs/concepts/storage/volumes/",
        _volumes,
    ),
    Rule(
        "InvalidPort",
        "error",
        "A container's or probe's port is none.",
        "The API server refuses the pod.",
        "1 to 65535.",
        _POD,
        _ports,
    ),
)
