"""What a diagnosis reads: a few kinds always, some where they may tell something, the rest as rules ask for it."""

from __future__ import annotations

from collections.abc import Callable, Container

import msgspec

from tools.diagnose.facts.owners import controller, newest_replicaset
from tools.diagnose.facts.present import some
from tools.diagnose.facts.rollback import wants_revisions
from tools.diagnose.reading import decoding
from tools.diagnose.reading.decoding import looks_well
from tools.diagnose.reading.snapshot import Kind, Snapshot
from tools.diagnose.rules import due

PLACED_PODS_AT_MOST = 20_000


class Reading(msgspec.Struct, frozen=True):
    """How a kind is read: `word` as kubectl takes it. `needed` None: always, in the first round."""

    word: str
    needed: Callable[[Snapshot], bool] | None = None
    cluster_scoped: bool = False
    names_only: bool = False
    optional: bool = False
    """A kind that not every cluster serves; where it is not served there is none."""
    decode: Callable[[bytes], decoding.Page] = decoding.whole
    field_selector: str = ""
    at_most: int | None = None
    """More objects than these (and the rest of their page) are not read: then it is as if none were."""
    said: str = ""
    """What `not_checked` calls it, where `word` does not say it."""


def _replicasets(snapshot: Snapshot) -> bool:
    """Where a Deployment does not say which ReplicaSet is its newest, one has no Deployment, or one serves on."""
    if not snapshot.has("Deployment") or wants_revisions(snapshot):
        return True
    known = {*snapshot.names("Deployment")}
    unnamed = {item["metadata"]["name"] for item in snapshot.of("Deployment") if newest_replicaset(item) is None}
    for pod in snapshot.of("Pod"):
        direct = controller(pod)
        if direct is None or direct["kind"] != "ReplicaSet":
            continue
        above = direct["name"].rpartition("-")[0]
        if above not in known or above in unnamed:
            return True
    return any(
        about.get("kind") == "ReplicaSet" and str(about.get("name")).rpartition("-")[0] not in known
        for event in snapshot.of("Event")
        if event.get("reason") == "FailedCreate" and (about := event.get("involvedObject") or {})
    )


def _anything_runs(snapshot: Snapshot) -> bool:
    """A budget holds back the disruption of what runs."""
    return any(looks_well(pod) for pod in snapshot.of("Pod"))


def _only_as_asked(_snapshot: Snapshot) -> bool:
    """Not by itself: a rule says when (`Rule.reads`)."""
    return False


READINGS: dict[Kind, Reading] = {
    "Pod": Reading("pods", decode=decoding.pods),
    "Event": Reading("events", decode=decoding.events),
    "Deployment": Reading("deployments"),
    "DaemonSet": Reading("daemonsets"),
    "Job": Reading("jobs"),
    "CronJob": Reading("cronjobs"),
    "Service": Reading("services"),
    "Ingress": Reading("ingresses"),
    "NetworkPolicy": Reading("networkpolicies"),
    "HorizontalPodAutoscaler": Reading("horizontalpodautoscalers"),
    "PersistentVolumeClaim": Reading("persistentvolumeclaims"),
    "Namespace": Reading("namespaces", cluster_scoped=True, said="the namespace itself"),
    "PodDisruptionBudget": Reading("poddisruptionbudgets", _anything_runs),
    "ReplicaSet": Reading("replicasets", _replicasets),
    "StatefulSet": Reading("statefulsets"),
    "Node": Reading("nodes", _only_as_asked, cluster_scoped=True),
    "PlacedPod": Reading(
        "pods",
        _only_as_asked,
        cluster_scoped=True,
        decode=decoding.placed_pods,
        field_selector="status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!=",
        at_most=PLACED_PODS_AT_MOST,
        said="what the pods of all namespaces request",
    ),
    "LimitRange": Reading("limitranges", _only_as_asked),
    "ResourceQuota": Reading("resourcequotas", _only_as_asked),
    "PersistentVolume": Reading("persistentvolumes", _only_as_asked, cluster_scoped=True),
    "StorageClass": Reading("storageclasses", _only_as_asked, cluster_scoped=True),
    "ResourceClaim": Reading("resourceclaims.resource.k8s.io", _only_as_asked, optional=True),
    "PodMetrics": Reading("pods.metrics.k8s.io", _only_as_asked),
    "ConfigMap": Reading("configmaps", _only_as_asked, decode=decoding.keys_only),
    "Secret": Reading("secrets", _only_as_asked, names_only=True, decode=decoding.keys_only),
    "ServiceAccount": Reading("serviceaccounts", _only_as_asked),
    "IngressClass": Reading("ingressclasses", _only_as_asked, cluster_scoped=True),
    "PriorityClass": Reading("priorityclasses", _only_as_asked, cluster_scoped=True),
    "RuntimeClass": Reading("runtimeclasses", _only_as_asked, cluster_scoped=True),
    "Route": Reading("routes.route.openshift.io", some("Service"), optional=True),
    "Role": Reading("roles", _only_as_asked),
    "RoleBinding": Reading("rolebindings", _only_as_asked),
}


def needed(snapshot: Snapshot, besides: Container[Kind]) -> set[Kind]:
    """The kinds that what is known so far asks for, besides those that were asked for."""
    asked = {kind for kind, how in READINGS.items() if how.needed is not None and how.needed(snapshot)}
    asked |= {kind for rule in due(snapshot) for kind, when in rule.reads.items() if when(snapshot)}
    return {kind for kind in asked if kind not in besides}
