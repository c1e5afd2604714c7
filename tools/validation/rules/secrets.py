"""Secrets where they do not belong. What looks like one, the redactor knows; it is given by the caller."""

from __future__ import annotations

from collections.abc import Iterator

from tools.json import Json
from tools.validation.fault import Fault
from tools.validation.manifests import mapping, mappings, texts
from tools.validation.rule import Context, Rule

_SECRETS = "https://kubernetes.io/docs/concepts/security/secrets-good-practices/"


def _in_config_maps(context: Context) -> Iterator[Fault]:
    for each in context.manifests.of("ConfigMap"):
        data = texts(each.data.get("data"))
        for key in _masked(context, data):
            says = f"the value of {key} looks like a secret"
            yield Fault(each, ("data", key), says, is_secret=True)


def _masked(context: Context, data: Json) -> list[str]:
    """The keys whose values are masked, whole or in part."""
    shown = context.mask({"data": data}).get("data")
    return [key for key, value in data.items() if mapping(shown).get(key, value) != value]


def _in_environment(context: Context) -> Iterator[Fault]:
    for container in context.manifests.containers:
        for index, entry in mappings(container.spec.get("env")):
            value = entry.get("value")
            if isinstance(value, str) and value and "$(" not in value and context.mask(entry) != entry:
                path = (*container.path, "env", index, "value")
                says = f"the value of {entry.get('name')} looks like a secret"
                yield Fault(container.pod.manifest, path, says, container.name, is_secret=True)


def _in_manifests(context: Context) -> Iterator[Fault]:
    for each in context.manifests.of("Secret"):
        if each.group:
            continue
        held = [field for field in ("data", "stringData") if any(mapping(each.data.get(field)).values())]
        if held:
            says = "the values of this Secret are in the file; base64 hides nothing"
            yield Fault(each, (held[0],), says, is_secret=True)


RULES = (
    Rule(
        "SecretInConfigMap",
        "warning",
        "A ConfigMap holds what looks like a secret.",
        "Everybody with the role view reads it, and so does everybody with the repository.",
        "Put it into a Secret, and refer to its key; change the secret, for it is known.",
        _SECRETS,
        _in_config_maps,
        of_text=True,
    ),
    Rule(
        "SecretInEnvironment",
        "warning",
        "A variable's value looks like a secret.",
        "Everybody who may read the pod reads it, and so does everybody with the repository.",
        "valueFrom: secretKeyRef; change the secret, for it is known.",
        _SECRETS,
        _in_environment,
        of_text=True,
    ),
    Rule(
        "SecretInManifest",
        "warning",
        "A Secret's values stand in a file.",
        "Git keeps them for ever, for everybody with the repository.",
        "An ExternalSecret or SealedSecret, or make it in the cluster; change the values, for they are known.",
        _SECRETS,
        _in_manifests,
        of_text=True,
    ),
)
