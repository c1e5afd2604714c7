"""Bad inputs and wrong worlds: each is told with what to do next, and nothing is half made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.server import ENVIRONMENT, Fault, PlayedAws
from tests.clouds.sessions import OWNER
from tools.aws.tools import TOOLS
from tools.changes.clouds import CloudDriver
from tools.changes.driver import Stale
from tools.changes.plan import Change, Plan
from tools.cloud.connect import Clouds
from tools.cluster.absent import AbsentCluster
from tools.cluster.errors import (
    ClusterError,
    ClusterSettingsError,
    Forbidden,
    Invalid,
    ServerFailure,
    Throttled,
    Unauthorized,
    Unreachable,
)
from tools.errors import ArgumentsError, ToolError, ToolFailed
from tools.frame import ToolContext
from tools.json import Json

BY_NAME = {tool.name: tool for tool in TOOLS}
REPOSITORY: Json = {"repository": "shop/web", **OWNER}
BUCKET: Json = {"bucket": "acme-shop-dev", **OWNER}
DATABASE: Json = {"database": "shop-dev", **OWNER}
WRITES = (
    "CreateRepository", "PUT Bucket", "CreateSecret", "CreateDBInstance", "CreateDBSubnetGroup", "PUT Object",
    "PutSecretValue", "StartImageScan", "RotateSecret",
)  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[PlayedAws]:
    played = PlayedAws()
    played.start()
    yield played
    played.stop()


@pytest.fixture
def aws(server: PlayedAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PlayedAws:
    server.reset()
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": server.url, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return server


def context(clouds: Clouds | None = None, session: str = "s1") -> ToolContext:
    return ToolContext(AbsentCluster("there is none"), clouds=clouds or Clouds(timeout_s=30), session=session)


def planned(tool: str, arguments: Json, clouds: Clouds | None = None, session: str = "s1") -> Change:
    plan = BY_NAME[tool](context(clouds, session), arguments)
    assert isinstance(plan, Plan)
    return plan.changes[-1]


def sent(change: Change, clouds: Clouds | None = None) -> Any:
    driver = CloudDriver("aws", clouds or Clouds(timeout_s=30), AbsentCluster("there is none"))
    return driver.send(change, driver.filled(change), "token")


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("create_ecr_repository", {**REPOSITORY, "repository": "Shop/Web"}, "cannot be a repository of ECR"),
        ("create_ecr_repository", {**REPOSITORY, "repository": "a"}, "2 to 256 small letters"),
        ("create_ecr_repository", {**REPOSITORY, "repository": "shop//web"}, "cannot be a repository of ECR"),
        ("create_ecr_repository", {**REPOSITORY, "mutable_because": "so"}, "at least 10 characters"),
        ("create_ecr_repository", {**REPOSITORY, "keep_images": 0}, "greater than or equal to 1"),
        ("create_ecr_repository", {"repository": "shop/web"}, "Nobody says team, environment, cost-center"),
        ("create_ecr_repository", {**REPOSITORY, "team": "a\nb"}, "cannot be a tag"),
        ("create_ecr_repository", {**REPOSITORY, "environment": "moon"}, "environment: Input should be 'dev'"),
        ("create_s3_bucket", {**BUCKET, "bucket": "Acme"}, "cannot be a bucket"),
        ("create_s3_bucket", {**BUCKET, "bucket": "a.b.c"}, "cannot be a bucket"),
        ("create_s3_bucket", {**BUCKET, "bucket": "xn--acme"}, "S3's own beginnings"),
        ("create_s3_bucket", {**BUCKET, "bucket": "192-168-1-1-s3alias"}, "S3's own beginnings"),
        ("put_s3_object", {"bucket": "acme-dev", "key": "a", "file": "/none"}, "There is no bucket acme-dev"),
        ("sign_s3_url", {"bucket": "acme-dev", "key": "a", "file": "/x", "expires_s": 700_000}, "604800"),
        ("create_aws_secret", {**OWNER, "secret_name": "dev/shop-abc123"}, "takes for the end of an ARN"),
        ("create_aws_secret", {**OWNER, "secret_name": "dev shop"}, "no name for a secret"),
        ("create_aws_secret", {**OWNER, "secret_name": "dev/shop", "file": "/none/such"}, "cannot be read"),
        ("update_aws_secret", {"secret_name": "dev/none", "file": "/etc/hostname"}, "There is no secret dev/none"),
        ("restore_aws_secret", {"secret_name": "dev/none"}, "not even a deleted one"),
        ("rotate_aws_secret", {"secret_name": "dev/none", "function": "mine"}, "function: String should match"),
        ("save_aws_secret", {"secret_name": "dev/none", "file": "/tmp/x"}, "There is no secret dev/none"),
        ("create_rds_database", {**DATABASE, "database": "Shop_dev"}, "no name for a database"),
        ("create_rds_database", {**DATABASE, "storage_gb": 5}, "greater than or equal to 20"),
        ("create_rds_database", {**DATABASE, "subnets": ["subnet-0123abcd"]}, "at least 2 items"),
        ("create_rds_database", {**DATABASE, "security_groups": ["0.0.0.0/0"]}, "should match pattern"),
        ("create_rds_database", {**DATABASE, "engine": "oracle"}, "Input should be 'postgres' or 'mysql'"),
        ("rds_databases", {"database": "none"}, "There is no database none"),
        ("scan_ecr_image", {"repository": "shop/none", "tag": "v1"}, "There is no ECR repository shop/none"),
    ],
)  # fmt: skip
def test_a_bad_input_is_told_before_anything_is_sent(aws: PlayedAws, tool: str, arguments: Json, said: str) -> None:
    with pytest.raises(ToolError) as caught:
        BY_NAME[tool](context(), arguments)
    assert said in str(caught.value)
    assert not aws.writes(*WRITES)


@pytest.mark.parametrize(
    ("code", "status", "kind", "said"),
    [
        ("ExpiredTokenException", 400, Unauthorized, "Log in again (aws sso login)"),
        ("UnrecognizedClientException", 400, Unauthorized, "Log in again"),
        ("AccessDeniedException", 400, Forbidden, "Ask who administers the account"),
        ("LimitExceededException", 400, Invalid, "Ask for more in Service Quotas"),
        ("ThrottlingException", 400, Throttled, "slow down"),
        ("ServerException", 500, ServerFailure, "AWS failed: try again"),
    ],
)
def test_what_aws_refuses_is_told_with_what_to_do_next(
    aws: PlayedAws, code: str, status: int, kind: type[ClusterError], said: str
) -> None:
    change = planned("create_ecr_repository", REPOSITORY)
    aws.faults.append(Fault("CreateRepository", code, status, times=5))
    with pytest.raises(kind) as caught:
        sent(change)
    assert type(caught.value) is kind
    assert said in str(caught.value)
    aws.faults.clear()
    assert Clouds()("aws").kind("ecr.aws/Repository").read("shop/web") is None


def test_a_name_that_another_account_has_is_told_at_once(aws: PlayedAws) -> None:
    aws.faults.append(Fault("HEAD Bucket", "403", 403, times=5))
    with pytest.raises(Invalid, match="another account's, or may not be seen"):
        planned("create_s3_bucket", BUCKET)


def test_what_desk_did_not_make_is_left_as_it_is(aws: PlayedAws) -> None:
    client: Any = Clouds()("aws")
    client.call("ecr", "create_repository", repositoryName="shop/web")
    with pytest.raises(ToolFailed, match="Desk did not make it"):
        planned("create_ecr_repository", REPOSITORY)


def test_what_somebody_else_makes_meanwhile_is_left_as_it_is(aws: PlayedAws) -> None:
    mine = planned("create_s3_bucket", BUCKET, session="s1")
    sent(planned("create_s3_bucket", BUCKET, session="s2"))
    with pytest.raises(Stale):
        sent(mine)
    assert Clouds()("aws").kind("s3.aws/Bucket").read("acme-shop-dev").tags["session"] == "s2"  # type: ignore[union-attr]


def test_credentials_of_another_account_do_nothing(aws: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClusterSettingsError, match="settings say aws_account 999999999999"):
        planned("create_ecr_repository", REPOSITORY, Clouds(aws_account="999999999999"))
    change = planned("create_ecr_repository", REPOSITORY)
    with pytest.raises(ClusterSettingsError, match=r"was planned there, and these credentials are of .*/us-east-1"):
        sent(change, Clouds(aws_region="us-east-1"))
    assert not aws.writes(*WRITES)


def test_no_region_no_profile_no_credentials_and_no_answer(aws: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClusterSettingsError, match=r"Name one of ~/\.aws/config"):
        planned("create_ecr_repository", REPOSITORY, Clouds(aws_profile="nobody"))
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(ClusterSettingsError, match="No AWS region is said"):
        planned("create_ecr_repository", REPOSITORY)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(Unauthorized, match="no AWS credentials that work"):
        planned("create_ecr_repository", REPOSITORY, Clouds(aws_region="eu-central-1"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, ENVIRONMENT[name])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match="gave no answer"):
        planned("create_ecr_repository", REPOSITORY, Clouds(aws_region="eu-central-1", timeout_s=2))


def test_arguments_that_no_tool_takes(aws: PlayedAws) -> None:
    with pytest.raises(ArgumentsError, match="public: Extra inputs are not permitted"):
        BY_NAME["create_rds_database"].check({**DATABASE, "public": True})
