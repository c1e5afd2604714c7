"""What pods run: the digests of an image."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tools.diagnose.facts.image_pulls import Reference, reference

if TYPE_CHECKING:
    from tools.json import Json


def digests_of(image: Reference, pods: Iterable[Json]) -> dict[str, list[str]]:
    """Digest -> the pods that run it, of the containers with this image's repository and tag.

    A node says the digest in `imageID`, `docker.io/library/busybox@sha256:...`, once it has pulled the image.
    """
    found: dict[str, list[str]] = {}
    for pod in pods:
        containers = (pod.get("spec") or {}).get("containers") or ()
        written = {each.get("name"): str(each.get("image")) for each in containers}
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            named = reference(written.get(status.get("name"), ""))
            digest = str(status.get("imageID") or "").rpartition("@")[2]
            if digest.startswith("sha256:") and _is(named, image):
                found.setdefault(digest, []).append(pod["metadata"]["name"])
    return found


def _is(named: Reference, image: Reference) -> bool:
    same = named.full_repository == image.full_repository
    return same and not named.digest and (named.tag or "latest") == (image.tag or "latest")
