"""Which session goes on, and for whom; and how one ends that nobody is to go on with."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.journal import approvals
from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from agent.sandbox import Sandbox
from tests.agent.conftest import own_home, workspace
from tests.faults.conftest import scene
from tests.faults.proxy import Answer
from tests.faults.scene import EFFECT, WHOAMI, Scene, assert_clean, assert_said, assert_whole, set_memory

__all__ = ["own_home", "scene", "workspace"]

HOUR_S = 3600.0


@contextlib.contextmanager
def journal(scene: Scene) -> Iterator[Journal]:
    with contextlib.closing(Journal(SqliteStore(scene.root / ".desk/journal.db"), Redactor())) as opened:
        yield opened


def wait_for_approval(scene: Scene, memory: str = "64Mi") -> tuple[str, str]:
    """A session that waits: its id, and that of its approval."""
    assert_said(scene.desk(*set_memory(memory, namespace="shop-staging")), 3)
    asked = [entry for entry in scene.entries() if entry.type == "approval_asked"][-1]
    return asked.session, asked.body["approval_id"]


def decide(scene: Scene, approval: str, decision: str) -> None:
    with journal(scene) as opened:
        approvals.decide(opened, approval, decision, "carol", "", datetime.now(UTC))


def outcomes(scene: Scene) -> dict[str, str]:
    return {entry.session: entry.body["outcome"] for entry in scene.entries() if entry.type == "session_closed"}


@pytest.mark.parametrize(("decision", "code", "outcome"), [("approved", 0, "done"), ("rejected", 6, "rejected")])
def test_what_can_go_on_goes_before_what_waits(scene: Scene, decision: str, code: int, outcome: str) -> None:
    older, approval = wait_for_approval(scene)
    newer, waits_for = wait_for_approval(scene, "96Mi")
    decide(scene, approval, decision)
    assert_said(scene.desk("resume"), code, f"{newer} waits for approval {waits_for}")
    assert outcomes(scene) == {older: outcome}
    assert_said(scene.desk("resume"), 3, "waiting for apr-")
    assert len(outcomes(scene)) == 1


def test_what_nobody_decided_in_time_goes_on_to_its_end(scene: Scene) -> None:
    older, _ = wait_for_approval(scene)
    scene.clock_s = HOUR_S + 60
    newer, waits_for = wait_for_approval(scene)
    assert_said(scene.desk("resume"), 6, f"{newer} waits for approval {waits_for}", "nobody answered in time")
    assert outcomes(scene) == {older: "expired"}


def test_what_another_process_runs_is_left_to_it(scene: Scene) -> None:
    older, approval = wait_for_approval(scene)
    newer, other = wait_for_approval(scene, "96Mi")
    decide(scene, approval, "approved")
    decide(scene, other, "approved")
    with journal(scene) as opened, opened.lease(newer):
        assert_said(scene.desk("resume"), 0)
        assert outcomes(scene) == {older: "done"}
        assert_said(scene.desk("resume"), 2, "no session to resume", f"{newer} is being run")


def somebody_else(scene: Scene) -> None:
    said = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "SelfSubjectReview",
        "status": {"userInfo": {"username": "mallory"}},
    }
    scene.proxy.at(WHOAMI, Answer(201, document=said))


@pytest.mark.parametrize("decision", ["approved", "", "expired"])
def test_nobody_else_goes_on_with_a_session(scene: Scene, decision: str) -> None:
    session, approval = wait_for_approval(scene)
    if decision == "approved":
        decide(scene, approval, decision)
    scene.clock_s = HOUR_S + 60 if decision == "expired" else 0.0
    before, head = len(scene.entries()), scene.git("rev-parse", "HEAD")
    somebody_else(scene)
    for which in ((), (session,)):
        assert_said(scene.desk("resume", *which), 2, "mallory", "was begun by", "--kubeconfig")
    assert (len(scene.entries()), scene.git("rev-parse", "HEAD"), scene.memory(namespace="shop-staging")) == (
        before,
        head,
        "16Mi",
    )
    scene.proxy.heal()
    scene.resume({"approved": 0, "": 3, "expired": 6}[decision])


def test_another_cluster_is_refused_before_anything_is_decided(scene: Scene, tmp_path: Path) -> None:
    session, _ = wait_for_approval(scene)
    scene.clock_s = HOUR_S + 60
    before = len(scene.entries())
    with Sandbox() as other:
        file = tmp_path / "other.yaml"
        file.write_text(json.dumps(other.kubeconfig()))
        for which in ((), (session,)):
            assert_said(scene.desk("resume", *which, "--kubeconfig", str(file)), 2, "another cluster")
    assert len(scene.entries()) == before


def test_a_session_is_cancelled_in_order(scene: Scene) -> None:
    session, approval = wait_for_approval(scene)
    assert_said(scene.desk("cancel", session), 0, session, approval)
    assert outcomes(scene) == {session: "cancelled"}
    assert_whole(scene)
    assert "cancelled" in scene.git("log", "-1", "--format=%s")
    assert "Remaining Tasks\n- none" in (scene.root / "working/WORKING.md").read_text()
    assert json.loads(scene.desk("approvals", "list", "-o", "json").stdout)["approvals"] == []
    (row,) = json.loads(scene.desk("approvals", "list", "--all", "-o", "json").stdout)["approvals"]
    assert (row["status"], row["reason"]) == ("superseded", "the session was cancelled")
    assert_said(scene.desk("approvals", "reject", approval), 1, "cannot be decided again")
    assert_said(scene.desk("resume"), 2, "no session to resume")
    assert_said(scene.desk("resume", session), 1)
    assert_said(scene.desk("cancel", session), 0, "is cancelled")
    document = json.loads(scene.desk("show", session, "-o", "json").stdout)
    assert (document["status"], document["exit_code"]) == ("cancelled", 1)
    assert (len(outcomes(scene)), scene.effects(namespace="shop-staging")) == (1, 0)


def test_an_approval_of_a_cancelled_session_is_worth_nothing(scene: Scene) -> None:
    session, approval = wait_for_approval(scene)
    decide(scene, approval, "approved")
    assert_said(scene.desk("cancel", session, "-o", "json"), 0, '"desk.session/v1"')
    (row,) = json.loads(scene.desk("approvals", "list", "--all", "-o", "json").stdout)["approvals"]
    assert row["status"] == "superseded"
    assert_whole(scene)


def test_what_is_done_is_written_down_before_a_session_is_cancelled(scene: Scene) -> None:
    scene.hook("exit 1")
    assert_said(scene.desk(*set_memory()), 1)
    (scene.root / ".git/hooks/pre-commit").unlink()
    session = scene.entries()[0].session
    assert_said(scene.desk("cancel", session), 0, "desk rollback ")
    assert scene.subtasks()[session, "01-set-resources-checkout"] == 1
    assert_whole(scene)


def test_a_running_session_is_not_cancelled(scene: Scene) -> None:
    session, _ = wait_for_approval(scene)
    with journal(scene) as opened, opened.lease(session):
        assert_said(scene.desk("cancel", session), 1, "is being run by process", "stop it")
    assert outcomes(scene) == {}


def test_a_change_whose_end_nobody_knows_is_settled_before_its_session_is_cancelled(scene: Scene) -> None:
    scene.proxy.at(EFFECT, Answer(503))
    assert_said(scene.desk(*set_memory()), 1)
    scene.proxy.heal()
    session = scene.entries()[0].session
    assert_said(scene.desk("cancel", session), 1, "desk resume")
    assert outcomes(scene) == {}


def test_what_is_over_is_not_cancelled(scene: Scene) -> None:
    assert_said(scene.desk(*set_memory()), 0)
    assert_said(scene.desk("cancel", scene.entries()[0].session), 2, "is over (done)")
    assert_said(scene.desk("cancel", "20250131-093005-abc123"), 2, "no session")
    assert_clean(scene)
