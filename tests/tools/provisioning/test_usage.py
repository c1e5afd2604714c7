"""What a namespace uses of a quota, and which rollouts have no room."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tools.json import Json
from tools.provisioning.usage import Quota, stuck, used

DEFAULTS = {
    "spec": {"limits": [{"type": "Container", "default": {"cpu": "200m"}, "defaultRequest": {"cpu": "50m"}}]}
}


def deployment(replicas: int, strategy: Json, *limits: str) -> Json:
    containers = [{"name": "app", "resources": {"limits": {"cpu": each}} if each else {}} for each in limits]
    template = {"spec": {"containers": containers}}
    return {
        "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "strategy": strategy, "template": template},
    }  # fmt: skip


def rolling(surge: Any, unavailable: Any) -> Json:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def quota(hard: str, in_use: str) -> Quota:
    return Quota("team", {"limits.cpu": Decimal(hard)}, {"limits.cpu": Decimal(in_use)})


@pytest.mark.parametrize(
    ("workload", "hard", "in_use", "why"),
    [
        (deployment(2, rolling(1, 0), "500m"), "1", "1", "can never end"),
        (deployment(2, rolling(1, 0), ""), "1", "0.9", "200m of limits.cpu, where 900m of 1 are used"),
        (deployment(2, rolling(1, 0), "500m"), "1.5", "1", ""),
        (deployment(3, rolling("25%", "25%"), "500m"), "1.5", "1.5", "can never end"),  # 25 % of 3 pods is none
        (deployment(4, rolling("25%", "25%"), "500m"), "2", "2", ""),
        (deployment(1, rolling(0, 0), "500m"), "0.5", "0.5", ""),  # of two nothings, one pod goes
        (deployment(2, rolling(0, 1), "500m"), "0.5", "2", "stops when 1 of its pods is gone"),
        (deployment(2, {"type": "Recreate"}, "500m"), "1", "1", ""),
        (deployment(0, rolling(1, 0), "500m"), "1", "1", ""),
        ({**deployment(2, {}, "500m"), "kind": "StatefulSet"}, "1", "1", ""),
    ],
)  # fmt: skip
def test_rollouts_that_have_no_room(workload: Json, hard: str, in_use: str, why: str) -> None:
    told = "".join(stuck([workload], [quota(hard, in_use)], [DEFAULTS]))
    assert why in told
    assert bool(told) == bool(why)


def test_use_is_counted_as_quotas_count_it() -> None:
    pods: list[Json] = [
        {
            "spec": {
                "containers": [
                    {"resources": {"limits": {"cpu": "1"}}},
                    {"resources": {"requests": {"cpu": "100m"}}},
                ],
                "initContainers": [
                    {"restartPolicy": "Always", "resources": {"requests": {"cpu": "50m"}}},
                    {"resources": {"requests": {"cpu": "2"}}},
                ],
            }
        },
        {"spec": {"containers": [{"resources": {"limits": {"cpu": "8"}}}]}, "status": {"phase": "Succeeded"}},
    ]
    claim = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    service = {"spec": {"type": "LoadBalancer"}}
    found = used({"Pod": pods, "PersistentVolumeClaim": [claim, claim], "Service": [service]})
    assert {name: f"{number.normalize():f}" for name, number in found.items() if number} == {
        "pods": "1", "persistentvolumeclaims": "2", "services": "1", "services.loadbalancers": "1",
        "requests.cpu": "2.05", "limits.cpu": "1", "requests.storage": str(4 * 1024**3),
    }  # fmt: skip
