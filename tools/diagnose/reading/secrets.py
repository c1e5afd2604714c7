"""Which Secrets a diagnosis looks into, and the little that it keeps of them: type, keys, registry hosts.

Only where something asks for it: an image was refused for want of credentials, or a key of a Secret is missing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Literal

from msgspec.structs import replace

from tools.cluster import errors
from tools.cluster.client import Cluster
from tools.diagnose.facts.containers import broken
from tools.diagnose.facts.image_pulls import DOCKER_HUB, Reference, refused
from tools.diagnose.facts.references import missing_in
from tools.diagnose.reading.away import unless_away
from tools.diagnose.reading.decoding import without_values
from tools.diagnose.terms import Json, Snapshot
from tools.plaintext import one_line

SECRETS_AT_MOST = 5
"""Secrets read whole for one diagnosis."""

PullType = Literal["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"]
PULL_TYPES: dict[str, str] = {
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
    "kubernetes.io/dockercfg": ".dockercfg",
}
PULL_TYPE: PullType = "kubernetes.io/dockerconfigjson"

_DOCKER_HUB_KEY = "index.docker.io"


def look_into(cluster: Cluster, snapshot: Snapshot) -> Snapshot:
    """The snapshot with the type, keys and registries of the few Secrets that its faults ask for.

    One list of the pull secrets (`SECRETS_AT_MOST`) when an image was refused, and one read for each other
    Secret that a broken pod or its service account names. What could not be read goes to `not_checked`.
    """
    not_checked: list[str] = []
    if _pull_secrets_wanted(snapshot):
        try:
            found = cluster.list(
                "secrets", snapshot.namespace, field_selector=f"type={PULL_TYPE}", limit=SECRETS_AT_MOST
            )
            snapshot = looked_into(snapshot, found)
        except errors.ClusterError as error:
            not_checked.append(f"pull secrets: {_because(unless_away(cluster, error))}")
    for name in wanted(snapshot):
        try:
            snapshot = looked_into(snapshot, [cluster.get("secrets", name, snapshot.namespace)])
        except errors.ClusterError as error:
            not_checked.append(f"secret {one_line(name)}: {_because(unless_away(cluster, error))}")
    return replace(snapshot, not_checked=(*snapshot.not_checked, *not_checked)) if not_checked else snapshot


def wanted(snapshot: Snapshot) -> list[str]:
    """The Secrets to look into, of those that exist and were not looked into yet, by need; few."""
    names = dict.fromkeys([*_with_a_missing_key(snapshot), *_named_for_pulls(snapshot)])
    unread = [name for name in names if (found := snapshot.named("Secret", name)) and "type" not in found]
    return unread[:SECRETS_AT_MOST]


def looked_into(snapshot: Snapshot, secrets: Iterable[Json]) -> Snapshot:
    """The snapshot with what may be known of these Secrets."""
    known = {item["metadata"]["name"]: item for item in snapshot.of("Secret")}
    for secret in secrets:
        known[secret["metadata"]["name"]] = without_credentials(secret)
    return replace(snapshot, objects={**snapshot.objects, "Secret": tuple(known.values())})


def without_credentials(secret: Json) -> Json:
    """A Secret's name, type and keys; of a pull secret also `registries`, as they are written, and no more."""
    clean = without_values(secret)
    key = PULL_TYPES.get(str(secret.get("type")))
    if key is not None:
        clean["registries"] = sorted(_registries((secret.get("data") or {}).get(key), key))
    return clean


def fits(registry: str, image: Reference) -> bool:
    """Whether credentials for `registry`, as a pull secret writes it, are used for an image.

    Host names may have wildcards, one a part; a path must be the beginning of the image's.
    Source: kubelet's pkg/credentialprovider/keyring.go, and
    https://kubernetes.io/docs/concepts/containers/images/#config-json
    """
    host, _, path = registry.partition("/")
    if host == _DOCKER_HUB_KEY and image.registry == DOCKER_HUB:
        return True
    image_host, _, image_path = image.full_repository.partition("/")
    return _host_fits(host, image_host) and image_path.startswith(path)


def _pull_secrets_wanted(snapshot: Snapshot) -> bool:
    return bool(snapshot.of("Secret")) and bool(refused(snapshot))


def _because(error: errors.ClusterError) -> str:
    return "forbidden" if isinstance(error, errors.Forbidden) else one_line(str(error), 200)


def _host_fits(pattern: str, host: str) -> bool:
    pattern_name, _, pattern_port = pattern.partition(":")
    name, _, port = host.partition(":")
    parts, wanted_parts = name.split("."), pattern_name.split(".")
    return (
        pattern_port == port
        and len(parts) == len(wanted_parts)
        and all(fnmatchcase(part, glob) for part, glob in zip(parts, wanted_parts, strict=True))
    )


def _registries(value: object, key: str) -> Iterator[str]:
    try:
        document = json.loads(base64.b64decode(str(value or "")))
    except (ValueError, binascii.Error, RecursionError):
        return
    entries = document.get("auths") if key == ".dockerconfigjson" and isinstance(document, dict) else document
    for entry in entries if isinstance(entries, dict) else ():
        yield _registry(str(entry))


def _registry(written: str) -> str:
    """`https://index.docker.io/v1/` is `index.docker.io`; a path stays: the credentials are for that part alone."""
    plain = written.partition("://")[2] or written
    host, _, path = plain.rpartition("@")[2].partition("?")[0].partition("/")
    path = path.strip("/")
    for version in ("v1", "v2"):
        if path == version or path.startswith(version + "/"):
            path = path[len(version) :].strip("/")
    return f"{host}/{path}" if path else host


def _with_a_missing_key(snapshot: Snapshot) -> Iterator[str]:
    for group in broken(snapshot, "CreateContainerConfigError"):
        missing = missing_in(str(group[0].waiting.get("message") or ""))
        if missing is not None and missing.kind == "Secret" and missing.key:
            yield missing.name


def _named_for_pulls(snapshot: Snapshot) -> Iterator[str]:
    for group in refused(snapshot):
        spec = group[0].pod["spec"]
        account = snapshot.named("ServiceAccount", spec.get("serviceAccountName") or "default") or {}
        for named in (*(spec.get("imagePullSecrets") or ()), *(account.get("imagePullSecrets") or ())):
            yield str(named.get("name"))
