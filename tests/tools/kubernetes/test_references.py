"""Every reference of a pod template to a ConfigMap or a Secret is found, and pointed elsewhere alone."""

import pytest

from agent.sandbox.patching import strategic_merge_patch
from tools.changes.strategic import inverse
from tools.json import Json
from tools.kubernetes.references import Redirection

APP: Json = {
    "name": "app",
    "env": [
        {"name": "PLAIN", "value": "old"},
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "old", "key": "a"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "old", "key": "a", "optional": True}}},
    ],
    "envFrom": [{"configMapRef": {"name": "old"}}, {"prefix": "X_", "secretRef": {"name": "old"}}],
    "volumeMounts": [{"name": "maps", "mountPath": "/maps"}],
}
TEMPLATE: Json = {
    "spec": {
        "initContainers": [{"name": "init", "env": [APP["env"][1]]}],
        "containers": [APP],
        "volumes": [
            {"name": "maps", "configMap": {"name": "old", "items": [{"key": key, "path": key} for key in "ab"]}},
            {"name": "hidden", "secret": {"secretName": "old"}},
            {
                "name": "both",
                "projected": {"sources": [{"secret": {"name": "old"}}, {"configMap": {"name": "old"}}]},
            },
        ],
    }
}  # fmt: skip


def spec_after(redirection: Redirection, container: str | None = None) -> Json:
    patched: Json = strategic_merge_patch(TEMPLATE, redirection.patch(TEMPLATE, container))
    return patched["spec"]  # type: ignore[no-any-return]


def test_every_reference_to_a_config_map_and_none_to_a_secret() -> None:
    spec = spec_after(Redirection("ConfigMap", "old", "new"))
    assert spec["initContainers"][0]["env"][0]["valueFrom"]["configMapKeyRef"] == {"name": "new", "key": "a"}
    env = spec["containers"][0]["env"]
    assert env[1]["valueFrom"]["configMapKeyRef"] == {"name": "new", "key": "a"}
    assert (env[0], env[2]) == (APP["env"][0], APP["env"][2])
    assert spec["containers"][0]["envFrom"] == [{"configMapRef": {"name": "new"}}, APP["envFrom"][1]]
    assert spec["volumes"][0]["configMap"]["name"] == "new"
    assert spec["volumes"][1] == TEMPLATE["spec"]["volumes"][1]
    assert spec["volumes"][2]["projected"]["sources"] == [
        {"secret": {"name": "old"}},
        {"configMap": {"name": "new"}},
    ]


def test_every_reference_to_a_secret() -> None:
    spec = spec_after(Redirection("Secret", "old", "new"))
    env = spec["containers"][0]["env"]
    assert env[2]["valueFrom"]["secretKeyRef"] == {"name": "new", "key": "a", "optional": True}
    assert spec["containers"][0]["envFrom"][1] == {"prefix": "X_", "secretRef": {"name": "new"}}
    assert spec["volumes"][1]["secret"] == {"secretName": "new"}
    assert spec["initContainers"] == TEMPLATE["spec"]["initContainers"]


def test_a_key_alone() -> None:
    spec = spec_after(Redirection("ConfigMap", "old", "old", "a", "z"), "app")
    assert spec["containers"][0]["env"][1]["valueFrom"]["configMapKeyRef"] == {"name": "old", "key": "z"}
    assert spec["containers"][0]["envFrom"] == APP["envFrom"]
    assert [item["key"] for item in spec["volumes"][0]["configMap"]["items"]] == ["z", "b"]
    assert spec["initContainers"] == TEMPLATE["spec"]["initContainers"]


@pytest.mark.parametrize(
    "redirection",
    [
        Redirection("ConfigMap", "old", "new"),
        Redirection("Secret", "old", "new"),
        Redirection("ConfigMap", "old", "old", "a", "z"),
    ],
)
def test_it_can_be_undone(redirection: Redirection) -> None:
    patch = redirection.patch(TEMPLATE, None)
    undo = inverse(patch, TEMPLATE)
    assert strategic_merge_patch(strategic_merge_patch(TEMPLATE, patch), undo) == TEMPLATE


def test_what_is_not_referred_to_changes_nothing() -> None:
    assert Redirection("ConfigMap", "other", "new").patch(TEMPLATE, None) == {}
    assert Redirection("ConfigMap", "old", "new", "no-such-key").patch(TEMPLATE, None) == {}
