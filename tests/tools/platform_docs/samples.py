"""Facts in every state: of a cluster that has all parts, of one that has none, and as one who may read none."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from tools.platform_docs.facts import (
    Apis,
    Bound,
    Class,
    Fact,
    Facts,
    Limit,
    Named,
    Nodes,
    Policy,
    State,
    StorageClass,
    TeamNamespace,
)

AT = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
NAMESPACE = "web-dev"

VALUES: dict[str, Any] = {
    "api_server": "https://api.example.com:6443",
    "version": "v1.34.4",
    "team": "web",
    "environment": "dev",
    "team_namespaces": [TeamNamespace(NAMESPACE, "dev"), TeamNamespace("web-staging", "staging")],
    "may_deploy": True,
    "members": ["edit: User ann@example.com"],
    "pod_security": {"enforce": "baseline"},
    "quota": [Bound("pods", "50", "3", "47", "web-quota")],
    "quota_left": [Bound("pods", "50", "3", "47", "web-quota")],
    "limits": [
        Limit("Container", "cpu", "100m", "200m", "50m", "2"),
        Limit("Container", "memory", "128Mi", "256Mi", "64Mi", "4Gi"),
        Limit("PersistentVolumeClaim", "storage", "", "", "2Gi", "50Gi"),
    ],
    "policies": [Policy("allow-same-namespace", "Pods of this namespace reach one another.")],
    "ci_account": "ci",
    "pull_secrets": ["regcred"],
    "registry": ["registry.example.com"],
    "registries_in_use": ["docker.io"],
    "storage_classes": [
        StorageClass("fast", "csi.example.com", False, True, True, "Delete"),
        StorageClass("standard", "csi.example.com", True, True, False, "Retain"),
    ],
    "snapshot_classes": [Class("snap", "csi.example.com", True)],
    "ingress_classes": [Class("haproxy", "h.example.com", False), Class("nginx", "k8s.io/nginx", True)],
    "gateway_classes": [Class("envoy", "e.example.com", False)],
    "apps_domain": "apps.example.com",
    "nodes": Nodes(3, "4", "16000Mi"),
    "cluster_autoscaler": "cluster-autoscaler-status",
    "argocd_project": Named("argocd", "web"),
    "argocd_url": "https://argocd.example.com",
    "argocd_applications": [Named("argocd", "web-dev")],
    "prometheus": ["http://prometheus.monitoring.svc:9090"],
    "grafana": ["http://grafana.monitoring.svc:3000"],
    "console": "https://console.example.com",
}


def fact(field: str, state: State = "known", **other: Any) -> Fact[Any]:
    """One fact by its field's name."""
    name, value = field.replace("_", "-"), VALUES.get(field, "v1") if state == "known" else None
    said = {"known": f"said of {name}", "absent": "not on this cluster", "unreadable": "may not be read by ann"}
    given: dict[str, Any] = {"said": said[state], "source": f"v1/Source {name}", **other}
    return Fact(name, name.capitalize(), state, value, **given)


def facts(state: State = "known", /, **other: Fact[Any]) -> Facts:
    """All facts in one state, but for those that are given."""
    names = [each.name for each in fields(Facts) if each.name in VALUES]
    apis = [each.name for each in fields(Apis)]
    return Facts(
        as_of=AT,
        user="ann@example.com",
        cluster="sha256:0",
        namespace=NAMESPACE,
        apis=Apis(**{name: other.get(name) or fact(name, state) for name in apis}),
        **{name: other.get(name) or fact(name, state, moves=name == "quota_left") for name in names},
    )
