"""Where a value comes from that a container was given: its own env, a ConfigMap, a Secret, a link to a Service.

Later ones win over earlier ones of the same name, as for the kubelet: Service links, then envFrom, then env.
Source: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/ and
https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from tools.diagnose.facts.containers import Container
from tools.diagnose.reading.snapshot import Answer, Question
from tools.diagnose.terms import Json, ObjectRef, Snapshot, once

Origin = Literal["env", "ConfigMap", "Secret", "link", "field", "command", "file"]
REFERENCE = re.compile(r"(?<!\$)\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
"""`$(NAME)`: what Kubernetes puts the value of an earlier variable in for."""
_CONFIG_SOURCES: tuple[tuple[Literal["ConfigMap", "Secret"], str, str], ...] = (
    ("ConfigMap", "configMapRef", "configMapKeyRef"),
    ("Secret", "secretRef", "secretKeyRef"),
)


class Value(msgspec.Struct, frozen=True):
    """One value that a container was given. `text` is None where it was not read; `ref` is what holds it.

    `name` is the variable; `key` the key of the ConfigMap or Secret, where one is named.
    """

    origin: Origin
    name: str
    text: str | None
    ref: ObjectRef
    key: str = ""

    @property
    def said(self) -> str:
        """`env DB_HOST, from key host of ConfigMap shop`."""
        match self.origin:
            case "ConfigMap" | "Secret":
                key = f"key {self.key} of " if self.key else ""
                return f"env {self.name}, from {key}{self.origin} {self.ref.name}"
            case "file":
                return f"key {self.key} of ConfigMap {self.ref.name}, which is mounted"
            case "command":
                return f"its {self.name}"
            case "link":
                return f"env {self.name}, which Kubernetes makes for Service {self.ref.name}"
            case _:
                return f"env {self.name}"


def given(container: Container, snapshot: Snapshot) -> dict[str, Value]:
    """The variables of a container by name, where it sets them or a Service of the namespace does.

    Those of envFrom are only known where their ConfigMap or Secret was asked for; see `sources`.
    """
    known = {value.name: value for value in _links(container, snapshot)}
    known |= {value.name: value for value in written(container, snapshot)}
    return known


def written(container: Container, snapshot: Snapshot) -> Iterator[Value]:
    """What its `env` names, with `$(NAME)` as it is written."""
    for variable in container.spec.get("env") or ():
        name, source = str(variable.get("name")), variable.get("valueFrom") or {}
        for kind, _, one_key in _CONFIG_SOURCES:
            if reference := source.get(one_key):
                ref = _config_ref(kind, str(reference.get("name")), snapshot)
                yield Value(kind, name, None, ref, str(reference.get("key")))
                break
        else:
            if source:
                yield Value("field", name, None, container.owner)
            else:
                yield Value("env", name, str(variable.get("value") or ""), container.owner)


def sources(container: Container, snapshot: Snapshot) -> list[ObjectRef]:
    """The ConfigMaps and Secrets that its env and envFrom name: what is read once, when it starts."""
    found = [value.ref for value in written(container, snapshot) if value.origin in ("ConfigMap", "Secret")]
    for each in container.spec.get("envFrom") or ():
        for kind, whole, _ in _CONFIG_SOURCES:
            if reference := each.get(whole):
                found.append(_config_ref(kind, str(reference.get("name")), snapshot))
    return list(dict.fromkeys(found))


def mounted_sources(container: Container, snapshot: Snapshot, *, sub_path: bool = False) -> list[ObjectRef]:
    """The ConfigMaps and Secrets whose files it mounts; with `sub_path` those whose files never change there."""
    volumes = {str(each.get("name")): each for each in container.pod["spec"].get("volumes") or ()}
    found = []
    for mount in container.spec.get("volumeMounts") or ():
        if sub_path and not (mount.get("subPath") or mount.get("subPathExpr")):
            continue
        volume = volumes.get(str(mount.get("name"))) or {}
        for source in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            if name := (source.get("configMap") or {}).get("name"):
                found.append(_config_ref("ConfigMap", str(name), snapshot))
            secret = source.get("secret") or {}
            if name := secret.get("secretName") or secret.get("name"):
                found.append(_config_ref("Secret", str(name), snapshot))
    return list(dict.fromkeys(found))


def look_at(ref: ObjectRef, snapshot: Snapshot, *mentions: str) -> Answer | None:
    """What may be known of a ConfigMap or Secret: its keys, when it was changed, what is odd of its values."""
    word = "configmaps" if ref.kind == "ConfigMap" else "secrets"
    held = mentions if ref.kind == "ConfigMap" else ()
    return snapshot.ask(Question(word, ref.namespace, ref.name, mentions=held))


def holding(text: str, container: Container, snapshot: Snapshot) -> Value | None:
    """What a container was given that holds a text: env, command, a key of a ConfigMap; None where none is known.

    ConfigMaps are asked only where nothing else holds it. Values of Secrets are not looked at.
    """
    if not text:
        return None
    variables = list(written(container, snapshot))
    for value in variables:
        if value.text is not None and text in expanded(value.text, container, snapshot):
            return value
    if found := _in_config(text, variables, container, snapshot):
        return found
    for field in ("command", "args"):
        if any(text in str(word) for word in container.spec.get(field) or ()):
            return Value("command", field, None, container.owner)
    return None


def _in_config(text: str, variables: list[Value], container: Container, snapshot: Snapshot) -> Value | None:
    mounted = mounted_sources(container, snapshot)
    for ref in dict.fromkeys((*sources(container, snapshot), *mounted)):
        answer = look_at(ref, snapshot, text) if ref.kind == "ConfigMap" else None
        for key in ((answer.one if answer else None) or {}).get("mentions") or ():
            named = next((each.name for each in variables if (each.ref, each.key) == (ref, key)), None)
            if named is None and ref in mounted and ref not in sources(container, snapshot):
                return Value("file", "", None, ref, key)
            return Value("ConfigMap", named or key, None, ref, key)
    return None


def expanded(text: str, container: Container, snapshot: Snapshot) -> str:
    """A value with `$(NAME)` replaced by what is known of the variables; as it is written where it is not."""
    if "$(" not in text:
        return text
    known = given(container, snapshot)
    return REFERENCE.sub(
        lambda match: value.text if (value := known.get(match[1])) and value.text is not None else match[0], text
    )


def unexpanded(container: Container, snapshot: Snapshot) -> Iterator[tuple[Value, str, bool]]:
    """Values with `$(NAME)` of a variable that is set after them (True) or not at all (False), and its name."""
    linked = {} if container.pod["spec"].get("enableServiceLinks") is False else links(snapshot)
    before = set[str]()
    all_names = {str(each.get("name")) for each in container.spec.get("env") or ()}
    has_more = bool(container.spec.get("envFrom"))
    for value in written(container, snapshot):
        for match in REFERENCE.finditer(value.text or ""):
            later = match[1] in all_names
            if match[1] not in linked and match[1] not in before and (later or not has_more):
                yield value, match[1], later
        before.add(value.name)
    for field in ("command", "args"):
        for word in container.spec.get(field) or ():
            for match in REFERENCE.finditer(str(word)):
                if match[1] not in linked and match[1] not in before and not has_more:
                    yield Value("command", field, str(word), container.owner), match[1], False


@once
def links(snapshot: Snapshot) -> dict[str, Value]:
    """The variables that Kubernetes makes for the Services of the namespace, by name."""
    return {each.name: each for each in _all_links(snapshot)}


@once
def linked_ports(snapshot: Snapshot) -> dict[str, Value]:
    """Those that hold an address with its port, by that."""
    return {str(each.text): each for each in links(snapshot).values() if each.name.endswith("_PORT")}


def _links(container: Container, snapshot: Snapshot) -> Iterator[Value]:
    if container.pod["spec"].get("enableServiceLinks") is not False:
        yield from links(snapshot).values()


def _all_links(snapshot: Snapshot) -> Iterator[Value]:
    """Source: kubelet's pkg/kubelet/envvars/envvars.go."""
    for service in snapshot.of("Service"):
        spec, name = service.get("spec") or {}, str(service["metadata"]["name"])
        address = spec.get("clusterIP")
        if not address or address == "None":
            continue
        prefix, ref = name.upper().replace("-", "_"), ObjectRef("v1", "Service", snapshot.namespace, name)
        texts = {f"{prefix}_SERVICE_HOST": str(address)}
        for at, port in enumerate(spec.get("ports") or ()):
            number, protocol = port.get("port"), str(port.get("protocol") or "TCP")
            url = f"{protocol.lower()}://{address}:{number}"
            one = f"{prefix}_PORT_{number}_{protocol}"
            if at == 0:
                texts |= {f"{prefix}_SERVICE_PORT": str(number), f"{prefix}_PORT": url}
            if port.get("name"):
                texts[f"{prefix}_SERVICE_PORT_{str(port['name']).upper().replace('-', '_')}"] = str(number)
            texts |= {
                one: url,
                f"{one}_PROTO": protocol.lower(),
                f"{one}_PORT": str(number),
                f"{one}_ADDR": address,
            }
        for variable, text in texts.items():
            yield Value("link", variable, text, ref)


def _config_ref(kind: Literal["ConfigMap", "Secret"], name: str, snapshot: Snapshot) -> ObjectRef:
    return ObjectRef("v1", kind, snapshot.namespace, name)


def config_json(answer: Answer | None) -> Json:
    """The object of an answer; empty where it is not known or does not exist."""
    return (answer.one if answer else None) or {}
