"""Sends a session's spans to a collector, by OTLP over HTTP, where OpenTelemetry's own variables name one.

`OTEL_EXPORTER_OTLP_ENDPOINT` (or `..._TRACES_ENDPOINT`) turns it on; headers, certificates, timeouts, sampling and
names of the service are what the SDK reads of its variables. Nothing is added to requests to the model's API. A
collector that is away or hangs costs a session nothing but its spans.

Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

from agent.surfaces.spans import Span, of_session, trace_id

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import IdGenerator

    from agent.journal.journal import Entry, Journal

FLUSH_S = 3.0
"""So long the end of a session waits for what is not sent yet."""
EXTRA = "telemetry"
_log = logging.getLogger(__name__)


def endpoint(environ: Mapping[str, str]) -> str:
    """Where spans are to go; empty: nowhere."""
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none"
    named = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or ""
    return "" if off else named


def lacks(environ: Mapping[str, str]) -> str:
    """Why no span can be sent to that endpoint, and what helps; empty: they can."""
    if find_spec("opentelemetry.exporter") is None or find_spec("opentelemetry.exporter.otlp.proto.http") is None:
        return f"it needs packages of its own. Next: pip install 'desk-agent[{EXTRA}]'"
    protocol = environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    if protocol not in (None, "", "http/protobuf"):
        return f"Desk speaks http/protobuf, not {protocol}. Next: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
    return ""


@contextlib.contextmanager
def exporting(journal: Journal, session: str) -> Iterator[None]:
    """Inside, what this process appends to the session's chain is sent as spans, if they are to go anywhere."""
    if not endpoint(os.environ):
        yield
        return
    if lack := lacks(os.environ):
        _log.warning("no spans are sent: %s", lack)
        yield
        return
    sender = _Sender(session)
    spans, untold = of_session(session, journal.entries(session))
    lock = threading.Lock()  # calls that only read are worked on side by side

    def observe(entry: Entry) -> None:
        if entry.session == session:
            with lock:
                sender.send(spans.add(entry))

    sender.send(untold)
    journal.observe(observe)
    try:
        yield
    finally:
        sender.close()


class _Sender:
    """Hands spans to the SDK, under ids of ours."""

    def __init__(self, session: str) -> None:
        from opentelemetry.sdk.trace.id_generator import IdGenerator

        sender = self

        class Ours(IdGenerator):
            def generate_trace_id(self) -> int:
                return trace_id(session)

            def generate_span_id(self) -> int:
                return sender.next_id

        self.next_id = 0
        self._trace_id = trace_id(session)
        self._provider: TracerProvider = _provider(Ours())

    def send(self, spans: list[Span]) -> None:
        """Queue them; what the queue has no room for is dropped."""
        from opentelemetry import trace
        from opentelemetry.trace import SpanKind, Status, StatusCode

        tracer = self._provider.get_tracer("desk")
        for span in spans:
            self.next_id = span.id
            parent = trace.SpanContext(
                self._trace_id,
                span.parent or 0,
                is_remote=False,
                trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
            )
            started = tracer.start_span(
                span.name,
                context=trace.set_span_in_context(trace.NonRecordingSpan(parent)) if span.parent else None,
                kind=SpanKind.CLIENT if span.is_client else SpanKind.INTERNAL,
                attributes=dict(span.attributes),
                start_time=_nanoseconds(span.start),
            )
            if span.error:
                started.set_attribute("error.type", span.error)
                started.set_status(Status(StatusCode.ERROR))
            started.end(_nanoseconds(span.end))

    def close(self) -> None:
        """Send what is left, for as long as `FLUSH_S`."""
        last = threading.Thread(target=self._provider.shutdown, name="telemetry", daemon=True)
        last.start()
        last.join(FLUSH_S)


def _provider(ids: IdGenerator) -> TracerProvider:
    from importlib.metadata import version

    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    ours = Resource({"service.name": "desk", "service.version": version("desk-agent")})
    provider = TracerProvider(
        resource=ours.merge(OTELResourceDetector().detect()), id_generator=ids, shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())  # its complaints are for the log, if any
    return provider


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1000
