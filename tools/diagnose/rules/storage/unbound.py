"""Why a PersistentVolumeClaim is not bound.

Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding and
https://kubernetes.io/docs/concepts/storage/storage-classes/
"""

from __future__ import annotations

import json
import re
from datetime import timedelta

import msgspec

from tools.apimachinery.quantity import amount
from tools.diagnose.facts.naming import quoted, typed
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.owners import owner_of
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.rules.scheduling.amounts import shown
from tools.diagnose.terms import Json, Remedy, Snapshot
from tools.plaintext import one_line

BOUND_WITHIN = timedelta(seconds=15)
"""A claim and a volume that fit are bound by then: the controller looks at all of them that often."""
PROVISIONED_WITHIN = timedelta(seconds=30)
"""What a provisioner may take to make a volume, or to try again."""

_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_NO_PROVISIONER = "kubernetes.io/no-provisioner"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_FAILED = ("ProvisioningFailed", "VolumeMismatch", "VolumeBindingFailed", "ClaimMisbound", "ClaimLost")
_EXTERNAL = re.compile(r"external provisioner '([^']+)'")
_WHY = (
    "A pod waits until every claim it names is bound to a volume: one that exists and fits, or one that the "
    "provisioner of the claim's StorageClass makes."
)


class Trouble(msgspec.Struct, frozen=True):
    """Why a claim is not bound; `wanted_class`: the StorageClass it should name instead."""

    said: str
    why: str = _WHY
    wanted_class: str | None = None
    remedies: tuple[Remedy, ...] = ()
    within: timedelta | None = None
    """How long after the claim, and the pods that want it, were made it may pass by itself."""


def trouble_of(claim: Json, snapshot: Snapshot) -> Trouble | None:
    """What keeps a claim from being bound; None when it is bound, or waits for what will come by itself."""
    status = status_of(claim)
    if claim["metadata"].get("deletionTimestamp"):
        return _being_deleted(claim, snapshot)
    if status.get("phase") == "Lost":
        return Trouble(f"its volume {one_line(str(claim['spec'].get('volumeName')), 120)} is gone", _LOST_WHY)
    if status.get("phase") == "Bound":
        return None
    return _unbound(claim, snapshot) if snapshot.has("StorageClass") else _as_events_say(claim, snapshot)


_LOST_WHY = "A claim whose bound volume was deleted is Lost: its data is too, unless the volume is restored."


_DELETED_WHY = (
    "A claim in use is protected by a finalizer (kubernetes.io/pvc-protection): it stays Terminating until the "
    "last pod that uses it ends, and no new pod may use it."
)


def _being_deleted(claim: Json, snapshot: Snapshot) -> Trouble:
    """Who holds it, and the way to a new one: its data goes with it."""
    name, namespace = str(claim["metadata"]["name"]), snapshot.namespace
    holders = [pod for pod in snapshot.of("Pod") if _uses(pod, name)]
    if not holders:
        return Trouble("it is being deleted, and goes only when no pod uses it any more", _DELETED_WHY)
    names = [str(pod["metadata"]["name"]) for pod in holders]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    spec = claim["spec"]
    kept = {key: spec[key] for key in ("accessModes", "resources", "storageClassName", "volumeMode") if key in spec}
    metadata = {"name": name, "namespace": namespace}
    anew = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": kept}
    owner = owner_of(holders[0], snapshot)
    ends = (
        f"kubectl delete pod {' '.join(names)} -n {namespace}"
        if owner.kind in ("Pod", "Job")
        else f"kubectl scale {typed(owner)} --replicas=0"
        if owner.kind in ("Deployment", "StatefulSet")
        else ""
    )
    remedy = Remedy(
        f"End {'that pod' if not more else 'those pods'}, upon which the claim and its data go, and make it anew",
        f"{ends} && kubectl wait --for=delete pvc/{name} -n {namespace} --timeout=120s && "
        f"printf %s {quoted(json.dumps(anew))} | kubectl apply -f -",
        "delete",
    )
    return Trouble(
        f"it is being deleted since {claim['metadata']['deletionTimestamp']}, and goes only when no pod uses it "
        f"any more: pod {names[0]}{more} still does",
        _DELETED_WHY,
        remedies=(remedy,) if ends else (),
    )


def _uses(pod: Json, claim: str) -> bool:
    """A pod that has its node, and has not ended."""
    ended = status_of(pod).get("phase") in ("Succeeded", "Failed")
    named = (
        (each.get("persistentVolumeClaim") or {}).get("claimName") for each in pod["spec"].get("volumes") or ()
    )
    return not ended and bool(pod["spec"].get("nodeName")) and claim in named


def _as_events_say(claim: Json, snapshot: Snapshot) -> Trouble | None:
    """Where storage classes cannot be read."""
    event = _event(claim, (*_FAILED, "FailedBinding", "ExternalProvisioning"), snapshot)
    if event is None:
        return None
    return Trouble(one_line(str(event.get("message")), 200), within=PROVISIONED_WITHIN)


def _unbound(claim: Json, snapshot: Snapshot) -> Trouble | None:
    wanted = claim["spec"].get("storageClassName")
    if wanted is None:
        return _no_class(snapshot)
    storage_class = snapshot.named("StorageClass", str(wanted)) if wanted else None
    if wanted and storage_class is None and not _volumes(claim, snapshot):
        return _class_missing(str(wanted), snapshot)
    if storage_class is None or storage_class.get("provisioner") == _NO_PROVISIONER:
        waits = storage_class is not None and _waits_for_consumer(claim, storage_class)
        return None if waits else _static(claim, snapshot)
    if _waits_for_consumer(claim, storage_class):
        return None
    return _provisioning(claim, storage_class, snapshot)


def _no_class(snapshot: Snapshot) -> Trouble | None:
    if default := _default_class(snapshot):
        return Trouble(f"it names no storage class (the default is {default} now)", wanted_class=default)
    names = snapshot.names("StorageClass")
    there = f" (there is: {one_line(', '.join(names), 120)})" if names else ""
    return Trouble(
        f"it names no storage class and the cluster has no default one{there}",
        "A claim that names no class gets the cluster's default StorageClass, and waits until there is one.",
        wanted_class=names[0] if len(names) == 1 else None,
    )


def _class_missing(wanted: str, snapshot: Snapshot) -> Trouble:
    names = snapshot.names("StorageClass")
    near = nearest(wanted, names)
    default = _default_class(snapshot)
    instead = (
        f"; the nearest there is: {near}"
        if near
        else f"; there is: {one_line(', '.join(names), 120)}"
        if names
        else ""
    )
    return Trouble(
        f"its storage class {one_line(wanted, 120)} does not exist{instead}",
        "The StorageClass names the provisioner that makes the volume; without it nobody does.",
        wanted_class=near or default or (names[0] if len(names) == 1 else None),
    )


def _static(claim: Json, snapshot: Snapshot) -> Trouble | None:
    """No provisioner makes the volume: one must be there that fits."""
    if not snapshot.has("PersistentVolume"):
        return None
    wanted = claim["spec"].get("storageClassName")
    which = f"of class {one_line(str(wanted), 80)}" if wanted else "without a class"
    free = [each for each in _volumes(claim, snapshot) if _is_free(each, claim)]
    why = (
        "No provisioner makes volumes for this claim: it is bound to an existing PersistentVolume of the same "
        "class that is free, large enough, and offers every access mode asked for."
    )
    default = None if wanted else _default_class(snapshot)
    if named := claim["spec"].get("volumeName"):
        return _named_volume(str(named), snapshot, why)
    if not free:
        taken = "every one is taken" if _volumes(claim, snapshot) else "there is none"
        return Trouble(f"it needs a PersistentVolume {which}, and {taken}", why, wanted_class=default)
    if misfit := _misfit(claim, free, which):
        return Trouble(misfit, why, wanted_class=default)
    unmatched = f"no free volume {which} matches its selector, its volume mode and its size together"
    return Trouble(unmatched, why, wanted_class=default, within=BOUND_WITHIN)


def _named_volume(name: str, snapshot: Snapshot, why: str) -> Trouble:
    volume = snapshot.named("PersistentVolume", name)
    if volume is None:
        return Trouble(f"it names PersistentVolume {one_line(name, 120)}, which does not exist", why)
    holder = (volume["spec"].get("claimRef") or {}).get("name")
    held = f" and is held by the claim {one_line(str(holder), 120)}" if holder else ""
    phase = status_of(volume).get("phase")
    within = None if holder or phase not in (None, "Pending", "Available") else BOUND_WITHIN
    return Trouble(f"it names PersistentVolume {one_line(name, 120)}, which is {phase}{held}", why, within=within)


def _misfit(claim: Json, free: list[Json], which: str) -> str:
    """Why none of the free volumes can be bound, by access modes and size; empty where one can."""
    modes = {str(mode) for mode in claim["spec"].get("accessModes") or ()}
    fitting = [each for each in free if modes <= set(each["spec"].get("accessModes") or ())]
    if not fitting:
        offered = sorted({str(mode) for each in free for mode in each["spec"].get("accessModes") or ()})
        return f"it asks for {', '.join(sorted(modes))}; the free volumes {which} offer only {', '.join(offered)}"
    asked = amount(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage"))
    largest = max(amount((each["spec"].get("capacity") or {}).get("storage")) for each in fitting)
    if asked > largest:
        size = shown("storage", largest)
        return f"it asks for {shown('storage', asked)}; the largest free volume {which} has {size}"
    return ""


def _provisioning(claim: Json, storage_class: Json, snapshot: Snapshot) -> Trouble | None:
    name = str(storage_class["metadata"]["name"])
    provisioner = one_line(str(storage_class.get("provisioner")), 120)
    failed = _event(claim, _FAILED, snapshot)
    if failed is not None:
        message = one_line(str(failed.get("message")), 200)
        fails = f"{provisioner}, the provisioner of class {name}, fails: {message}"
        return Trouble(fails, within=PROVISIONED_WITHIN)
    external = _event(claim, ("ExternalProvisioning",), snapshot)
    match = _EXTERNAL.search(str(external.get("message"))) if external else None
    who = one_line(match[1], 120) if match else provisioner
    default = _default_class(snapshot)
    return Trouble(
        f"no volume comes from {who}, the external provisioner of its storage class {name}",
        "The volume is made by a program of its own (a CSI driver's provisioner). It does not run, is not "
        "registered under that name, or has no answer from the storage.",
        wanted_class=default if default != name else None,
        remedies=(
            Remedy(
                title="See which CSI drivers are there, and whether their pods run",
                command="kubectl get csidrivers",
                risk="read",
            ),
        ),
        within=PROVISIONED_WITHIN,
    )


def _waits_for_consumer(claim: Json, storage_class: Json) -> bool:
    """The volume is made only when the scheduler has chosen a node: what keeps the pod from one is the cause."""
    return storage_class.get("volumeBindingMode") == "WaitForFirstConsumer" and not is_on_a_node(claim)


def is_on_a_node(claim: Json) -> bool:
    """Whether the scheduler has chosen a node for the pod that wants it, and waits for its volume there."""
    return bool((claim["metadata"].get("annotations") or {}).get(_SELECTED_NODE))


def _volumes(claim: Json, snapshot: Snapshot) -> list[Json]:
    wanted = claim["spec"].get("storageClassName") or ""
    return [one for one in snapshot.of("PersistentVolume") if (one["spec"].get("storageClassName") or "") == wanted]


def _is_free(volume: Json, claim: Json) -> bool:
    holder = volume["spec"].get("claimRef") or {}
    mine = holder.get("name") == claim["metadata"]["name"] and holder.get("namespace") == claim["metadata"].get(
        "namespace", holder.get("namespace")
    )
    return status_of(volume).get("phase") == "Available" and (not holder or mine)


def _default_class(snapshot: Snapshot) -> str | None:
    for each in snapshot.of("StorageClass"):
        annotations = each["metadata"].get("annotations") or {}
        if any(annotations.get(key) == "true" for key in _DEFAULT_CLASS):
            return str(each["metadata"]["name"])
    return None


def _event(claim: Json, reasons: tuple[str, ...], snapshot: Snapshot) -> Json | None:
    events = snapshot.events_of("PersistentVolumeClaim", claim["metadata"]["name"])
    return next((each for each in events if each.get("reason") in reasons), None)
