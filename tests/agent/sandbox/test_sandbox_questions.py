"""Each of the five headings is found by a question in words, with no cluster and no key."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.app import Task, start
from agent.settings import Settings
from tests.agent.conftest import RunDesk
from tests.agent.session_bench import Watcher

QUESTIONS = [
    ("why does checkout crash in shop-dev?", ("OOMKilled", "checkout", "16Mi")),
    ("why does payments keep restarting in shop-dev?", ("CrashLoopBackOff", "payments", "exit", "no such host")),
    ("why is catalog not starting in shop-dev?", ("ImagePullBackOff", "catalog", "ghcr.io/shop/catalog:2.3.1")),
    ("what keeps search pending?", ("Pending", "search", "64Gi", "Insufficient memory")),
    ("cart won't start, what is wrong with it?", ("CreateContainerConfigError", "cart-config", "does not exist")),
]


@pytest.mark.parametrize(("question", "said"), QUESTIONS)
def test_a_heading_is_found(workspace: Path, question: str, said: tuple[str, ...]) -> None:
    watcher = Watcher()
    assert start(Settings(workspace=workspace), Task(question, sandbox=True), watcher) == 0
    closed = watcher.entries[-2].body
    assert watcher.entries[-2].type == "session_closed"
    assert [word for word in said if word not in closed["summary"]] == []
    others = {"checkout", "payments", "catalog", "search", "cart"} - {said[1].removesuffix("-config")}
    assert [name for name in others if f"Deployment {name} " in closed["summary"]] == []
    assert "tool_intent" not in {entry.type for entry in watcher.entries}


def test_a_newcomer_sees_it_on_the_terminal(workspace: Path, run_desk: RunDesk) -> None:
    done = run_desk("run", "--sandbox", QUESTIONS[0][0], "--workspace", workspace)
    assert done.returncode == 0
    assert "Playbook plans: the deterministic planner, which needs no key and no network" in done.stdout
    assert "OOMKilled" in done.stdout.partition("DONE")[2]
    assert "16Mi" in done.stdout.partition("DONE")[2]
    assert done.stderr == ""


def test_what_is_not_understood_says_what_is(workspace: Path) -> None:
    watcher = Watcher()
    assert start(Settings(workspace=workspace), Task("make me a sandwich", sandbox=True), watcher) == 2
    closed = watcher.entries[-2].body
    assert closed["outcome"] == "unclear"
    assert "sandwich" in closed["summary"]
    assert "desk tools" in closed["next_action"]


@pytest.mark.parametrize(
    ("task", "agent"), [("upgrade the cluster", "Atlas"), ("deploy web to production", "Flow")]
)
def test_what_is_another_agents_ends_with_its_name(workspace: Path, task: str, agent: str) -> None:
    watcher = Watcher()
    assert start(Settings(workspace=workspace), Task(task, sandbox=True), watcher) == 5
    assert watcher.entries[-2].body["next_action"] == f"ask {agent}"
