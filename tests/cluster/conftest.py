"""The real cluster: one namespace a test, Desk as a process, and a proxy that kills it at the worst moment."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import forked
from tests.cluster import served

JUST_APPLIED_S = 4.0
KUBECONFIG = os.environ.get("DESK_TEST_KUBECONFIG", "")

OOM = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  selector: {matchLabels: {app: checkout}}
  template:
    metadata: {labels: {app: checkout}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: app
        image: busybox:1
        command: [sh, -c, "x=$(head -c 40m /dev/zero | tr '\\\\0' x); sleep 9999"]
        env: [{name: DB_PASSWORD, value: Qdl1-correct-horse}]  # the API puts it right above the resources
        resources: {limits: {memory: 16Mi}}
"""
SECRET = "Qdl1-correct-horse"


@pytest.fixture(scope="session", autouse=True)
def _needs_cluster() -> None:
    if not KUBECONFIG:
        pytest.skip("DESK_TEST_KUBECONFIG is not set: no real cluster")


@pytest.fixture(scope="module")
def plain_kubernetes() -> Iterator[None]:
    """Whoever provisions counts on it that OpenShift is not turned on meanwhile."""
    with served.unchanged():
        yield


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """kubectl as cluster-admin; its standard output."""
    done = subprocess.run(
        ["kubectl", "--kubeconfig", KUBECONFIG, *arguments],
        input=stdin, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def memory_limit(namespace: str) -> str:
    """The memory limit of Deployment checkout."""
    path = "{.spec.template.spec.containers[0].resources.limits.memory}"
    return kubectl("get", "deployment", "checkout", "-n", namespace, "-o", f"jsonpath={path}")


@pytest.fixture
def broken() -> Iterator[Callable[[str], str]]:
    """Make a namespace of an environment with a Deployment that is OOM-killed; gives its name."""
    made: list[str] = []

    def make(environment: str) -> str:
        name = f"desk-{environment}-{secrets.token_hex(3)}"
        made.append(name)
        kubectl("create", "namespace", name)
        kubectl("label", "namespace", name, f"environment={environment}")
        kubectl("apply", "-n", name, "-f", "-", stdin=OOM)
        _wait_for_oom(name)
        return name

    yield make
    for name in made:
        kubectl("delete", "namespace", name, "--wait=false")


def _wait_for_oom(namespace: str) -> None:
    """Until it was killed, and is older than what a diagnosis takes for just applied."""
    begun = time.monotonic()
    while (age_s := time.monotonic() - begun) < 90:
        if age_s > JUST_APPLIED_S and "OOMKilled" in kubectl("get", "pods", "-n", namespace, "-o", "json"):
            return
        time.sleep(0.5)
    pytest.fail(f"no container of {namespace} was OOM-killed")


@pytest.fixture
def kubeconfig_of(tmp_path: Path) -> Callable[[str, str], str]:
    """A kubeconfig of a new ServiceAccount with a role (view, edit) in a namespace."""

    def make(namespace: str, role: str) -> str:
        kubectl("create", "serviceaccount", role, "-n", namespace)
        kubectl(
            "create", "rolebinding", role, "-n", namespace,
            f"--clusterrole={role}", f"--serviceaccount={namespace}:{role}",
        )  # fmt: skip
        document = yaml.safe_load(Path(KUBECONFIG).read_text())
        user = {"token": kubectl("create", "token", role, "-n", namespace).strip()}
        document["users"] = [{"name": document["users"][0]["name"], "user": user}]
        file = tmp_path / f"{namespace}-{role}.yaml"
        file.write_text(yaml.safe_dump(document))
        return str(file)

    return make


@dataclass(frozen=True)
class Workspace:
    """A workspace, and Desk run in it as a process."""

    root: Path
    environment: dict[str, str]

    def start(self, *arguments: str, kubeconfig: str = KUBECONFIG) -> forked.Desk:
        """Start a command; no terminal, no key."""
        return forked.start(arguments, cwd=self.root, env={**self.environment, "KUBECONFIG": kubeconfig})

    def desk(
        self, *arguments: str, kubeconfig: str = KUBECONFIG, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; no terminal, no key."""
        environment = {**self.environment, "KUBECONFIG": kubeconfig}
        return forked.run(arguments, cwd=self.root, env=environment, stdin=stdin, timeout=300)

    def approvals(self) -> list[dict[str, Any]]:
        """The rows that wait."""
        listed: list[dict[str, Any]] = json.loads(self.desk("approvals", "list", "-o", "json").stdout)["approvals"]
        return listed

    def leaks(self) -> bool:
        """Whether the secret of the workload stands in the journal or in git."""
        files = (self.root / ".desk").glob("journal.db*")
        journaled = any(SECRET.encode() in file.read_bytes() for file in files)
        return journaled or SECRET in self.git("log", "-p")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A new workspace."""
    return new_workspace(tmp_path)


def new_workspace(folder: Path) -> Workspace:
    """A workspace in a folder that is its home, too."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DESK_", "ANTHROPIC_", "GIT_"))}
    made = Workspace(folder / "ws", {**kept, "HOME": str(folder), "NO_COLOR": "1"})
    done = forked.run(["init", made.root], env=made.environment)
    assert done.returncode == 0, done.stderr
    return made


def patches(namespace: str) -> list[dict[str, Any]]:
    """The patches of Deployment checkout that took effect, from the API server's audit log."""
    log = Path(os.environ.get("DESK_KUBE_DIR", "/var/lib/desk-kube")) / "log" / "audit.log"
    events = [json.loads(line) for line in log.read_text().splitlines() if f'"{namespace}"' in line]
    return [
        event
        for event in events
        if event["verb"] == "patch"
        and event["stage"] == "ResponseComplete"
        and event["objectRef"].get("resource") == "deployments"
        and not event["objectRef"].get("subresource")
        and "dryRun" not in event["requestURI"]
        and event["responseStatus"]["code"] == 200
        and event["userAgent"].startswith("desk-agent")
    ]


def client_certificate(folder: Path) -> tuple[str, str, str, str]:
    """(server, CA file, certificate file, key file) of the admin kubeconfig."""
    document = yaml.safe_load(Path(KUBECONFIG).read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    files = []
    for name, data in (
        ("ca", cluster["certificate-authority-data"]),
        ("cert", user["client-certificate-data"]),
        ("key", user["client-key-data"]),
    ):
        file = folder / f"{name}.pem"
        file.write_bytes(base64.b64decode(data))
        files.append(str(file))
    return cluster["server"], files[0], files[1], files[2]
