"""Spans of a session: sent to a collector over HTTP, without contents, the same whoever tells of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from agent.journal.events import (
    ApprovalAsked,
    ApprovalDecided,
    CallGated,
    Event,
    ModelTurn,
    SessionClosed,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    ToolResult,
)
from agent.journal.journal import Entry, Journal
from agent.journal.sqlite import SqliteStore
from agent.redaction import Redactor
from agent.surfaces.spans import INTERRUPTED, Span, Spans, of_session, trace_id
from tests.agent.conftest import RunDesk
from tests.agent.model.claude.claude_bench import KEY, call, done
from tests.collector import Collector, attributes, collecting
from tests.messages_api.script import Turn
from tests.messages_api.server import MessagesServer

TASK = "why is catalog not starting in shop-dev?"
SESSION = "20261130-101500-abcdef"


class Heard(MessagesServer):
    """The played Messages API, which remembers what headers came."""

    headers: tuple[Message[str, str], ...] = ()

    def _check_headers(self, headers: Message[str, str]) -> None:
        self.headers = (*self.headers, headers)
        super()._check_headers(headers)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def run_with(run_desk: RunDesk, workspace: Path, *turns: Turn, **env: str) -> tuple[dict[str, Any], Heard, str]:
    with Heard([*turns]) as server:
        known = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url, **env}
        ended = run_desk("run", "--sandbox", "--workspace", workspace, "-o", "json", TASK, env=known)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout), server, ended.stderr


LOOK = Turn("I will look at catalog.", calls=(call("diagnose", namespace="shop-dev", name="catalog"),))


def test_a_session_is_a_trace_without_contents(workspace: Path, run_desk: RunDesk, collector: Collector) -> None:
    more = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test"}
    document, server, _ = run_with(run_desk, workspace, LOOK, done("No such tag."), **more)

    [session] = collector.named("invoke_agent Desk")
    turns, tools = collector.named("chat "), collector.named("execute_tool ")
    assert {span.trace_id for span in collector.spans} == {trace_id(document["session"]).to_bytes(16, "big")}
    assert {span.parent_span_id for span in (*turns, *tools)} == {session.span_id}
    assert session.parent_span_id == b""
    assert len({span.span_id for span in collector.spans}) == len(collector.spans) == 5
    assert [span.name for span in tools] == ["execute_tool diagnose", "execute_tool finish"]
    assert attributes(session)["gen_ai.conversation.id"] == document["session"]
    assert (attributes(session)["desk.exit_code"], attributes(session)["desk.outcome"]) == (0, "done")
    told = [attributes(turn) for turn in turns]
    assert [each["gen_ai.response.finish_reasons"] for each in told] == [["tool_use"], ["tool_use"]]
    assert {each["gen_ai.provider.name"] for each in told} == {"anthropic"}
    assert sum(each["gen_ai.usage.output_tokens"] for each in told) > 0
    assert sum(each["desk.cost_usd"] for each in told) == pytest.approx(attributes(session)["desk.cost_usd"])
    assert all(session.start_time_unix_nano <= span.start_time_unix_nano for span in turns)
    assert all(span.end_time_unix_nano <= session.end_time_unix_nano for span in collector.spans)
    [resource] = collector.resources
    assert (resource["service.name"], resource["deployment.environment"]) == ("desk", "test")
    assert {"service.version"} <= set(resource)

    for word in (TASK, "catalog", "shop-dev", "No such tag", "I will look", KEY):
        assert word.encode() not in b"".join(collector.raw)
    assert not [name for heard in server.headers for name in heard if name.lower() in ("traceparent", "baggage")]


def test_what_is_turned_off_is_not_sent(workspace: Path, run_desk: RunDesk, collector: Collector) -> None:
    run_with(
        run_desk, workspace, done("Well."), OTEL_SDK_DISABLED="true", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url
    )

    assert collector.attempts == 0


@pytest.mark.parametrize("trouble", ["hangs", "fails", "away"])
def test_a_collector_in_trouble_costs_a_session_nothing(
    workspace: Path, run_desk: RunDesk, collector: Collector, trouble: str
) -> None:
    collector.hangs, collector.status = trouble == "hangs", 503 if trouble == "fails" else 200
    url = "http://127.0.0.1:9" if trouble == "away" else collector.url

    document, _, errors = run_with(run_desk, workspace, LOOK, done("No such tag."), OTEL_EXPORTER_OTLP_ENDPOINT=url)

    assert (document["exit_code"], errors) == (0, "")


def test_what_cannot_be_sent_is_said_once(workspace: Path, run_desk: RunDesk, collector: Collector) -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    _, _, errors = run_with(run_desk, workspace, done("Well."), DESK_LOG_LEVEL="warning", **env)
    [line] = errors.splitlines()
    assert "no spans are sent: Desk speaks http/protobuf, not grpc" in line

    doctor = run_desk("doctor", "--workspace", workspace, "-o", "json", env=env)
    checks = {each["name"]: each for each in json.loads(doctor.stdout)["checks"]}
    assert checks["telemetry"]["state"] == "missing"


class Told:
    """A journal whose clock goes a second an event."""

    def __init__(self, folder: Path) -> None:
        self._at = datetime(2026, 11, 30, 10, tzinfo=UTC)
        self.journal = Journal(SqliteStore(folder / "journal.db"), Redactor(), self._now)

    def _now(self) -> datetime:
        self._at += timedelta(seconds=1)
        return self._at

    def append(self, *events: Event) -> list[Entry]:
        return self.journal.append(SESSION, *events)

    def untold(self) -> list[Span]:
        return of_session(SESSION, self.journal.entries(SESSION))[1]


STARTED = SessionStarted(TASK, "shop-dev", "claude", "kim", "c")
ASKED = (
    CallGated("t1", "restart", "change_workload", "ask", "staging asks"),
    ApprovalAsked(
        "a1", "t1", "restart", {}, [], "d", "change_workload", "staging", "HIGH", "kim", "Restart shop", "", "", ""
    ),
)
PAUSED = SessionPaused(3, "waits", "desk approvals approve a1", "PENDING_APPROVAL", "a1")


def test_an_approval_that_held_no_process(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.append(
        STARTED, *ASKED, PAUSED, ApprovalDecided("a1", "approved", "lee"), SessionResumed("kim", "approved")
    )
    told.append(ToolResult("t1", "restart", "done", changed=True))

    approval, tool = told.untold()  # the first process has told of its run

    assert (approval.name, approval.end - approval.start) == ("approval", timedelta(seconds=2))
    assert approval.attributes["desk.approval.decision"] == "approved"
    assert tool.start == approval.end  # waiting for a person is no work of a tool
    assert tool.parent not in (approval.parent, None)  # of the second run, which is the first one's
    assert "lee" not in str((approval, tool))


def test_who_goes_on_for_a_killed_process_tells_of_the_same_spans(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.append(STARTED, ModelTurn(1, [], "tool_use", duration_s=0.5), *ASKED[:1])
    [turn] = told.untold()
    told.append(SessionResumed("kim", "its process ended"))

    assert told.untold()[0] == turn
    assert [span.error for span in told.untold()] == ["", INTERRUPTED]

    told.append(ToolResult("t1", "restart", "no", ok=False, error="failed"), SessionClosed(1, "failed", "no", ""))
    spans = Spans(SESSION)
    ended = [span for entry in told.journal.entries(SESSION) for span in spans.add(entry)]
    assert [(span.name, span.error) for span in ended] == [
        ("chat claude", ""),
        ("invoke_agent Desk", INTERRUPTED),
        ("execute_tool restart", "failed"),
        ("invoke_agent Desk", "exit code 1"),
    ]
    assert len({span.id for span in ended}) == len(ended)


def test_a_tool_that_a_model_made_up_is_not_named(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.append(STARTED, ToolResult("t9", "AKIA secret; rm -rf", "no such tool", ok=False, error="arguments"))

    [span] = told.untold()

    assert (span.name, span.attributes["gen_ai.tool.name"]) == ("execute_tool unknown", "unknown")
