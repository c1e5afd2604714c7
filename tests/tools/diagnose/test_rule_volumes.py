"""Volumes and networks that do not come, from the kubelet's messages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.diagnose.diagnose_objects import ago, event, pod, snapshot, status
from tools.diagnose.findings import Finding, Known
from tools.diagnose.rules.storage.volumes import failed_mounts
from tools.json import Json

CREATING = status({"waiting": {"reason": "ContainerCreating"}})


def creating(volume: Json | None = None, **changes: Any) -> Json:
    spec = {"nodeName": "one", "volumes": [{"name": "data", **(volume or {})}], **changes.pop("spec", {})}
    return pod(CREATING, phase="Pending", spec=spec, **changes)


def found(message: str, reason: str = "FailedMount", *, volume: Json | None = None, **kinds: Any) -> list[Finding]:
    return failed_mounts(snapshot(creating(volume), Event=[event("shop-abc-1", reason, message)], **kinds), Known())


@pytest.mark.parametrize(
    ("reason", "message", "said"),
    [
        (
            "FailedAttachVolume",
            'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) shop-xyz-9',
            "pvc-1 is in use by shop-xyz-9 and cannot be attached to a second node",
        ),
        (
            "FailedAttachVolume",
            'AttachVolume.Attach failed for volume "pvc-1" : rpc error: disk not found',
            "pvc-1 cannot be attached to node one: rpc error: disk not found",
        ),
        (
            "FailedMount",
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process "
            "volumes=[]: timed out waiting for the condition",
            "it was not ready in time on node one",
        ),
        (
            "FailedMount",
            'MountVolume.SetUp failed for volume "data" : hostPath type check failed: /x is not a file',
            "hostPath /x is not a file on node one",
        ),
    ],
)
def test_what_the_kubelet_says(reason: str, message: str, said: str) -> None:
    [finding] = found(message, reason)

    assert finding.cause == "FailedMount"
    assert said in finding.summary


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "claims is forbidden: no relationship found between node 'one' and this object",
            0,
        ),
        ('persistentvolumeclaims "data-db-0" not found', 1),
    ],
)
def test_what_a_node_may_not_see_yet_is_no_fault(said: str, told: int) -> None:
    message = (
        "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process "
        f"volumes=[data]: error processing PVC shop/data-db-0: failed to fetch PVC from API server: {said}"
    )
    assert len(found(message)) == told


def test_a_network_that_is_not_set_up() -> None:
    message = (
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "6f": '
        'plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized'
    )
    [finding] = found(message, "FailedCreatePodSandBox")

    assert "the network plugin calico fails: error getting ClusterInformation" in finding.summary


def test_a_config_map_is_missing_though_no_event_says_so() -> None:
    waits = creating({"configMap": {"name": "settigns"}})
    config = {"metadata": {"name": "settings"}, "data": {}}

    [finding] = failed_mounts(snapshot(waits, ConfigMap=[config]), Known())
    assert "ConfigMap settigns does not exist; the nearest there is: settings" in finding.summary


@pytest.mark.parametrize(
    "volume",
    [{"configMap": {"name": "absent", "optional": True}}, {"configMap": {"name": "settings"}}, {"emptyDir": {}}],
)
def test_what_may_be_missing_or_is_there(volume: Json) -> None:
    config = {"metadata": {"name": "settings"}, "data": {"a": ""}}

    assert failed_mounts(snapshot(creating(volume), ConfigMap=[config]), Known()) == []


def test_a_config_map_that_was_made_meanwhile_is_no_finding() -> None:
    config = {"metadata": {"name": "settings"}, "data": {"a": ""}}
    message = 'MountVolume.SetUp failed for volume "data" : configmap "settings" not found'

    assert found(message, volume={"configMap": {"name": "settings"}}, ConfigMap=[config]) == []


def test_an_old_event_is_over() -> None:
    old = event("shop-abc-1", "FailedMount", 'MountVolume.SetUp failed for volume "data" : x')
    old["lastTimestamp"] = ago(1000)

    assert failed_mounts(snapshot(creating(), Event=[old]), Known()) == []
