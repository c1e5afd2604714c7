"""Whose pod is it: the object a person would change, and whether the pod still counts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.diagnose.facts.statuses import conditions_of, status_of
from tools.diagnose.terms import Json, Kind, ObjectRef, Snapshot, grouped, once

_NEWEST = re.compile(r'[Rr]eplica ?[Ss]et "([^"]+)"')
_REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"


def controller(item: Json) -> Json | None:
    """The owner reference whose `controller` is true, if there is one."""
    references = item["metadata"].get("ownerReferences") or ()
    return next((reference for reference in references if reference.get("controller")), None)


def newest_replicaset(deployment: Json) -> str | None:
    """The name of the ReplicaSet a Deployment wants now, as its Progressing condition says it; None if it does not.

    It does not while the Deployment is paused or has no progress deadline, and when the ReplicaSet it names
    could not be created.
    Source: kube-controller-manager's pkg/controller/deployment/progress.go and sync.go
    """
    for condition in conditions_of(deployment):
        if condition.get("type") != "Progressing" or condition.get("reason") == "ReplicaSetCreateError":
            continue
        if match := _NEWEST.search(str(condition.get("message"))):
            return match[1]
    return None


def newest_replicaset_of(deployment: Json, snapshot: Snapshot) -> str | None:
    """The name of the ReplicaSet a Deployment wants now, from the ReplicaSets where they were read."""
    return newest_revisions(snapshot).get(("ReplicaSet", deployment["metadata"]["name"]))


def deployment_of(pod: Json, replicaset: Json) -> str | None:
    """The Deployment of a pod's ReplicaSet (the owner reference), by its name without the template's hash.

    Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label
    """
    suffix = "-" + str((pod["metadata"].get("labels") or {}).get(_HASH, ""))
    name = str(replicaset["name"])
    return name.removesuffix(suffix) if len(suffix) > 1 and name.endswith(suffix) else None


def revision_of(item: Json) -> int:
    """The revision of a Deployment or a ReplicaSet; 0 when it does not say."""
    revision = str((item["metadata"].get("annotations") or {}).get(_REVISION, ""))
    return int(revision) if revision.isdecimal() else 0


def owner_of(pod: Json, snapshot: Snapshot) -> ObjectRef:
    """The top of the pod's chain of controllers (a Deployment, a CronJob and so on), or the pod itself.

    Where ReplicaSets were not read, the Deployment is the ReplicaSet's name without the pod's
    `pod-template-hash`.
    Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label
    """
    direct = controller(pod)
    if direct is None:
        return ObjectRef("v1", "Pod", snapshot.namespace, pod["metadata"]["name"])
    if direct["kind"] == "ReplicaSet":
        return _above_replicaset(pod, direct, snapshot)
    job = snapshot.named("Job", direct["name"]) if direct["kind"] == "Job" else None
    return _ref((job and controller(job)) or direct, snapshot)


def controlled(kind: Kind, above: tuple[str, str], snapshot: Snapshot) -> Sequence[Json]:
    """The objects of a kind whose controller is of this kind and name: the pods of a Job, the Jobs of a CronJob."""
    return snapshot.grouped(kind, controller_name).get(above, ())


def controller_name(item: Json) -> tuple[str, str] | None:
    """Kind and name of its controller."""
    above = controller(item)
    return None if above is None else (str(above["kind"]), str(above["name"]))


def current_pods_of(owner: ObjectRef, snapshot: Snapshot) -> Sequence[Json]:
    """The pods of a workload that count, by name."""
    return _by_owner(snapshot).get(owner, ())


def current_pods_on(node: str, snapshot: Snapshot) -> Sequence[Json]:
    """Those on one node."""
    return _by_node(snapshot).get(node, ())


@once
def _by_node(snapshot: Snapshot) -> dict[str, list[Json]]:
    return grouped(current_pods(snapshot), lambda pod: str(pod["spec"].get("nodeName")))


@once
def _by_owner(snapshot: Snapshot) -> dict[ObjectRef, list[Json]]:
    return grouped(current_pods(snapshot), lambda pod: owner_of(pod, snapshot))


@once
def current_pods(snapshot: Snapshot) -> tuple[Json, ...]:
    """The pods that count, by name; worked out once for a snapshot.

    Not those that are being deleted, have succeeded, were evicted, or belong to an older ReplicaSet of a
    Deployment, to a completed Job, or to an older Job of a CronJob. Until the newest run has ended, the one
    before counts too.
    """
    newest, older = newest_revisions(snapshot), _older_jobs(snapshot)
    pods = (pod for pod in snapshot.of("Pod") if _alive(pod) and _of_newest(pod, newest, older, snapshot))
    return tuple(sorted(pods, key=lambda pod: str(pod["metadata"]["name"])))


def _above_replicaset(pod: Json, direct: Json, snapshot: Snapshot) -> ObjectRef:
    replicaset = snapshot.named("ReplicaSet", direct["name"])
    if replicaset is not None:
        return _ref(controller(replicaset) or direct, snapshot)
    if above := deployment_of(pod, direct):
        return ObjectRef("apps/v1", "Deployment", snapshot.namespace, above)
    return _ref(direct, snapshot)


def _ref(reference: Json, snapshot: Snapshot) -> ObjectRef:
    return ObjectRef(reference["apiVersion"], reference["kind"], snapshot.namespace, reference["name"])


def _alive(pod: Json) -> bool:
    """A pod that failed as a whole (evicted, its node shut down) says why in `status.reason`."""
    status = status_of(pod)
    failed_as_a_whole = status.get("phase") == "Failed" and status.get("reason")
    return (
        not pod["metadata"].get("deletionTimestamp")
        and status.get("phase") != "Succeeded"
        and not failed_as_a_whole
    )


def _of_newest(pod: Json, newest: dict[tuple[str, str], str], older: set[str], snapshot: Snapshot) -> bool:
    direct = controller(pod)
    if direct is None:
        return True
    if direct["kind"] == "Job":
        job = snapshot.named("Job", direct["name"])
        return job is None or not (_is_complete(job) or direct["name"] in older)
    middle = None
    if direct["kind"] == "ReplicaSet":
        middle = snapshot.named("ReplicaSet", direct["name"]) or _as_if_read(pod, direct, snapshot)
    above = None if middle is None else controller(middle)
    return above is None or newest.get((direct["kind"], above["name"]), direct["name"]) == direct["name"]


def _as_if_read(pod: Json, direct: Json, snapshot: Snapshot) -> Json | None:
    """A ReplicaSet that was not read, with the Deployment its name tells."""
    above = deployment_of(pod, direct)
    if above is None or snapshot.named("Deployment", above) is None:
        return None
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": above, "controller": True}
    return {"metadata": {"name": direct["name"], "ownerReferences": [reference]}}


@once
def newest_revisions(snapshot: Snapshot) -> dict[tuple[str, str], str]:
    """The ReplicaSet a Deployment wants now, by the Deployment's name: a rollback raises its revision too."""
    said = {
        ("ReplicaSet", item["metadata"]["name"]): name
        for item in snapshot.of("Deployment")
        if (name := newest_replicaset(item)) is not None
    }
    ranked = sorted(snapshot.of("ReplicaSet"), key=_revision)
    return said | {
        ("ReplicaSet", above["name"]): item["metadata"]["name"]
        for item in ranked
        if (above := controller(item)) is not None
    }


def _older_jobs(snapshot: Snapshot) -> set[str]:
    """The Jobs of CronJobs that no longer count: older than the newest run, and than the newest that has ended."""
    ranked = sorted(snapshot.of("Job"), key=lambda job: str(job["metadata"].get("creationTimestamp", "")))
    runs: dict[str, list[Json]] = {}
    for item in ranked:
        if (above := controller(item)) is not None:
            runs.setdefault(above["name"], []).append(item)
    counting = {
        str(run["metadata"]["name"])
        for jobs in runs.values()
        for run in (jobs[-1], next((job for job in reversed(jobs) if has_ended(job)), jobs[-1]))
    }
    return {str(job["metadata"]["name"]) for jobs in runs.values() for job in jobs} - counting


def _revision(replicaset: Json) -> tuple[int, str]:
    return revision_of(replicaset), str(replicaset["metadata"].get("creationTimestamp", ""))


def has_ended(job: Json) -> bool:
    """Whether a Job is complete or has failed for good."""
    return _is_complete(job) or _has_condition(job, "Failed")


def _is_complete(job: Json) -> bool:
    return _has_condition(job, "Complete")


def _has_condition(job: Json, kind: str) -> bool:
    conditions = conditions_of(job)
    return any(item.get("type") == kind and item.get("status") == "True" for item in conditions)
