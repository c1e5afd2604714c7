"""CreateContainerConfigError: what a container's configuration names is not there, or cannot be had as asked.

Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.diagnose.facts.containers import Container, broken, containers
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import TEMPLATE_KINDS, about_owner, about_pod, pod_names, subject_of
from tools.diagnose.facts.references import Missing, SourceKind, missing_in, wants_configmaps, wants_secrets
from tools.diagnose.facts.remedies import container_patched
from tools.diagnose.rules.containers import runtime
from tools.diagnose.rules.containers.absent_sources import OTHER_KIND, existing, missing_remedies, nearest_said
from tools.diagnose.terms import Cause, Evidence, Finding, Json, Known, ObjectRef, Remedy, Rule, Snapshot
from tools.plaintext import one_line

CREATE_CONTAINER_CONFIG_ERROR = Cause(
    "CreateContainerConfigError",
    topic="security",
    means="The kubelet cannot create a container, because of what its configuration names or asks for.",
    why="A ConfigMap, Secret or key that env or envFrom names does not exist in the pod's own namespace; or "
    "the pod must not run as root and its image does; or a mount (its subPath, or a file that a directory "
    "would cover) cannot be made. The pod waits; nothing of the container has run yet, so it has no log.",
    mend="Name the right object or key, or create the missing one; the kubelet tries again by itself. Mark a "
    "reference as optional where the program can do without it.",
    example="container app of Deployment checkout cannot be created: ConfigMap checkout-confg does not exist; "
    "the nearest there is: checkout-config",
    source="https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/",
    called=r"\bcreatecontainer\w*|\bconfig ?error\b|\bconfigmap\b|\bmissing config\b",
)

_ENV_FIELDS: dict[SourceKind, tuple[str, str]] = {
    "ConfigMap": ("configMapRef", "configMapKeyRef"),
    "Secret": ("secretRef", "secretKeyRef"),
}


def create_container_config_error(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Containers that cannot be created as they are configured: as the kubelet says, or will when it tries."""
    told = [
        _finding(group, missing_in(runtime.complaint(group[0])), snapshot)
        for group in broken(snapshot, "CreateContainerConfigError")
    ]
    return told + [_finding(group, missing, snapshot) for missing, group in _untried(snapshot)]


def _untried(snapshot: Snapshot) -> Iterator[tuple[Missing, list[Container]]]:
    """Containers that the kubelet has not come to yet, and the first thing that they name and that is not there."""
    groups: dict[tuple[ObjectRef, str, Missing], list[Container]] = {}
    for container in containers(snapshot):
        waits = container.waiting.get("reason") in ("ContainerCreating", "PodInitializing")
        missing = next(_absent(container, snapshot), None) if waits and not container.last_terminated else None
        if missing is not None:
            groups.setdefault((container.owner, container.name, missing), []).append(container)
    for (_, _, missing), group in groups.items():
        yield missing, group


def _absent(container: Container, snapshot: Snapshot) -> Iterator[Missing]:
    """What its env and envFrom name, is not optional, and does not exist."""
    for kind, (whole, one_key) in _ENV_FIELDS.items():
        sources = [(each.get(whole) or {}, None) for each in container.spec.get("envFrom") or ()]
        keyed = [(each.get("valueFrom") or {}).get(one_key) or {} for each in container.spec.get("env") or ()]
        for source, key in [*sources, *((each, each.get("key")) for each in keyed)]:
            if not source.get("name") or source.get("optional") or not snapshot.has(kind):
                continue
            found = snapshot.named(kind, str(source["name"]))
            if found is None:
                yield Missing(kind, str(source["name"]))
            elif key is not None and "data" in found and key not in found["data"]:
                yield Missing(kind, str(source["name"]), str(key))


def _finding(group: list[Container], missing: Missing | None, snapshot: Snapshot) -> Finding:
    container = group[0]
    message = runtime.complaint(container)
    trouble = None if missing else runtime.trouble(container, message, snapshot)
    what = trouble.said if trouble else _what(missing, message, snapshot)
    return Finding(
        cause=CREATE_CONTAINER_CONFIG_ERROR,
        object=container.owner,
        container=container.name,
        affected=pod_names(group),
        subject=subject_of(container),
        detail=f"cannot be created: {what}",
        why=trouble.why if trouble else _why(missing),
        evidence=(*_evidence(container, missing, message), *(trouble.evidence if trouble else ())),
        remedies=tuple(trouble.remedies if trouble else _remedies(container, missing, snapshot)),
    )


def _what(missing: Missing | None, message: str, snapshot: Snapshot) -> str:
    if missing is None:
        return one_line(message.partition(" (pod:")[0], 200) or "the kubelet does not say why"
    without = f"{missing.kind} {missing.name} has no key {missing.key}"
    said = without if missing.key else f"{missing} does not exist"
    return one_line(said) + nearest_said(missing, snapshot)


def _why(missing: Missing | None) -> str:
    if missing is not None:
        return (
            "The kubelet resolves every ConfigMap and Secret in env and envFrom before it creates the "
            "container, in the pod's own namespace, and waits until all are there (unless marked optional)."
        )
    return "The container runtime could not make the container as the pod asks for it; the kubelet tries again."


def _evidence(container: Container, missing: Missing | None, message: str) -> tuple[Evidence, ...]:
    reason = container.waiting.get("reason") or "StartError"
    evidence = [about_pod("status", container.pod, f"{reason}: {message}" if message else reason)]
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
    return list(dict.fromkeys(str(one.get("key")) for one in references if one.get("name") == missing.name))


def _remedies(container: Container, missing: Missing | None, snapshot: Snapshot) -> list[Remedy]:
    owner = container.owner
    if missing is None:
        return [edit(owner, "Mend what the message names")]
    near = existing(missing, snapshot)
    changeable = owner.kind in TEMPLATE_KINDS
    if changeable and not missing.key and snapshot.named(OTHER_KIND[missing.kind], missing.name):
        return [_name_the_other_kind(container, missing)]
    return missing_remedies(
        missing,
        owner,
        _keys_asked(container, missing),
        near=near,
        container=container.name,
        point=_point(container, missing, near) if near and changeable else None,
    )


def _point(container: Container, missing: Missing, near: str) -> str:
    """A strategic merge patch: env merges by the variable's name, envFrom is replaced as a whole."""
    whole, one_key = _ENV_FIELDS[missing.kind]
    changed: Json = {}
    if env := _env_changed(container, missing, near, one_key):
        changed["env"] = env
    sources = container.spec.get("envFrom") or ()
    named = [(source.get(whole) or {}).get("name") == missing.name for source in sources]
    if not missing.key and any(named):
        changed["envFrom"] = [
            {**source, whole: {**source[whole], "name": near}} if is_it else source
            for source, is_it in zip(sources, named, strict=True)
        ]
    return container_patched(container, "", changed).command


def _name_the_other_kind(container: Container, missing: Missing) -> Remedy:
    other = OTHER_KIND[missing.kind]
    (whole, one_key), (other_whole, other_key) = _ENV_FIELDS[missing.kind], _ENV_FIELDS[other]
    changed: Json = {}
    variables = [
        {"name": variable["name"], "valueFrom": {one_key: None, other_key: reference}}
        for variable in container.spec.get("env") or ()
        if (reference := (variable.get("valueFrom") or {}).get(one_key) or {}).get("name") == missing.name
    ]
    if variables:
        changed["env"] = variables
    sources = container.spec.get("envFrom") or ()
    renamed = [
        {**{key: value for key, value in source.items() if key != whole}, other_whole: source[whole]}
        if (source.get(whole) or {}).get("name") == missing.name
        else source
        for source in sources
    ]
    if renamed != list(sources):
        changed["envFrom"] = renamed
    return container_patched(container, f"Name the {other} {missing.name}: {other_whole} or {other_key}", changed)


def _env_changed(container: Container, missing: Missing, near: str, one_key: str) -> list[Json]:
    changed = []
    for variable in container.spec.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get(one_key) or {}
        if reference.get("name") == missing.name and missing.key in (None, reference.get("key")):
            new = {"key": near} if missing.key else {"name": near}
            changed.append({"name": variable["name"], "valueFrom": {one_key: {**reference, **new}}})
    return changed


RULE = Rule(
    causes=(CREATE_CONTAINER_CONFIG_ERROR,),
    find=create_container_config_error,
    reads={"ConfigMap": wants_configmaps, "Secret": wants_secrets},
)
