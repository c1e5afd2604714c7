"""A full context is handed over, and the next session goes on with the task without a human's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.sandbox import Sandbox
from tests.agent.conftest import InProcess
from tests.messages_api.script import Call, Turn
from tests.messages_api.server import MessagesServer
from tools.cluster.client import HttpCluster
from tools.cluster.connect import Where, connect
from tools.json import Json

TASK = "set the memory limit of checkout in shop-dev to 64Mi, then scale it to 2"
CHECKOUT = {"namespace": "shop-dev", "name": "checkout"}
LOOK = Turn(say="I look.", calls=(Call(name="diagnose", input={"namespace": "shop-dev"}),) * 8)
"""Its answers are more than the window has room for."""
LIMIT = Turn(calls=(Call(name="set_resources", input={**CHECKOUT, "memory_limit": "64Mi"}),))
SCALE = Turn(calls=(Call(name="scale", input={**CHECKOUT, "replicas": 2}),))
DONE = Turn(calls=(Call(name="finish", input={"outcome": "done", "summary": "Both are done."}),))


def next_turn(request: Json) -> Turn:
    """Does what the conversation does not tell as done, then looks around."""
    told = json.dumps(request["messages"])
    if any(message["role"] == "assistant" for message in request["messages"]):
        return LOOK
    if "set memory limit 16Mi -> 64Mi" not in told:
        return LIMIT
    return DONE if "from 1 to 2" in told else SCALE


@pytest.fixture
def claude(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesServer]:
    with MessagesServer(next_turn) as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key-of-the-test")
        monkeypatch.setenv("DESK_BASE_URL", server.url)
        monkeypatch.setenv("DESK_MODEL", "claude")
        monkeypatch.setenv("DESK_WINDOW_TOKENS", "32000")
        monkeypatch.setenv("DESK_MAX_TOKENS", "1000")
        yield server


def events(in_process: InProcess, workspace: Path, kind: str) -> list[Json]:
    lines = in_process("journal", "export", "--workspace", workspace).stdout.splitlines()
    return [event for event in map(json.loads, lines) if event["type"] == kind]


def test_a_task_is_finished_over_several_sessions(
    in_process: InProcess, workspace: Path, claude: MessagesServer
) -> None:
    ended = [in_process("run", TASK, "--sandbox", "--workspace", workspace).returncode]
    while ended[-1] == 4 and len(ended) < 5:
        assert "desk run --continue" in (workspace / "working" / "WORKING.md").read_text()
        ended.append(in_process("run", "--continue", "--workspace", workspace).returncode)
    assert ended == [4, 4, 0]
    subtasks = [event["body"]["title"] for event in events(in_process, workspace, "subtask_done")]
    assert [title.split()[0] for title in subtasks] == ["set", "scale"]
    started = events(in_process, workspace, "session_started")
    assert {event["body"]["task"] for event in started} == {TASK}
    told = json.dumps(claude.requests[-1]["messages"])
    assert told.count("Done and committed") == 1  # by both of the sessions before


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HttpCluster]:
    """A cluster that outlives the processes, where Playbook has three turns a session."""
    with Sandbox() as sandbox:
        file = tmp_path / "kubeconfig"
        file.write_text(json.dumps(sandbox.kubeconfig()))
        for name, value in {"KUBECONFIG": str(file), "MODEL": "playbook", "MAX_TURNS": "3"}.items():
            monkeypatch.setenv(f"DESK_{name}", value)
        yield connect(Where(document=sandbox.kubeconfig()))


def test_playbook_goes_on_where_it_was_handed_over(
    in_process: InProcess, workspace: Path, standing: HttpCluster
) -> None:
    task = "scale web to 3, set the memory limit of checkout to 64Mi and restart web in shop-dev"
    ended = [in_process("run", task, "--workspace", workspace).returncode]
    while ended[-1] == 4 and len(ended) < 6:
        done = in_process("run", "--continue", "--workspace", workspace)
        ended.append(done.returncode)
    assert ended == [4, 4, 0], done.stdout + done.stderr
    assert "Deployment web in shop-dev from 2 to 3. (before this session)" in done.stdout
    made = [event["body"]["change"]["target"]["name"] for event in events(in_process, workspace, "tool_intent")]
    assert made == ["web", "checkout", "web"], "each is made once"
    generations = [standing.get("deployment", name, "shop-dev")["metadata"]["generation"] for name in made[:2]]
    assert generations == [3, 2]
    assert [event["body"]["number"] for event in events(in_process, workspace, "subtask_done")] == [1, 2, 1]
    assert in_process("journal", "verify", "--workspace", workspace).returncode == 0


def test_a_session_is_followed_once(in_process: InProcess, workspace: Path, claude: MessagesServer) -> None:
    assert in_process("run", TASK, "--sandbox", "--workspace", workspace).returncode == 4
    assert in_process("run", "--continue", "--workspace", workspace).returncode == 4
    assert in_process("run", "--continue", "--workspace", workspace).returncode == 0
    done = in_process("run", "--continue", "--workspace", workspace)
    assert done.returncode == 2
    assert "desk sessions" in done.stderr


@pytest.mark.parametrize("given", [("another task",), ("--sandbox",), ("--read-only",), ("--dry-run",)])
def test_what_is_gone_on_with_is_not_said_anew(
    in_process: InProcess, workspace: Path, given: tuple[str, ...]
) -> None:
    done = in_process("run", "--continue", *given, "--workspace", workspace)
    assert done.returncode == 2
    assert "--continue takes the task" in done.stderr
