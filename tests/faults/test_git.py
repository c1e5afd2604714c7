"""A repository that takes no commits: at the start nothing is begun, later the session waits until it is mended."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.disk import mounted
from tests.faults.proxy import Meanwhile
from tests.faults.scene import (
    EFFECT,
    Scene,
    assert_done_once,
    assert_nothing_begun,
    assert_paused,
    assert_said,
    eventually,
    set_memory,
)

Do = Callable[[Scene], object]


def lock_index(scene: Scene, age_s: float = 0) -> None:
    """What a git leaves that is killed while it stages."""
    lock = scene.root / ".git/index.lock"
    lock.touch()
    os.utime(lock, (lock.stat().st_mtime - age_s,) * 2)


def unlock_index(scene: Scene) -> None:
    (scene.root / ".git/index.lock").unlink()


def forget_identity(scene: Scene) -> None:
    Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text("")


def detach(scene: Scene) -> None:
    scene.git("checkout", "--quiet", "--detach")


def attach(scene: Scene) -> None:
    scene.git("switch", "--quiet", "main")


def give_identity(scene: Scene) -> None:
    scene.git("config", "user.name", "Kim")
    scene.git("config", "user.email", "kim@example.com")


def refuse(scene: Scene) -> None:
    scene.hook("echo this hook says no >&2; exit 1")


def agree(scene: Scene) -> None:
    scene.hook("exit 0")


def start_merge(scene: Scene) -> None:
    (scene.root / ".git/MERGE_HEAD").write_text(scene.git("rev-parse", "HEAD"))


def end_merge(scene: Scene) -> None:
    (scene.root / ".git/MERGE_HEAD").unlink()


FAULTS: dict[str, tuple[Do, Do, int, str]] = {
    "index.lock": (lock_index, unlock_index, 1, "index.lock exists, "),
    "detached": (detach, attach, 2, "HEAD is detached in"),
    "merge": (start_merge, end_merge, 2, "a merge is in progress in"),
    "hook": (refuse, agree, 1, "this hook says no"),
}
KILLED = "2 h old. A git that was killed most likely left it"
AT_THE_START: dict[str, tuple[Do, Do, int, str]] = {
    "old index.lock": (lambda scene: lock_index(scene, 7300), unlock_index, 1, KILLED),
    "detached": FAULTS["detached"],
    "no identity": (forget_identity, give_identity, 2, "git has no name and email for commits in"),
}


@pytest.mark.parametrize("fault", AT_THE_START)
def test_at_the_start_nothing_is_begun(scene: Scene, fault: str) -> None:
    break_it, mend_it, code, said = AT_THE_START[fault]
    break_it(scene)
    assert_said(scene.desk(*set_memory()), code, "error: ", said, str(scene.root), "Next: ")
    mend_it(scene)
    assert_nothing_begun(scene)


@pytest.mark.parametrize("fault", FAULTS)
def test_after_the_effect_the_session_waits_until_it_is_mended(scene: Scene, fault: str) -> None:
    break_it, mend_it, code, said = FAULTS[fault]
    scene.proxy.at(EFFECT, Meanwhile(lambda: break_it(scene)), times=1)
    assert_paused(scene.desk(*set_memory()), code, said, str(scene.root), "applied: patched")
    assert scene.types()[-1] == "session_paused"
    if fault != "hook":
        assert_said(scene.desk("resume"), code, "error: ", said)
    mend_it(scene)
    scene.resume()
    assert_done_once(scene)


def test_a_repository_that_may_only_be_read(scene: Scene) -> None:
    with mounted(scene.root / ".git") as disk:
        scene.proxy.at(EFFECT, Meanwhile(disk.be_read_only), times=1)
        assert_paused(scene.desk(*set_memory()), 2, "Read-only file system", str(scene.root), "applied: patched")
        assert_said(scene.desk("resume"), 2, "error: ", "Read-only file system", "Next: ")
        disk.be_read_only(so=False)
        scene.resume()
        assert_done_once(scene)


@pytest.mark.parametrize("hook", ["pre-commit", "post-commit"])
def test_a_desk_that_is_killed_while_git_commits_is_settled_by_the_next(scene: Scene, hook: str) -> None:
    hook_runs = scene.slow_hook(1.5, hook)
    running = scene.start(*set_memory())
    eventually(hook_runs.exists, "the hook runs")
    running.tell(signal.SIGKILL)
    assert running.end().returncode == -signal.SIGKILL
    (scene.root / ".git/hooks" / hook).unlink()
    scene.resume()
    assert_done_once(scene)


def test_a_desk_that_is_killed_together_with_its_git_is_settled_by_the_next(scene: Scene) -> None:
    hook_runs = scene.slow_hook(30)
    running = scene.start(*set_memory())
    eventually(hook_runs.exists, "the hook runs")
    running.tell_group(signal.SIGKILL)
    running.end()
    (scene.root / ".git/hooks/pre-commit").unlink()
    scene.resume()
    assert_done_once(scene)


def test_a_hook_that_leaves_something_running_is_not_waited_for(scene: Scene) -> None:
    watcher = scene.root.parent / "watcher"
    scene.hook(f"test -e {watcher} || {{ sleep 300 & echo $! > {watcher}; }}")
    assert_said(scene.desk(*set_memory()), 0)
    os.kill(int(watcher.read_text()), signal.SIGKILL)
    assert_done_once(scene)


def test_what_somebody_else_has_staged_and_changed_stays_theirs(scene: Scene) -> None:
    for name, text in (("tracked.txt", "one\n"), ("gone.txt", "one\n")):
        (scene.root / name).write_text(text)
    scene.git("add", "tracked.txt", "gone.txt")
    scene.git("commit", "--quiet", "-m", "theirs")
    (scene.root / "tracked.txt").write_text("two\n")
    (scene.root / "staged.txt").write_text("staged\n")
    (scene.root / "new.txt").write_text("new\n")
    (scene.root / "logs/LOGS.md").write_text("# LOGS\n\nTheir note.\n")
    scene.git("add", "staged.txt")
    scene.git("rm", "--quiet", "gone.txt")
    before = scene.git("status", "--porcelain").splitlines()
    assert_said(scene.desk(*set_memory()), 0)
    assert scene.git("status", "--porcelain").splitlines() == before
    theirs = {"tracked.txt", "staged.txt", "new.txt", "gone.txt"}
    changed = scene.git("log", "--format=", "--name-only", "HEAD~2..HEAD").splitlines()
    assert not theirs & set(changed)
    assert "Their note." not in scene.git("show", "HEAD:logs/LOGS.md")
    assert "Their note." in (scene.root / "logs/LOGS.md").read_text()
    assert scene.memory() == "64Mi"
