"""Told to stop: SIGTERM drains, Ctrl-C interrupts, a second one does not wait; a resume finishes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.proxy import Answer, Delay, Meanwhile, Where
from tests.faults.scene import (
    EFFECT,
    PODS,
    READ,
    WHOAMI,
    Ended,
    Running,
    Scene,
    assert_clean,
    assert_done_once,
    assert_no_lock,
    assert_nothing_begun,
    assert_paused,
    assert_said,
    assert_whole,
    eventually,
    set_memory,
)

CODES = {signal.SIGTERM: 4, signal.SIGINT: 130}
SAID = {signal.SIGTERM: "Parked: told to stop (SIGTERM)", signal.SIGINT: "Parked: interrupted"}
BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
WAIT = {"namespace": "shop-dev", "name": "web", "stable_s": 4}


def stop_at(scene: Scene, where: Where, number: signal.Signals, *command: str) -> Ended:
    """Run a command and send it a signal while a request is under way."""
    scene.proxy.at(where, Delay(1.0))
    running = scene.start(*command)
    scene.proxy.wait_for(where)
    running.tell(number)
    done = running.end()
    scene.proxy.heal()
    return done


@BOTH
def test_while_the_gate_reads(scene: Scene, number: signal.Signals) -> None:
    done = stop_at(scene, READ, number, *set_memory())
    assert_paused(done, CODES[number], SAID[number])
    assert scene.effects() == 0
    scene.resume()
    assert_done_once(scene)


def test_sigterm_while_the_api_server_asks_to_wait(scene: Scene) -> None:
    scene.proxy.at(READ, Answer(429, headers={"Retry-After": "9"}))
    running = scene.start(*set_memory())
    scene.proxy.wait_for(READ)
    running.tell(signal.SIGTERM)
    assert_paused(running.end(), 4, SAID[signal.SIGTERM])
    assert len(scene.proxy.came_to(READ)) == 1  # it was not waited for: nobody asked again
    scene.proxy.heal()
    scene.resume()
    assert_done_once(scene)


@BOTH
def test_while_it_diagnoses(scene: Scene, number: signal.Signals) -> None:
    done = stop_at(scene, PODS, number, "run", "why does checkout crash in shop-dev?")
    assert_paused(done, CODES[number], SAID[number])
    assert "OOMKilled" in scene.resume().stdout
    assert_whole(scene)


@BOTH
def test_while_a_rollout_is_waited_for(scene: Scene, number: signal.Signals) -> None:
    running = scene.start("call", "wait_for_rollout", "--json", json.dumps(WAIT))
    scene.proxy.wait_for(PODS)
    running.tell(number)
    assert_paused(running.end(), CODES[number], SAID[number])
    assert "tool_result" not in scene.types()
    assert "rolled out and healthy" in scene.resume().stdout


def test_sigterm_while_the_patch_is_under_way_lets_it_end_and_records_it(scene: Scene) -> None:
    done = stop_at(scene, EFFECT, signal.SIGTERM, *set_memory())
    assert_paused(done, 4, SAID[signal.SIGTERM], "applied: patched Deployment checkout")
    assert scene.types()[-2:] == ["session_paused", "committed"]
    assert scene.bodies("committed")[0]["subtask"] == "01-set-resources-checkout"
    scene.resume()
    assert_done_once(scene)


def test_ctrl_c_while_the_patch_is_under_way_leaves_it_to_the_resume(scene: Scene) -> None:
    done = stop_at(scene, EFFECT, signal.SIGINT, *set_memory())
    assert_paused(done, 130, SAID[signal.SIGINT])
    assert "tool_receipt" not in scene.types()
    scene.resume()
    assert [body["outcome"] for body in scene.bodies("tool_receipt")] == ["reconciled"]
    assert_done_once(scene)


def test_a_patch_that_lands_only_after_the_resume_has_looked_is_recorded(scene: Scene) -> None:
    land = threading.Event()
    scene.proxy.at(EFFECT, Meanwhile(lambda: land.wait(60)), times=1)
    running = scene.start(*set_memory())
    scene.proxy.wait_for(EFFECT)
    running.tell(signal.SIGINT)
    assert_paused(running.end(), 130)

    def landed() -> None:
        land.set()
        eventually(lambda: scene.effects() == 1, "the patch lands")

    scene.proxy.at(READ, Meanwhile(landed, done=True), times=1)
    scene.resume()
    assert_done_once(scene)


def test_sigterm_while_git_commits_lets_it_end(scene: Scene) -> None:
    hook_runs = scene.slow_hook(1)
    running = scene.start(*set_memory())
    eventually(hook_runs.exists, "the hook runs")
    running.tell(signal.SIGTERM)
    assert_paused(running.end(), 4, SAID[signal.SIGTERM], "(01-set-resources-checkout)")
    assert_clean(scene)
    scene.hook("exit 0")
    scene.resume()
    assert_done_once(scene)


Tell = Callable[[Running, signal.Signals], None]
AS_SENT = pytest.mark.parametrize("tell", [Running.tell, Running.tell_group], ids=["kill", "terminal"])


@AS_SENT
def test_ctrl_c_while_git_commits(scene: Scene, tell: Tell) -> None:
    """Whether only Desk gets it, or git and its hook as well, HEAD holds all that it held."""
    before = scene.git("ls-files")
    hook_runs = scene.slow_hook(1)
    running = scene.start(*set_memory())
    eventually(hook_runs.exists, "the hook runs")
    tell(running, signal.SIGINT)
    assert_paused(running.end(), 130, SAID[signal.SIGINT])
    assert set(before.splitlines()) <= set(scene.git("ls-tree", "-r", "--name-only", "HEAD").splitlines())
    assert scene.git("diff", "--cached", "--name-only") == ""
    assert_no_lock(scene)
    scene.hook("exit 0")
    scene.resume()
    assert_done_once(scene)


@AS_SENT
def test_two_ctrl_c_in_a_row(scene: Scene, tell: Tell) -> None:
    scene.env["DESK_API_TIMEOUT_S"] = "600"
    land = threading.Event()
    scene.proxy.at(EFFECT, Meanwhile(lambda: land.wait(60)), times=1)
    running = scene.start(*set_memory())
    scene.proxy.wait_for(EFFECT)
    tell(running, signal.SIGINT)
    time.sleep(0.05)
    tell(running, signal.SIGINT)
    assert_said(running.end(), 130)  # while the patch is under way
    land.set()
    scene.proxy.heal()
    scene.resume()
    assert_done_once(scene)


@AS_SENT
def test_a_second_ctrl_c_ends_an_end_protocol_that_takes_long(scene: Scene, tell: Tell) -> None:
    hook_runs = scene.slow_hook(30)
    scene.proxy.at(PODS, Delay(0.5), times=1)
    running = scene.start("run", "why does checkout crash in shop-dev?")
    scene.proxy.wait_for(PODS)
    running.tell(signal.SIGINT)
    eventually(hook_runs.exists, "the hook of the last commit runs")
    tell(running, signal.SIGINT)
    assert_said(running.end(), 130, SAID[signal.SIGINT])
    assert hook_runs.exists()  # it never came to its end
    assert scene.git("rev-list", "--count", "HEAD") == "1"
    assert_no_lock(scene)
    scene.hook("exit 0")
    assert "OOMKilled" in scene.resume().stdout
    assert_whole(scene)


def test_one_ctrl_c_in_the_end_protocol_waits_for_it(scene: Scene) -> None:
    hook_runs = scene.slow_hook(1)
    running = scene.start(*set_memory(namespace="shop-staging"))
    eventually(hook_runs.exists, "the hook of the last commit runs")
    running.tell_group(signal.SIGINT)
    assert_said(running.end(), 3, "Parked: waiting for apr-")
    assert_clean(scene)
    assert scene.git("rev-list", "--count", "HEAD") == "2"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)])
def test_before_the_journal_exists_nothing_is_left(scene: Scene, number: signal.Signals, code: int) -> None:
    done = stop_at(scene, WHOAMI, number, *set_memory())
    assert_said(done, code)
    assert_nothing_begun(scene)
    assert not (scene.root / ".desk/journal.db").exists()


@BOTH
def test_while_git_is_asked_whether_it_takes_commits_no_lock_is_left(
    scene: Scene, number: signal.Signals, tmp_path: Path
) -> None:
    asked = slow_git(scene, tmp_path)
    running = scene.start(*set_memory())
    eventually(asked.exists, "git is asked who commits")
    assert (scene.root / ".git/index.lock").exists()
    running.tell(number)
    assert running.end().returncode == {signal.SIGTERM: -signal.SIGTERM, signal.SIGINT: 130}[number]
    assert_nothing_begun(scene)


def slow_git(scene: Scene, folder: Path) -> Path:
    """A git that takes a second to say who commits; gives the file that tells it was asked."""
    asked, wrapper = folder / "asked", folder / "bin/git"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f'#!/bin/sh\ncase "$*" in *_IDENT) touch {asked}; sleep 1;; esac\nexec {shutil.which("git")} "$@"\n'
    )
    wrapper.chmod(0o755)
    scene.env["PATH"] = f"{wrapper.parent}:{os.environ['PATH']}"
    return asked
