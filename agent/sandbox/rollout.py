"""A Deployment controller, as one pure step: what is there in, what to write and to delete out."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent.sandbox.kubelet import Told, event_about, qos_class
from agent.sandbox.store import timestamp

Object = dict[str, Any]

REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"
_SAFE = "bcdfghjklmnpqrstvwxz2456789"


@dataclass
class Writes:
    """What one pass over a Deployment writes and deletes; it grows as the pass goes on."""

    deployment: Object
    now: datetime
    put: list[Object] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)

    def scale(self, replica_set: Object, pods: Sequence[Object], count: int) -> list[Object]:
        """Brings a ReplicaSet to `count` pods, those not ready going first; returns what is left."""
        kept = sorted(pods, key=is_ready, reverse=True)[:count]
        gone = [pod for pod in pods if pod not in kept]
        made = [_pod(replica_set) for _ in range(count - len(kept))]
        self.put += [_counted(replica_set, count, [*kept, *made]), *made]
        self.delete += gone
        name, before = replica_set["metadata"]["name"], replica_set["spec"]["replicas"]
        if before != count:
            text = f"Scaled {'up' if count > before else 'down'} replica set {name} from {before} to {count}"
            self._tell(self.deployment, "deployment-controller", "ScalingReplicaSet", text)
        for pod in made:
            text = f"Created pod: {pod['metadata']['name']}"
            self._tell(replica_set, "replicaset-controller", "SuccessfulCreate", text)
        for pod in gone:
            text = f"Deleted pod: {pod['metadata']['name']}"
            self._tell(replica_set, "replicaset-controller", "SuccessfulDelete", text)
        return [*kept, *made]

    def _tell(self, about: Object, component: str, reason: str, message: str) -> None:
        self.put.append(event_about(about, Told(component, "Normal", reason, message), self.now, self.now))


def step(deployment: Object, replica_sets: Sequence[Object], pods: Sequence[Object], now: datetime) -> Writes:
    """One pass over a Deployment with its ReplicaSets and their pods.

    The newest ReplicaSet gets all its pods at once; the one before keeps its pods until those are ready;
    older ones are emptied. With one replica that is what maxSurge and maxUnavailable of 25% come to.
    """
    writes = Writes(deployment, now)
    newest = _newest(deployment, replica_sets)
    replicas = deployment["spec"].get("replicas", 1)
    mine = [pod for pod in pods if _owned(pod, newest)]
    done = sum(map(is_ready, mine)) >= replicas
    kept = writes.scale(newest, mine, replicas)
    others = [each for each in replica_sets if each["metadata"]["name"] != newest["metadata"]["name"]]
    for each in others:
        keep = 0 if done or revision(each) < max(map(revision, others)) else replicas
        theirs = [pod for pod in pods if _owned(pod, each)]
        kept += writes.scale(each, theirs, min(keep, len(theirs)))
    writes.put.append(_reported(deployment, newest, kept, now))
    return writes


def is_ready(pod: Object) -> bool:
    """Whether the pod's condition Ready is True."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def revision(item: Object) -> int:
    """The revision of a Deployment or ReplicaSet, 0 before its first."""
    return int(item["metadata"].get("annotations", {}).get(REVISION, 0))


def template_hash(template: Object) -> str:
    """Ten letters that name a pod template."""
    return _letters(json.dumps(template, sort_keys=True), 10)


def _letters(text: str, count: int) -> str:
    """Letters and digits that spell no words, as k8s.io/apimachinery/pkg/util/rand.SafeEncodeString's."""
    return "".join(_SAFE[byte % len(_SAFE)] for byte in hashlib.sha256(text.encode()).digest()[:count])


def _owned(pod: Object, owner: Object) -> bool:
    return any(each["uid"] == owner["metadata"]["uid"] for each in pod["metadata"].get("ownerReferences", []))


def _owner(owner: Object) -> list[Object]:
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"]}
    reference |= {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
    return [reference | {"controller": True, "blockOwnerDeletion": True}]


def _newest(deployment: Object, replica_sets: Sequence[Object]) -> Object:
    """The ReplicaSet of the Deployment's template, made when there is none, with the highest revision."""
    template = deployment["spec"]["template"]
    name = f"{deployment['metadata']['name']}-{template_hash(template)}"
    found = next((each for each in replica_sets if each["metadata"]["name"] == name), None)
    highest = max(map(revision, replica_sets), default=0)
    if found and revision(found) == highest:
        return found
    return _with_annotation(found or _replica_set(deployment, name), REVISION, str(highest + 1))


def _with_annotation(item: Object, key: str, value: str) -> Object:
    annotations = {**item["metadata"].get("annotations", {}), key: value}
    return item | {"metadata": item["metadata"] | {"annotations": annotations}}


def _replica_set(deployment: Object, name: str) -> Object:
    template = deployment["spec"]["template"]
    labels = template["metadata"]["labels"] | {HASH: name.rpartition("-")[2]}
    replicas = deployment["spec"].get("replicas", 1)
    metadata = {
        "name": name,
        "namespace": deployment["metadata"]["namespace"],
        "uid": str(uuid.uuid4()),
        "labels": labels,
        "annotations": {
            "deployment.kubernetes.io/desired-replicas": str(replicas),
            "deployment.kubernetes.io/max-replicas": str(replicas + -(-replicas // 4)),
        },
        "ownerReferences": _owner(deployment),
    }
    labelled = template | {"metadata": template["metadata"] | {"labels": labels}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": labelled}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}


def _pod(replica_set: Object) -> Object:
    template = replica_set["spec"]["template"]
    prefix, uid = f"{replica_set['metadata']['name']}-", str(uuid.uuid4())
    metadata = template["metadata"] | {
        "name": prefix + _letters(uid, 5),
        "generateName": prefix,
        "namespace": replica_set["metadata"]["namespace"],
        "uid": uid,
        "ownerReferences": _owner(replica_set),
    }
    pod: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
    return pod | {"status": {"phase": "Pending", "qosClass": qos_class(pod)}}


def _counted(replica_set: Object, count: int, pods: Sequence[Object]) -> Object:
    spec, ready = replica_set["spec"] | {"replicas": count}, sum(map(is_ready, pods))
    generation = replica_set["metadata"].get("generation", 0) + (spec != replica_set["spec"])
    status = {"replicas": len(pods), "observedGeneration": generation}
    some = {"fullyLabeledReplicas": len(pods), "readyReplicas": ready, "availableReplicas": ready}
    return replica_set | {"spec": spec, "status": status | _positive(some)}


def _positive(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count > 0}


def _reported(deployment: Object, newest: Object, pods: Sequence[Object], now: datetime) -> Object:
    """The Deployment with its revision and the status that these pods give it."""
    replicas, total = deployment["spec"].get("replicas", 1), len(pods)
    updated, ready = sum(_owned(pod, newest) for pod in pods), sum(map(is_ready, pods))
    complete = updated == total == ready == replicas
    counts = {
        "replicas": total,
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": ready,
    }
    old = {each["type"]: each for each in deployment.get("status", {}).get("conditions", [])}
    conditions = [
        _dated(old, _available(ready >= replicas - replicas // 4), now),
        _dated(old, _progressing(newest["metadata"]["name"], complete), now),
    ]
    status = {"observedGeneration": deployment["metadata"]["generation"], "conditions": conditions}
    status |= _positive(counts | {"unavailableReplicas": total - ready})
    return _with_annotation(deployment, REVISION, str(revision(newest))) | {"status": status}


def _available(enough: bool) -> Object:
    if enough:
        why = {"reason": "MinimumReplicasAvailable", "message": "Deployment has minimum availability."}
    else:
        why = {
            "reason": "MinimumReplicasUnavailable",
            "message": "Deployment does not have minimum availability.",
        }
    return {"type": "Available", "status": str(enough), **why}


def _progressing(name: str, complete: bool) -> Object:
    reason = "NewReplicaSetAvailable" if complete else "ReplicaSetUpdated"
    message = f'ReplicaSet "{name}" {"has successfully progressed" if complete else "is progressing"}.'
    return {"type": "Progressing", "status": "True", "reason": reason, "message": message}


def _dated(old: dict[str, Object], condition: Object, now: datetime) -> Object:
    """Gives a condition the times of the one before it, as far as it says the same."""
    before, at = old.get(condition["type"], {}), timestamp(now)
    same = all(before.get(name) == value for name, value in condition.items())
    turned = before["lastTransitionTime"] if before.get("status") == condition["status"] else at
    return condition | {
        "lastUpdateTime": before["lastUpdateTime"] if same else at,
        "lastTransitionTime": turned,
    }
