"""Read the facts of a cluster and a team: one parallel round of at most `REQUESTS_AT_MOST` requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden, NotFound
from tools.cluster.namespaces import not_there
from tools.errors import ToolFailed
from tools.platform_docs import of_cluster, of_namespace, of_parts
from tools.platform_docs.asking import Asked, Read
from tools.platform_docs.facts import Apis, Fact, Facts

REQUESTS_AT_MOST = 40
_PARALLEL = 8
_ARGO = "argoproj.io"

_GROUPS: Mapping[str, tuple[str, str]] = {
    "metrics": ("metrics.k8s.io", "Metrics of pods and nodes"),
    "vertical_autoscaler": ("autoscaling.k8s.io", "VerticalPodAutoscaler"),
    "karpenter": ("karpenter.sh", "Karpenter"),
    "argocd": (_ARGO, "Argo CD"),
    "tekton": ("tekton.dev", "Tekton Pipelines"),
    "openshift_builds": ("build.openshift.io", "OpenShift builds"),
    "openshift_security": ("security.openshift.io", "OpenShift security context constraints"),
    "routes": ("route.openshift.io", "OpenShift Routes"),
    "gateways": ("gateway.networking.k8s.io", "Gateway API"),
    "prometheus_operator": ("monitoring.coreos.com", "Prometheus Operator"),
    "cert_manager": ("cert-manager.io", "cert-manager"),
    "external_secrets": ("external-secrets.io", "External Secrets"),
    "sealed_secrets": ("bitnami.com", "Sealed Secrets"),
    "image_scanner": ("aquasecurity.github.io", "Trivy Operator"),
    "snapshots": ("snapshot.storage.k8s.io", "Volume snapshots"),
    "backups": ("velero.io", "Velero backups"),
}
"""Field of `Apis` -> the API group that is served where the part is installed, and its title."""


def read_facts(
    cluster: Cluster, *, namespace: str | None = None, team: str | None = None, now: datetime | None = None
) -> Facts:
    """All facts of a namespace and its team, as far as this identity may know them.

    Without a namespace it is the team's (the context's if it is one, else the first environment's); without both,
    the context's. Raises `NotThere` for a namespace that does not exist, `ToolFailed` for a team that has none or
    another one, and the errors of a cluster that does not answer.
    """
    with ThreadPoolExecutor(_PARALLEL) as pool:
        identity, groups = pool.submit(cluster.whoami), pool.submit(cluster.groups)
        user = identity.result().username
        chosen = namespace or _of_team(cluster, team) or cluster.namespace
        labels = _labels(cluster, chosen)
        owner = (labels or {}).get("team", "")
        if team and owner and team != owner:
            raise ToolFailed(f"Namespace {chosen} is of team {owner}, and not of {team}. Name one of the two.")
        asked = Asked(cluster, chosen, team or owner, user, _parts(cluster, groups.result()))
        return _gathered(asked, labels, pool, now or datetime.now(UTC))


def _parts(cluster: Cluster, groups: Mapping[str, str]) -> Mapping[str, str]:
    """The groups that are served; Argo's only where Argo CD is, and not Workflows or Rollouts alone."""
    if _ARGO in groups and not cluster.serves(groups[_ARGO], "AppProject"):
        return {group: version for group, version in groups.items() if group != _ARGO}
    return groups


def _of_team(cluster: Cluster, team: str | None) -> str | None:
    """The namespace that a team's pages are for; None where nobody is named, or we may not look."""
    if not team:
        return None
    try:
        found = of_namespace.team_namespaces(cluster, team)
    except Forbidden:
        return None
    if not found:
        raise ToolFailed(
            f"No namespace has the label team={team}. kubectl get namespaces -L team lists the teams; "
            "-n NAMESPACE names one."
        )
    names = [each.name for each in found]
    return cluster.namespace if cluster.namespace in names else names[0]


def _labels(cluster: Cluster, namespace: str) -> dict[str, str] | None:
    """The namespace's labels; None where they may not be read."""
    try:
        live = cluster.get("namespaces", namespace, None)
    except NotFound as error:
        raise not_there(cluster, namespace) from error
    except Forbidden:
        return None
    return live["metadata"].get("labels") or {}


def _gathered(asked: Asked, labels: Mapping[str, str] | None, pool: ThreadPoolExecutor, as_of: datetime) -> Facts:
    futures = {name: pool.submit(read, asked) for name, read in _READERS.items()}
    found = {name: future.result() for name, future in futures.items()}
    for several in ("quota", "argocd", "monitoring"):
        found |= found.pop(several)
    found |= of_namespace.of_labels(asked, labels)
    return Facts(
        as_of=as_of, user=asked.user, cluster=asked.cluster.fingerprint, namespace=asked.namespace,
        apis=Apis(**{field: _api(asked, field) for field in _GROUPS}), **found,
    )  # fmt: skip


def _api(asked: Asked, field: str) -> Fact[str]:
    group, title = _GROUPS[field]
    name = field.replace("_", "-")
    return asked.fact(name, title, "/apis", lambda: Read(asked.groups.get(group), "/apis"))


_READERS: Mapping[str, Callable[[Asked], Any]] = {
    "api_server": of_cluster.api_server,
    "version": of_cluster.version,
    "team_namespaces": of_namespace.namespaces_of_team,
    "may_deploy": of_namespace.may_deploy,
    "members": of_namespace.members,
    "quota": of_namespace.quota,
    "limits": of_namespace.limits,
    "policies": of_namespace.policies,
    "ci_account": of_namespace.ci_account,
    "pull_secrets": of_namespace.pull_secrets,
    "registry": of_cluster.registry,
    "registries_in_use": of_namespace.registries_in_use,
    "storage_classes": of_cluster.storage_classes,
    "snapshot_classes": of_cluster.snapshot_classes,
    "ingress_classes": of_cluster.ingress_classes,
    "gateway_classes": of_cluster.gateway_classes,
    "apps_domain": of_cluster.apps_domain,
    "nodes": of_cluster.nodes,
    "cluster_autoscaler": of_cluster.cluster_autoscaler,
    "argocd": of_parts.argocd,
    "monitoring": of_parts.monitoring,
    "console": of_parts.console,
}
"""What is read of the cluster, side by side: a fact each, or those that one answer tells."""
