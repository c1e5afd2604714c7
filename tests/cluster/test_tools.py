"""The tools on the real cluster, in one namespace: what they say of the API's own answers; remedies that hold."""

from __future__ import annotations

import json
import re
import secrets
import shlex
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.redaction import Redactor
from tests.cluster.conftest import KUBECONFIG, Workspace, kubectl
from tests.tools.diagnose.event_lag import once_told, skip_if_late
from tools.catalog import TOOLS
from tools.changes.plan import Plan
from tools.cluster.connect import Where, connect
from tools.diagnose.diagnose import diagnose
from tools.frame import Result, ToolContext
from tools.json import Json

pytestmark = pytest.mark.cluster

OBJECTS = Path(__file__).with_name("tools.yaml")
TOLD_WITHIN_S = 90
ENV = ["A", "LEVEL", "PASSWORD", "Z"]
BY_NAME = {tool.name: tool for tool in TOOLS}


@dataclass(frozen=True)
class Stand:
    """The namespace, and kubeconfigs of service accounts there: who views it, and who administers it."""

    namespace: str
    folder: Path

    def call(self, tool: str, *, who: str = KUBECONFIG, **arguments: Any) -> Result | Plan:
        context = ToolContext(connect(Where(who)), mask=_masked)
        outcome = BY_NAME[tool](context, arguments)
        assert isinstance(outcome, Result | Plan)
        return outcome

    def ask(self, tool: str, *, who: str = KUBECONFIG, **arguments: Any) -> Result:
        outcome = self.call(
            tool, who=who, **({} if tool == "whoami" else {"namespace": self.namespace}), **arguments
        )
        assert isinstance(outcome, Result)
        return outcome

    def env(self) -> list[Json]:
        live = connect(Where(KUBECONFIG)).get("deployment", "web", self.namespace)
        env: list[Json] = live["spec"]["template"]["spec"]["containers"][0]["env"]
        return env

    def kubeconfig(self, role: str) -> str:
        """Of a service account that has a role in the namespace."""
        file = self.folder / f"{role}.yaml"
        if not file.exists():
            kubectl("create", "serviceaccount", role, "-n", self.namespace)
            account = f"--serviceaccount={self.namespace}:{role}"
            kubectl("create", "rolebinding", role, "-n", self.namespace, f"--clusterrole={role}", account)
            document = yaml.safe_load(Path(KUBECONFIG).read_text())
            token = kubectl("create", "token", role, "-n", self.namespace).strip()
            document["users"] = [{"name": document["users"][0]["name"], "user": {"token": token}}]
            document["contexts"][0]["context"]["namespace"] = self.namespace
            file.write_text(yaml.safe_dump(document))
        return str(file)


def _masked(value: Json) -> Json:
    shown = Redactor().redact(value)
    assert isinstance(shown, dict)
    return shown


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    name = f"desk-tools-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    try:
        kubectl("label", "namespace", name, "environment=dev")
        kubectl("apply", "-n", name, "-f", "-", stdin=OBJECTS.read_text())
        kubectl("rollout", "status", "deployment/web", "-n", name, "--timeout=50s")
        yield Stand(name, tmp_path_factory.mktemp("kubeconfigs"))
    finally:
        kubectl("delete", "namespace", name, "--wait=false")


# --- reading ---------------------------------------------------------------------------------------------


def test_a_container_is_shown_with_what_it_gets(stand: Stand) -> None:
    shown = stand.ask("show_container", name="web").text
    assert "LEVEL  from ConfigMap settings key LEVEL: debug" in shown
    assert "PASSWORD  from Secret database key password\n" in shown
    assert "8080/TCP http  Service web port 80 leads to http" in shown
    assert "correct-horse" not in shown
    absent = "all keys of ConfigMap no-such: MISSING: there is no ConfigMap no-such"
    assert absent in stand.ask("show_container", name="unset").text
    viewed = stand.ask("show_container", name="web", who=stand.kubeconfig("view")).text
    assert "PASSWORD  from Secret database key password  Secret database may not be read" in viewed


def test_the_command_to_forward_a_port_works(stand: Stand) -> None:
    told = stand.ask("port_forward", name="web", local_port=18080 + secrets.randbelow(900))
    assert told.data is not None
    command = [*shlex.split(told.data["command"]), "--kubeconfig", KUBECONFIG]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            assert "Forwarding from" in running.stdout.readline()
            with urllib.request.urlopen(f"http://127.0.0.1:{told.data['local_port']}/", timeout=10) as answer:
                assert answer.read() == b"hello\n"
        finally:
            running.terminate()


def test_who_we_are_is_what_the_api_server_says(stand: Stand) -> None:
    told = stand.ask("whoami", who=stand.kubeconfig("view"))
    assert f"User system:serviceaccount:{stand.namespace}:view, in the groups system:serviceaccounts, " in told.text
    assert f"the context's namespace is {stand.namespace}" in told.text
    assert told.data is not None
    assert [said for said, may in told.data["may"].items() if may] == ["read pods", "read logs"]


ROBOT = "ServiceAccount robot in {}  by RoleBinding robots (Role reader"


def test_who_can_names_subjects_with_binding_and_role(stand: Stand) -> None:
    admin, robot = stand.kubeconfig("admin"), ROBOT.format(stand.namespace)
    assert f"{robot}, only for web)" in stand.ask("who_can", verb="get", resource="deploy").text
    logs = stand.ask("who_can", verb="get", resource="pods/log").text
    assert f"{robot})" in logs
    assert "Group system:masters  by ClusterRoleBinding cluster-admin (ClusterRole cluster-admin)" in logs
    assert (
        f"ServiceAccount admin in {stand.namespace}  by RoleBinding admin (ClusterRole admin, aggregated)" in logs
    )
    seen = stand.ask("who_can", verb="get", resource="pods/log", who=admin).text
    assert f"{robot})" in seen
    assert re.search(
        r"Not read, for we may not: .*clusterroles; .*RoleBinding admin gives with ClusterRole admin", seen
    )


@pytest.mark.parametrize(
    ("verb", "resource", "answer"),
    [("get", "pods/log", "Yes: "), ("get", "deployments", "No: "), ("delete", "deployments", "No: ")],
)
def test_whether_somebody_may_is_the_api_server_s_word_where_we_may_ask(
    stand: Stand, verb: str, resource: str, answer: str
) -> None:
    user = f"system:serviceaccount:{stand.namespace}:robot"
    asked = {"verb": verb, "resource": resource, "user": user}
    for who in (KUBECONFIG, stand.kubeconfig("admin")):  # SubjectAccessReview, and LocalSubjectAccessReview
        told = stand.ask("who_can", who=who, **asked).text
        assert told.startswith(answer)
        assert "says the API server" in told
        if (verb, resource) == ("get", "deployments"):
            assert "For some objects only:" in told
    viewer = stand.ask("who_can", who=stand.kubeconfig("view"), **asked).text
    assert viewer.startswith("Not known: ")
    assert "worked out from RBAC" in viewer


def test_a_group_may_what_it_is_bound_to(stand: Stand) -> None:
    assert stand.ask("who_can", verb="delete", resource="nodes", group="system:masters").text.startswith(
        "Yes: group "
    )
    assert stand.ask("who_can", verb="delete", resource="nodes", group="devs").text.startswith(
        "No: group devs may not"
    )


# --- changing --------------------------------------------------------------------------------------------


def test_environment_variables_are_set_and_put_back_in_their_order(stand: Stand) -> None:
    before = stand.env()
    changes: Json = {"variables": {"LEVEL": "info", "NEW": "1"}, "remove": ["A"]}
    plan = stand.call("set_env", namespace=stand.namespace, name="web", **changes)
    assert isinstance(plan, Plan)
    (change,), cluster = plan.changes, connect(Where(KUBECONFIG))
    cluster.patch(change.target, change.body)
    assert [(each["name"], each.get("value")) for each in stand.env()] == [
        ("LEVEL", "info"), ("PASSWORD", None), ("Z", "z"), ("NEW", "1"),
    ]  # fmt: skip
    history = _history_of(stand, 2)
    assert "containers[app].env[LEVEL].value unset -> info" in history["revisions"][0]["changed"]
    assert history["writers"][0]["manager"] == "desk-agent"
    assert "spec.template.spec.containers[app].env[NEW]" in history["writers"][0]["fields"]
    cluster.patch(change.target, change.undo)
    assert stand.env() == before
    again = _history_of(stand, 3)["revisions"]
    assert [(each["revision"], each["earlier"]) for each in again] == [(3, "1"), (2, "")]


def _history_of(stand: Stand, revision: int) -> Json:
    """The history, as soon as the controller has made a revision."""
    for _ in range(100):
        data = stand.ask("rollout_history", name="web").data or {}
        if data["revisions"][0]["revision"] == revision:
            break
        time.sleep(0.1)
    return data


BLOCKED = {
    "huge": r"no node takes pod huge-.*: 0/\d+ nodes are available: 1 Insufficient cpu",
    "beyond": "its pods are refused: .*maximum memory usage per Container is 128Mi",
    "deaf": "container app of pod deaf-.* does not pass its readiness probe: .*:9090: connect: connection refused",
    "unset": 'container app of pod unset-.* is in CreateContainerConfigError: configmap "no-such" not found',
}
MENDED: dict[str, tuple[str, Json]] = {
    "huge": ("set_resources", {"cpu_request": "50m"}),
    "beyond": ("set_resources", {"memory_limit": "128Mi", "memory_request": "128Mi"}),
    "deaf": ("set_probe", {"probe": "readiness", "port": 8080}),
}


def test_a_rollout_that_cannot_end_ends_the_wait_and_its_remedy_holds(stand: Stand, workspace: Workspace) -> None:
    with ThreadPoolExecutor(len(BLOCKED)) as pool:
        waits = {name: pool.submit(stand.ask, "wait_for_rollout", name=name, timeout_s=100) for name in BLOCKED}
        for name, said in BLOCKED.items():
            outcome = waits[name].result()
            assert not outcome.ok
            assert re.search(f"Deployment {name} in {stand.namespace} is blocked: {said}", outcome.text), (
                outcome.text
            )
        for name, (tool, arguments) in MENDED.items():
            _mend(stand, workspace, name, tool, arguments)
        healed = [pool.submit(stand.ask, "wait_for_rollout", name=name, stable_s=0) for name in MENDED]
        assert [each.result().ok for each in healed] == [True] * len(MENDED)
    last = _in_time(stand, "deaf", "LivenessProbeFailed")
    assert (last["remedies"][0]["tool"], last["remedies"][0]["arguments"]["port"]) == ("set_probe", 8080)


def _findings(stand: Stand, name: str) -> list[Json]:
    report = diagnose(connect(Where(KUBECONFIG)), namespace=stand.namespace)
    return [each for each in report["findings"] if each["object"]["name"] == name]


def _in_time(stand: Stand, name: str, cause: str) -> Json:
    """The finding, as soon as the new pod's first probe is told in an event."""
    cluster = connect(Where(KUBECONFIG))

    def look() -> list[Json]:
        return [each for each in _findings(stand, name) if each["cause"] == cause]

    found = once_told(cluster, look, bool, TOLD_WITHIN_S)
    if not found:
        skip_if_late(cluster)
    assert found, f"no {cause} of {name}"
    return found[0]


def _mend(stand: Stand, workspace: Workspace, name: str, tool: str, arguments: Json) -> None:
    """Do what the diagnosis advises first, as a person would: `desk call`."""
    remedy = next(each["remedies"][0] for each in _findings(stand, name) if each["severity"] == "error")
    assert remedy["tool"] == tool
    assert remedy["arguments"].items() >= arguments.items()
    done = workspace.desk("call", tool, "--json", json.dumps(remedy["arguments"]))
    assert done.returncode == 0, done.stdout + done.stderr
