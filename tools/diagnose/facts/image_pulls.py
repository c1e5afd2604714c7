"""Why an image does not come, from what the kubelet, the container runtime and the registry said.

Source: the messages of containerd's remotes/docker, CRI-O's containers/image and Docker, and of the registry API:
https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Literal

import msgspec

from tools.diagnose.facts.containers import Container, broken
from tools.diagnose.terms import Json, Snapshot, once
from tools.plaintext import one_line

Trouble = Literal[
    "name",
    "absent",
    "host",
    "unreachable",
    "limited",
    "certificate",
    "plain",
    "failing",
    "refused",
    "denied",
    "missing",
    "no_repository",
    "platform",
    "other",
]

DOCKER_HUB = "docker.io"

_SIGNS: tuple[tuple[Trouble, re.Pattern[str]], ...] = (
    ("host", re.compile(r"no such host|server misbehaving|name resolution|Name or service not known", re.I)),
    ("limited", re.compile(r"toomanyrequests|too many requests|rate limit|\b429\b", re.I)),
    ("plain", re.compile(r"HTTP response to HTTPS client|HTTP request to (?:an )?HTTPS server", re.I)),
    ("certificate", re.compile(r"x509|tls: |certificate", re.I)),
    (
        "platform",
        re.compile(r"no match for platform|no matching manifest|no image found in .* for architecture", re.I),
    ),
    # Docker Hub, and registries like it: 401 or "denied" for what does not exist, too.
    (
        "denied",
        re.compile(
            r"repository does not exist or may require|insufficient_scope|requested access to the resource", re.I
        ),
    ),
    (
        "refused",
        re.compile(
            r"unauthori[sz]ed|\b401\b|\b403\b|forbidden|authentication required|no basic auth"
            r"|access denied|authorization failed",
            re.I,
        ),
    ),
    (
        "failing",
        re.compile(r"status(?: code)?[^:]*: 5\d\d|\b50[0234] [A-Z]|received unexpected HTTP status: 5", re.I),
    ),
    ("no_repository", re.compile(r"name unknown|repository name not known|NAME_UNKNOWN", re.I)),
    ("missing", re.compile(r"manifest unknown|MANIFEST_UNKNOWN|not found|does not exist|\b404\b", re.I)),
    (
        "unreachable",
        re.compile(
            r"connection refused|i/o timeout|deadline exceeded|no route to host|unreachable|\bEOF\b|reset by", re.I
        ),
    ),
)
_SAYS_NOTHING = re.compile(r"Back-off pulling image \S+$|.*pull QPS exceeded")
_NAME = re.compile(r"(?P<repository>[^@]*?)(?::(?P<tag>[^:/@]*))?(?:@(?P<digest>.*))?$", re.S)


class Reference(msgspec.Struct, frozen=True, dict=True):
    """The parts of an image's name, as written: `repository` with the registry's host where it is written."""

    repository: str
    tag: str
    digest: str

    @cached_property
    def registry(self) -> str:
        """The registry's host: the first part, where it looks like one; Docker Hub otherwise.

        Source: https://github.com/distribution/reference (`splitDockerDomain`)
        """
        first, slash, _ = self.repository.partition("/")
        is_host = slash and ("." in first or ":" in first or first == "localhost")
        return first if is_host else DOCKER_HUB

    @cached_property
    def full_repository(self) -> str:
        """The repository with its host and, on Docker Hub, `library/` where no other owner is written."""
        if self.repository.startswith(self.registry + "/"):
            path = self.repository.removeprefix(self.registry + "/")
        else:
            path = self.repository
        if self.registry == DOCKER_HUB and "/" not in path:
            path = f"library/{path}"
        return f"{self.registry}/{path}"


@lru_cache(maxsize=4096)
def reference(image: str) -> Reference:
    """An image's name in its parts; of a name that is none, what looks like them."""
    match = _NAME.match(image)
    if match is None:
        return Reference(image, "", "")
    return Reference(match["repository"], match["tag"] or "", match["digest"] or "")


def image_of(container: Container) -> str:
    """The image as its spec writes it, on one line."""
    return one_line(str(container.spec.get("image") or ""))


def pull_message(container: Container, snapshot: Snapshot) -> str:
    """What the registry said. Kubelets before 1.31 give it in the event only."""
    message = str(container.waiting.get("message") or "")
    if message and not _SAYS_NOTHING.match(message):
        return message
    event = pull_event(container, snapshot)
    return str(event["message"]) if event else message


def pull_event(container: Container, snapshot: Snapshot) -> Json | None:
    """The kubelet's newest event that says why the image did not come."""
    for event in snapshot.events_of("Pod", container.pod_name):
        about = str((event.get("involvedObject") or {}).get("fieldPath") or "")
        message = str(event.get("message"))
        if (
            f"{{{container.name}}}" in about
            and "Failed to pull image" in message
            and not _SAYS_NOTHING.match(message)
        ):
            return event
    return None


def trouble_of(container: Container, snapshot: Snapshot) -> Trouble:
    """What keeps the image of a container from coming."""
    reason = container.waiting.get("reason")
    if reason == "InvalidImageName":
        return "name"
    if reason == "ErrImageNeverPull":
        return "absent"
    image = str(container.spec.get("image") or "")
    message = pull_message(container, snapshot)
    if "invalid reference format" in message:
        return "name"
    without_name = _without(message, image) if image else message
    return next((trouble for trouble, sign in _SIGNS if sign.search(without_name)), "other")


def _without(message: str, image: str) -> str:
    """A tag of 401 or a repository named unauthorized says nothing; nor does the URL that was asked."""
    named = reference(image)
    for name in (image, f"{DOCKER_HUB}/{image}", f"{DOCKER_HUB}/library/{image}", named.full_repository):
        message = message.replace(name, "")
    return re.sub(r'"https?://[^"\s]*"', "", message)


@once
def refused(snapshot: Snapshot) -> list[list[Container]]:
    """The containers whose registry wants other credentials, in groups of one owner and container name."""
    groups = broken(snapshot, "ImagePullBackOff")
    return [group for group in groups if trouble_of(group[0], snapshot) in ("refused", "denied")]
