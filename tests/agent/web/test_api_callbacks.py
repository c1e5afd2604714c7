"""Callbacks: what is sent and how often, and where Desk lets nobody send it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.humans.port import Message, Undelivered
from agent.humans.watch import Watch
from agent.journal.events import (
    LaunchFailed,
    NoticeIntended,
    SessionClosed,
    SessionPaused,
    SessionRequested,
    SessionStarted,
)
from agent.journal.journal import Journal
from agent.journal.requests import Requests, accept, chain_of
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from agent.web.api import callbacks
from agent.web.api.callbacks import Callbacks, Endings, why_not


@dataclass
class Receiver:
    """An HTTP server that is called back, and answers with `status`."""

    url: str
    got: list[dict[str, Any]] = field(default_factory=list)
    status: int = 204
    location: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if not found.status:
                self.close_connection = True
                return
            self.send_response(found.status)
            if found.location:
                self.send_header("Location", found.location)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Receiver(f"http://127.0.0.1:{server.server_port}/told?x=1")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        server.shutdown()


@dataclass
class Bench:
    journal: Journal
    ahead: timedelta = timedelta()

    def watch(self, *, loopback: bool = True) -> Watch:
        channel, endings = Callbacks((), loopback=loopback), Endings(self.journal, Requests(self.journal))
        return Watch(self.journal, [channel], self.now, messages=endings, lease=callbacks.LEASE)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def types(self) -> list[str]:
        return [entry.type for entry in self.journal.entries() if entry.type.startswith("notice_")]


@pytest.fixture
def bench(tmp_path: Path, receiver: Receiver) -> Iterator[Bench]:
    with contextlib.closing(Journal(SqliteStore(tmp_path / "journal.db"), Redactor())) as journal:
        asked = SessionRequested("k", "s1", "look", "", "ana", callback=receiver.url)
        accept(journal, Requests(journal), asked, lambda _: None)
        journal.append("s1", SessionStarted("look", "shop", "playbook", "ana", "c", session_key="k"))
        yield Bench(journal)


def test_each_end_of_a_process_is_told_once(bench: Bench, receiver: Receiver) -> None:
    watch = bench.watch()
    bench.journal.append("s1", SessionPaused(3, "waiting", "", approval_id="apr-1"))
    for _ in range(3):
        watch.tick()
    bench.journal.append("s1", SessionClosed(0, "done", "", ""))
    watch.tick()
    bench.watch().tick()  # of a server that was started anew
    told = [(each["status"], each["exit_code"], each["approval"]) for each in receiver.got]
    assert told == [("paused", 3, "apr-1"), ("done", 0, "")]
    assert {(each["request"], each["session_key"], each["session"]) for each in receiver.got} == {("s1", "k", "s1")}
    assert len({each["id"] for each in receiver.got}) == 2
    assert bench.types() == ["notice_intended", "notice_sent"] * 2


def test_what_could_not_begin_is_told_and_what_is_long_ago_is_not(bench: Bench, receiver: Receiver) -> None:
    bench.journal.append(chain_of("k"), LaunchFailed("k", 2, "no such namespace"))
    bench.ahead = timedelta(hours=3)
    bench.watch().tick()
    assert receiver.got == []
    bench.ahead = timedelta()
    bench.watch().tick()
    assert [(each["status"], each["exit_code"], each["session"]) for each in receiver.got] == [("failed", 2, "")]


@pytest.mark.parametrize(("status", "times"), [(500, 3), (429, 3), (404, 1), (302, 1), (0, 1)])
def test_a_refusal_is_tried_again_and_no_answer_is_not(
    bench: Bench, receiver: Receiver, status: int, times: int
) -> None:
    receiver.status, receiver.location = status, receiver.url
    bench.journal.append("s1", SessionClosed(0, "done", "", ""))
    watch = bench.watch()
    for _ in range(6):
        watch.tick()
        bench.ahead += timedelta(minutes=6)
    bench.watch().tick()
    assert len(receiver.got) == times


def test_what_was_begun_when_the_process_was_killed_is_not_sent_again(bench: Bench, receiver: Receiver) -> None:
    (closed,) = bench.journal.append("s1", SessionClosed(0, "done", "", ""))
    about = f"callback-s1-{closed.number}"
    bench.journal.append(about, NoticeIntended(about, "callback", "callback"))
    bench.ahead = timedelta(seconds=10)
    for _ in range(2):
        bench.watch().tick()
    assert receiver.got == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://bot.example.com/x?y=1", ""),
        ("https://bot.example.com:8443", ""),
        ("https://8.8.8.8/x", ""),
        ("http://bot.example.com", "https://"),
        ("ftp://bot.example.com", "https://"),
        ("https://", "no URL"),
        ("https://user:pw@bot.example.com", "no URL"),
        ("https://bot.example.com:99999", "no URL"),
        ("https://bot.example.com/\nX: y", "no URL"),
        ("https://b\u00f6t.example.com", "no URL"),
        ("https://[::1", "no URL"),
        ("https://127.0.0.1", "no public address"),
        ("https://10.0.0.1", "no public address"),
        ("https://169.254.169.254/latest/meta-data", "no public address"),
        ("https://100.64.0.1", "no public address"),
        ("https://0.0.0.0", "no public address"),
        ("https://[::1]", "no public address"),
        ("https://[fd00::1]", "no public address"),
        ("https://[fe80::1]", "no public address"),
        ("https://[::ffff:10.0.0.1]", "no public address"),
        ("https://[2002:a00:1::]", "no public address"),
        ("https://[64:ff9b::a00:1]", "no public address"),
        ("https://224.0.0.1", "no public address"),
        ("http://127.0.0.1:8080", "https://"),
    ],
)
def test_where_a_callback_leads_by_its_own_word(url: str, said: str) -> None:
    assert said in why_not(url, (), loopback=False) and bool(said) == bool(why_not(url, (), loopback=False))


def test_an_operator_allows_a_host_and_a_page_of_this_machine_its_own() -> None:
    assert why_not("https://10.0.0.1", ("10.0.0.1",), loopback=False) == ""
    assert why_not("http://10.0.0.1", ("10.0.0.1",), loopback=False) != ""
    assert why_not("http://127.0.0.1:1/x", (), loopback=True) == ""
    assert why_not("http://10.0.0.1", (), loopback=True) != ""


@pytest.mark.parametrize("found", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["fe80::1%eth0"]])
def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    def resolve(host: str, port: int, **_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    message = Message("a", "callback", blocks={"url": "https://inside.example.com/", "body": {}})
    with pytest.raises(Undelivered, match="no public address") as refused:
        Callbacks((), loopback=True).send(message)
    assert refused.value.is_final


def test_a_page_for_others_calls_nobody_on_its_own_machine(bench: Bench, receiver: Receiver) -> None:
    bench.journal.append("s1", SessionClosed(0, "done", "", ""))
    watch = bench.watch(loopback=False)
    for _ in range(3):
        watch.tick()
    assert receiver.got == []
    assert bench.types() == ["notice_intended", "notice_failed"]
