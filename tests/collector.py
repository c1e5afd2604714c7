"""A collector of OpenTelemetry: takes spans by OTLP over HTTP, as protobuf, and keeps them for a test to read."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Collector:
    """Where it listens, and what came. `status` is what it answers; while `hangs`, it does not answer."""

    url: str = ""
    status: int = 200
    hangs: bool = False
    raw: list[bytes] = field(default_factory=list)
    """The bodies, unpacked."""
    resources: list[dict[str, Any]] = field(default_factory=list)
    spans: list[Any] = field(default_factory=list)
    """`opentelemetry.proto.trace.v1.Span`s."""
    attempts: int = 0

    def named(self, begin: str) -> list[Any]:
        """The spans whose names begin so."""
        return [span for span in self.spans if span.name.startswith(begin)]


def attributes(span: Any) -> dict[str, Any]:
    """A span's attributes as Python has them."""
    return {each.key: _value(each.value) for each in span.attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_value(each) for each in value.array_value.values] if kind == "array_value" else getattr(value, kind)


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens meanwhile."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.attempts += 1
            while collector.hangs:
                time.sleep(0.05)
            assert (self.path, self.headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
            if collector.status == 200:
                _keep(collector, gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
            self.send_response(collector.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    collector.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield collector
    finally:
        collector.hangs = False
        server.shutdown()
        server.server_close()


def _keep(collector: Collector, body: bytes) -> None:
    request = ExportTraceServiceRequest.FromString(body)
    collector.raw.append(body)
    for each in request.resource_spans:
        collector.resources.append({one.key: _value(one.value) for one in each.resource.attributes})
        for scope in each.scope_spans:
            collector.spans.extend(scope.spans)
