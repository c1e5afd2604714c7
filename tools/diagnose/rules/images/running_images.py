"""The images that run in the namespace, and which of them a misspelt one means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher, get_close_matches

import msgspec
from msgspec.structs import replace

from tools.diagnose.facts import nearest
from tools.diagnose.facts.containers import Container
from tools.diagnose.facts.image_pulls import Reference, Trouble, image_of, reference
from tools.diagnose.facts.naming import about_pod
from tools.diagnose.facts.owners import owner_of
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.terms import Evidence, Json, ObjectRef, Snapshot, once
from tools.plaintext import one_line

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


class Ran(msgspec.Struct, frozen=True):
    """The same, one of each image: by image, container, repository and registry; `by_shorter`: `_shorter`."""

    by_image: Mapping[str, Running]
    by_container: Mapping[tuple[ObjectRef, str], Mapping[str, Running]]
    by_repository: Mapping[str, Mapping[str, Running]]
    by_registry: Mapping[str, Running]
    by_shorter: Mapping[str, list[str]]


class Alike(msgspec.Struct, frozen=True):
    """The image that is probably meant; `evident`: near enough to name it instead."""

    image: str
    said: str
    evident: bool
    runs: bool
    evidence: tuple[Evidence, ...] = ()


def alike(container: Container, trouble: Trouble, snapshot: Snapshot) -> Alike | None:
    """The image that a name which leads nowhere probably means; None when nothing here is like it."""
    image, ran = image_of(container), _ran(snapshot)
    if trouble == "name":
        return _valid(image, ran)
    named = reference(image)
    if trouble == "host":
        return _other_host(image, named, ran)
    if (same := _same_repository(container, image, named, ran)) and trouble != "denied":
        return replace(_runs(same), evident=not named.digest)
    return _near_repository(named, ran)


@once
def _ran(snapshot: Snapshot) -> Ran:
    by_image: dict[str, Running] = {}
    by_container: dict[tuple[ObjectRef, str], dict[str, Running]] = {}
    for one in _running(snapshot):
        by_image.setdefault(one.image, one)
        by_container.setdefault((one.owner, one.container), {}).setdefault(one.image, one)
    by_repository: dict[str, dict[str, Running]] = {}
    by_registry: dict[str, Running] = {}
    for image in sorted(by_image):
        named = reference(image)
        by_repository.setdefault(named.full_repository, {})[image] = by_image[image]
        by_registry.setdefault(named.registry, by_image[image])
    by_shorter: dict[str, list[str]] = {}
    for repository in by_repository:
        for each in _shorter(repository):
            by_shorter.setdefault(each, []).append(repository)
    return Ran(by_image, by_container, by_repository, by_registry, by_shorter)


def _shorter(text: str) -> set[str]:
    """The text, and without each of its letters: texts that are a slip apart have one of these in common."""
    return {text, *(text[:at] + text[at + 1 :] for at in range(len(text)))}


def _running(snapshot: Snapshot) -> Iterator[Running]:
    """The images of the containers that run, or ran: they were pulled."""
    for pod in snapshot.of("Pod"):
        statuses = {one.get("name"): one for one in status_of(pod).get("containerStatuses") or ()}
        for spec in pod["spec"].get("containers") or ():
            status = statuses.get(spec.get("name")) or {}
            has_run = (status.get("state") or {}).get("running") or (status.get("lastState") or {}).get(
                "terminated"
            )
            if has_run and spec.get("image"):
                yield Running(one_line(str(spec["image"])), pod, owner_of(pod, snapshot), str(spec["name"]))


def _same_repository(container: Container, image: str, named: Reference, ran: Ran) -> Running | None:
    """Another tag of the repository: that of the same container before, or else the most like the tag asked."""
    own = ran.by_container.get((container.owner, container.name)) or {}
    same = {key: one for key, one in ran.by_repository.get(named.full_repository, {}).items() if key != image}
    before = {key: own[key] for key in sorted(own) if key in same}
    return max(
        (before or same).values(),
        key=lambda one: SequenceMatcher(None, named.tag, reference(one.image).tag).ratio(),
        default=None,
    )


def _near_repository(named: Reference, ran: Ran) -> Alike | None:
    """A repository of the same registry whose name is one slip of the pen away."""
    alike = {each for text in _shorter(named.full_repository) for each in ran.by_shorter.get(text, ())}
    near = [
        one
        for repository in alike
        if _one_slip(repository, named.full_repository)
        for one in ran.by_repository[repository].values()
        if reference(one.image).registry == named.registry
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


def _other_host(image: str, named: Reference, ran: Ran) -> Alike | None:
    hosts = [each for each in nearest.alike(named.registry, ran.by_registry) if each != named.registry]
    near = get_close_matches(named.registry, sorted(hosts), n=1, cutoff=_NEAR)
    if not near:
        return None
    one = ran.by_registry[near[0]]
    new = near[0] + image.removeprefix(named.registry)
    if runs := ran.by_image.get(new):
        return _runs(runs)
    return Alike(
        new,
        f"other images here come from {near[0]}",
        evident=True,
        runs=False,
        evidence=(about_pod("spec", one.pod, f"container {one.container} runs image {one.image}"),),
    )


def _valid(image: str, ran: Ran) -> Alike | None:
    """The name in lower case, without spaces and doubled colons, if that is one."""
    new = re.sub(r":+", ":", image.replace(" ", "")).strip(":/")
    repository, colon, tag = new.rpartition(":")
    new = f"{repository.lower()}:{tag}" if colon and "/" not in tag else new.lower()
    if new == image:
        return None
    if runs := ran.by_image.get(new):
        return _runs(runs)
    if not _VALID.fullmatch(new):
        return None
    return Alike(new, f"{new} would be one", evident=False, runs=False)
