"""Images: can the name be read, does its tag stay what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.validation.fault import Fault
from tools.validation.manifests import Container, is_filled_in
from tools.validation.rule import Context, Rule

_IMAGES = "https://kubernetes.io/docs/concepts/containers/images/"
_MOVING = frozenset(
    {"latest", "stable", "edge", "nightly", "main", "master", "dev", "develop", "canary", "snapshot"}
)
# Source: https://github.com/distribution/reference/blob/main/reference.go
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?{_PART}(?:/{_PART})*"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?P<digest>@[a-z0-9+._-]+:[0-9a-fA-F]{32,})?"
)


def _images(context: Context) -> Iterator[tuple[Container, str]]:
    for container in context.manifests.containers:
        image = container.spec.get("image")
        if isinstance(image, str) and image and container.pod.manifest.kind != "DeploymentConfig":
            yield container, image


def _invalid(context: Context) -> Iterator[Fault]:
    for container, image in _images(context):
        if not _REFERENCE.fullmatch(image) and not _stands_for_one(image):
            says = f"{image!r} is no image: a registry, a path in lower case, and a tag or digest"
            yield Fault(container.pod.manifest, (*container.path, "image"), says, container.name)


def _stands_for_one(image: str) -> bool:
    """Whether it is to be filled in: by a template, or a tool as ko."""
    return is_filled_in(image) or "$" in image or "<" in image or image.startswith("ko://")


def _mutable(context: Context) -> Iterator[Fault]:
    for container, image in _images(context):
        match = _REFERENCE.fullmatch(image)
        if match is None or match["digest"]:
            continue
        tag = match["tag"]
        if tag is None or tag.lower() in _MOVING:
            said = f"the tag {tag} of {image} moves" if tag else f"{image} has no tag, and so means latest"
            yield Fault(container.pod.manifest, (*container.path, "image"), said, container.name)


def _stale(context: Context) -> Iterator[Fault]:
    for container, image in _images(context):
        match, policy = _REFERENCE.fullmatch(image), container.spec.get("imagePullPolicy")
        moves = match is not None and not match["digest"] and (match["tag"] or "latest").lower() in _MOVING
        if policy == "Never" or (policy == "IfNotPresent" and moves):
            why = (
                "the node must have it already"
                if policy == "Never"
                else f"{image} moves, and nodes keep the old one"
            )
            path = (*container.path, "imagePullPolicy")
            yield Fault(container.pod.manifest, path, f"imagePullPolicy is {policy}: {why}", container.name)


RULES = (
    Rule(
        "InvalidImage",
        "error",
        "The image's name cannot be read.",
        "The kubelet says InvalidImageName, and the container never starts.",
        "registry.example.com/team/app:1.2.3, in lower case, without blanks and without https://.",
        _IMAGES,
        _invalid,
        is_taken=True,
    ),
    Rule(
        "MutableTag",
        "warning",
        "The image has no tag, or one that moves, such as latest.",
        "Nobody can tell what runs, two pods of one workload may differ, and a rollback changes nothing.",
        "Name the release: a tag that is never written again, or a digest.",
        "https://kubernetes.io/docs/concepts/containers/images/#image-names",
        _mutable,
    ),
    Rule(
        "PullPolicyStale",
        "warning",
        "The pull policy keeps an old image, or expects one on the node.",
        "Nodes run different code under the same tag; with Never a new node cannot start the pod at all.",
        "Always, or a tag that does not move.",
        "https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy",
        _stale,
    ),
)
