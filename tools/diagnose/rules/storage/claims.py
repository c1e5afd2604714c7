"""PersistentVolumeClaims that keep pods from their node: not there, or not bound.

Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding and
https://kubernetes.io/docs/concepts/storage/storage-classes/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from tools.diagnose import timing
from tools.diagnose.facts.edits import edit
from tools.diagnose.facts.naming import TEMPLATE_KINDS, event_said, quoted, said
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.remedies import by_tool, described, patch, set_in_template
from tools.diagnose.facts.statuses import status_of
from tools.diagnose.rules.scheduling.obstacles import PENDING, Obstacle, Waiting
from tools.diagnose.rules.storage.claim_templates import ClaimTemplate, claim_template
from tools.diagnose.rules.storage.unbound import Trouble, trouble_of
from tools.diagnose.terms import Evidence, Finding, Json, ObjectRef, Remedy, Snapshot
from tools.plaintext import one_line


class Held(msgspec.Struct):
    """A claim, with the pods and owners it keeps from running."""

    claim: Json
    trouble: Trouble
    pods: list[str] = msgspec.field(default_factory=list)
    owners: list[ObjectRef] = msgspec.field(default_factory=list)


def claim_names(pod: Json) -> list[str]:
    """The claims a pod names, those made for its ephemeral volumes included."""
    volumes: list[Json] = pod["spec"].get("volumes") or []
    named = [
        str(each["persistentVolumeClaim"]["claimName"]) for each in volumes if each.get("persistentVolumeClaim")
    ]
    own = [f"{pod['metadata']['name']}-{each['name']}" for each in volumes if each.get("ephemeral")]
    return [*named, *own]


def troubled(pod: Json, snapshot: Snapshot) -> Iterator[tuple[Json, Trouble]]:
    """The claims of a pod that are not bound and will not be by themselves."""
    for name in dict.fromkeys(claim_names(pod)):
        claim = snapshot.named("PersistentVolumeClaim", name)
        if claim is not None and (trouble := trouble_of(claim, snapshot)):
            yield claim, trouble


def finding(held: Held, snapshot: Snapshot) -> Finding:
    """The finding on one claim."""
    name = str(held.claim["metadata"]["name"])
    target = ObjectRef("v1", "PersistentVolumeClaim", snapshot.namespace, name)
    owners = list(dict.fromkeys(held.owners))
    template = claim_template(held.claim, held.pods, owners, snapshot)
    told = f"{said(owners[0])} waits for it: {held.trouble.said}"
    found = Finding(
        cause=PENDING,
        object=target,
        affected=tuple(held.pods),
        detail=f"PersistentVolumeClaim {name} {_state(held.claim)}, and {told}",
        why=held.trouble.why + (template.said if template else ""),
        evidence=(*_evidence(held.claim, target, snapshot), *([template.evidence] if template else ())),
        remedies=tuple(_remedies(held, target, template)),
        concerns=tuple(owners),
    )
    return timing.so_far(found, _passes_by(held, snapshot), snapshot)


def _state(claim: Json) -> str:
    return "cannot be used" if status_of(claim).get("phase") == "Bound" else "is not bound"


def _passes_by(held: Held, snapshot: Snapshot) -> datetime | None:
    """Until when the claim may still be bound: counted from its making, or from that of a pod that wants it."""
    if held.trouble.within is None:
        return None
    pods = [pod for name in held.pods if (pod := snapshot.named("Pod", name)) is not None]
    made = [moment for each in (held.claim, *pods) if (moment := timing.created(each)) is not None]
    return max(made) + held.trouble.within if made else None


def absent(waiting: Waiting, name: str) -> Obstacle:
    """A claim that a pod names and that does not exist."""
    namespace = waiting.snapshot.namespace
    near = nearest(name, waiting.snapshot.names("PersistentVolumeClaim"))
    look = Remedy("Name a claim that exists, or create this one", f"kubectl get pvc -n {namespace}", "read")
    return Obstacle(
        f"the nearest there is: {near}" if near else "",
        "A pod waits until every claim it names exists and can be bound to a volume.",
        (*_point(waiting, name, near), look, edit(waiting.owner)),
    )


def _point(waiting: Waiting, name: str, near: str | None) -> list[Remedy]:
    if near is None or waiting.owner.kind not in TEMPLATE_KINDS:
        return []
    volumes = waiting.pod["spec"].get("volumes") or ()
    index = next(
        (
            at
            for at, each in enumerate(volumes)
            if (each.get("persistentVolumeClaim") or {}).get("claimName") == name
        ),
        None,
    )
    if index is None:
        return []
    field = f"volumes/{index}/persistentVolumeClaim/claimName"
    return [set_in_template(waiting.owner, f"Name the claim {near}, which exists", field, near)]


def _evidence(claim: Json, target: ObjectRef, snapshot: Snapshot) -> Iterator[Evidence]:
    spec = claim["spec"]
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    wanted = spec.get("storageClassName")
    named = "no storage class" if wanted is None else f'storageClassName: "{wanted}"'
    modes = ", ".join(str(mode) for mode in spec.get("accessModes") or ())
    phase = status_of(claim).get("phase")
    yield Evidence("spec", said(target), one_line(f"{named}; {modes}; {asked}; {phase}"))
    if event := next(iter(snapshot.events_of("PersistentVolumeClaim", target.name)), None):
        yield Evidence("event", said(target), one_line(event_said(event)))


def _remedies(held: Held, target: ObjectRef, template: ClaimTemplate | None) -> Iterator[Remedy]:
    wanted = held.trouble.wanted_class
    if wanted is not None:
        yield template.corrected(wanted) if template else _other_class(held.claim, target, wanted)
    yield from held.trouble.remedies
    yield described(target, "See the claim with its events")


def _other_class(claim: Json, target: ObjectRef, wanted: str) -> Remedy:
    now = claim["spec"].get("storageClassName")
    where = f"-n {target.namespace}"
    if now is None:
        command = patch(target, {"spec": {"storageClassName": wanted}})
    else:
        old = 'storageClassName: ""' if now == "" else f"storageClassName: {now}"
        edit = quoted(f"s|{old}$|storageClassName: {wanted}|")
        command = f"kubectl get pvc {target.name} {where} -o yaml | sed {edit} | kubectl replace --force -f -"
    by_hand = Remedy(f"Give the claim the storage class {wanted}", command, "delete")
    return by_tool(by_hand, "set_claim_class", target, of_kinds=False, storage_class=wanted)
