"""Generated manifests on the real cluster: healthy at once, answering, closed to others, keeping their data."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cluster.conftest import KUBECONFIG, Workspace, kubectl, new_workspace
from tests.tools.manifests.product import product
from tools.manifests.application import files, objects
from tools.manifests.pods import UID

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("plain_kubernetes")]

NOT_SERVED = ("HTTPRoute", "ServiceMonitor", "Route")
"""Kinds of CRDs that this cluster has not."""
GET = "timeout 2 wget -qO-"
ENFORCED = "pod-security.kubernetes.io/enforce=restricted"
KEEPS = (
    "mkdir -p /data/www; [ -f /data/www/id ] || hostname -i >/data/www/id; "
    "touch /data/www/healthz /data/www/readyz; exec httpd -f -p 8080 -h /data/www"
)
"""An application that knows the address under which it was started first."""
CALLER = """
apiVersion: v1
kind: Pod
metadata: {name: caller}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {runAsNonRoot: true, runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: caller
    image: busybox:1
    command: [sh, -c, "httpd -p 8081 -h /tmp; exec httpd -f -p 8080 -h /tmp"]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return new_workspace(tmp_path_factory.mktemp("manifests"))


@pytest.fixture(scope="module")
def namespace(workspace: Workspace) -> Iterator[str]:
    """As Desk provisions it, and with the strictest level of Pod Security."""
    name = f"desk-manifests-{secrets.token_hex(3)}-dev"
    try:
        assert workspace.desk("provision-namespace", name).returncode == 0
        kubectl("label", "namespace", name, ENFORCED, "--overwrite")
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@pytest.fixture(scope="module")
def plain(workspace: Workspace) -> Iterator[str]:
    """A namespace with no policy but those that were generated, with a StatefulSet that keeps what it is told."""
    name = f"desk-manifests-{secrets.token_hex(3)}-plain"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, ENFORCED)
    try:
        printed = workspace.desk(
            "generate-manifest", "keeper", "--image", "busybox:1", "--type", "statefulset", "--replicas", "1",
            "--command", f"sh -c '{KEEPS}'", "--for", "kubernetes", "-n", name,
        )  # fmt: skip
        assert printed.returncode == 0, printed.stderr
        kubectl("apply", "-f", "-", stdin=printed.stdout)
        kubectl("apply", "-n", name, "-f", "-", stdin=CALLER)
        kubectl("wait", "pod/caller", "-n", name, "--for=condition=Ready", "--timeout=50s")
        _give_volume_to_its_group(name)
        kubectl("rollout", "status", "statefulset/keeper", "-n", name, "--timeout=50s")
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def _give_volume_to_its_group(namespace: str) -> None:
    """What a storage driver does for a pod's fsGroup; this cluster's volumes are folders, which have none."""
    bound = "jsonpath={.spec.volumeName}"
    kubectl("wait", "pvc/data-keeper-0", "-n", namespace, "--for=jsonpath={.status.phase}=Bound", "--timeout=50s")
    volume = kubectl("get", "pvc", "data-keeper-0", "-n", namespace, "-o", bound)
    folder = Path(kubectl("get", "pv", volume, "-o", "jsonpath={.spec.hostPath.path}"))
    os.chown(folder, -1, UID)
    folder.chmod(0o2770)
    kubectl("delete", "pod", "keeper-0", "-n", namespace, "--grace-period=1")


def fetched(pod: str, namespace: str, url: str) -> str | None:
    """What a pod gets from a URL; None where it gets no answer."""
    done = subprocess.run(
        ["kubectl", "--kubeconfig", KUBECONFIG, "exec", pod, "-n", namespace, "--", *shlex.split(GET), url],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.stdout.strip() if done.returncode == 0 else None


def _answers(fetch: Callable[[], str | None]) -> bool:
    """Whether it does within some seconds: policies and endpoints follow a change a moment later."""
    deadline = time.monotonic() + 15
    while fetch() is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def address_of(pod: str, namespace: str) -> str:
    return kubectl("get", "pod", pod, "-n", namespace, "-o", "jsonpath={.status.podIP}")


def test_the_api_server_takes_every_object_and_pod_security_warns_of_none(namespace: str) -> None:
    texts = []
    for wanted in product().values():
        made = objects(replace(wanted, namespace=namespace))
        texts += [text for _, text in files(each for each in made if each["kind"] not in NOT_SERVED)]
    done = subprocess.run(
        ["kubectl", "--kubeconfig", KUBECONFIG, "create", "--dry-run=server", "-f", "-", "-o", "name"],
        input="".join(texts), capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == len(texts)


def test_applied_it_is_healthy_at_once_and_answers_through_its_service(
    workspace: Workspace, namespace: str
) -> None:
    asked = ("generate-manifest", "web", "--image", "desk/web:1", "-n", namespace, "--for", "kubernetes", "--apply")
    done = workspace.desk(*asked)
    assert done.returncode == 0, done.stdout + done.stderr
    kubectl("apply", "-n", namespace, "-f", "-", stdin=CALLER)
    kubectl("wait", "pod/caller", "-n", namespace, "--for=condition=Ready", "--timeout=50s")
    assert fetched("caller", namespace, "http://web:8080/healthz") is not None
    assert kubectl("get", "events", "-n", namespace, "--field-selector", "reason=FailedCreate", "-o", "name") == ""
    assert "Nothing to change" in workspace.desk(*asked).stdout

    narrowed = workspace.desk(*asked, "--egress", "postgres:5432")
    assert narrowed.returncode == 3, narrowed.stdout  # its NetworkPolicy would let through something else
    assert "loosens what NetworkPolicy web lets through" in narrowed.stdout


def test_what_does_not_become_healthy_is_told(workspace: Workspace, namespace: str) -> None:
    done = workspace.desk(
        "generate-manifest", "gone", "--image", "desk/none:1", "-n", namespace, "--for", "kubernetes",
        "--replicas", "1", "--apply",
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "desk/none:1" in done.stdout
    assert "does not hold" in done.stdout


def test_what_the_namespace_has_no_room_for_is_said_beside_the_manifests(
    workspace: Workspace, namespace: str
) -> None:
    done = workspace.desk(
        "generate-manifest", "big", "--image", "desk/web:1", "-n", namespace, "--hpa", "2:12", "--cpu", "1:3",
    )  # fmt: skip
    assert done.returncode == 0
    assert "requests.cpu left, and it needs 13 for 13 pods: " in done.stderr
    assert "lets a Container have 2 cpu at most, and it wants 3" in done.stderr


def test_its_policy_lets_through_what_it_needs_and_nothing_else(workspace: Workspace, plain: str) -> None:
    other = f"{plain}-other"
    kubectl("create", "namespace", other)
    try:
        kubectl("apply", "-n", other, "-f", "-", stdin=CALLER)
        kubectl("wait", "pod/caller", "-n", other, "--for=condition=Ready", "--timeout=50s")
        keeper, callers = "keeper-0", {each: address_of("caller", each) for each in (plain, other)}
        assert fetched("caller", plain, "http://keeper:8080/id") is not None
        assert fetched("caller", other, f"http://keeper.{plain}:8080/id") is None
        for url in (f"http://{callers[plain]}:8080/", f"http://{callers[other]}:8080/"):
            assert fetched(keeper, plain, url) is None  # it has no business there
        names = kubectl("exec", keeper, "-n", plain, "--", "nslookup", "kubernetes.default.svc.cluster.local")
        assert "Name:" in names
        # The other way round all of it is let through, so it is the policy that stops it.
        kubectl("delete", "networkpolicy", "keeper", "-n", plain)
        assert _answers(lambda: fetched("caller", other, f"http://keeper.{plain}:8080/id"))
    finally:
        kubectl("delete", "namespace", other, "--wait=false")


def test_a_statefulset_keeps_its_data(plain: str) -> None:
    before = fetched("caller", plain, "http://keeper:8080/id")
    assert before
    kubectl("delete", "pod", "keeper-0", "-n", plain, "--grace-period=1")
    kubectl("rollout", "status", "statefulset/keeper", "-n", plain, "--timeout=50s")
    assert _answers(lambda: fetched("caller", plain, "http://keeper:8080/id"))
    assert fetched("caller", plain, "http://keeper:8080/id") == before != address_of("keeper-0", plain)
