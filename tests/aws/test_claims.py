"""Claims are of the types that ACK and Crossplane publish, and have the guardrails of what is made directly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest

from agent.understanding.clouds import ordered
from agent.understanding.world import World
from tests.clouds.kinds import ack, crossplane
from tools.aws import claims
from tools.clouds.claims import Claim
from tools.json import Json

TAGS = {"team": "shop", "environment": "dev", "cost-center": "4711", "managed-by": "desk-agent", "session": "s1"}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"


@dataclass
class Where:
    region: str = "eu-central-1"
    partition: str = "aws"


REPOSITORY: Json = {
    "tag_mutability": "IMMUTABLE", "scan_on_push": True, "encryption": "KMS", "kms_key": KEY, "keep_images": 100,
    "untagged_days": 7, "tags": TAGS,
}  # fmt: skip
BUCKET: Json = {
    "encryption": "aws:kms", "kms_key": KEY, "versioning": "Enabled", "noncurrent_days": 90,
    "abort_uploads_days": 7, "tags": TAGS,
}  # fmt: skip
DATABASE: Json = {
    "engine": "postgres", "instance_class": "db.t4g.micro", "storage_gb": 20, "encrypted": True, "public": False,
    "deletion_protection": True, "multi_az": True, "backup_days": 14, "iam_auth": True, "minor_upgrades": True,
    "logs": ["postgresql"], "security_groups": ["sg-01234567"], "how": {"engine_version": "17"}, "tags": TAGS,
}  # fmt: skip
MADE = (
    claims.repository(Where(), "shop/web", REPOSITORY),
    claims.bucket(Where(), "acme-shop", BUCKET),
    claims.database(Where(), "shop-dev", ["subnet-01234567", "subnet-01234568"], DATABASE),
    claims.secret(Where(), "dev/shop", {"name": "keys", "key": "all"}, {"kms_key": KEY, "tags": TAGS}),
)


def closed(schema: Json) -> Json:
    """The schema, in which a field that it does not know is wrong, as a strict API server has it."""
    fields = {name: closed(each) for name, each in schema.get("properties", {}).items()}
    items = {"items": closed(schema["items"])} if "items" in schema else {}
    known = {"properties": fields, "additionalProperties": False} if fields else {}
    return {**schema, **items, **known}


def of(controller: str, kinds: list[Json]) -> list[tuple[Claim, Json]]:
    """Each claim for a controller, with the type of its specification."""
    typed = {}
    for each in kinds:
        (version,) = each["spec"]["versions"]
        api = f"{each['spec']['group']}/{version['name']}"
        schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        typed[api, each["spec"]["names"]["kind"]] = schema
    return [(claim, typed[claim.api_version, claim.kind]) for made in MADE for claim in made[controller]]


@pytest.mark.parametrize(("controller", "kinds"), [(claims.ACK, ack()), (claims.CROSSPLANE, crossplane())])
def test_a_claim_is_of_its_published_type_tagged_and_outlived_by_its_resource(
    controller: str, kinds: list[Json]
) -> None:
    found = of(controller, kinds)
    assert len(found) == len(kinds), "each kind is made"
    for claim, schema in found:
        jsonschema.validate(claim.spec, closed(schema))
        keeps = claim.annotations.get("services.k8s.aws/deletion-policy") == "retain"
        assert keeps or "Delete" not in claim.spec["managementPolicies"]
    tagged = [str(claim.spec) for claim, _ in found if "tags" in str(claim.spec) or "tagSet" in str(claim.spec)]
    assert all("desk-agent" in each for each in tagged)
    assert len(tagged) == 5


@pytest.mark.parametrize("controller", [claims.ACK, claims.CROSSPLANE])
def test_a_claim_has_the_guardrails_of_the_direct_way(controller: str) -> None:
    whole = str([claim.spec for made in MADE for claim in made[controller]])
    for guardrail in (
        "'imageTagMutability': 'IMMUTABLE'", "'scanOnPush': True", "'encryptionType': 'KMS'", "newest 100 images",
        "'sseAlgorithm': 'aws:kms'", "'status': 'Enabled'", "'restrictPublicBuckets': True", "aws:SecureTransport",
        "'noncurrentDays': 90", "'storageEncrypted': True", "'publiclyAccessible': False",
        "'deletionProtection': True", "'backupRetentionPeriod': 14", "'manageMasterUserPassword': True",
    ):  # fmt: skip
        assert guardrail in whole, guardrail


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("create an S3 bucket acme for namespace shop-dev as a claim", {"bucket": "acme", "as_claim": True}),
        (
            "erstelle eine postgres RDS-Datenbank shop für shop-dev als Claim",
            {"database": "shop", "as_claim": True},
        ),
        (
            "create an AWS secret dev/shop for namespace shop-dev as a claim from key all of secret keys",
            {"secret_name": "dev/shop", "as_claim": True, "key": "all", "existing_secret": "keys"},
        ),
    ],
)
def test_a_claim_is_asked_for_in_words(task: str, said: dict[str, Any]) -> None:
    found = ordered(task, World("shop-dev"))
    assert found is not None, task
    (wish,) = found.wishes
    assert said.items() <= wish.arguments.items()  # type: ignore[union-attr]
