"""A patch and what undoes it: applied one after the other, they leave the object as it was."""

import copy
from typing import Any

import pytest

from agent.sandbox.patching import strategic_merge_patch
from tools.changes.build import patch_change, version
from tools.changes.kubernetes import rights
from tools.changes.strategic import contains, inverse
from tools.cluster.client import Access
from tools.cluster.resources import ObjectRef, find
from tools.json import Json

APP: Json = {
    "name": "app",
    "image": "shop/checkout:1",
    "args": ["serve", "--port=8080"],
    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    "ports": [{"containerPort": 8080, "protocol": "TCP"}],
    "resources": {"limits": {"memory": "16Mi"}, "requests": {"memory": "16Mi", "cpu": "50m"}},
}
SIDECAR: Json = {
    "name": "proxy",
    "image": "envoy:1",
    "volumeMounts": [{"mountPath": "/etc/envoy", "name": "config"}],
}


def deployment(*containers: Json, **template: Any) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "checkout",
            "namespace": "shop-dev",
            "uid": "u1",
            "resourceVersion": "7",
            "generation": 3,
            "labels": {"app": "checkout"},
            "annotations": {"deployment.kubernetes.io/revision": "2", "team": "shop"},
        },
        "spec": {"replicas": 1, "template": {"metadata": {}, "spec": {"containers": [*containers], **template}}},
        "status": {"observedGeneration": 3},
    }


LIVE: dict[str, Json] = {
    "one container": deployment(APP),
    "two containers": deployment(SIDECAR, APP, volumes=[{"name": "config", "configMap": {"name": "envoy"}}]),
    "a container without resources": deployment({"name": "app", "image": "shop/checkout:1"}),
    "a container with empty resources": deployment({"name": "app", "image": "x", "resources": {}}),
    "init container": deployment(
        APP, initContainers=[{"name": "migrate", "image": "m:1"}], nodeSelector={"a": "b"}
    ),
}


def of_template(**spec: Any) -> Json:
    return {"spec": {"template": {"spec": spec}}}


def of_app(**fields: Any) -> Json:
    return of_template(containers=[{"name": "app", **fields}])


PATCHES: dict[str, Json] = {
    "nothing": {},
    "replicas": {"spec": {"replicas": 3}},
    "paused": {"spec": {"paused": True}},
    "memory limit": of_app(resources={"limits": {"memory": "64Mi"}}),
    "cpu limit and request": of_app(resources={"limits": {"cpu": "1"}, "requests": {"cpu": "100m"}}),
    "a limit deleted": of_app(resources={"limits": {"memory": None}}),
    "all resources deleted": of_app(resources=None),
    "restart": {"spec": {"template": {"metadata": {"annotations": {"restartedAt": "now"}}}}},
    "image": of_app(image="shop/checkout:2"),
    "env changed, added": of_app(env=[{"name": "A", "value": "9"}, {"name": "C", "value": "3"}]),
    "env from a value to a reference": of_app(
        env=[{"name": "A", "value": None, "valueFrom": {"fieldRef": {"x": "y"}}}]
    ),
    "env deleted": of_app(env=[{"name": "B", "$patch": "delete"}]),
    "env that is not there deleted": of_app(env=[{"name": "Z", "$patch": "delete"}]),
    "a list without a key": of_app(args=["serve", "--verbose"]),
    "a port": of_app(ports=[{"containerPort": 9090, "name": "admin"}]),
    "a mount and its volume": of_template(
        containers=[{"name": "app", "volumeMounts": [{"mountPath": "/data", "name": "data"}]}],
        volumes=[{"name": "data", "emptyDir": {}}],
    ),
    "a new container": of_template(containers=[{"name": "log", "image": "fluent:1"}]),
    "an init container": of_template(initContainers=[{"name": "migrate", "image": "m:2"}]),
    "label added, annotation deleted": {"metadata": {"labels": {"tier": "web"}, "annotations": {"team": None}}},
    "node selector": of_template(nodeSelector={"a": None, "disk": "ssd"}),
}
CASES = [pytest.param(live, patch, id=f"{a}: {b}") for a, live in LIVE.items() for b, patch in PATCHES.items()]


def pruned(value: Any) -> Any:
    """Without empty maps and lists, and with lists that merge by name in one order: both say the same."""
    if isinstance(value, dict):
        kept = {key: pruned(member) for key, member in value.items()}
        return {key: member for key, member in kept.items() if member not in ({}, [])}
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return sorted((pruned(item) for item in value), key=repr)
    return value


def written(live: Json) -> Json:
    return {key: pruned(value) for key, value in live.items()}


@pytest.mark.parametrize(("live", "patch"), CASES)
def test_a_patch_and_its_inverse_leave_the_object_as_it_was(live: Json, patch: Json) -> None:
    before = copy.deepcopy(live)
    undo = inverse(patch, live)
    patched = strategic_merge_patch(copy.deepcopy(live), patch)
    assert written(strategic_merge_patch(patched, undo)) == written(before)
    assert live == before


@pytest.mark.parametrize(("live", "patch"), CASES)
def test_the_undo_can_be_undone(live: Json, patch: Json) -> None:
    patched = strategic_merge_patch(copy.deepcopy(live), patch)
    undo = inverse(patch, live)
    redo = inverse(undo, patched)
    undone = strategic_merge_patch(copy.deepcopy(patched), undo)
    assert written(strategic_merge_patch(undone, redo)) == written(patched)


@pytest.mark.parametrize(("live", "patch"), CASES)
def test_the_object_contains_what_was_patched_in(live: Json, patch: Json) -> None:
    patched = strategic_merge_patch(copy.deepcopy(live), patch)
    assert contains(patched, patch)
    assert contains(patched, inverse(patch, patched))


@pytest.mark.parametrize(
    ("patch", "live", "undo"),
    [
        ({"a": 1}, {}, {"a": None}),
        ({"a": 1}, {"a": 2, "b": 3}, {"a": 2}),
        ({"a": None}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 0}}, {"a": {"b": 0, "c": None}}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"env": [{"name": "A", "value": "1"}]}, {}, {"env": [{"name": "A", "$patch": "delete"}]}),
        (
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "value": "0"}, {"name": "B", "value": "2"}]},
            {"env": [{"value": "0", "name": "A"}]},
        ),
        ({"args": ["x"]}, {"args": ["y", "z"]}, {"args": ["y", "z"]}),
        ({"args": ["x"]}, {}, {"args": None}),
    ],
)
def test_the_inverse_is_as_small_as_the_patch(patch: Json, live: Json, undo: Json) -> None:
    assert inverse(patch, live) == undo


@pytest.mark.parametrize(
    ("live", "patch", "there"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({}, {"a": 1}, False),
        ({}, {"a": {"b": 1}}, False),
        ({}, {"a": None}, True),
        ({}, {"a": {"b": None}}, True),
        ({"a": 0}, {"a": None}, False),
        ({"containers": [SIDECAR, APP]}, {"containers": [{"name": "app", "image": "shop/checkout:1"}]}, True),
        ({"containers": [SIDECAR]}, {"containers": [{"name": "app", "image": "shop/checkout:1"}]}, False),
        ({"containers": [SIDECAR, APP]}, {"containers": [{"name": "proxy", "image": "shop/checkout:1"}]}, False),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "$patch": "delete"}]}, False),
        ({"env": []}, {"env": [{"name": "A", "$patch": "delete"}]}, True),
        ({"args": ["a", "b"]}, {"args": ["b", "a"]}, False),
    ],
)
def test_whether_an_object_is_as_a_patch_wants_it(live: Json, patch: Json, there: bool) -> None:
    assert contains(live, patch) is there


NOT_WRITTEN_BY_PEOPLE: dict[str, Json] = {
    "status": {"status": {"observedGeneration": 4, "availableReplicas": 1}},
    "no status": {"status": None},
    "managedFields": {"metadata": {"managedFields": [{"manager": "kubelet"}]}},
    "resourceVersion": {"metadata": {"resourceVersion": "8"}},
    "generation": {"metadata": {"generation": 4}},
    "revision": {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "3"}}},
    "no revision": {"metadata": {"annotations": {"deployment.kubernetes.io/revision": None}}},
}
WRITTEN_BY_PEOPLE: dict[str, Json] = {
    "replicas": {"spec": {"replicas": 2}},
    "limit": of_app(resources={"limits": {"memory": "17Mi"}}),
    "label": {"metadata": {"labels": {"tier": "web"}}},
    "label gone": {"metadata": {"labels": {"app": None}}},
    "annotation": {"metadata": {"annotations": {"team": "other"}}},
    "another object of the name": {"metadata": {"uid": "u2"}},
    "being deleted": {"metadata": {"deletionTimestamp": "2025-06-01T12:00:00Z"}},
}


@pytest.mark.parametrize("patch", [pytest.param(patch, id=name) for name, patch in NOT_WRITTEN_BY_PEOPLE.items()])
def test_the_version_stays_when_only_controllers_wrote(patch: Json) -> None:
    live = deployment(APP)
    assert version(strategic_merge_patch(live, patch)) == version(live)


@pytest.mark.parametrize("patch", [pytest.param(patch, id=name) for name, patch in WRITTEN_BY_PEOPLE.items()])
def test_the_version_moves_when_somebody_wrote(patch: Json) -> None:
    live = deployment(APP)
    assert version(strategic_merge_patch(live, patch)) != version(live)


def test_the_version_does_not_depend_on_the_order_of_fields() -> None:
    live = deployment(APP)
    assert version(dict(reversed(live.items()))) == version(live)


def test_an_object_without_annotations_has_a_version() -> None:
    live = deployment(APP)
    bare = {**live, "metadata": {"name": "checkout"}}
    only_revision = {"name": "checkout", "annotations": {"deployment.kubernetes.io/revision": "1"}}
    assert version(bare) == version({**live, "metadata": only_revision})


def test_a_change_says_what_it_is_for_and_what_undoes_it() -> None:
    live, kind = deployment(APP), find("deploy")
    assert kind is not None
    change = patch_change(kind.plural, live, {"spec": {"replicas": 2}})
    assert change.target == ObjectRef("apps/v1", "Deployment", "shop-dev", "checkout")
    assert (change.body, change.undo) == ({"spec": {"replicas": 2}}, {"spec": {"replicas": 1}})
    assert (change.uid, change.resource_version, change.version) == ("u1", "7", version(live))
    assert rights(change) == (Access("patch", "apps", "deployments", "shop-dev", "checkout"),)
