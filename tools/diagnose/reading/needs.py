"""What a diagnosis reads: a few kinds always, the others only where something asks for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from tools.diagnose.facts.containers import broken, parse_time
from tools.diagnose.facts.image_pulls import refused as images_refused
from tools.diagnose.facts.nearest import nearest
from tools.diagnose.facts.owners import controller, newest_replicaset
from tools.diagnose.facts.references import Missing, missing_in
from tools.diagnose.facts.rollback import wants_revisions
from tools.diagnose.reading import decoding
from tools.diagnose.reading.decoding import looks_well
from tools.diagnose.reading.snapshot import Kind, Snapshot

if TYPE_CHECKING:
    from tools.json import Json

_CONFIG_VOLUMES = frozenset(("configMap", "secret", "projected"))
_NO_SERVICE_ACCOUNT = re.compile(r'serviceaccount "[^"]*" not found|service account [^ ]+ was not found', re.I)
_CONFIGURED = re.compile(r"\b(configmap|secret)s?\b", re.I)
_OF_SECRETS = re.compile(r"\bsecrets?\b", re.I)
_FORBIDDEN = re.compile(r"system:serviceaccount:|is forbidden: User", re.I)


MEASURED_AFTER = timedelta(seconds=60)
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


def events_say(snapshot: Snapshot, reasons: Iterable[str], pattern: re.Pattern[str] | None = None) -> bool:
    """Whether there is an event of one of these reasons whose message matches."""
    wanted = frozenset(reasons)
    return any(
        event.get("reason") in wanted and (pattern is None or pattern.search(str(event.get("message"))))
        for event in snapshot.of("Event")
    )


def refused(snapshot: Snapshot) -> Iterator[str]:
    """What the API server said to a controller that could not make a pod."""
    for event in snapshot.of("Event"):
        if event.get("reason") == "FailedCreate":
            yield str(event.get("message"))
    for item in snapshot.of("Deployment"):
        for condition in (item.get("status") or {}).get("conditions") or ():
            if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
                yield str(condition.get("message"))


def _replicasets(snapshot: Snapshot) -> bool:
    """Where a Deployment does not say which ReplicaSet is its newest, one has no Deployment, or one serves on."""
    if not snapshot.has("Deployment") or wants_revisions(snapshot):
        return True
    known = {item["metadata"]["name"] for item in snapshot.of("Deployment")}
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


def _unplaced(pod: Json) -> bool:
    """No scheduler has placed it, or no kubelet has seen it: the node it names may not exist."""
    status = pod.get("status") or {}
    return status.get("phase") == "Pending" and not (pod["spec"].get("nodeName") and status.get("conditions"))


def _nodes(snapshot: Snapshot) -> bool:
    return bool(snapshot.of("DaemonSet")) or any(
        _unplaced(pod)
        or (pod.get("status") or {}).get("reason")
        or (pod.get("status") or {}).get("phase") == "Unknown"
        or _node_lost(pod)
        for pod in snapshot.of("Pod")
    )


def _node_lost(pod: Json) -> bool:
    """The node's kubelet no longer answers: the pod is not Ready though its containers say they are."""
    status = pod.get("status") or {}
    conditions = {item.get("type"): item.get("status") for item in status.get("conditions") or ()}
    return (conditions.get("Ready") == "False" and conditions.get("ContainersReady") == "True") or bool(
        pod["metadata"].get("deletionTimestamp")
    )


def _others_requests(snapshot: Snapshot) -> bool:
    """Where an empty node would do for a pod that waits: what the others take decides."""
    waiting = [pod for pod in snapshot.of("Pod") if _unplaced(pod)] if snapshot.of("Node") else []
    if not waiting:
        return False
    from tools.diagnose.facts.capacity import depends_on_others

    return any(depends_on_others(pod, snapshot) for pod in waiting)


def _devices(snapshot: Snapshot) -> bool:
    return any(_unplaced(pod) and pod["spec"].get("resourceClaims") for pod in snapshot.of("Pod"))


def _claim_pending(snapshot: Snapshot) -> bool:
    return any((item.get("status") or {}).get("phase") != "Bound" for item in snapshot.of("PersistentVolumeClaim"))


def _limits(snapshot: Snapshot) -> bool:
    return _quota(snapshot) or any(_lacks_room(pod) for pod in snapshot.of("Pod"))


def _lacks_room(pod: Json) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any("Insufficient" in str(each.get("message")) for each in conditions)


def _quota(snapshot: Snapshot) -> bool:
    return bool(broken(snapshot, "OOMKilled")) or any(True for _ in refused(snapshot))


def _metrics(snapshot: Snapshot) -> bool:
    """Only what has run for a while is measured: of a container that has just started the use says nothing."""
    if any(_no_request(item) for item in snapshot.of("HorizontalPodAutoscaler")):
        return True
    started = (
        parse_time(container.running.get("startedAt"))
        for group in broken(snapshot, "OOMKilled")
        for container in group
        if container.running
    )
    return any(moment is not None and snapshot.taken_at - moment > MEASURED_AFTER for moment in started)


def _no_request(autoscaler: Json) -> bool:
    conditions = (autoscaler.get("status") or {}).get("conditions") or ()
    return any("missing request for" in str(each.get("message")) for each in conditions)


def _anything_runs(snapshot: Snapshot) -> bool:
    """A budget holds back the disruption of what runs."""
    return any(looks_well(pod) for pod in snapshot.of("Pod"))


def _configuration(snapshot: Snapshot) -> bool:
    return (
        bool(broken(snapshot, "CreateContainerConfigError"))
        or _config_volume(snapshot)
        or _names_in_env(snapshot, "configMapRef", "configMapKeyRef")
        or events_say(snapshot, ("FailedMount",), _CONFIGURED)
    )


def _missing(snapshot: Snapshot) -> Iterator[Missing]:
    """The ConfigMaps and Secrets that the kubelet does not find, for env or for a volume."""
    waiting = (str(group[0].waiting.get("message")) for group in broken(snapshot, "CreateContainerConfigError"))
    mounts = (str(event.get("message")) for event in snapshot.of("Event") if event.get("reason") == "FailedMount")
    for message in (*waiting, *mounts):
        if missing := missing_in(message):
            yield missing


def _config_volume(snapshot: Snapshot, kinds: frozenset[str] = _CONFIG_VOLUMES) -> bool:
    """Whether a pod waits on its node for its volumes, and has one of a ConfigMap or Secret."""
    return any(
        (pod.get("status") or {}).get("phase") == "Pending"
        and not _unplaced(pod)
        and not _is_mounted(pod)
        and any(kinds & each.keys() for each in pod["spec"].get("volumes") or () if not _is_token(each))
        for pod in snapshot.of("Pod")
    )


def _names_in_env(snapshot: Snapshot, whole: str, one_key: str) -> bool:
    """Whether a pod that has its node, and no containers yet, names such a source in its environment."""
    return any(
        any(whole in each for each in container.get("envFrom") or ())
        or any(one_key in (each.get("valueFrom") or {}) for each in container.get("env") or ())
        for pod in snapshot.of("Pod")
        if (pod.get("status") or {}).get("phase") == "Pending" and not _unplaced(pod)
        for which in ("containers", "initContainers")
        for container in pod["spec"].get(which) or ()
    )


def _is_mounted(pod: Json) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(
        each.get("type") == "PodReadyToStartContainers" and each.get("status") == "True" for each in conditions
    )


def _is_token(volume: Json) -> bool:
    """The volume that every pod has for its service account."""
    return str(volume.get("name")).startswith("kube-api-access-")


def _secret_names(snapshot: Snapshot) -> bool:
    """A ConfigMap that is missing, and like none that there is, may be a Secret of that name."""
    tls = any((item.get("spec") or {}).get("tls") for item in snapshot.of("Ingress")) or any(
        "externalCertificate" in ((item.get("spec") or {}).get("tls") or {}) for item in snapshot.of("Route")
    )
    return tls or _image_refused(snapshot) or _secret_missing(snapshot) or _no_such_configmap(snapshot)


def _secret_missing(snapshot: Snapshot) -> bool:
    return (
        any(missing.kind == "Secret" for missing in _missing(snapshot))
        or _config_volume(snapshot, _CONFIG_VOLUMES - {"configMap"})
        or _names_in_env(snapshot, "secretRef", "secretKeyRef")
        or events_say(snapshot, ("FailedMount",), _OF_SECRETS)
    )


def _no_such_configmap(snapshot: Snapshot) -> bool:
    if not snapshot.has("ConfigMap"):
        return False
    names = [item["metadata"]["name"] for item in snapshot.of("ConfigMap")]
    return any(
        missing.kind == "ConfigMap" and not missing.key and not nearest(missing.name, names)
        for missing in _missing(snapshot)
    )


def _image_refused(snapshot: Snapshot) -> bool:
    return bool(images_refused(snapshot))


def _service_accounts(snapshot: Snapshot) -> bool:
    return _image_refused(snapshot) or any(_NO_SERVICE_ACCOUNT.search(said) for said in refused(snapshot))


def _rbac(snapshot: Snapshot) -> bool:
    return any(_FORBIDDEN.search(log) for log in snapshot.logs.values())


def _refused_for(word: str) -> Callable[[Snapshot], bool]:
    return lambda snapshot: any(word in said for said in refused(snapshot))


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
    "Node": Reading("nodes", _nodes, cluster_scoped=True),
    "PlacedPod": Reading(
        "pods",
        _others_requests,
        cluster_scoped=True,
        decode=decoding.placed_pods,
        field_selector="status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!=",
        at_most=PLACED_PODS_AT_MOST,
        said="what the pods of all namespaces request",
    ),
    "LimitRange": Reading("limitranges", _limits),
    "ResourceQuota": Reading("resourcequotas", _quota),
    "PersistentVolume": Reading("persistentvolumes", _claim_pending, cluster_scoped=True),
    "StorageClass": Reading("storageclasses", _claim_pending, cluster_scoped=True),
    "ResourceClaim": Reading("resourceclaims.resource.k8s.io", _devices, optional=True),
    "PodMetrics": Reading("pods.metrics.k8s.io", _metrics),
    "ConfigMap": Reading("configmaps", _configuration, decode=decoding.keys_only),
    "Secret": Reading("secrets", _secret_names, names_only=True, decode=decoding.keys_only),
    "ServiceAccount": Reading("serviceaccounts", _service_accounts),
    "IngressClass": Reading("ingressclasses", lambda snapshot: bool(snapshot.of("Ingress")), cluster_scoped=True),
    "PriorityClass": Reading("priorityclasses", _refused_for("PriorityClass"), cluster_scoped=True),
    "RuntimeClass": Reading("runtimeclasses", _refused_for("RuntimeClass"), cluster_scoped=True),
    "Route": Reading("routes.route.openshift.io", lambda snapshot: bool(snapshot.of("Service")), optional=True),
    "Role": Reading("roles", _rbac),
    "RoleBinding": Reading("rolebindings", _rbac),
}


def needed(snapshot: Snapshot, besides: Container[Kind]) -> set[Kind]:
    """The kinds that what is known so far asks for, besides those that were asked for."""
    return {
        kind
        for kind, how in READINGS.items()
        if kind not in besides and how.needed is not None and how.needed(snapshot)
    }
