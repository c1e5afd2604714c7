"""HorizontalPodAutoscalers: what they scale, what they measure, how far they may go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, pod, snapshot, status
from tools.diagnose.diagnose import findings_of
from tools.diagnose.findings import Finding
from tools.diagnose.reading.needs import needed
from tools.diagnose.reading.snapshot import Snapshot
from tools.json import Json

UNABLE = "the HPA was unable to compute the replica count: "
NO_CUSTOM = (
    "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered"
)
NO_RESOURCE = "unable to fetch metrics from resource metrics API: the server could not find the requested resource"
NONE_YET = "failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)"
MISSING = "failed to get cpu utilization: missing request for cpu in container app of Pod shop-abc-1"
SHOP = {"metadata": {"name": "shop", "creationTimestamp": ago(6000)}, "spec": {}, "status": {}}
RUNS = pod(status({"running": {"startedAt": ago(600)}}, ready=True))


def autoscaler(*conditions: Json, target: str = "shop", created: float = 600, **state: Any) -> Json:
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 50}}}
    return {
        "metadata": {"name": "shop", "namespace": "shop-dev", "creationTimestamp": ago(created)},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": target}, "maxReplicas": 2, "metrics": [cpu]},
        "status": {"conditions": list(conditions), **state},
    }


def inactive(reason: str, message: str, since: float = 300) -> Json:
    return {
        "type": "ScalingActive",
        "status": "False",
        "reason": reason,
        "message": UNABLE + message,
        "lastTransitionTime": ago(since),
    }


def found(item: Json, *pods: Json, **kinds: Any) -> list[Finding]:
    return findings_of(snapshot(*pods, HorizontalPodAutoscaler=[item], Deployment=[SHOP], **kinds))


@pytest.mark.parametrize(
    ("reason", "message", "since", "cause"),
    [
        ("FailedGetPodsMetric", NO_CUSTOM, 20, "HPANoMetrics"),
        ("FailedGetResourceMetric", NO_RESOURCE, 20, "HPANoMetrics"),
        ("FailedGetResourceMetric", NONE_YET, 300, "HPANoMetrics"),
        ("FailedGetResourceMetric", NONE_YET, 90, None),
        ("FailedGetExternalMetric", "unable to get external metric ns/queue: timeout", 300, "HPANoMetrics"),
        (
            "ScalingDisabled",
            "scaling is disabled since the replica count of the target is zero",
            300,
            "UnhealthyCondition",
        ),
        ("InvalidSelector", "the target has no selector", 300, "UnhealthyCondition"),
    ],
)
def test_no_metrics(reason: str, message: str, since: float, cause: str | None) -> None:
    findings = found(autoscaler(inactive(reason, message, since)), RUNS)

    said = {
        "HPANoMetrics": f"HorizontalPodAutoscaler shop cannot scale Deployment shop: {message}",
        "UnhealthyCondition": (
            f"HorizontalPodAutoscaler shop: ScalingActive is False ({reason}): the HPA was unable to compute the "
            f"replica count: {message}"
        ),
    }
    assert [(each.cause, each.summary) for each in findings] == ([(cause, said[cause])] if cause else [])


@pytest.mark.parametrize(
    ("reason", "told"), [("FailedGetResourceMetric", []), ("FailedGetExternalMetric", ["HPANoMetrics"])]
)
def test_pods_that_are_new_are_not_measured_yet(reason: str, told: list[str]) -> None:
    new = pod(status({"running": {"startedAt": ago(70)}}, ready=True), metadata={"creationTimestamp": ago(80)})

    assert [each.cause for each in found(autoscaler(inactive(reason, NONE_YET, 900)), new)] == told


def test_pods_that_are_broken_are_not_measured() -> None:
    waits = status({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}})

    findings = found(autoscaler(inactive("FailedGetResourceMetric", NONE_YET)), pod(waits, phase="Pending"))
    assert [each.cause for each in findings] == ["ImagePullBackOff"]


def metrics(cpu: str) -> Json:
    return {
        "metadata": {"name": "shop-abc-1"},
        "containers": [{"name": "app", "usage": {"cpu": cpu, "memory": "9Mi"}}],
    }


@pytest.mark.parametrize(
    ("measured", "amount"), [([metrics("150m")], "300m"), ([metrics("1m")], "100m"), ([], "100m")]
)
def test_no_requests_gets_one_that_fits_its_use(measured: list[Json], amount: str) -> None:
    [finding] = found(autoscaler(inactive("FailedGetResourceMetric", MISSING, 20)), RUNS, PodMetrics=measured)

    assert (finding.cause, finding.object.kind, finding.container) == ("HPANoRequests", "Deployment", "app")
    [remedy] = finding.remedies
    assert remedy.command == f"kubectl set resources deployment/shop -n shop-dev -c app --requests=cpu={amount}"
    assert remedy.tool == "set_resources"
    assert remedy.arguments["cpu_request"] == amount


@pytest.mark.parametrize(("message", "read"), [(MISSING, True), (NONE_YET, False)])
def test_metrics_are_read_where_a_request_is_missing(message: str, read: bool) -> None:
    item = autoscaler(inactive("FailedGetResourceMetric", message))
    objects: Any = {"Pod": (RUNS,), "Event": (), "Deployment": (SHOP,), "HorizontalPodAutoscaler": (item,)}

    assert ("PodMetrics" in needed(Snapshot("c", "shop-dev", snapshot().taken_at, objects, {}), ())) is read


NO_TARGET = {
    "type": "AbleToScale",
    "status": "False",
    "reason": "FailedGetScale",
    "message": 'deployments.apps "shp" not found',
    "lastTransitionTime": ago(20),
}
TOO_MANY = {
    "type": "ScalingLimited",
    "status": "True",
    "reason": "TooManyReplicas",
    "message": "more than the maximum",
    "lastTransitionTime": ago(20),
}


@pytest.mark.parametrize(
    ("item", "cause"),
    [
        (autoscaler(NO_TARGET, target="shp"), "HPATargetMissing"),
        (autoscaler(NO_TARGET, target="shop"), None),
        (autoscaler(target="shp", created=3), "HPATargetMissing"),
        (autoscaler(TOO_MANY, currentReplicas=2), "HPAAtMaximum"),
        (autoscaler(TOO_MANY, currentReplicas=1), None),
        (autoscaler({**TOO_MANY, "status": "False"}, currentReplicas=2), None),
        ({**autoscaler(), "status": None}, None),
    ],
)
def test_the_target_and_the_maximum(item: Json, cause: str | None) -> None:
    assert [each.cause for each in found(item, RUNS)] == ([cause] if cause else [])


def test_a_missing_request_is_told_beside_another_fault_of_its_target() -> None:
    running = pod(
        status({"running": {"startedAt": ago(600)}}, ready=True),
        metadata={"labels": {"app": "shop", "pod-template-hash": "abc"}},
        spec={"containers": [{"name": "app", "image": "shop:1", "ports": [{"containerPort": 8080}]}]},
    )
    wrong = {
        "metadata": {"name": "web", "creationTimestamp": ago(600)},
        "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": 9090}]},
    }
    findings = found(autoscaler(inactive("FailedGetResourceMetric", MISSING)), running, Service=[wrong])

    assert {each.cause for each in findings} == {"HPANoRequests", "ServicePortMismatch"}
