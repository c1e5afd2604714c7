"""A password in the words of a task: neither the journal, the files, git nor anything printed holds it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from agent.session.run import drive
from tests.agent.conftest import RunDesk
from tests.agent.session_bench import Bench, Scripted, Watcher, finish, use

WORD = "hunter2"
TASK = "create pull secret regcred for registry.example.com with user desk, password {}"
MASKED = TASK.format("[redacted]")


def written(root: Path) -> bytes:
    """All that is in a workspace: its files, its journal, and every object of its git repository."""
    files = b"".join(file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file())
    batch = ["git", "-C", str(root), "cat-file", "--batch", "--batch-all-objects"]
    return files + subprocess.run(batch, check=True, capture_output=True).stdout


@pytest.mark.parametrize(
    ("output", "task"),
    [
        ("text", TASK.format(WORD)),
        ("json", f"{TASK.format(WORD)} in shop-dev"),
        ("jsonl", f"das Passwort ist {WORD}"),
    ],
)
def test_it_is_nowhere(run_desk: RunDesk, workspace: Path, task: str, output: str) -> None:
    options = ("--sandbox", "--model", "playbook", "--workspace", workspace, "--output", output)
    done = run_desk("run", task, *options)
    assert WORD not in done.stdout + done.stderr
    assert "[redacted]" in done.stdout
    everything = written(workspace)
    assert WORD.encode() not in everything
    assert task.replace(WORD, "[redacted]").encode() in everything
    for command in (("sessions",), ("journal", "export")):
        later = run_desk(*command, "--workspace", workspace)
        assert later.returncode == 0
        assert WORD not in later.stdout + later.stderr


def test_an_error_does_not_repeat_it(run_desk: RunDesk, workspace: Path) -> None:
    done = run_desk("run", *TASK.format(WORD).split(), "--sandbox", "--workspace", workspace)
    assert done.returncode == 2
    assert WORD not in done.stdout + done.stderr


def test_neither_model_nor_approver_sees_it(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text("Wy7-correct-horse")
    arguments = {
        "pull_secret": "regcred",
        "registry": "registry.example.com",
        "username": "desk",
        "file": str(file),
    }
    model = Scripted([use("create_pull_secret", namespace="shop-dev", **arguments)], finish())
    task = f"{TASK.format(WORD)} in shop-dev, or from file {file}"
    desk = bench.begin(model, task, watcher=Watcher(answer=True))
    drive(desk)
    assert desk.view.task.task.startswith(MASKED)
    (asked,) = desk.view.approvals.values()
    assert WORD not in json.dumps(asked, default=str)
    assert WORD.encode() not in written(bench.root)
