"""What pods name of ConfigMaps and Secrets, and what of it the kubelet misses, as its messages say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from tools.diagnose.facts.containers import broken
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.present import events_say
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.facts.unplaced import unplaced
from tools.diagnose.terms import Json, Snapshot

SourceKind = Literal["ConfigMap", "Secret"]

_OBJECT = re.compile(r'(configmap|secret)s? "([^"]+)" not found', re.I)
_KEY = re.compile(r"couldn't find key (\S+) in (ConfigMap|Secret) [^/\s]+/(\S+)")
_CONFIG_VOLUMES = frozenset(("configMap", "secret", "projected"))
_CONFIGURED = re.compile(r"\b(configmap|secret)s?\b", re.I)
_OF_SECRETS = re.compile(r"\bsecrets?\b", re.I)
_KINDS: dict[str, SourceKind] = {"configmap": "ConfigMap", "secret": "Secret"}


class Missing(msgspec.Struct, frozen=True):
    """What is not there: an object, or with `key` one key of an object that is."""

    kind: SourceKind
    name: str
    key: str | None = None

    def __str__(self) -> str:
        return f"key {self.key} of {self.kind} {self.name}" if self.key else f"{self.kind} {self.name}"


def missing_in(message: str) -> Missing | None:
    """What the kubelet misses, from its message; None when it complains of something else."""
    if match := _KEY.search(message):
        return Missing(_KINDS[match[2].lower()], match[3], match[1])
    if match := _OBJECT.search(message):
        return Missing(_KINDS[match[1].lower()], match[2])
    return None


def wants_configmaps(snapshot: Snapshot) -> bool:
    """Whether the ConfigMaps there are may decide: a pod waits for one, in its environment or for a volume."""
    return (
        bool(broken(snapshot, "CreateContainerConfigError"))
        or _config_volume(snapshot)
        or _names_in_env(snapshot, "configMapRef", "configMapKeyRef")
        or events_say(snapshot, "FailedMount", _CONFIGURED)
    )


def wants_secrets(snapshot: Snapshot) -> bool:
    """The same of the Secrets; and a ConfigMap that is missing, and like none there is, may be a Secret's name."""
    return (
        any(missing.kind == "Secret" for missing in _missing(snapshot))
        or _config_volume(snapshot, _CONFIG_VOLUMES - {"configMap"})
        or _names_in_env(snapshot, "secretRef", "secretKeyRef")
        or events_say(snapshot, "FailedMount", _OF_SECRETS)
        or _no_such_configmap(snapshot)
    )


def _missing(snapshot: Snapshot) -> Iterator[Missing]:
    """The ConfigMaps and Secrets that the kubelet does not find, for env or for a volume."""
    waiting = (str(group[0].waiting.get("message")) for group in broken(snapshot, "CreateContainerConfigError"))
    mounts = (str(event.get("message")) for event in snapshot.of("Event") if event.get("reason") == "FailedMount")
    for message in (*waiting, *mounts):
        if missing := missing_in(message):
            yield missing


def _no_such_configmap(snapshot: Snapshot) -> bool:
    if not snapshot.has("ConfigMap"):
        return False
    names = snapshot.names("ConfigMap")
    return any(
        missing.kind == "ConfigMap" and not missing.key and not nearest(missing.name, names)
        for missing in _missing(snapshot)
    )


def _config_volume(snapshot: Snapshot, kinds: frozenset[str] = _CONFIG_VOLUMES) -> bool:
    """Whether a pod waits on its node for its volumes, and has one of a ConfigMap or Secret."""
    return any(
        status_of(pod).get("phase") == "Pending"
        and not unplaced(pod)
        and not _is_mounted(pod)
        and any(kinds & each.keys() for each in pod["spec"].get("volumes") or () if not _is_token(each))
        for pod in snapshot.of("Pod")
    )


def _names_in_env(snapshot: Snapshot, whole: str, one_key: str) -> bool:
    """Whether a pod that has its node, and no containers yet, names such a source in its environment."""
    return any(
        any(whole in each for each in container.get("envFrom") or ())
        or any(one_key in (each.get("valueFrom") or {}) for each in container.get("env") or ())
        for pod in snapshot.of("Pod")
        if status_of(pod).get("phase") == "Pending" and not unplaced(pod)
        for which in ("containers", "initContainers")
        for container in pod["spec"].get(which) or ()
    )


def _is_mounted(pod: Json) -> bool:
    conditions = conditions_of(pod)
    return any(
        each.get("type") == "PodReadyToStartContainers" and each.get("status") == "True" for each in conditions
    )


def _is_token(volume: Json) -> bool:
    """The volume that every pod has for its service account."""
    return str(volume.get("name")).startswith("kube-api-access-")
