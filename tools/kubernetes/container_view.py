"""What one container of a workload gets: environment, ports and mounts, each with where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Literal

from pydantic import Field

from tools.apimachinery.selectors import matches_plain
from tools.cluster.errors import Forbidden, NotFound
from tools.frame import Name, Namespace, Result, ToolContext
from tools.json import Json
from tools.kubernetes.environment import looks_secret, origin
from tools.kubernetes.pod_template import (
    Templated,
    container_of,
    template_of,
    where,
)
from tools.kubernetes.ports import (
    declared,
    number_of,
    protocol_of,
    target_of,
)
from tools.plaintext import one_line

What = Annotated[Literal["env", "ports", "mounts", "all"], Field(description="Which part of it.")]
_VALUE_CHARS = 200
_MASKED = "[redacted]"
_REFERENCES = (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret"))
_SOURCES = (("configMapRef", "ConfigMap"), ("secretRef", "Secret"))
_VOLUMES = (
    ("configMap", "ConfigMap", "name"),
    ("secret", "Secret", "secretName"),
    ("persistentVolumeClaim", "PersistentVolumeClaim", "claimName"),
)


def show_container(
    context: ToolContext,
    *,
    namespace: Namespace,
    name: Name,
    kind: Templated = "Deployment",
    container: Name | None = None,
    what: What = "all",
) -> Result:
    """What one container gets: environment, ports and mounts, each with where it comes from, and what is missing.

    For each variable the ConfigMap, Secret or field of its value, for each port the Services that lead to it, for
    each mount its volume and whether what that refers to is there.
    Read from the workload and what it refers to: nothing is run in the container, and values of Secrets are never
    shown. The container may be left out when the workload has only one.
    """
    live = context.cluster.get(kind, name, namespace)
    _, chosen = container_of(live, container)
    sources = Sources(context, namespace)
    parts: dict[str, Callable[[], list[str]]] = {
        "env": lambda: list(_environment(chosen, sources)),
        "ports": lambda: list(_ports(live, chosen, sources)),
        "mounts": lambda: list(_mounts(live, chosen, sources)),
    }
    told = {part: tell() for part, tell in parts.items() if what in (part, "all")}
    lines = [
        line for part, rows in told.items() for line in (f"{part}:", *(f"  {row}" for row in rows or ["none"]))
    ]
    head = f"Container {chosen['name']} of {where(live)}, image {chosen.get('image', 'unset')}"
    return Result("\n".join([head, *lines]), {"container": chosen["name"], **told})


class Sources:
    """What a container may refer to, each object read once."""

    def __init__(self, context: ToolContext, namespace: str) -> None:
        self.context, self.namespace = context, namespace
        self._read: dict[tuple[str, str], Json | str] = {}

    def get(self, kind: str, name: str) -> Json | str:
        """The object, or in words why there is none to see."""
        if (kind, name) not in self._read:
            self._read[kind, name] = self._look(kind, name)
        return self._read[kind, name]

    def _look(self, kind: str, name: str) -> Json | str:
        try:
            return self.context.cluster.get(kind, name, self.namespace)
        except NotFound:
            return f"MISSING: there is no {kind} {name}"
        except Forbidden:
            return f"{kind} {name} may not be read"

    def key(self, kind: str, name: str, key: str) -> str:
        """What there is to say of one key: empty when it is there."""
        found = self.get(kind, name)
        if isinstance(found, str):
            return found
        return (
            ""
            if key in keys_of(found)
            else f"MISSING: {kind} {name} has no key {key}, only {_listed(keys_of(found))}"
        )

    def services(self) -> list[Json]:
        """The Services of the namespace; none where they may not be read."""
        try:
            return self.context.cluster.list("services", self.namespace)
        except Forbidden:
            return []


def keys_of(source: Json) -> list[str]:
    """The keys of a ConfigMap or Secret."""
    return sorted({**(source.get("data") or {}), **(source.get("binaryData") or {})})


def _environment(container: Json, sources: Sources) -> Iterator[str]:
    for entry in container.get("env") or ():
        source = entry.get("valueFrom")
        yield f"{entry['name']}  {_from(source, sources)}" if source else _literal(entry, sources.context)
    for entry in container.get("envFrom") or ():
        for field, kind in _SOURCES:
            if field in entry:
                yield _all_of(kind, entry[field], str(entry.get("prefix") or ""), sources)


def _literal(entry: Json, context: ToolContext) -> str:
    name, value = entry["name"], str(entry.get("value") or "")
    shown = _MASKED if looks_secret(context, name, value) else one_line(value, _VALUE_CHARS)
    return f"{name}={shown}"


def _from(source: Json, sources: Sources) -> str:
    """Where a value comes from: that of a ConfigMap is shown, that of a Secret never is."""
    said = f"from {origin(source)}"
    for field, kind in _REFERENCES:
        if field in source:
            return f"{said}{_value(kind, source[field], sources)}"
    return said


def _value(kind: str, reference: Json, sources: Sources) -> str:
    name, key = str(reference.get("name", "")), str(reference.get("key", ""))
    if trouble := sources.key(kind, name, key):
        return f"  {trouble}{' (optional)' if reference.get('optional') else ''}"
    found = sources.get(kind, name)
    if kind == "Secret" or isinstance(found, str):
        return ""
    value = str((found.get("data") or {}).get(key, "(binary)"))
    return f": {_MASKED if looks_secret(sources.context, key, value) else one_line(value, _VALUE_CHARS)}"


def _all_of(kind: str, reference: Json, prefix: str, sources: Sources) -> str:
    name = str(reference.get("name", ""))
    found = sources.get(kind, name)
    optional = " (optional)" if reference.get("optional") else ""
    with_prefix = f" with prefix {prefix}" if prefix else ""
    if isinstance(found, str):
        return f"all keys of {kind} {name}{with_prefix}: {found}{optional}"
    return f"all keys of {kind} {name}{with_prefix}: {_listed([prefix + key for key in keys_of(found)])}"


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _ports(live: Json, container: Json, sources: Sources) -> Iterator[str]:
    template = template_of(live)["spec"]
    led = list(_led(live, template, sources))
    own = container.get("ports") or []
    for port in own:
        to_it = [said for number, said in led if number == port["containerPort"]]
        named = f" {port['name']}" if port.get("name") else ""
        yield f"{port['containerPort']}/{protocol_of(port)}{named}  {'; '.join(to_it) or 'no Service leads to it'}"
    known = {port["containerPort"] for port in declared(template)}
    for number, said in led:
        if number is None:
            yield f"{said}: MISSING, no container has a port of that name"
        elif number not in known:
            yield f"{said}, which no container declares"


def _led(live: Json, template: Json, sources: Sources) -> Iterator[tuple[int | None, str]]:
    """Where the ports lead of each Service that selects the workload's pods."""
    labels = (template_of(live).get("metadata") or {}).get("labels") or {}
    for service in sources.services():
        selector = (service.get("spec") or {}).get("selector")
        if not selector or not matches_plain(selector, labels):
            continue
        for port in service["spec"].get("ports") or ():
            target = target_of(port)
            yield (
                number_of(template, target),
                f"Service {service['metadata']['name']} port {port['port']} leads to {target}",
            )


def _mounts(live: Json, container: Json, sources: Sources) -> Iterator[str]:
    volumes = {volume["name"]: volume for volume in template_of(live)["spec"].get("volumes") or ()}
    claims = {each["metadata"]["name"] for each in live["spec"].get("volumeClaimTemplates") or ()}
    for mount in container.get("volumeMounts") or ():
        name = mount["name"]
        if name in volumes:
            said = _volume(volumes[name], sources)
        else:
            said = "a claim of its own for each pod" if name in claims else "MISSING: there is no such volume"
        sub_path = f" ({mount['subPath']} of it)" if mount.get("subPath") else ""
        read_only = ", read-only" if mount.get("readOnly") else ""
        yield f"{mount['mountPath']}{sub_path}{read_only}  volume {name}: {said}"


def _volume(volume: Json, sources: Sources) -> str:
    for field, kind, named_by in _VOLUMES:
        if field in volume:
            return _referred(kind, str(volume[field].get(named_by, "")), volume[field], sources)
    if "projected" in volume:
        return "; ".join(_projected(volume["projected"].get("sources") or [], sources)) or "projected, of nothing"
    if "hostPath" in volume:
        return f"path {volume['hostPath'].get('path', '')} of the node"
    return next((key for key in volume if key != "name"), "emptyDir")


def _projected(projections: list[Json], sources: Sources) -> Iterator[str]:
    for each in projections:
        for field, kind, _ in _VOLUMES[:2]:
            if field in each:
                yield _referred(kind, str(each[field].get("name", "")), each[field], sources)
        yield from (
            f"a {field}" for field in ("serviceAccountToken", "downwardAPI", "clusterTrustBundle") if field in each
        )


def _referred(kind: str, name: str, reference: Json, sources: Sources) -> str:
    """What a volume is made of, and whether that is there."""
    optional = " (optional)" if reference.get("optional") else ""
    found = sources.get(kind, name)
    if isinstance(found, str):
        return f"{kind} {name}, {found}{optional}"
    wanted = [str(item.get("key", "")) for item in reference.get("items") or ()]
    absent = [trouble for key in wanted if (trouble := sources.key(kind, name, key))]
    is_claim = kind == "PersistentVolumeClaim"
    state = (found.get("status") or {}).get("phase", "there") if is_claim else _listed(wanted or keys_of(found))
    return f"{kind} {name} ({state})" + "".join(f", {each}{optional}" for each in absent)
