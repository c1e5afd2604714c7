"""`desk run` without a task: a conversation at a terminal, each task of it a session."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

from agent.app import open_journal
from agent.journal.events import SessionStarted
from agent.journal.view import load_view
from agent.redaction import MARK
from agent.session.conversation import said_before, spoken_before, understood
from agent.settings import Settings
from agent.understanding.spoken import Spoken, Target
from agent.understanding.wishes import Call
from tests.agent.conftest import InProcess, RunDesk
from tests.agent.terminal import Terminal
from tests.agent.understanding.outcome import SCHEMAS
from tools.json import Json

TOP = Path(__file__).parents[3]
RUN = (sys.executable, "-m", "agent", "run", "--sandbox", "--model", "playbook")


def conversation(workspace: Path, *options: str) -> Terminal:
    return Terminal(*RUN, *options, env={"PYTHONPATH": str(TOP)}, cwd=workspace)


def bodies(workspace: Path, kind: str) -> list[Json]:
    with contextlib.closing(sqlite3.connect(workspace / ".desk/journal.db")) as connection:
        rows = connection.execute("SELECT body FROM events WHERE type = ? ORDER BY seq", (kind,))
        return [json.loads(row[0]) for row in rows]


def test_each_task_is_a_session_that_knows_the_one_before(workspace: Path, in_process: InProcess) -> None:
    with conversation(workspace) as desk:
        desk.wait_for("desk> ")
        desk.press("why does checkout crash in shop-dev?\n")
        assert "OOMKilled" in desk.wait_for("desk [shop-dev]> ")
        desk.press("\nand now raise its memory limit to 128Mi\n")
        said = desk.wait_for("DONE")
        assert "Taken from the task before: Deployment checkout in shop-dev" in said
        call = next(line for line in said.splitlines() if line.startswith("-> set_resources [change] "))
        assert all(each in call for each in ('name="checkout"', 'namespace="shop-dev"', 'memory_limit="128Mi"'))
        assert "applied: patched Deployment checkout" in said  # the gate took it for named: nobody was asked
        desk.wait_for("desk [shop-dev]> ")
        desk.press("half a line")
        desk.wait_for("half a line")
        desk.press("\x03")  # it is dropped
        desk.wait_for("desk [shop-dev]> ")
        desk.press("show me its logs\n")
        desk.wait_for("desk [shop-dev]> ")
        desk.press("the same in shop-staging\n")
        desk.wait_for("desk [shop-staging]> ")
        desk.press("\x04")
        assert desk.ends() == 0
    lines = json.loads(in_process("sessions", "-o", "json", "--workspace", workspace).stdout)["sessions"]
    assert len(lines) == 4
    second, first = (
        json.loads(in_process("show", line["session"], "-o", "json", "--workspace", workspace).stdout)
        for line in lines[2:]
    )
    assert (first["follows"], second["follows"]) == (None, first["session"])
    assert (second["namespace"], second["task"]) == ("shop-dev", "and now raise its memory limit to 128Mi")
    with contextlib.closing(open_journal(Settings(workspace=workspace))) as journal:
        again = understood(load_view(journal, second["session"]), SCHEMAS)  # as a resumed process understands it
    assert [(order.namespaces, order.names) for order in again.orders] == [(("shop-dev",), ("checkout",))]
    told = bodies(workspace, "session_started")[1]["before"]["said"]
    assert [each["task"] for each in told] == ["why does checkout crash in shop-dev?"]
    assert "OOMKilled" in told[0]["answer"]


def test_what_it_means_is_asked_where_it_may_be_two(workspace: Path) -> None:
    with conversation(workspace, "-n", "shop-dev") as desk:
        desk.wait_for("desk [shop-dev]> ")
        desk.press("why do checkout and catalog crash?\n")
        desk.wait_for("desk [shop-dev]> ")
        desk.press("restart it\n")
        said = desk.wait_for("Which one (")
        assert "Deployment checkout or Deployment catalog?" in said
        desk.press("\n")
        desk.wait_for("desk [shop-dev]> ")
        desk.press("exit\n")
        assert desk.ends() == 2
    assert bodies(workspace, "plan_made") == []


def test_without_a_terminal_a_task_is_needed(run_desk: RunDesk, workspace: Path) -> None:
    done = run_desk("run", "--sandbox", cwd=workspace)
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no task" in done.stderr
    assert "desk run" in done.stderr
    with conversation(workspace, "-o", "json") as desk:
        assert desk.ends() == 2
        (document,) = [line for line in desk.shown().splitlines() if line.startswith("{")]
        assert json.loads(document)["exit_code"] == 2
    assert not (workspace / ".desk/journal.db").exists()
    with conversation(workspace.parent) as desk:
        assert desk.ends() == 2
        assert "not a workspace" in desk.shown()
        assert "desk>" not in desk.shown()


STARTED = SessionStarted("the same for cart", "shop", "playbook", "kim", "c")
SPOKEN = Spoken(
    "shop",
    (Target("web", "Deployment", kinds=("Deployment",)),),
    (Call("set_env", {"namespace": "shop", "name": "web", "set": {"TOKEN": "abc"}}),),
)


def test_a_wish_that_a_secret_was_masked_in_is_not_repeated() -> None:
    def before(spoken: Spoken) -> Json:
        return {"session": "s", "said": [{"task": "a", "answer": "b"}], "spoken": spoken.to_json()}

    whole = replace(STARTED, before=before(SPOKEN))
    assert spoken_before(whole) == SPOKEN
    masked = (Call("set_env", {"namespace": "shop", "name": "web", "set": {"TOKEN": MARK}}),)
    assert spoken_before(replace(STARTED, before=before(replace(SPOKEN, wishes=masked)))) == replace(
        SPOKEN, wishes=()
    )
    assert said_before(whole) == "Asked: a\nAnswered: b"
    assert said_before(STARTED) == ""
