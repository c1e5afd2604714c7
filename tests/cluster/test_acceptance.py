"""What an operator does, on the real cluster: find a fault, mend it, undo it; ask where asking is due."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.conftest import SECRET, Workspace, kubectl, memory_limit, patches
from tests.cluster.killing_proxy import KillingProxy, Moment

pytestmark = pytest.mark.cluster

Broken = Callable[[str], str]
KubeconfigOf = Callable[[str, str], str]


def fix(namespace: str) -> str:
    return f"checkout keeps crashing in {namespace}, find out why and fix it"


def test_dev_is_mended_recorded_and_undone(workspace: Workspace, broken: Broken) -> None:
    namespace = broken("dev")
    done = workspace.desk("run", fix(namespace))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OOMKilled" in done.stdout
    assert "16Mi" in done.stdout
    assert memory_limit(namespace) == "128Mi"
    kubectl("rollout", "status", "deployment/checkout", "-n", namespace, "--timeout=5s")
    assert len(patches(namespace)) == 1

    log = workspace.git("log", "--format=%s%n%(trailers)")
    assert "agent:developer-experience: 20" in log
    for trailer in (
        "Session: ",
        "Task: checkout keeps crashing",
        "Subtask: 01-set-resources-checkout",
        "Changes: ",
    ):
        assert trailer in log
    assert "set memory limit 16Mi -> 128Mi" in (workspace.root / "working/WORKING.md").read_text()
    assert "Result: SUCCESS" in (workspace.root / "logs/LOGS.md").read_text()
    assert workspace.git("status", "--porcelain") == ""

    assert SECRET not in done.stdout
    assert not workspace.leaks()

    commit = workspace.git("log", "--format=%h", "--grep=^Changes:", "-1").strip()
    undone = workspace.desk("rollback", commit)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert memory_limit(namespace) == "16Mi"
    assert f"undo commit {commit[:7]}" in workspace.git("log", "--format=%s", "-2")
    again = workspace.desk("rollback", commit)
    assert again.returncode == 0
    assert "already undone" in again.stdout
    assert workspace.git("status", "--porcelain") == ""

    assert workspace.desk("journal", "verify").returncode == 0
    assert_a_changed_byte_is_named(workspace)


def assert_a_changed_byte_is_named(workspace: Workspace) -> None:
    file = workspace.root / ".desk" / "journal.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (seq,) = connection.execute("SELECT seq FROM events WHERE type = 'tool_intent' LIMIT 1").fetchone()
    connection.close()
    content = bytearray(file.read_bytes())
    at = content.index(b'"last":true')
    content[at + 8] ^= 1
    file.write_bytes(content)
    verified = workspace.desk("journal", "verify")
    assert verified.returncode == 1
    assert f"event {seq} (tool_intent of session" in verified.stderr


def test_staging_waits_for_somebody_else(workspace: Workspace, broken: Broken, kubeconfig_of: KubeconfigOf) -> None:
    namespace = broken("staging")
    viewer, editor = kubeconfig_of(namespace, "view"), kubeconfig_of(namespace, "edit")
    assert workspace.desk("run", fix(namespace)).returncode == 3
    assert workspace.git("status", "--porcelain") == ""
    (row,) = workspace.approvals()
    assert (row["risk"], row["environment"], row["priority"]) == ("change", "staging", "HIGH")
    assert "-            memory: 16Mi\n+            memory: 128Mi" in row["diff"]
    listed = workspace.desk("approvals", "list").stdout
    assert row["deadline"] in listed
    assert SECRET not in listed + row["diff"]
    assert not workspace.leaks()
    assert "memory: 128Mi" in listed

    own = workspace.desk("approvals", "approve", row["id"])
    assert own.returncode == 1
    assert "asked for this change and cannot approve it" in own.stderr
    weak = workspace.desk("approvals", "approve", row["id"], "--kubeconfig", viewer)
    assert weak.returncode == 1
    assert f"system:serviceaccount:{namespace}:view may not patch" in weak.stderr
    assert workspace.desk("resume").returncode == 3
    assert memory_limit(namespace) == "16Mi"

    assert workspace.desk("approvals", "approve", row["id"], "--kubeconfig", editor).returncode == 0
    twice = workspace.desk("approvals", "approve", row["id"], "--kubeconfig", editor)
    assert twice.returncode == 1
    assert "cannot be decided again" in twice.stderr
    resumed = workspace.desk("resume")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert memory_limit(namespace) == "128Mi"
    assert len(patches(namespace)) == 1
    assert f"Approved-By: system:serviceaccount:{namespace}:edit" in workspace.git("log", "--format=%(trailers)")
    assert workspace.desk("journal", "verify").returncode == 0


def test_rejection_ends_the_session(workspace: Workspace, broken: Broken, kubeconfig_of: KubeconfigOf) -> None:
    namespace = broken("staging")
    editor = kubeconfig_of(namespace, "edit")
    assert workspace.desk("run", fix(namespace)).returncode == 3
    (row,) = workspace.approvals()
    rejected = workspace.desk("approvals", "reject", row["id"], "--kubeconfig", editor, "--reason", "it leaks")
    assert rejected.returncode == 0, rejected.stderr
    resumed = workspace.desk("resume")
    assert resumed.returncode == 6
    assert "it leaks" in resumed.stdout
    assert memory_limit(namespace) == "16Mi"
    assert patches(namespace) == []
    assert "Approval denied" in (workspace.root / "incidents/INCIDENTS.md").read_text()
    assert workspace.git("status", "--porcelain") == ""


def test_a_changed_target_is_asked_again(workspace: Workspace, broken: Broken, kubeconfig_of: KubeconfigOf) -> None:
    namespace = broken("staging")
    editor = kubeconfig_of(namespace, "edit")
    assert workspace.desk("run", fix(namespace)).returncode == 3
    (row,) = workspace.approvals()
    kubectl("set", "env", "deployment/checkout", "-n", namespace, "COLOUR=blue")
    approved = workspace.desk("approvals", "approve", row["id"], "--kubeconfig", editor)
    assert (approved.returncode, "was changed since this was asked" in approved.stderr) == (1, True)
    assert workspace.desk("resume").returncode == 3
    (asked_again,) = workspace.approvals()
    assert asked_again["id"] != row["id"]
    assert memory_limit(namespace) == "16Mi"
    assert patches(namespace) == []


def test_production_is_flows(workspace: Workspace, broken: Broken) -> None:
    namespace = broken("prod")
    done = workspace.desk("run", fix(namespace))
    assert done.returncode == 5
    assert "Flow" in done.stdout
    assert "OOMKilled" in done.stdout
    assert memory_limit(namespace) == "16Mi"
    assert patches(namespace) == []
    document = json.loads(workspace.desk("run", fix(namespace), "-o", "json").stdout)
    assert (document["status"], document["exit_code"]) == ("outside", 5)


SET_LIMIT = {"kind": "Deployment", "name": "checkout", "memory_limit": "131072Ki"}  # which the server writes 128Mi


@pytest.mark.parametrize(
    ("moment", "by_hand"), [("before the effect", False), ("after the effect", False), ("after the effect", True)]
)
def test_a_kill_around_the_effect_leaves_it_done_once(
    workspace: Workspace, broken: Broken, tmp_path: Path, moment: Moment, by_hand: bool
) -> None:
    namespace = broken("dev")
    proxy = KillingProxy(tmp_path)
    proxy.moment = moment
    kubeconfig = proxy.kubeconfig(tmp_path)
    arguments = json.dumps({"namespace": namespace, **SET_LIMIT})
    command = ("call", "set_resources", "--json", arguments) if by_hand else ("run", fix(namespace))
    process = workspace.start(*command, kubeconfig=kubeconfig)
    proxy.victim = process.pid
    process.communicate(timeout=120)
    assert process.returncode == -9
    assert len(patches(namespace)) == (0 if moment == "before the effect" else 1)
    types = [json.loads(line)["type"] for line in workspace.desk("journal", "export").stdout.splitlines()]
    assert types[-1] == "tool_intent"

    resumed = workspace.desk("resume", kubeconfig=kubeconfig)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert len(patches(namespace)) == 1
    assert memory_limit(namespace) == "128Mi"
    assert workspace.git("status", "--porcelain") == ""
    assert workspace.git("log", "--format=%(trailers:key=Subtask,valueonly)").count("01-set-resources") == 1
    assert workspace.desk("journal", "verify").returncode == 0
    commit = workspace.git("log", "--format=%h", "--grep=^Changes:", "-1").strip()
    assert workspace.desk("rollback", commit, kubeconfig=kubeconfig).returncode == 0
    assert memory_limit(namespace) == "16Mi"
    proxy.shutdown()


def test_two_sessions_at_once_lose_nothing(workspace: Workspace, broken: Broken) -> None:
    namespaces = [broken("dev"), broken("dev")]
    processes = [workspace.start("run", fix(namespace)) for namespace in namespaces]
    outputs = [process.communicate(timeout=200) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert [memory_limit(namespace) for namespace in namespaces] == ["128Mi", "128Mi"]
    subtasks = workspace.git("log", "--format=%(trailers:key=Subtask,valueonly)").split()
    assert subtasks.count("01-set-resources-checkout") == 2
    assert subtasks.count("close") == 2
    log = (workspace.root / "logs/LOGS.md").read_text()
    assert all(namespace in log for namespace in namespaces)
    assert workspace.desk("journal", "verify").returncode == 0
    assert workspace.git("status", "--porcelain") == ""


def test_rights_are_checked_before_anybody_is_asked(
    workspace: Workspace, broken: Broken, kubeconfig_of: KubeconfigOf
) -> None:
    namespace = broken("staging")
    viewer = kubeconfig_of(namespace, "view")
    time.sleep(0.5)
    done = workspace.desk("run", fix(namespace), kubeconfig=viewer)
    assert done.returncode == 1
    assert f"system:serviceaccount:{namespace}:view may not patch deployments/checkout" in done.stdout
    assert workspace.approvals() == []
    assert patches(namespace) == []


def test_a_deletion_is_asked_for_made_and_undone(
    workspace: Workspace, broken: Broken, kubeconfig_of: KubeconfigOf
) -> None:
    namespace = broken("dev")
    kubectl("create", "configmap", "colours", "-n", namespace, "--from-literal=sky=blue")
    arguments = json.dumps({"namespace": namespace, "kind": "configmap", "name": "colours"})
    assert workspace.desk("call", "delete", "--json", arguments).returncode == 3
    (row,) = workspace.approvals()
    assert "-  sky: blue" in row["diff"]
    assert row["why"] == "delete in dev needs a person's approval"
    editor = kubeconfig_of(namespace, "edit")
    approved = workspace.desk("approvals", "approve", row["id"][:8], "--kubeconfig", editor, "--resume")
    assert approved.returncode == 0, approved.stdout + approved.stderr
    assert approved.stdout.startswith(f"Approved by system:serviceaccount:{namespace}:edit.\nDesk, session")
    assert "colours" not in kubectl("get", "configmaps", "-n", namespace, "-o", "name")
    commit = workspace.git("log", "--format=%h", "--grep=^Changes:", "-1").strip()
    (used,) = json.loads(workspace.desk("approvals", "show", row["id"], "-o", "json").stdout)["approvals"]
    assert (used["status"], used["used_by"]) == ("used", row["requester"])
    assert [sha.startswith(commit) for sha in used["commits"]] == [True]
    undone = workspace.desk("rollback", commit)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert kubectl("get", "configmap", "colours", "-n", namespace, "-o", "jsonpath={.data.sky}") == "blue"
