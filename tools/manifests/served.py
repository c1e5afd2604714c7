"""What of a cluster an application's objects follow. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tools.manifests.specification import Exposure, Specification

INGRESS_NAMESPACES = (
    *("ingress-nginx", "traefik", "haproxy-controller", "projectcontour", "kong", "istio-system", "istio-ingress"),
    *("envoy-gateway-system", "nginx-gateway", "cilium-gateway", "openshift-ingress"),
)
"""Where what lets requests in usually runs."""
MONITORING_NAMESPACES = ("monitoring", "prometheus", "openshift-monitoring", "openshift-user-workload-monitoring")


@dataclass(frozen=True, slots=True)
class Served:
    """Kinds and names that a cluster has. Each empty one is not there, or not known."""

    is_known: bool = False
    """Whether a cluster was asked."""
    exposures: tuple[Exposure, ...] = ()
    """The kinds by which hosts are reached there, the first before the others."""
    ingress_class: str = ""
    gateway: str = ""
    """NAMESPACE/NAME."""
    cluster_issuer: str = ""
    """cert-manager's, which makes certificates."""
    service_monitors: bool = True
    ingress_namespaces: tuple[str, ...] = INGRESS_NAMESPACES
    monitoring_namespaces: tuple[str, ...] = MONITORING_NAMESPACES


ASSUMED = Served()
"""What is taken for granted where no cluster was asked."""


def exposure_of(wanted: Specification, served: Served) -> Exposure | None:
    """By which kind the host is reached: as asked for, else as the cluster has it; None: there is no host."""
    if not wanted.host:
        return None
    if wanted.exposure:
        return wanted.exposure
    if wanted.ingress_class or wanted.gateway:
        return "ingress" if wanted.ingress_class else "gateway"
    if wanted.platform == "openshift":
        return "route"
    return served.exposures[0] if served.exposures else "ingress"
