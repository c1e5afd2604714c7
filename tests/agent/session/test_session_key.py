"""A program that starts sessions needs one command: the same key goes on with its task, wherever that stands."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

import pytest

from agent.app import open_journal
from agent.settings import Settings
from tests.agent.conftest import InProcess

TASK = "set the memory limit of checkout in shop-dev to 64Mi"
STAGING = "set the memory limit of checkout in shop-staging to 64Mi"


def keyed(in_process: InProcess, workspace: Path, *given: str, key: str = "ticket-7") -> tuple[int, str]:
    command = ("run", *given, "--session-key", key, "--workspace", workspace, "--model", "playbook")
    done = in_process(*command, "--sandbox", "--output", "json")
    told = json.loads(done.stdout) if done.stdout else {}
    return done.returncode, str(told.get("session") or done.stdout + done.stderr)


def test_the_same_key_goes_on_with_its_session_and_tells_its_end_again(
    in_process: InProcess, workspace: Path
) -> None:
    code, session = keyed(in_process, workspace, TASK)
    assert code == 0
    commits = (workspace / ".git" / "logs" / "HEAD").read_text()
    assert keyed(in_process, workspace, TASK) == (0, session)
    assert keyed(in_process, workspace) == (0, session)  # the words are known
    assert (workspace / ".git" / "logs" / "HEAD").read_text() == commits
    other_code, other = keyed(in_process, workspace, TASK, key="ticket-8")
    assert other_code == 0
    assert other != session


def test_one_that_waits_waits_on_and_one_that_was_handed_over_is_followed(
    in_process: InProcess, workspace: Path
) -> None:
    code, session = keyed(in_process, workspace, STAGING)
    assert code == 3
    assert keyed(in_process, workspace, STAGING) == (3, session)
    first = in_process(
        "run", TASK, "--session-key", "few-turns", "--max-turns", "1", "--sandbox", "--model", "playbook",
        "--workspace", workspace,
    )  # fmt: skip
    assert first.returncode == 4
    assert "desk run --continue" in (workspace / "working" / "WORKING.md").read_text()
    assert keyed(in_process, workspace, key="few-turns")[0] == 0


@pytest.mark.parametrize(
    ("given", "key", "said"),
    [
        (("scale checkout in shop-dev to 2",), "ticket-7", "stands for another task"),
        ((), "ticket-9", "No session has the key ticket-9"),
        ((TASK,), " ", "--session-key is empty"),
        ((TASK, "--continue"), "ticket-7", "--continue takes the task"),
    ],
)
def test_what_a_key_cannot_stand_for(
    in_process: InProcess, workspace: Path, given: tuple[str, ...], key: str, said: str
) -> None:
    assert keyed(in_process, workspace, TASK)[0] == 0
    code, told = keyed(in_process, workspace, *given, key=key)
    assert code == 2
    assert said in told


def test_two_at_once_are_not_two_sessions(in_process: InProcess, workspace: Path) -> None:
    lease = f"key-{hashlib.sha256(b'ticket-7').hexdigest()[:32]}"
    with contextlib.closing(open_journal(Settings(workspace=workspace))) as journal:
        with journal.lease(lease):
            code, told = keyed(in_process, workspace, TASK)
        assert journal.sessions() == []
    assert code != 0
    assert "is being run by process" in told
