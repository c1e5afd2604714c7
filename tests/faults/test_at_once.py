"""Several sessions at once: on one workspace nothing is lost, on one object nobody overwrites blindly."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from agent.workspace.history import init_repository
from tests.faults.proxy import Meanwhile
from tests.faults.scene import (
    EFFECT,
    Running,
    Scene,
    assert_clean,
    assert_said,
    assert_whole,
    eventually,
    set_memory,
)

ENDS_WITHIN_S = 240.0


def begin_and_hold(scene: Scene, *command: str) -> tuple[Running, threading.Event]:
    """Start a session whose first patch is held until the event is set."""
    scene.env["DESK_API_TIMEOUT_S"] = str(ENDS_WITHIN_S)
    go_on = threading.Event()
    scene.proxy.at(EFFECT, Meanwhile(lambda: go_on.wait(ENDS_WITHIN_S)), times=1)
    running = scene.start(*command)
    scene.proxy.wait_for(EFFECT)
    return running, go_on


@pytest.mark.parametrize("together", [True, False], ids=["one workspace", "two workspaces"])
def test_two_sessions_on_one_object_do_not_overwrite_each_other_blindly(
    scene: Scene, tmp_path: Path, together: bool
) -> None:
    elsewhere = scene.root if together else tmp_path / "elsewhere"
    init_repository(elsewhere)
    first, go_on = begin_and_hold(scene, *set_memory("64Mi"))
    assert_said(scene.desk(*set_memory("96Mi"), root=elsewhere), 0, "16Mi -> 96Mi")
    go_on.set()
    done = first.end()
    assert_said(done, 0, "stale: Deployment checkout in shop-dev was changed by somebody else")
    assert_said(done, 0, "Done: set memory limit 96Mi -> 64Mi")
    assert (scene.memory(), scene.effects()) == ("64Mi", 2)
    assert_whole(scene, sessions=2 if together else 1)
    (newest,) = scene.git("log", "--format=%H", "--grep=96Mi -> 64Mi", "-1").split()
    assert_said(scene.desk("rollback", newest), 0)
    assert scene.memory() == "96Mi"


def test_two_sessions_that_want_the_same_do_it_once(scene: Scene) -> None:
    first, go_on = begin_and_hold(scene, *set_memory())
    assert_said(scene.desk(*set_memory()), 0)
    go_on.set()
    assert_said(first.end(), 0, "stale: ", "Nothing to change")
    assert (scene.memory(), scene.effects()) == ("64Mi", 1)
    assert len(scene.bodies("subtask_done")) == 1
    assert_clean(scene)
    assert scene.verify()


def test_a_session_waits_for_the_slow_hook_of_another(scene: Scene) -> None:
    once = scene.root.parent / "once"
    scene.hook(f"test -e {once} || {{ touch {once}; sleep 5; }}")
    first = scene.start(*set_memory())
    eventually(once.exists, "the hook runs")
    assert_said(scene.desk(*set_memory("256Mi", "web")), 0)
    assert_said(first.end(), 0)
    assert_whole(scene, sessions=2)


EIGHT = {
    "checkout": ("64Mi", "80Mi"),
    "payments": ("160Mi",),
    "catalog": ("160Mi",),
    "search": ("65Gi",),
    "cart": ("160Mi", "192Mi"),
    "web": ("160Mi",),
}


def test_eight_sessions_at_once_on_one_workspace(scene: Scene) -> None:
    wanted = [(name, memory) for name, memories in EIGHT.items() for memory in memories]
    running = [scene.start(*set_memory(memory, name)) for name, memory in wanted]
    for session in running:
        assert_said(session.end(ENDS_WITHIN_S), 0, "DONE")
    for name, memories in EIGHT.items():
        assert scene.effects(name) == len(memories)
        assert scene.memory(name) in memories
    assert_whole(scene, sessions=8)
    assert Counter(subtask for _, subtask in scene.subtasks() if subtask) == {
        "close": 8,
        **{f"01-set-resources-{name}": len(memories) for name, memories in EIGHT.items()},
    }
    assert scene.git("rev-list", "--count", "HEAD") == "17"
    headings = [line for line in (scene.root / "logs/LOGS.md").read_text().splitlines() if line.startswith("## ")]
    assert len(headings) == 16
    assert headings == sorted(headings, key=lambda line: line.split()[1], reverse=True)
