"""What `desk dispatch` says to what it cannot do; the Jobs themselves: tests/dispatch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.workspace.history import init_repository
from tests import forked

POSTGRES = "journal: postgresql://desk@127.0.0.1:1/desk\n"
WHERE = "dispatch: {image: desk:1, repository: https://git.example.com/desk.git}\n"

KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "away", "cluster": {"server": "https://192.0.2.1"}}],
    "users": [{"name": "kim", "user": {"token": "t"}}],
    "contexts": [{"name": "away", "context": {"cluster": "away", "user": "kim", "namespace": "desk"}}],
    "current-context": "away",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    init_repository(tmp_path / "ws")
    return tmp_path / "ws"


@pytest.mark.parametrize(
    ("settings", "arguments", "said"),
    [
        ("", ("look", "--session-key", "a"), "a file, which no pod can reach"),
        (POSTGRES, ("look",), "Say what to do, and your name for it"),
        (POSTGRES, ("--session-key", "a"), "Say what to do, and your name for it"),
        (POSTGRES, (" ", "--session-key", "a"), "its task is empty"),
        (POSTGRES, ("look", "--session-key", "x" * 201), "session_key"),
        (POSTGRES, ("look", "--watch"), "--watch makes no new session"),
        (POSTGRES, ("-f", "none.yaml"), "none.yaml cannot be read"),
        (POSTGRES, ("-f", "empty.yaml"), "has no request"),
        (POSTGRES, ("-f", "bad.yaml"), "Document 2 of bad.yaml is no request"),
        ("dispatch: {image: 'desk:1', repository: 'https://u:p@git.example.com/d.git'}\n", ("look",), "repository"),
        ("dispatch: {keep_s: 60}\n", ("look",), "keep_s"),
    ],
)
def test_wrong_usage_is_said(workspace: Path, settings: str, arguments: tuple[str, ...], said: str) -> None:
    (workspace / "desk.yaml").write_text(settings)
    (workspace / "empty.yaml").write_text("---\n")
    (workspace / "bad.yaml").write_text("{task: look, session_key: a}\n---\n{task: look}\n")
    done = forked.run(("dispatch", *arguments), cwd=workspace)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr


def test_a_database_that_does_not_answer_makes_no_job(workspace: Path) -> None:
    (workspace / "desk.yaml").write_text(POSTGRES + WHERE)
    (workspace / "kubeconfig").write_text(json.dumps(KUBECONFIG))
    done = forked.run(("dispatch", "look", "--session-key", "a", "--kubeconfig", "kubeconfig"), cwd=workspace)
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert done.stdout == ""
