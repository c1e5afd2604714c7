"""Refusals by the API server, from a Deployment's condition or a controller's event."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, event, snapshot
from tools.diagnose.findings import Finding, Known
from tools.diagnose.rules.admission.creation import failed_creations
from tools.json import Json

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
    return failed_creations(snapshot(Deployment=[refused(message, **changes)], **kinds), Known())


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


def test_it_is_over_when_the_pods_are_there() -> None:
    assert found("refused", updated=1) == []
    assert found("refused", replicas=0) == []


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

    assert len(failed_creations(snapshot(Job=[job], Event=[failed]), Known())) == count


def bounded(message: str, resources: Json) -> Json:
    """What `set_resources` is called with, but for the object."""
    item = refused(POD + message)
    item["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    [finding] = failed_creations(snapshot(Deployment=[item]), Known())
    assert finding.remedies[0].tool == "set_resources"
    said = {"namespace", "kind", "name", "container"}
    return {key: value for key, value in finding.remedies[0].arguments.items() if key not in said}


def test_all_the_bounds_that_a_container_breaks_are_kept_at_once() -> None:
    message = (
        "[maximum memory usage per Container is 64Mi, but limit is 1Gi, maximum cpu usage per Container is 500m, "
        "but limit is 2]"
    )
    resources = {"limits": {"memory": "1Gi", "cpu": "2"}, "requests": {"cpu": "1", "memory": "32Mi"}}
    assert bounded(message, resources) == {
        "memory_limit": "64Mi",
        "cpu_limit": "500m",
        "cpu_request": "500m",
    }


def test_what_bounds_a_pod_bounds_its_only_container() -> None:
    message = "maximum memory usage per Pod is 64Mi, but limit is 1073741824"
    assert bounded(message, {"limits": {"memory": "1Gi"}}) == {"memory_limit": "64Mi"}


def asking(resources: Json, default: str = "64Mi", listed: str = "containers") -> list[Finding]:
    item = refused(
        'Pod "shop-abc-x" is invalid: spec.containers[0].resources.requests: Invalid value: "128Mi": must be less '
        "than or equal to memory limit of 64Mi".replace("containers", listed)
    )
    item["spec"]["template"]["spec"] = {listed: [{"name": "app", "resources": resources}]}
    spec = {"limits": [{"type": "Pod"}, {"type": "Container", "default": {"memory": default}}]}
    limits = {"metadata": {"name": "defaults"}, "spec": spec}
    return failed_creations(snapshot(Deployment=[item], LimitRange=[limits]), Known())


def test_a_request_above_the_default_limit() -> None:
    [finding] = asking({"requests": {"memory": "128Mi"}})

    assert (finding.cause, finding.object.kind, finding.container) == ("LimitRangeViolated", "Deployment", "app")
    assert finding.summary == (
        "container app of Deployment shop requests memory 128Mi and names no limit, and the default limit of "
        "LimitRange defaults is 64Mi: its pods are refused"
    )
    first = finding.remedies[0]
    assert first.command == "kubectl set resources deployment/shop -n shop-dev -c app --limits=memory=128Mi"
    assert (first.tool, first.arguments["memory_limit"]) == ("set_resources", "128Mi")


def test_a_request_of_an_init_container_above_the_default_limit() -> None:
    [finding] = asking({"requests": {"memory": "128Mi"}}, listed="initContainers")

    assert finding.cause == "LimitRangeViolated"
    assert finding.remedies[0].command == "kubectl edit deployment/shop -n shop-dev"


@pytest.mark.parametrize(
    ("resources", "default"),
    [
        ({"requests": {"memory": "128Mi"}, "limits": {"memory": "64Mi"}}, "64Mi"),
        ({"requests": {"memory": "256Mi"}}, "64Mi"),
        ({"requests": {"memory": "128Mi"}}, "1Gi"),
        ({}, "64Mi"),
    ],
)
def test_a_limit_that_no_default_gave_is_told_as_it_was_said(resources: Json, default: str) -> None:
    [finding] = asking(resources, default)

    assert finding.cause == "FailedCreate"
    assert "must be less than or equal to memory limit of 64Mi" in finding.summary
