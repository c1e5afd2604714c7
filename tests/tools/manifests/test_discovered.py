"""What an application's objects follow of a cluster, and what the namespace lacks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from tests.tools.manifests.samples import IMAGE
from tools.cluster.absent import AbsentCluster
from tools.cluster.client import Cluster
from tools.cluster.errors import Forbidden, NotFound
from tools.json import Json
from tools.manifests.controllers import controller
from tools.manifests.discovered import discovered
from tools.manifests.fitting import shortfalls
from tools.manifests.generation import generated
from tools.manifests.served import ASSUMED, INGRESS_NAMESPACES, taken_for_granted
from tools.manifests.specification import specified

_OF_GROUPS = {"gateways.gateway.networking.k8s.io": "Gateway", "clusterissuers.cert-manager.io": "ClusterIssuer"}


class Played:
    """A cluster of these groups and objects; None: what may not be listed."""

    def __init__(self, groups: tuple[str, ...] = (), **objects: list[Json] | None) -> None:
        self._groups, self._objects = groups, objects

    def serves(self, api_version: str, kind: str) -> bool:
        return api_version.partition("/")[0] in self._groups

    def list(self, kind: str, namespace: str | None, *, label_selector: str = "") -> list[Json]:
        found = self._objects.get(_OF_GROUPS.get(kind, kind), [])
        if found is None:
            raise Forbidden(f"list {kind}")
        return found

    def get(self, kind: str, name: str, namespace: str | None) -> Json:
        if kind == "namespaces":
            return named(name)
        raise NotFound(name)


def cluster(*groups: str, **objects: list[Json] | None) -> Cluster:
    return cast("Cluster", Played(groups, **objects))


def named(name: str, namespace: str = "", **more: Any) -> Json:
    return {"metadata": {"name": name, "namespace": namespace}, **more}


DEFAULT = {"metadata": {"name": "traefik", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}}


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (cluster(IngressClass=[named("nginx"), DEFAULT]), {"exposures": ("ingress",), "ingress_class": "traefik"}),
        (cluster(IngressClass=[named("b"), named("a")]), {"ingress_class": "a"}),
        (cluster(IngressClass=None, Namespace=None), {"exposures": (), "ingress_namespaces": INGRESS_NAMESPACES}),
        (
            cluster("gateway.networking.k8s.io", Gateway=[named("public", "edge")]),
            {"exposures": ("gateway",), "gateway": "edge/public"},
        ),
        (cluster("gateway.networking.k8s.io"), {"exposures": (), "gateway": ""}),
        (
            cluster(
                *("route.openshift.io", "security.openshift.io"),
                IngressClass=[named("openshift-default", spec={"controller": "openshift.io/ingress-to-route"})],
            ),
            {"exposures": ("route",), "platform": "openshift", "ingress_class": ""},
        ),
        (
            cluster(
                "cert-manager.io", "monitoring.coreos.com", ClusterIssuer=[named("a"), named("letsencrypt-prod")]
            ),
            {"cluster_issuer": "letsencrypt-prod", "service_monitors": True},
        ),
        (
            cluster(Namespace=[named("monitoring"), named("traefik")]),
            {
                "ingress_namespaces": ("traefik",),
                "monitoring_namespaces": ("monitoring",),
                "service_monitors": False,
            },
        ),
    ],
)
def test_what_a_cluster_serves(there: Cluster, expected: Mapping[str, Any]) -> None:
    served = discovered(there)
    assert {name: getattr(served, name) for name in expected} == expected
    assert served.is_known


def test_on_openshift_there_is_a_route_and_no_user_id() -> None:
    there = cluster("route.openshift.io", "security.openshift.io", IngressClass=[named("nginx")])
    made = generated({"app": "pay", "image": IMAGE, "namespace": "shop", "host": "pay.example.com"}, there)
    assert made.objects[-1]["kind"] == "Route"
    security = made.controller["spec"]["template"]["spec"]["securityContext"]
    assert security == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_what_the_cluster_does_not_serve_is_not_made_and_is_said() -> None:
    asked = {"app": "pay", "image": IMAGE, "namespace": "shop", "host": "pay.example.com", "service_monitor": True}
    made = generated(asked, cluster())
    assert "ServiceMonitor" not in {each["kind"] for each in made.objects}
    assert [each for each in made.lacking if "ServiceMonitor" in each or "pay.example.com" in each] == [
        "the cluster has no Prometheus operator, so no ServiceMonitor is made",
        "the cluster has no IngressClass, Gateway or Route: nothing leads pay.example.com to it yet",
    ]


def test_without_a_cluster_it_is_made_as_supposed() -> None:
    asked = {"app": "pay", "image": "pay:v1", "namespace": "shop"}
    assert generated(asked, AbsentCluster("none is there")) == generated(asked)
    assert taken_for_granted(specified("pay", "pay:v1"), ASSUMED) == [
        "the cluster is Kubernetes and not OpenShift (--for openshift)",
        "the image pay:v1 is Docker Hub's, for it names no registry",
    ]


def quota(used: Mapping[str, str] | None = None, **spec: Any) -> Json:
    return {"metadata": {"name": "q"}, "spec": spec, "status": {"used": used or {}}}


@pytest.mark.parametrize(
    ("given", "hard", "used", "said"),
    [
        ({"replicas": 3}, {"requests.cpu": "400m"}, {}, []),  # three, and one more during a rollout
        (
            {"replicas": 3}, {"requests.cpu": "400m"}, {"requests.cpu": "100m"},
            ["quota q has 300m of 400m requests.cpu left, and it needs 400m for 4 pods: 100m short"],
        ),
        ({"hpa": "2:9"}, {"pods": "9"}, {}, ["quota q has 9 of 9 pods left, and it needs 10 for 10 pods: 1 short"]),
        (
            {"replicas": 3}, {"memory": "256Mi"}, {},
            ["quota q has 256Mi of 256Mi memory left, and it needs 512Mi for 4 pods: 256Mi short"],
        ),
        (
            {"type": "statefulset", "replicas": 3, "volumes": ["data:/data:2Gi"]}, {"requests.storage": "5Gi"}, {},
            ["quota q has 5Gi of 5Gi requests.storage left, and it needs 6Gi for 3 pods: 1Gi short"],
        ),
        ({"type": "job"}, {"limits.cpu": "500m", "pods": "1"}, {}, []),
        ({"type": "cronjob", "schedule": "@daily", "cpu": "2"}, {"limits.cpu": "1"}, {},
         ["quota q has 1 of 1 limits.cpu left, and it needs 2 for 1 pod: 1 short"]),
        ({}, {"count/secrets": "0"}, {}, []),
    ],
)  # fmt: skip
def test_a_quota_is_compared_with_all_pods_and_the_surge(
    given: dict[str, Any], hard: dict[str, str], used: dict[str, str], said: list[str]
) -> None:
    wanted = specified("pay", IMAGE, **given)
    assert shortfalls(wanted, controller(wanted), [quota(used, hard=hard)], []) == said


def test_what_its_pods_take_now_is_free_again_and_a_quota_of_other_pods_is_not_its_own() -> None:
    wanted = specified("pay", IMAGE, replicas=2)
    full = quota({"requests.cpu": "300m"}, hard={"requests.cpu": "300m"})
    live = {**controller(wanted), "status": {"replicas": 3}}
    assert shortfalls(wanted, controller(wanted), [full], [], live) == []
    assert len(shortfalls(wanted, controller(wanted), [full], [])) == 1
    for more in (
        {"scopes": ["BestEffort"]},
        {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass"}]}},
    ):
        assert shortfalls(wanted, controller(wanted), [quota(hard={"pods": "0"}, **more)], []) == []


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"type": "Container", "max": {"cpu": "200m"}},
         "LimitRange l lets a Container have 200m cpu at most, and it wants 500m"),
        ({"type": "Container", "min": {"memory": "1Gi"}},
         "LimitRange l wants 1Gi memory at least, and it requests 128Mi"),
        ({"type": "Pod", "maxLimitRequestRatio": {"cpu": "2"}},
         "LimitRange l lets a limit be 2 times the request of cpu at most"),
        ({"type": "PersistentVolumeClaim", "max": {"storage": "500Mi"}},
         "LimitRange l lets a PersistentVolumeClaim have 500Mi storage at most, and it wants 1Gi"),
    ],
)  # fmt: skip
def test_a_limit_range_is_compared_with_each_container_and_claim(bounds: Json, said: str) -> None:
    wanted = specified("pay", IMAGE, type="statefulset")
    limits = {"metadata": {"name": "l"}, "spec": {"limits": [bounds]}}
    assert shortfalls(wanted, controller(wanted), [], [limits]) == [said]
