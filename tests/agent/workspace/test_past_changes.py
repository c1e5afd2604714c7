"""rollout_history tells what Desk itself changed of a workload, from the commits of its workspace."""

from agent.session.run import drive
from agent.workspace.past_changes import commits_about, rollout_history_tool
from tests.agent.session_bench import Bench, Scripted, finish, limit, use
from tools.catalog import TOOLS
from tools.frame import Result

CHECKOUT = {"namespace": "shop-dev", "name": "checkout"}


TASK = "set memory limit of checkout to 64Mi and set image of web to ghcr.io/shop/checkout:9"


def changed(bench: Bench) -> str:
    """The commit of a session that has set the memory limit of checkout, and an image of web that says its name."""
    image = use("set_image", namespace="shop-dev", name="web", image="ghcr.io/shop/checkout:9")
    desk = bench.begin(Scripted(limit("64Mi"), [image], finish()), TASK)
    assert drive(desk) == 0
    return next(sha for key, sha in desk.view.commits.items() if key.startswith("01-"))


def test_the_commits_about_a_workload_are_told_with_their_undo(bench: Bench) -> None:
    sha = changed(bench)
    desk = bench.begin(Scripted(finish()))
    told = rollout_history_tool(desk.history)(desk.context(), CHECKOUT)
    assert isinstance(told, Result)
    revisions, _, commits = told.text.partition("What Desk changed of it, newest first:\n")
    assert "Revisions of Deployment checkout in shop-dev, newest first:\n  " in revisions
    assert f"{sha[:10]}  set memory limit 16Mi -> 64Mi of Deployment checkout in shop-dev, " in commits
    assert commits.endswith(f"(undo: desk rollback {sha[:10]})")
    assert [each["sha"] for each in (told.data or {})["commits"]] == [sha]


def test_a_commit_that_only_says_the_name_is_not_about_it(bench: Bench) -> None:
    changed(bench)
    history = bench.begin(Scripted(finish())).history
    assert len(commits_about(history, "Deployment", "checkout", "shop-dev")) == 1
    assert commits_about(history, "Deployment", "checkout", "shop-prod") == []
    assert commits_about(history, "StatefulSet", "checkout", "shop-dev") == []
    assert len(commits_about(history, "Deployment", "web", "shop-dev")) == 1


def test_a_workspace_that_has_changed_nothing_says_so(bench: Bench) -> None:
    desk = bench.begin(Scripted(finish()))
    told = rollout_history_tool(desk.history)(desk.context(), CHECKOUT)
    assert isinstance(told, Result)
    assert told.text.endswith("What Desk changed of it, newest first:\n  nothing in this workspace")


def test_it_is_the_catalog_s_tool_completed(bench: Bench) -> None:
    completed = rollout_history_tool(bench.begin(Scripted(finish())).history)
    (plain,) = (tool for tool in TOOLS if tool.name == "rollout_history")
    assert (completed.name, completed.schema, completed.description) == (
        plain.name,
        plain.schema,
        plain.description,
    )
