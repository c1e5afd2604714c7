"""An undo is what the journal says was done, the other way round; what a commit claims counts for nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.journal import approvals
from agent.sandbox import Sandbox
from agent.session.context import Desk
from agent.session.rollback import undo_last_tool
from agent.session.run import drive
from agent.workspace.changeset import undo_plan
from tests.agent.conftest import own_home, workspace
from tests.agent.session_bench import Bench, Scripted, finish, limit, use
from tests.faults.conftest import scene
from tests.faults.scene import Scene, assert_clean, assert_said, assert_whole, set_memory
from tools.changes.build import reference, written
from tools.errors import ToolFailed
from tools.frame import ToolContext
from tools.json import Json

__all__ = ["own_home", "scene", "workspace"]

PRIVILEGED: dict[str, Any] = {
    "spec": {"template": {"spec": {"containers": [{"name": "checkout", "securityContext": {"privileged": True}}]}}}
}


@pytest.fixture
def commit(scene: Scene) -> str:
    """The commit of a change that was made: the memory limit, from 16Mi to 64Mi."""
    assert_said(scene.desk(*set_memory()), 0)
    return scene.git("log", "--format=%H", "--grep=^Changes:", "-1")


def undo_file(scene: Scene, commit: str) -> Path:
    return scene.root / scene.git("log", "-1", "--format=%(trailers:key=Changes,valueonly)", commit) / "undo.yaml"


def assert_refused(scene: Scene, commit: str, *words: str, code: int = 2, memory: str = "64Mi") -> None:
    """Nothing is changed, begun or committed."""
    before, head = len(scene.entries()), scene.git("rev-parse", "HEAD")
    assert_said(scene.desk("rollback", commit), code, *words)
    assert (scene.memory(), len(scene.entries()), scene.git("rev-parse", "HEAD")) == (memory, before, head)


def privileged(scene: Scene, commit: str) -> str:
    document = yaml.safe_load(undo_file(scene, commit).read_text())
    document["changes"][0]["patch"] = PRIVILEGED
    return yaml.safe_dump(document)


@pytest.mark.parametrize(
    ("made", "word"),
    [
        (privileged, "not what the journal says"),
        (lambda _scene, _commit: "changes: [", "cannot be read"),
        (lambda _scene, _commit: "- just a list\n", "not what the journal says"),
        (lambda _scene, _commit: "", "not what the journal says"),
    ],
    ids=["privileged", "no YAML", "a list", "empty"],
)
def test_an_undo_file_that_was_changed_is_refused(
    scene: Scene, commit: str, made: Callable[[Scene, str], str], word: str
) -> None:
    file = undo_file(scene, commit)
    file.write_text(made(scene, commit))
    message = scene.git("log", "-1", "--format=%B", commit)
    scene.git("commit", "-qm", message, str(file))
    assert_refused(scene, "HEAD", word, "undo.yaml")


@pytest.mark.parametrize("session", ["", "20250131-093005-abc123"])
def test_a_commit_made_by_hand_is_not_believed(scene: Scene, commit: str, session: str) -> None:
    folder = scene.root / "working/changes/mine/01-mine"
    folder.mkdir(parents=True)
    (folder / "undo.yaml").write_text(privileged(scene, commit))
    scene.git("add", "working")
    trailers = f"Session: {session}\nSubtask: 01-mine\n" if session else ""
    scene.git("commit", "-qm", f"mine\n\n{trailers}Changes: working/changes/mine/01-mine")
    assert_refused(scene, "HEAD", "the journal knows of no change")


def test_a_commit_that_was_rewritten_is_still_known_by_its_session(scene: Scene, commit: str) -> None:
    scene.git("commit", "-q", "--allow-empty", "--amend", "-m", scene.git("log", "-1", "--format=%B", commit))
    assert_said(scene.desk("rollback", "HEAD"), 0)
    assert scene.memory() == "16Mi"


def test_a_clone_has_no_journal_and_says_what_to_do(scene: Scene, commit: str, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    scene.git("clone", "-q", str(scene.root), str(clone))
    done = scene.desk("rollback", commit, root=clone)
    assert_said(done, 2, "no journal", "before.yaml", "where it was made")
    assert scene.memory() == "64Mi"


def test_a_sandbox_s_commit_is_not_undone_on_a_cluster(scene: Scene) -> None:
    assert_said(scene.desk(*set_memory(), "--sandbox"), 0)
    commit = scene.git("log", "--format=%H", "--grep=^Changes:", "-1")
    assert_refused(scene, commit, "sandbox", memory="16Mi")


def test_a_commit_is_known_by_its_session_and_subtask_as_the_log_has_it(scene: Scene) -> None:
    assert_said(scene.desk(*set_memory()), 0)
    log = (scene.root / "logs/LOGS.md").read_text()
    (subtask,) = set(re.findall(r"Undo: desk rollback (\S+/\S+)\n", log))
    assert_said(scene.desk("rollback", f"{subtask}x"), 2, "names no commit")
    assert_said(scene.desk("rollback", subtask), 0)
    assert scene.memory() == "16Mi"


def test_what_was_done_on_another_cluster_is_not_undone_here(scene: Scene, commit: str, tmp_path: Path) -> None:
    with Sandbox() as other:
        file = tmp_path / "other.yaml"
        file.write_text(json.dumps(other.kubeconfig()))
        before = len(scene.entries())
        assert_said(scene.desk("rollback", commit, "--kubeconfig", str(file)), 2, "another cluster")
    assert len(scene.entries()) == before


def test_a_rollback_shows_what_it_does_waits_and_says_what_it_changed(scene: Scene, commit: str) -> None:
    assert_said(scene.desk(*set_memory("96Mi")), 0)
    newest = scene.git("log", "--format=%H", "--grep=^Changes:", "-1")
    done = scene.desk("rollback", newest)
    assert_said(done, 0, "-            memory: 96Mi", "+            memory: 64Mi", "-> wait_for_rollout", "healthy")
    subjects = scene.git("log", "-2", "--format=%s").splitlines()
    assert all("undo" in subject and "checkout" in subject for subject in subjects), subjects
    assert scene.memory() == "64Mi"
    assert_whole(scene, sessions=3)


def test_what_runs_no_better_is_undone_and_said(scene: Scene, commit: str) -> None:
    done = scene.desk("rollback", commit)
    assert_said(done, 0, "does not run", "desk debug-pod shop-dev checkout")
    assert scene.memory() == "16Mi"


def test_a_dry_run_changes_nothing(scene: Scene, commit: str) -> None:
    head, effects = scene.git("rev-parse", "HEAD"), scene.effects()
    assert_said(scene.desk("rollback", commit, "--dry-run"), 0, "+            memory: 16Mi", "Nothing was changed")
    assert (scene.memory(), scene.effects(), scene.git("rev-parse", "HEAD")) == ("64Mi", effects, head)


def test_what_is_undone_already_is_said_and_leaves_no_commit(scene: Scene, commit: str) -> None:
    assert_said(scene.desk("rollback", commit), 0)
    head, effects = scene.git("rev-parse", "HEAD"), scene.effects()
    assert_said(scene.desk("rollback", commit), 0, "already undone")
    assert (scene.effects(), scene.git("rev-parse", "HEAD")) == (effects, head)
    assert_clean(scene)


def test_what_was_changed_since_is_not_overwritten(scene: Scene, commit: str) -> None:
    assert_said(scene.desk(*set_memory("96Mi")), 0)
    assert_said(scene.desk("rollback", commit), 1, "changed again since")
    assert scene.memory() == "96Mi"


def test_an_undo_is_undone_like_anything_else(scene: Scene, commit: str) -> None:
    assert_said(scene.desk("rollback", commit), 0)
    undoing = scene.git("log", "--format=%H", "--grep=^Changes:", "-1")
    assert_said(
        scene.desk("rollback", undoing, "--dry-run"), 0, "-            memory: 16Mi", "+            memory: 64Mi"
    )


def put_back(verb: str, **more: Any) -> Json:
    """How an undo begins: what it is done to."""
    target = {"api_version": "v1", "kind": "ConfigMap", "namespace": "shop-dev", "name": "web-config"}
    return {"target": target, "resource": "configmaps", "uid": "", "expects": {}, "verb": verb, **more}


def test_several_patches_of_one_object_are_undone_one_by_one(bench: Bench) -> None:
    live = bench.other.get("configmap", "web-config", "shop-dev")
    uid, patches = live["metadata"]["uid"], ({"data": {"LOG_LEVEL": "info"}}, {"data": {"PAGE_SIZE": "12"}})
    left = ({"data": {"LOG_LEVEL": "debug"}}, {"data": {"PAGE_SIZE": "24"}})
    items = [put_back("patch", uid=uid, patch=p, expects=e) for p, e in zip(patches, left, strict=True)]
    plan = undo_plan(items, "commit 1", ToolContext(bench.other), bench.root)
    assert [change.body for change in plan.changes] == [patches[1]]  # the first is put back already
    assert undo_plan(items[:1], "commit 1", ToolContext(bench.other), bench.root).changes == ()


def test_what_is_gone_or_there_again_is_undone(bench: Bench) -> None:
    live = bench.other.get("configmap", "web-config", "shop-dev")
    made = put_back("create", create=written(live))
    assert undo_plan([made], "commit 1", ToolContext(bench.other), bench.root).changes == ()
    other = put_back("create", create={**written(live), "data": {"LOG_LEVEL": "debug"}})
    with pytest.raises(ToolFailed, match="exists again"):
        undo_plan([other], "commit 1", ToolContext(bench.other), bench.root)
    replaced = [put_back("delete", uid="of the one before"), made]
    assert undo_plan(replaced, "commit 1", ToolContext(bench.other), bench.root).changes == ()
    uid, resource_version = (live["metadata"][key] for key in ("uid", "resourceVersion"))
    bench.other.delete(reference(live), uid=uid, resource_version=resource_version)
    assert undo_plan([put_back("delete", uid=uid)], "commit 1", ToolContext(bench.other), bench.root).changes == ()
    assert [
        change.verb for change in undo_plan([made], "commit 1", ToolContext(bench.other), bench.root).changes
    ] == ["create"]


ROLE: Json = {
    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
    "metadata": {"name": "reader", "namespace": "shop-dev"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
}  # fmt: skip


def with_undo_last(desk: Desk) -> Desk:
    """As the program has it: the bench has the catalog alone."""
    desk.tools = {**desk.tools, "undo_last": undo_last_tool(desk.view, desk.workspace.root)}
    return desk


def approved(bench: Bench, desk: Desk, model: Scripted) -> Desk:
    """The session again, once somebody has approved what it waits for."""
    asked = desk.view.pending_approval()
    assert asked is not None
    approvals.decide(desk.journal, asked.approval_id, "approved", "carol", "", datetime.now(UTC))
    return with_undo_last(bench.resume(desk, model))


def asked_of(desk: Desk) -> list[tuple[str, str, str]]:
    return [(asked.tool, asked.risk, asked.environment) for asked in desk.view.approvals.values()]


def test_what_is_always_asked_is_asked_when_it_is_taken_back(bench: Bench) -> None:
    bench.other.create(reference(ROLE), ROLE)
    allow = use("allow", namespace="shop-dev", role="reader", verb="list", resource="pods")
    model = Scripted([allow], [use("undo_last")], finish())
    desk = with_undo_last(bench.begin(model, "allow reader to list pods in shop-dev"))
    assert drive(desk) == 3
    desk = approved(bench, desk, model)
    assert drive(desk) == 3
    assert asked_of(desk) == [("allow", "change", "dev"), ("undo_last", "change", "dev")]
    desk = approved(bench, desk, model)
    assert drive(desk) == 0
    assert bench.other.get("role", "reader", "shop-dev")["rules"] == ROLE["rules"]


def test_an_undo_is_of_the_class_of_what_it_takes_back(bench: Bench) -> None:
    head: Json = {"apiVersion": "v1", "metadata": {"name": "pull", "namespace": "shop-prod"}}
    secret: Json = {**head, "kind": "Secret", "type": "kubernetes.io/dockerconfigjson"}
    for made in (secret, {**head, "kind": "ServiceAccount"}):
        bench.other.create(reference(made), made)
    link = use("link_pull_secret", namespace="shop-prod", pull_secret="pull", service_account="pull")
    model = Scripted([link], [use("undo_last")], finish())
    desk = with_undo_last(bench.begin(model, "link the pull secret to pull in shop-prod"))
    assert drive(desk) == 3
    desk = approved(bench, desk, model)
    assert drive(desk) == 3  # a change in production would be Flow's
    assert asked_of(desk) == [("link_pull_secret", "provision", "prod"), ("undo_last", "provision", "prod")]


def test_a_change_that_the_task_did_not_name_is_asked_for_when_it_is_taken_back(bench: Bench) -> None:
    model = Scripted(limit("64Mi"), [use("undo_last")], finish())
    desk = with_undo_last(bench.begin(model, "what is wrong in shop-dev?"))
    assert drive(desk) == 3
    desk = approved(bench, desk, model)
    assert drive(desk) == 3
    assert [tool for tool, _, _ in asked_of(desk)] == ["set_resources", "undo_last"]
