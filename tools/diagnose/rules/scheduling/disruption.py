"""Pods that were taken away: evicted, preempted, on a lost node; and pods that do not go.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/
"""

from __future__ import annotations

from tools.diagnose.findings import Finding
from tools.diagnose.lesson import Lesson
from tools.diagnose.reading.snapshot import Snapshot
from tools.diagnose.rules.scheduling.eviction import evicted
from tools.diagnose.rules.scheduling.lost_nodes import lost_nodes
from tools.diagnose.rules.scheduling.preemption import preempted
from tools.diagnose.rules.workloads.terminating import terminating

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        cause="Evicted",
        means="The kubelet ended the pod, because it or its node used too much of a resource.",
        why=(
            "A container's ephemeral-storage limit and an emptyDir's sizeLimit are watched by the kubelet, which "
            "ends the whole pod beyond them. When the node itself runs short of memory or disk, it ends those "
            "pods first that use most beyond their requests."
        ),
        mend=(
            "Write less to the container's own file system and log, raise the limit, or keep data on a volume. "
            "Give requests that match the use, so that the node is not overfilled."
        ),
        example=(
            "pods of Deployment checkout are evicted again and again: its containers use more ephemeral storage "
            "than their limits of 20Mi together"
        ),
        source="https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/",
    ),
    Lesson(
        cause="Preempted",
        means="The scheduler ended the pod to make room for one of higher priority, and it finds no other place.",
        why="When a pod of higher priority fits nowhere, the scheduler ends pods of lower priority on one node.",
        mend="Add room, ask for less, or give the workload a PriorityClass that says how much it matters.",
        example=(
            "a pod of Deployment report was preempted by Pod checkout-7d4b9-x2x (priority 1000) on node one, and "
            "its replacement finds no place"
        ),
        source="https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/",
    ),
    Lesson(
        cause="NodeNotReady",
        means="The node that pods run on does not answer any more, or says that it is short of something.",
        why=(
            "A kubelet reports every few seconds. When it does not, the node is marked NotReady and its pods not "
            "ready; after five minutes they are replaced elsewhere, those of StatefulSets only when they are "
            "deleted."
        ),
        mend="Have the node repaired, or deleted if it is gone for good: then its pods are replaced.",
        example="node one does not answer (Kubelet stopped posting node status), and 3 pods are on it",
        source="https://kubernetes.io/docs/concepts/architecture/nodes/#node-status",
    ),
    Lesson(
        cause="TerminatingStuck",
        means="A pod is being deleted and still there: its grace period is over, or so long that a workload waits.",
        why=(
            "A finalizer keeps an object until its controller has done its part and removes it; and a pod on a "
            "node goes only when the kubelet says that its containers have ended and its volumes are unmounted."
        ),
        mend="See whether the controller of the finalizer runs. Take one off by hand only if it is gone for good.",
        example="Pod checkout-0 is being deleted since 12 minutes: the finalizer example.com/hold keeps it",
        source="https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/",
    ),
)


def disrupted(snapshot: Snapshot) -> list[Finding]:
    """Pods that were taken away and not well replaced, and pods that do not go."""
    return [*evicted(snapshot), *preempted(snapshot), *lost_nodes(snapshot), *terminating(snapshot)]
