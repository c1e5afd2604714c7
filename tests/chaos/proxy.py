"""A proxy in front of the API server: it forwards everything, and kills the sender around an effect if told to."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.chaos.ground import Access
from tests.chaos.points import EFFECT_KINDS, Point

_OBJECT = re.compile(r"/namespaces/(?P<namespace>[^/]+)/(?P<resource>[a-z]+)/(?P<name>[^/?]+)(?:\?|$)")
_REVIEWS = re.compile(r"^/apis/(authentication|authorization)\.k8s\.io/")
HOLD_S = 60.0
_NOT_FORWARDED = ("host", "connection", "content-length")


@dataclass(frozen=True)
class Sent:
    """A request that was to change something, as the API server answered it."""

    audit_id: str
    effect: str
    dry_run: bool
    status: int


@dataclass
class Held:
    """A request on its way, whose sender is dead already."""

    named: str
    answers: int
    """So many are given to others about the same object before it arrives."""
    due: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)


class Proxy(ThreadingHTTPServer):
    """One for each worker: at most one process is armed against at a time."""

    daemon_threads = True
    disable_nagle_algorithm = True

    def __init__(self, access: Access) -> None:
        self.upstream = urlsplit(access.server)
        self.as_admin = access.tls(with_certificate=True)
        self.as_bearer = access.tls(with_certificate=False)
        self.sent: list[Sent] = []
        self._armed: tuple[Point, Callable[[], None]] | None = None
        self._held: list[Held] = []
        self._under_way = 0
        self._changed = threading.Condition()
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def kubeconfig(self, file: Path, namespace: str, token: str = "") -> str:
        """Write a kubeconfig that goes through the proxy: as the admin, or as who the token is of."""
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
            "clusters": [{"name": "proxy", "cluster": {"server": self.url}}],
            "users": [{"name": "proxy", "user": {"token": token} if token else {}}],
            "contexts": [
                {"name": "proxy", "context": {"cluster": "proxy", "user": "proxy", "namespace": namespace}}
            ],
        }  # fmt: skip
        file.write_text(yaml.safe_dump(document))
        return str(file)

    def arm(self, point: Point, kill: Callable[[], None]) -> None:
        """Kill when the point's effect is sent."""
        with self._changed:
            self._armed = (point, kill)

    def disarm(self) -> None:
        """Kill nobody any more."""
        with self._changed:
            self._armed = None

    def fatal(self, effect: str) -> tuple[Point, Callable[[], None]] | None:
        """The point that an effect runs into: once."""
        with self._changed:
            if self._armed is None or self._armed[0].kind not in EFFECT_KINDS or self._armed[0].at != effect:
                return None
            armed, self._armed = self._armed, None
            return armed

    def hold(self, named: str, answers: int) -> Held:
        """Keep a request back; it arrives when it is due."""
        held = Held(named, answers)
        with self._changed:
            self._held.append(held)
        if answers == 0:
            held.due.set()
        return held

    def answered(self, named: str) -> None:
        """An answer about an object is about to be given: what is due now arrives before it."""
        with self._changed:
            concerned = [held for held in self._held if held.named == named and not held.due.is_set()]
            for held in concerned:
                held.answers -= 1
        for held in concerned:
            if held.answers == 0:
                held.due.set()
                held.arrived.wait(HOLD_S)

    def begin(self) -> None:
        """A request is under way."""
        with self._changed:
            self._under_way += 1

    def end(self, sent: Sent | None) -> None:
        """It is no more."""
        with self._changed:
            self._under_way -= 1
            self.sent += [sent] if sent else []
            self._changed.notify_all()

    def settled(self, timeout_s: float = 30.0) -> list[Sent]:
        """Every request that was to change something, when none is under way any more."""
        with self._changed:
            for held in self._held:
                held.due.set()
            self._held.clear()
            if not self._changed.wait_for(lambda: self._under_way == 0, timeout_s):
                raise TimeoutError("a request is still under way")
            sent, self.sent = self.sent, []
            return sent

    def handle_error(self, request: object, client_address: object) -> None:
        """A dead client is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    _upstream: http.client.HTTPSConnection | None = None

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        effect, dry_run = effect_of(self.command, self.path, body)
        fatal = self.server.fatal(effect) if effect and not dry_run else None
        sent = None
        self.server.begin()
        try:
            sent = self._pass(body, effect, dry_run, fatal)
        finally:
            self.server.end(sent)

    def _pass(
        self, body: bytes, effect: str, dry_run: bool, fatal: tuple[Point, Callable[[], None]] | None
    ) -> Sent | None:
        if fatal is not None:
            return self._pass_killing(body, effect, *fatal)
        status, headers, data = self._ask(body)
        self.server.answered(_object(self.path, body))
        self._answer(status, headers, data)
        return Sent(headers.get("Audit-Id", ""), effect, dry_run, status) if effect else None

    def _pass_killing(self, body: bytes, effect: str, point: Point, kill: Callable[[], None]) -> Sent | None:
        self.close_connection = True
        held = None
        if point.kind == "late":
            held = self.server.hold(_object(self.path, body), point.count)
        if point.kind != "answered":
            kill()
        if point.kind == "before":
            return None
        if held is not None:
            held.due.wait(HOLD_S)
        status, headers, _ = self._ask(body)
        if held is not None:
            held.arrived.set()
        else:
            kill()
        return Sent(headers.get("Audit-Id", ""), effect, False, status)

    def _answer(self, status: int, headers: http.client.HTTPMessage, data: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()
        except ConnectionError:
            self.close_connection = True

    def _ask(self, body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        if self._upstream is None:
            tls = self.server.as_bearer if "Authorization" in self.headers else self.server.as_admin
            self._upstream = _connection(self.server.upstream.netloc, tls)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in _NOT_FORWARDED}
        self._upstream.request(self.command, self.path, body or None, headers)
        answer = self._upstream.getresponse()
        return answer.status, answer.headers, answer.read()

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            if self._upstream is not None:
                self._upstream.close()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _forward

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""


def _connection(netloc: str, tls: ssl.SSLContext) -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection(netloc, context=tls, timeout=60)


def effect_of(method: str, path: str, body: bytes) -> tuple[str, bool]:
    """(`patch:checkout` for a PATCH of checkout-12, whether it is a dry run); no effect: an empty name."""
    if method not in ("PATCH", "PUT", "DELETE", "POST") or _REVIEWS.match(path):
        return "", False
    name = _object(path, body)
    dry_run = "dryRun=" in path or bool(_json(body).get("dryRun"))
    return f"{method.lower()}:{name.rpartition('-')[0] or name}", dry_run


def _object(path: str, body: bytes) -> str:
    """The name of the object that a request is about: in its path, or for a new one in its body."""
    found = _OBJECT.search(path)
    return found["name"] if found else str((_json(body).get("metadata") or {}).get("name", ""))


def _json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
