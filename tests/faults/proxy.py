"""A proxy in front of an API server that does what networks and API servers do at their worst.

A rule says for which requests (method, path, which of them in order) and what happens to them. A request that
no rule is for is passed on, and so is one that comes after its rule's last time.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, assert_never
from urllib.parse import urlsplit

import yaml

EVER = 1_000_000
DRY_RUN = re.compile(r"[?&]dryRun=All")


@dataclass(frozen=True)
class Answer:
    """Answered in the API server's place, which never hears of the request."""

    status: int
    message: str = "it is not its day"
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Mapping[str, Any] | None = None
    """The answer, where it is no Status."""

    @property
    def body(self) -> bytes:
        if self.document is not None:
            return json.dumps(self.document).encode()
        head = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": self.status}
        return json.dumps({**head, "message": self.message, "reason": self.reason}).encode()


@dataclass(frozen=True)
class Reset:
    """The connection is reset before the API server hears of the request, or after it has done it."""

    done: bool = False


@dataclass(frozen=True)
class Cut:
    """The API server does it, and the connection ends in the middle of its answer's body."""


@dataclass(frozen=True)
class Delay:
    """Passed on after some seconds, whether somebody still waits for the answer or not."""

    seconds: float


@dataclass(frozen=True)
class Silence:
    """The connection is kept, and nothing is ever said; the API server never hears of the request."""


@dataclass(frozen=True)
class Meanwhile:
    """Something happens at exactly that moment: before the request is passed on, or before it is answered."""

    do: Callable[[], object]
    done: bool = False


@dataclass(frozen=True)
class Stream:
    """Answered in the API server's place with text that is made as it is sent, for as long as somebody reads it."""

    of: Callable[[str], Iterator[bytes]]
    """By the path with its query."""


Action = Answer | Reset | Cut | Delay | Silence | Meanwhile | Stream


@dataclass
class Rule:
    """What happens to the requests from the `first` that matches on, `times` of them."""

    where: Where
    action: Action
    first: int = 1
    times: int = EVER
    seen: int = 0

    def takes(self, method: str, path: str) -> bool:
        """Whether this request is one of them; counts it if it matches."""
        if not self.where.means(method, path):
            return False
        self.seen += 1
        return self.first <= self.seen < self.first + self.times


@dataclass(frozen=True)
class Where:
    """Requests: the method (empty: any), and what is looked for in the path with its query."""

    method: str
    path: str

    def means(self, method: str, path: str) -> bool:
        """Whether this request is one of them."""
        return self.method in ("", method) and re.search(self.path, path) is not None


ANYTHING = Where("", "")


@dataclass(frozen=True)
class Passed:
    """A request that the API server got, what it answered, and when it came to the proxy."""

    method: str
    path: str
    status: int
    at: float


class FaultProxy(ThreadingHTTPServer):
    """Listens between enter and exit; `upstream` is the API server's address, over plain HTTP."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.came: list[tuple[str, str, float]] = []
        self.passed: list[Passed] = []
        self._rules: list[Rule] = []
        self._guard = threading.Lock()
        self._over = threading.Event()
        self._healed = threading.Event()
        self._busy = 0
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._healed.set()
        self.shutdown()
        self.server_close()

    def kubeconfig(self, folder: Path, token: str = "sandbox", name: str = "proxy") -> Path:
        """A kubeconfig that goes through here."""
        context = {"cluster": "proxy", "user": "proxy", "namespace": "shop-dev"}
        document: dict[str, Any] = {
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "clusters": [{"name": "proxy", "cluster": {"server": f"http://127.0.0.1:{self.server_port}"}}],
            "users": [{"name": "proxy", "user": {"token": token}}],
            "contexts": [{"name": "proxy", "context": context}],
        }  # fmt: skip
        file = folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(document))
        return file

    def at(self, where: Where, action: Action, *, first: int = 1, times: int = EVER) -> Rule:
        """Add a rule; of several that take a request, the first one counts."""
        rule = Rule(where, action, first, times)
        with self._guard:
            self._rules.append(rule)
            self._healed.clear()
        return rule

    def away_after(self, where: Where, action: Action) -> None:
        """From the first request of this sort on, which is still answered, every request ends in this."""
        self.at(where, Meanwhile(lambda: self.at(ANYTHING, action)), times=1)

    def heal(self) -> None:
        """Take all rules away, and wait until what is under way has ended."""
        with self._guard:
            self._rules.clear()
            self._healed.set()
        self.wait_until_idle()

    def wait_until_idle(self, timeout_s: float = 20.0) -> None:
        """Wait until no request is under way any more."""
        deadline = time.monotonic() + timeout_s
        while self._busy:
            assert time.monotonic() < deadline, f"{self._busy} requests are still under way"
            time.sleep(0.02)

    def effects(self) -> list[Passed]:
        """The patches that the API server has made."""
        return [p for p in self.passed if p.method == "PATCH" and not DRY_RUN.search(p.path) and p.status == 200]

    def came_to(self, where: Where) -> list[float]:
        """When requests of this sort came, whatever became of them."""
        return [at for method, path, at in self.came if where.means(method, path)]

    def wait_for(self, where: Where, count: int = 1, timeout_s: float = 30.0) -> None:
        """Wait until so many requests of this sort have come, whatever becomes of them."""
        deadline = time.monotonic() + timeout_s
        while len(self.came_to(where)) < count:
            assert time.monotonic() < deadline, f"no {where.method} {where.path} came"
            time.sleep(0.01)

    def rule_for(self, method: str, path: str) -> Rule | None:
        with self._guard:
            self.came.append((method, path, time.monotonic()))
            taken = [rule for rule in self._rules if rule.takes(method, path)]
            return taken[0] if taken else None

    def busy(self, by: int) -> None:
        with self._guard:
            self._busy += by

    def rest(self, seconds: float) -> None:
        self._over.wait(seconds)

    def be_silent(self) -> None:
        """Until the rules are taken away."""
        self._healed.wait()

    def shutdown_request(self, request: Any) -> None:
        """Close, and nothing else: a connection that is to be reset says no goodbye."""
        self.close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever waited for the answer has left."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultProxy
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        at = time.monotonic()
        self.server.busy(1)
        try:
            rule = self.server.rule_for(self.command, self.path)
            self._follow(rule.action if rule else None, body, at)
        finally:
            self.server.busy(-1)

    def _follow(self, action: Action | None, body: bytes, at: float) -> None:
        match action:
            case None:
                self._answer(*self._pass_on(body, at))
            case Answer():
                self._answer(action.status, action.body, action.headers)
            case Reset(done):
                if done:
                    self._pass_on(body, at)
                self._reset()
            case Cut():
                self._cut(*self._pass_on(body, at))
            case Delay(seconds):
                self.server.rest(seconds)
                self._answer(*self._pass_on(body, at))
            case Silence():
                self.server.be_silent()
                self._reset()
            case Meanwhile(do, done):
                if not done:
                    do()
                answer = self._pass_on(body, at)
                if done:
                    do()
                self._answer(*answer)
            case Stream(of):
                self._stream(of(self.path))
            case _:
                assert_never(action)

    def _stream(self, pieces: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                self.wfile.write(piece)
        self.close_connection = True

    def _pass_on(self, body: bytes, at: float) -> tuple[int, bytes, Mapping[str, str]]:
        upstream = self.server.upstream
        connection = http.client.HTTPConnection(upstream.hostname or "", upstream.port, timeout=30)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        self.server.passed.append(Passed(self.command, self.path, answer.status, at))
        return answer.status, data, {"Content-Type": answer.getheader("Content-Type") or "application/json"}

    def _answer(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        self._head(status, data, headers)
        self.wfile.write(data)

    def _cut(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        self._head(status, data, headers)
        self.wfile.write(data[: len(data) // 2])
        self.close_connection = True

    def _head(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            **headers,
            "Content-Length": str(len(data)),
        }.items():
            self.send_header(name, value)
        self.end_headers()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""
