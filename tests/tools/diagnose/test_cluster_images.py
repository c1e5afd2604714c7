"""Images that do not come and configuration that is not there, all at once on a real cluster."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.utils import create_from_dict

from tests.tools.diagnose.diagnose_faults import deployment
from tests.tools.diagnose.real_cluster import ON_A_CLUSTER, administrator, diagnosed, new_namespace
from tests.tools.diagnose.typed_remedies import not_working
from tools.cluster.client import HttpCluster
from tools.diagnose.diagnose import diagnose
from tools.json import Json

pytestmark = ON_A_CLUSTER

WITHIN_S = 60
EVERY_S = 2
HOST = "127.0.0.1:15001"
PRIVATE = f"{HOST}/team/web:1"
DATA = [{"name": "data", "configMap": {"name": "app-config"}}]


@dataclass(frozen=True)
class Case:
    """A broken Deployment: what must be said of it, and the first remedy's tool with some of its arguments."""

    name: str
    cause: str
    detail: str
    container: Json
    tool: str | None = None
    arguments: Json = field(default_factory=dict)
    pod: Json = field(default_factory=dict)


def _image(name: str, wrong: str, detail: str, tool: str | None = None, **arguments: str) -> Case:
    return Case(name, "ImagePullBackOff", detail, {"image": wrong, "command": None}, tool, arguments)


def _private(name: str, detail: str, tool: str | None = None, *, pod: Json | None = None, **arguments: str) -> Case:
    container = {"image": PRIVATE, "command": None, "imagePullPolicy": "Always"}
    return Case(name, "ImagePullBackOff", detail, container, tool, arguments, pod or {})


def _config(name: str, detail: str, container: Json, tool: str | None = None, **arguments: str) -> Case:
    pod = {"volumes": DATA} if "volumeMounts" in container else {}
    return Case(name, "CreateContainerConfigError", detail, container, tool, arguments, pod)


def _named(*names: str) -> Json:
    return {"imagePullSecrets": [{"name": name} for name in names]}


def _env(field_name: str, name: str, key: str) -> Json:
    return {"env": [{"name": "SETTING", "valueFrom": {field_name: {"name": name, "key": key}}}]}


def _mount(path: str, **more: str) -> Json:
    return {"volumeMounts": [{"name": "data", "mountPath": path, **more}]}


CASES = (
    _image("tag", "desk/web:2", "desk/web:1 runs here", "set_image", image="desk/web:1"),
    _image("repository", "desk/wab:1", "desk/web:1 runs here", "set_image", image="desk/web:1"),
    _image("unlike", "desk/named:1", "the registry docker.io has no such image or tag (not found)"),
    _image("digest", f"desk/web@sha256:{'a' * 64}", "desk/web:1 runs here"),
    _image("host", "registry.nowhere.example/team/web:1", "the host registry.nowhere.example cannot be resolved"),
    _image("slip", "127.0.0.1.15001/team/web:1", f"{PRIVATE} runs here", "set_image", image=PRIVATE),
    _image("closed", "127.0.0.1:15999/team/web:1", "the registry 127.0.0.1:15999 does not answer"),
    _image("upper", "Desk/Web:1", "not a valid image name; desk/web:1 runs here", "set_image", image="desk/web:1"),
    Case(
        "never",
        "ImagePullBackOff",
        "the pull policy is Never; busybox:1 runs here",
        {"image": "busybox:absent", "imagePullPolicy": "Never"},
        "set_image",
        {"image": "busybox:1"},
    ),
    _private(
        "unlinked",
        f"there is the pull secret team-pull for {HOST}, but the service account default does not name it",
        "link_pull_secret",
        service_account="default",
        pull_secret="team-pull",
    ),
    _private("misnamed", "team-pul does not exist; the nearest there is: team-pull", pod=_named("team-pul")),
    _private(
        "other-registry", f"reg-other is for quay.io, not for {HOST}; team-pull is one", pod=_named("reg-other")
    ),
    _private("wrong-type", "opaque is of type Opaque, not kubernetes.io/dockerconfigjson", pod=_named("opaque")),
    _private("refused", "it refuses the credentials of the pull secret reg-bad", pod=_named("reg-bad")),
    _private(
        "account",
        f"reg-other is for quay.io, not for {HOST}; team-pull is one",
        "link_pull_secret",
        pod={"serviceAccountName": "robot"},
        service_account="robot",
        pull_secret="team-pull",
    ),
    _private(
        "late",
        "late names team-pull for it, but the pod is older than that",
        "restart",
        pod={"serviceAccountName": "late"},
        kind="Deployment",
    ),
    _config(
        "map",
        "ConfigMap app-confg does not exist; the nearest there is: app-config",
        _env("configMapKeyRef", "app-confg", "mode"),
        "set_reference",
        source="ConfigMap",
        from_name="app-confg",
        to_name="app-config",
    ),
    _config(
        "map-key",
        "ConfigMap app-config has no key mod; the nearest there is: mode",
        _env("configMapKeyRef", "app-config", "mod"),
        "set_reference",
        from_key="mod",
        to_key="mode",
    ),
    _config(
        "secret",
        "Secret db-cred does not exist; the nearest there is: db-creds",
        {"envFrom": [{"secretRef": {"name": "db-cred"}}]},
        "set_reference",
        source="Secret",
        to_name="db-creds",
    ),
    _config(
        "secret-key",
        "Secret db-creds has no key pasword; the nearest there is: password",
        _env("secretKeyRef", "db-creds", "pasword"),
        "set_reference",
        source="Secret",
        to_key="password",
    ),
    _config(
        "other-kind",
        "ConfigMap db-creds does not exist; there is a Secret of that name",
        {"envFrom": [{"configMapRef": {"name": "db-creds"}}]},
    ),
    _config("root", "its image busybox:1 runs as root", {"securityContext": {"runAsNonRoot": True}}),
    _config("root-number", "its runAsUser is 0", {"securityContext": {"runAsNonRoot": True, "runAsUser": 0}}),
    _config("sub-path", "subPath mode/deeper of its volume data", _mount("/x", subPath="mode/deeper")),
    _config("expression", "names the variable NOPE", _mount("/x", subPathExpr="$(NOPE)")),
    _config("over-file", "/etc/passwd is a file in its image", _mount("/etc/passwd")),
)
HEALTHY = (
    deployment("runs", {"image": "desk/web:1", "command": None}),
    deployment("pulls", {"image": PRIVATE, "command": None, "imagePullPolicy": "Always"}, **_named("team-pull")),
    deployment("optional", {"envFrom": [{"configMapRef": {"name": "nowhere", "optional": True}}]}),
    deployment("sub-path-of-a-key", _mount("/etc/app/mode", subPath="mode"), volumes=DATA),
)


def _secret(name: str, registry: str | None, password: str) -> Json:
    login = {"username": "desk", "password": password, "auth": _base64(f"desk:{password}")}
    document = json.dumps({"auths": {registry or HOST: login}})
    kind = {"type": "kubernetes.io/dockerconfigjson"} if registry else {}
    return {**_object("Secret", name), **kind, "data": {".dockerconfigjson": _base64(document)}}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _object(kind: str, name: str, **more: Any) -> Json:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **more}


def _manifests() -> Iterator[Json]:
    yield _secret("team-pull", HOST, "desk-test")
    yield _secret("reg-bad", HOST, "wrong")
    yield _secret("reg-other", "quay.io", "desk-test")
    yield _secret("opaque", None, "desk-test")
    yield _object("Secret", "db-creds", data={"password": _base64("x")})
    yield _object("ConfigMap", "app-config", data={"mode": "x"})
    yield _object("ServiceAccount", "robot", imagePullSecrets=[{"name": "reg-other"}])
    yield _object("ServiceAccount", "late")
    yield from HEALTHY
    for case in CASES:
        yield deployment(case.name, case.container, **case.pod)


@pytest.fixture(scope="module")
def cluster() -> HttpCluster:
    return diagnosed()


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    api = administrator()
    with new_namespace(api, "diag-images") as name:
        for manifest in _manifests():
            create_from_dict(api, manifest, namespace=name)
        _link_late(api, name)
        yield name


def _link_late(api: ApiClient, namespace: str) -> None:
    core = CoreV1Api(api)
    while not core.list_namespaced_pod(namespace, label_selector="app=late").items:
        time.sleep(0.2)
    core.patch_namespaced_service_account("late", namespace, {"imagePullSecrets": [{"name": "team-pull"}]})


@pytest.fixture(scope="module")
def found(cluster: HttpCluster, namespace: str) -> dict[str, list[Json]]:
    """What is found once all of it shows, by the object's name."""
    until = time.monotonic() + WITHIN_S
    while True:
        by_name: dict[str, list[Json]] = {}
        for finding in diagnose(cluster, namespace=namespace)["findings"]:
            by_name.setdefault(finding["object"]["name"], []).append(finding)
        settled = all(
            any(case.detail in finding["summary"] for finding in by_name.get(case.name, ())) for case in CASES
        )
        if settled or time.monotonic() > until:
            return by_name
        time.sleep(EVERY_S)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cause_object_detail_and_remedy(case: Case, found: dict[str, list[Json]]) -> None:
    [finding] = found.get(case.name, [])

    assert finding["cause"] == case.cause
    assert finding["object"]["kind"] == "Deployment"
    assert case.detail in finding["summary"]
    first = finding["remedies"][0]
    assert first["tool"] == case.tool
    assert case.arguments.items() <= (first["arguments"] or {}).items()


def test_nothing_else_is_found(found: dict[str, list[Json]]) -> None:
    assert set(found) == {case.name for case in CASES}


def test_no_value_of_a_secret_is_told(found: dict[str, list[Json]]) -> None:
    told = json.dumps(found)

    assert "desk-test" not in told
    assert _base64("desk:desk-test") not in told


def test_the_remedies_can_be_typed(found: dict[str, list[Json]], tmp_path: Path) -> None:
    assert not_working(chain.from_iterable(found.values()), tmp_path) == []
