"""template-app, as a person types it: a folder that was not there, a commit, and nothing where it is refused."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.agent.conftest import RunDesk
from tools.scaffolds.answers import answered
from tools.scaffolds.scaffold import MEMORY, scaffold

GO = ("--language", "go", "--type", "worker")


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def shop(run_desk: RunDesk, workspace: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "code" / "shop"
    done = run_desk("template-app", "shop", *GO, "--output-dir", str(folder), "--workspace", str(workspace))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_all_files_are_there_and_in_the_history_without_a_cluster(shop: Path, workspace: Path) -> None:
    answers = answered({"app": "shop", "language": "go", "type": "worker"})
    made = scaffold(answers).with_memory()
    written = {file.relative_to(shop).as_posix(): file.read_text() for file in shop.rglob("*") if file.is_file()}
    assert written == made
    changes = git(workspace, "show", "--stat", "--format=%s", "HEAD~1")
    assert "make shop, a worker in go" in changes


def test_an_update_asks_before_it_replaces_an_edit_and_says_what_it_did(
    run_desk: RunDesk, shop: Path, workspace: Path
) -> None:
    remembered = yaml.safe_load((shop / MEMORY).read_text())
    remembered["files"] = [each for each in remembered["files"] if not each.endswith("work.go")]
    (shop / MEMORY).write_text(yaml.safe_dump(remembered))
    (shop / "work.go").write_text("package main\n")
    done = run_desk("template-app", "--update", str(shop), "--workspace", str(workspace))
    assert done.returncode == 3, done.stdout  # nobody sits at a terminal
    assert "work.go has 1 conflicts" in done.stdout
    assert (shop / "work.go").read_text() == "package main\n"
    assert not (workspace / "work.go").exists()


def test_into_the_workspace_it_is_one_commit(run_desk: RunDesk, workspace: Path) -> None:
    done = run_desk("template-app", "shop", "--output-dir", str(workspace / "shop"), "--workspace", str(workspace))
    assert done.returncode == 0
    listed = git(workspace, "ls-tree", "-r", "--name-only", "HEAD", "--", "shop").split()
    made = scaffold(answered({"app": "shop"})).with_memory()
    assert sorted(listed) == sorted(f"shop/{path}" for path in made)
    text = git(workspace, "log", "-p", "--all").lower()
    assert "begin private key" not in text
    assert "password: " not in text.replace("password: ${{ secrets.github_token }}", "")


def test_to_standard_output_it_writes_nothing(run_desk: RunDesk, tmp_path: Path) -> None:
    (here := tmp_path / "here").mkdir()
    done = run_desk("template-app", "shop", "--output-dir", "-", cwd=here)
    assert done.returncode == 0
    assert "==> k8s/base/deployment.yaml <==\n---\n# deployment.yaml\n" in done.stdout
    printed = run_desk("template-app", "go-api", "--backstage", "--output-dir", "-", "-o", "json", cwd=here)
    paths = [file["path"] for file in json.loads(printed.stdout)["files"]]
    assert "template.yaml" in paths
    assert list(here.iterdir()) == []


REFUSED = [
    (("Shop",), "small letters"),
    ((), "name is missing"),
    (("shop", "--port", "0"), "1024 to 65535"),
    (("shop", "--port", "70000"), "1024 to 65535"),
    (("shop", "--port", "abc"), "1024 to 65535"),
    (("shop", "--type", "website"), "'website'"),
    (("shop", "--language", "rust"), "'rust'"),
    (("shop", "--database", "oracle"), "'oracle'"),
    (("shop", "--output-dir", ""), "empty"),
    (("shop", "--output-dir", "a-file"), "is a file"),
    (("shop", "--output-dir", "full"), "not empty"),
    (("shop", "--output-dir", "leads-out"), "symbolic link"),
    (("shop", "--output-dir", "a-file/below"), "a-file"),
    (("shop", "--update", "full"), "folder alone"),
    (("--update", "full", "--port", "9000"), "folder alone"),
]


@pytest.mark.parametrize(("arguments", "why"), REFUSED, ids=[" ".join(arguments) for arguments, _ in REFUSED])
def test_what_is_refused_writes_nothing(
    run_desk: RunDesk, workspace: Path, tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    home = tmp_path / "home"
    (home / "full").mkdir(parents=True)
    (home / "full" / "kept").write_text("kept")
    (home / "a-file").write_text("kept")
    (home / "leads-out").symlink_to(tmp_path)
    before = sorted(home.rglob("*"))
    done = run_desk("template-app", *arguments, "--workspace", str(workspace), cwd=home)
    assert done.returncode == 2, done.stdout + done.stderr
    assert why in done.stderr
    assert sorted(home.rglob("*")) == before
    assert (home / "full" / "kept").read_text() == (home / "a-file").read_text() == "kept"
    assert git(workspace, "status", "--porcelain") == ""


def test_a_folder_without_its_memory_is_not_updated(run_desk: RunDesk, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    done = run_desk("template-app", "--update", str(tmp_path / "other"), "--workspace", str(workspace))
    assert done.returncode == 1
    assert f"has no {MEMORY}" in done.stdout + done.stderr
    assert list((tmp_path / "other").iterdir()) == []
