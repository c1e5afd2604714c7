"""Refusals by the API server, from a Deployment's condition or a controller's event."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, event, snapshot
from tools.diagnose.findings import Finding
from tools.diagnose.rules.creation import failed_creations

Json = dict[str, Any]

POD = 'pods "shop-abc-x" is forbidden: '


def refused(message: str, *, updated: int = 0, replicas: int = 1, since_s: float = 60) -> Json:
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    return {
        "metadata": {"name": "shop"},
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": [{"name": "app", "resources": {"limits": {"memory": "1Gi"}}}]}},
        },
        "status": {"updatedReplicas": updated, "conditions": [{**failure, "lastTransitionTime": ago(since_s)}]},
    }


def found(message: str, **changes: Any) -> list[Finding]:
    kinds = {key: changes.pop(key) for key in list(changes) if key[0].isupper()}
    return failed_creations(snapshot(Deployment=[refused(message, **changes)], **kinds))


@pytest.mark.parametrize(
    ("message", "cause", "said"),
    [
        (
            f"{POD}exceeded quota: team, requested: limits.memory=1Gi, used: limits.memory=1Gi, limited: "
            "limits.memory=1Gi",
            "QuotaExceeded",
            "limits.memory has 1Gi used of 1Gi, and 1Gi more is needed",
        ),
        (
            f"{POD}maximum memory usage per Container is 64Mi, but limit is 1Gi",
            "LimitRangeViolated",
            "container app of Deployment shop breaks LimitRange: the maximum memory for each Container is 64Mi, "
            "and its limit is 1Gi",
        ),
        (
            'admission webhook "check.example.com" denied the request: images must be signed',
            "WebhookDenied",
            "check.example.com denies the pods of Deployment shop: images must be signed",
        ),
        (
            f'{POD}unable to validate against any security context constraint: [provider "anyuid": Forbidden: '
            "not usable by user or serviceaccount, provider restricted-v2: .containers[0].runAsUser: Invalid "
            "value: 0: must be in the ranges: [1000640000, 1000649999]]",
            "FailedCreate",
            ".containers[0].runAsUser: Invalid value: 0: must be in the ranges",
        ),
        ("the moon is in the wrong house", "FailedCreate", "the moon is in the wrong house"),
    ],
)
def test_each_refusal_has_its_cause(message: str, cause: str, said: str) -> None:
    [finding] = found(message)

    assert finding.cause == cause
    assert said in finding.summary


def test_it_is_over_when_the_pods_are_there_or_has_just_begun() -> None:
    assert found("refused", updated=1) == []
    assert found("refused", replicas=0) == []
    assert found("refused", since_s=1) == []


def test_a_quota_that_has_room_by_now() -> None:
    message = f"{POD}exceeded quota: team, requested: pods=1, used: pods=1, limited: pods=1"
    quota = {"metadata": {"name": "team"}, "status": {"hard": {"pods": "2"}, "used": {"pods": "1"}}}

    assert found(message, ResourceQuota=[quota]) == []


def test_a_service_account_that_was_made_meanwhile() -> None:
    message = f'{POD}error looking up service account shop-dev/robot: serviceaccount "robot" not found'

    assert found(message, ServiceAccount=[{"metadata": {"name": "robot"}}]) == []
    assert "ServiceAccount robot does not exist" in found(message)[0].summary


@pytest.mark.parametrize(("active", "count"), [(0, 1), (1, 0)])
def test_a_job_with_old_events(active: int, count: int) -> None:
    job = {"metadata": {"name": "load"}, "spec": {"parallelism": 1}, "status": {"active": active}}
    failed = event("load", "FailedCreate", "Error creating: refused", kind="Job")

    assert len(failed_creations(snapshot(Job=[job], Event=[failed]))) == count
