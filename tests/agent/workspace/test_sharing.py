"""Machines that share a workspace by a git remote: real git, a bare repository, clones of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.errors import DeskError, HistoryError, LeaseHeld
from agent.workspace import sharing
from agent.workspace.files import Edit, Workspace
from agent.workspace.history import Content, Turn, commit_message, init_repository
from agent.workspace.sharing import BLOBS, SharedHistory
from tests.agent.workspace.test_history import git, home

__all__ = ["home"]
AT = datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A bare repository with a workspace in it, which takes no forced push."""
    init_repository(tmp_path / "first")
    subprocess.run(["git", "clone", "-q", "--bare", tmp_path / "first", tmp_path / "remote.git"], check=True)
    git(tmp_path / "remote.git", "config", "receive.denyNonFastForwards", "true")
    return tmp_path / "remote.git"


class Machine:
    """A clone, and what commits in it."""

    def __init__(self, remote: Path, name: str) -> None:
        self.name = name
        self.root = remote.parent / name
        subprocess.run(["git", "clone", "-q", remote, self.root], check=True)
        self.history = SharedHistory(self.root, "origin")
        self.workspace = Workspace(self.root)

    def record(
        self, line: str, files: dict[str, Content | None] | None = None, turn: Turn = nullcontext
    ) -> str | None:
        """A line on top of the log, and a file of its own, as a session commits them."""
        edits = [Edit("logs/LOGS.md", _on_top(line)), Edit(f"working/changes/{self.name}/{line}", _of(line))]

        def make() -> str | None:
            self.workspace.write(edits)
            message = commit_message(line, AT, {"Session": self.name, "Subtask": line})
            return self.history.commit(message, edits, files or {})

        return self.history.published(make, turn)


def _on_top(line: str) -> Callable[[bytes | None], bytes]:
    def edit(before: bytes | None) -> bytes:
        text = (before or b"").decode()
        return text.encode() if f"{line}\n" in text else f"{line}\n{text}".encode()

    return edit


def _of(text: str) -> Callable[[bytes | None], bytes]:
    return lambda _before: text.encode()


def test_whoever_is_late_commits_on_top_of_the_others(remote: Path) -> None:
    one, two = Machine(remote, "one"), Machine(remote, "two")
    one.record("a")
    sha = two.record("b")
    assert sha == git(remote, "rev-parse", "main").strip()
    assert git(remote, "show", "main:logs/LOGS.md").startswith("b\na\n")
    assert (two.root / "logs/LOGS.md").read_text().startswith("b\na\n")
    assert (two.root / "working/changes/one/a").read_text() == "a"  # files of others follow
    assert git(two.root, "status", "--porcelain") == ""


def test_a_push_that_comes_too_late_is_made_again(remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = Machine(remote, "one"), Machine(remote, "two")
    real = two.history._push
    came: list[str | None] = []

    def push() -> bool:
        if not came:
            came.append(one.record("a"))
        return real()

    monkeypatch.setattr(two.history, "_push", push)
    two.record("b", {"manifest.yaml": Content(b"kind: Pod\n")})
    assert git(remote, "show", "main:logs/LOGS.md").startswith("b\na\n")
    assert git(two.root, "status", "--porcelain") == ""
    assert (two.root / "manifest.yaml").read_bytes() == b"kind: Pod\n"
    assert git(remote, "log", "--format=%s", "main").count(" - ") == 3  # theirs, ours once, the workspace's


def test_many_at_once_lose_nothing_and_force_nothing(remote: Path) -> None:
    machines = [Machine(remote, f"m{number}") for number in range(5)]
    lines = [(machine, f"{machine.name}-{number}") for number in range(3) for machine in machines]
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda machine: [machine.record(f"{machine.name}-{n}") for n in range(3)], machines))
    told = git(remote, "show", "main:logs/LOGS.md").splitlines()
    assert sorted(line for line in told if line.startswith("m")) == sorted(line for _, line in lines)
    subjects = git(remote, "log", "--format=%s", "main")
    assert all(subjects.count(f" - {line}\n") == 1 for _, line in lines)


def test_a_persons_dirty_file_stays_theirs(remote: Path) -> None:
    one, two = Machine(remote, "one"), Machine(remote, "two")
    (two.root / "desk.yaml").write_text("max_turns: 7\n")
    (one.root / "desk.yaml").write_text("max_turns: 9\n")
    git(one.root, "commit", "-qam", "settings")
    git(one.root, "push", "-q", "origin", "HEAD:main")
    two.record("b")
    assert (two.root / "desk.yaml").read_text() == "max_turns: 7\n"
    assert git(remote, "show", "main:desk.yaml") == "max_turns: 9\n"


def test_what_a_killed_machine_stored_is_found_by_the_next(remote: Path) -> None:
    one, two = Machine(remote, "one"), Machine(remote, "two")
    oid = one.history.store(b"kind: Pod\n")
    assert two.history.blob(oid) is None  # it is not shared before it is asked to be
    one.history.share_stored()
    assert two.history.blob(oid) == b"kind: Pod\n"
    two.record("b", {"manifest.yaml": Content(b"kind: Pod\n")})
    assert (two.root / "manifest.yaml").read_bytes() == b"kind: Pod\n"  # which only the other one had written
    assert git(remote, "for-each-ref", BLOBS) == ""  # a commit holds it now


def test_a_commit_of_this_machine_that_was_not_pushed_goes_along(remote: Path) -> None:
    one = Machine(remote, "one")
    one.history.commit("desk\n", [Edit("kept", _of("kept"))])
    one.record("a")
    assert git(remote, "show", "main:kept") == "kept"


def test_each_waits_for_its_turn_and_not_for_ever(remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "TURN_POLL_S", 0.001)
    one, asked = Machine(remote, "one"), []

    def held() -> AbstractContextManager[object]:
        asked.append(git(remote, "log", "--format=%s", "main").count(" - a"))
        if len(asked) < 3:
            raise LeaseHeld("another pushes")
        return nullcontext()

    one.record("a", turn=held)
    assert asked == [0, 0, 0]

    def never() -> AbstractContextManager[object]:
        raise LeaseHeld("another pushes, and is gone")

    monkeypatch.setattr(sharing, "TURN_WAIT_S", 0.05)
    assert one.record("b", turn=never) == git(remote, "rev-parse", "main").strip()


def test_two_histories_are_left_to_a_person(remote: Path) -> None:
    one, two = Machine(remote, "one"), Machine(remote, "two")
    two.history.commit("desk\n", [Edit("kept", _of("kept"))])
    one.record("a")
    with pytest.raises(HistoryError, match="git pull --rebase origin main"):
        two.record("b")
    assert git(two.root, "log", "-1", "--format=%s").strip() == "desk"  # nothing is lost


def test_a_remote_that_is_gone_is_said(remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "PAUSE_S", 0.001)
    one = Machine(remote, "one")
    remote.rename(remote.with_name("gone.git"))
    with pytest.raises(DeskError, match="git fetch failed"):
        one.record("a")
    assert git(one.root, "log", "--format=%s").count("\n") == 1


def test_a_remote_that_always_moves_on_is_given_up_with_nothing_lost(
    remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "PAUSE_S", 0.001)
    one = Machine(remote, "one")
    head = git(one.root, "rev-parse", "HEAD")
    monkeypatch.setattr(one.history, "_push", lambda: False)
    with pytest.raises(HistoryError, match="desk resume"):
        one.record("a")
    assert git(one.root, "rev-parse", "HEAD") == head
