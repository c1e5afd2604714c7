"""FailedMount: a pod has its node, but a volume does not come there. And pods whose network is not set up.

Source: https://kubernetes.io/docs/concepts/storage/volumes/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from tools.diagnose import timing
from tools.diagnose.facts.containers import parse_time
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.issuing import issuing, may_be_issued
from tools.diagnose.facts.naming import about_owner, about_pod, event_said, quoted, said
from tools.diagnose.facts.owners import current_pods, owner_of
from tools.diagnose.facts.references import Missing, SourceKind, missing_in, wants_configmaps, wants_secrets
from tools.diagnose.facts.remedies import described
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.reading.snapshot import event_time, times
from tools.diagnose.rules.containers.absent_sources import existing, missing_remedies, nearest_said
from tools.diagnose.rules.scheduling.obstacles import PENDING
from tools.diagnose.rules.storage.mounts import mount_trouble, sandbox_trouble
from tools.diagnose.terms import (
    Cause,
    Evidence,
    Finding,
    Json,
    Known,
    ObjectRef,
    Remedy,
    Rule,
    Snapshot,
    Subject,
    grouped,
)
from tools.plaintext import one_line

FAILED_MOUNT = Cause(
    "FailedMount",
    topic="storage",
    means="A pod has a node, but a volume that it names cannot be mounted there, so no container starts.",
    why=(
        "Before the first container, the kubelet mounts every volume of the pod: it reads ConfigMaps and "
        "Secrets, waits until disks are attached, and calls the driver of the storage. What is missing (an "
        "object, one of its keys, a path on the node, a driver, a server that answers) holds the whole pod."
    ),
    mend=(
        "Create what is missing or name what exists; mark the volume optional if the pod can do without. "
        "The kubelet tries again by itself, at the latest after two minutes."
    ),
    example=(
        "volume settings of Deployment checkout cannot be mounted: ConfigMap checkout-confg does not exist; "
        "the nearest there is: checkout-config"
    ),
    source="https://kubernetes.io/docs/concepts/storage/volumes/",
    called=r"\bmount\w*",
)

NEXT_TRY_WITHIN = timedelta(seconds=15)
"""A mount, or a network, that failed once is tried again by then: the kubelet looks at a pod every ten seconds."""
TRIED_AGAIN_WITHIN = timedelta(minutes=5)
"""The kubelet tries a mount again after two minutes at the latest: an older event is over."""

_MOUNT_REASONS = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
_SANDBOX = "FailedCreatePodSandBox"
_VOLUME = re.compile(r'for volume "([^"]+)"')
_KEY = re.compile(r"references non-existent (config|secret) key: (\S+)|non-existent (secret) key: (\S+)")
_PASSING = re.compile(
    r"failed to sync (configmap|secret) cache|object \S+ not registered|no relationship found between node"
    r"|failed to fetch PVC from API server: (?!.*not found)",
    re.I,
)
"""What the kubelet says of its own first look at what a new pod names, before it may see that."""
_UNTOLD = re.compile(r"timed out waiting", re.I)
"""What says that a volume does not come, and not why."""
_WHY_MISSING = (
    "The kubelet mounts every ConfigMap and Secret that a volume names before it makes the first container, from "
    "the pod's own namespace, and tries again until all are there (unless marked optional)."
)


class Failure(msgspec.Struct, frozen=True):
    """One volume that does not come, or the network (`volume` None), with the event that says why."""

    pod: Json
    owner: ObjectRef
    volume: str | None
    missing: Missing | None
    event: Json | None
    """None where only the specification tells: the kubelet's events may come late, or be gone."""

    @property
    def message(self) -> str:
        return str((self.event or {}).get("message") or "")

    @property
    def evidence(self) -> list[Evidence]:
        return [] if self.event is None else [about_pod("event", self.pod, event_said(self.event))]


def failed_mounts(snapshot: Snapshot, _known: Known) -> list[Finding]:
    """Pods on a node whose volumes or network do not come."""
    failures = (each for pod in current_pods(snapshot) if _is_stuck(pod) for each in _failures(pod, snapshot))
    groups = grouped(failures, lambda each: (each.owner, each.volume, each.missing)).values()
    return [timing.so_far(_finding(group, snapshot), _tried_again(group), snapshot) for group in groups]


def _tried_again(group: list[Failure]) -> datetime | None:
    """When what failed once is tried again; None of what is not there, and of what failed more than once."""
    if len(group) > 1 or group[0].missing is not None or (event := group[0].event) is None:
        return None
    return timing.after(event_time(event), NEXT_TRY_WITHIN) if times(event) == 1 else None


def _is_stuck(pod: Json) -> bool:
    status = status_of(pod)
    has_node = pod["spec"].get("nodeName") or status.get("containerStatuses")
    if status.get("phase") != "Pending" or not has_node:
        return False
    conditions = {item.get("type"): item.get("status") for item in status.get("conditions") or ()}
    return conditions.get("PodReadyToStartContainers") != "True" and _only_creating(pod)


def _only_creating(pod: Json) -> bool:
    """Whether every container still waits for what comes before it: volumes, network, sandbox."""
    statuses = [*(pod["status"].get(kind) or () for kind in ("initContainerStatuses", "containerStatuses"))]
    waiting = [(status.get("state") or {}).get("waiting") or {} for each in statuses for status in each]
    return all(state.get("reason") in ("ContainerCreating", "PodInitializing") for state in waiting)


def _failures(pod: Json, snapshot: Snapshot) -> Iterator[Failure]:
    """One for each thing that is missing, else for each volume; the network's only where no volume fails."""
    events = [each for each in snapshot.events_of("Pod", pod["metadata"]["name"]) if _is_fresh(each, snapshot)]
    mounts = [
        each
        for each in events
        if each.get("reason") in _MOUNT_REASONS and not _PASSING.search(str(each.get("message")))
    ]
    telling = [each for each in mounts if not _UNTOLD.search(str(each.get("message")))]
    owner = owner_of(pod, snapshot)
    seen: set[tuple[str, Missing | None]] = set()
    for event in telling or mounts[:1]:
        volume = _volume_of(event, pod)
        for missing in _all_missing(str(event.get("message")), volume, pod, snapshot):
            if (volume, missing) not in seen and not (missing is None and any(volume == one for one, _ in seen)):
                seen.add((volume, missing))
                yield Failure(pod, owner, volume, missing, event)
    for volume, missing in _missing_by_spec(pod, snapshot):
        if (volume, missing) not in seen:
            seen.add((volume, missing))
            yield Failure(pod, owner, volume, missing, None)
    sandbox = next((each for each in events if each.get("reason") == _SANDBOX), None)
    if not mounts and sandbox is not None:
        yield Failure(pod, owner, None, None, sandbox)


def _missing_by_spec(pod: Json, snapshot: Snapshot) -> Iterator[tuple[str, Missing]]:
    """What the pod's volumes name and that is not there, whether or not an event says so."""
    for each in pod["spec"].get("volumes") or ():
        for kind, name, items, optional in _sources(pod, str(each.get("name"))):
            if optional or not snapshot.has(kind):
                continue
            found = snapshot.named(kind, name)
            if found is None:
                yield str(each["name"]), Missing(kind, name)
            elif "data" in found:
                keys = [str(item.get("key")) for item in items]
                yield from (
                    (str(each["name"]), Missing(kind, name, key)) for key in keys if key not in found["data"]
                )


def _is_fresh(event: Json, snapshot: Snapshot) -> bool:
    at = parse_time(event_time(event))
    return at is None or snapshot.taken_at - at < TRIED_AGAIN_WITHIN


def _volume_of(event: Json, pod: Json) -> str:
    """The pod's own name of the volume: an attach failure names the PersistentVolume."""
    match = _VOLUME.search(str(event.get("message")))
    names = [str(each.get("name")) for each in pod["spec"].get("volumes") or ()]
    if match and match[1] in names:
        return match[1]
    unmounted = re.search(r"unmounted volumes=\[([^\] ,]+)", str(event.get("message")))
    if unmounted and unmounted[1] in names:
        return unmounted[1]
    return match[1] if match else ""


def _all_missing(message: str, volume: str, pod: Json, snapshot: Snapshot) -> list[Missing | None]:
    named = [missing for part in message.split(", ") if (missing := missing_in(part))]
    keys = [match[2] or match[4] for match in _KEY.finditer(message)]
    of_keys = [found for key in keys if (found := _missing_key(key, message, volume, pod, snapshot))]
    gone = [one for one in (*named, *of_keys) if not _is_there(one, snapshot)]
    if gone or not (named or of_keys):
        return [*dict.fromkeys(gone)] or [None]
    return []


def _is_there(missing: Missing, snapshot: Snapshot) -> bool:
    """It was made since; the kubelet has not tried again."""
    found = snapshot.named(missing.kind, missing.name)
    if found is None:
        return False
    return missing.key is None or ("data" in found and missing.key in found["data"])


def _missing_key(key: str, message: str, volume: str, pod: Json, snapshot: Snapshot) -> Missing | None:
    kind: SourceKind = "Secret" if "secret" in message.lower() else "ConfigMap"
    for one, name, items, _ in _sources(pod, volume):
        if one == kind and any(item.get("key") == key for item in items):
            candidate = Missing(kind, name, key)
            if not _is_there(candidate, snapshot):
                return candidate
    return None


def _sources(pod: Json, volume: str) -> Iterator[tuple[SourceKind, str, list[Json], bool]]:
    """Kind, name, items and whether optional, of each ConfigMap and Secret that a volume is made of."""
    for each in pod["spec"].get("volumes") or ():
        if each.get("name") != volume:
            continue
        for source in (each, *((each.get("projected") or {}).get("sources") or ())):
            if config := source.get("configMap"):
                yield (
                    "ConfigMap",
                    str(config.get("name")),
                    list(config.get("items") or ()),
                    bool(config.get("optional")),
                )
            if secret := source.get("secret"):
                name = str(secret.get("secretName") or secret.get("name"))
                yield "Secret", name, list(secret.get("items") or ()), bool(secret.get("optional"))


def _finding(group: list[Failure], snapshot: Snapshot) -> Finding:
    failure = group[0]
    pods = tuple(dict.fromkeys(each.pod["metadata"]["name"] for each in group))
    if failure.missing is not None:
        return _missing_finding(failure, failure.missing, pods, snapshot)
    if failure.volume is None:
        trouble = sandbox_trouble(failure.message, failure.pod)
        what = f"the network of {_pod_said(failure.owner)} cannot be set up"
        subject = None
    else:
        trouble = mount_trouble(failure.message, failure.volume, failure.pod)
        which = f"volume {one_line(failure.volume, 120)}" if failure.volume else "a volume"
        subject, what = Subject(which, failure.owner), "cannot be mounted"
    return Finding(
        cause=PENDING if failure.volume is None else FAILED_MOUNT,
        object=failure.owner,
        affected=pods,
        subject=None if trouble.subject else subject,
        detail=f"{trouble.subject or what}: {trouble.said}",
        why=trouble.why,
        evidence=(
            *failure.evidence,
            *(about_owner("spec", failure.owner, text) for text in _volume_spec(failure)),
        ),
        remedies=(*trouble.remedies, _edit(failure), _describe(failure, snapshot)),
    )


def _missing_finding(failure: Failure, missing: Missing, pods: tuple[str, ...], snapshot: Snapshot) -> Finding:
    what = f"{missing.kind} {missing.name} has no key {missing.key}" if missing.key else f"{missing} does not exist"
    near = existing(missing, snapshot)
    whole = missing.kind == "Secret" and not missing.key and not near
    issue = issuing(missing.name, snapshot) if whole and may_be_issued(missing.name, snapshot) else None
    made_by = f"; {issue.said}" if issue else ""
    asked = [
        str(item.get("key"))
        for kind, name, items, _ in _sources(failure.pod, failure.volume or "")
        if (kind, name) == (missing.kind, missing.name)
        for item in items
    ]
    return Finding(
        cause=FAILED_MOUNT,
        object=failure.owner,
        affected=pods,
        subject=Subject(f"volume {one_line(failure.volume or '', 120)}", failure.owner),
        detail=f"cannot be mounted: {one_line(what, 200)}{nearest_said(missing, snapshot)}{made_by}",
        why=_WHY_MISSING,
        evidence=(
            *failure.evidence,
            *(about_owner("spec", failure.owner, text) for text in _volume_spec(failure)),
        ),
        remedies=(
            (*issue.remedies, _from_files(missing, failure))
            if issue
            else tuple(missing_remedies(missing, failure.owner, asked, near=near))
        ),
    )


def _from_files(missing: Missing, failure: Failure) -> Remedy:
    """A certificate's Secret has a type and keys of its own."""
    create = f"kubectl create secret tls {quoted(missing.name)} -n {failure.owner.namespace}"
    return Remedy(
        "Or make it from the files of a certificate",
        f"{create} --cert=/tmp/CERTIFICATE --key=/tmp/KEY",
        "secret",
    )


def _volume_spec(failure: Failure) -> list[str]:
    volumes = [each for each in failure.pod["spec"].get("volumes") or () if each.get("name") == failure.volume]
    return [f"volume {json.dumps(each, sort_keys=True)}" for each in volumes]


def _pod_said(owner: ObjectRef) -> str:
    return said(owner) if owner.kind == "Pod" else f"a pod of {said(owner)}"


def _edit(failure: Failure) -> Remedy:
    title = "Change the volume" if failure.volume is not None else "Change the workload"
    return edit(failure.owner, title)


def _describe(failure: Failure, snapshot: Snapshot) -> Remedy:
    ref = ObjectRef("v1", "Pod", snapshot.namespace, failure.pod["metadata"]["name"])
    return described(ref, "See all events of the pod")


RULE = Rule(
    causes=(FAILED_MOUNT,), find=failed_mounts, reads={"ConfigMap": wants_configmaps, "Secret": wants_secrets}
)
