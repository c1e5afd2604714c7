"""ImagePullBackOff: the image of a container cannot be had.

Source: https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tools.diagnose import timing
from tools.diagnose.facts.containers import Container, broken
from tools.diagnose.facts.edits import change
from tools.diagnose.facts.image_pulls import (
    Trouble,
    image_of,
    pull_event,
    pull_message,
    reference,
    refused,
    trouble_of,
)
from tools.diagnose.facts.naming import (
    TEMPLATE_KINDS,
    about_owner,
    about_pod,
    pod_names,
    quoted,
    subject_of,
    typed,
)
from tools.diagnose.facts.remedies import by_tool, described
from tools.diagnose.reading.snapshot import event_time, times
from tools.diagnose.rules.images import pull_secrets
from tools.diagnose.rules.images.running_images import Alike, alike
from tools.diagnose.terms import Cause, Evidence, Finding, Known, Remedy, Rule, Snapshot, Source
from tools.plaintext import one_line

IMAGE_PULL_BACK_OFF = Cause(
    "ImagePullBackOff",
    topic="ci-cd",
    means="The image of a container cannot be had, so the container has never started.",
    why="The name or tag does not exist in the registry; the registry wants credentials that the pod does "
    "not bring (no pull secret, one for another registry, of the wrong type, or with a wrong password); or the "
    "node does not reach the registry. The kubelet tries again and again, with pauses of up to five minutes; "
    "between two tries the pod shows ImagePullBackOff, at a try ErrImagePull.",
    mend="Correct the image's name or tag; or make a pull secret for that registry and name it in the pod, or "
    "in its service account before the pod is made.",
    example="container app of Deployment checkout cannot get its image shop/checkout:1.9: the registry "
    "docker.io has no such image or tag (not found); shop/checkout:1.8 runs here",
    source="https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff",
    called=r"\bimage ?pull\w*|\berrimage\w*|\bpull\w* (the )?image|\bimage\b",
)

_SAID: dict[Trouble, str] = {
    "name": "that is not a valid image name",
    "absent": "it is not on the node, and the pull policy is Never",
    "host": "the host {registry} cannot be resolved (no such host)",
    "unreachable": "the registry {registry} does not answer",
    "limited": "the registry {registry} limits the rate of pulls (429)",
    "certificate": "the certificate of {registry} is not trusted",
    "plain": "one of the two speaks HTTP and the other HTTPS: the node and the registry {registry}",
    "failing": "the registry {registry} has a failure of its own (5xx)",
    "refused": "the registry {registry} does not authorise the pull (401 or 403)",
    "denied": "the registry {registry} does not authorise the pull, or has no such repository: one or the other",
    "missing": "the registry {registry} has no such image or tag (not found)",
    "no_repository": "the registry {registry} has no such repository (name unknown)",
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
    "plain": "A node asks every registry by HTTPS but those that its container runtime is told to ask by HTTP.",
    "failing": "The registry answers, but not with the image. The kubelet tries again until it does.",
    "refused": "The registry wants credentials. A pod pulls with the imagePullSecrets of its own spec or of "
    "its service account, and they must be for this very registry.",
    "denied": "Docker Hub, and registries like it, answer alike for what does not exist and what is private.",
    "missing": "The name or tag is misspelt, was never pushed, or was deleted. A tag is exact: 1.9 is not 1.9.0.",
    "no_repository": "The repository is misspelt, or nothing was ever pushed to it.",
    "platform": "An image runs on the architectures that it was built for.",
    "other": "The kubelet tries again, with longer and longer pauses, up to 5 minutes.",
}
_PREFIXES = re.compile(
    r'^(?:Back-off pulling image "[^"]*":? ?|ErrImagePull: |rpc error: code = \w+ desc = '
    r'|failed to (?:pull|resolve)[^":]*"[^"]*": )+',
    re.I,
)
_PASSING: tuple[Trouble, ...] = ("unreachable", "limited", "failing", "other")
"""What a registry does today, and may not do at the next try."""
NEXT_TRY_WITHIN = timedelta(seconds=20)
"""The kubelet tries again ten seconds after the first time, and takes some to be told no."""
_MISNAMED: tuple[Trouble, ...] = ("missing", "no_repository", "name", "host", "absent", "denied")


def image_pull(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Containers whose image cannot be pulled, or whose image name is none."""
    groups = broken(snapshot, "ImagePullBackOff")
    return [
        timing.so_far(_finding(group, snapshot), _tried_again(group[0], snapshot), snapshot) for group in groups
    ]


def _tried_again(container: Container, snapshot: Snapshot) -> datetime | None:
    """When what a registry may have done once is tried again; None of what no try changes, and after the second."""
    event = pull_event(container, snapshot)
    if event is None or times(event) > 1 or trouble_of(container, snapshot) not in _PASSING:
        return None
    return timing.after(event_time(event), NEXT_TRY_WITHIN)


def _finding(group: list[Container], snapshot: Snapshot) -> Finding:
    container = group[0]
    trouble = trouble_of(container, snapshot)
    message = pull_message(container, snapshot)
    near = alike(container, trouble, snapshot) if trouble in _MISNAMED else None
    wants_credentials = trouble == "refused" or (trouble == "denied" and near is None)
    credentials = pull_secrets.judged(container, snapshot) if wants_credentials else None
    said = _said(trouble, container, message) + (f"; {near.said}" if near else "")
    return Finding(
        cause=IMAGE_PULL_BACK_OFF,
        object=container.owner,
        container=container.name,
        affected=pod_names(group),
        subject=subject_of(container),
        detail=f"cannot get its image {image_of(container)}: {said}"
        + (f"; {credentials.said}" if credentials else ""),
        why=credentials.why if credentials else _WHY[trouble],
        evidence=(
            *_evidence(container, message),
            *(near.evidence if near else ()),
            *(credentials.evidence if credentials else ()),
        ),
        remedies=credentials.remedies if credentials else _remedies(trouble, container, near),
    )


def _said(trouble: Trouble, container: Container, message: str) -> str:
    if trouble == "other":
        return one_line(_PREFIXES.sub("", message), 200) or "the kubelet does not say why"
    named = reference(image_of(container))
    said = _SAID[trouble].format(registry=named.registry)
    no_tag_written = trouble == "missing" and not named.tag and not named.digest
    return f"{said}; it names no tag, which means latest" if no_tag_written else said


def _evidence(container: Container, message: str) -> tuple[Evidence, ...]:
    waiting = container.waiting
    source: Source = "status" if message == waiting.get("message", "") else "event"
    return (
        about_pod(source, container.pod, f"{waiting.get('reason')}: {message}"),
        about_owner("spec", container.owner, f"image: {container.spec.get('image') or ''}"),
    )


def _remedies(trouble: Trouble, container: Container, near: Alike | None) -> tuple[Remedy, ...]:
    if near is not None:
        return (_name(container, near),)
    if trouble in _MISNAMED:
        repository = reference(image_of(container)).repository.replace(" ", "").lower()
        return (_set(container, f"{repository}:TAG", "Name an image that exists, with its tag"),)
    return (described(container.pod_ref, "See what the kubelet says at each try"),)


def _name(container: Container, near: Alike) -> Remedy:
    owner = container.owner
    can_do = near.evident and owner.kind in TEMPLATE_KINDS and not container.init
    remedy = _set(container, near.image, f"Name {near.image}" + (", which runs here" if near.runs else ""))
    return by_tool(remedy, "set_image", owner, container=container.name, image=near.image) if can_do else remedy


def _set(container: Container, image: str, title: str) -> Remedy:
    """The image is what can be changed of a bare pod."""
    owner = container.owner
    command = f"kubectl set image {typed(owner)} {quoted(f'{container.name}={image}')}"
    return Remedy(title, command, "change") if owner.kind == "Pod" else change(owner, title, command)


def _refused(snapshot: Snapshot) -> bool:
    return bool(refused(snapshot))


RULE = Rule(causes=(IMAGE_PULL_BACK_OFF,), find=image_pull, reads={"Secret": _refused, "ServiceAccount": _refused})
