"""A local server that speaks the Messages API, `POST /v1/messages`, and plays the model from a script.

It says of a model what it has, too (`GET /v1/models/{model_id}`).

It serves tests and benchmarks: clients talk to it over real HTTP and nothing is patched. It checks what the API
checks. Beta fields are unknown to it, as they are to the API without the beta header.
"""

from __future__ import annotations

import io
import itertools
import json
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import urlsplit

from tests.messages_api.answer import Event
from tests.messages_api.models import MODELS
from tests.messages_api.refusal import Refused, error_body
from tests.messages_api.script import Fault, Script
from tests.messages_api.scripted import Exchange, ScriptedModel
from tools.json import Json

MAX_BODY_BYTES = 32 * 1024 * 1024
MIN_CACHE_TOKENS = 512
WINDOW_TOKENS = 1_000_000

_PATH = "/v1/messages"
_MODELS = "/v1/models"
_FAULT_MESSAGES = {429: "This request would exceed your rate limit.", 529: "Overloaded"}


class MessagesServer:
    """The server, from `__enter__` to `__exit__`. `turns`: a row of turns, or what makes a turn of a request.

    `min_cache_tokens` is the shortest prefix that is cached (512 for the 5.5 models); `window_tokens` is what the
    model can read; `is_old`: it is a gateway that knows nothing of models, nor of `diagnostics`; `key` is the only
    API key that is right, without it any is; `log` is a file that gets a JSON line for each request.

    What a test reads: `url`, for ANTHROPIC_BASE_URL; `requests`, the bodies that were answered properly;
    `refused`, the messages of the errors that no fault asked for; `attempts`, how many requests came; `models`, the
    names that were asked for;
    `arrivals`, when the first byte of each came (monotonic seconds).
    """

    def __init__(
        self,
        turns: Script,
        *,
        min_cache_tokens: int = MIN_CACHE_TOKENS,
        window_tokens: int = WINDOW_TOKENS,
        is_old: bool = False,
        port: int = 0,
        key: str | None = None,
        log: Path | None = None,
    ) -> None:
        self.requests: list[Json] = []
        self.refused: list[str] = []
        self.models: list[str] = []
        self.attempts = 0
        self.arrivals: list[float] = []
        self.closing = threading.Event()
        self._model = ScriptedModel(turns, min_cache_tokens, window_tokens)
        self._window_tokens = window_tokens
        self._is_old = is_old
        self._key = key
        self._log = log
        self._lock = threading.Lock()
        self._request_ids = itertools.count(1)
        self._http = _Http(port, self)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def arrived(self, path: str, at: float) -> str:
        """Takes note of a request whose first byte came at `at` (monotonic seconds); gives it its id."""
        with self._lock:
            if path == _PATH:
                self.attempts += 1
                self.arrivals.append(at)
            return f"req_{next(self._request_ids):024}"

    def exchange(self, path: str, headers: Message[str, str], raw: bytes) -> Exchange:
        """What comes of a request. Raises `Refused`."""
        if path != _PATH:
            raise Refused("Not Found", 404)
        self._check_headers(headers)
        try:
            body = json.loads(raw)
        except ValueError as error:
            raise Refused(f"The request body is not valid JSON: {error}") from error
        if not isinstance(body, dict):
            raise Refused("The request body is not a JSON object")
        if self._is_old and "diagnostics" in body:
            raise Refused("diagnostics: Extra inputs are not permitted")
        return self._model.exchange(body)

    def model(self, path: str, headers: Message[str, str]) -> Json:
        """What there is to know of a model. Raises `Refused`."""
        name = path.removeprefix(f"{_MODELS}/")
        if self._is_old or name == path:
            raise Refused("Not Found", 404)
        self._check_headers(headers)
        with self._lock:
            self.models.append(name)
        if name not in MODELS:
            raise Refused(f"model: {name}", 404)
        return MODELS[name].info(name, self._window_tokens)

    def _check_headers(self, headers: Message[str, str]) -> None:
        """The SDK sends the key as a bearer token, other clients as `x-api-key`; the API takes both."""
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if not key:
            raise Refused("x-api-key header is required", 401)
        if self._key is not None and key != self._key:
            raise Refused("invalid x-api-key", 401)
        if not headers.get("anthropic-version"):
            raise Refused("anthropic-version: header is required")

    def note(self, raw: bytes, status: int, *, refusal: str = "", fault: Fault | None = None) -> None:
        """Takes note of how a request ends, before it does: who has the answer finds it noted."""
        request: Any = json.loads(raw) if status == 200 else raw.decode(errors="replace")
        with self._lock:
            if status == 200 and fault is None:
                self.requests.append(request)
            if refusal:
                self.refused.append(refusal)
            if self._log is not None:
                line = {"status": status, "refusal": refusal, "fault": fault and asdict(fault), "request": request}
                with self._log.open("a") as log:
                    log.write(json.dumps(line) + "\n")


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, played: MessagesServer) -> None:
        self.played = played
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the server's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    first_byte_at = 0.0
    request_id = ""

    def handle_one_request(self) -> None:
        cast(io.BufferedReader, self.rfile).peek(1)
        self.first_byte_at = time.monotonic()
        super().handle_one_request()

    def do_GET(self) -> None:
        played, path = self.server.played, urlsplit(self.path).path
        self.request_id = played.arrived(path, self.first_byte_at)
        try:
            told = played.model(path, self.headers)
        except Refused as refused:
            self._send_error(refused.status, refused.message, {"x-should-retry": "false"})
        else:
            self._send_json(200, told, {})

    def do_POST(self) -> None:
        played, path = self.server.played, urlsplit(self.path).path
        self.request_id = played.arrived(path, self.first_byte_at)
        raw = b""
        try:
            raw = self._body()
            exchange = played.exchange(path, self.headers, raw)
        except Refused as refused:
            played.note(raw, refused.status, refusal=refused.message)
            self._send_error(refused.status, refused.message, {"x-should-retry": "false"})
            return
        fault = exchange.fault
        played.note(raw, (fault and fault.status) or 200, fault=fault)
        if fault is None:
            self._serve(exchange)
        else:
            self._serve_fault(exchange, fault)

    def _body(self) -> bytes:
        length = int(self.headers.get("content-length") or 0)
        if length <= MAX_BODY_BYTES:
            return self.rfile.read(length)
        for start in range(0, length, MAX_BODY_BYTES):
            self.rfile.read(min(MAX_BODY_BYTES, length - start))
        raise Refused("Request exceeds the maximum size", 413)

    def _serve(self, exchange: Exchange) -> None:
        self.server.played.closing.wait(exchange.turn.delay_s)
        if exchange.body.get("stream"):
            self._begin_stream()
            self._send_events(exchange.answer.events())
            self._end_stream()
        else:
            self._send_json(200, exchange.answer.message, {})

    def _serve_fault(self, exchange: Exchange, fault: Fault) -> None:
        """The parts of the fault, in the order that `Fault` gives."""
        if exchange.body.get("stream") and fault.events is not None:
            self._begin_stream()
            self._send_events(itertools.islice(exchange.answer.events(), fault.events))
            self.server.played.closing.wait(fault.hang_s or 0)
            self._break_stream(fault)
        else:
            self.server.played.closing.wait(fault.hang_s or 0)
            self._break_message(exchange, fault)

    def _break_stream(self, fault: Fault) -> None:
        if fault.cut_after_events is not None:
            self.close_connection = True
            return
        if fault.error_event_after is not None:
            self._send_events([Event(error_body(529, "Overloaded", self.request_id))])
        self._end_stream()

    def _break_message(self, exchange: Exchange, fault: Fault) -> None:
        if fault.status or fault.error_event_after is not None:
            status = fault.status or 529
            self._send_error(status, _FAULT_MESSAGES.get(status, "A fault of the script"), fault.headers)
            return
        self.close_connection = True
        if fault.events is not None:
            data = json.dumps(exchange.answer.message).encode()
            self._begin(200, {"content-type": "application/json", "content-length": str(len(data))})
            self.wfile.write(data[: len(data) // 2])

    def _begin(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("request-id", self.request_id)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _begin_stream(self) -> None:
        headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        self._begin(200, {**headers, "transfer-encoding": "chunked"})

    def _send_events(self, events: Iterable[Event]) -> None:
        for event in events:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event.encoded), event.encoded))

    def _end_stream(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def _send_json(self, status: int, document: Json, headers: Mapping[str, str]) -> None:
        data = json.dumps(document).encode()
        self._begin(status, {"content-type": "application/json", "content-length": str(len(data)), **headers})
        self.wfile.write(data)

    def _send_error(self, status: int, message: str, headers: Mapping[str, str]) -> None:
        self._send_json(status, error_body(status, message, self.request_id), headers)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""
