"""AWS and the real cluster: a process that dies of SIGKILL, somebody else who approves, a token that is renewed."""

from __future__ import annotations

import base64
import itertools
import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.server import ENVIRONMENT, PlayedAws
from tests.clouds.kinds import ack, crossplane
from tests.cluster import dying
from tests.cluster.conftest import KUBECONFIG, Workspace, kubectl, new_workspace
from tests.cluster.test_onboarding import approve, approver
from tests.cluster.test_provisioning import document_of
from tests.tools.delivery.kinds import served
from tools.json import Json

pytestmark = pytest.mark.cluster

__all__ = ["approver"]
PLANTED = "Qdl1-correct-horse"


@pytest.fixture(scope="module")
def aws() -> Iterator[PlayedAws]:
    played = PlayedAws()
    played.start()
    yield played
    played.stop()


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    name = f"desk-aws-{secrets.token_hex(3)}-dev"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, "environment=dev", "team=shop", "cost-center=4711")
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def workspace(aws: PlayedAws, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = new_workspace(tmp_path_factory.mktemp("aws"))
    made.environment.update(ENVIRONMENT, AWS_ENDPOINT_URL=aws.url)
    return made


def approved(workspace: Workspace, approver: str, *arguments: str) -> str:
    """A command that waits, is approved by somebody else, and goes on; gives what it says."""
    waiting = document_of(workspace, *arguments, code=3)
    approve(workspace, approver)
    done = workspace.desk("resume", waiting["session"])
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_bucket_of_a_process_that_was_killed_around_its_requests_is_made_once(
    workspace: Workspace, approver: str, namespace: str, aws: PlayedAws
) -> None:
    """It dies before and behind the requests of each life, at later and later ones."""
    waiting = document_of(workspace, "cloud", "aws", "s3", "create", "acme-shop-dev", "-n", namespace, code=3)
    approve(workspace, approver)
    for number, side in zip(range(4, 90, 8), itertools.cycle(["before", "after"]), strict=False):
        died = dying.start(
            f"{side} request:{number}", ["resume", waiting["session"]], cwd=workspace.root,
            env={**workspace.environment, "KUBECONFIG": KUBECONFIG},
        )  # fmt: skip
        out, err = died.communicate(120)
        if died.returncode == 0:
            break
        assert died.returncode == -9, out + err
    else:
        pytest.fail("it was killed each time")
    assert aws.writes("PUT Bucket") == ["PUT Bucket"]
    listed = workspace.desk("cloud", "aws", "s3", "list").stdout.splitlines()
    (tagged,) = {line.strip() for line in listed if "acme-shop-dev" in line}
    assert f"session={waiting['session']}" in tagged
    assert len(workspace.git("log", "--format=%h", "--grep=^Approved-By:").split()) == 1


def test_a_pull_secret_is_renewed_and_a_secret_arrives_unseen(
    workspace: Workspace, approver: str, namespace: str, tmp_path: Path
) -> None:
    command = ("cloud", "aws", "ecr", "pull-secret", "-n", namespace)
    approved(workspace, approver, *command)
    uid = kubectl("get", "secret", "ecr-pull", "-n", namespace, "-o", "jsonpath={.metadata.uid}")
    approved(workspace, approver, *command)
    assert kubectl("get", "secret", "ecr-pull", "-n", namespace, "-o", "jsonpath={.metadata.uid}") != uid
    value = tmp_path / "value"
    value.write_text(f'{{"url": "postgres://shop:{PLANTED}@db/shop"}}')
    secret = ("cloud", "aws", "secrets")
    approved(workspace, approver, *secret, "create", "dev/shop/db", "-n", namespace, "--file", str(value))
    told = approved(workspace, approver, *secret, "deliver", "dev/shop/db", "shop-db", "-n", namespace)
    data = kubectl("get", "secret", "shop-db", "-n", namespace, "-o", "jsonpath={.data.url}")
    assert base64.b64decode(data).decode() == f"postgres://shop:{PLANTED}@db/shop"
    assert PLANTED not in told
    assert not workspace.leaks()


def test_a_claim_is_made_by_what_is_served_without_any_credentials_of_the_cloud(
    workspace: Workspace, approver: str, namespace: str, aws: PlayedAws
) -> None:
    """No controller runs: what the API server took of the objects is what one would make."""
    aws.calls.clear()
    create = ("cloud", "aws", "ecr", "create", "shop/web", "-n", namespace, "--as-claim")
    secret = ("cloud", "aws", "secrets", "create", "dev/shop/keys", "-n", namespace, "--as-claim")
    none = workspace.desk(*create)
    assert none.returncode == 1, none.stdout
    assert "for ACK Repository of ecr.services.k8s.aws/v1alpha1; for Crossplane Repository of" in none.stdout
    kubectl("create", "secret", "generic", "keys", f"--from-literal=all={PLANTED}", "-n", namespace)
    value = ("--existing-secret", "keys", "--key", "all")
    kinds = [each for each in ack() if each["spec"]["group"].startswith("ecr")]
    with served([*kinds, *(each for each in crossplane() if each["spec"]["group"].startswith("secrets"))]):
        told = workspace.desk(*secret, *value, "--dry-run").stdout
        assert "Dry run: would have Crossplane make secret dev/shop/keys" in told
        approved(workspace, approver, *create)
        spec = repository_of(namespace)
        assert (spec["name"], spec["imageTagMutability"]) == ("shop/web", "IMMUTABLE")
        assert {"key": "team", "value": "shop"} in spec["tags"]
        assert "Nothing to change" in workspace.desk(*create).stdout
        commit = workspace.git("log", "--format=%h", "--grep=have ACK make ECR repository shop/web").split()[0]
        waiting = document_of(workspace, "rollback", commit, code=3)
        approve(workspace, approver)
        assert workspace.desk("resume", waiting["session"]).returncode == 0
        assert not kubectl("get", "repositories.ecr.services.k8s.aws", "-n", namespace, "-o", "name")
    assert not aws.calls
    assert PLANTED not in told
    assert not workspace.leaks()


def repository_of(namespace: str) -> Json:
    found: Json = json.loads(
        kubectl("get", "repositories.ecr.services.k8s.aws", "shop-web", "-n", namespace, "-o", "json")
    )
    assert found["metadata"]["annotations"]["services.k8s.aws/deletion-policy"] == "retain"
    spec: Json = found["spec"]
    return spec
