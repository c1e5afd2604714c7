"""A harness that finds nothing must be one that could: each fault on purpose is found, and by its own name."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from tests.chaos import desk
from tests.chaos.checks import cluster, files, workspace
from tests.chaos.life import Budget, Fault
from tests.chaos.outcome import Outcome
from tests.chaos.points import Point, Written
from tests.chaos.script import Names
from tests.chaos.stand import Stand, stands

KUBECONFIG = os.environ.get("DESK_TEST_KUBECONFIG", "")

pytestmark = [pytest.mark.cluster, pytest.mark.skipif(not KUBECONFIG, reason="DESK_TEST_KUBECONFIG is not set")]

NUMBER = 77


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stands(tmp_path_factory.mktemp("chaos"), KUBECONFIG, 1) as (one,):
        yield one


def session(stand: Stand, number: int, *points: Point | None, broken: str = "") -> Outcome:
    return desk.Session(stand, number, Written(list(points)), Budget(100), broken=broken).run()


def named(faults: list[Fault]) -> set[tuple[str, str]]:
    return {(fault.trouble, fault.about) for fault in faults}


BROKEN = (
    ("effect twice", [None], ("doubled", "set_resources")),
    ("effect never", [None], ("lost", "restart")),
    ("commit dropped", [None], ("lost", "restart")),
    ("commit twice", [None], ("doubled", "restart")),
    ("resume crashes", [Point("entry", "oriented")], ("crashed", "")),
)


@pytest.mark.parametrize(("number", "broken"), list(enumerate(BROKEN, start=1)), ids=lambda given: str(given)[:24])
def test_a_broken_desk_is_found(
    stand: Stand, number: int, broken: tuple[str, list[Point | None], tuple[str, str]]
) -> None:
    name, points, expected = broken
    assert expected in named(session(stand, number, *points, broken=name).faults)


def test_a_file_that_is_torn_when_its_writer_dies_is_found_though_it_is_mended_later(stand: Stand) -> None:
    faults = session(stand, 20, broken="log torn").faults
    assert any(
        fault.trouble == "half-written" and "right after a kill: logs/LOGS.md" in fault.text for fault in faults
    )


@dataclass(frozen=True)
class Finished:
    """A session that ended well, and its folder to be damaged."""

    folder: Path
    names: Names
    approver: str

    @property
    def root(self) -> Path:
        return self.folder / "ws"

    def git(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments], input=stdin, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def faults(self) -> set[tuple[str, str]]:
        return named(list(workspace.after_session(self.folder, self.names.task, self.approver)))

    def change_set(self, tool: str) -> Path:
        return next((self.root / "working/changes").glob(f"*/*-{tool}-*"))

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        file = self.root / path
        file.write_text(change(file.read_text()))


@pytest.fixture(scope="module")
def well(stand: Stand) -> Outcome:
    outcome = session(stand, NUMBER, Point("entry", "tool_intent:restart"), Point("before", "delete:settings"))
    assert outcome.faults == []
    assert [ended.killed for ended in outcome.lives].count(True) == 1
    return outcome


@pytest.fixture
def finished(stand: Stand, well: Outcome, tmp_path: Path) -> Finished:
    shutil.copytree(stand.root / f"desk-{well.number}", tmp_path / "copy", symlinks=True)
    names = Names(stand.ground.namespace, well.number)
    return Finished(tmp_path / "copy", names, stand.ground.approver)


def test_a_session_that_ended_well_has_no_fault(finished: Finished) -> None:
    assert finished.faults() == set()


def journal_changed(finished: Finished) -> None:
    with sqlite3.connect(finished.root / ".desk/journal.db") as connection:
        connection.execute("DROP TRIGGER events_are_not_updated")
        connection.execute("UPDATE events SET body = replace(body, '128Mi', '256Mi') WHERE type = 'tool_intent'")
    connection.close()


def rewritten(finished: Finished, without: Callable[[str, str], bool]) -> None:
    """A journal whose chain holds, without some events."""
    file = finished.root / ".desk/journal.db"
    old = Journal(SqliteStore(file), Redactor())
    entries = list(old.entries())
    old.close()
    with contextlib.closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT * FROM approvals").fetchall()
    for leftover in file.parent.glob("journal.db*"):
        leftover.unlink()
    new = Journal(SqliteStore(file), Redactor())
    for entry in entries:
        if not without(entry.type, json.dumps(entry.body)):
            new.append(entry.session, entry.event)
    new.close()
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(f"INSERT INTO approvals VALUES ({','.join('?' * 10)})", rows)


def receipt_missing(finished: Finished) -> None:
    rewritten(finished, lambda kind, body: kind == "tool_receipt" and "toolu_set_resources" in body)


def commit_event_missing(finished: Finished) -> None:
    rewritten(finished, lambda kind, body: kind == "committed" and "save-manifest" in body)


def commit_gone(finished: Finished) -> None:
    finished.git("reset", "--quiet", "--hard", "HEAD~1")


def commit_made_twice(finished: Finished) -> None:
    finished.git("commit", "--quiet", "--allow-empty", "--reuse-message=HEAD")


def trailer_missing(finished: Finished) -> None:
    message = finished.git("log", "-1", "--format=%B")
    kept = "\n".join(line for line in message.splitlines() if not line.startswith("Task:"))
    finished.git("commit", "--quiet", "--amend", "--file=-", stdin=kept)


def object_corrupt(finished: Finished) -> None:
    oid = finished.git("rev-parse", "HEAD:logs/LOGS.md")
    file = finished.root / ".git/objects" / oid[:2] / oid[2:]
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-4])


def stray_file(finished: Finished) -> None:
    (finished.root / "working/stray.md").write_text("mine\n")


def index_locked(finished: Finished) -> None:
    (finished.root / ".git/index.lock").touch()


def ref_locked(finished: Finished) -> None:
    (finished.root / ".git/refs/heads/main.lock").touch()


def write_left(finished: Finished) -> None:
    (finished.root / "logs/.desk-write.tmp").touch()


def scratch_left(finished: Finished) -> None:
    (finished.folder / "tmp/desk-abc").mkdir()


def log_entry_twice(finished: Finished) -> None:
    def twice(text: str) -> str:
        title, first, *rest = text.split("\n## ")
        return "\n## ".join([title, first.rstrip("\n") + "\n", first, *rest])

    finished.edit("logs/LOGS.md", twice)


def log_entry_gone(finished: Finished) -> None:
    finished.edit("logs/LOGS.md", lambda text: text[: text.rindex("\n## ")])


def log_out_of_order(finished: Finished) -> None:
    def turned(text: str) -> str:
        title, *entries = text.split("\n## ")
        return "\n## ".join([title, *(entry.rstrip("\n") + "\n" for entry in reversed(entries))])

    finished.edit("logs/LOGS.md", turned)


def log_torn(finished: Finished) -> None:
    finished.edit("logs/LOGS.md", lambda text: text[:-40])


def working_torn(finished: Finished) -> None:
    finished.edit("working/WORKING.md", lambda text: text[: len(text) // 2])


def working_incomplete(finished: Finished) -> None:
    finished.edit("working/WORKING.md", lambda text: text.replace("- restart Deployment", "- start Deployment"))


def change_set_file_gone(finished: Finished) -> None:
    (finished.change_set("restart") / "undo.yaml").unlink()


def change_set_gone(finished: Finished) -> None:
    shutil.rmtree(finished.change_set("set-resources"))


def change_set_torn(finished: Finished) -> None:
    file = finished.change_set("delete") / "before.yaml"
    file.write_text(file.read_text()[:-5])


def manifest_torn(finished: Finished) -> None:
    file = next((finished.root / "manifests").rglob("*.yaml"))
    file.write_text(file.read_text()[: len(file.read_text()) // 2])


def approval_not_used(finished: Finished) -> None:
    with sqlite3.connect(finished.root / ".desk/journal.db") as connection:
        connection.execute("UPDATE approvals SET status = 'approved'")
    connection.close()


@pytest.mark.parametrize(
    ("damage", "trouble", "about"),
    [
        (journal_changed, "journal", ""),
        (receipt_missing, "lost", "set_resources"),
        (commit_event_missing, "doubled", "save_manifest"),
        (commit_gone, "lost", "close"),
        (commit_made_twice, "doubled", "close"),
        (trailer_missing, "history", ""),
        (object_corrupt, "history", ""),
        (stray_file, "files", ""),
        (index_locked, "leftover", ""),
        (ref_locked, "leftover", ""),
        (write_left, "leftover", ""),
        (scratch_left, "leftover", ""),
        (log_entry_twice, "doubled", ""),
        (log_entry_gone, "lost", ""),
        (log_out_of_order, "files", ""),
        (log_torn, "half-written", ""),
        (working_torn, "half-written", ""),
        (working_incomplete, "files", ""),
        (change_set_file_gone, "files", ""),
        (change_set_gone, "files", ""),
        (change_set_torn, "half-written", ""),
        (manifest_torn, "half-written", ""),
        (approval_not_used, "journal", ""),
    ],
)
def test_damage_is_found(finished: Finished, damage: Callable[[Finished], None], trouble: str, about: str) -> None:
    damage(finished)
    assert (trouble, about) in finished.faults()


def test_an_approval_that_was_never_used_is_found(finished: Finished) -> None:
    rewritten(finished, lambda kind, body: kind == "tool_intent" and "apr-" in body)
    assert ("journal", "") in finished.faults()


def test_a_file_that_changes_after_a_kill_is_found(finished: Finished) -> None:
    seen = files.Seen(finished.root)
    assert seen.look() == []
    assert seen.compare() == []
    file = finished.change_set("restart") / "applied.yaml"
    file.write_text(file.read_text() + "- more\n")
    assert [fault.trouble for fault in seen.compare()] == ["half-written"]


def test_objects_that_are_not_as_wanted_are_found(stand: Stand) -> None:
    names = Names(stand.ground.namespace, 90)
    stand.ground.place(names)
    assert named(list(cluster.as_wanted(stand.ground, names))) == {
        ("lost", "set_resources"),
        ("lost", "restart"),
        ("lost", "delete"),
    }


def test_a_rollback_that_did_nothing_is_found(stand: Stand, well: Outcome) -> None:
    names = Names(stand.ground.namespace, 91)
    assert named(list(cluster.as_before(stand.ground, names))) == {
        ("lost", "patch:checkout"),
        ("lost", "post:settings"),
    }


def test_a_request_that_the_audit_log_does_not_know_is_found(stand: Stand) -> None:
    assert stand.audit.wait_for(["no-such-id"], timeout_s=0.1) == ["no-such-id"]
