"""Projects of OpenShift on the real cluster: asked for, guarded, and left to Atlas where the rights end."""

from __future__ import annotations

import json
import secrets
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import served
from tests.cluster.conftest import KUBECONFIG, Workspace, kubectl, new_workspace
from tests.cluster.killing_proxy import KillingProxy, Moment
from tests.cluster.test_provisioning import document_of, provisioned

pytestmark = pytest.mark.cluster

KIM, ANN = "kim@one.example.com", "ann@one.example.com"
SYNCER = "pod-security-admission-label-synchronization-controller"

CONSOLE = """
apiVersion: v1
kind: Namespace
metadata: {name: openshift-config-managed}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: console-public, namespace: openshift-config-managed}
data: {consoleURL: "https://console.apps.example.com"}
"""
TEMPLATE = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: compute}
spec: {hard: {limits.cpu: "2", pods: "80"}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: core}
spec:
  limits:
  - type: Container
    max: {cpu: "1", memory: 8Gi}
    default: {cpu: 400m, memory: 512Mi}
    defaultRequest: {cpu: 150m, memory: 128Mi}
"""
"""What this cluster's project template makes in each project, beside the requester's admin."""


@pytest.fixture(scope="module", autouse=True)
def openshift() -> Iterator[None]:
    """An OpenShift whose console tells its address, and on which Kim may ask for projects."""
    binding = f"desk-projects-{secrets.token_hex(3)}"
    with served.openshift():
        kubectl("apply", "-f", "-", stdin=CONSOLE)
        kubectl("create", "clusterrolebinding", binding, "--clusterrole=self-provisioner", f"--user={KIM}")
        try:
            yield
        finally:
            kubectl("delete", "clusterrolebinding", binding)
            kubectl("delete", "namespace", "openshift-config-managed", "--wait=false")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return new_workspace(tmp_path_factory.mktemp("openshift"))


@pytest.fixture(scope="module")
def kim(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The kubeconfig of somebody who may ask for projects, and has no other right."""
    document = yaml.safe_load(Path(KUBECONFIG).read_text())
    groups = ["system:authenticated", "system:authenticated:oauth"]
    document["users"][0]["user"] |= {"as": KIM, "as-groups": groups}
    file = tmp_path_factory.mktemp("kim") / "config"
    file.write_text(yaml.safe_dump(document))
    return str(file)


@pytest.fixture
def project() -> Iterator[Callable[[], str]]:
    """Names of projects, which are deleted in the end."""
    names: list[str] = []

    def new() -> str:
        names.append(f"desk-prj-{secrets.token_hex(3)}-dev")
        return names[-1]

    yield new
    kubectl("delete", "namespace", *names, "--wait=false", "--ignore-not-found")


def metadata_of(namespace: str) -> Any:
    return json.loads(kubectl("get", "namespace", namespace, "-o", "json"))["metadata"]


def roles(namespace: str) -> set[tuple[str, str]]:
    """(who, role) of each binding."""
    items = json.loads(kubectl("get", "rolebindings", "-n", namespace, "-o", "json"))["items"]
    return {(subject["name"], each["roleRef"]["name"]) for each in items for subject in each.get("subjects") or ()}


def test_a_project_is_asked_for_and_guarded_and_what_is_openshifts_is_left_alone(
    workspace: Workspace, project: Callable[[], str]
) -> None:
    name = project()
    done = provisioned(workspace, name, "--members", ANN)
    results = {each["object"]: each["result"] for each in done["resources"]}
    assert results[f"Namespace/{name}"] == results["NetworkPolicy/allow-ingress-controller"] == "created"
    assert f"console: https://console.apps.example.com/k8s/cluster/projects/{name}" in done["summary"]
    assert "admin is taken from admin" in done["summary"]
    assert roles(name) == {("ci", "edit"), (ANN, "edit")}

    metadata = metadata_of(name)
    assert metadata["annotations"]["openshift.io/requester"] == "admin"
    assert metadata["annotations"]["openshift.io/display-name"] == f"{name.removesuffix('-dev')} dev"
    assert metadata["labels"]["environment"] == "dev"
    assert not any(label.startswith("pod-security") for label in metadata["labels"])

    synced = "pod-security.kubernetes.io/warn=baseline"
    kubectl("label", "namespace", name, synced, f"--field-manager={SYNCER}")
    again = provisioned(workspace, name)
    assert {each["result"] for each in again["resources"]} == {"unchanged"}
    assert metadata_of(name)["labels"]["pod-security.kubernetes.io/warn"] == "baseline"
    assert provisioned(workspace, name, "--check")["drift"] == []


def test_without_the_rights_the_rest_is_made_and_what_atlas_types_completes_it(
    workspace: Workspace, project: Callable[[], str], kim: str
) -> None:
    name = project()
    partial = provision_by_kim(workspace, name, kim, "--members", f"{ANN},{KIM}")
    assert (partial["exit_code"], partial["success"]) == (5, False)
    assert partial["left"]["owner"] == "Atlas"
    for left in ("the labels of namespace", "LimitRange default-limits", "ResourceQuota"):
        assert left in partial["left"]["what"]
    assert f"{KIM}, who asked for the project, hands admin over and keeps edit" in partial["summary"]
    assert roles(name) == {("ci", "edit"), (ANN, "edit"), (KIM, "edit")}
    assert "- Result: PARTIAL" in (workspace.root / "logs/LOGS.md").read_text().replace("**", "")
    assert "ResourceQuota/" in str(provisioned(workspace, name, "--check", code=1)["drift"])

    kubectl("apply", "-n", name, "-f", "-", stdin=TEMPLATE)
    desk, command, *arguments = shlex.split(partial["left"]["command"])
    assert desk == "desk"
    done = document_of(workspace, command, *arguments)
    assert done["left"] is None
    assert "ResourceQuota compute is there already and lower, so it counts: limits.cpu 2" in done["summary"]
    (ours,) = json.loads(kubectl("get", "limitrange", "default-limits", "-n", name, "-o", "json"))["spec"][
        "limits"
    ][:1]
    assert (ours["max"], ours["default"]) == ({"cpu": "1", "memory": "4Gi"}, {"cpu": "400m", "memory": "512Mi"})
    assert ours["defaultRequest"] == {"cpu": "150m", "memory": "128Mi"}
    assert len(json.loads(kubectl("get", "quota", "-n", name, "-o", "json"))["items"]) == 2
    assert provisioned(workspace, name, "--check")["drift"] == []


def provision_by_kim(workspace: Workspace, name: str, kim: str, *arguments: str) -> Any:
    done = workspace.desk("provision-namespace", name, *arguments, "--output", "json", kubeconfig=kim)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_with_the_right_to_label_in_the_project_only_the_rest_is_left(
    workspace: Workspace, project: Callable[[], str], kim: str
) -> None:
    """And what was begun before, by a run that got no further than its request, is gone on with."""
    name = project()
    request = {
        "apiVersion": "project.openshift.io/v1", "kind": "ProjectRequest", "metadata": {"name": name},
        "description": f"Provisioned by Desk for team {name.removesuffix('-dev')} (dev)",
    }  # fmt: skip
    raw = ("create", "--raw", "/apis/project.openshift.io/v1/projectrequests", "-f", "-")
    kubectl("--as", KIM, "--as-group", "system:authenticated", *raw, stdin=json.dumps(request))
    kubectl("create", "role", "labels", "-n", name, "--verb=patch", "--resource=namespaces")
    kubectl("create", "rolebinding", "labels", "-n", name, "--role=labels", f"--user={KIM}")
    partial = provision_by_kim(workspace, name, kim, "--members", ANN)
    assert partial["exit_code"] == 5
    assert "the labels" not in partial["left"]["what"]
    assert metadata_of(name)["labels"]["team"] == name.removesuffix("-dev")
    assert (KIM, "admin") not in roles(name)


def test_who_may_only_ask_for_projects_brings_a_team_on_board_and_a_member_leaves_before_atlas_labels_them(
    workspace: Workspace, project: Callable[[], str], kim: str, tmp_path: Path
) -> None:
    names, folder, boss = (project(), project()), tmp_path / "kubeconfigs", tmp_path / "boss"
    boss.write_text(
        Path(kim).read_text().replace(KIM, "boss@example.com").replace("authenticated:oauth", "masters")
    )
    team = names[0].removesuffix("-dev")
    asked = ("--members", f"{ANN},bob@example.com", "--kubeconfig-dir", str(folder))
    partial = approved(workspace, kim, str(boss), "onboard-team", team, "--namespaces", ",".join(names), *asked)
    assert partial.returncode == 5, partial.stdout + partial.stderr
    for name in names:
        assert f"{name}: valid until" in partial.stdout.replace("context ", "")
        assert f"desk provision-namespace {name} dev --team {team}" in partial.stdout
        assert {role for _, role in roles(name)} == {"edit"}
        assert "team" not in metadata_of(name)["labels"]

    done = approved(workspace, KUBECONFIG, str(boss), "offboard-member", team, ANN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [file.name[:4] for file in folder.iterdir()] == ["bob-"]
    for name in names:
        left = kubectl("get", "rolebinding,serviceaccount,secret,resourcequota", "-n", name, "-o", "yaml")
        assert ANN not in left
        assert "kind: ResourceQuota" not in left  # Atlas's to make, and with the limits that pods then need
        assert "bob@example.com" in left


def approved(
    workspace: Workspace, kubeconfig: str, approver: str, *command: str
) -> subprocess.CompletedProcess[str]:
    """A command that waits, is approved by somebody else, and goes on."""
    waiting = workspace.desk(*command, "--output", "json", kubeconfig=kubeconfig)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    document = json.loads(waiting.stdout)
    said = workspace.desk("approvals", "approve", document["approval"], kubeconfig=approver)
    assert said.returncode == 0, said.stderr
    return workspace.desk("resume", document["session"], kubeconfig=kubeconfig)


@pytest.mark.parametrize(
    ("change", "moment"),
    [
        (("POST", "/projectrequests"), "before the effect"),
        (("POST", "/projectrequests"), "after the effect"),
        (("DELETE", "/rolebindings/admin"), "after the effect"),  # nobody may look any more whether it is gone
    ],
)
def test_killed_around_the_request_and_the_last_right_it_is_gone_on_with(
    workspace: Workspace,
    project: Callable[[], str],
    tmp_path: Path,
    change: tuple[str, str],
    moment: Moment,
) -> None:
    name, proxy = project(), KillingProxy(tmp_path)
    proxy.change, proxy.moment = change, moment
    user = {"as": KIM, "as-groups": ["system:authenticated"]}
    (tmp_path / "user").write_text(yaml.safe_dump({"users": [{"user": user}]}))
    kubeconfig = proxy.kubeconfig(tmp_path, of=str(tmp_path / "user"))
    running = workspace.start("provision-namespace", name, "--members", ANN, kubeconfig=kubeconfig)
    proxy.victim = running.pid
    running.communicate(timeout=60)
    assert running.returncode == -9
    resumed = workspace.desk("resume", kubeconfig=kubeconfig)
    assert resumed.returncode == 5, resumed.stdout + resumed.stderr
    assert roles(name) == {("ci", "edit"), (ANN, "edit")}
    assert metadata_of(name)["annotations"]["openshift.io/requester"] == KIM


def test_a_name_that_is_taken_and_a_user_who_may_not_ask_are_told(
    workspace: Workspace, project: Callable[[], str], kim: str, tmp_path: Path
) -> None:
    name = project()
    kubectl("create", "namespace", name)
    taken = provision_by_kim(workspace, name, kim)
    assert taken["exit_code"] == 1
    assert f"There is a project {name} already" in taken["errors"][0]

    stranger = tmp_path / "config"
    stranger.write_text(Path(kim).read_text().replace(KIM, "stranger@example.com"))
    refused = provision_by_kim(workspace, f"{name}-2", str(stranger))
    assert refused["exit_code"] == 1
    assert "may not create projectrequests" in refused["errors"][0]
    assert "Who administers the cluster (Atlas) can grant it" in refused["errors"][0]


def test_turned_off_it_is_plain_kubernetes_again(workspace: Workspace, project: Callable[[], str]) -> None:
    served.turn("off")
    name = project()
    done = provisioned(workspace, name)
    assert done["left"] is None
    assert metadata_of(name)["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"
    assert "annotations" not in metadata_of(name)
