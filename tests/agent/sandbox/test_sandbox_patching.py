"""How patches change objects, without a server."""

from typing import Any

import pytest

from agent.sandbox.patching import PatchError, json_patch, merge_patch, strategic_merge_patch

POD: dict[str, Any] = {
    "containers": [
        {
            "name": "app",
            "image": "web:1",
            "ports": [{"containerPort": 80}],
            "env": [{"name": "A", "value": "1"}],
        },
        {"name": "sidecar", "image": "proxy:1", "command": ["run", "fast"]},
    ],
    "nodeSelector": {"disk": "ssd", "zone": "a"},
}


def test_containers_merge_by_name_and_keep_their_order() -> None:
    patched = strategic_merge_patch(POD, {"containers": [{"name": "sidecar", "image": "proxy:2"}]})
    assert [each["image"] for each in patched["containers"]] == ["web:1", "proxy:2"]
    assert patched["containers"][1]["command"] == ["run", "fast"]


@pytest.mark.parametrize(
    ("field", "element", "key"),
    [
        ("env", {"name": "B", "value": "2"}, "name"),
        ("ports", {"containerPort": 443}, "containerPort"),
        ("volumeMounts", {"mountPath": "/data", "name": "data"}, "mountPath"),
    ],
)
def test_lists_of_a_container_merge_by_their_own_key(field: str, element: dict[str, Any], key: str) -> None:
    patched = strategic_merge_patch(POD, {"containers": [{"name": "app", field: [element]}]})
    before = POD["containers"][0].get(field, [])
    assert [each[key] for each in patched["containers"][0][field]] == [
        *(each[key] for each in before),
        element[key],
    ]


def test_a_list_without_a_key_is_replaced() -> None:
    patched = strategic_merge_patch(POD, {"containers": [{"name": "sidecar", "command": ["stop"]}]})
    assert patched["containers"][1]["command"] == ["stop"]


def test_null_and_the_directives_delete() -> None:
    patch = {"nodeSelector": {"zone": None}, "containers": [{"name": "sidecar", "$patch": "delete"}]}
    patched = strategic_merge_patch(POD, patch)
    assert patched["nodeSelector"] == {"disk": "ssd"}
    assert [each["name"] for each in patched["containers"]] == ["app"]


def test_the_replace_directives_replace_a_map_and_a_list() -> None:
    patch = {
        "nodeSelector": {"$patch": "replace", "gpu": "yes"},
        "containers": [{"$patch": "replace"}, {"name": "only"}],
    }
    patched = strategic_merge_patch(POD, patch)
    assert patched == {"nodeSelector": {"gpu": "yes"}, "containers": [{"name": "only"}]}


def test_the_order_of_a_list_is_as_the_patch_says_and_the_others_stay_in_their_places() -> None:
    target = {"env": [{"name": name, "value": "1"} for name in "abcd"], "finalizers": ["x", "y"]}
    patch = {
        "$setElementOrder/env": [{"name": name} for name in ("d", "new", "a")],
        "$setElementOrder/finalizers": ["y", "x"],
        "env": [{"name": "new", "value": "2"}],
    }
    patched = strategic_merge_patch(target, patch)
    assert [each["name"] for each in patched["env"]] == ["d", "b", "c", "new", "a"]
    assert patched["finalizers"] == ["y", "x"]


def test_retain_keys_drops_the_other_keys() -> None:
    strategy = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    patch = {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}
    assert strategic_merge_patch(strategy, patch) == {"strategy": {"type": "Recreate"}}


def test_an_element_without_its_key_is_refused() -> None:
    with pytest.raises(PatchError, match="merge key: name"):
        strategic_merge_patch(POD, {"containers": [{"image": "web:2"}]})


def test_the_patched_object_itself_is_left_alone() -> None:
    strategic_merge_patch(POD, {"containers": [{"name": "app", "env": [{"name": "A", "value": "9"}]}]})
    assert POD["containers"][0]["env"] == [{"name": "A", "value": "1"}]


def test_a_merge_patch_replaces_lists_and_null_deletes() -> None:
    patched = merge_patch(POD, {"containers": [{"name": "x"}], "nodeSelector": {"disk": None}})
    assert patched == {"containers": [{"name": "x"}], "nodeSelector": {"zone": "a"}}


def test_a_json_patch_is_applied_or_refused() -> None:
    path = "/containers/0/image"
    assert json_patch(POD, [{"op": "replace", "path": path, "value": "web:2"}])["containers"][0]["image"] == "web:2"
    with pytest.raises(PatchError):
        json_patch(POD, [{"op": "test", "path": path, "value": "web:9"}])
