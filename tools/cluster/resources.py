"""The kinds of objects, as kubectl names them, and the API paths they live at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote


class Resource(NamedTuple):
    """A kind of object the API serves. `api_version` is `v1` or `group/version`."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        group, slash, _ = self.api_version.partition("/")
        return group if slash else ""

    def answers_to(self, word: str) -> bool:
        """Whether kubectl would understand `word` (any case) as this kind."""
        lower = word.lower()
        names = (self.plural, self.kind.lower())
        return lower in (*names, *self.short, *(f"{name}.{self.group}" for name in names))

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str = "") -> str:
        """The request path. Each part is percent-encoded, so that no name can leave its place in it."""
        parts = ["/apis/" + self.api_version if self.group else "/api/" + self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", _encoded(namespace)]
        parts.append(self.plural)
        if name is not None:
            parts.append(_encoded(name))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


def _encoded(part: str) -> str:
    """One part of a path; `.` and `..` are encoded too, for every HTTP client takes those for steps."""
    return quote(part, safe="") if part.strip(".") else part.replace(".", "%2E")


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Which object: what `kubectl get KIND NAME -n NAMESPACE` would name."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.kind} {self.name}{where}"


# Source: https://kubernetes.io/docs/reference/kubectl/#resource-types. What is not here is asked of the API.
BUILTIN: tuple[Resource, ...] = (
    Resource("v1", "Pod", "pods", short=("po",)),
    Resource("v1", "Service", "services", short=("svc",)),
    Resource("v1", "ConfigMap", "configmaps", short=("cm",)),
    Resource("v1", "Secret", "secrets"),
    Resource("v1", "Event", "events", short=("ev",)),
    Resource("v1", "Namespace", "namespaces", namespaced=False, short=("ns",)),
    Resource("v1", "Node", "nodes", namespaced=False, short=("no",)),
    Resource("v1", "PersistentVolume", "persistentvolumes", namespaced=False, short=("pv",)),
    Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims", short=("pvc",)),
    Resource("v1", "ServiceAccount", "serviceaccounts", short=("sa",)),
    Resource("v1", "ResourceQuota", "resourcequotas", short=("quota",)),
    Resource("v1", "LimitRange", "limitranges", short=("limits",)),
    Resource("v1", "Endpoints", "endpoints", short=("ep",)),
    Resource("apps/v1", "Deployment", "deployments", short=("deploy",)),
    Resource("apps/v1", "ReplicaSet", "replicasets", short=("rs",)),
    Resource("apps/v1", "StatefulSet", "statefulsets", short=("sts",)),
    Resource("apps/v1", "DaemonSet", "daemonsets", short=("ds",)),
    Resource("apps/v1", "ControllerRevision", "controllerrevisions"),
    Resource("batch/v1", "Job", "jobs"),
    Resource("batch/v1", "CronJob", "cronjobs", short=("cj",)),
    Resource("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", short=("hpa",)),
    Resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", short=("pdb",)),
    Resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
    Resource("networking.k8s.io/v1", "Ingress", "ingresses", short=("ing",)),
    Resource("networking.k8s.io/v1", "IngressClass", "ingressclasses", namespaced=False),
    Resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", short=("netpol",)),
    Resource("storage.k8s.io/v1", "StorageClass", "storageclasses", namespaced=False, short=("sc",)),
    Resource("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", namespaced=False, short=("pc",)),
    Resource("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", namespaced=False),
    Resource("route.openshift.io/v1", "Route", "routes"),
    Resource("project.openshift.io/v1", "Project", "projects", namespaced=False),
    Resource("rbac.authorization.k8s.io/v1", "Role", "roles"),
    Resource("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
    Resource("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", namespaced=False),
    Resource("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    Resource("argoproj.io/v1alpha1", "Application", "applications"),
    Resource("argoproj.io/v1alpha1", "AppProject", "appprojects"),
    Resource("argocd-image-updater.argoproj.io/v1alpha1", "ImageUpdater", "imageupdaters"),
    Resource("tekton.dev/v1", "PipelineRun", "pipelineruns"),
    Resource("tekton.dev/v1", "TaskRun", "taskruns"),
    Resource("tekton.dev/v1beta1", "CustomRun", "customruns"),
    Resource("pipelinesascode.tekton.dev/v1alpha1", "Repository", "repositories"),
    Resource("external-secrets.io/v1", "ExternalSecret", "externalsecrets"),
    Resource("external-secrets.io/v1", "SecretStore", "secretstores"),
    Resource("triggers.tekton.dev/v1beta1", "EventListener", "eventlisteners"),
    Resource("triggers.tekton.dev/v1beta1", "Trigger", "triggers"),
    Resource("triggers.tekton.dev/v1beta1", "TriggerBinding", "triggerbindings"),
    Resource("triggers.tekton.dev/v1beta1", "TriggerTemplate", "triggertemplates"),
    Resource("build.openshift.io/v1", "Build", "builds"),
    Resource("build.openshift.io/v1", "BuildConfig", "buildconfigs"),
    Resource("image.openshift.io/v1", "ImageStream", "imagestreams"),
    Resource("metrics.k8s.io/v1beta1", "PodMetrics", "pods"),
    Resource("metrics.k8s.io/v1beta1", "NodeMetrics", "nodes", namespaced=False),
)


# The groups whose kinds are compiled into the API server: only these take strategic merge patches.
# Source: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
_COMPILED_IN = frozenset(
    f"{group}.k8s.io"
    for group in (
        "admissionregistration", "authentication", "authorization", "certificates", "coordination", "discovery",
        "events", "flowcontrol.apiserver", "internal.apiserver", "networking", "node", "rbac.authorization",
        "resource", "scheduling", "storage", "storagemigration",
    )
) | {"apps", "autoscaling", "batch", "policy"}  # fmt: skip


def takes_strategic_merge(api_version: str) -> bool:
    """Whether the API server takes strategic merge patches for this version's kinds: not for custom resources."""
    group, slash, _ = api_version.partition("/")
    return not slash or group in _COMPILED_IN


def find(word: str, among: Iterable[Resource] = BUILTIN) -> Resource | None:
    """The first resource that answers to `word`, if there is one."""
    return next((resource for resource in among if resource.answers_to(word)), None)


def words_of_types() -> set[str]:
    """What people type for the kinds: their names in the singular, and the short ones."""
    return {word for resource in BUILTIN for word in (resource.kind.lower(), *resource.short)}


def parse_resource_list(document: dict[str, Any]) -> list[Resource]:
    """The resources of an APIResourceList; subresources are left out."""
    return [
        Resource(
            api_version=document["groupVersion"].lstrip("/"),
            kind=entry["kind"],
            plural=entry["name"],
            namespaced=bool(entry.get("namespaced")),
            short=tuple(entry.get("shortNames") or ()),
        )
        for entry in document.get("resources") or ()
        if "/" not in entry["name"]
    ]
