"""What cluster and cloud say together, and how a secret arrives where External Secrets is served."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from tests.aws.server import ENVIRONMENT, PlayedAws
from tests.aws.test_wrong_worlds import BY_NAME, DATABASE, REPOSITORY, planned, sent
from tests.clouds.sessions import OWNER
from tests.tools.diagnose.conftest import PlayedApi
from tools.cloud.connect import Clouds
from tools.errors import ToolFailed
from tools.frame import Result, ToolContext
from tools.json import Json

GROUP, SHOP = "external-secrets.io/v1", "/apis/external-secrets.io/v1/namespaces/shop-dev"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/web"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedApi]:
    """A cluster that answers, and an account with a repository, a secret and a database."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "value").write_text('{"url": "x"}')
    aws = PlayedAws()
    with pytest.MonkeyPatch.context() as patch, PlayedApi() as api:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": aws.start(), "HOME": str(folder)}.items():
            patch.setenv(name, value)
        aws.reset()
        sent(planned("create_ecr_repository", REPOSITORY))
        sent(planned("create_aws_secret", {**OWNER, "secret_name": "dev/shop", "file": str(folder / "value")}))
        sent(planned("create_rds_database", DATABASE))
        Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield api
        api.shutdown()
        aws.stop()


def called(api: PlayedApi, tool: str, **arguments: Any) -> Any:
    context = ToolContext(api.cluster(), clouds=Clouds(), session="s1")
    return BY_NAME[tool](context, {"namespace": "shop-dev", **arguments})


def test_where_external_secrets_is_served_a_secret_arrives_by_it(world: PlayedApi) -> None:
    kinds = [
        {"name": plural, "kind": kind, "namespaced": kind != "ClusterSecretStore", "verbs": ["get", "list"]}
        for plural, kind in (
            ("externalsecrets", "ExternalSecret"), ("secretstores", "SecretStore"),
            ("clustersecretstores", "ClusterSecretStore"),
        )
    ]  # fmt: skip
    version = {"groupVersion": GROUP, "version": "v1"}
    group = {"name": "external-secrets.io", "versions": [version], "preferredVersion": version}
    world.answers["/apis"] = (200, {"groups": [group]})
    world.answers[f"/apis/{GROUP}"] = (200, {"groupVersion": GROUP, "resources": kinds})
    world.answers[f"{SHOP}/externalsecrets/shop"] = (404, {"reason": "NotFound"})
    asked = {"secret_name": "dev/shop", "name": "shop", "keys": ["url"]}
    with pytest.raises(ToolFailed, match="there are for shop-dev: none"):
        called(world, "deliver_aws_secret", **asked)
    store = {"metadata": {"name": "aws"}, "spec": {"provider": {"aws": {"service": "SecretsManager"}}}}
    world.serve(f"{SHOP}/secretstores", store)
    (change,) = called(world, "deliver_aws_secret", **asked).changes
    assert (change.target.kind, change.verb, change.credentials) == ("ExternalSecret", "apply", None)
    assert change.body["spec"]["secretStoreRef"] == {"kind": "SecretStore", "name": "aws"}
    assert change.body["spec"]["data"] == [
        {"secretKey": "url", "remoteRef": {"key": "dev/shop", "property": "url"}}
    ]


def pod(image: str) -> Json:
    return {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": image}]}}


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (f"{IMAGE}:v9", "the repository has no v9"),
        (f"{IMAGE}2:v1", "there is no repository shop/web2 in 123456789012/eu-central-1"),
        (IMAGE.replace("eu-central-1", "us-east-1") + ":v1", "it is in 123456789012/us-east-1"),
        ("nginx:1", "No image of pods of shop-dev is in ECR"),
    ],
)
def test_why_a_pod_cannot_pull(world: PlayedApi, image: str, said: str) -> None:
    world.serve("/api/v1/namespaces/shop-dev/pods", pod(image))
    told = called(world, "why_no_pull")
    assert isinstance(told, Result)
    assert said in told.text


def test_why_a_namespace_cannot_reach_its_database(world: PlayedApi) -> None:
    addresses = [{"type": "InternalIP", "address": "10.0.0.7"}]
    world.serve("/api/v1/nodes", {"metadata": {"name": "n"}, "status": {"addresses": addresses}})
    policy = {"metadata": {"name": "default-deny"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"]}}
    world.serve("/apis/networking.k8s.io/v1/namespaces/shop-dev/networkpolicies", policy)
    told = called(world, "why_no_database", database="shop-dev")
    assert not told.ok
    assert "broken   security groups sg-" in told.text
    assert "not by address for node 10.0.0.7" in told.text
    assert "broken   network policies: default-deny let nothing out to port 5432" in told.text
    assert "ok       state: RDS says available" in told.text
