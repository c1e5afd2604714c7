"""Every command that a program uses prints a document that obeys its schema, however it ends."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import jsonschema

from agent.docs.schemas import schemas
from tests.agent.conftest import RunDesk, own_home, run_desk, workspace
from tests.faults.conftest import scene
from tests.faults.proxy import Answer
from tests.faults.scene import WHOAMI, Scene, assert_said, set_memory
from tools.json import Json

__all__ = ["own_home", "run_desk", "scene", "workspace"]

LIST = ("call", "list", "--json", '{"kind": "pods", "namespace": "shop-dev"}')


def document(scene: Scene, code: int, *arguments: str) -> Json:
    """What the command prints with `-o json`; it obeys its schema."""
    done = scene.desk(*arguments, "-o", "json")
    assert done.returncode == code, done.stderr
    return obeys(done.stdout)


def obeys(text: str) -> Json:
    printed: Json = json.loads(text)
    jsonschema.validate(printed, schemas()[printed["schema"].replace("/", ".") + ".json"])
    return printed


def carol(scene: Scene) -> None:
    """From here on the cluster says that this is somebody else."""
    status = {"userInfo": {"username": "carol"}}
    said = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "status": status}
    scene.proxy.at(WHOAMI, Answer(201, document=said))


def test_a_decision_is_a_document(scene: Scene) -> None:
    asked = document(scene, 3, *set_memory(namespace="shop-staging"))
    carol(scene)
    decided = document(scene, 0, "approvals", "approve", asked["approval"])
    assert decided["schema"] == "desk.decision/v1"
    approval = decided["approval"]
    assert (approval["id"], approval["status"], approval["approver"]) == (asked["approval"], "approved", "carol")
    assert decided["next_action"] == f"desk resume {asked['session']}"
    scene.proxy.heal()
    done = document(scene, 0, "resume")
    assert [subtask["namespaces"] for subtask in done["subtasks"]] == [["shop-staging"]]
    assert "shop-staging" in done["namespaces"]
    again = document(scene, 1, "approvals", "approve", asked["approval"])
    assert (again["schema"], again["exit_code"]) == ("desk.error/v1", 1)

    refused = document(scene, 3, *set_memory("96Mi", namespace="shop-staging"))
    rejected = document(scene, 0, "approvals", "reject", refused["approval"], "--reason", "not today")
    assert (rejected["approval"]["status"], rejected["approval"]["reason"]) == ("rejected", "not today")


def test_a_session_that_is_over_is_told_again(scene: Scene) -> None:
    begun = document(scene, 0, *LIST)
    events = len(scene.entries())
    assert document(scene, 0, "resume", begun["session"]) == begun
    assert "done" in scene.desk("resume", begun["session"]).stdout.lower()
    (line,) = scene.desk("resume", begun["session"], "-o", "jsonl").stdout.splitlines()
    assert obeys(line)["type"] == "session_closed"
    assert len(scene.entries()) == events


def test_a_broken_chain_is_a_document(scene: Scene) -> None:
    document(scene, 0, *LIST)
    whole = document(scene, 0, "journal", "verify")
    with contextlib.closing(sqlite3.connect(scene.root / ".desk/journal.db")) as connection, connection:
        connection.execute("DROP TRIGGER events_are_not_updated")
        connection.execute("UPDATE events SET at = 'then' WHERE seq = 3")
    broken = document(scene, 1, "journal", "verify")
    assert (whole["intact"], whole["fault"]) == (True, "")
    assert (broken["intact"], broken["events"]) == (False, 2)
    assert broken["fault"].startswith("event 3 ")
    assert_said(scene.desk("journal", "verify"), 1, "event 3 ")


def test_init_is_a_document(run_desk: RunDesk, tmp_path: Path) -> None:
    first, second = (obeys(run_desk("init", tmp_path / "new", "-o", "json").stdout) for _ in range(2))
    assert (first["workspace"], second["done"]) == (str(tmp_path / "new"), [])
    assert "wrote desk.yaml" in first["done"]
