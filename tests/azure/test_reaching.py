"""Cluster and Azure together: why a pod cannot pull, why a namespace cannot reach its database."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from tests.azure.server import PlayedAzure
from tests.azure.test_wrong_worlds import BY_NAME, REGISTRY, planned, sent
from tests.clouds.sessions import clouds
from tests.tools.diagnose.conftest import PlayedApi
from tools.frame import Result, ToolContext
from tools.json import Json


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedApi]:
    """A cluster that answers, and a registry with an image."""
    azure = PlayedAzure(tmp_path_factory.mktemp("azure"))
    azure.start()
    with pytest.MonkeyPatch.context() as patch, PlayedApi() as api:
        for name, value in azure.environment.items():
            patch.setenv(name, value)
        sent(planned("create_acr_registry", REGISTRY))
        azure.images["acmeshopdev"] = {"shop/web": {"v1": f"sha256:{'a' * 64}"}}
        Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield api
        api.shutdown()
    azure.stop()


def called(api: PlayedApi, tool: str, **arguments: Any) -> Any:
    context = ToolContext(api.cluster(), clouds=clouds(), session="s1")
    return BY_NAME[tool](context, {"namespace": "shop-dev", **arguments})


def pod(image: str) -> Json:
    return {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": image}]}}


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (
            "acmeshopdev.azurecr.io/shop/web:v1",
            "ok       acmeshopdev.azurecr.io/shop/web:v1: it is in the registry",
        ),
        ("acmeshopdev.azurecr.io/shop/web:v9", "the repository has no v9"),
        ("acmeshopdev.azurecr.io/shop/api:v1", "registry acmeshopdev has no repository shop/api"),
        ("elsewhere.azurecr.io/shop/web:v1", "registry elsewhere is not in "),
        ("acmeshopdev.azurecr.io/shop/web:v1", "no pull secret of it is for acmeshopdev.azurecr.io"),
        ("nginx:1", "No image of pods of shop-dev is in ACR"),
    ],
)
def test_why_a_pod_cannot_pull(world: PlayedApi, image: str, said: str) -> None:
    world.serve("/api/v1/namespaces/shop-dev/pods", pod(image))
    told = called(world, "why_no_acr_pull")
    assert isinstance(told, Result)
    assert said in told.text
