"""Services, Ingresses, Routes and NetworkPolicies that are wrong, each in one thing, and some that are right."""

from __future__ import annotations

from typing import Any

import yaml

from tools.json import Json


def web(name: str, **spec: Any) -> Json:
    """A Deployment that serves on 8080, named http."""
    container = {
        "name": "web",
        "image": "desk/web:1",
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1},
        **spec.pop("container", {}),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": spec.pop("replicas", 1),
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container], **spec},
            },
        },
    }


def caller(name: str, address: str, after: str = "") -> Json:
    """A Deployment that ends when what it calls does not answer."""
    command = f"sleep 1; timeout 3 wget -q -O- http://{address} && exec sleep 3600; {after} exit 1"
    return web(name, container={"command": ["sh", "-c", command], "image": "busybox:1", "readinessProbe": None})


def service(name: str, selector: Json | None, target: int | str = "http", **spec: Any) -> Json:
    ports = spec.pop("ports", [{"port": 80, "targetPort": target}])
    chosen = {"selector": selector} if selector else {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {**chosen, "ports": ports, **spec},
    }


def ingress(name: str, backend: str, port: Json, **spec: Any) -> Json:
    host = spec.pop("host", f"{name}.test")
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": backend, "port": port}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name},
        "spec": {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": [path]}}], **spec},
    }


def policy(name: str, pods: Json, **spec: Any) -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": pods, **spec},
    }


def route(name: str, backend: str, **spec: Any) -> Json:
    return {
        "apiVersion": "route.openshift.io/v1",
        "kind": "Route",
        "metadata": {"name": name},
        "spec": {"host": f"{name}.test", "to": {"kind": "Service", "name": backend, "weight": 100}, **spec},
    }


MANIFESTS: list[Json] = [
    web("web"),
    web("idle", replicas=0),
    web("api"),
    web("closed"),
    web("numbered"),
    web(
        "front",
        container={
            "command": ["sleep", "3600"],
            "image": "busybox:1",
            "readinessProbe": None,
            "env": [{"name": "API_URL", "value": "http://api/v1"}],
        },
    ),
    web(
        "resolver",
        container={
            "command": ["sh", "-c", "timeout 3 nslookup web; sleep 1; wget -q -O- http://web; exit 1"],
            "image": "busybox:1",
            "readinessProbe": None,
        },
    ),
    caller("asks-nobody", "no-pods:5432"),
    caller("asks-wrong-port", "other-port:5432"),
    caller("asks-kept-out", "closed:80", "echo dial tcp closed:80: i/o timeout;"),
    service("no-pods", {"app": "numberd"}, ports=[{"port": 5432, "targetPort": 8080}]),
    service("other-port", {"app": "numbered"}, ports=[{"port": 5432, "targetPort": 5432}]),
    service("web", {"app": "web"}),
    service("api", {"app": "api"}),
    service("closed", {"app": "closed"}),
    service("wrong-label", {"app": "wbe"}),
    service("wrong-name", {"app": "web"}, "htpp"),
    service("wrong-number", {"app": "numbered"}, 80),
    service("idle", {"app": "idle"}),
    service("gated", {"app": "gated"}, 8080),
    service("headless", {"app": "nothing"}, clusterIP="None"),
    service("headless-wrong", {"app": "closd"}, clusterIP="None"),
    service("outside", None, type="ExternalName", externalName="example.org"),
    service("by-hand", None),
    ingress("right", "web", {"number": 80}),
    ingress("no-service", "wbe", {"number": 80}),
    ingress("no-port", "web", {"number": 8080}),
    ingress("no-class", "web", {"number": 80}, ingressClassName="ngnix"),
    ingress("no-secret", "web", {"number": 80}, tls=[{"hosts": ["no-secret.test"], "secretName": "web-tsl"}]),
    ingress("taken", "api", {"number": 80}, host="right.test"),
    policy(
        "api-in",
        {"matchLabels": {"app": "api"}},
        ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 8080}]}],
    ),
    policy("closed-in", {"matchLabels": {"app": "closed"}}),
    policy(
        "resolver-out",
        {"matchLabels": {"app": "resolver"}},
        policyTypes=["Egress"],
        egress=[{"ports": [{"port": 53}]}, {"ports": [{"port": 80}, {"port": 8080}]}],
    ),
    *yaml.safe_load_all("""
apiVersion: v1
kind: Pod
metadata: {name: gated, labels: {app: gated}}
spec:
  terminationGracePeriodSeconds: 1
  readinessGates: [{conditionType: example.com/load-balanced}]
  containers: [{name: web, image: "desk/web:1", ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Secret
metadata: {name: web-tls}
type: Opaque
stringData: {tls.crt: none, tls.key: none}
"""),
]

ROUTES: list[Json] = [
    route("route-right", "web", port={"targetPort": 8080}),
    route("route-no-service", "wbe"),
    route("route-no-port", "web", port={"targetPort": 80}),
    route("route-taken", "web", host="route-right.test"),
]

ADMITTED = {"type": "Admitted", "status": "True"}
REFUSED = {
    "type": "Admitted",
    "status": "False",
    "reason": "HostAlreadyClaimed",
    "message": "route route-right already exposes route-right.test and is older",
}

FOUND: dict[tuple[str, str, str], tuple[str, str]] = {
    ("Service", "wrong-label", "ServiceSelectorMismatch"): ("error", "the pods of Deployment web have app=web"),
    ("Service", "wrong-name", "ServicePortMismatch"): ("error", "named htpp, which no container of Deployment web"),
    ("Service", "wrong-number", "ServicePortMismatch"): ("error", "they have 8080 (http)"),
    ("Service", "idle", "ServiceNotReady"): ("info", "Deployment idle, whose pods it selects, is scaled to zero"),
    ("Service", "headless-wrong", "ServiceSelectorMismatch"): (
        "warning",
        "the pods of Deployment closed have app=closed",
    ),
    ("Service", "gated", "ServiceNotReady"): ("warning", "is not met)"),
    ("Ingress", "no-service", "BackendServiceMissing"): ("error", "the nearest there is: web"),
    ("Ingress", "no-port", "BackendPortMissing"): ("error", "which has 80; 8080 is where its port 80 leads"),
    ("Ingress", "no-class", "IngressClassMissing"): (
        "error",
        "ngnix, which does not exist; the nearest there is: nginx",
    ),
    ("Ingress", "no-secret", "TLSSecretMissing"): ("error", "Secret web-tsl, which does not exist; the nearest"),
    ("Ingress", "taken", "HostConflict"): ("warning", "claims right.test/ as Ingress right does already"),
    ("NetworkPolicy", "api-in", "NetworkPolicyBlocksIngress"): (
        "error",
        "keeps Deployment front and the controller of Ingress taken from Service api: "
        "on port 8080 it lets in only pods with app=web",
    ),
    ("NetworkPolicy", "closed-in", "NetworkPolicyBlocksIngress"): (
        "error",
        "keeps Deployment asks-kept-out from Service closed: it lets nobody in, and no other policy does; "
        'Deployment asks-kept-out crashes for it, its log says "dial tcp closed:80: i/o timeout"',
    ),
    ("Service", "no-pods", "ServiceSelectorMismatch"): (
        "error",
        "the pods of Deployment numbered have app=numbered; Deployment asks-nobody crashes for it, its log says",
    ),
    ("Service", "other-port", "ServicePortMismatch"): (
        "error",
        "they have 8080 (http); Deployment asks-wrong-port crashes for it, its log says",
    ),
    ("NetworkPolicy", "resolver-out", "NetworkPolicyBlocksDNS"): (
        "error",
        "allows port 53 only over TCP, and names are asked over UDP; its log says",
    ),
}
ROUTES_FOUND: dict[tuple[str, str, str], tuple[str, str]] = {
    ("Route", "route-no-service", "BackendServiceMissing"): ("error", "Service wbe, which does not exist"),
    ("Route", "route-no-port", "BackendPortMissing"): ("error", "port 80 of Service web, which leads to 8080"),
    ("Route", "route-taken", "HostConflict"): ("error", "is claimed already (Route route-right has it)"),
}
