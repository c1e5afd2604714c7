"""`desk serve` and what it starts, as real processes: the client of docs/api.md, ends of the server, failures."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from agent.journal.journal import Journal
from agent.journal.sqlite import SqliteStore
from agent.journal.stores import JOURNAL
from agent.redaction import Redactor
from agent.sandbox import Sandbox
from tests.agent.web.contract import obeys
from tests.messages_api.script import Call, Turn
from tests.messages_api.server import MessagesServer
from tools.json import Json

WHY = "why does checkout crash in shop-dev?"
FIX = "checkout keeps crashing in shop-dev, find out why and fix it"
WITHIN_S = 120.0


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


class Server:
    """`desk serve` at a port of its own."""

    def __init__(self, workspace: Path, kubeconfig: Path) -> None:
        command = [sys.executable, "-m", "agent", "serve", "--port", "0", "--workspace", str(workspace)]
        self.process = subprocess.Popen(
            [*command, "--kubeconfig", str(kubeconfig)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().partition(" is at ")[2].partition(";")[0]
        key = self.process.stdout.readline().strip().partition("key=")[2]
        until = time.monotonic() + WITHIN_S
        while True:
            try:
                entered = httpx.post(f"{self.url}/api/v1/login", headers={"Authorization": f"Bearer {key}"})
                break
            except httpx.TransportError:
                assert time.monotonic() < until
                time.sleep(0.1)
        self.token = entered.json()["token"]
        headers = {"Authorization": f"Bearer {self.token}"}
        self.client = httpx.Client(
            base_url=f"{self.url}/api/v1", headers=headers, timeout=WITHIN_S, event_hooks={"response": [obeys]}
        )

    def begin(self, key: str, task: str, **other: Any) -> str:
        body = {"session_key": key, "task": task, "model": "playbook", **other}
        return str(self.client.post("/sessions", json=body).json()["id"])

    def once(self, session: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The document of a session, once it is so."""
        until = time.monotonic() + WITHIN_S
        while not is_so(told := self.client.get(f"/sessions/{session}").json()):
            assert time.monotonic() < until, json.dumps(told)
            time.sleep(0.2)
        return dict(told)

    def end(self, number: signal.Signals) -> None:
        self.client.close()
        self.process.send_signal(number)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def start(workspace: Path, sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[[], Server]]:
    kubeconfig, started = tmp_path / "kubeconfig", list[Server]()
    kubeconfig.write_text(yaml.safe_dump(sandbox.kubeconfig()))
    (workspace / "desk.yaml").write_text("web: {sessions_at_once: 1}\n")

    def begin() -> Server:
        started.append(Server(workspace, kubeconfig))
        return started[-1]

    yield begin
    for each in started:
        if each.process.poll() is None:
            each.end(signal.SIGTERM)


@contextlib.contextmanager
def journal_of(workspace: Path) -> Iterator[Journal]:
    with contextlib.closing(Journal(SqliteStore(workspace / JOURNAL, reads=True), Redactor())) as journal:
        yield journal


def is_over(told: dict[str, Any]) -> bool:
    return told["exit_code"] is not None and told["status"] not in ("running", "killed")


def test_the_client_in_the_docs_works_as_it_stands(start: Callable[[], Server], tmp_path: Path) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", Path("docs/api.md").read_text(), re.DOTALL)
    assert len(source.splitlines()) <= 30
    (tmp_path / "client.py").write_text(source)
    server = start()
    done = subprocess.run(
        [sys.executable, tmp_path / "client.py", "ticket-1", WHY],
        env={**os.environ, "DESK_URL": server.url, "DESK_TOKEN": server.token},
        capture_output=True, text=True, check=False, timeout=WITHIN_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    types = [line.split()[1] for line in done.stdout.splitlines()]
    assert types[:2] == ["session_requested", "session_launched"]
    assert types[types.index("session_closed") :] in (["session_closed"], ["session_closed", "committed"])
    failed = server.once(server.begin("ticket-2", WHY, namespace="nowhere"), lambda told: bool(told["error"]))
    assert (failed["status"], failed["exit_code"]) == ("failed", 2)
    assert "nowhere" in failed["error"]


def test_an_end_of_the_server_loses_no_session(start: Callable[[], Server], workspace: Path) -> None:
    """Killed while one session runs and another waits to begin, then told to end: each runs to its end, once."""
    server = start()
    first, second = server.begin("a", FIX), server.begin("b", WHY)
    server.once(first, lambda told: told["session"] is not None)
    server.end(signal.SIGKILL)
    with journal_of(workspace) as journal:
        pid = journal.runner(first)
    assert pid
    os.kill(pid, 0)  # it goes on
    server = start()
    assert server.client.get(f"/sessions/{second}").json()["status"] == "queued"
    server.end(signal.SIGTERM)
    os.kill(pid, 0)
    server = start()
    for session in (first, second):
        told = server.once(session, is_over)
        assert (told["status"], told["exit_code"], told["sessions"]) == ("done", 0, [session])
    with journal_of(workspace) as journal:
        begun = [*journal.entries(types=("session_started", "session_resumed"))]
        launched = [*journal.entries(types=("session_launched",))]
    kinds = [(entry.session, entry.type) for entry in begun]
    assert kinds == [(first, "session_started"), (second, "session_started")]
    assert len(launched) == 2


def test_a_session_that_runs_is_cancelled_in_order(
    start: Callable[[], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_again(_: Json) -> Turn:  # for ever, so that it is not done before it is told to stop
        return Turn(calls=(Call(name="diagnose", input={"namespace": "shop-dev"}),))

    with MessagesServer(look_again) as claude:
        for name, value in {"ANTHROPIC_API_KEY": "a-key", "DESK_BASE_URL": claude.url}.items():
            monkeypatch.setenv(name, value)
        server = start()
        session = server.begin("a", FIX, model="claude", max_turns=50)
        server.once(session, lambda told: told["session"] is not None and told["session"]["turns"] > 0)
        server.client.post(f"/sessions/{session}/cancel")
        told = server.once(session, lambda told: told["status"] in ("cancelled", "done", "failed"))
    assert (told["status"], told["exit_code"]) == ("cancelled", 1)
    with server.client.stream("GET", f"/sessions/{session}/events") as events:
        last = [line for line in events.iter_lines() if line.startswith("data")][-1]
    assert json.loads(last.partition(": ")[2])["status"] == "cancelled"
