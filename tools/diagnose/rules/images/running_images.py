"""The images that run in the namespace, and which of them a misspelt one means."""

from __future__ import annotations

import re
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from tools.diagnose.facts.image_pulls import (
    Reference,
    Trouble,
    image_of,
    reference,
)
from tools.diagnose.facts.naming import about_pod
from tools.diagnose.facts.owners import owner_of
from tools.diagnose.facts.statuses import status_of
from tools.plaintext import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.cluster.resources import ObjectRef
    from tools.diagnose.facts.containers import Container
    from tools.diagnose.findings import Evidence
    from tools.diagnose.reading.snapshot import Snapshot
    from tools.json import Json

_NEAR = 0.8
_DIGITS = re.compile(r"\d+")
# Source: the grammar of https://github.com/distribution/reference, without what is rare.
_VALID = re.compile(r"[a-z0-9]+([.:_/-]+[a-z0-9]+)*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?")


class Running(msgspec.Struct, frozen=True):
    """An image that runs: where it was seen, and whose pod that is."""

    image: str
    pod: Json
    owner: ObjectRef
    container: str


class Alike(msgspec.Struct, frozen=True):
    """The image that is probably meant; `evident`: near enough to name it instead."""

    image: str
    said: str
    evident: bool
    runs: bool
    evidence: tuple[Evidence, ...] = ()


def alike(container: Container, trouble: Trouble, snapshot: Snapshot) -> Alike | None:
    """The image that a name which leads nowhere probably means; None when nothing here is like it."""
    image = image_of(container)
    running = [one for one in running_images(snapshot) if one.image != image]
    if trouble == "name":
        return _valid(image, running)
    named = reference(image)
    if trouble == "host":
        return _other_host(image, named, running)
    if (same := _same_repository(container, named, running)) and trouble != "denied":
        return replace(_runs(same), evident=not named.digest)
    return _near_repository(named, running)


def running_images(snapshot: Snapshot) -> tuple[Running, ...]:
    """The images of the containers that run, or ran: they were pulled."""
    return snapshot.once("running_images", lambda: tuple(_running(snapshot)))


def _running(snapshot: Snapshot) -> Iterator[Running]:
    for pod in snapshot.of("Pod"):
        statuses = {one.get("name"): one for one in status_of(pod).get("containerStatuses") or ()}
        for spec in pod["spec"].get("containers") or ():
            status = statuses.get(spec.get("name")) or {}
            has_run = (status.get("state") or {}).get("running") or (status.get("lastState") or {}).get(
                "terminated"
            )
            if has_run and spec.get("image"):
                yield Running(one_line(str(spec["image"])), pod, owner_of(pod, snapshot), str(spec["name"]))


def _same_repository(container: Container, named: Reference, running: list[Running]) -> Running | None:
    """Another tag of the repository: that of the same container before, or else the most like the tag asked."""
    same = [one for one in running if reference(one.image).full_repository == named.full_repository]
    before = [one for one in same if one.owner == container.owner and one.container == container.name]
    by_image = {one.image: one for one in before or same}
    return max(
        (by_image[image] for image in sorted(by_image)),
        key=lambda one: SequenceMatcher(None, named.tag, reference(one.image).tag).ratio(),
        default=None,
    )


def _near_repository(named: Reference, running: list[Running]) -> Alike | None:
    """A repository of the same registry whose name is one slip of the pen away."""
    near = [
        one
        for one in running
        if reference(one.image).registry == named.registry
        and _one_slip(reference(one.image).full_repository, named.full_repository)
    ]
    same_tag = [one for one in near if reference(one.image).tag == named.tag]
    found = min(same_tag or near, key=lambda one: one.image, default=None)
    return _runs(found) if found else None


def _one_slip(one: str, other: str) -> bool:
    """One letter more, less, or another, or two exchanged; another number is another thing, not a slip."""
    longer = max(len(one), len(other))
    if one == other or abs(len(one) - len(other)) > 1 or _DIGITS.sub("", one) == _DIGITS.sub("", other):
        return False
    matched = sum(block.size for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks())
    return matched == longer - 1


def _runs(one: Running) -> Alike:
    return Alike(
        one.image,
        f"{one.image} runs here",
        evident=True,
        runs=True,
        evidence=(about_pod("spec", one.pod, f"container {one.container} runs image {one.image}"),),
    )


def _other_host(image: str, named: Reference, running: list[Running]) -> Alike | None:
    by_host = {
        reference(one.image).registry: one for one in sorted(running, key=lambda one: one.image, reverse=True)
    }
    by_host.pop(named.registry, None)
    near = get_close_matches(named.registry, sorted(by_host), n=1, cutoff=_NEAR)
    if not near:
        return None
    one = by_host[near[0]]
    new = near[0] + image.removeprefix(named.registry)
    if any(other.image == new for other in running):
        return _runs(next(other for other in running if other.image == new))
    return Alike(
        new,
        f"other images here come from {near[0]}",
        evident=True,
        runs=False,
        evidence=(about_pod("spec", one.pod, f"container {one.container} runs image {one.image}"),),
    )


def _valid(image: str, running: list[Running]) -> Alike | None:
    """The name in lower case, without spaces and doubled colons, if that is one."""
    new = re.sub(r":+", ":", image.replace(" ", "")).strip(":/")
    repository, colon, tag = new.rpartition(":")
    new = f"{repository.lower()}:{tag}" if colon and "/" not in tag else new.lower()
    if runs := next((one for one in running if one.image == new), None):
        return _runs(runs)
    if new == image or not _VALID.fullmatch(new):
        return None
    return Alike(new, f"{new} would be one", evident=False, runs=False)
