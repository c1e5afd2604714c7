"""A journal of the version before, with one chain for all sessions, is read, verified, resumed and rolled back."""

from __future__ import annotations

import contextlib
import gzip
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.errors import BrokenJournal
from agent.journal import approvals
from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.journal.summary import summarize
from agent.redaction import Redactor
from agent.sandbox import Sandbox
from agent.sandbox.cluster import KINDS
from agent.sandbox.server import SandboxApi
from tests.agent.conftest import InProcess, own_home
from tests.agent.journal.recorded.record import kubeconfig
from tests.agent.journal.test_journal_store import opens, run_two
from tests.faults.proxy import FaultProxy
from tests.faults.scene import Scene, assert_said

__all__ = ["own_home"]

RECORDED = Path(__file__).with_name("recorded")
CLOSED, WAITING, KILLED = "20261129-133415-6ea53b", "20261129-133503-28c731", "20261129-133531-c911a0"
APPROVAL = "apr-33823e715c"
SOON_AFTER = datetime(2026, 11, 29, 13, 36, tzinfo=UTC)
EVENTS = 30


class RecordedApi(SandboxApi):
    """The sandbox with the Deployments as the sessions left them."""

    def __init__(self) -> None:
        super().__init__()
        for live in json.loads((RECORDED / "deployments.json").read_text()):
            self.store.put((KINDS["Deployment"], live["metadata"]["namespace"], live["metadata"]["name"]), live)


@pytest.fixture
def workspace(own_home: Path, tmp_path: Path) -> Path:
    """The recorded one."""
    root = tmp_path / "workspace"
    clone = ("git", "clone", "--quiet", "--branch=main", str(RECORDED / "history.bundle"), str(root))
    subprocess.run(clone, check=True)
    (root / ".desk").mkdir()
    (root / ".desk/journal.db").write_bytes(gzip.decompress((RECORDED / "journal.db.gz").read_bytes()))
    return root


@pytest.fixture
def scene(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """The recorded workspace and its cluster, soon after what was recorded."""
    monkeypatch.setattr("agent.sandbox.server.SandboxApi", RecordedApi)
    with Sandbox() as sandbox, FaultProxy(sandbox.url) as proxy:
        scene = Scene(workspace, sandbox, proxy, tmp_path)
        kubeconfig(scene.kubeconfig, f"http://127.0.0.1:{proxy.server_port}")
        scene.clock_s = (SOON_AFTER - datetime.now(UTC)).total_seconds()
        yield scene


@contextlib.contextmanager
def journal(root: Path) -> Iterator[Journal]:
    store = SqliteStore(root / ".desk/journal.db")
    with contextlib.closing(Journal(store, Redactor(), now=lambda: SOON_AFTER)) as opened:
        yield opened


def stored(root: Path, columns: str = "seq, session, at, type, body, hash") -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(root / ".desk/journal.db")) as connection:
        return connection.execute(f"SELECT {columns} FROM events ORDER BY seq").fetchall()


def cut(root: Path, which: str) -> None:
    """Take events away, as somebody would who first takes the trigger away."""
    with contextlib.closing(sqlite3.connect(root / ".desk/journal.db")) as connection, connection:
        connection.execute("DROP TRIGGER events_are_not_deleted")
        connection.execute(f"DELETE FROM events WHERE {which}")


def test_it_is_read_and_verified_and_no_event_is_rewritten(
    workspace: Path, in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(workspace)
    monkeypatch.chdir(workspace)
    assert [(line.session, line.status) for line in summarize(workspace).sessions] == [
        (KILLED, "killed"),
        (WAITING, "paused"),
        (CLOSED, "done"),
    ]
    verified = json.loads(in_process("journal", "verify", "-o", "json").stdout)
    assert (verified["events"], verified["intact"], verified["commits"]) == (EVENTS, True, 0)
    assert [row["id"] for row in asked(in_process)] == [APPROVAL]
    exported = [json.loads(line) for line in in_process("journal", "export").stdout.splitlines()]
    assert [(line["seq"], line["hash"], line["number"]) for line in exported[:EVENTS]] == [
        (row[0], row[5], 0) for row in before
    ]
    assert in_process("show", CLOSED).returncode == 0
    assert stored(workspace)[:EVENTS] == before  # behind them: by now nobody has decided in time
    with journal(workspace) as opened:
        assert opened.root == before[-1][5]


def test_who_only_reads_it_leaves_it_as_it_is(workspace: Path) -> None:
    file = workspace / ".desk/journal.db"
    before = file.read_bytes()
    with contextlib.closing(Journal(SqliteStore(file, reads=True), Redactor())) as opened:
        assert (opened.verify(), opened.root) == (EVENTS, list(opened.entries())[-1].hash)
        assert [opened.head(session) for session in (CLOSED, WAITING)] == [None, None]
        assert opened.hash_of(CLOSED, 1) == ""
    assert file.read_bytes() == before


def asked(in_process: InProcess) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(in_process("approvals", "list", "--all", "-o", "json").stdout)[
        "approvals"
    ]
    return rows


def test_what_comes_after_it_is_chained_to_it(workspace: Path) -> None:
    with journal(workspace) as opened:
        approvals.decide(opened, APPROVAL, "approved", "carol", "", SOON_AFTER)
        assert opened.verify() == EVENTS + 1
        head = opened.head(WAITING)
    assert (head and head.number, stored(workspace, "seq, number")[-1]) == (1, (EVENTS + 1, 1))


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("seq = 7", r"^event 8 \(.*event 7 is missing"),
        (f"seq = {EVENTS}", "the last of the events that have one chain for all sessions are missing"),
        (f"seq <= {EVENTS}", f"event {EVENTS + 1} is there, and event {EVENTS} is missing"),
    ],
)
def test_what_is_missing_of_it_is_noticed(workspace: Path, which: str, said: str) -> None:
    with journal(workspace) as opened:
        approvals.decide(opened, APPROVAL, "approved", "carol", "", SOON_AFTER)
    cut(workspace, which)
    with journal(workspace) as opened, pytest.raises(BrokenJournal, match=said):
        opened.verify()


def test_it_is_resumed_and_rolled_back(scene: Scene) -> None:
    with journal(scene.root) as opened:
        approvals.decide(opened, APPROVAL, "approved", "carol", "", SOON_AFTER + timedelta(seconds=1))
    assert_said(scene.desk("resume", WAITING), 0)
    assert (scene.memory("checkout", "shop-staging"), scene.effects("checkout", "shop-staging")) == ("64Mi", 1)
    assert_said(scene.desk("resume", KILLED), 0)
    assert (scene.memory("payments"), scene.effects("payments")) == ("192Mi", 0)  # done before it was killed
    assert [body["outcome"] for body in scene.bodies("tool_receipt")] == ["applied", "applied", "reconciled"]
    (made,) = (entry.body["sha"] for entry in scene.entries() if entry.session == CLOSED and entry.body.get("undo"))
    assert_said(scene.desk("rollback", made), 0)
    assert (scene.memory(), scene.effects()) == ("16Mi", 1)
    verified = json.loads(scene.desk("journal", "verify", "-o", "json").stdout)
    assert verified["intact"]
    assert verified["commits"] == len(scene.git("log", "--format=%H", "--grep=^Journal: ").splitlines()) > 3


def test_two_processes_at_once_bring_it_up_to_date_once(workspace: Path) -> None:
    run_two(opens, opens, workspace / ".desk/journal.db")
    with journal(workspace) as opened:
        assert opened.verify() == EVENTS + 2
        assert [opened.head(session) is not None for session in ("s1", "s2")] == [True, True]
    assert stored(workspace, "seq, number")[-3:] == [(EVENTS, 0), (EVENTS + 1, 1), (EVENTS + 2, 1)]
