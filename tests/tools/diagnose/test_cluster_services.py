"""Services, Ingresses, Routes and NetworkPolicies that are wrong, all at once on a real cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes.client import ApiClient, ApiException, CustomObjectsApi
from kubernetes.config import new_client_from_config
from kubernetes.utils import create_from_dict

from tests.cluster import served
from tests.tools.diagnose.real_cluster import ON_A_CLUSTER, administrator, diagnosed, new_namespace
from tests.tools.diagnose.service_faults import (
    ADMITTED,
    FOUND,
    MANIFESTS,
    REFUSED,
    ROUTES,
    ROUTES_FOUND,
)
from tests.tools.diagnose.typed_remedies import not_working
from tools.cluster.client import HttpCluster
from tools.diagnose.diagnose import diagnose
from tools.json import Json

Found = dict[tuple[str, str, str], Json]

pytestmark = ON_A_CLUSTER

WITHIN_S = 80
EVERY_S = 3


@pytest.fixture(scope="module")
def cluster() -> HttpCluster:
    return diagnosed()


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    api = administrator()
    with new_namespace(api, "diag") as name:
        for manifest in MANIFESTS:
            create_from_dict(api, manifest, namespace=name)
        yield name


@pytest.fixture(scope="module")
def routes(namespace: str) -> Iterator[bool]:
    """Whether this cluster serves Routes; there is no router, so their status is written here."""
    with served.unchanged():
        yield _made(namespace)


def _made(namespace: str) -> bool:
    objects = CustomObjectsApi(_api())
    where = ("route.openshift.io", "v1", namespace, "routes")
    try:
        for each in ROUTES:
            objects.create_namespaced_custom_object(*where, each)
    except ApiException as error:
        if error.status == 404:
            return False
        raise
    for each in ROUTES:
        name = each["metadata"]["name"]
        condition = REFUSED if name == "route-taken" else ADMITTED
        status = {"ingress": [{"host": "h", "routerName": "default", "conditions": [condition]}]}
        objects.patch_namespaced_custom_object_status(*where, name, {"status": status})
    return True


def _api() -> ApiClient:
    client: ApiClient = new_client_from_config(os.environ["DESK_TEST_KUBECONFIG"])
    return client


@pytest.fixture(scope="module")
def found(cluster: HttpCluster, namespace: str, routes: bool) -> Found:
    """What was said when all of it was, or when the time was over."""
    wanted = {**FOUND, **(ROUTES_FOUND if routes else {})}
    until = time.monotonic() + WITHIN_S
    while True:
        report = diagnose(cluster, namespace=namespace)
        now = {(each["object"]["kind"], each["object"]["name"], each["cause"]): each for each in report["findings"]}
        told = all(key in now and detail in now[key]["summary"] for key, (_, detail) in wanted.items())
        if told or time.monotonic() > until:
            return now
        time.sleep(EVERY_S)


@pytest.mark.parametrize("key", FOUND, ids="-".join)
def test_each_fault_is_named(key: tuple[str, str, str], found: Found) -> None:
    severity, detail = FOUND[key]

    assert detail in found[key]["summary"]
    assert found[key]["severity"] == severity
    assert found[key]["remedies"]


@pytest.mark.parametrize("key", ROUTES_FOUND, ids="-".join)
def test_each_fault_of_a_route_is_named(key: tuple[str, str, str], found: Found, routes: bool) -> None:
    if not routes:
        pytest.skip("this cluster serves no Routes")
    severity, detail = ROUTES_FOUND[key]

    assert detail in found[key]["summary"]
    assert found[key]["severity"] == severity


def test_nothing_else_is_found(found: Found) -> None:
    assert found.keys() <= FOUND.keys() | ROUTES_FOUND.keys()


def test_who_is_kept_out_is_named(found: Found) -> None:
    closed = found["NetworkPolicy", "closed-in", "NetworkPolicyBlocksIngress"]
    resolver = found["NetworkPolicy", "resolver-out", "NetworkPolicyBlocksDNS"]

    assert [name.rpartition("-")[0].rpartition("-")[0] for name in closed["affected"]] == ["asks-kept-out"]
    assert [name.partition("-")[0] for name in resolver["affected"]] == ["resolver"]


def test_the_remedies_can_be_typed(found: Found, tmp_path: Path) -> None:
    assert not_working(found.values(), tmp_path) == []
