"""All chains at once on a real cluster, with the real kinds: each leads to its one broken link."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from kubernetes.client import ApiClient, CoreV1Api, CustomObjectsApi
from kubernetes.utils import create_from_dict

from tests.tools.delivery import argo_cd_chains
from tests.tools.delivery.chains import ARGO_CD, GITOPS, NOW, TARGET, Chain
from tests.tools.delivery.kinds import deliveries
from tests.tools.diagnose.real_cluster import ON_A_CLUSTER, administrator, diagnosed, new_namespace
from tools.cluster.client import HttpCluster
from tools.cluster.resources import find
from tools.delivery import debug_pipeline, why_not_live
from tools.json import Json

pytestmark = ON_A_CLUSTER

APPLICATIONS = (*argo_cd_chains.BROKEN, *argo_cd_chains.GOING)


@pytest.fixture(scope="module")
def cluster() -> HttpCluster:
    return diagnosed()


@pytest.fixture(scope="module")
def scene() -> Iterator[dict[str, str]]:
    """Namespace of the table -> that of this run, with everything of all chains in them."""
    api = administrator()
    with ExitStack() as stack:
        stack.enter_context(deliveries())
        names = {each: stack.enter_context(new_namespace(api, f"dl-{each}")) for each in (ARGO_CD, GITOPS, TARGET)}
        made = {_which(item): item for chain in APPLICATIONS for item in chain.objects}
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda item: _make(api, _moved(item, names)), made.values()))
        yield names


def _which(item: Json) -> tuple[str, str, str]:
    return item["kind"], item["metadata"]["namespace"], item["metadata"]["name"]


def _moved(item: Json, names: dict[str, str]) -> Json:
    """The object with the namespaces of this run."""
    text = json.dumps(item)
    for written, real in names.items():
        text = text.replace(f'"{written}"', f'"{real}"')
    moved: Json = json.loads(text)
    return moved


def _make(api: ApiClient, item: Json) -> None:
    """Create it, and write its status as its controller would."""
    namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
    status = {"status": item.get("status") or {}}
    if item["kind"] == "Pod":
        create_from_dict(api, item)
        CoreV1Api(api).patch_namespaced_pod_status(name, namespace, status)
        return
    resource = find(item["kind"])
    assert resource is not None
    custom, version = CustomObjectsApi(api), resource.api_version.partition("/")[2]
    where = (resource.group, version, namespace, resource.plural)
    custom.create_namespaced_custom_object(*where, item)
    if item.get("status") and item["kind"] != "Application":  # which has no subresource for it
        custom.patch_namespaced_custom_object_status(*where, name, status)


def said(detail: str, names: dict[str, str]) -> str:
    """What is to be said, with the namespaces of this run."""
    return detail.replace(f"in {ARGO_CD}", f"in {names[ARGO_CD]}")


@pytest.mark.parametrize("chain", argo_cd_chains.BROKEN, ids=lambda chain: chain.id)
def test_an_application_that_does_not_get_there(chain: Chain, scene: dict[str, str], cluster: HttpCluster) -> None:
    report = _why_not_live(chain, cluster)

    [finding] = report["findings"]
    assert (finding["cause"], f"{finding['object']['kind']} {finding['object']['name']}") == (
        chain.cause,
        chain.about,
    )
    assert said(chain.detail, scene) in finding["summary"]
    assert [link["said"] for link in report["links"] if link["state"] == "broken"] == [finding["summary"]]


@pytest.mark.parametrize("chain", argo_cd_chains.GOING, ids=lambda chain: chain.id)
@pytest.mark.usefixtures("scene")
def test_an_application_that_gets_there(chain: Chain, cluster: HttpCluster) -> None:
    report = _why_not_live(chain, cluster)

    assert report["findings"] == []
    assert report["settled"] != chain.going


def _why_not_live(chain: Chain, cluster: HttpCluster) -> Json:
    name = chain.objects[0]["metadata"]["name"]
    wanted = chain.wanted
    return why_not_live.diagnose(cluster, app=name, commit=wanted.commit, image=wanted.image, now=NOW)


def test_all_that_delivers_into_a_namespace(scene: dict[str, str], cluster: HttpCluster) -> None:
    report = debug_pipeline.diagnose(cluster, namespace=scene[TARGET], now=NOW)

    found = {finding["object"]["name"]: finding["cause"] for finding in report["findings"]}
    plain = [chain for chain in argo_cd_chains.BROKEN if chain.wanted.commit == chain.wanted.image == ""]
    assert {chain.about.split()[1]: chain.cause for chain in plain}.items() <= found.items()
    assert not {chain.objects[0]["metadata"]["name"] for chain in argo_cd_chains.GOING} & found.keys()
