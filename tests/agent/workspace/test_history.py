"""Desk's commits beside a person's work: real git, real hooks, real locks."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from agent.errors import DeskError, HistoryError, UsageError
from agent.workspace.files import (
    Edit,
    LogEntry,
    WorkingState,
    Workspace,
    add_log,
    update_working,
    working_section,
    write_change_set,
)
from agent.workspace.history import History, commit_message, init_repository
from agent.workspace.names import INCIDENTS, LOGS, SETTINGS_FILE, WORKING

AT = datetime(2025, 1, 31, 9, 30, 5, tzinfo=UTC)
STATE = WorkingState("2025-01-31T09:30:00Z", "mend checkout", ("found it",), (), (), "watch")
SECTION = working_section(STATE)
ENTRY = LogEntry(
    "2025-01-31T09:30:00Z", "Raised the limit", "set 64Mi", "OOMKilled", "checkout", "SUCCESS", "watch"
)
ATLAS = "## Agent: infrastructure (Atlas)\n\n- draining node 3\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, so that no test sees this machine's git configuration."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(folder / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (folder / "gitconfig").write_text("[user]\n\tname = Kim\n\temail = kim@example.com\n")
    return folder


def git(root: Path, *args: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *args], check=True, capture_output=True)
    return done.stdout.decode()


def new_repository(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q")
    git(root, "symbolic-ref", "HEAD", "refs/heads/main")
    return root


def commit_all(root: Path, message: str = "by hand") -> str:
    git(root, "add", "-A")
    git(root, "commit", "-qm", message)
    return git(root, "rev-parse", "HEAD").strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit: Atlas' section in WORKING.md, and a file of Kim's."""
    root = new_repository(tmp_path / "repo")
    (root / "working").mkdir()
    (root / WORKING).write_text(f"# WORKING\n\n{ATLAS}")
    (root / "kim.txt").write_text("one\n")
    commit_all(root)
    return root


def put(name: str, text: str = "text\n") -> Edit:
    return Edit(name, lambda _previous: text.encode())


def record(root: Path, edits: list[Edit], message: str = "desk\n") -> str | None:
    """What a session does: write, then commit, under the workspace's lock."""
    workspace = Workspace(root)
    with workspace.lock():
        workspace.write(edits)
        return History(root, lock_wait_s=0.2).commit(message, edits)


def changed_in(root: Path, sha: str) -> list[str]:
    return git(root, "show", "--format=", "--name-only", "-z", sha).rstrip("\0").split("\0")


def status(root: Path) -> list[str]:
    return git(root, "status", "--porcelain", "-z").rstrip("\0").split("\0")


def hook(root: Path, name: str, script: str) -> None:
    file = root / ".git/hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_needs_no_folder_for_temporary_files(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "there-is-none"))

    assert record(root, [put("new.txt")])
    assert git(root, "status", "--porcelain") == ""


def test_commit_holds_the_edits_and_leaves_the_tree_clean(root: Path) -> None:
    sha = record(root, [update_working(STATE), add_log(ENTRY), *write_change_set("s", 1, "x", {"a.yaml": "a\n"})])
    assert sha == git(root, "rev-parse", "HEAD").strip()
    assert changed_in(root, sha) == [LOGS, WORKING, "working/changes/s/01-x/a.yaml"]
    assert status(root) == [""]
    assert git(root, "diff-index", "HEAD", "--") == ""
    assert git(root, "log", "-1", "--format=%an %ae") == "Kim kim@example.com\n"
    assert not (root / ".git/index.lock").exists()


def test_nothing_new_is_no_commit(root: Path) -> None:
    edits = [update_working(STATE), add_log(ENTRY)]
    assert record(root, edits)
    head = git(root, "rev-parse", "HEAD")
    assert record(root, edits) is None
    assert git(root, "rev-parse", "HEAD") == head


def test_a_persons_staged_dirty_and_untracked_files_stay_theirs(root: Path) -> None:
    (root / "staged.txt").write_text("staged\n")
    git(root, "add", "staged.txt")
    (root / "kim.txt").write_text("dirty\n")
    (root / "new.txt").write_text("untracked\n")
    sha = record(root, [update_working(STATE)])
    assert sha
    assert changed_in(root, sha) == [WORKING]
    assert set(status(root)) == {" M kim.txt", "A  staged.txt", "?? new.txt"}


def test_a_persons_dirty_lines_in_the_same_file_are_not_committed(root: Path) -> None:
    (root / WORKING).write_text(f"# WORKING\n\n{ATLAS}- and node 4, not committed\n")
    sha = record(root, [update_working(STATE)])
    assert git(root, "show", f"{sha}:{WORKING}") == f"# WORKING\n\n{ATLAS}\n{SECTION}"
    assert (root / WORKING).read_text() == f"# WORKING\n\n{ATLAS}- and node 4, not committed\n\n{SECTION}"
    assert status(root) == [f" M {WORKING}"]
    added = [line for line in git(root, "diff", "-U0").splitlines() if line[:1] in "+-"][2:]
    assert added == ["+- and node 4, not committed"]


def test_a_persons_dirty_log_entry_is_not_swept_into_an_archive(root: Path) -> None:
    record(root, [add_log(ENTRY)])
    dirty = (root / LOGS).read_text() + "\n## 2025-01-01T00:00:00Z - Kim's, not committed\n\n- x\n"
    (root / LOGS).write_text(dirty)
    sha = record(root, [add_log(replace(ENTRY, time="2025-02-01T00:00:00Z"))])
    assert sha
    assert changed_in(root, sha) == ["logs/LOGS-2025-01.md", LOGS]
    assert "Kim's" not in git(root, "show", f"{sha}:logs/LOGS-2025-01.md")
    assert "Kim's" in (root / "logs/LOGS-2025-01.md").read_text()


def test_a_persons_staged_version_of_the_same_file_stays_staged(root: Path) -> None:
    mine = f"# WORKING\n\n{ATLAS}- staged\n"
    (root / WORKING).write_text(mine)
    git(root, "add", WORKING)
    sha = record(root, [update_working(STATE), add_log(ENTRY)])
    assert "- staged" not in git(root, "show", f"{sha}:{WORKING}")
    assert git(root, "show", f":{WORKING}") == mine
    assert status(root) == [f"MM {WORKING}"]


def test_a_deletion_that_a_person_staged_stays_staged(root: Path) -> None:
    git(root, "rm", "-q", "--cached", "kim.txt")
    assert record(root, [put("new.txt")])
    assert set(status(root)) == {"D  kim.txt", "?? kim.txt"}


def test_a_workspace_in_a_folder_of_the_repository(root: Path) -> None:
    folder = root / "ops/desk é"
    folder.mkdir(parents=True)
    sha = record(folder, [update_working(STATE), put("notes.txt", "in\n")])
    assert sha
    assert set(changed_in(root, sha)) == {f"ops/desk é/{WORKING}", "ops/desk é/notes.txt"}
    assert status(root) == [""]
    assert History(folder).read_file(sha, "notes.txt") == "in\n"


def test_the_first_commit_of_a_branch(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "fresh")
    History(root).preflight()
    assert History(root).recent() == []
    assert History(root).find_by_trailers({"Session": "s"}) is None
    (root / "other.txt").write_text("untracked\n")
    sha = record(root, [update_working(STATE)])
    assert sha
    assert changed_in(root, sha) == [WORKING]
    assert status(root) == ["?? other.txt"]


def test_names_with_quotes_newlines_and_unicode(root: Path) -> None:
    names = ['it\'s "q".txt', "née\nline.txt", "日本.txt", "*.txt", ":(top)x", "tab\there", "-dash"]
    (root / 'their\n"näme".txt').write_text("staged\n")
    git(root, "add", "-A")
    sha = record(root, [put(name) for name in names])
    assert sha
    assert set(changed_in(root, sha)) == set(names)
    assert status(root) == ['A  their\n"näme".txt']
    assert History(root).read_file(sha, names[1]) == "text\n"


@pytest.mark.parametrize("path", ["../outside", ".git/hooks/pre-commit", "/etc/x"])
def test_a_path_out_of_the_workspace_is_refused(root: Path, path: str) -> None:
    with pytest.raises(DeskError, match="not a file of the workspace"):
        History(root).commit("m", [put(path)])


def test_committed_crlf_stays_byte_for_byte(root: Path) -> None:
    foreign = f"# WORKING\n\n{ATLAS}\n".replace("\n", "\r\n")
    (root / WORKING).write_bytes(foreign.encode())
    commit_all(root)
    git(root, "config", "core.autocrlf", "true")
    git(root, "config", "core.safecrlf", "true")
    sha = record(root, [update_working(STATE)])
    assert git(root, "show", f"{sha}:{WORKING}") == foreign + SECTION.replace("\n", "\r\n")
    assert status(root) == [""]


def test_a_crlf_checkout_of_lf_blobs(root: Path) -> None:
    git(root, "config", "core.autocrlf", "true")
    (root / WORKING).unlink()
    git(root, "checkout", "--", WORKING)
    assert b"\r\n" in (root / WORKING).read_bytes()
    sha = record(root, [update_working(STATE)])
    assert git(root, "show", f"{sha}:{WORKING}") == f"# WORKING\n\n{ATLAS}\n{SECTION}"
    assert b"\n" not in (root / WORKING).read_bytes().replace(b"\r\n", b"")
    assert status(root) == [""]


def test_the_repositorys_filters_apply(root: Path) -> None:
    (root / ".gitattributes").write_text("logs/* filter=rot\n")
    git(root, "config", "filter.rot.clean", "tr a-z n-za-m")
    git(root, "config", "filter.rot.smudge", "tr a-z n-za-m")
    commit_all(root)
    record(root, [add_log(ENTRY)])
    sha = record(root, [add_log(replace(ENTRY, title="Second"))])
    assert sha
    assert "Frpbaq" not in git(root, "cat-file", "blob", f"{sha}:{LOGS}")
    assert "Srpbaq" in git(root, "cat-file", "blob", f"{sha}:{LOGS}")
    assert History(root).read_file(sha, LOGS) == (root / LOGS).read_text()
    assert status(root) == [""]


def test_an_executable_file_stays_executable(root: Path) -> None:
    (root / "kim.txt").chmod(0o755)
    commit_all(root)
    sha = record(root, [put("kim.txt", "two\n")])
    assert git(root, "ls-tree", sha or "", "kim.txt").startswith("100755")
    assert status(root) == [""]


def test_a_path_that_is_a_link_in_head_is_refused(root: Path) -> None:
    (root / "logs").mkdir()
    (root / LOGS).symlink_to("../kim.txt")
    commit_all(root)
    with pytest.raises(HistoryError, match="something else than a file"):
        History(root).commit("m", [add_log(ENTRY)])


def test_a_failing_hook_leaves_nothing_half_done(root: Path) -> None:
    hook(root, "pre-commit", "echo 'no trailing\033[31m spaces' >&2; seq 100000 >&2; echo LAST; exit 1")
    head, index = git(root, "rev-parse", "HEAD"), (root / ".git/index").read_bytes()
    with pytest.raises(HistoryError, match="pre-commit") as raised:
        record(root, [update_working(STATE)])
    assert "LAST" in str(raised.value)
    assert len(str(raised.value)) < 3_000
    assert "\033" not in str(raised.value)
    assert (git(root, "rev-parse", "HEAD"), (root / ".git/index").read_bytes()) == (head, index)
    assert SECTION in (root / WORKING).read_text()
    assert not (root / ".git/index.lock").exists()
    (root / ".git/hooks/pre-commit").unlink()
    assert record(root, [update_working(STATE)])
    assert status(root) == [""]


def test_failing_signing_is_said(root: Path) -> None:
    git(root, "config", "commit.gpgsign", "true")
    git(root, "config", "gpg.program", "false")
    with pytest.raises(HistoryError, match=r"(?s)no hook there.*sign"):
        record(root, [update_working(STATE)])


def test_a_hook_sees_only_desks_files_and_may_add_a_trailer(root: Path) -> None:
    (root / "kim.txt").write_text("staged\n")
    git(root, "add", "kim.txt")
    hook(root, "pre-commit", f"git diff --cached --name-only > {root}/.git/seen")
    hook(root, "commit-msg", 'git interpret-trailers --in-place --trailer "Change-Id: I1" "$1"')
    sha = record(root, [update_working(STATE)], commit_message("x", AT, {"Session": "s"}))
    assert (root / ".git/seen").read_text() == f"{WORKING}\n"
    assert History(root).trailers(sha or "") == {"Session": "s", "Change-Id": "I1"}


def test_a_hook_may_rewrite_desks_own_file(root: Path) -> None:
    hook(root, "pre-commit", f"echo formatted >> {WORKING}; git add {WORKING}")
    sha = record(root, [update_working(STATE)])
    assert git(root, "show", f"{sha}:{WORKING}").endswith("formatted\n")
    assert status(root) == [""]


def test_a_hook_that_changes_files_without_adding_them(root: Path) -> None:
    hook(root, "pre-commit", f"echo more >> {WORKING}; echo more >> kim.txt")
    sha = record(root, [update_working(STATE)])
    assert git(root, "show", f"{sha}:{WORKING}") == f"# WORKING\n\n{ATLAS}\n{SECTION}"
    assert set(status(root)) == {" M kim.txt", f" M {WORKING}"}


@pytest.mark.parametrize("sweep", ["git add -A", f"git add {WORKING}"])
def test_a_hook_cannot_sweep_a_persons_changes_in(root: Path, sweep: str) -> None:
    (root / WORKING).write_text(f"# WORKING\n\n{ATLAS}- dirty\n")
    (root / "new.txt").write_text("untracked\n")
    hook(root, "pre-commit", sweep)
    head, index = git(root, "rev-parse", "HEAD"), (root / ".git/index").read_bytes()
    with pytest.raises(HistoryError, match=WORKING):
        record(root, [update_working(STATE)])
    assert (git(root, "rev-parse", "HEAD"), (root / ".git/index").read_bytes()) == (head, index)


def test_a_sweep_into_the_first_commit_is_taken_back(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "fresh")
    (root / "new.txt").write_text("untracked\n")
    hook(root, "pre-commit", "git add -A")
    with pytest.raises(HistoryError, match=r"new\.txt"):
        record(root, [put("desk.txt")])
    assert History(root).recent() == []
    assert set(status(root)) == {"?? desk.txt", "?? new.txt"}


def test_a_fresh_index_lock_is_waited_for_then_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = root / ".git/index.lock"
    lock.touch()
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    with pytest.raises(HistoryError, match=r"index\.lock exists, 0 s old.*Another git is likely at work"):
        History(root, lock_wait_s=0.2).preflight()
    assert waits
    with pytest.raises(HistoryError, match="only if no git runs"):
        History(root, lock_wait_s=0).commit("m", [update_working(STATE)])
    assert lock.exists()
    assert len(History(root).recent()) == 1


def test_a_stale_index_lock_is_said_with_its_age(root: Path) -> None:
    lock = root / ".git/index.lock"
    lock.touch()
    os.utime(lock, (time.time() - 7_300,) * 2)
    with pytest.raises(HistoryError, match=rf"2 h old. A git that was killed.*rm {lock}"):
        History(root, lock_wait_s=0).commit("m", [update_working(STATE)])


def test_a_lock_that_goes_away_in_time_is_no_matter(root: Path) -> None:
    lock = root / ".git/index.lock"
    lock.touch()
    with subprocess.Popen(["sh", "-c", 'sleep 0.3; rm "$0"', str(lock)]):
        assert History(root, lock_wait_s=10).commit("m", [update_working(STATE)])


def commit_once(root: Path) -> None:
    record(root, [update_working(STATE)])


def start(target: Callable[..., None], *args: object) -> multiprocessing.context.SpawnProcess:
    process = multiprocessing.get_context("spawn").Process(target=target, args=args)
    process.start()
    return process


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.exists()


def test_a_desk_killed_before_its_commit_is_settled(root: Path) -> None:
    mark, go = root / ".git/mark", root / ".git/go"
    hook(root, "pre-commit", f"touch {mark}; while ! test -e {go}; do sleep 0.02; done; exit 1")
    desk = start(commit_once, root)
    wait_for(mark)
    os.kill(desk.pid or 0, signal.SIGKILL)
    desk.join()
    with pytest.raises(HistoryError, match="Another Desk is committing here"):
        History(root, desk_wait_s=0.1).preflight()
    go.touch()
    (root / ".git/hooks/pre-commit").unlink()
    History(root, lock_wait_s=10).preflight()
    assert status(root) == [f" M {WORKING}"]
    assert record(root, [update_working(STATE)])
    assert status(root) == [""]


def test_a_desk_killed_after_its_commit_leaves_a_clean_tree_once_settled(root: Path) -> None:
    (root / "staged.txt").write_text("staged\n")
    git(root, "add", "staged.txt")
    mark, go = root / ".git/mark", root / ".git/go"
    hook(root, "post-commit", f"touch {mark}; while ! test -e {go}; do sleep 0.02; done")
    desk = start(commit_once, root)
    wait_for(mark)
    os.kill(desk.pid or 0, signal.SIGKILL)
    desk.join()
    go.touch()
    (root / ".git/hooks/post-commit").unlink()
    History(root, lock_wait_s=10).preflight()
    assert status(root) == ["A  staged.txt"]
    assert len(History(root).recent()) == 2
    assert record(root, [update_working(STATE)]) is None


def commit_many(root: Path, mark: str) -> None:
    for n in range(5):
        entry = replace(ENTRY, title=f"{mark}{n}")
        workspace = Workspace(root)
        with workspace.lock():
            edits = [add_log(entry)]
            workspace.write(edits)
            History(root, lock_wait_s=30).commit(mark, edits)


def commit_unlocked(root: Path, mark: str) -> None:
    for n in range(5):
        History(root, lock_wait_s=30).commit(mark, [put(f"{mark}{n}.txt")])


def test_two_processes_at_once_lose_nothing(root: Path) -> None:
    workers = [start(commit_many, root, mark) for mark in "ab"]
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    logged = git(root, "show", f"HEAD:{LOGS}")
    assert all(f"{mark}{n}\n" in logged for mark in "ab" for n in range(5))
    assert len(History(root).recent(100)) == 11
    assert status(root) == [""]


def test_two_processes_without_the_workspace_lock_keep_each_others_commits(root: Path) -> None:
    workers = [start(commit_unlocked, root, mark) for mark in "ab"]
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    names = set(git(root, "ls-tree", "--name-only", "HEAD").split())
    assert {f"{mark}{n}.txt" for mark in "ab" for n in range(5)} <= names
    assert "kim.txt" in names


def test_no_repository(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError, match=r"not in a git repository.*desk init.*git init"):
        History(tmp_path / "plain").preflight()
    with pytest.raises(UsageError, match="desk init"):
        History(tmp_path / "missing").preflight()


def test_a_bare_repository_and_a_git_folder(tmp_path: Path, root: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    for folder in (tmp_path / "bare.git", root / ".git"):
        with pytest.raises(UsageError, match="no work tree"):
            History(folder).preflight()
    with pytest.raises(UsageError, match="no work tree"):
        init_repository(tmp_path / "bare.git")


def test_a_detached_head(root: Path) -> None:
    git(root, "checkout", "-q", "--detach")
    with pytest.raises(UsageError, match="git switch BRANCH"):
        History(root).preflight()
    with pytest.raises(UsageError, match="detached"):
        History(root).commit("m", [update_working(STATE)])
    assert not (root / ".git/index.lock").exists()


@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick", "revert"])
def test_an_operation_in_progress(root: Path, operation: str) -> None:
    git(root, "checkout", "-qb", "side")
    (root / "kim.txt").write_text("side\n")
    side = commit_all(root)
    git(root, "checkout", "-q", "main")
    (root / "kim.txt").write_text("main\n")
    commit_all(root)
    (root / "kim.txt").write_text("again\n")
    commit_all(root)
    argument = {"merge": side, "rebase": side, "cherry-pick": side, "revert": "HEAD~1"}[operation]
    subprocess.run(["git", "-C", str(root), operation, argument], check=False, capture_output=True)
    with pytest.raises(UsageError, match=rf"a {operation} is in progress.*git {operation} --abort"):
        History(root).preflight()
    git(root, operation, "--abort")
    History(root).preflight()


def test_no_identity(root: Path, home: Path) -> None:
    (home / "gitconfig").write_text("")
    with pytest.raises(UsageError, match=r'user\.name "NAME".*user\.email "EMAIL"'):
        History(root).preflight()
    with pytest.raises(UsageError, match=r"user\.email"):
        History(root).commit("m", [update_working(STATE)])


def test_identity_from_the_environment(root: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "gitconfig").write_text("")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Orchestrator")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "o@example.com")
    History(root).preflight()


def test_another_users_repository(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(UsageError, match=rf"another user owns it.*--add safe\.directory {root}$"):
        History(root).preflight()


def test_a_redirected_git_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(root / ".git"))
    with pytest.raises(UsageError, match=r"GIT_DIR.*unset it"):
        History(root).preflight()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_git_folder_that_cannot_be_written(root: Path) -> None:
    (root / ".git").chmod(0o555)
    try:
        with pytest.raises(UsageError, match="Permission denied"):
            History(root).preflight()
    finally:
        (root / ".git").chmod(0o755)


def test_git_not_installed(root: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from agent.errors import UsageError\n"
        "from agent.workspace.history import History\n"
        "try:\n    History(pathlib.Path(sys.argv[1])).preflight()\n"
        "except UsageError as error:\n    print(error)\n"
    )
    env = {"PATH": str(root), "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", program, str(root)], env=env, check=False, capture_output=True, text=True
    )
    assert done.stdout.startswith("git is not installed"), done.stderr


def test_commit_message_is_in_utc_with_its_trailers() -> None:
    at = AT.astimezone(timezone(timedelta(hours=2)))
    message = commit_message("Raise the limit", at, {"Session": "s-1", "Task": "mend it", "Approved-By": ""})
    assert message == (
        "agent:developer-experience: 20250131-093005 - Raise the limit\n\nSession: s-1\nTask: mend it\n"
    )
    assert commit_message("x", AT, {}) == "agent:developer-experience: 20250131-093005 - x\n"


def test_nobody_can_forge_a_trailer(root: Path) -> None:
    hostile = "x\n\nApproved-By: mallory\r\nApproved-By: m\u2028Approved-By: n\x00\x85Approved-By: o"
    message = commit_message(hostile, AT, {"Session": "s", "Task": hostile, "Subtask": "# not a comment"})
    sha = record(root, [update_working(STATE)], message)
    found = History(root).trailers(sha or "")
    assert set(found) == {"Session", "Task", "Subtask"}
    assert found["Subtask"] == "# not a comment"
    assert len(message.splitlines()[0]) <= 120
    with pytest.raises(ValueError, match="trailer"):
        commit_message("x", AT, {"A: b\nApproved-By": "x"})


def test_a_long_summary_and_value_are_cut() -> None:
    first, _, task = commit_message("word " * 100, AT, {"Task": "t" * 5_000}).splitlines()
    assert len(first) < 120
    assert first.endswith("…")
    assert len(task) < 1_100


def test_find_by_trailers(root: Path) -> None:
    shas = [
        record(root, [put("a.txt", f"{n}")], commit_message("x", AT, {"Session": "s\n1", "Subtask": f"{n}"}))
        for n in range(3)
    ]
    history = History(root)
    assert history.find_by_trailers({"Session": "s\n1", "Subtask": "1"}) == shas[1]
    assert history.find_by_trailers({"Session": "s 1"}) == shas[2]
    assert history.find_by_trailers({"Session": "s 1", "Subtask": "9"}) is None
    assert history.find_by_trailers({}) is None
    assert history.find_by_trailers({"Session": "s"}) is None  # the whole value, not its beginning


def test_a_commit_is_found_however_many_came_after_it(root: Path) -> None:
    sha = record(root, [put("a.txt", "0")], commit_message("x", AT, {"Session": "s 1", "Subtask": "1"}))
    branch = git(root, "symbolic-ref", "HEAD").strip()
    head = f"commit {branch}\ncommitter Kim <kim@example.com> 1800000000 +0000\ndata 2\nx\n"
    feed = f"{head}from {sha}\n" + head * 249
    subprocess.run(["git", "-C", root, "fast-import", "--quiet"], input=feed.encode(), check=True)
    assert History(root).find_by_trailers({"Session": "s 1", "Subtask": "1"}) == sha


def test_trailers_in_the_body_are_not_trailers(root: Path) -> None:
    git(
        root,
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "by hand",
        "-m",
        "Session: s\nnot a trailer\nat all\nno",
        "-m",
        "end",
    )
    assert History(root).find_by_trailers({"Session": "s"}) is None
    assert History(root).trailers("HEAD") == {}


def test_recent_is_newest_first(root: Path) -> None:
    git(root, "config", "log.showSignature", "true")
    sha = record(root, [put("a.txt")], "agent: née \x1f\n")
    newest, oldest = History(root).recent()
    assert (newest.sha, newest.subject) == (sha, "agent: née \x1f")
    assert datetime.fromisoformat(newest.time).tzinfo is not None
    assert oldest.subject == "by hand"
    assert len(History(root).recent(1)) == 1


def test_resolve(root: Path) -> None:
    history, head = History(root), git(root, "rev-parse", "HEAD").strip()
    git(root, "tag", "-a", "v1", "-m", "v1")
    assert {history.resolve(rev) for rev in ("HEAD", "main", "v1", head, head[:8])} == {head}
    for rev in ("nope", "", "--all", "-h", "HEAD~5", "HEAD:kim.txt", "a\0b", "HEAD..HEAD", "deadbeef" * 5):
        with pytest.raises(UsageError, match="Next:"):
            history.resolve(rev)


def test_an_ambiguous_revision(root: Path) -> None:
    tree = "from refs/heads/main^0\n"
    stream = "".join(
        f"commit refs/heads/many\ncommitter K <k@x> {n} +0000\ndata 1\nx\n{tree if n == 0 else ''}"
        for n in range(1_500)
    )
    subprocess.run(
        ["git", "-C", str(root), "fast-import", "--quiet"],
        input=stream.encode(),
        check=True,
        capture_output=True,
    )
    short = sorted(sha[:4] for sha in git(root, "rev-list", "--all").split())
    twice = next(a for a, b in itertools.pairwise(short) if a == b)
    with pytest.raises(UsageError, match="several commits"):
        History(root).resolve(twice)


def test_read_file(root: Path) -> None:
    sha = record(root, [put("a.txt", "before\n")])
    record(root, [put("a.txt", "after\n")])
    assert History(root).read_file(sha or "", "a.txt") == "before\n"
    with pytest.raises(UsageError, match=r"b\.txt is not in commit"):
        History(root).read_file("HEAD", "b.txt")
    with pytest.raises(DeskError, match="Next:"):
        History(root).read_file("HEAD", "../a.txt")


def test_init_makes_a_workspace_once(tmp_path: Path) -> None:
    root = tmp_path / "new/ops"
    said = init_repository(root)
    assert [line.split()[0] for line in said] == ["made", "made", *["wrote"] * 4, "committed"]
    assert set(git(root, "ls-files").split()) == {WORKING, LOGS, INCIDENTS, SETTINGS_FILE}
    assert (root / LOGS).read_text() == "# LOGS\n"
    assert git(root, "symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert status(root) == [""]
    assert init_repository(root) == []
    History(root).preflight()


def test_init_sets_an_identity_only_where_there_is_none(tmp_path: Path, home: Path) -> None:
    init_repository(tmp_path / "a")
    assert git(tmp_path / "a", "log", "-1", "--format=%an") == "Kim\n"
    (home / "gitconfig").write_text("")
    assert any("user.email" in line for line in init_repository(tmp_path / "b"))
    assert git(tmp_path / "b", "log", "-1", "--format=%an <%ae>") == "Desk <desk@localhost>\n"


def test_init_leaves_existing_files_as_they_are(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "ops")
    (root / "logs").mkdir()
    (root / LOGS).write_text("# LOGS\n\nmine\n")
    (root / "staged.txt").write_text("mine\n")
    git(root, "add", "staged.txt")
    init_repository(root)
    assert (root / LOGS).read_text() == "# LOGS\n\nmine\n"
    assert set(status(root)) == {"A  staged.txt", "?? logs/"}


def test_init_inside_another_repository(root: Path) -> None:
    init_repository(root / "ops")
    assert (root / "ops/.git").is_dir()
    assert init_repository(root / "working")[0].startswith(f"uses the git repository {root}")
    assert not (root / "working/.git").exists()


def test_init_where_no_folder_can_be(root: Path) -> None:
    with pytest.raises(UsageError, match="cannot be made"):
        init_repository(root / "kim.txt/ops")


def test_the_locks_that_a_killed_commit_left_on_head_and_branch_go_with_its_own(root: Path) -> None:
    base = git(root, "rev-parse", "HEAD").strip()
    (root / ".git/index.lock").write_text(f"desk-agent {base}\n")  # nobody holds its flock
    for name in ("HEAD.lock", "refs/heads/main.lock"):
        (root / ".git" / name).touch()
    (root / ".git/desk.scratch").mkdir()
    assert record(root, [put("a.txt")])
    left = [str(file) for file in (root / ".git").rglob("*") if file.suffix in (".lock", ".scratch")]
    assert left == []


def test_a_lock_on_head_that_is_somebody_else_s_stays(root: Path) -> None:
    (root / ".git/HEAD.lock").touch()
    with pytest.raises(HistoryError, match=r"HEAD\.lock"):
        record(root, [put("a.txt")])
    assert (root / ".git/HEAD.lock").exists()
    assert git(root, "log", "--oneline").count("\n") == 1
