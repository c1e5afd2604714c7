"""What a pod refers to: is it there, and has it the key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.checks import Check
from tools.json import Json
from tools.validation.fault import Fault
from tools.validation.manifests import Manifest, PodTemplate, mapping, mappings
from tools.validation.parsing import Path
from tools.validation.rule import Context, Rule

_CONFIG_MAP = "https://kubernetes.io/docs/concepts/configuration/configmap/"
_MADE_BY_CLUSTER = frozenset(
    {("ConfigMap", "kube-root-ca.crt"), ("ConfigMap", "openshift-service-ca.crt"), ("ServiceAccount", "default")}
)


@dataclass(frozen=True, slots=True)
class Reference:
    """An object of the same namespace that a pod needs, and the key in it."""

    pod: PodTemplate
    path: Path
    kind: str
    name: str
    container: str | None = None
    key: str | None = None

    @property
    def namespace(self) -> str | None:
        """The pod's."""
        return self.pod.namespace


def references(context: Context) -> Iterator[Reference]:
    """All references of all pods that are not optional."""
    for pod in context.manifests.pods:
        account = pod.spec.get("serviceAccountName") or pod.spec.get("serviceAccount")
        if isinstance(account, str):
            field = "serviceAccountName" if pod.spec.get("serviceAccountName") else "serviceAccount"
            yield Reference(pod, (*pod.path, field), "ServiceAccount", account)
        for index, secret in mappings(pod.spec.get("imagePullSecrets")):
            if isinstance(secret.get("name"), str):
                yield Reference(pod, (*pod.path, "imagePullSecrets", index), "Secret", secret["name"])
        for index, volume in mappings(pod.spec.get("volumes")):
            yield from _of_volume(pod, (*pod.path, "volumes", index), volume)
    for container in context.manifests.containers:
        yield from _of_environment(container.pod, container.path, container.spec, container.name)


def _of_volume(pod: PodTemplate, path: Path, volume: Json) -> Iterator[Reference]:
    yield from _one(pod, (*path, "configMap"), "ConfigMap", mapping(volume.get("configMap")))
    secret = mapping(volume.get("secret"))
    yield from _one(pod, (*path, "secret"), "Secret", secret, field="secretName")
    claim = mapping(volume.get("persistentVolumeClaim")).get("claimName")
    if isinstance(claim, str):
        yield Reference(pod, (*path, "persistentVolumeClaim", "claimName"), "PersistentVolumeClaim", claim)
    for index, source in mappings(mapping(volume.get("projected")).get("sources")):
        below = (*path, "projected", "sources", index)
        yield from _one(pod, (*below, "configMap"), "ConfigMap", mapping(source.get("configMap")))
        yield from _one(pod, (*below, "secret"), "Secret", mapping(source.get("secret")))


def _of_environment(pod: PodTemplate, path: Path, container: Json, name: str) -> Iterator[Reference]:
    for index, source in mappings(container.get("envFrom")):
        below = (*path, "envFrom", index)
        yield from _one(pod, (*below, "configMapRef"), "ConfigMap", mapping(source.get("configMapRef")), name)
        yield from _one(pod, (*below, "secretRef"), "Secret", mapping(source.get("secretRef")), name)
    for index, entry in mappings(container.get("env")):
        below, source = (*path, "env", index, "valueFrom"), mapping(entry.get("valueFrom"))
        yield from _one(pod, (*below, "configMapKeyRef"), "ConfigMap", mapping(source.get("configMapKeyRef")), name)
        yield from _one(pod, (*below, "secretKeyRef"), "Secret", mapping(source.get("secretKeyRef")), name)


def _one(
    pod: PodTemplate, path: Path, kind: str, source: Json, container: str | None = None, *, field: str = "name"
) -> Iterator[Reference]:
    name, key = source.get(field), source.get("key")
    if not isinstance(name, str) or not name or source.get("optional") is True:
        return
    keys = [each.get("key") for _, each in mappings(source.get("items"))] or [key]
    for each in keys:
        yield Reference(pod, (*path, field), kind, name, container, each if isinstance(each, str) else None)


def _missing(kind: str) -> Any:
    def find(context: Context) -> Iterator[Fault]:
        told = set()
        for each in references(context):
            place = (each.pod.manifest.identity, each.name)
            if each.kind != kind or place in told or (kind, each.name) in _MADE_BY_CLUSTER:
                continue
            if context.lacks(kind, each.namespace, each.name):
                told.add(place)
                says = context.missing(kind, each.namespace, each.name)
                yield Fault(each.pod.manifest, each.path, says, each.container)

    return find


def _keys(context: Context) -> Iterator[Fault]:
    for each in references(context):
        there = context.manifests.get(each.kind, each.namespace, each.name) if each.key else None
        keys = _keys_of(there) if there is not None else None
        if keys is not None and each.key not in keys:
            says = f"{each.kind} {each.name} has no key {each.key}; it has {', '.join(sorted(keys)) or 'none'}"
            yield Fault(each.pod.manifest, each.path, says, each.container)


def _keys_of(there: Manifest) -> set[str]:
    return {key for field in ("data", "binaryData", "stringData") for key in mapping(there.data.get(field))}


def _unresolved(context: Context) -> Iterator[Fault]:
    for each in _unknown(context):
        if each.kind != "Secret":
            says = f"{each.kind} {each.name} is not among these manifests"
            yield Fault(each.pod.manifest, each.path, says, each.container)


def _unknown(context: Context) -> Iterator[Reference]:
    """References, each once, of which nobody can tell whether they are there."""
    told = set()
    for each in references(context):
        what = (each.kind, each.namespace, each.name)
        if what not in told and what[::2] not in _MADE_BY_CLUSTER and context.has(*what) is None:
            told.add(what)
            if not context.lacks(*what):
                yield each


def unjudged(context: Context) -> Iterator[str]:
    """The Secrets of which nobody can tell whether they are there: it is right that no file has them."""
    for each in _unknown(context):
        if each.kind == "Secret":
            place = f"{each.pod.manifest.source.path}:{each.pod.manifest.mark(each.path).line}"
            yield f"whether Secret {each.name} is there ({place}): no cluster was asked for it"


def _rule(name: Check, kind: str, means: str, why: str, mend: str, source: str) -> Rule:
    return Rule(name, "error", means, why, mend, source, _missing(kind), is_taken=True)


RULES = (
    Rule(
        "ReferenceUnresolved",
        "info",
        "A pod needs something that the manifests do not have, and nobody knows whether the cluster has it.",
        "If the cluster has not got it either, the pod does not start.",
        "Validate with a cluster and -n NAMESPACE, or add it to the manifests.",
        _CONFIG_MAP,
        _unresolved,
    ),
    _rule(
        "ConfigMapMissing",
        "ConfigMap",
        "A pod needs a ConfigMap that is not there.",
        "Its container waits in CreateContainerConfigError, or its volume is never mounted.",
        "Correct the name, or add the ConfigMap.",
        _CONFIG_MAP,
    ),
    _rule(
        "SecretMissing",
        "Secret",
        "A pod needs a Secret that the cluster does not have.",
        "Its container waits in CreateContainerConfigError, or its volume is never mounted.",
        "Correct the name, or make the Secret in the cluster; its values belong in no file.",
        "https://kubernetes.io/docs/concepts/configuration/secret/",
    ),
    Rule(
        "KeyMissing",
        "error",
        "A ConfigMap or Secret of the manifests has not the key that a pod names.",
        "The container waits in CreateContainerConfigError.",
        "Correct the key, or add it.",
        _CONFIG_MAP,
        _keys,
        is_taken=True,
    ),
    _rule(
        "ClaimMissing",
        "PersistentVolumeClaim",
        "A pod needs a PersistentVolumeClaim that is not there.",
        "It stays Pending.",
        "Correct claimName, or add the claim.",
        "https://kubernetes.io/docs/concepts/storage/persistent-volumes/",
    ),
    _rule(
        "ServiceAccountMissing",
        "ServiceAccount",
        "A pod names a service account that is not there.",
        "No pod is made: the API server refuses it, and the workload stays at 0.",
        "Correct serviceAccountName, or add the ServiceAccount.",
        "https://kubernetes.io/docs/concepts/security/service-accounts/",
    ),
)
