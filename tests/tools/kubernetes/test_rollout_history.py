"""How two templates differ, and who wrote an object last. Pure."""

from typing import Any

from agent.redaction import MARK, Redactor
from tools.json import Json
from tools.kubernetes.rollouts.history import fields, writers
from tools.kubernetes.rollouts.revisions import differences


def template(image: str = "web:1", env: list[Json] | None = None, **pod: Any) -> Json:
    container = {"name": "app", "image": image, "env": env or [{"name": "A", "value": "1"}]}
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container], **pod}}


def test_a_field_that_differs_is_named_by_its_path() -> None:
    after = template("web:2", [{"name": "B", "value": "2"}], nodeSelector={"disk": "ssd"})
    assert differences(template(), after) == [
        "containers[app].image web:1 -> web:2",
        "containers[app].env[A].value 1 -> removed",
        "containers[app].env[B].value unset -> 2",
        "nodeSelector.disk unset -> ssd",
    ]
    assert differences(template(), template()) == []


def test_an_element_that_is_its_key_alone_is_told_too() -> None:
    after = template(imagePullSecrets=[{"name": "registry"}])
    assert differences(template(), after) == ["imagePullSecrets[registry] unset -> there"]


def test_a_secret_that_differs_is_told_without_its_values() -> None:
    before, after = (template(env=[{"name": "API_TOKEN", "value": value}]) for value in ("one-1234", "two-5678"))
    assert differences(before, after, mask=Redactor().redact) == [
        f"containers[app].env[API_TOKEN].value {MARK} -> {MARK}"
    ]


OWNED = {
    "f:metadata": {"f:annotations": {".": {}, "f:note": {}}},
    "f:spec": {
        "f:replicas": {},
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"app"}': {"f:image": {}, "f:env": {'k:{"name":"A"}': {".": {}, "f:value": {}}}},
                    'k:{"name":"proxy"}': {".": {}, "f:image": {}, "f:name": {}},
                },
                "f:tolerations": {},
            }
        },
    },
}


def test_managed_fields_are_paths_and_what_is_owned_whole_is_one() -> None:
    assert fields(OWNED) == [
        "metadata.annotations.note",
        "spec.replicas",
        "spec.template.spec.containers[app].image",
        "spec.template.spec.containers[app].env[A]",
        "spec.template.spec.containers[proxy]",
        "spec.template.spec.tolerations",
    ]


def test_who_wrote_last_comes_first_and_the_status_is_nobody_s() -> None:
    entries = [
        {"manager": "kubectl-create", "operation": "Update", "time": "2026-01-01T00:00:00Z", "fieldsV1": {}},
        {"manager": "kubelet", "operation": "Update", "time": "2026-01-03T00:00:00Z", "subresource": "status"},
        {
            "manager": "desk-agent",
            "operation": "Update",
            "time": "2026-01-02T00:00:00Z",
            "fieldsV1": {"f:spec": {}},
        },
    ]
    assert [each["manager"] for each in writers({"metadata": {"managedFields": entries}})] == [
        "desk-agent",
        "kubectl-create",
    ]
