"""A disk that fills up: what cannot be written down is not done, and after room is made a resume finishes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import DeskError, JournalError
from agent.journal.events import Committed
from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.journal.stores import JOURNAL
from agent.redaction import Redactor
from agent.workspace.files import LogEntry, Workspace, add_log
from agent.workspace.history import History
from tests.faults.disk import Disk, mounted
from tests.faults.proxy import Meanwhile, Where
from tests.faults.scene import (
    DRY_RUN,
    EFFECT,
    VERSION,
    Scene,
    assert_clean,
    assert_done_once,
    assert_no_lock,
    assert_nothing_begun,
    assert_paused,
    assert_said,
    set_memory,
)

FULL = "database or disk is full"
NO_SPACE = "No space left on device"


@pytest.fixture
def state(scene: Scene) -> Iterator[Disk]:
    """The disk under `.desk`, with the journal."""
    with mounted(scene.root / ".desk") as disk:
        yield disk


@pytest.fixture
def repository(scene: Scene) -> Iterator[Disk]:
    """The disk under `.git`."""
    with mounted(scene.root / ".git", 2048) as disk:
        yield disk


@pytest.mark.parametrize(
    ("where", "effects"), [(DRY_RUN, 0), (EFFECT, 1)], ids=["before the intent", "after the effect"]
)
def test_the_journals_disk_fills(scene: Scene, state: Disk, where: Where, effects: int) -> None:
    scene.proxy.at(where, Meanwhile(state.fill), times=1)
    done = scene.desk(*set_memory())
    assert_said(done, 1, f"error: The journal {scene.root}/.desk/journal.db cannot be written: {FULL}", "make room")
    state.make_room()
    assert scene.effects() == effects
    assert scene.types().count("tool_intent") == effects
    assert scene.verify()
    scene.resume()
    assert_done_once(scene)


def test_the_journals_disk_is_full_from_the_start(scene: Scene, state: Disk) -> None:
    state.fill()
    assert_said(scene.desk(*set_memory()), 1, f"{scene.root}/.desk", "space")
    state.make_room()
    assert_nothing_begun(scene)
    assert_said(scene.desk(*set_memory()), 0)
    assert_done_once(scene)


def test_what_only_reads_the_journal_reads_it_or_says_that_it_cannot(scene: Scene, state: Disk) -> None:
    scene.desk(*set_memory())
    state.fill()
    for command in (("status",), ("journal", "verify"), ("approvals", "list")):
        done = scene.desk(*command)
        assert "Traceback" not in done.stdout + done.stderr
        assert done.returncode == 0 or ".desk/journal.db cannot be" in done.stderr


def test_gits_disk_fills_before_the_commit(scene: Scene, repository: Disk) -> None:
    scene.proxy.at(EFFECT, Meanwhile(repository.fill, done=True), times=1)
    done = scene.desk(*set_memory())
    assert_paused(done, 1, "applied: patched Deployment checkout", f"{scene.root}", NO_SPACE)
    assert_no_lock(scene)
    repository.make_room()
    scene.resume()
    assert_done_once(scene)


def test_gits_disk_is_full_from_the_start(scene: Scene, repository: Disk) -> None:
    repository.fill()
    assert_said(scene.desk(*set_memory()), 1, f"{scene.root}/.git/index.lock", NO_SPACE, "Next:")
    repository.make_room()
    assert_nothing_begun(scene)


def test_the_disk_of_everything_fills(scene: Scene) -> None:
    with mounted(scene.root, 4096) as disk:
        (scene.root / ".git/info/exclude").write_text("ballast\n")
        scene.proxy.at(EFFECT, Meanwhile(disk.fill), times=1)
        assert_said(scene.desk(*set_memory()), 1, "cannot be written", FULL)
        disk.make_room()
        scene.resume()
        assert_done_once(scene)


def test_a_full_disk_for_temporary_files_is_nothing_to_desk(scene: Scene, tmp_path: Path) -> None:
    with mounted(tmp_path / "tmp", 64) as disk:
        scene.env["TMPDIR"] = str(disk.path)
        scene.proxy.at(VERSION, Meanwhile(disk.fill), times=1)
        assert_said(scene.desk(*set_memory()), 0, "Done:")
        assert_done_once(scene)


def entry(second: int) -> LogEntry:
    at = f"2025-01-31T09:30:{second:02d}+00:00"
    return LogEntry(at, "a title", "an action", "a reason", "a target", "SUCCESS", "none")


def test_a_commit_with_less_and_less_room_is_made_or_said(scene: Scene, repository: Disk) -> None:
    """Wherever git or Desk meets the end of the disk, both go on once there is room."""
    workspace, history, failed = Workspace(scene.root), History(scene.root), 0
    for free_pages in range(24):
        edits = [add_log(entry(free_pages))]
        workspace.write(edits)
        repository.fill(free_pages)
        try:
            history.commit(f"with {free_pages} pages left\n", edits)
        except DeskError as error:
            failed += 1
            assert "Next: " in str(error)
        repository.make_room()
        history.commit(f"with {free_pages} pages left\n", edits)
        assert_clean(scene)
    assert 0 < failed < 24
    subjects = scene.git("log", "--format=%s", "-24").splitlines()
    assert subjects == [f"with {free_pages} pages left" for free_pages in reversed(range(24))]


def test_an_event_with_less_and_less_room_is_written_or_said(scene: Scene, state: Disk) -> None:
    file, written = state.path / Path(JOURNAL).name, 0
    for free_pages in range(12):
        with contextlib.closing(Journal(SqliteStore(file), Redactor())) as journal:
            state.fill(free_pages)
            try:
                for number in range(4):
                    journal.append("s", Committed(f"{free_pages}-{number}", "x" * 3000))
                    written += 1
            except JournalError as error:
                assert FULL in str(error)
            state.make_room()
            journal.append("s", Committed("after", ""))
            written += 1
            assert journal.verify() == written


def test_the_locks_have_no_room(scene: Scene, state: Disk) -> None:
    (state.path / "workspace.lock").unlink()
    with contextlib.closing(Journal(SqliteStore(state.path / Path(JOURNAL).name), Redactor())) as journal:
        state.fill()
        with pytest.raises(JournalError, match=NO_SPACE), journal.lease("s"):
            pass
        with pytest.raises(DeskError, match=NO_SPACE), Workspace(scene.root).lock():
            pass
        state.make_room()
        with journal.lease("s"), Workspace(scene.root).lock():
            pass
