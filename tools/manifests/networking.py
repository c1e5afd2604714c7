"""How the pods are reached, and whom they reach: Services, Ingress, HTTPRoute, Route, NetworkPolicy. Pure.

Sources: https://kubernetes.io/docs/concepts/services-networking/ , https://gateway-api.sigs.k8s.io/api-types/httproute/
"""

from __future__ import annotations

from typing import assert_never

from tools.json import Json
from tools.manifests.accounts import COMPONENT, NAME, made, selector
from tools.manifests.controllers import headless_name
from tools.manifests.served import Served, exposure_of
from tools.manifests.specification import Exposure, Port, Specification

DNS_PORTS = (53, 5353)
"""5353: OpenShift's DNS pods listen there, and policies see a packet after the Service was resolved."""
SCRAPED_EVERY = "30s"


def service(wanted: Specification) -> Json:
    """The Service of the application's name."""
    spec = {"type": "ClusterIP", "selector": selector(wanted), "ports": _service_ports(wanted)}
    return made("v1", "Service", wanted, spec=spec)


def headless(wanted: Specification) -> Json:
    """The Service that gives each pod of a StatefulSet its name, before it is ready, too."""
    spec = {
        "type": "ClusterIP", "clusterIP": "None", "publishNotReadyAddresses": True,
        "selector": selector(wanted), "ports": _service_ports(wanted),
    }  # fmt: skip
    if not wanted.ports:
        del spec["ports"]
    headless = made("v1", "Service", wanted, headless_name(wanted), spec=spec)
    headless["metadata"]["labels"][COMPONENT] = "headless"
    return headless


def _service_ports(wanted: Specification) -> list[Json]:
    return [
        {"name": port.name, "port": port.number, "targetPort": port.name, "protocol": "TCP"}
        for port in wanted.ports
    ]


def exposed(wanted: Specification, exposure: Exposure, served: Served) -> Json:
    """The object by which the host leads to the Service."""
    match exposure:
        case "ingress":
            return _ingress(wanted, served)
        case "gateway":
            return _http_route(wanted, served)
        case "route":
            return _route(wanted)
        case _:
            assert_never(exposure)


def _ingress(wanted: Specification, served: Served) -> Json:
    issuer = served.cluster_issuer
    annotations = {"cert-manager.io/cluster-issuer": issuer} if issuer else None
    backend = {"service": {"name": wanted.app, "port": {"number": wanted.http.number}}}
    rule = {"host": wanted.host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    spec: Json = {}
    if ingress_class := wanted.ingress_class or served.ingress_class:
        spec["ingressClassName"] = ingress_class
    spec["tls"] = [{"hosts": [wanted.host], "secretName": f"{wanted.app}-tls"}]
    return made("networking.k8s.io/v1", "Ingress", wanted, annotations=annotations, spec=spec | {"rules": [rule]})


def _http_route(wanted: Specification, served: Served) -> Json:
    namespace, _, name = (wanted.gateway or served.gateway).rpartition("/")
    parent = {"name": name or "default"} | ({"namespace": namespace} if namespace else {})
    path = {"type": "PathPrefix", "value": "/"}
    rule = {"matches": [{"path": path}], "backendRefs": [{"name": wanted.app, "port": wanted.http.number}]}
    spec = {"parentRefs": [parent], "hostnames": [wanted.host], "rules": [rule]}
    return made("gateway.networking.k8s.io/v1", "HTTPRoute", wanted, spec=spec)


def _route(wanted: Specification) -> Json:
    spec = {
        "host": wanted.host,
        "to": {"kind": "Service", "name": wanted.app, "weight": 100},
        "port": {"targetPort": wanted.http.name},
        "tls": {"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"},
    }
    return made("route.openshift.io/v1", "Route", wanted, spec=spec)


def network_policy(wanted: Specification, served: Served) -> Json:
    """Who may ask the pods, and whom they may ask: what no rule names is denied."""
    spec: Json = {"podSelector": {"matchLabels": selector(wanted)}, "policyTypes": ["Ingress", "Egress"]}
    if wanted.ports:
        spec["ingress"] = _callers(wanted, served)
    spec["egress"] = [_dns(), *_asked(wanted)]
    return made("networking.k8s.io/v1", "NetworkPolicy", wanted, spec=spec)


def _callers(wanted: Specification, served: Served) -> list[Json]:
    rules = [_rule("from", {"podSelector": {}}, *wanted.ports)]
    exposure = exposure_of(wanted, served)
    if exposure is not None:
        rules.append(_rule("from", _entrance(wanted, exposure, served), wanted.http))
    if wanted.service_monitor and served.service_monitors:
        rules.append(_rule("from", _of_namespaces(served.monitoring_namespaces), wanted.metrics))
    return rules


def _entrance(wanted: Specification, exposure: Exposure, served: Served) -> Json:
    if exposure == "route":
        return {"namespaceSelector": {"matchLabels": {"policy-group.network.openshift.io/ingress": ""}}}
    gateway = (wanted.gateway or served.gateway).rpartition("/")[0] if exposure == "gateway" else ""
    return _of_namespaces(tuple(dict.fromkeys([*filter(None, [gateway]), *served.ingress_namespaces])))


def _of_namespaces(names: tuple[str, ...]) -> Json:
    # The API server itself sets this label: no namespace can bear another one's name.
    name = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(names)}
    return {"namespaceSelector": {"matchExpressions": [name]}}


def _dns() -> Json:
    return {"ports": [{"protocol": protocol, "port": port} for port in DNS_PORTS for protocol in ("UDP", "TCP")]}


def _asked(wanted: Specification) -> list[Json]:
    """The rules for whom the application asks, and for the pods of its own StatefulSet."""
    rules = []
    for peer in wanted.egress:
        whom: Json = {"ipBlock": {"cidr": peer.cidr}} if peer.cidr else _pods_of(peer.app)
        rules.append(_rule("to", whom, Port("", peer.port)))
    if wanted.type == "statefulset" and wanted.ports:
        rules.append(_rule("to", _pods_of(wanted.app), *wanted.ports))
    return rules


def _pods_of(app: str) -> Json:
    return {"podSelector": {"matchLabels": {NAME: app}}}


def _rule(side: str, peer: Json, *ports: Port) -> Json:
    return {side: [peer], "ports": [{"protocol": "TCP", "port": port.number} for port in ports]}


def service_monitor(wanted: Specification) -> Json:
    """Which port the Prometheus operator asks for metrics."""
    endpoint = {"port": wanted.metrics.name, "path": "/metrics", "interval": SCRAPED_EVERY}
    selected: Json = {"matchLabels": selector(wanted)}
    if wanted.type == "statefulset":  # its headless Service leads to the same pods
        selected["matchExpressions"] = [{"key": COMPONENT, "operator": "DoesNotExist"}]
    spec = {"selector": selected, "endpoints": [endpoint]}
    return made("monitoring.coreos.com/v1", "ServiceMonitor", wanted, spec=spec)
