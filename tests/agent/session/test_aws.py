"""What is made in AWS: asked, approved, made, shown, undone, with commits; by real boto3 over HTTP."""

from __future__ import annotations

import base64
import io
import itertools
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from agent.journal import approvals
from agent.session.run import drive
from tests.agent.session_bench import Bench
from tests.aws.server import ACCOUNT, ENVIRONMENT, REGION, Fault, PlayedAws
from tests.clouds.sessions import (
    DONE,
    OWNER,
    WAITS,
    Killed,
    answered,
    approve,
    begin,
    call,
    commit_of,
    done,
    dying,
    leaks,
    named,
    resume,
    said,
    session,
    undone,
)
from tools.cloud.aws import ecr, rds, s3, secrets_manager
from tools.cloud.aws.client import Aws
from tools.cloud.connect import Clouds

REPOSITORY = call("create_ecr_repository", repository="shop/web", **OWNER)
BUCKET = call("create_s3_bucket", bucket="acme-shop-dev", **OWNER)
PLANTED = "postgres://shop:Qdl1-correct-horse@db.example.com/shop"
WRITES = frozenset({
    "create_repository", "put_lifecycle_policy", "tag_resource", "create_bucket", "put_public_access_block",
    "put_bucket_policy", "put_bucket_encryption", "put_bucket_versioning", "put_bucket_lifecycle_configuration",
    "put_bucket_tagging", "create_secret", "create_db_subnet_group", "create_db_instance", "put_object",
})  # fmt: skip
MEDIA = "application/vnd.docker.distribution.manifest.v2+json"
PLACE = f"{ACCOUNT}/{REGION}"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[PlayedAws, str]]:
    played = PlayedAws()
    yield played, played.start()
    played.stop()


@pytest.fixture
def aws(server: tuple[PlayedAws, str], monkeypatch: pytest.MonkeyPatch, own_home: Path) -> Iterator[PlayedAws]:
    """An empty account, and a process that is somebody there."""
    played, url = server
    played.reset()
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tools.changes.clouds.POLL_S", 0.0)
    yield played
    played.reset()


def written(given: tuple[Any, ...]) -> str:
    return str(given[1]) if given[1] in WRITES else ""


def client() -> Aws:
    found = Clouds()("aws")
    assert isinstance(found, Aws)
    return found


def live(kind: str, name: str) -> Any:
    return client().kind(kind).read(name)


def test_a_repository_is_asked_for_made_shown_and_undone_with_commits(bench: Bench, aws: PlayedAws) -> None:
    desk = begin(bench, REPOSITORY)
    assert drive(desk) == WAITS
    assert live(ecr.REPOSITORY, "shop/web") is None
    (asked,) = desk.view.approvals.values()
    assert (asked.risk, asked.environment) == ("cloud", "dev")
    assert f"in {PLACE}" in asked.summary
    assert "# aws account 123456789012, region eu-central-1, as arn:aws" in asked.diff
    assert "+tag_mutability: IMMUTABLE" in asked.diff
    assert "where the usual command says MUTABLE" in asked.diff
    approve(desk)
    desk = resume(bench, desk)
    assert drive(desk) == DONE, said(desk)
    found = live(ecr.REPOSITORY, "shop/web")
    owned = {"team": "shop", "environment": "dev", "cost-center": "4711"}
    assert found.tags == {**owned, "managed-by": "desk-agent", "session": desk.view.id}
    assert "push and pull at 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/web" in said(desk)
    message = bench.git("show", "--stat", commit_of(bench, desk))
    assert "make ECR repository shop/web in 123456789012/eu-central-1" in message
    assert "Approved-By: carol" in message

    assert "Nothing to change" in answered(bench, **named(REPOSITORY))
    assert "shop/web  IMMUTABLE  empty  " in answered(bench, "ecr_images")
    because = {**REPOSITORY["arguments"], "mutable_because": "the old pipeline moves latest"}
    changed = done(bench, "create_ecr_repository", **because)
    assert "because the old pipeline moves latest" in bench.git("show", commit_of(bench, changed))
    assert live(ecr.REPOSITORY, "shop/web").spec["tag_mutability"] == "MUTABLE"
    assert "Done" in said(undone(bench, changed, session()))
    assert live(ecr.REPOSITORY, "shop/web").spec["tag_mutability"] == "IMMUTABLE"

    manifest = '{"schemaVersion": 2, "config": {"digest": "sha256:1"}, "layers": []}'
    client().call(
        "ecr",
        "put_image",
        repositoryName="shop/web",
        imageManifest=manifest,
        imageTag="v1",
        imageManifestMediaType=MEDIA,
    )
    assert "v1  sha256:" in answered(bench, "ecr_images", repository="shop/web")
    image = {"repository": "shop/web", "tag": "v1"}
    scanned = done(bench, "scan_ecr_image", **image)
    assert "scan image shop/web:v1" in bench.git("show", commit_of(bench, scanned))
    assert "CVE-" in answered(bench, "ecr_images", **image)
    assert "Nothing to change" in answered(bench, "scan_ecr_image", **image)
    assert "holds 1 image" in said(undone(bench, desk, session()))
    client().call("ecr", "batch_delete_image", repositoryName="shop/web", imageIds=[{"imageTag": "v1"}])
    gone = undone(bench, desk, session())
    assert "# deleted so: force: False" in next(iter(gone.view.approvals.values())).diff
    assert live(ecr.REPOSITORY, "shop/web") is None


def test_pods_pull_with_a_token_that_nobody_sees(bench: Bench, aws: PlayedAws) -> None:
    desk = done(bench, "create_ecr_pull_secret", namespace="shop-dev")
    secret = bench.other.get("Secret", "ecr-pull", "shop-dev")
    config = base64.b64decode(secret["data"][".dockerconfigjson"]).decode()
    token = "123456789012-auth-token"
    assert "123456789012.dkr.ecr.eu-central-1.amazonaws.com" in config
    assert token in config
    assert not leaks(bench, token)
    assert "valid for 12 hours" in bench.git("show", commit_of(bench, desk))


def test_a_bucket_its_objects_and_a_link_that_is_shown_nowhere(
    bench: Bench, aws: PlayedAws, tmp_path: Path
) -> None:
    desk = done(bench, **named(BUCKET))
    found = live(s3.BUCKET, "acme-shop-dev")
    assert (found.spec["public_access"], found.spec["tls_only"], found.spec["versioning"]) == (
        "blocked", True, "Enabled",
    )  # fmt: skip
    assert "Nothing to change" in answered(bench, **named(BUCKET))
    file = tmp_path / "may.csv"
    file.write_text("one")
    where = {"bucket": "acme-shop-dev", "key": "reports/may.csv"}
    first = done(bench, "put_s3_object", **where, file=str(file))
    assert "Nothing to change" in answered(bench, "put_s3_object", **where, file=str(file))
    file.write_text("other")
    second = done(bench, "put_s3_object", **where, file=str(file))
    assert "reports/may.csv  5 bytes" in answered(bench, "s3_objects", bucket="acme-shop-dev")
    link = tmp_path / "link"
    signed = done(bench, "sign_s3_url", **where, file=str(link), expires_s=600)
    url = link.read_text().strip()
    assert link.stat().st_mode & 0o777 == 0o600
    assert "X-Amz-Expires=600" in url
    with urlopen(url) as answer:
        assert answer.read() == b"other"
    assert not leaks(bench, url, url.rpartition("X-Amz-Signature=")[2])
    assert "is there already" in answered(bench, "sign_s3_url", **where, file=str(link))
    undone(bench, signed, session())
    assert not link.exists()
    assert "Done" in said(undone(bench, second, session()))
    assert client().call("s3", "get_object", Bucket="acme-shop-dev", Key="reports/may.csv")["Body"].read() == b"one"
    undone(bench, first, session())
    assert live(s3.OBJECT, "acme-shop-dev/reports/may.csv") is None
    assert "holds objects, or versions of them" in said(undone(bench, desk, session()))
    assert live(s3.BUCKET, "acme-shop-dev") is not None
    assert "acme-shop-dev  public access blocked, aws:kms" in answered(bench, "s3_objects")


def test_a_secret_is_made_changed_delivered_deleted_and_restored_and_seen_by_nobody(
    bench: Bench, aws: PlayedAws, tmp_path: Path
) -> None:
    name, file = "dev/shop/db", tmp_path / "value"
    file.write_text(f'{{"url": "{PLANTED}"}}\n')
    asked = {"secret_name": name, "file": str(file), **OWNER}
    desk = done(bench, "create_aws_secret", **asked)
    assert secrets_manager.value(client(), name, "url").decode() == PLANTED
    assert "Nothing to change" in answered(bench, "create_aws_secret", **asked)
    file.write_text('{"url": "AccountKey=Qdl2CorrectHorseBatteryStaple0123456789abcdefgh=="}\n')
    updated = done(bench, "update_aws_secret", secret_name=name, file=str(file))
    assert b"Qdl2" in secrets_manager.value(client(), name, "")
    assert "Done" in said(undone(bench, updated, session()))
    assert secrets_manager.value(client(), name, "url").decode() == PLANTED
    done(bench, "deliver_aws_secret", namespace="shop-dev", secret_name=name, name="shop-db")
    data = bench.other.get("Secret", "shop-db", "shop-dev")["data"]
    assert base64.b64decode(data["url"]).decode() == PLANTED
    saved = tmp_path / "saved"
    done(bench, "save_aws_secret", secret_name=name, file=str(saved), key="url")
    assert (saved.read_text(), saved.stat().st_mode & 0o777) == (PLANTED, 0o600)
    assert "dev/shop/db  does not rotate  " in answered(bench, "aws_secrets")
    rotated = done(bench, "rotate_aws_secret", secret_name=name, function=(function := rotating()))
    assert "dev/shop/db  rotates  " in answered(bench, "aws_secrets")
    assert "every 30 days" in bench.git("show", commit_of(bench, rotated))
    assert "Nothing to change" in answered(bench, "rotate_aws_secret", secret_name=name, function=function)
    assert secrets_manager.value(client(), name, "url").decode() == PLANTED, "its value stays until then"
    assert "Done" in said(undone(bench, rotated, session()))
    assert "dev/shop/db  does not rotate  " in answered(bench, "aws_secrets")
    assert "Done" in said(undone(bench, desk, session()))
    assert live(secrets_manager.SECRET, name).gone
    assert f"desk cloud aws secrets restore {name}" in answered(bench, "create_aws_secret", **asked)
    done(bench, "restore_aws_secret", secret_name=name)
    assert not live(secrets_manager.SECRET, name).gone
    assert not leaks(bench, "Qdl1-correct-horse", "Qdl2CorrectHorse", PLANTED)


def rotating() -> str:
    """A function of AWS Lambda; gives its ARN."""
    trusted = '{"Version": "2012-10-17", "Statement": []}'
    role = client().client("iam").create_role(RoleName="rotates", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("rotate.py", "def handler(event, context): ...")
    made = client().client("lambda").create_function(
        FunctionName="rotates", Runtime="python3.13", Role=role, Handler="rotate.handler",
        Code={"ZipFile": code.getvalue()},
    )  # fmt: skip
    return str(made["FunctionArn"])


def subnets() -> list[str]:
    return sorted(each["SubnetId"] for each in client().client("ec2").describe_subnets()["Subnets"])[:2]


def test_a_database_takes_its_time_outlives_who_asked_and_goes_with_a_snapshot(
    bench: Bench, aws: PlayedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = call("create_rds_database", database="shop-dev", subnets=subnets(), **OWNER)
    desk = begin(bench, asked, session())
    assert drive(desk) == WAITS, said(desk)
    assert "the usual command has it on the" in approve(desk)
    desk = resume(bench, desk)
    aws.creating = 6
    with monkeypatch.context() as patch:
        patch.setattr("tools.changes.clouds.CloudDriver.follow", _killed)
        with pytest.raises(Killed):
            drive(desk)
    desk = resume(bench, desk)
    assert drive(desk) == DONE, said(desk)
    assert aws.writes("CreateDBInstance") == ["CreateDBInstance"]
    found = live(rds.INSTANCE, "shop-dev")
    told = {key: found.spec[key] for key in ("encrypted", "public", "deletion_protection", "managed_password")}
    assert told == {"encrypted": True, "public": False, "deletion_protection": True, "managed_password": True}
    assert "shop-dev" in said(desk)
    assert "Nothing to change" in answered(bench, **named(asked))
    assert "rds.amazonaws.com:5432" in answered(bench, "rds_databases", database="shop-dev")
    gone = undone(bench, desk, session())
    assert "final_snapshot: shop-dev-final-" in next(iter(gone.view.approvals.values())).diff
    assert live(rds.INSTANCE, "shop-dev") is None
    (snapshot,) = client().call("rds", "describe_db_snapshots", SnapshotType="manual")["DBSnapshots"]
    assert snapshot["DBSnapshotIdentifier"].startswith("shop-dev-final-")


def _killed(*_: Any) -> None:
    raise Killed


def test_a_rejected_one_is_not_made(bench: Bench, aws: PlayedAws) -> None:
    desk = begin(bench, REPOSITORY)
    assert drive(desk) == WAITS
    (row,) = approvals.listing(desk.journal, datetime.now(UTC))
    approvals.decide(desk.journal, row.asked.approval_id, "rejected", "carol", "no", datetime.now(UTC))
    assert drive(resume(bench, desk)) == 6
    assert live(ecr.REPOSITORY, "shop/web") is None
    assert not aws.writes("CreateRepository")


@pytest.mark.parametrize(
    "tool", ["create_ecr_repository", "create_s3_bucket", "create_aws_secret", "create_rds_database"]
)
def test_killed_before_and_behind_each_request_it_is_made_once(
    bench: Bench, aws: PlayedAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tool: str
) -> None:
    """One session, killed again and again: before its next request that writes, then behind it."""
    (tmp_path / "value").write_text(PLANTED)
    arguments: dict[str, dict[str, Any]] = {
        "create_ecr_repository": {"repository": "shop/web"}, "create_s3_bucket": {"bucket": "acme-shop-dev"},
        "create_aws_secret": {"secret_name": "dev/shop/db", "file": str(tmp_path / "value")},
        "create_rds_database": {"database": "shop-dev", "subnets": subnets()},
    }  # fmt: skip
    desk = begin(bench, call(tool, **arguments[tool], **OWNER))
    assert drive(desk) == WAITS, said(desk)
    approve(desk)
    sides, lives, sent = itertools.cycle(["before", "after"]), 0, list[str]()
    while True:
        desk = resume(bench, desk)
        lives += 1
        with dying(monkeypatch, side := next(sides), 1, Aws, "call", written) as requests:
            try:
                code = drive(desk)
                break
            except Killed:
                sent += requests if side == "after" else []
    assert code == DONE, said(desk)
    assert sorted(set(sent)) == sorted(sent), "a request that wrote was sent twice"
    assert lives == 2 * len(sent) + 1
    assert len(desk.view.approvals) == 1
    assert {each for _, each in desk.view.commits.items() if each}
    tags = {"managed-by": "desk-agent", "session": desk.view.id}
    kinds = {
        "create_ecr_repository": [(ecr.REPOSITORY, "shop/web")], "create_s3_bucket": [(s3.BUCKET, "acme-shop-dev")],
        "create_aws_secret": [(secrets_manager.SECRET, "dev/shop/db")],
        "create_rds_database": [(rds.SUBNET_GROUP, "shop-dev"), (rds.INSTANCE, "shop-dev")],
    }  # fmt: skip
    for kind, name in kinds[tool]:
        assert tags.items() <= live(kind, name).tags.items()


def test_a_lost_answer_is_looked_for_before_it_is_asked_again(bench: Bench, aws: PlayedAws) -> None:
    desk = begin(bench, REPOSITORY)
    assert drive(desk) == WAITS
    approve(desk)
    desk = resume(bench, desk)
    aws.faults.append(Fault("CreateRepository", "", after_effect=True))
    assert drive(desk) == DONE, said(desk)
    assert live(ecr.REPOSITORY, "shop/web").tags["session"] == desk.view.id
