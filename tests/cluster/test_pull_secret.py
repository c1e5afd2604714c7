"""A pod that its registry refuses runs once there is a pull secret; the password is known to the cluster alone."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.conftest import Workspace, kubectl
from tests.cluster.killing_proxy import KillingProxy, Moment
from tools.json import Json

pytestmark = pytest.mark.cluster

KubeconfigOf = Callable[[str, str], str]

REGISTRY = "127.0.0.1:15001"
PRIVATE = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: private}}
spec:
  selector: {{matchLabels: {{app: private}}}}
  template:
    metadata: {{labels: {{app: private}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {{name: app, image: "{REGISTRY}/team/web:1", imagePullPolicy: Always}}
"""


@pytest.fixture
def namespace() -> Iterator[str]:
    name = f"desk-pull-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, "environment=dev")
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def editor(namespace: str, kubeconfig_of: KubeconfigOf) -> str:
    return kubeconfig_of(namespace, "edit")


@pytest.fixture
def password() -> str:
    return f"pw-{secrets.token_hex(12)}"


@pytest.fixture
def file(tmp_path: Path, password: str) -> Path:
    made = tmp_path / "registry-login"
    made.write_text(f"{password}\n")
    return made


def create(namespace: str, source: str, *, user: str = "desk") -> str:
    return f"create a pull secret regcred for {REGISTRY} in {namespace} with user {user}, password from {source}"


@dataclass(frozen=True)
class Killing:
    """A proxy, and the kubeconfigs that go through it: a session stays on the cluster it began on."""

    proxy: KillingProxy
    admin: str
    editor: str

    def begin(self, workspace: Workspace, task: str) -> None:
        """Ask for a change, and have it approved."""
        asked = workspace.desk("run", task, "--model", "playbook", kubeconfig=self.admin)
        assert asked.returncode == 3, asked.stdout + asked.stderr
        approve(workspace, self.editor)

    def kill(self, workspace: Workspace, method: str, ending: str, moment: Moment) -> None:
        """Resume, and kill that around the change."""
        self.proxy.moment, self.proxy.change = moment, (method, ending)
        process = workspace.start("resume", kubeconfig=self.admin)
        self.proxy.victim = process.pid
        process.communicate(timeout=120)
        assert process.returncode == -9

    def resume(self, workspace: Workspace) -> None:
        resumed = workspace.desk("resume", kubeconfig=self.admin)
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr


@pytest.fixture
def killing(tmp_path: Path, editor: str) -> Iterator[Killing]:
    proxy = KillingProxy(tmp_path)
    yield Killing(proxy, proxy.kubeconfig(tmp_path), proxy.kubeconfig(tmp_path, of=editor))
    proxy.shutdown()


def approve(workspace: Workspace, editor: str) -> Json:
    (row,) = workspace.approvals()
    decided = workspace.desk("approvals", "approve", row["id"], "--kubeconfig", editor)
    assert decided.returncode == 0, decided.stderr
    return row


def auth(namespace: str, name: str = "regcred") -> Json:
    secret = json.loads(kubectl("get", "secret", name, "-n", namespace, "-o", "json"))
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    config = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    found: Json = config["auths"][REGISTRY]
    return found


def left_behind(workspace: Workspace) -> bytes:
    """Every byte that Desk left: the session's files, the journal, each object of git."""
    files = [each.read_bytes() for each in workspace.root.rglob("*") if each.is_file()]
    batch = ("git", "cat-file", "--batch-all-objects", "--batch")
    objects = subprocess.run(batch, cwd=workspace.root, capture_output=True, check=True).stdout
    return b"\n".join([*files, objects])


def shapes(user: str, password: str) -> list[bytes]:
    """A password as it could be written: itself, and at each offset of base64."""
    texts = [password, f"{user}:{password}", *(f"{pad}{password}" for pad in ("", "x", "xx"))]
    encoded = [base64.b64encode(text.encode()).rstrip(b"=")[4:-4] for text in texts]
    return [password.encode(), *encoded]


def test_a_pod_that_may_not_pull_does_once_the_secret_is_made_and_linked(
    workspace: Workspace, namespace: str, editor: str, tmp_path: Path
) -> None:
    kubectl("apply", "-n", namespace, "-f", "-", stdin=PRIVATE)
    (tmp_path / "login").write_text("desk-test\n")
    assert _wait_until(workspace, namespace, "create_pull_secret")["registry"] == REGISTRY
    asked = workspace.desk("run", create(namespace, f"file {tmp_path}/login"), "--model", "playbook")
    assert asked.returncode == 3, asked.stdout + asked.stderr
    row = approve(workspace, editor)
    assert (row["risk"], row["environment"]) == ("secret", "dev")
    assert "+  .dockerconfigjson: [redacted]" in row["diff"].replace("'", "")
    assert workspace.desk("resume").returncode == 0
    for task in (f"link pull secret regcred to default in {namespace}", f"restart private in {namespace}"):
        done = workspace.desk("run", task, "--model", "playbook")
        assert done.returncode == 0, done.stdout + done.stderr
    kubectl("rollout", "status", "deployment/private", "-n", namespace, "--timeout=30s")
    assert workspace.git("status", "--porcelain") == ""


def test_a_pull_secret_that_nobody_names_is_linked_and_its_pods_made_anew(
    workspace: Workspace, namespace: str, editor: str
) -> None:
    login = (f"--docker-server={REGISTRY}", "--docker-username=desk", "--docker-password=desk-test")
    kubectl("create", "secret", "docker-registry", "team-pull", "-n", namespace, *login)
    kubectl("apply", "-n", namespace, "-f", "-", stdin=PRIVATE)
    _wait_until(workspace, namespace, "link_pull_secret")
    asked = workspace.desk("run", f"fix private in {namespace}", "--model", "playbook")
    assert asked.returncode == 3, asked.stdout + asked.stderr
    approve(workspace, editor)
    resumed = workspace.desk("resume")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "private is healthy now" in resumed.stdout
    assert "team-pull" in kubectl("get", "serviceaccount", "default", "-n", namespace, "-o", "yaml")
    commits = workspace.git("log", "--format=%h", "--grep=^Changes:").split()
    assert len(commits) == 2
    for commit in commits:
        assert workspace.desk("rollback", commit).returncode == 0
    assert "team-pull" not in kubectl("get", "serviceaccount", "default", "-n", namespace, "-o", "yaml")


def told(workspace: Workspace, namespace: str, file: Path, password: str) -> str:
    """The task to mend a Deployment that may not pull, which says whose login that password is of."""
    kubectl("apply", "-n", namespace, "-f", "-", stdin=PRIVATE)
    file.write_text(f"{password}\n")
    _wait_until(workspace, namespace, "create_pull_secret")
    return f"fix private in {namespace} with user desk, password from file {file}"


def test_a_pull_secret_is_made_and_linked_in_one_session_that_says_whose_it_is(
    workspace: Workspace, namespace: str, editor: str, tmp_path: Path
) -> None:
    task = told(workspace, namespace, tmp_path / "login", "desk-test")
    untold = workspace.desk("run", f"fix private in {namespace}", "--model", "playbook")
    assert untold.returncode == 1
    assert 'besides: "with user USERNAME, password from file FILE"' in untold.stdout

    run = workspace.desk("run", task, "--model", "playbook")
    for tool in ("create_pull_secret", "link_pull_secret"):
        assert run.returncode == 3, run.stdout + run.stderr
        assert approve(workspace, editor)["tool"] == tool
        run = workspace.desk("resume")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "private is healthy now" in run.stdout
    assert not [shape for shape in shapes("desk", "desk-test") if shape in left_behind(workspace)]


def _wait_until(workspace: Workspace, namespace: str, tool: str) -> Json:
    """Wait until a finding proposes a tool; gives the arguments."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        report = json.loads(workspace.desk("debug-pod", namespace, "-o", "json").stdout)
        remedies = [remedy for finding in report["findings"] for remedy in finding["remedies"]]
        if found := [remedy["arguments"] for remedy in remedies if remedy["tool"] == tool]:
            arguments: Json = found[0]
            return arguments
    pytest.fail(f"no finding proposes {tool}")


def test_the_password_is_left_nowhere_and_the_secret_is_undone(
    workspace: Workspace, namespace: str, editor: str, file: Path, password: str
) -> None:
    runs = [workspace.desk("run", create(namespace, f"file {file}", user="robot$ci"), "--model", "playbook")]
    approve(workspace, editor)
    runs.append(workspace.desk("resume"))
    assert auth(namespace)["password"] == password
    assert auth(namespace)["username"] == "robot$ci"

    again = workspace.desk("run", create(namespace, f"file {file}"), "--model", "playbook")
    assert again.returncode == 1
    assert "exists" in again.stdout
    assert auth(namespace)["username"] == "robot$ci"

    commit = workspace.git("log", "--format=%h", "--grep=^Changes:", "-1").strip()
    runs += [again, workspace.desk("rollback", commit)]
    approve(workspace, editor)
    runs.append(workspace.desk("resume"))
    assert [run.returncode for run in runs] == [3, 0, 1, 3, 0]
    assert "regcred" not in kubectl("get", "secrets", "-n", namespace, "-o", "name")
    runs.append(workspace.desk("journal", "export"))
    said = "".join(run.stdout + run.stderr for run in runs).encode()
    assert not [shape for shape in shapes("robot$ci", password) if shape in left_behind(workspace) + said]
    assert workspace.desk("journal", "verify").returncode == 0


def test_the_password_comes_from_standard_input_or_from_another_secret(
    workspace: Workspace, namespace: str, editor: str, password: str
) -> None:
    asked = workspace.desk("run", create(namespace, "standard input"), "--model", "playbook")
    assert asked.returncode == 3, asked.stdout
    approve(workspace, editor)
    resumed = workspace.desk("resume", stdin=f"{password}\n")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert auth(namespace)["password"] == password

    kubectl("create", "secret", "generic", "login", "-n", namespace, f"--from-literal=PULL_WORD={password}-2")
    task = create(namespace, "key PULL_WORD of secret login").replace("regcred", "another")
    assert workspace.desk("run", task, "--model", "playbook").returncode == 3
    approve(workspace, editor)
    assert workspace.desk("resume").returncode == 0
    assert auth(namespace, "another")["password"] == f"{password}-2"
    assert not [shape for shape in shapes("desk", password) if shape in left_behind(workspace)]


def test_what_cannot_be_read_when_it_is_sent_changes_nothing(
    workspace: Workspace, namespace: str, editor: str, file: Path
) -> None:
    for content, said in ((b"\xff\xfe\n", "is not UTF-8 text"), (b"\n", "is empty")):
        file.write_bytes(content)
        assert workspace.desk("run", create(namespace, f"file {file}"), "--model", "playbook").returncode == 3
        approve(workspace, editor)
        failed = workspace.desk("resume")
        assert failed.returncode == 1
        assert f"The password from file {file} {said}" in failed.stdout
    assert "regcred" not in kubectl("get", "secrets", "-n", namespace, "-o", "name")


@pytest.mark.parametrize("moment", ["before the effect", "after the effect"])
def test_a_kill_around_the_creation_leaves_one_secret(
    workspace: Workspace, namespace: str, killing: Killing, file: Path, password: str, moment: Moment
) -> None:
    killing.begin(workspace, create(namespace, f"file {file}"))
    killing.kill(workspace, "POST", "/secrets", moment)
    assert ("regcred" in kubectl("get", "secrets", "-n", namespace, "-o", "name")) is (moment == "after the effect")
    killing.resume(workspace)
    assert auth(namespace)["password"] == password
    assert workspace.git("log", "--format=%(trailers:key=Subtask,valueonly)").count("01-create-pull-secret") == 1
    assert not [shape for shape in shapes("desk", password) if shape in left_behind(workspace)]


CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, labels: {app: store}}
spec:
  storageClassName: standrad
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Mi}}
"""


@pytest.mark.parametrize(
    ("method", "ending", "moment"),
    [
        ("DELETE", "/persistentvolumeclaims/data", "after the effect"),
        ("POST", "/persistentvolumeclaims", "before the effect"),
        ("POST", "/persistentvolumeclaims", "after the effect"),
    ],
)
def test_a_claim_whose_class_is_set_is_there_whenever_it_is_killed(
    workspace: Workspace, namespace: str, killing: Killing, method: str, ending: str, moment: Moment
) -> None:
    kubectl("apply", "-n", namespace, "-f", "-", stdin=CLAIM)
    killing.begin(workspace, f"set storage class of data in {namespace} to standard")
    killing.kill(workspace, method, ending, moment)
    assert _is_there(namespace) is ((method, moment) == ("POST", "after the effect"))

    killing.resume(workspace)
    assert _claim(namespace) == ("standard", "store")
    assert workspace.git("log", "--format=%(trailers:key=Subtask,valueonly)").count("01-set-claim-class") == 1
    commit = workspace.git("log", "--format=%h", "--grep=^Changes:", "-1").strip()
    assert workspace.desk("rollback", commit, kubeconfig=killing.admin).returncode == 3
    approve(workspace, killing.editor)
    killing.kill(workspace, "POST", "/persistentvolumeclaims", "before the effect")
    killing.resume(workspace)
    assert _claim(namespace) == ("standrad", "store")


def _is_there(namespace: str) -> bool:
    """Whether there is a claim that is not going: one that was deleted goes when its finalizer is taken off."""
    claims = json.loads(kubectl("get", "pvc", "-n", namespace, "-o", "json"))["items"]
    return any("deletionTimestamp" not in claim["metadata"] for claim in claims)


def _claim(namespace: str) -> tuple[str, str]:
    claim = json.loads(kubectl("get", "pvc", "data", "-n", namespace, "-o", "json"))
    return claim["spec"]["storageClassName"], claim["metadata"]["labels"]["app"]


def test_a_login_that_the_registry_refuses_leaves_nothing(
    workspace: Workspace, namespace: str, editor: str, tmp_path: Path
) -> None:
    task = told(workspace, namespace, tmp_path / "login", "not-the-password")
    run = workspace.desk("run", task, "--model", "playbook")
    asked = []
    while run.returncode == 3:
        asked.append(approve(workspace, editor)["tool"])
        run = workspace.desk("resume")
    assert run.returncode == 1, run.stdout + run.stderr
    assert asked[:2] == ["create_pull_secret", "link_pull_secret"]
    assert set(asked[2:]) == {"undo_last"}
    assert "registry-pull" not in kubectl("get", "secrets", "-n", namespace, "-o", "name")
    assert "registry-pull" not in kubectl("get", "serviceaccount", "default", "-n", namespace, "-o", "yaml")
    assert "restartedAt" not in kubectl("get", "deployment", "private", "-n", namespace, "-o", "yaml")
