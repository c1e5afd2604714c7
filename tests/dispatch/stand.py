"""What sessions as Jobs need, on the real cluster: the image, PostgreSQL, a git remote, namespaces and rights.

Pods reach the servers at the node's own address.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests import postgres
from tests.dispatch import image

KUBECONFIG = os.environ.get("DESK_TEST_KUBECONFIG", "")
NODE = "10.244.255.254"
PODS = "10.244.0.0/16"
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
KINDS = ("dev", "qa")


@dataclass(frozen=True)
class Stand:
    """One set-up; `clone` is the workspace of the dispatcher, `bare` the repository that pods clone."""

    name: str
    folder: Path
    clone: Path
    bare: Path
    journal: str

    @property
    def jobs(self) -> str:
        """The namespace of the Jobs."""
        return f"{self.name}-desk"

    def namespace(self, environment: str) -> str:
        """Where sessions work."""
        return f"{self.name}-{environment}"

    def desk(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of Desk, as the operator of the dispatcher and the approver types it."""
        return subprocess.run(
            self.command(*arguments), env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )

    def command(self, *arguments: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "agent", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the dispatcher."""
        return {
            **os.environ,
            "DESK_WORKSPACE": str(self.clone),
            "DESK_JOURNAL": self.journal,
            "DESK_KUBECONFIG": KUBECONFIG,
        }

    @contextlib.contextmanager
    def dispatchers(self, count: int = 1) -> Iterator[list[Path]]:
        """Inside, `desk dispatch --watch` runs, so many times; gives what each has said."""
        logs = [self.folder / f"dispatcher-{number}.jsonl" for number in range(count)]
        running = []
        for log in logs:
            with log.open("a") as said:
                command = self.command("dispatch", "--watch", "--output", "jsonl")
                running.append(subprocess.Popen(command, env=self.environment, stdout=said, stderr=said))
        try:
            yield logs
        finally:
            for each in running:
                each.terminate()
            codes = [each.wait(20) for each in running]
            assert codes == [0] * count, [log.read_text()[-2000:] for log in logs]

    def get(self, *arguments: str) -> Any:
        """What kubectl gets, as JSON."""
        return json.loads(kubectl("get", *arguments, "-o", "json"))

    def pods(self) -> list[dict[str, Any]]:
        """The pods of sessions that have not ended."""
        found = self.get("pods", "-n", self.jobs, "-l", "app.kubernetes.io/component=session")["items"]
        return [pod for pod in found if pod["status"]["phase"] in ("Pending", "Running")]

    def git(self, *arguments: str) -> str:
        """What git says of the remote."""
        command = ["git", "-C", str(self.bare), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """kubectl as cluster-admin; its standard output."""
    done = subprocess.run(
        ["kubectl", "--kubeconfig", KUBECONFIG, *arguments],
        input=stdin, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def stand(deployments: dict[str, list[str]], prefix: str = "desk-dispatch", **more: Any) -> Iterator[Stand]:
    """A set-up with Deployments without replicas, by environment; `more` goes into the settings `dispatch`."""
    reference = image.push(image.built())
    name = f"{prefix}-{secrets.token_hex(3)}"
    with tempfile.TemporaryDirectory(prefix="desk-dispatch-") as made, contextlib.ExitStack() as stack:
        folder = Path(made)
        postgres_port, git_port = _free_port(), _free_port()
        server = stack.enter_context(postgres.server((NODE, postgres_port, PODS)))
        journal = server.database(NODE, postgres_port)
        url = f"git://{NODE}:{git_port}/workspace.git"
        settings = {
            "model": "playbook",
            "dispatch": {
                "image": reference, "repository": url, "namespace": f"{name}-desk", "pull_secret": "registry",
                "cpu": "10m", "cpu_limit": "2", "memory": "64Mi", "memory_limit": "1Gi", "grace_s": 20, **more,
            },
        }  # fmt: skip
        clone, bare = _repository(folder, settings)
        stack.enter_context(_git_daemon(folder, git_port))
        ready = Stand(name, folder, clone, bare, journal)
        stack.callback(_remove, ready)
        kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(_objects(ready, deployments)))
        yield ready


def _repository(folder: Path, settings: dict[str, Any]) -> tuple[Path, Path]:
    clone, bare = folder / "clone", folder / "workspace.git"
    subprocess.run([sys.executable, "-m", "agent", "init", str(clone)], check=True, capture_output=True)
    (clone / "desk.yaml").write_text(yaml.safe_dump(settings))
    git = ["git", "-C", str(clone), "-c", "user.name=Olga", "-c", "user.email=olga@example.com"]
    subprocess.run([*git, "commit", "-qam", "settings"], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(clone), str(bare)], check=True)
    subprocess.run(["git", "-C", str(bare), "config", "receive.denyNonFastForwards", "true"], check=True)
    return clone, bare


@contextlib.contextmanager
def _git_daemon(folder: Path, port: int) -> Iterator[None]:
    served = ("--export-all", "--enable=receive-pack", "--reuseaddr", "--informative-errors")
    command = ["git", "daemon", f"--listen={NODE}", f"--port={port}", f"--base-path={folder}", *served]
    daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for_port(port)
        yield
    finally:
        subprocess.run(["pkill", "-P", str(daemon.pid)], check=False)
        daemon.terminate()
        daemon.wait()


def _wait_for_port(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection((NODE, port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("git daemon does not answer")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((NODE, 0))
        return int(probe.getsockname()[1])


def _remove(made: Stand) -> None:
    names = [made.jobs, *(made.namespace(each) for each in KINDS)]
    kubectl("delete", "namespace", "--wait=false", "--ignore-not-found", *names)


def _objects(made: Stand, deployments: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    yield _namespace(made.jobs, RESTRICTED)
    account = {"kind": "ServiceAccount", "name": "desk-session", "namespace": made.jobs}
    yield {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "desk-session", "namespace": made.jobs},
    }
    yield _secret(made.jobs, "desk-session", "Opaque", {"DESK_JOURNAL": made.journal})
    pull = {".dockerconfigjson": image.docker_config()}
    yield _secret(made.jobs, "registry", "kubernetes.io/dockerconfigjson", pull)
    for environment in KINDS:
        namespace = made.namespace(environment)
        yield _namespace(namespace, {"environment": environment})
        yield {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "desk-session", "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
            "subjects": [account],
        }
        yield from (_deployment(namespace, each) for each in deployments.get(environment, ()))


def _namespace(name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _secret(namespace: str, name: str, kind: str, data: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "stringData": data}


def _deployment(namespace: str, name: str) -> dict[str, Any]:
    container = {"name": "app", "image": "busybox:1", "command": ["sleep", "9999"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
            },
        },
    }
