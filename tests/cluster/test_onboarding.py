"""A team on board on the real cluster: killed at every kind of moment, it is made once; a member leaves nothing.

With TEST_EVERY_KILL set, a process dies before and after each effect (minutes); else at some of each kind.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import dying, served
from tests.cluster.conftest import KUBECONFIG, Workspace, kubectl, new_workspace
from tests.cluster.test_provisioning import document_of
from tools.provisioning import argo_cd
from tools.provisioning.guardrails import member_account

pytestmark = pytest.mark.cluster

ANN, ANNE, BOB = "ann@one.example.com", "ann@two.example.com", "bob@example.com"
MEMBERS = (ANN, ANNE, BOB)
REPOSITORY = "https://git.example.com/web.git"
KINDS = Path(__file__).parents[3] / "shared/kube/crds/argocd.yaml"
LOGIN = json.dumps({"auths": {"registry.example.com": {"auth": "ZGVzazpRZGwxLWNvcnJlY3QtaG9yc2U="}}})
SERVER_SIDE = ("--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")
EVERY = bool(os.environ.get("TEST_EVERY_KILL"))
LIVES_AT_MOST = 200


@dataclass(frozen=True)
class Team:
    """A team that is on board, and how it came there."""

    workspace: Workspace
    approver: str
    """The kubeconfig of somebody else."""
    name: str
    folder: Path
    document: dict[str, Any]
    lives: int
    loot: tuple[str, ...]
    """Tokens of processes that died before they had written them down."""

    @property
    def namespaces(self) -> tuple[str, str]:
        return f"{self.name}-dev", f"{self.name}-staging"

    def kubeconfig(self, member: str) -> Path:
        return self.folder / f"{member_account(member).removeprefix('member-')}.kubeconfig"

    def approved(self, *arguments: str) -> dict[str, Any]:
        """A command that waits, is approved, and goes on."""
        waiting = document_of(self.workspace, *arguments, code=3)
        approve(self.workspace, self.approver)
        done = self.workspace.desk("resume", waiting["session"], "-o", "json")
        assert done.returncode == 0, done.stdout + done.stderr
        session: dict[str, Any] = json.loads(done.stdout)
        return session


def approve(workspace: Workspace, approver: str) -> None:
    (row,) = workspace.approvals()
    done = workspace.desk("approvals", "approve", row["id"], kubeconfig=approver)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def approver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Somebody else, who may do what the team's namespaces need."""
    name = f"desk-appr-{secrets.token_hex(3)}"
    kubectl("create", "namespace", name)
    kubectl("create", "serviceaccount", "approver", "-n", name)
    try:
        kubectl(
            "create", "clusterrolebinding", name, "--clusterrole=cluster-admin", f"--serviceaccount={name}:approver"
        )
        document = yaml.safe_load(Path(KUBECONFIG).read_text())
        token = kubectl("create", "token", "approver", "-n", name).strip()
        document["users"] = [{"name": document["users"][0]["name"], "user": {"token": token}}]
        file = tmp_path_factory.mktemp("approver") / "kubeconfig"
        file.write_text(yaml.safe_dump(document))
        yield str(file)
    finally:
        kubectl("delete", "clusterrolebinding", name, "--ignore-not-found")
        kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, approver: str) -> Iterator[Team]:
    """On board by processes that were killed, with Argo CD's kinds."""
    folder = tmp_path_factory.mktemp("onboarding")
    workspace = new_workspace(folder)
    login = folder / "config.json"
    login.write_text(LOGIN)
    name, argocd = f"desk-team-{secrets.token_hex(3)}", f"desk-cd-{secrets.token_hex(3)}"
    namespaces = (f"{name}-dev", f"{name}-staging")
    command = (
        "onboard-team", name, "--namespaces", ",".join(namespaces), "--members", ",".join(MEMBERS),
        "--repo", REPOSITORY, "--argocd-namespace", argocd, "--pull-secret", str(login),
        "--kubeconfig-dir", str(folder / "kubeconfigs"), "--cpu", "2", "--memory", "4Gi",
    )  # fmt: skip
    with served.argo_cd():
        kubectl("create", "namespace", argocd)
        try:
            waiting = document_of(workspace, *command, code=3)
            approve(workspace, approver)
            lives, loot = killed(workspace, waiting["session"], folder / "loot")
            again = document_of(workspace, *command)
            again["project"] = json.loads(kubectl("get", "appproject", name, "-n", argocd, "-o", "json"))
            yield Team(workspace, approver, name, folder / "kubeconfigs", again, lives, loot)
        finally:
            kubectl("delete", "namespace", *namespaces, argocd, "--wait=false", "--ignore-not-found")


def killed(workspace: Workspace, session: str, loot: Path) -> tuple[int, tuple[str, ...]]:
    """Resume a session in processes that die, until one ends it: how many there were, and what tokens they had."""
    commits = ("before commit:1", "after commit:1")
    each, some = ("before effect:1", "after effect:1"), ("after effect:4", "before effect:5", *commits)
    lives, tokens = 0, []
    first = each * LIVES_AT_MOST if EVERY else some * 2
    last = ("before token:1", "before file:1", "before file:2", "after file:1", *commits)
    for point in (*first, *last):
        environment = {**workspace.environment, "KUBECONFIG": KUBECONFIG, dying.LOOT: str(loot)}
        process = dying.start(point, ["resume", session], cwd=workspace.root, env=environment)
        out, err = process.communicate(120)
        lives += 1
        if loot.exists():
            tokens.append(loot.read_text())
            loot.unlink()
        if process.returncode == 0:
            return lives, tuple(tokens)
        assert process.returncode == -9, (point, out, err)
    done = workspace.desk("resume", session)
    assert done.returncode == 0, done.stdout + done.stderr
    return lives + 1, tuple(tokens)


def names(kind: str, namespace: str) -> set[str]:
    listed = kubectl("get", kind, "-n", namespace, "-o", "name").split()
    return {each.partition("/")[2] for each in listed} - {"default"}


def status_of(kubeconfig: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["kubectl", "--kubeconfig", str(kubeconfig), *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.stdout if done.returncode == 0 else done.stderr


def within_30_s(kubeconfig: Path, *arguments: str) -> bool:
    """Whether it is answered with 401 by then."""
    begun = time.monotonic()
    while time.monotonic() - begun < 30:
        if "Unauthorized" in status_of(kubeconfig, "auth", "whoami", *arguments):
            return True
        time.sleep(0.5)
    return False


def test_killed_at_any_moment_it_is_made_once(team: Team) -> None:
    assert team.lives >= 14
    accounts = {member_account(member) for member in MEMBERS}
    for namespace in team.namespaces:
        assert names("serviceaccount", namespace) == {"ci", *accounts}
        assert names("secret", namespace) == {"registry-login", *accounts}
        assert len(names("rolebinding", namespace)) == 1 + 2 * len(MEMBERS)
        default = json.loads(kubectl("get", "serviceaccount", "default", "-n", namespace, "-o", "json"))
        assert default["imagePullSecrets"] == [{"name": "registry-login"}]
        checked = document_of(team.workspace, "provision-namespace", namespace, "--check")
        assert checked["drift"] == []
    # Each step once, and nothing again: namespaces, traffic, access; pull secrets, project, kubeconfigs, page.
    commits = team.workspace.git("log", "--format=%s", "--grep=^Changes:").splitlines()
    assert len(commits) == len(set(commits)) == 3 * 2 + 4
    states = {item["title"]: item["state"] for item in team.document["checklist"]}
    assert set(states.values()) == {"unchanged"}, states
    assert team.workspace.desk("journal", "verify").returncode == 0


def test_what_is_made_besides_the_guardrails_passes_the_judges(team: Team, tmp_path: Path) -> None:
    project = team.document["project"]
    made = [argo_cd.project(team.name, team.namespaces, [REPOSITORY], "oidc:web", project["metadata"]["namespace"])]
    made += json.loads(kubectl("get", "secret", "-n", team.namespaces[0], "-o", "json"))["items"]
    file = tmp_path / "objects.yaml"
    file.write_text(yaml.safe_dump_all(made))
    schemas = "../shared/kube/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json"
    for judge in (
        ["kubeconform", "-strict", "-summary", "-schema-location", schemas, str(file)],
        ["kube-score", "score", str(file)],
        [
            "kubectl",
            "apply",
            "--server-side",
            "--force-conflicts",
            "--dry-run=server",
            "--validate=strict",
            "-f",
            str(file),
        ],
    ):
        environment = {**os.environ, "KUBECONFIG": KUBECONFIG}
        judged = subprocess.run(judge, capture_output=True, text=True, check=False, env=environment)
        assert judged.returncode == 0, judged.stdout + judged.stderr


def test_its_project_is_for_its_namespaces_and_its_repository(team: Team) -> None:
    spec = team.document["project"]["spec"]
    server = "https://kubernetes.default.svc"
    assert spec["destinations"] == [{"server": server, "namespace": each} for each in team.namespaces]
    assert spec["sourceRepos"] == [REPOSITORY]
    assert spec["clusterResourceWhitelist"] == []
    kept = {each["kind"] for each in spec["namespaceResourceBlacklist"]}
    assert kept == {"ResourceQuota", "LimitRange", "NetworkPolicy", "RoleBinding"}
    assert "*" not in json.dumps([spec["destinations"], spec["sourceRepos"]])


def test_each_member_has_a_kubeconfig_of_their_own_and_no_secret_is_written_elsewhere(team: Team) -> None:
    assert len(list(team.folder.iterdir())) == len(MEMBERS)  # no temporary file is left of a killed process
    texts = [team.workspace.git("log", "-p", "--all"), team.workspace.desk("journal", "export").stdout]
    journal = b"".join(file.read_bytes() for file in (team.workspace.root / ".desk").glob("journal.db*"))
    for member in MEMBERS:
        file = team.kubeconfig(member)
        assert file.stat().st_mode & 0o777 == 0o600
        document = yaml.safe_load(file.read_text())
        assert [each["name"] for each in document["contexts"]] == list(team.namespaces)
        for namespace in team.namespaces:
            said = status_of(file, "--context", namespace, "auth", "whoami", "-o", "json")
            assert f"{namespace}:{member_account(member)}" in said
        for each in document["users"]:
            token = each["user"]["token"]
            assert token.encode() not in journal
            assert not any(token in text for text in texts)
    assert all(token.encode() not in journal for token in team.loot)
    assert LOGIN.partition('auth": "')[2][:20] not in "".join(texts)


def test_a_member_may_work_in_their_namespaces_and_nowhere_else(team: Team) -> None:
    ann, dev = team.kubeconfig(ANN), team.namespaces[0]
    for allowed, what in (
        ("yes", ("create", "deployments", "-n", dev)), ("no", ("list", "pods", "-n", "default")),
        ("no", ("patch", "resourcequotas", "-n", dev)), ("no", ("create", "rolebindings", "-n", dev)),
        ("no", ("list", "secrets", "-n", team.namespaces[1])),
    ):  # fmt: skip
        done = subprocess.run(
            ["kubectl", "--kubeconfig", str(ann), "auth", "can-i", *what],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.stdout.strip() == allowed, (what, done.stdout)


def test_a_token_of_a_process_that_died_with_it_is_worth_nothing(team: Team, tmp_path: Path) -> None:
    assert team.loot or EVERY
    for number, token in enumerate(team.loot):
        document = yaml.safe_load(team.kubeconfig(ANN).read_text())
        document["users"] = [{**each, "user": {"token": token}} for each in document["users"]]
        file = tmp_path / f"{number}.kubeconfig"
        file.write_text(yaml.safe_dump(document))
        assert within_30_s(file)


def test_who_comes_later_has_no_file_without_a_folder_and_is_told_how_to_get_one(team: Team) -> None:
    command = ("onboard-team", team.name, "--namespaces", team.namespaces[0], "--members", "new@example.com")
    checklist = document_of(team.workspace, *command, "--dry-run")["checklist"]
    (told,) = [each for each in checklist if each["title"].startswith("kubeconfig of")]
    assert (told["title"], told["state"]) == ("kubeconfig of new@example.com", "waits")
    assert f"desk rotate-kubeconfig {team.name} new@example.com --kubeconfig-dir DIR" in told["waits_for"]


def test_deleting_the_secret_revokes_and_rotation_gives_another_token(team: Team, tmp_path: Path) -> None:
    bob, (dev, staging) = team.kubeconfig(BOB), team.namespaces
    old = tmp_path / "old.kubeconfig"
    old.write_bytes(bob.read_bytes())
    kubectl("delete", "secret", member_account(BOB), "-n", dev)
    assert within_30_s(bob, "--context", dev)
    assert "Unauthorized" not in status_of(bob, "--context", staging, "auth", "whoami")

    session = team.approved("rotate-kubeconfig", team.name, BOB, "--kubeconfig-dir", str(team.folder))
    told = re.findall(r"context (\S+): valid until (\S+)", session["summary"])
    assert [namespace for namespace, _ in told] == [dev, staging]
    for namespace in team.namespaces:
        assert "Unauthorized" not in status_of(bob, "--context", namespace, "auth", "whoami")
    assert within_30_s(old, "--context", staging)


@contextmanager
def signed_for(user: str, folder: Path) -> Iterator[tuple[str, str]]:
    """While this runs, the cluster has signed a client certificate for somebody: the request, and until when."""
    name, key, request = f"desk-csr-{secrets.token_hex(3)}", folder / "key.pem", folder / "request.pem"
    asked = (
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        str(key),
        "-subj",
        f"/O=web/CN={user}",
        "-out",
        str(request),
    )
    subprocess.run(["openssl", "req", "-new", *asked], check=True, capture_output=True)
    spec = {
        "request": base64.b64encode(request.read_bytes()).decode(), "expirationSeconds": 3600,
        "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"],
    }  # fmt: skip
    body = {
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name},
        "spec": spec,
    }  # fmt: skip
    kubectl("create", "-f", "-", stdin=json.dumps(body))
    try:
        kubectl("certificate", "approve", name)
        kubectl("wait", f"csr/{name}", "--for=jsonpath={.status.certificate}", "--timeout=30s")
        signed = base64.b64decode(kubectl("get", "csr", name, "-o", "jsonpath={.status.certificate}"))
        said = subprocess.run(
            ["openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601"],
            input=signed,
            check=True,
            capture_output=True,
        ).stdout.decode()
        yield name, said.strip().removeprefix("notAfter=").replace(" ", "T")
    finally:
        kubectl("delete", "csr", name)


def test_a_member_leaves_nothing_behind(team: Team, tmp_path: Path) -> None:
    dev = team.namespaces[0]
    kubectl("create", "rolebinding", "by-hand", "--clusterrole=admin", f"--user={ANN}", "--user=kim", "-n", dev)
    hers = ("serviceaccount", member_account(ANN), "-n", dev)
    status_of(team.kubeconfig(ANN), "label", *hers, "managed-by-", "--context", dev)  # so that it is not Desk's
    assert "managed-by" not in kubectl("get", *hers, "-o", "yaml")
    before = team.kubeconfig(ANN).read_bytes()
    with signed_for(ANN, tmp_path) as (request, until):
        session = team.approved("offboard-member", team.name, ANN)
    assert "tokens of other accounts" in session["summary"]
    assert (
        f"client certificate {request}: no certificate can be revoked; it is valid until {until}"
        in session["summary"]
    )
    kinds = "rolebinding,serviceaccount,secret,resourcequota"
    for namespace in team.namespaces:
        left = kubectl("get", kinds, "-n", namespace, "-o", "yaml")
        assert ANN not in left
        assert member_account(ANN) not in left
        assert ANNE in left  # of the same local part
        assert document_of(team.workspace, "provision-namespace", namespace, "--check")["drift"] == []
    assert "kim" in kubectl("get", "rolebinding", "by-hand", "-n", dev, "-o", "yaml")
    assert not team.kubeconfig(ANN).exists()
    team.kubeconfig(ANN).write_bytes(before)
    assert within_30_s(team.kubeconfig(ANN))
    team.kubeconfig(ANN).unlink()
    again = document_of(team.workspace, "offboard-member", team.name, ANN)
    assert "has no access" in again["summary"]
