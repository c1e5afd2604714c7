"""What a cluster serves of what an application's objects follow, and what a namespace has room for: read there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tools.cluster.errors import Absent, Forbidden, NotFound
from tools.json import Json
from tools.manifests.served import INGRESS_NAMESPACES, MONITORING_NAMESPACES, Served
from tools.manifests.specification import Exposure

if TYPE_CHECKING:
    from tools.cluster.client import Cluster

_KINDS = {
    "Route": "route.openshift.io/v1",
    "SecurityContextConstraints": "security.openshift.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "ClusterIssuer": "cert-manager.io/v1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
}
_GATEWAYS, _ISSUERS = "gateways.gateway.networking.k8s.io", "clusterissuers.cert-manager.io"
_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
_TO_ROUTE = "openshift.io/ingress-to-route"
"""OpenShift's own controller, which makes Routes of Ingresses."""
_USUAL_ISSUER = "letsencrypt-prod"
_PARALLEL = 8


def discovered(cluster: Cluster) -> Served:
    """What the cluster serves; what may not be read counts as not there. `Absent` where there is no cluster."""
    known = ", ".join([*INGRESS_NAMESPACES, *MONITORING_NAMESPACES])
    with ThreadPoolExecutor(_PARALLEL) as pool:
        serves = {kind: pool.submit(cluster.serves, version, kind) for kind, version in _KINDS.items()}
        classes = pool.submit(_listed, cluster, "IngressClass")
        namespaces = pool.submit(_listed, cluster, "Namespace", f"kubernetes.io/metadata.name in ({known})")
        is_served = {kind: answer.result() for kind, answer in serves.items()}
        gateways = _listed(cluster, _GATEWAYS) if is_served["HTTPRoute"] else []
        issuers = _listed(cluster, _ISSUERS) if is_served["ClusterIssuer"] else []
    names = {each["metadata"]["name"] for each in namespaces.result()}
    ingress_class, gateway = _class_of(classes.result()), _gateway_of(gateways)
    there: dict[Exposure, bool] = {
        "ingress": bool(ingress_class), "gateway": bool(gateway), "route": is_served["Route"],
    }  # fmt: skip
    return Served(
        is_known=True,
        platform="openshift" if is_served["SecurityContextConstraints"] else "kubernetes",
        exposures=tuple(each for each, is_there in there.items() if is_there),
        ingress_class=ingress_class,
        gateway=gateway,
        cluster_issuer=_issuer_of(issuers),
        service_monitors=is_served["ServiceMonitor"],
        ingress_namespaces=tuple(n for n in INGRESS_NAMESPACES if n in names) or INGRESS_NAMESPACES,
        monitoring_namespaces=tuple(n for n in MONITORING_NAMESPACES if n in names) or MONITORING_NAMESPACES,
    )


def _listed(cluster: Cluster, kind: str, selector: str = "") -> list[Json]:
    try:
        return cluster.list(kind, None, label_selector=selector)
    except (Forbidden, NotFound):
        return []


def _class_of(classes: Sequence[Json]) -> str:
    """The cluster's default, else the first by name."""
    own = [each for each in classes if (each.get("spec") or {}).get("controller") != _TO_ROUTE]
    names = sorted(each["metadata"]["name"] for each in own)
    default = [
        each["metadata"]["name"]
        for each in own
        if (each["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
    ]
    return next(iter([*sorted(default), *names]), "")


def _gateway_of(gateways: Sequence[Json]) -> str:
    found = sorted(f"{each['metadata']['namespace']}/{each['metadata']['name']}" for each in gateways)
    return found[0] if found else ""


def _issuer_of(issuers: Sequence[Json]) -> str:
    names = sorted(each["metadata"]["name"] for each in issuers)
    return _USUAL_ISSUER if _USUAL_ISSUER in names else next(iter(names), "")


def rations(cluster: Cluster, namespace: str) -> tuple[list[Json], list[Json]]:
    """The namespace's ResourceQuotas and LimitRanges; none where they may not be read."""
    try:
        return cluster.list("ResourceQuota", namespace), cluster.list("LimitRange", namespace)
    except (Forbidden, Absent):
        return [], []


def live(cluster: Cluster, kind: str, name: str, namespace: str) -> Json | None:
    """The object that is there already, if it is and may be read."""
    try:
        return cluster.get(kind, name, namespace)
    except (Forbidden, NotFound, Absent):
        return None
