"""CreateContainerConfigError: what a container's configuration names is not there.

Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

from tools.diagnose.containers import Container, broken
from tools.diagnose.findings import Evidence, Finding, Remedy
from tools.diagnose.naming import about_owner, about_pod, container_said, pod_names, quoted, typed
from tools.diagnose.plaintext import one_line

if TYPE_CHECKING:
    from tools.diagnose.lesson import Lesson
    from tools.diagnose.snapshot import Snapshot

LESSONS: tuple[Lesson, ...] = ()

SourceKind = Literal["ConfigMap", "Secret"]

_OBJECT = re.compile(r'(configmap|secret)s? "([^"]+)" not found', re.I)
_KEY = re.compile(r"couldn't find key (\S+) in (ConfigMap|Secret) [^/\s]+/(\S+)")
_ROOT = re.compile(r"runAsNonRoot and image (will run as root|has non-numeric user)")
_KINDS: dict[str, SourceKind] = {"configmap": "ConfigMap", "secret": "Secret"}
_ENV_FIELDS: dict[SourceKind, tuple[str, str]] = {
    "ConfigMap": ("configMapRef", "configMapKeyRef"),
    "Secret": ("secretRef", "secretKeyRef"),
}


@dataclass(frozen=True, slots=True)
class Missing:
    """What is not there: an object, or with `key` one key of an object that is."""

    kind: SourceKind
    name: str
    key: str | None = None

    def __str__(self) -> str:
        return f"key {self.key} of {self.kind} {self.name}" if self.key else f"{self.kind} {self.name}"


def create_container_config_error(snapshot: Snapshot) -> list[Finding]:
    """Containers that cannot be created as they are configured."""
    return [_finding(group, snapshot) for group in broken(snapshot, "CreateContainerConfigError")]


def missing_in(message: str) -> Missing | None:
    """What the kubelet misses, from its message; None when it complains of something else."""
    if match := _KEY.search(message):
        return Missing(_KINDS[match[2].lower()], match[3], match[1])
    if match := _OBJECT.search(message):
        return Missing(_KINDS[match[1].lower()], match[2])
    return None


def missing_remedies(missing: Missing, owner_typed: str, namespace: str, keys: list[str]) -> list[Remedy]:
    """How to make what is missing (`keys`: those that are asked of it), or to name what is there."""
    create = Remedy(
        title=f"Create the missing {missing}",
        command=_create_command(missing, namespace, keys),
        risk="secret" if missing.kind == "Secret" else "change",
    )
    point = Remedy(
        title="Or name one that exists",
        command=f"kubectl edit {owner_typed}",
        risk="change",
    )
    return [create, point]


def _finding(group: list[Container], snapshot: Snapshot) -> Finding:
    container = group[0]
    message = str(container.waiting.get("message") or "")
    missing = missing_in(message)
    return Finding(
        cause="CreateContainerConfigError",
        object=container.owner,
        container=container.name,
        affected=pod_names(group),
        summary=f"{container_said(container)} cannot be created: {_what(missing, message, snapshot)}",
        why=_why(missing, message),
        evidence=_evidence(container, missing, message),
        remedies=tuple(_remedies(container, missing, message)),
    )


def _what(missing: Missing | None, message: str, snapshot: Snapshot) -> str:
    if missing is None:
        return one_line(message.partition(" (pod:")[0], 200) or "the kubelet does not say why"
    if missing.key:
        return f"{missing.kind} {missing.name} has no key {missing.key}{_nearest(missing, snapshot)}"
    return f"{missing} does not exist{_nearest(missing, snapshot)}"


def _nearest(missing: Missing, snapshot: Snapshot) -> str:
    if missing.kind == "Secret":
        return ""
    wanted = missing.key or missing.name
    there = [item["metadata"]["name"] for item in snapshot.of("ConfigMap")]
    if missing.key:
        there = list((snapshot.named("ConfigMap", missing.name) or {}).get("data") or ())
    near = get_close_matches(wanted, there, n=1)
    return f"; the nearest there is: {near[0]}" if near else ""


def _why(missing: Missing | None, message: str) -> str:
    if missing is not None:
        return (
            "The kubelet resolves every ConfigMap and Secret in env and envFrom before it creates the "
            "container, in the pod's own namespace, and waits until all are there (unless marked optional)."
        )
    if _ROOT.search(message):
        return (
            "The pod may only run as another user than root, but its image does not name a numeric user. "
            "Name one in the image (USER 1000) or in securityContext.runAsUser."
        )
    return "The container runtime could not make the container as the pod asks for it; the kubelet tries again."


def _evidence(container: Container, missing: Missing | None, message: str) -> tuple[Evidence, ...]:
    reason = container.waiting.get("reason")
    evidence = [about_pod("status", container.pod, f"{reason}: {message}")]
    if missing is not None:
        evidence += [about_owner("spec", container.owner, text) for text in _references(container, missing)]
    return tuple(evidence)


def _references(container: Container, missing: Missing) -> list[str]:
    whole, one_key = _ENV_FIELDS[missing.kind]
    found = [
        f"envFrom.{whole}.name: {missing.name}"
        for source in container.spec.get("envFrom") or ()
        if (source.get(whole) or {}).get("name") == missing.name
    ]
    for variable in container.spec.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get(one_key) or {}
        if reference.get("name") == missing.name and missing.key in (None, reference.get("key")):
            found.append(f"env {variable['name']}: {one_key} {missing.name}, key {reference.get('key')}")
    return found


def _keys_asked(container: Container, missing: Missing) -> list[str]:
    if missing.key:
        return [missing.key]
    _, one_key = _ENV_FIELDS[missing.kind]
    references = [
        (variable.get("valueFrom") or {}).get(one_key) or {} for variable in container.spec.get("env") or ()
    ]
    return [str(one.get("key")) for one in references if one.get("name") == missing.name]


def _remedies(container: Container, missing: Missing | None, message: str) -> list[Remedy]:
    owner = container.owner
    if missing is not None:
        keys = _keys_asked(container, missing)
        return missing_remedies(missing, typed(owner), owner.namespace or "", keys)
    title = "Set a numeric user other than 0" if _ROOT.search(message) else "Mend what the message names"
    return [Remedy(title=title, command=f"kubectl edit {typed(owner)}", risk="change")]


def _create_command(missing: Missing, namespace: str, keys: list[str]) -> str:
    if missing.kind == "Secret":
        return _create_secret(missing, namespace, keys)
    if missing.key:
        patch = quoted(f'{{"data": {{"{missing.key}": "VALUE"}}}}')
        return f"kubectl patch configmap {missing.name} -n {namespace} --type merge -p {patch}"
    values = " ".join(f"--from-literal={key}=VALUE" for key in keys or ["KEY"])
    return f"kubectl create configmap {missing.name} -n {namespace} {values}"


def _create_secret(missing: Missing, namespace: str, keys: list[str]) -> str:
    files = " ".join(f"--from-file={key}=FILE" for key in keys or ["KEY"])
    create = f"kubectl create secret generic {missing.name} -n {namespace} {files}"
    if missing.key is None:
        return create
    return f"{create} --dry-run=client -o yaml | kubectl apply --server-side -f -"
