"""Back to what served before: the remedy for a new version that does not run."""

from __future__ import annotations

from collections.abc import Iterable

from tools.diagnose.facts.naming import typed
from tools.diagnose.facts.owners import (
    controlled,
    controller,
    deployment_of,
    newest_replicaset,
    newest_replicaset_of,
    revision_of,
)
from tools.diagnose.facts.remedies import by_tool
from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.terms import Json, ObjectRef, Remedy, Snapshot, once

_ONLY_ONE_BEFORE = 2
"""At this revision there is only one to go back to."""


def rollback_remedy(snapshot: Snapshot, owner: ObjectRef) -> Remedy | None:
    """Roll a Deployment back to the revision whose pods serve, else to the one before; None if there is none.

    None too for a paused Deployment, which kubectl does not roll back, and for every other kind. Without
    ReplicaSets in the snapshot only the step from revision 2 to revision 1 is known to lead to the pods that serve.
    Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-back-a-deployment
    """
    deployment = snapshot.named("Deployment", owner.name) if owner.kind == "Deployment" else None
    if deployment is None or deployment["spec"].get("paused"):
        return None
    present = revision_of(deployment)
    newest = newest_replicaset_of(deployment, snapshot)
    serving = serving_replicasets(snapshot, owner.name) - {newest}
    earlier = _earlier_revisions(snapshot, owner.name, present)
    served = [revision for name, revision in earlier.items() if name in serving]
    if served:
        return _undo(owner, max(served), "whose pods still serve")
    if serving and present == _ONLY_ONE_BEFORE:
        return _undo(owner, 1, "whose pods still serve")
    return _undo(owner, max(earlier.values()), "the one before") if earlier and not serving else None


def serving_replicasets(snapshot: Snapshot, deployment: str) -> set[str]:
    """The ReplicaSets of a Deployment that have a Ready pod."""
    return _serving(snapshot).get(deployment, set())


@once
def _serving(snapshot: Snapshot) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for pod in snapshot.of("Pod"):
        direct = controller(pod)
        if direct is not None and direct["kind"] == "ReplicaSet" and is_ready(pod):
            found.setdefault(deployment_of(pod, direct) or "", set()).add(direct["name"])
    return found


def serves_still(snapshot: Snapshot, deployment: str, suffering: Iterable[str]) -> bool:
    """Whether these pods are all of the ReplicaSet that a Deployment wants now, while another one's are Ready."""
    item = snapshot.named("Deployment", deployment)
    newest = None if item is None else newest_replicaset_of(item, snapshot)
    if newest is None:
        return False
    above = (controller(pod) for name in suffering if (pod := snapshot.named("Pod", name)) is not None)
    if any(direct is None or direct["name"] != newest for direct in above):
        return False
    return bool(serving_replicasets(snapshot, deployment) - {newest})


def wants_revisions(snapshot: Snapshot) -> bool:
    """Whether the ReplicaSets must tell which revision there is to go back to: one serves, and not the newest."""
    return any(
        revision_of(item) > _ONLY_ONE_BEFORE and _new_one_fails(item, snapshot)
        for item in snapshot.of("Deployment")
    )


def _new_one_fails(deployment: Json, snapshot: Snapshot) -> bool:
    newest, status = newest_replicaset(deployment), status_of(deployment)
    if newest is None or not status.get("unavailableReplicas"):
        return False
    return bool(serving_replicasets(snapshot, deployment["metadata"]["name"]) - {newest})


def is_ready(pod: Json) -> bool:
    """Whether a pod takes part in Services: Ready, and not on its way out."""
    conditions = conditions_of(pod)
    ready = any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def _earlier_revisions(snapshot: Snapshot, deployment: str, present: int) -> dict[str, int]:
    """The revisions that can be gone back to, by the name of their ReplicaSet."""
    return {
        item["metadata"]["name"]: revision
        for item in controlled("ReplicaSet", ("Deployment", deployment), snapshot)
        if 0 < (revision := revision_of(item)) < present
    }


def _undo(owner: ObjectRef, revision: int, which: str) -> Remedy:
    command = f"kubectl rollout undo {typed(owner)} --to-revision={revision}"
    by_hand = Remedy(f"Go back to revision {revision}, {which}", command, "change")
    return by_tool(by_hand, "rollback_rollout", owner, to_revision=revision)
