"""The same as with Playbook, thought by Claude over HTTP: a 429, a 529, a cut stream and a hang on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.conftest import SECRET, Workspace, memory_limit, patches
from tests.cluster.killing_proxy import KillingProxy, Moment
from tests.messages_api.script import Call, Fault, Turn
from tests.messages_api.server import MessagesServer

pytestmark = pytest.mark.cluster

Broken = Callable[[str], str]
KubeconfigOf = Callable[[str, str], str]
KEY = "sk-ant-test-0123456789abcdef"


def fix(namespace: str) -> str:
    return f"checkout keeps crashing in {namespace}, find out why and fix it"


def script(namespace: str) -> tuple[Turn, ...]:
    """What a model does: look, raise the limit, wait, look again, tell; the way there is bad."""
    workload = {"namespace": namespace, "kind": "Deployment", "name": "checkout"}
    look = Call("diagnose", {"namespace": namespace, "name": "checkout"})
    told = {"outcome": "done", "summary": "It was OOMKilled at 16Mi. The limit is 128Mi now, and it holds."}
    return (
        Turn(
            think="First the cause.",
            calls=(look,),
            faults=(Fault(status=429, headers={"retry-after": "1"}), Fault(status=529)),
        ),
        Turn(
            say="OOMKilled: I raise the limit.",
            calls=(Call("set_resources", {**workload, "memory_limit": "128Mi"}),),
            faults=(Fault(cut_after_events=6),),
        ),
        Turn(calls=(Call("wait_for_rollout", workload),), faults=(Fault(hang_s=30.0),)),
        Turn(think="Does it hold?", calls=(look,)),
        Turn(calls=(Call("finish", told),)),
    )


@pytest.fixture
def thinking(workspace: Workspace) -> Iterator[Callable[[str], tuple[Workspace, MessagesServer]]]:
    """The workspace, where Claude thinks as the script for a namespace says."""
    servers: list[MessagesServer] = []

    def make(namespace: str) -> tuple[Workspace, MessagesServer]:
        server = MessagesServer(script(namespace), key=KEY).__enter__()
        servers.append(server)
        more = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url, "DESK_MODEL_TIMEOUT_S": "2"}
        return replace(workspace, environment={**workspace.environment, **more}), server

    yield make
    for server in servers:
        server.__exit__()


Thinking = Callable[[str], tuple[Workspace, MessagesServer]]


def turns_of(workspace: Workspace) -> list[dict[str, Any]]:
    lines = workspace.desk("journal", "export").stdout.splitlines()
    return [event["body"] for event in map(json.loads, lines) if event["type"] == "model_turn"]


def test_dev_is_mended_recorded_and_undone(thinking: Thinking, broken: Broken) -> None:
    namespace = broken("dev")
    workspace, server = thinking(namespace)
    done = workspace.desk("run", fix(namespace))
    assert done.returncode == 0, done.stdout + done.stderr
    assert server.refused == []
    assert memory_limit(namespace) == "128Mi"
    assert len(patches(namespace)) == 1
    assert workspace.git("status", "--porcelain") == ""
    assert "Result: SUCCESS" in (workspace.root / "logs/LOGS.md").read_text()

    turns = turns_of(workspace)
    assert [len(turn["retries"]) for turn in turns] == [2, 1, 1, 0, 0]
    reasons = " ".join(reason for turn in turns for reason in turn["retries"])
    assert all(word in reasons for word in ("429", "529", "closed connection", "timed out"))
    assert all(turn["usage"]["output_tokens"] and turn["cost_usd"] for turn in turns)
    assert all(turn["usage"]["cache_read_input_tokens"] > 1000 for turn in turns[1:])
    assert "tokens in" in done.stdout
    assert "$0.0" in done.stdout
    sent = json.dumps(server.requests)
    assert SECRET not in sent + done.stdout
    assert KEY not in json.dumps(turns) + done.stdout
    assert not workspace.leaks()

    commit = workspace.git("log", "--format=%h", "--grep=^Changes:", "-1").strip()
    undone = workspace.desk("rollback", commit)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert memory_limit(namespace) == "16Mi"
    assert workspace.desk("journal", "verify").returncode == 0


def test_staging_waits_for_somebody_else(thinking: Thinking, broken: Broken, kubeconfig_of: KubeconfigOf) -> None:
    namespace = broken("staging")
    workspace, server = thinking(namespace)
    editor = kubeconfig_of(namespace, "edit")
    assert workspace.desk("run", fix(namespace)).returncode == 3
    (row,) = workspace.approvals()
    assert "-            memory: 16Mi\n+            memory: 128Mi" in row["diff"]
    assert "asked for this change" in workspace.desk("approvals", "approve", row["id"]).stderr
    assert workspace.desk("approvals", "approve", row["id"], "--kubeconfig", editor).returncode == 0
    resumed = workspace.desk("resume")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert server.refused == []
    assert memory_limit(namespace) == "128Mi"
    assert len(patches(namespace)) == 1
    assert f"Approved-By: system:serviceaccount:{namespace}:edit" in workspace.git("log", "--format=%(trailers)")


def test_a_rejection_ends_it_and_production_is_flows(
    thinking: Thinking, broken: Broken, kubeconfig_of: KubeconfigOf
) -> None:
    staging, prod = broken("staging"), broken("prod")
    workspace, _ = thinking(staging)
    assert workspace.desk("run", fix(staging)).returncode == 3
    (row,) = workspace.approvals()
    editor = kubeconfig_of(staging, "edit")
    workspace.desk("approvals", "reject", row["id"], "--kubeconfig", editor, "--reason", "it leaks")
    resumed = workspace.desk("resume")
    assert (resumed.returncode, memory_limit(staging)) == (6, "16Mi")
    workspace, _ = thinking(prod)
    denied = workspace.desk("run", fix(prod))
    assert (denied.returncode, memory_limit(prod)) == (5, "16Mi")
    assert "Flow" in denied.stdout


@pytest.mark.parametrize("moment", ["before the effect", "after the effect"])
def test_a_kill_around_the_effect_leaves_it_done_once(
    thinking: Thinking, broken: Broken, tmp_path: Path, moment: Moment
) -> None:
    namespace = broken("dev")
    workspace, server = thinking(namespace)
    proxy = KillingProxy(tmp_path)
    proxy.moment = moment
    kubeconfig = proxy.kubeconfig(tmp_path)
    process = workspace.start("run", fix(namespace), kubeconfig=kubeconfig)
    proxy.victim = process.pid
    process.communicate(timeout=120)
    assert process.returncode == -9
    assert len(patches(namespace)) == (0 if moment == "before the effect" else 1)

    resumed = workspace.desk("resume", kubeconfig=kubeconfig)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert server.refused == []
    assert len(patches(namespace)) == 1
    assert memory_limit(namespace) == "128Mi"
    assert workspace.git("log", "--format=%(trailers:key=Subtask,valueonly)").count("01-set-resources") == 1
    assert workspace.git("status", "--porcelain") == ""
    assert workspace.desk("journal", "verify").returncode == 0
    proxy.shutdown()
