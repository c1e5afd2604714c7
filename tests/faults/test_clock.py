"""A clock that is moved between processes: events keep their order, deadlines and files are kept."""

from __future__ import annotations

import contextlib
import json
import re
import signal
from datetime import UTC, datetime, timedelta

import pytest

from agent.journal import approvals
from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from tests.faults.proxy import Answer
from tests.faults.scene import (
    PODS,
    Scene,
    assert_clean,
    assert_done_once,
    assert_paused,
    assert_said,
    assert_whole,
    eventually,
    set_memory,
)

BACK_AND_FORTH = pytest.mark.parametrize("clock_s", [-60.0, 60.0], ids=["back", "forth"])
DOWN = Answer(503, "apiserver is shutting down", "ServiceUnavailable")
WHY = ("run", "why does checkout crash in shop-dev?")
STAGING = set_memory(namespace="shop-staging")
HOUR_S = 3600.0


def log_times(scene: Scene, file: str = "LOGS.md") -> list[datetime]:
    """The times of the entries, from the top; each heading has one."""
    headings = re.findall(r"^## (\S+) - \S.*$", (scene.root / "logs" / file).read_text(), re.MULTILINE)
    return [datetime.fromisoformat(at) for at in headings]


def minutes_apart(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds() / 60


@BACK_AND_FORTH
def test_a_resume_on_another_clock(scene: Scene, clock_s: float) -> None:
    scene.proxy.at(PODS, DOWN)
    assert_paused(scene.desk(*WHY), 1)
    scene.proxy.heal()
    scene.clock_s = clock_s
    assert "OOMKilled" in scene.resume().stdout
    scene.clock_s = 0
    assert_said(scene.desk(*set_memory()), 0)
    entries = scene.entries()
    at = {entry.type: entry.at for entry in entries if entry.session == entries[0].session}
    assert (minutes_apart(at["session_paused"], at["session_resumed"]) < 0) == (clock_s < 0)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert len(log_times(scene)) == 4
    assert log_times(scene) == sorted(log_times(scene), reverse=True)
    listed = json.loads(scene.desk("sessions", "-o", "json").stdout)["sessions"]
    assert [line["session"] for line in listed] == [entries[-1].session, entries[0].session]
    assert (scene.memory(), scene.effects()) == ("64Mi", 1)
    assert_whole(scene, sessions=2)


@BACK_AND_FORTH
def test_a_commit_that_the_journal_does_not_know_of_is_found_on_another_clock(scene: Scene, clock_s: float) -> None:
    hook_runs = scene.slow_hook(30, "post-commit")
    running = scene.start(*set_memory())
    eventually(hook_runs.exists, "the hook runs")
    running.tell_group(signal.SIGKILL)
    running.end()
    (scene.root / ".git/hooks/post-commit").unlink()
    assert "committed" not in scene.types()
    scene.clock_s = clock_s
    scene.resume()
    times = [int(at) for at in scene.git("log", "--format=%ct").splitlines()]
    assert (times[0] < times[1]) == (clock_s < 0)
    assert_done_once(scene)


@BACK_AND_FORTH
def test_an_approval_waits_and_is_used_on_another_clock(scene: Scene, clock_s: float) -> None:
    assert_said(scene.desk(*STAGING), 3)
    (asked,) = scene.bodies("approval_asked")
    scene.clock_s = clock_s
    assert_said(scene.desk("resume"), 3)
    with contextlib.closing(Journal(SqliteStore(scene.root / ".desk/journal.db"), Redactor())) as journal:
        now = datetime.now(UTC) + timedelta(seconds=clock_s)
        approvals.decide(journal, asked["approval_id"], "approved", "carol", "", now)
    scene.clock_s = -clock_s
    scene.resume()
    assert len(scene.bodies("approval_asked")) == 1
    assert minutes_apart(asked["asked_at"], asked["expires_at"]) == 60
    assert (scene.memory(namespace="shop-staging"), scene.effects(namespace="shop-staging")) == ("64Mi", 1)
    assert_whole(scene)


def test_an_approval_that_has_expired_stays_so_when_the_clock_goes_back(scene: Scene) -> None:
    assert_said(scene.desk(*STAGING), 3)
    scene.clock_s = HOUR_S + 5
    assert "nobody answered in time" in scene.resume(6).stdout
    scene.clock_s = -60
    assert_said(scene.desk("resume"), 2, "There is no session to resume")
    assert scene.memory(namespace="shop-staging") == "16Mi"
    assert scene.verify()
    assert_clean(scene)


def test_the_clock_goes_back_into_the_month_before(scene: Scene) -> None:
    now = datetime.now(UTC)
    next_month = (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=30)
    scene.proxy.at(PODS, DOWN)
    scene.clock_s = (next_month - now).total_seconds()
    assert_paused(scene.desk(*WHY), 1)
    scene.proxy.heal()
    scene.clock_s -= 60 * 60
    scene.resume()
    archive = f"LOGS-{next_month - timedelta(days=1):%Y-%m}.md"
    assert [at.month for at in log_times(scene)] == [next_month.month]
    assert [at.month for at in log_times(scene, archive)] == [(next_month - timedelta(days=1)).month]
    assert_whole(scene)
