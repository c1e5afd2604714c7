"""Another user of the machine: who may read a workspace reads all that is in it, who may write it decides there."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.cli import main
from agent.journal.approvals import ask, decide
from agent.journal.events import SessionPaused
from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.journal.stores import JOURNAL
from agent.redaction import Redactor
from agent.workspace.history import init_repository
from tests.agent.cli.test_sessions import (
    FIRST,
    PARKED,
    REQUEST,
    STARTED,
)
from tests.agent.conftest import InProcess

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

NOBODY = 65534
READS = (
    ("status",),
    ("sessions", "-o", "json"),
    ("show", "-o", "json"),
    ("show",),
    ("approvals", "list", "--all", "-o", "json"),
    ("journal", "export"),
)


@pytest.fixture
def shared(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace that everybody may look into; the test stands in it."""
    top = Path(tempfile.mkdtemp(prefix="desk-shared-"))
    top.chmod(0o755)
    before = os.umask(0o022)
    init_repository(top / "workspace")
    monkeypatch.chdir(top / "workspace")
    yield top / "workspace"
    os.umask(before)
    shutil.rmtree(top)


def opened(root: Path) -> contextlib.closing[Journal]:
    return contextlib.closing(Journal(SqliteStore(root / JOURNAL), Redactor()))


def parked(root: Path) -> str:
    """A session that waits; gives the id of its approval."""
    with opened(root) as journal:
        journal.append(FIRST, STARTED)
        approval = ask(journal, FIRST, REQUEST, datetime.now(UTC)).approval_id
        journal.append(FIRST, PARKED)
    return approval


def as_somebody_else(work: Callable[[], object]) -> tuple[int, str]:
    """The exit code and what was printed of a process that is nobody's. What it imports was imported before."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        said, code = io.StringIO(), 99
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                work()
                code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException as error:  # noqa: BLE001  the parent says it
            said.write(repr(error))
        os.write(write, said.getvalue().encode()[-60_000:])
        os._exit(code)
    os.close(write)
    with os.fdopen(read) as pipe:
        printed = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), printed


def verified() -> str:
    """What a check of the chains found. Git does not show somebody else its commits."""
    code, said = as_somebody_else(command("journal", "verify"))
    assert code == 0, said
    assert "It was not compared with git's commits: git does not trust the repository" in said
    return said.removeprefix("The journal is intact: ").partition(",")[0]


def command(*arguments: str) -> Callable[[], object]:
    return lambda: main(list(arguments))


def test_who_may_only_read_sees_what_its_owner_sees(shared: Path, in_process: InProcess) -> None:
    parked(shared)
    files = sorted(path.name for path in (shared / ".desk").iterdir())
    for arguments in READS:
        owner = in_process(*arguments)
        assert as_somebody_else(command(*arguments)) == (0, owner.stdout), arguments
    assert verified() == "3 events"
    assert sorted(path.name for path in (shared / ".desk").iterdir()) == files


@pytest.mark.parametrize("killed", [False, True])
def test_who_may_only_read_sees_what_a_process_is_writing(
    shared: Path, in_process: InProcess, *, killed: bool
) -> None:
    parked(shared)
    in_process("journal", "verify")
    with opened(shared) as journal:
        journal.append(FIRST, SessionPaused(3, "again", "wait"))
        if killed:  # what it wrote stays beside the journal
            keep = {path: path.read_bytes() for path in (shared / ".desk").glob("journal.db*")}
        else:
            assert verified() == "4 events"
    if killed:
        for path, content in keep.items():
            path.write_bytes(content)
        assert verified() == "4 events"


def test_who_may_only_read_is_told_that_a_decision_is_written(shared: Path, in_process: InProcess) -> None:
    approval = parked(shared)
    in_process("approvals", "reject", "nonsense")
    for decision in ("approve", "reject"):
        code, said = as_somebody_else(command("approvals", decision, approval, "-o", "json"))
        assert code == 1
        assert "You may read the journal" in said
        assert "have the owner share the workspace with your group" in said
    assert json.loads(in_process("approvals", "list", "-o", "json").stdout)["approvals"][0]["status"] == "pending"


def test_who_may_not_even_read_is_told_so(shared: Path, in_process: InProcess) -> None:
    parked(shared)
    in_process("status")
    (shared / JOURNAL).chmod(0o600)
    for arguments in (("status",), ("show",), ("approvals", "list")):
        code, said = as_somebody_else(command(*arguments))
        assert code == 1
        assert "cannot be" in said
        assert "Traceback" not in said


def test_in_a_shared_workspace_two_users_write_one_journal(shared: Path, in_process: InProcess) -> None:
    approval = parked(shared)
    for path in (shared, *shared.rglob("*")):
        shutil.chown(path, group=NOBODY)
        path.chmod(path.stat().st_mode | (0o2070 if path.is_dir() else 0o060))
    in_process("status")  # whatever the umask, from here on it is the workspace's

    def decides() -> None:
        with opened(shared) as journal:
            decide(journal, approval, "approved", "bob", "", datetime.now(UTC))
            with journal.lease("another"):
                journal.append("another", STARTED)

    os.umask(0o077)
    in_process("status")
    assert as_somebody_else(decides) == (0, "")
    with opened(shared) as journal, journal.lease("another"):
        journal.append("another", SessionPaused(3, "again", "wait"))
    assert in_process("journal", "verify").stdout.startswith("The journal is intact: 6 events")
    made = [path for path in (shared / ".desk").rglob("*") if not path.stat().st_mode & stat.S_IWGRP]
    assert made == []
