"""A session as spans of OpenTelemetry: the run, its turns, its tools, the approvals it waited for.

They are a projection of the journal: a span's ids follow from the session and the event, so that a process which
goes on for one that died tells of the same spans. No span has contents: no task, no arguments, no text, no name of
a namespace or a person.

Names and attributes: https://opentelemetry.io/docs/specs/semconv/gen-ai/ (those of Desk's own begin with `desk.`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agent.settings import CLAUDE

if TYPE_CHECKING:
    from agent.journal.journal import Entry
    from tools.json import Json

AGENT_NAME, AGENT_ID = "Desk", "developer-experience"
INTERRUPTED = "interrupted"
"""The error of a run whose process ended without saying so."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FAILED = 1

Attributes = Mapping[str, str | int | float | bool | list[str]]


@dataclass(frozen=True, slots=True)
class Span:
    """One that is over. Times are aware; `error` is empty for what went well."""

    id: int
    parent: int | None
    name: str
    start: datetime
    end: datetime
    attributes: Attributes
    error: str = ""
    is_client: bool = False
    """Whether it is a request to another service."""


def trace_id(session: str) -> int:
    """A session's trace; 128 bits."""
    return _digest(session, 16)


@dataclass(slots=True)
class Spans:
    """What is known of a session's spans so far. Entries are added in their order."""

    session: str
    _model: str = ""
    _runs: int = 0
    _began: datetime | None = None
    """Since when a process runs it; None between two of them."""
    _last: datetime | None = None
    _cost_usd: float = 0.0
    _calls: dict[str, tuple[datetime, Json]] = field(default_factory=dict)
    """Of calls without a result: since when they are worked on, and how the gate decided."""
    _asked: dict[str, tuple[datetime, Json]] = field(default_factory=dict)

    def add(self, entry: Entry) -> list[Span]:
        """The spans that end with this event."""
        at, body = datetime.fromisoformat(entry.at), entry.body
        ended: Iterable[Span | None] = ()
        match entry.type:
            case "session_started" | "session_resumed":
                ended = [self._run(self._last or at, {}, INTERRUPTED)] if self._began else ()
                self._runs, self._began, self._cost_usd = self._runs + 1, at, 0.0
                self._model = body.get("model", self._model)
            case "model_turn":
                self._cost_usd += body.get("cost_usd") or 0.0
                ended = [self._turn(at, body)]
            case "call_gated":
                self._calls[body["call_id"]] = at, body
            case "approval_asked":
                self._asked[body["approval_id"]] = at, body
            case "approval_decided":
                ended = [self._approval(at, body)]
            case "tool_result":
                ended = [self._tool(at, body)]
            case "session_paused" | "session_closed" if self._began:
                code = body["exit_code"]
                told = {"desk.exit_code": code, "desk.outcome": body.get("outcome", "paused")}
                ended = [self._run(at, told, f"exit code {code}" if code == _FAILED else "")]
                self._began = None
            case _:
                pass
        self._last = at
        return [each for each in ended if each is not None]

    @property
    def _root(self) -> int:
        return self._id("run", "1")

    def _id(self, kind: str, key: str) -> int:
        return _digest(f"{self.session}\n{kind}\n{key}", 8)

    def _here(self) -> int:
        return self._id("run", str(self._runs))

    def _run(self, end: datetime, told: Attributes, error: str) -> Span:
        begun, mine = self._began or end, self._here()
        attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": AGENT_NAME,
            "gen_ai.agent.id": AGENT_ID,
            "gen_ai.conversation.id": self.session,
            "desk.cost_usd": self._cost_usd,
            **told,
        }
        return Span(
            mine,
            None if mine == self._root else self._root,
            f"invoke_agent {AGENT_NAME}",
            begun,
            end,
            attributes,
            error,
        )

    def _turn(self, at: datetime, body: Json) -> Span:
        usage, model = body.get("usage") or {}, body.get("model") or self._model
        read, written = (
            usage.get(f"cache_{what}_input_tokens") or 0 for what in ("read", "creation")
        )  # which the API counts apart, and the convention with the rest
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic" if self._model == CLAUDE else "desk",
            "gen_ai.conversation.id": self.session,
            "gen_ai.request.model": model,
            "gen_ai.response.finish_reasons": [body.get("stop_reason") or "unknown"],
            "gen_ai.usage.input_tokens": (usage.get("input_tokens") or 0) + read + written,
            "gen_ai.usage.output_tokens": usage.get("output_tokens") or 0,
            "gen_ai.usage.cache_read.input_tokens": read,
            "gen_ai.usage.cache_creation.input_tokens": written,
            "desk.turn": body["turn"],
            "desk.retries": len(body.get("retries") or ()),
            "desk.cost_usd": body.get("cost_usd") or 0.0,
        }
        begun = at - timedelta(seconds=body.get("duration_s") or 0.0)
        return Span(
            self._id("turn", str(body["turn"])), self._here(), f"chat {model}", begun, at, attributes,
            is_client=self._model == CLAUDE,
        )  # fmt: skip

    def _tool(self, at: datetime, body: Json) -> Span:
        call_id = body["call_id"]
        begun, gated = self._calls.pop(call_id, (at, {}))
        tool = body["tool"] if _NAME.fullmatch(body["tool"]) else "unknown"  # a model may have made it up
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": tool,
            "gen_ai.tool.call.id": call_id,
            "gen_ai.conversation.id": self.session,
            "desk.risk": gated.get("risk", ""),
            "desk.verdict": gated.get("verdict", ""),
            "desk.changed": bool(body.get("changed")),
        }
        error = "" if body.get("ok", True) else body.get("error") or "failed"
        return Span(self._id("tool", call_id), self._here(), f"execute_tool {tool}", begun, at, attributes, error)

    def _approval(self, at: datetime, body: Json) -> Span | None:
        asked_at, asked = self._asked.pop(body["approval_id"], (None, {}))
        if asked_at is None:
            return None
        _, gated = self._calls.get(asked["call_id"], (at, {}))
        self._calls[asked["call_id"]] = at, gated  # until then nobody worked on it
        attributes = {
            "gen_ai.conversation.id": self.session,
            "gen_ai.tool.call.id": asked["call_id"],
            "desk.approval.id": body["approval_id"],
            "desk.approval.priority": asked["priority"],
            "desk.approval.decision": body["decision"],
            "desk.risk": asked["risk"],
        }
        return Span(self._id("approval", body["approval_id"]), self._root, "approval", asked_at, at, attributes)


def _digest(text: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size], "big") or 1


def of_session(session: str, entries: Iterable[Entry]) -> tuple[Spans, list[Span]]:
    """A session as it stands, and its spans since a process last ended or paused it: nobody has told of those."""
    spans: Spans = Spans(session)
    untold: list[Span] = []
    for entry in entries:
        ended = spans.add(entry)
        untold = [] if entry.type in ("session_paused", "session_closed") else [*untold, *ended]
    return spans, untold
