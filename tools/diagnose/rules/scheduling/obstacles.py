"""What a pod that has no node waits for: the words its finding is made of, and what one does about any of it."""

from __future__ import annotations

import msgspec

from tools.diagnose.facts.owners import current_pods_of
from tools.diagnose.rules.scheduling import amounts
from tools.diagnose.terms import Cause, Evidence, Json, ObjectRef, Remedy, Snapshot

PENDING = Cause(
    "Pending",
    topic="scaling",
    means="No node takes the pod, or a volume claim it names is missing or not bound.",
    why=(
        "The scheduler looks for a node that meets every condition of the pod at once: free requests of CPU, "
        "memory and other resources, labels, affinity, tolerated taints, free host ports, and volumes that can "
        "be bound there. As long as there is none, the pod waits, and no container of it is made."
    ),
    mend=(
        "Read which condition no node meets, and change it in the workload: ask for less, name a label that "
        "nodes have, tolerate the taint, run fewer replicas. For a claim, name a storage class that exists. "
        "What only the cluster's administrators can change (a cordoned node, a provisioner), ask of them."
    ),
    example=(
        "a pod of Deployment checkout is Pending: 0/3 nodes are available: 3 Insufficient cpu (it asks for cpu "
        "16, the largest node has 8)"
    ),
    source="https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/",
    called=r"\bpending\b|\bnot (be )?scheduled\b|\bunschedulable\b",
)


class Waiting(msgspec.Struct, frozen=True):
    """A pod without a node, and what the scheduler says of it."""

    pod: Json
    owner: ObjectRef
    sentence: str
    snapshot: Snapshot


class Obstacle(msgspec.Struct, frozen=True):
    """One reason why no node takes the pod: what decides it (may be empty), why, and what one does."""

    said: str
    why: str
    remedies: tuple[Remedy, ...] = ()
    spec: tuple[str, ...] = ()
    """What the pod's specification says of it."""
    evidence: tuple[Evidence, ...] = ()
    """What other objects say of it."""


def fewer(waiting: Waiting) -> list[Remedy]:
    """As many replicas as have found a place."""
    placed, asked = replicas(waiting)
    return amounts.fewer(waiting.owner, placed, asked)


def replicas(waiting: Waiting) -> tuple[int, int]:
    """How many current pods of the owner have a node, and how many there are."""
    own = current_pods_of(waiting.owner, waiting.snapshot)
    return sum(1 for pod in own if pod["spec"].get("nodeName")), len(own)


def see(title: str, words: str) -> Remedy:
    """What one looks at: a kubectl command without its first word."""
    return Remedy(title=title, command=f"kubectl {words}", risk="read")


def described(waiting: Waiting) -> str:
    """`describe pod NAME`, as `see` takes it."""
    return f"describe pod {waiting.pod['metadata']['name']} -n {waiting.snapshot.namespace}"
