"""A scaffold on the real cluster: overlay dev in a namespace that Desk provisioned, with an image of its code."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.conftest import Workspace, kubectl, new_workspace
from tests.cluster.images import push
from tests.cluster.test_pull_secret import approve, left_behind, shapes

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.usefixtures("plain_kubernetes"),
    pytest.mark.skipif(
        not shutil.which("go"), reason="there is no Go, of which an image is made without an engine"
    ),
]

ASKING = """
apiVersion: v1
kind: Pod
metadata: {name: asking, labels: {app.kubernetes.io/name: asking}}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 10002, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: asking
    image: busybox:1
    command: [sh, -c]
    args:
    - |
      while true; do
        if timeout 5 wget -qO- http://APP:8080/readyz >/dev/null 2>&1; then echo answered; else echo lost; fi
      done
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""


@dataclass(frozen=True)
class Running:
    """A scaffold that runs."""

    app: str
    namespace: str
    folder: Path
    workspace: Workspace


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    top = tmp_path_factory.mktemp("scaffold")
    app = f"sc-{secrets.token_hex(3)}"
    workspace, folder, namespace = new_workspace(top), top / app, f"{app}-dev"
    made = workspace.desk("template-app", app, "--language", "go", "--output-dir", str(folder))
    assert made.returncode == 0, made.stdout + made.stderr
    env = {**os.environ, "CGO_ENABLED": "0"}
    subprocess.run(["go", "build", "-o", "app", "."], cwd=folder, check=True, env=env)
    push(f"example/{app}", "0.1.0", {"/app": (folder / "app").read_bytes()}, ["/app"], "10001:10001")
    provisioned = workspace.desk("provision-namespace", namespace, "--team", "sc")
    try:
        assert provisioned.returncode == 0, provisioned.stdout + provisioned.stderr
        kubectl("apply", "-k", str(folder / "k8s/overlays/dev"))
        kubectl("rollout", "status", f"deployment/{app}", "-n", namespace, "--timeout=55s")
        yield Running(app, namespace, folder, workspace)
    finally:
        kubectl("delete", "namespace", namespace, "--wait=false", "--ignore-not-found")


def test_it_is_healthy_with_the_pod_security_level_restricted(running: Running) -> None:
    labels = json.loads(kubectl("get", "namespace", running.namespace, "-o", "json"))["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] in ("baseline", "restricted")
    kubectl("label", "namespace", running.namespace, "pod-security.kubernetes.io/enforce=restricted", "--overwrite")
    pods = json.loads(kubectl("get", "pods", "-n", running.namespace, "-o", "json"))["items"]
    assert [each["metadata"]["labels"]["environment"] for each in pods] == ["dev"] * len(pods) != []
    report = running.workspace.desk("debug-pod", running.namespace, "-o", "json")
    assert json.loads(report.stdout)["findings"] == [], report.stdout


def test_a_rolling_restart_loses_no_request(running: Running) -> None:
    """Asked through its Service, without a pause, by a pod of its namespace."""
    asking = ASKING.replace("APP", running.app)
    kubectl("apply", "-n", running.namespace, "-f", "-", stdin=asking)
    kubectl("wait", "--for=condition=Ready", "pod/asking", "-n", running.namespace, "--timeout=30s")
    time.sleep(2)  # its own network policy reaches the node
    begun = len(answers(running))
    kubectl("rollout", "restart", f"deployment/{running.app}", "-n", running.namespace)
    kubectl("rollout", "status", f"deployment/{running.app}", "-n", running.namespace, "--timeout=55s")
    while terminating(running):
        time.sleep(1)
    said = answers(running)[begun:]
    assert len(said) > 50
    assert said.count("lost") == 0, said


def answers(running: Running) -> list[str]:
    return kubectl("logs", "asking", "-n", running.namespace).splitlines()


def terminating(running: Running) -> bool:
    chosen = f"app.kubernetes.io/name={running.app}"
    pods = json.loads(kubectl("get", "pods", "-n", running.namespace, "-l", chosen, "-o", "json"))["items"]
    return any("deletionTimestamp" in pod["metadata"] for pod in pods)


def test_its_network_policy_lets_nobody_in_from_elsewhere(running: Running) -> None:
    """Of another namespace: here the same question is not answered."""
    asked = f"timeout 3 wget -qO- http://{running.app}.{running.namespace}:8080/readyz || echo refused"
    name = f"{running.app}-elsewhere"
    said = kubectl(
        "run", name, "-n", "default", "--image=busybox:1", "--restart=Never", "--rm", "-i", "--quiet", "--command",
        "--", "sh", "-c", asked,
    )  # fmt: skip
    assert "refused" in said


def test_a_password_is_made_when_it_is_approved_and_known_to_the_cluster_alone(
    running: Running, kubeconfig_of: Callable[[str, str], str]
) -> None:
    workspace, secret = running.workspace, f"{running.app}-db"
    task = f"create password secret {secret} in {running.namespace}"
    asked = workspace.desk("run", task, "--model", "playbook")
    assert asked.returncode == 3, asked.stdout + asked.stderr
    assert kubectl("get", "secret", secret, "-n", running.namespace, "--ignore-not-found") == ""
    approve(workspace, kubeconfig_of(running.namespace, "edit"))
    resumed = workspace.desk("resume")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    made = json.loads(kubectl("get", "secret", secret, "-n", running.namespace, "-o", "json"))
    password = base64.b64decode(made["data"]["password"]).decode()
    assert len(password) >= 32
    left = left_behind(workspace) + (asked.stdout + resumed.stdout).encode()
    assert not [shape for shape in shapes("app", password) if shape in left]
    again = workspace.desk("run", task, "--model", "playbook")
    assert again.returncode == 1
    assert "exists" in again.stdout
