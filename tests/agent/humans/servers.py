"""Slack, Teams and PagerDuty as servers of our own: they check what the real ones document, and fail as they do.

Slack: its Web API (token, Block Kit by `slack_sdk.models`, metadata, threads, updates, history) and Socket Mode
over a real WebSocket, where an envelope is acknowledged within three seconds. Teams: a Workflows webhook with its
28 KB. PagerDuty: Events v2 with its field limits and one alert a dedup key.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

BOT_TOKEN, APP_TOKEN = "xoxb-1-played", "xapp-1-played"
ROUTING_KEY = "R" * 32
BOT = "B0DESK"
ACKNOWLEDGED_WITHIN_S = 3.0

Moment = Literal["before", "done", "answered"]
Fault = Literal["", "500", "429", "hang", "lost", "refused", "garbage"]
"""Empty: none. `lost`: it is done and the answer is not sent. `hang`: nothing is done, and no answer comes."""


@dataclass
class Posted:
    """A message of Slack's."""

    channel: str
    ts: str
    body: dict[str, Any]
    updates: list[dict[str, Any]] = field(default_factory=list)

    @property
    def shown(self) -> dict[str, Any]:
        """As people see it now."""
        return self.updates[-1] if self.updates else self.body

    @property
    def text(self) -> str:
        """All text that it shows."""
        return json.dumps(self.shown.get("blocks"), ensure_ascii=False) + str(self.shown.get("text"))

    def button(self, verb: str) -> dict[str, Any] | None:
        """The button of its newest state by what it does."""
        actions = [each for block in self.shown.get("blocks", ()) for each in block.get("elements", ())]
        return next((each for each in actions if str(each.get("action_id", "")).startswith(verb)), None)


class Services:
    """All three behind one port; `faults` of each are used up one by one, `log` is what was done, in order."""

    def __init__(self) -> None:
        self.faults: dict[str, deque[Fault]] = {"slack": deque(), "teams": deque(), "pagerduty": deque()}
        self.messages: list[Posted] = []
        self.cards: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.alerts: dict[str, str] = {}
        self.whispers: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        """What the real ones would not have taken."""
        self.acknowledged: dict[str, float] = {}
        self.retry_after_s = 1
        self.released = threading.Event()
        self.lock = threading.Lock()
        self.in_hand: Callable[[Moment], bool] | None = None
        """Called with each message before it is taken, when it is, and when that is answered; True: it is lost."""
        self._to_send: Queue[dict[str, Any]] = Queue()
        self._sockets = 0
        server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"services": self}))
        server.daemon_threads = True
        self._server = server
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def slack(self) -> str:
        return f"{self.url}/api/"

    @property
    def teams(self) -> str:
        return f"{self.url}/teams?sig=played-secret-of-teams"

    @property
    def pagerduty(self) -> str:
        return f"{self.url}/v2/enqueue"

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    # --- what people see -------------------------------------------------------------------------------

    def cards_of(self, row: str) -> list[Posted]:
        """The cards of a row in Slack, without what stands in their threads."""
        return [each for each in self.messages if "thread_ts" not in each.body and row in json.dumps(each.body)]

    def replies(self, card: Posted) -> list[Posted]:
        return [each for each in self.messages if each.body.get("thread_ts") == card.ts]

    # --- Socket Mode -----------------------------------------------------------------------------------

    def click(self, envelope: str, payload: dict[str, Any], times: int = 1) -> None:
        """Deliver a click to one of the connections."""
        message = {"type": "interactive", "envelope_id": envelope, "accepts_response_payload": True}
        for _ in range(times):
            self._to_send.put({**message, "payload": payload})

    def serve_socket(self, connection: socket.socket) -> None:
        """One connection until it ends."""
        _send(connection, {"type": "hello", "num_connections": 1})
        reader = threading.Thread(target=self._read, args=(connection,), daemon=True)
        reader.start()
        while reader.is_alive():
            with contextlib.suppress(Empty):
                message = self._to_send.get(timeout=0.05)
                sent = time.monotonic()
                _send(connection, message)
                threading.Thread(target=self._expect, args=(message, sent), daemon=True).start()

    def _expect(self, message: dict[str, Any], sent: float) -> None:
        until = sent + ACKNOWLEDGED_WITHIN_S
        while time.monotonic() < until:
            if message["envelope_id"] in self.acknowledged:
                return
            time.sleep(0.02)
        self.wrong.append(f"{message['envelope_id']} was not acknowledged in three seconds")

    def _read(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, struct.error):
            while (frame := _frame(connection)) is not None:
                kind, data = frame
                if kind == 0x9:
                    connection.sendall(bytes([0x8A, len(data)]) + data)
                elif kind == 0x1:
                    self.acknowledged[json.loads(data)["envelope_id"]] = time.monotonic()
                elif kind == 0x8:
                    return


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever was killed has left its connection; everything else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    services: Services
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing: tests have output of their own."""

    def do_GET(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
            self.wfile.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
            )
            self.close_connection = True
            return self.services.serve_socket(self.connection)
        return self.do_POST()

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        whose = {"/teams": "teams", "/v2/enqueue": "pagerduty"}.get(url.path, "slack")
        method = url.path.removeprefix("/api/")
        fails = whose != "slack" or method in ("chat.postMessage", "chat.update")
        fault = self.services.faults[whose].popleft() if fails and self.services.faults[whose] else None
        if fault == "hang":
            self.services.released.wait(30)
            self.close_connection = True
            return None
        if fault == "500":
            return self._answer(503, {"ok": False})
        if fault == "429":
            return self._answer(
                429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(self.services.retry_after_s)}
            )
        if fault == "refused":
            refusal = {"ok": False, "error": "channel_not_found"}
            return self._answer(200 if whose == "slack" else 400, refusal)
        if fails and self._loses("before"):
            self.close_connection = True
            return None
        with self.services.lock:
            status, answer = getattr(self, f"_{whose}")(method, self._given(raw, url.query))
        if fault == "lost":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        if fails:
            self._loses("done")
        self._answer(status, None if fault == "garbage" else answer)
        if fails:
            self._loses("answered")
        return None

    def _loses(self, moment: Moment) -> bool:
        in_hand = self.services.in_hand
        return in_hand is not None and in_hand(moment)

    def _given(self, raw: bytes, query: str) -> dict[str, Any]:
        if "json" in self.headers.get("Content-Type", ""):
            given: dict[str, Any] = json.loads(raw)
            return given
        form = parse_qs(raw.decode()) | parse_qs(query)
        return {name: values[0] for name, values in form.items()}

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = b"<html>" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked may be dead
            self.wfile.write(data)

    # --- Slack -----------------------------------------------------------------------------------------

    def _slack(self, method: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
            return 200, {"ok": False, "error": "invalid_auth"}
        handler = getattr(self, "_" + method.replace(".", "_").lower(), None)
        return (200, handler(given)) if handler else (200, {"ok": False, "error": "unknown_method"})

    def _auth_test(self, _given: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "bot_id": BOT, "user_id": "U0DESK", "team_id": "T1"}

    def _apps_connections_open(self, _given: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "url": self.services.url.replace("http", "ws") + "/link?ticket=played"}

    def _chat_postmessage(self, given: dict[str, Any]) -> dict[str, Any]:
        services = self.services
        given = _decoded(given)
        _check(services, given)
        ts = f"{1_780_000_000 + len(services.messages)}.{len(services.messages):06}"
        services.messages.append(Posted(given["channel"], ts, given))
        return {"ok": True, "channel": given["channel"], "ts": ts, "message": {"bot_id": BOT}}

    def _chat_update(self, given: dict[str, Any]) -> dict[str, Any]:
        given = _decoded(given)
        _check(self.services, given)
        for each in self.services.messages:
            if (each.channel, each.ts) == (given["channel"], given["ts"]):
                each.updates.append(given)
                return {"ok": True, "channel": each.channel, "ts": each.ts}
        return {"ok": False, "error": "message_not_found"}

    def _chat_postephemeral(self, given: dict[str, Any]) -> dict[str, Any]:
        self.services.whispers.append(given)
        return {"ok": True, "message_ts": "1.1"}

    def _conversations_history(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._page([each for each in self.services.messages if "thread_ts" not in each.body], given)

    def _conversations_replies(self, given: dict[str, Any]) -> dict[str, Any]:
        of = [each for each in self.services.messages if given["ts"] in (each.ts, each.body.get("thread_ts"))]
        return self._page(of, given)

    def _page(self, found: list[Posted], given: dict[str, Any]) -> dict[str, Any]:
        newest = [each for each in reversed(found) if each.channel == given["channel"]]
        begin, limit = int(given.get("cursor") or 0), min(int(given["limit"]), 2)  # pages are small here
        more = str(begin + limit) if len(newest) > begin + limit else ""
        told = [
            {"ts": m.ts, "bot_id": BOT, "metadata": m.body.get("metadata")} for m in newest[begin : begin + limit]
        ]
        return {"ok": True, "messages": told, "response_metadata": {"next_cursor": more}}

    # --- Teams and PagerDuty ---------------------------------------------------------------------------

    def _teams(self, _method: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        size = int(self.headers["Content-Length"])
        if size > 28 * 1024:
            self.services.wrong.append(f"a card of {size} bytes")
            return 413, {}
        card = given["attachments"][0]
        assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert {each["type"] for each in card["content"]["body"]} <= {"RichTextBlock"}
        assert {each["type"] for each in card["content"]["actions"]} <= {"Action.OpenUrl"}
        self.services.cards.append(card["content"])
        return 202, {}

    def _pagerduty(self, _method: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        payload = given.get("payload", {})
        is_right = (
            given["routing_key"] == ROUTING_KEY
            and len(given["dedup_key"]) <= 255
            and int(self.headers["Content-Length"]) <= 512 * 1024
            and (given["event_action"] != "trigger" or {"summary", "severity", "source"} <= payload.keys())
            and len(payload.get("summary", "")) <= 1024
            and payload.get("severity", "info") in ("critical", "error", "warning", "info")
        )
        if not is_right:
            self.services.wrong.append(f"event {given}")
            return 400, {"status": "invalid event"}
        self.services.events.append(given)
        said = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}
        self.services.alerts[given["dedup_key"]] = said[given["event_action"]]
        return 202, {"status": "success", "dedup_key": given["dedup_key"]}


def _decoded(given: dict[str, Any]) -> dict[str, Any]:
    """Forms have JSON in them."""
    return {k: json.loads(v) if k in ("blocks", "metadata") and isinstance(v, str) else v for k, v in given.items()}


def _check(services: Services, given: dict[str, Any]) -> None:
    """As Slack judges a message, by its SDK's own models and its documented limits."""
    blocks = given["blocks"]
    try:
        for parsed in Block.parse_all(blocks):
            for each in (parsed, *(getattr(parsed, "elements", None) or ())):
                each.validate_json()
    except SlackObjectFormationError as error:
        services.wrong.append(f"{error!r} in {blocks}")
    if len(blocks) > 50 or not given["text"] or any(map(_is_too_long, blocks)):
        services.wrong.append(f"over a limit: {blocks}")


def _is_too_long(block: dict[str, Any]) -> bool:
    texts = [(block.get("text"), 3000), *((each, 2000) for each in block.get("fields", ()))]
    values = [each.get("value", "") for each in block.get("elements", ())]
    return any(text and len(text["text"]) > limit for text, limit in texts) or any(len(v) > 2000 for v in values)


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode()
    length = bytes([len(data)]) if len(data) < 126 else bytes([126]) + struct.pack("!H", len(data))
    connection.sendall(b"\x81" + length + data)


def _frame(connection: socket.socket) -> tuple[int, bytes] | None:
    """A frame of a client's, which is masked. Source: RFC 6455, 5.2"""
    head = _exactly(connection, 2)
    if not head:
        return None
    length = head[1] & 0x7F
    if length == 126:
        (length,) = struct.unpack("!H", _exactly(connection, 2))
    mask, data = _exactly(connection, 4), b""
    data = _exactly(connection, length) if length else b""
    return head[0] & 0xF, bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            return b""
        data += part
    return data


@contextlib.contextmanager
def served() -> Iterator[Services]:
    """The three of them, for as long as it lasts."""
    services = Services()
    try:
        yield services
    finally:
        services.close()
