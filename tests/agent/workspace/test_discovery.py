"""A session runs in a workspace that `desk init` made, found as git finds a repository; nowhere else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from agent.workspace.discovery import find, is_workspace
from agent.workspace.history import init_repository
from agent.workspace.names import SETTINGS_FILE
from tests.agent.conftest import InProcess

LIST = ("call", "list", "--json", '{"kind": "pods"}', "--sandbox")
RUN = ("run", "why does checkout crash in shop-dev?", "--sandbox")


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def application(own_home: Path, tmp_path: Path) -> Path:
    """Somebody's repository, which is no workspace."""
    root = tmp_path / "application"
    (root / "src").mkdir(parents=True)
    (root / "src/main.py").write_text("print(1)\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


@pytest.fixture
def made_before(workspace: Path) -> Path:
    """A workspace of the version that left no settings file."""
    git(workspace, "rm", "-q", SETTINGS_FILE)
    git(workspace, "commit", "-q", "--amend", "--no-edit")
    return workspace


@pytest.mark.parametrize("command", [RUN, LIST, ("resume",), ("rollback", "HEAD"), ("cancel", "20250131-1-a")])
def test_a_session_needs_a_workspace_and_leaves_any_other_folder_alone(
    in_process: InProcess, application: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    for where in (application, application / "src"):
        monkeypatch.chdir(where)
        done = in_process(*command)
        assert (done.returncode, done.stdout) == (2, "")
        assert "`desk init DIR`" in done.stderr
        assert str(where) in done.stderr
    assert in_process(*command, "--workspace", application).returncode == 2
    assert git(application, "rev-list", "--count", "HEAD") == "1"
    assert git(application, "status", "--porcelain", "--ignored") == ""


def test_it_is_looked_for_upwards(in_process: InProcess, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / SETTINGS_FILE).write_text("output: json\n")
    deep = workspace / "working/changes"
    deep.mkdir()
    monkeypatch.chdir(deep)
    done = in_process(*RUN)
    assert (done.returncode, done.stdout.startswith("{")) == (0, True)
    assert list(deep.iterdir()) == []
    assert (workspace / ".desk/journal.db").exists()
    assert str(workspace) in in_process("status", "-o", "text").stdout
    assert in_process(*LIST, "--workspace", ".").returncode == 2


def test_a_clone_of_a_workspace_is_one(workspace: Path, made_before: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(made_before), str(clone))
    assert is_workspace(clone)
    init_repository(workspace)
    git(tmp_path, "clone", "-q", str(workspace), str(tmp_path / "again"))
    assert (tmp_path / "again" / SETTINGS_FILE).exists()


def test_a_workspace_made_before_is_recognised_and_init_marks_it(made_before: Path) -> None:
    assert not (made_before / SETTINGS_FILE).exists()
    assert find(made_before / "logs") == made_before
    assert [line.split()[0] for line in init_repository(made_before)] == ["wrote", "committed"]
    assert git(made_before, "show", "--stat", "--format=").split()[0] == SETTINGS_FILE


def test_one_that_was_run_in_before_is_recognised_by_its_journal(application: Path) -> None:
    (application / ".desk").mkdir()
    (application / ".desk/journal.db").touch()
    assert find(application / "src") == application


def test_files_of_the_same_names_alone_make_no_workspace(application: Path, made_before: Path) -> None:
    for name in ("working", "logs", "incidents"):
        shutil.copytree(made_before / name, application / name)
    assert not is_workspace(application)


def test_another_users_folder_above_is_not_taken(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 4321)
    assert find(workspace / "logs") is None
    assert find(workspace) == workspace


def test_what_needs_no_workspace_needs_none(
    in_process: InProcess, application: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(application)
    for command in (("debug-pod", "shop-dev", "--sandbox"), ("tools",), ("status",), ("sessions",)):
        assert in_process(*command).returncode in (0, 1)
    assert git(application, "status", "--porcelain", "--ignored") == ""


def test_the_settings_file_of_init_sets_nothing(in_process: InProcess, workspace: Path) -> None:
    assert in_process(*LIST, "--workspace", workspace).returncode == 0
    init_repository(workspace)
    assert git(workspace, "status", "--porcelain") == ""
