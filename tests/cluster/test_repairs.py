"""The commonest faults on the real cluster, made together: each is asked for in plain words, mended, and undone."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import forked
from tests.cluster.conftest import Workspace, kubectl
from tools.json import Json

pytestmark = pytest.mark.cluster

FAULTS = Path(__file__).with_name("repairs.yaml")
PROCESSES = 3


@dataclass(frozen=True)
class Repair:
    """An object with a fault, its cause, and the tool that mends it, where `at` (JSONPath) is what it changes."""

    kind: str
    name: str
    cause: str
    tool: str
    at: str
    broken: str
    mended: str


_CONTAINER = "{.spec.template.spec.containers[0]"
REPAIRS = (
    Repair(
        "deployment", "hungry", "OOMKilled", "set_resources",
        _CONTAINER + ".resources.limits.memory}", "16Mi", "128Mi",
    ),
    Repair(
        "deployment", "untagged", "ImagePullBackOff", "set_image",
        _CONTAINER + ".image}", "desk/web:l", "desk/web:1",
    ),
    Repair(
        "deployment", "misnamed", "CreateContainerConfigError", "set_reference",
        _CONTAINER + ".env[0].valueFrom.configMapKeyRef.name}", "app-setings", "app-settings",
    ),
    Repair(
        "deployment", "miskeyed", "CreateContainerConfigError", "set_reference",
        _CONTAINER + ".env[0].valueFrom.configMapKeyRef.key}", "greting", "greeting",
    ),
    Repair(
        "deployment", "homeless", "Pending", "set_node_selector",
        "{.spec.template.spec.nodeSelector.kubernetes\\.io/os}", "linx", "linux",
    ),
    Repair(
        "deployment", "unalive", "LivenessProbeFailed", "set_probe",
        _CONTAINER + ".livenessProbe.httpGet.port}", "9999", "http",
    ),
    Repair(
        "service", "lonely", "ServiceSelectorMismatch", "set_service_selector",
        "{.spec.selector.app}", "wel", "well",
    ),
    Repair(
        "service", "astray", "ServicePortMismatch", "set_service_port",
        "{.spec.ports[0].targetPort}", "htpp", "http",
    ),
    Repair(
        "deployment", "unready", "ReadinessProbeFailed", "set_probe",
        _CONTAINER + ".readinessProbe.httpGet.path}", "/helthz", "/healthz",
    ),
    Repair(
        "deployment", "worse", "CrashLoopBackOff", "rollback_rollout",
        _CONTAINER + ".env[0].value}", "broken", "",
    ),
    Repair("deployment", "halted", "RolloutPaused", "resume_rollout", "{.spec.paused}", "true", ""),
    Repair("cronjob", "nightly", "CronJobSuspended", "suspend", "{.spec.suspend}", "true", "false"),
)  # fmt: skip
WAYS = (
    "fix {name} in {namespace}",
    "{name} in {namespace} is broken, please get it working again",
    "hi! could you sort out {name} in {namespace}? thanks",
    "find out what is wrong with {name} in {namespace} and repair it",
    "bitte repariere {name} in {namespace}",
)
"""How people ask for it; each repair is asked for in one of the ways, and `tests.cluster.five_ways` asks in all."""
_BROKEN_LATER: Mapping[str, Json] = {
    "worse": {"env": [{"name": "MODE", "value": "broken"}], "command": ["sh", "-c", "echo no such mode; exit 3"]},
    "halted": {"env": [{"name": "MODE", "value": "new"}]},
}
"""What a new version of a Deployment that serves changes of its container."""


@dataclass(frozen=True)
class Done:
    """What came of one: of the run, and of the rollback behind it; values and specs along the way."""

    run: subprocess.CompletedProcess[str]
    rollback: subprocess.CompletedProcess[str]
    values: tuple[str, str, str]
    specs: tuple[Json, Json]
    status: str


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    name = f"desk-repairs-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, "environment=dev")
    kubectl("apply", "-n", name, "-f", str(FAULTS))
    for deployment, container in _BROKEN_LATER.items():
        kubectl("rollout", "status", f"deployment/{deployment}", "-n", name, "--timeout=50s")
        template = {"spec": {"containers": [{"name": "app", **container}]}}
        body = {"spec": {"paused": deployment == "halted", "template": template}}
        kubectl("patch", "deployment", deployment, "-n", name, "-p", json.dumps(body))
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def done(namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Done]:
    """Every repair, a few at a time."""
    folder = tmp_path_factory.mktemp("repairs")
    _wait_until_found(_workspace(folder / "look"), namespace)
    with ThreadPoolExecutor(PROCESSES) as pool:
        made = pool.map(lambda repair: _repair(_workspace(folder / repair.name), namespace, repair), REPAIRS)
        return dict(zip((repair.name for repair in REPAIRS), made, strict=True))


def _workspace(folder: Path) -> Workspace:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DESK_", "ANTHROPIC_", "GIT_"))}
    folder.mkdir()
    made = Workspace(folder / "ws", {**kept, "HOME": str(folder), "NO_COLOR": "1"})
    forked.run(["init", made.root], env=made.environment).check_returncode()
    return made


def _wait_until_found(workspace: Workspace, namespace: str) -> None:
    wanted = {(repair.name, repair.cause) for repair in REPAIRS}
    deadline = time.monotonic() + 240
    missing = wanted
    while missing and time.monotonic() < deadline:
        report = json.loads(workspace.desk("debug-pod", namespace, "-o", "json").stdout)
        missing = wanted - {(each["object"]["name"], each["cause"]) for each in report["findings"]}
    assert not missing


def _repair(workspace: Workspace, namespace: str, repair: Repair) -> Done:
    before, spec = _value(namespace, repair), _spec(namespace, repair)
    said = WAYS[REPAIRS.index(repair) % len(WAYS)].format(name=repair.name, namespace=namespace)
    run = workspace.desk("run", said, "--model", "playbook")
    after = _value(namespace, repair)
    commit = workspace.git("log", "--format=%h", "--grep=^Changes:", "-1").strip()
    rollback = workspace.desk("rollback", commit)
    values = (before, after, _value(namespace, repair))
    return Done(run, rollback, values, (spec, _spec(namespace, repair)), workspace.git("status", "--porcelain"))


def _value(namespace: str, repair: Repair) -> str:
    return kubectl("get", repair.kind, repair.name, "-n", namespace, "-o", f"jsonpath={repair.at}")


def _spec(namespace: str, repair: Repair) -> Json:
    spec: Json = json.loads(kubectl("get", repair.kind, repair.name, "-n", namespace, "-o", "json"))["spec"]
    return spec


@pytest.mark.parametrize("repair", REPAIRS, ids=lambda repair: repair.name)
def test_a_fault_is_found_mended_watched_and_undone(done: Mapping[str, Done], repair: Repair) -> None:
    came = done[repair.name]
    assert came.run.returncode == 0, came.run.stdout + came.run.stderr
    assert repair.cause in came.run.stdout
    assert f"-> {repair.tool} [change]" in came.run.stdout
    assert f"{repair.name} is healthy now" in came.run.stdout
    assert came.rollback.returncode == 0, came.rollback.stdout + came.rollback.stderr
    assert came.values == (repair.broken, repair.mended, repair.broken)
    assert came.specs[0] == came.specs[1]
    assert came.status == ""
