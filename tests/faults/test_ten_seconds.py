"""Told to stop by SIGTERM, a session is over in ten seconds, whatever it is at; WORKING.md says how to go on."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator

import pytest

from tests.faults.proxy import Delay, Silence, Where
from tests.faults.scene import (
    EFFECT,
    PODS,
    Running,
    Scene,
    assert_done_once,
    assert_paused,
    assert_whole,
)
from tests.messages_api.script import Call, Fault, Turn
from tests.messages_api.server import MessagesServer

GRACE_S = 10.0
LOGS = Where("GET", "/log[?]")
DONE = Turn(calls=(Call("finish", {"outcome": "done", "summary": "All is read."}),))
READS = tuple(Call("logs", {"namespace": "shop-dev", "pod": pod}) for pod in ("web", "catalog", "checkout"))
WAIT = ("call", "wait_for_rollout", "--json", json.dumps({"namespace": "shop-dev", "name": "web", "stable_s": 60}))


@pytest.fixture
def thinks(scene: Scene) -> Iterator[MessagesServer]:
    """Claude, who reads three logs at once and then says nothing for a long time."""
    with MessagesServer([Turn(calls=READS), Turn(calls=DONE.calls, faults=(Fault(hang_s=60.0),))]) as server:
        scene.env |= {"ANTHROPIC_API_KEY": "a-key-of-the-test", "DESK_BASE_URL": server.url, "DESK_MODEL": "claude"}
        yield server


def ended(scene: Scene, running: Running, *, only_reads: bool = False) -> None:
    """Tell it to stop; it is over in time, and the working file names the command that goes on.

    A typed call that only reads leaves no commit.
    """
    told = time.monotonic()
    running.tell(signal.SIGTERM)
    done = running.end()
    took_s = time.monotonic() - told
    print(f"over after {took_s:.1f} s")
    assert_paused(done, 4)
    assert took_s < GRACE_S
    working = (scene.root / "working/WORKING.md").read_text()
    assert only_reads or re.search(r"### Next Action\ndesk resume \S+", working)


def test_while_the_model_thinks(scene: Scene, thinks: MessagesServer) -> None:
    running = scene.start("run", "read the logs of web, catalog and checkout in shop-dev")
    until = time.monotonic() + 60
    while thinks.attempts < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    ended(scene, running)
    scene.resume()
    assert_whole(scene)


def test_while_several_logs_are_read_at_once(scene: Scene, thinks: MessagesServer) -> None:
    scene.proxy.at(LOGS, Silence())
    running = scene.start("run", "read the logs of web, catalog and checkout in shop-dev")
    scene.proxy.wait_for(LOGS, count=2)
    ended(scene, running)
    scene.proxy.heal()
    assert "tool_result" not in scene.types()


def test_while_a_tool_waits(scene: Scene) -> None:
    running = scene.start(*WAIT)
    scene.proxy.wait_for(PODS)
    ended(scene, running, only_reads=True)


@pytest.mark.parametrize("trouble", [Delay(3.0), Silence()], ids=["slow", "silent"])
def test_while_a_change_is_under_way(scene: Scene, trouble: Delay | Silence) -> None:
    """One that is answered in time is recorded; what is not, the resume looks for."""
    scene.proxy.at(EFFECT, trouble, times=1)
    running = scene.start("run", "set the memory limit of checkout in shop-dev to 64Mi")
    scene.proxy.wait_for(EFFECT)
    ended(scene, running)
    assert ("tool_receipt" in scene.types()) is isinstance(trouble, Delay)
    scene.proxy.heal()
    scene.resume()
    assert_done_once(scene)
