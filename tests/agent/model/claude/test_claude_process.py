"""The program with Claude, as a process: told to stop while the model is silent, with a key and without."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.journal import stores
from agent.journal.journal import Journal
from agent.redaction import Redactor
from tests import forked
from tests.agent.conftest import RunDesk
from tests.agent.model.claude.claude_bench import KEY, call, done
from tests.messages_api.script import Fault, Turn
from tests.messages_api.server import MessagesServer

TASK = "why is catalog not starting in shop-dev?"
LOOK = Turn(think="I look.", calls=(call("diagnose", namespace="shop-dev", name="catalog"),))
SILENT = (LOOK, Turn(calls=done().calls, faults=(Fault(hang_s=300.0),)))


def variables(server: MessagesServer) -> dict[str, str]:
    return {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}


def begun(workspace: Path, server: MessagesServer) -> forked.Desk:
    """A session whose model falls silent in its second turn."""
    process = forked.start(
        ["run", "--sandbox", "--workspace", workspace, TASK],
        env={**os.environ, **variables(server)},
    )
    wait_for(lambda: server.attempts == 2)
    time.sleep(0.2)
    return process


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def window_of(workspace: Path) -> int:
    """As the newest session began with it."""
    with contextlib.closing(Journal(stores.opened(workspace, None), Redactor())) as journal:
        *_, newest = journal.entries(types=("session_started",))
    return int(newest.body["window_tokens"])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 4), (signal.SIGINT, 130)])
def test_a_stop_while_the_model_is_silent_is_heard_at_once(
    workspace: Path, run_desk: RunDesk, number: signal.Signals, code: int
) -> None:
    with MessagesServer(SILENT, window_tokens=77_000) as server:
        process = begun(workspace, server)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)  # the silence lasts for longer
        assert process.returncode == code, out + err
        assert "Traceback" not in out + err
        resumed = run_desk("resume", "--workspace", workspace, env=variables(server))
        assert server.models == ["claude-sonnet-5-5"], "what the window is, is asked for once a session"
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert window_of(workspace) == 77_000
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=workspace, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


def test_with_a_key_claude_thinks_and_each_output_tells_what_it_took(workspace: Path, run_desk: RunDesk) -> None:
    task = ("run", "--sandbox", "--workspace", workspace, TASK)
    with MessagesServer([LOOK, done("No such tag.")]) as server:
        text = run_desk(*task, env=variables(server))
        document = json.loads(run_desk(*task, "-o", "json", env=variables(server)).stdout)
        lines = run_desk(*task, "-o", "jsonl", env=variables(server)).stdout.splitlines()
    assert text.returncode == 0, text.stdout + text.stderr
    assert "-> diagnose [read]" in text.stdout
    assert "I look." in text.stdout
    assert (document["model"], document["status"]) == ("claude-sonnet-5-5", "done")
    assert document["usage"]["cost_usd"] > 0
    assert document["usage"]["cache_read_input_tokens"] > 1000
    turns = [event["body"] for event in map(json.loads, lines) if event["type"] == "model_turn"]
    assert [turn["model"] for turn in turns] == ["claude-sonnet-5-5"] * 2
    told = run_desk("show", document["session"], "--workspace", workspace)
    assert "I look." in told.stdout
    assert "$0.0" in told.stdout
    assert KEY not in text.stdout + told.stdout + "".join(lines)


def test_the_key_may_be_in_a_file(workspace: Path, run_desk: RunDesk, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    with MessagesServer([done()], key=KEY) as server:
        task = ("run", "--sandbox", "--workspace", workspace, "--base-url", server.url, TASK)
        assert run_desk(*task, "--api-key-file", file).returncode == 0
        missing = run_desk(*task, "--api-key-file", tmp_path / "none")
    assert (missing.returncode, "cannot be read" in missing.stderr) == (2, True)


def test_without_a_key_playbook_plans_and_claude_says_what_it_needs(workspace: Path, run_desk: RunDesk) -> None:
    task = ("run", "--sandbox", "--workspace", workspace, TASK)
    with MessagesServer([]) as server:
        assert "Playbook plans" in run_desk(*task, env={"ANTHROPIC_BASE_URL": server.url}).stdout
        assert (window_of(workspace), server.models) == (0, [])
    refused = run_desk(*task, "--model", "claude")
    assert refused.returncode == 2
    assert "ANTHROPIC_API_KEY" in refused.stderr
    wrong = run_desk(*task, "--model", "gpt-9")
    assert (wrong.returncode, "model" in wrong.stderr) == (2, True)


def test_a_wrong_key_is_a_setting_and_the_session_can_go_on(workspace: Path, run_desk: RunDesk) -> None:
    with MessagesServer([done()], key=KEY) as server:
        task = ("run", "--sandbox", "--workspace", workspace, "--base-url", server.url, TASK)
        refused = run_desk(*task, env={"ANTHROPIC_API_KEY": "sk-ant-wrong-0123456789"})
        assert refused.returncode == 2
        assert "does not take the key" in refused.stdout
        assert run_desk("resume", "--workspace", workspace, env=variables(server)).returncode == 0


def test_a_price_and_a_window_can_be_set(workspace: Path, run_desk: RunDesk) -> None:
    with MessagesServer([LOOK, done()]) as server:
        task = ("run", "--sandbox", "--workspace", workspace, "-o", "json", TASK)
        more = {"DESK_PRICE": "0,1000000,0,0", "DESK_WINDOW_TOKENS": "123456"}
        document = json.loads(run_desk(*task, env={**variables(server), **more}).stdout)
        assert document["usage"]["cost_usd"] == document["usage"]["output_tokens"]
        assert (window_of(workspace), server.models) == (123_456, [])
        wrong = run_desk(*task, "--price", "1,2", env=variables(server))
    assert (wrong.returncode, "four numbers" in wrong.stderr) == (2, True)
