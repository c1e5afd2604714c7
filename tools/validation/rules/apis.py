"""APIs that are gone, or go."""

from __future__ import annotations

from collections.abc import Iterator

from tools.validation import edits, shipped
from tools.validation.edits import Edit
from tools.validation.fault import Fault
from tools.validation.manifests import Manifest
from tools.validation.rule import Context, Rule
from tools.validation.schema import is_builtin, kind_of
from tools.validation.shipped import Life

_GUIDE = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/"

_SAME_SHAPE = frozenset(
    {
        "batch/v1beta1 CronJob",
        "policy/v1beta1 PodDisruptionBudget",
        "autoscaling/v2beta2 HorizontalPodAutoscaler",
        "rbac.authorization.k8s.io/v1beta1 Role",
        "rbac.authorization.k8s.io/v1beta1 RoleBinding",
        "rbac.authorization.k8s.io/v1beta1 ClusterRole",
        "rbac.authorization.k8s.io/v1beta1 ClusterRoleBinding",
        "scheduling.k8s.io/v1beta1 PriorityClass",
        "storage.k8s.io/v1beta1 StorageClass",
        "storage.k8s.io/v1beta1 CSIDriver",
        "networking.k8s.io/v1beta1 IngressClass",
        "extensions/v1beta1 NetworkPolicy",
        "coordination.k8s.io/v1beta1 Lease",
        "apps/v1beta2 Deployment",
        "apps/v1beta2 StatefulSet",
        "apps/v1beta2 DaemonSet",
        "apps/v1beta2 ReplicaSet",
        "apps/v1beta1 Deployment",
        "apps/v1beta1 StatefulSet",
        "extensions/v1beta1 Deployment",
        "extensions/v1beta1 DaemonSet",
        "extensions/v1beta1 ReplicaSet",
    }
)
"""Where the version alone is another, and the fields are the same. Source: the deprecation guide."""


def _lives(context: Context) -> Iterator[tuple[Manifest, Life]]:
    table = shipped.lifecycle()
    for each in context.manifests.objects:
        if life := table.get(kind_of(each)):
            yield each, life


def _removed(context: Context) -> Iterator[Fault]:
    for each, life in _lives(context):
        if life.removed is not None and life.removed <= context.minor:
            says = f"{each.kind} in {each.api_version} is no longer served since Kubernetes 1.{life.removed}"
            yield Fault(each, ("apiVersion",), says + _instead(life), None, _mended(each, life))


def _deprecated(context: Context) -> Iterator[Fault]:
    for each, life in _lives(context):
        is_gone = life.removed is not None and life.removed <= context.minor
        if not is_gone and life.deprecated is not None and life.deprecated <= context.minor:
            end = f", and is not served from 1.{life.removed} on" if life.removed else ""
            says = f"{each.kind} in {each.api_version} is deprecated since Kubernetes 1.{life.deprecated}{end}"
            yield Fault(each, ("apiVersion",), says + _instead(life), None, _mended(each, life))


def _instead(life: Life) -> str:
    return f": write {life.replacement.split(' ')[0]}" if life.replacement else ""


def _mended(each: Manifest, life: Life) -> tuple[Edit, ...]:
    """The new version, where the rest may stay; a workload of old must name its selector."""
    if kind_of(each) not in _SAME_SHAPE or not life.replacement:
        return ()
    if each.kind in ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet") and not each.spec.get("selector"):
        return ()
    return edits.rewritten(each.node.at(("apiVersion",)), life.replacement.split(" ")[0])


def _prerelease(context: Context) -> Iterator[Fault]:
    table = shipped.lifecycle()
    for each in context.manifests.objects:
        stage = next((stage for stage in ("alpha", "beta") if stage in each.api_version.rpartition("/")[2]), "")
        life = table.get(kind_of(each))
        is_gone = life is not None and life.removed is not None and life.removed <= context.minor
        if stage and not is_gone and is_builtin(each):
            says = f"{each.api_version} is {stage}: it is served only where somebody switched it on"
            yield Fault(each, ("apiVersion",), says)


_FIELDS = (("serviceAccount", "serviceAccountName"),)
"""Fields of a pod that have another name today."""


def _fields(context: Context) -> Iterator[Fault]:
    for pod in context.manifests.pods:
        for old, new in _FIELDS:
            if old in pod.spec:
                path = (*pod.path, old)
                same = pod.spec.get(new) == pod.spec[old]
                edit = edits.removed(pod.manifest, path) if same else ()
                edit = edits.renamed(pod.manifest, path, new) if new not in pod.spec else edit
                yield Fault(pod.manifest, path, f"{old} is deprecated: write {new}", None, edit)


RULES = (
    Rule(
        "RemovedAPI",
        "error",
        "The apiVersion is no longer served by the version of Kubernetes.",
        "The API server refuses it: no matches for kind.",
        "Write the version that took its place; where its fields differ, the guide says how.",
        _GUIDE,
        _removed,
        of_text=True,
    ),
    Rule(
        "DeprecatedAPI",
        "warning",
        "The apiVersion is deprecated, and a later version of Kubernetes does not serve it.",
        "After that upgrade it cannot be applied any more.",
        "Write the version that takes its place.",
        _GUIDE,
        _deprecated,
        of_text=True,
    ),
    Rule(
        "PrereleaseAPI",
        "info",
        "The apiVersion is alpha or beta.",
        "Clusters do not serve it unless somebody switches it on, and it goes within a few releases.",
        "Write the stable version, where there is one.",
        "https://kubernetes.io/docs/reference/using-api/#api-versioning",
        _prerelease,
    ),
    Rule(
        "DeprecatedField",
        "warning",
        "A field is deprecated for another one.",
        "It is kept for old manifests only, and tools that look at the new one do not see it.",
        "Write the new one.",
        "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/",
        _fields,
        of_text=True,
    ),
)
