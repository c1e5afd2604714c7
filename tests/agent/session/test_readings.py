"""A task that can mean several things: asked back, with what may be meant; at a terminal, chosen by its number."""

from __future__ import annotations

import json
import os
import pty
import select
import sys
import time
from pathlib import Path

import pytest

from tests.agent.conftest import RunDesk

UNCLEAR = "set memory limit of checkout to 512m"


def test_a_program_finds_what_may_be_meant_as_commands(workspace: Path, run_desk: RunDesk) -> None:
    done = run_desk("run", "--sandbox", UNCLEAR, "--workspace", workspace, "-o", "json")
    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert document["status"] == "unclear"
    assert [reading["command"] for reading in document["readings"]] == [
        f"desk run 'set memory limit of deployment checkout to 512{unit} in shop-dev'" for unit in ("Mi", "M")
    ]
    assert document["subtasks"] == []


def test_an_answer_that_is_not_understood_has_at_most_twelve_lines(workspace: Path, run_desk: RunDesk) -> None:
    done = run_desk("run", "--sandbox", "make me a sandwich", "--workspace", workspace)
    said = done.stdout.partition("UNCLEAR")[2].partition("(0 s")[0]
    assert done.returncode == 2
    assert len(said.strip().splitlines()) <= 12
    assert "desk tools" in said


@pytest.mark.parametrize(("answer", "code", "said"), [("1", 0, "512Mi of Deployment checkout"), ("", 2, "UNCLEAR")])
def test_at_a_terminal_one_is_chosen_by_its_number(
    own_home: Path, workspace: Path, answer: str, code: int, said: str
) -> None:
    status, shown = _at_a_terminal(["run", "--sandbox", UNCLEAR, "--workspace", str(workspace)], f"{answer}\n")
    assert os.waitstatus_to_exitcode(status) == code
    assert said in shown


def _at_a_terminal(arguments: list[str], answer: str) -> tuple[int, str]:
    """The program with a terminal of its own, answered once it asks; its wait status, and what it showed."""
    root = str(Path(__file__).parents[3])
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {**os.environ, "PYTHONPATH": root, "TERM": "dumb"}
        os.execve(sys.executable, [sys.executable, "-m", "agent", *arguments], environment)
    shown, asked, deadline = b"", False, time.monotonic() + 50
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # it has ended, and its terminal with it
            break
        if not piece:
            break
        shown += piece
        if b"Which one" in shown and not asked:
            asked = os.write(terminal, answer.encode()) > 0
    return os.waitpid(pid, 0)[1], shown.decode(errors="replace")
