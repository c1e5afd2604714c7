"""ImagePullBackOff: the image of a container cannot be had.

Source: https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from tools.diagnose.containers import Container, broken
from tools.diagnose.findings import Evidence, Finding, Remedy, Source
from tools.diagnose.naming import about_owner, about_pod, container_said, pod_names, quoted, typed
from tools.diagnose.plaintext import one_line

if TYPE_CHECKING:
    from tools.diagnose.lesson import Lesson
    from tools.cluster.client import Json
    from tools.diagnose.snapshot import Snapshot

LESSONS: tuple[Lesson, ...] = ()

Trouble = Literal[
    "name",
    "absent",
    "host",
    "unreachable",
    "limited",
    "certificate",
    "refused",
    "missing",
    "platform",
    "other",
]

_SIGNS: tuple[tuple[Trouble, re.Pattern[str]], ...] = (
    ("host", re.compile(r"no such host|server misbehaving|name resolution", re.I)),
    ("limited", re.compile(r"toomanyrequests|too many requests|rate limit|\b429\b", re.I)),
    ("certificate", re.compile(r"x509|tls: |certificate|HTTP response to HTTPS client", re.I)),
    ("platform", re.compile(r"no match for platform|no matching manifest", re.I)),
    (
        "refused",
        re.compile(
            r"unauthori[sz]ed|\b401\b|\b403\b|forbidden|authentication required|no basic auth"
            r"|access denied|authorization failed|insufficient_scope",
            re.I,
        ),
    ),
    ("missing", re.compile(r"not found|manifest unknown|name unknown|does not exist|\b404\b", re.I)),
    (
        "unreachable",
        re.compile(r"connection refused|i/o timeout|deadline exceeded|no route to host|unreachable|EOF", re.I),
    ),
)
_SAID: dict[Trouble, str] = {
    "name": "that is not a valid image name",
    "absent": "it is not on the node, and the pull policy is Never",
    "host": "the host {registry} cannot be resolved (no such host)",
    "unreachable": "the registry {registry} does not answer",
    "limited": "the registry {registry} limits the rate of pulls (429)",
    "certificate": "the certificate of {registry} is not trusted",
    "refused": "the registry {registry} does not authorise the pull (401 or 403)",
    "missing": "the registry {registry} has no such image or tag (not found)",
    "platform": "it is not built for the node's architecture",
}
_REACH = "The node itself must be able to reach the registry, by name, with a certificate that it trusts."
_WHY: dict[Trouble, str] = {
    "name": "An image name is HOST/PATH:TAG, in lower case, without spaces, one colon before the tag.",
    "absent": "With imagePullPolicy Never the kubelet pulls nothing: each node must have the image already.",
    "host": _REACH,
    "unreachable": _REACH,
    "limited": "Anonymous pulls are counted by address. Credentials, or a mirror, have a limit of their own.",
    "certificate": _REACH,
    "refused": "The registry wants credentials. A pod pulls with the imagePullSecrets of its own spec or of "
    "its service account, and they must be for this very registry.",
    "missing": "The name or tag is misspelt, was never pushed, or was deleted. A tag is exact: 1.9 is not 1.9.0.",
    "platform": "An image runs on the architectures that it was built for.",
    "other": "The kubelet tries again, with longer and longer pauses, up to 5 minutes.",
}
_BACK_OFF_ONLY = re.compile(r"Back-off pulling image \S+$")


def image_pull(snapshot: Snapshot) -> list[Finding]:
    """Containers whose image cannot be pulled, or whose image name is none."""
    return [_finding(group, snapshot) for group in broken(snapshot, "ImagePullBackOff")]


def _finding(group: list[Container], snapshot: Snapshot) -> Finding:
    container = group[0]
    image = str(container.spec.get("image") or "")
    message = _message(container, snapshot)
    trouble = _trouble(str(container.waiting.get("reason")), message, image)
    return Finding(
        cause="ImagePullBackOff",
        object=container.owner,
        container=container.name,
        affected=pod_names(group),
        summary=f"{container_said(container)} cannot get its image {one_line(image)}: "
        + _said(trouble, image, message),
        why=_WHY[trouble],
        evidence=_evidence(container, image, message),
        remedies=_remedies(trouble, container, image),
    )


def _message(container: Container, snapshot: Snapshot) -> str:
    """What the registry said. Kubelets before 1.31 give it in the event only."""
    message = str(container.waiting.get("message") or "")
    if message and not _BACK_OFF_ONLY.match(message):
        return message
    event = _pull_event(container, snapshot)
    return str(event["message"]) if event else message


def _pull_event(container: Container, snapshot: Snapshot) -> Json | None:
    for event in snapshot.events_of("Pod", container.pod_name):
        about = (event.get("involvedObject") or {}).get("fieldPath", "")
        if f"{{{container.name}}}" in about and "Failed to pull image" in str(event.get("message")):
            return event
    return None


def _trouble(reason: str, message: str, image: str) -> Trouble:
    if reason == "InvalidImageName":
        return "name"
    if reason == "ErrImageNeverPull":
        return "absent"
    without_name = message.replace(image, "")
    return next((trouble for trouble, sign in _SIGNS if sign.search(without_name)), "other")


def _said(trouble: Trouble, image: str, message: str) -> str:
    if trouble == "other":
        return one_line(message) or "the kubelet does not say why"
    return _SAID[trouble].format(registry=_registry(image))


def _registry(image: str) -> str:
    """The registry's host: the first part, where it looks like one.

    Source: https://github.com/distribution/reference (`splitDockerDomain`)
    """
    first, slash, _ = one_line(image).partition("/")
    is_host = slash and ("." in first or ":" in first or first == "localhost")
    return first if is_host else "docker.io"


def _evidence(container: Container, image: str, message: str) -> tuple[Evidence, ...]:
    waiting = container.waiting
    source: Source = "status" if message == waiting.get("message", "") else "event"
    return (
        about_pod(source, container.pod, f"{waiting.get('reason')}: {message}"),
        about_owner("spec", container.owner, f"image: {image}"),
    )


def _remedies(trouble: Trouble, container: Container, image: str) -> tuple[Remedy, ...]:
    owner = container.owner
    name = one_line(image)
    if trouble == "refused":
        return _credentials(container, name)
    if trouble in ("missing", "name", "host", "absent"):
        repository = re.split(r"[@]|:(?=[^/]*$)", name)[0].replace(" ", "").lower()
        return (
            Remedy(
                title="Name an image that exists, with its tag",
                command=f"kubectl set image {typed(owner)} {container.name}={repository}:TAG",
                risk="change",
            ),
        )
    return (
        Remedy(
            title="See what the kubelet says at each try",
            command=f"kubectl describe pod {container.pod_name} -n {owner.namespace}",
            risk="read",
        ),
    )


def _credentials(container: Container, image: str) -> tuple[Remedy, ...]:
    namespace = container.owner.namespace
    account = container.pod["spec"].get("serviceAccountName") or "default"
    patch = quoted('{"imagePullSecrets": [{"name": "registry-pull"}]}')
    return (
        Remedy(
            title="Log in where you are (docker login or podman login), and make a pull secret of that file",
            command=(
                f"kubectl create secret generic registry-pull -n {namespace} "
                "--type=kubernetes.io/dockerconfigjson "
                "--from-file=.dockerconfigjson=$HOME/.docker/config.json"
            ),
            risk="secret",
        ),
        Remedy(
            title=f"Let the service account {account} pull {_registry(image)} with it",
            command=f"kubectl patch serviceaccount {account} -n {namespace} -p {patch}",
            risk="provision",
        ),
    )
