"""checkov's guardrails hold for what is made by default: the specifications that are sent, as Terraform has them.

What it asks for and Desk does not do is listed with the reason; `make judge` gets checkov.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.aws.server import ENVIRONMENT, PlayedAws
from tests.aws.test_wrong_worlds import BUCKET, DATABASE, REPOSITORY, planned
from tests.clouds.sessions import OWNER
from tests.judges.judges import checkov
from tools.cloud.aws import s3
from tools.json import Json

LEFT = {
    "CKV_AWS_18": "access logs need a bucket of the platform's: CloudTrail's data events tell the same",
    "CKV_AWS_144": "a copy in another region is for data that outlives one, at twice the price",
    "CKV2_AWS_62": "events are for an application that listens to them",
    "CKV_AWS_149": "a key of one's own is Shield's to give: --kms-key",
    "CKV2_AWS_57": "rotation needs a function that knows the application: desk cloud aws secrets rotate",
    "CKV_AWS_118": "enhanced monitoring needs a role of the platform's",
    "CKV_AWS_353": "Performance Insights is not there for the smallest classes of MySQL",
    "CKV2_AWS_30": "logging each query writes data into logs; errors, slow queries and upgrades are logged",
    "CKV_AWS_157": "two zones are for what runs beyond dev, where they are the default",
}
"""Id -> why what it asks for is not done by default."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PlayedAws:
    played = PlayedAws()
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": played.start(), "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return played


def terraform(repository: Json, bucket: Json, secret: Json, database: Json) -> Json:
    """The resources of Terraform that have these specifications."""
    lifecycle = s3.lifecycle(bucket["noncurrent_days"], bucket["abort_uploads_days"])
    named = {"bucket": "${aws_s3_bucket.b.id}"}
    blocks = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    return {
        "resource": {
            "aws_ecr_repository": {"r": {
                "name": "shop/web", "image_tag_mutability": repository["tag_mutability"],
                "image_scanning_configuration": {"scan_on_push": repository["scan_on_push"]},
                "encryption_configuration": {"encryption_type": repository["encryption"]},
                "tags": repository["tags"],
            }},
            "aws_s3_bucket": {"b": {"bucket": "acme-shop-dev", "tags": bucket["tags"]}},
            "aws_s3_bucket_public_access_block": {
                "p": {**named, **dict.fromkeys(blocks, bucket["public_access"] == s3.BLOCKED)}
            },
            "aws_s3_bucket_versioning": {
                "v": {**named, "versioning_configuration": {"status": bucket["versioning"]}}
            },
            "aws_s3_bucket_server_side_encryption_configuration": {"e": {**named, "rule": {
                "apply_server_side_encryption_by_default": {"sse_algorithm": bucket["encryption"]},
            }}},
            "aws_s3_bucket_lifecycle_configuration": {"l": {**named, "rule": {
                "id": lifecycle["ID"], "status": lifecycle["Status"], "filter": {"prefix": ""},
                "noncurrent_version_expiration": {
                    "noncurrent_days": lifecycle["NoncurrentVersionExpiration"]["NoncurrentDays"]
                },
                "abort_incomplete_multipart_upload": {
                    "days_after_initiation": lifecycle["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
                },
            }}},
            "aws_secretsmanager_secret": {"s": {"name": "dev/shop", "tags": secret["tags"]}},
            "aws_db_instance": {"d": {
                "identifier": "shop-dev", "engine": database["engine"], "tags": database["tags"],
                "instance_class": database["instance_class"], "allocated_storage": database["storage_gb"],
                "storage_encrypted": database["encrypted"], "publicly_accessible": database["public"],
                "deletion_protection": database["deletion_protection"], "multi_az": database["multi_az"],
                "backup_retention_period": database["backup_days"],
                "iam_database_authentication_enabled": database["iam_auth"],
                "manage_master_user_password": database["managed_password"],
                "auto_minor_version_upgrade": database["minor_upgrades"], "copy_tags_to_snapshot": True,
                "enabled_cloudwatch_logs_exports": database["logs"],
            }},
        }
    }  # fmt: skip


def test_what_is_made_by_default_holds_what_checkov_asks_for(aws: PlayedAws, tmp_path: Path) -> None:
    (tmp_path / "value").write_text("x")
    secret = {**OWNER, "secret_name": "dev/shop", "file": str(tmp_path / "value")}
    bodies = [
        planned("create_ecr_repository", REPOSITORY).body, planned("create_s3_bucket", BUCKET).body,
        planned("create_aws_secret", secret).body, planned("create_rds_database", DATABASE).body,
    ]  # fmt: skip
    assert planned("create_rds_database", {**DATABASE, "environment": "staging"}).body["multi_az"] is True
    folder = tmp_path / "terraform"
    folder.mkdir()
    (folder / "main.tf.json").write_text(json.dumps(terraform(*bodies)))
    complaints = checkov(folder, "terraform_json")
    aws.stop()
    assert {each.partition(" ")[0] for each in complaints} == set(LEFT), complaints
