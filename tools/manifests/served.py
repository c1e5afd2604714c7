"""What of a cluster an application's objects follow. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tools.manifests.specification import Exposure, Platform, Specification

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
    platform: Platform = "kubernetes"
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
    if (wanted.platform or served.platform) == "openshift":
        return "route"
    return served.exposures[0] if served.exposures else "ingress"


def taken_for_granted(wanted: Specification, served: Served) -> list[str]:
    """What nobody said and no cluster told, and is therefore supposed: a sentence each."""
    said = []
    exposure = exposure_of(wanted, served)
    if wanted.platform is None and not served.is_known:
        said.append("the cluster is Kubernetes and not OpenShift (--for openshift)")
    if exposure == "ingress" and not (wanted.ingress_class or served.ingress_class):
        said.append("the cluster has a default IngressClass (--ingress-class)")
    if exposure == "ingress" and not served.cluster_issuer:
        said.append(f"the certificate of {wanted.host} is in Secret {wanted.app}-tls, or the controller has one")
    if exposure == "gateway" and not (wanted.gateway or served.gateway):
        said.append("there is a Gateway of the name default (--gateway)")
    if exposure in ("ingress", "gateway") and served.ingress_namespaces == INGRESS_NAMESPACES:
        said.append("what lets requests in runs in a namespace with its usual name")
    if wanted.service_monitor and served.service_monitors and not served.is_known:
        said.append("the cluster has the Prometheus operator")
    if not _names_registry(wanted.image):
        said.append(f"the image {wanted.image} is Docker Hub's, for it names no registry")
    return said


def _names_registry(image: str) -> bool:
    first, slash, _ = image.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")
